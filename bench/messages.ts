// Messages of about 1 KB for the HTTP interface, each to a mailbox of its own. The bytes are made once and only the numbers in them
// change, so that the client's own work does not set the limit.

const digits = 9
const text = 'Follow https://example.org/reset/3f9c2d7be1a84c55 within 15 minutes to choose a new password. '.padEnd(
  760,
  'If that was not you, ignore this message: nothing has changed, and nobody has seen your password. ',
)

const message = {
  class: 'other',
  account: `account-${'#'.repeat(digits)}`,
  recipient: { email: `u${'#'.repeat(digits)}@mail.example.net` },
  from: 'no-reply@example.org',
  subject: 'Reset your password',
  text,
}

let next = 1

/** A body of `lines` messages that is reused: what `renew` returns is overwritten by the next call. */
export function renewable(lines: number): { renew: () => Buffer } {
  const line = JSON.stringify(message)
  const bytes = Buffer.from(lines === 1 ? line : `${line}\n`.repeat(lines))
  const places: number[] = []
  for (let at = bytes.indexOf('####'); at >= 0; at = bytes.indexOf('####', at + digits)) places.push(at)
  const perLine = places.length / lines
  return {
    renew: () => {
      for (const [index, place] of places.entries()) writeDigits(bytes, place, next + Math.floor(index / perLine))
      next += lines
      return bytes
    },
  }
}

function writeDigits(bytes: Buffer, place: number, value: number) {
  for (let at = place + digits - 1; at >= place; at--) {
    bytes[at] = 48 + (value % 10)
    value = Math.floor(value / 10)
  }
}

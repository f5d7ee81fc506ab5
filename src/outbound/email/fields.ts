import { strict as assert } from 'node:assert'

/** RFC 5322 §2.1.1. */
const lineBytesMax = 998
const fieldName = /^[A-Za-z][A-Za-z0-9-]{0,75}$/
/** Printable ASCII and space: nothing that ends a line, nothing that two readers decode differently. */
const fieldValue = /^[\x20-\x7e]*$/

export type HeaderField = readonly [name: string, value: string]

/**
 * The mail with fields put in front, and Message-ID and Date among them when it has none itself. All its own bytes stay as they are.
 * `date` in ms. A name or value that could begin another line is a fault of ours.
 */
export function addHeaders(
  raw: Buffer,
  fields: readonly HeaderField[],
  missing?: { messageId: string; date: number },
): Buffer {
  const all = missing ? [...fields, ...missingFields(raw, missing)] : fields
  if (all.length === 0) return raw
  const block = all.map(line).join('')
  const out = Buffer.allocUnsafe(block.length + raw.length)
  out.write(block, 0, 'latin1')
  raw.copy(out, block.length)
  return out
}

function line([name, value]: HeaderField): string {
  assert(fieldName.test(name), 'the name of a header field has letters, digits and hyphens only')
  assert(fieldValue.test(value), 'the value of an added header field is printable ASCII')
  assert(name.length + value.length + 2 <= lineBytesMax, 'an added header field fits on a line')
  return `${name}: ${value}\r\n`
}

function missingFields(raw: Buffer, { messageId, date }: { messageId: string; date: number }): HeaderField[] {
  const header = headerOf(raw)
  const fields: HeaderField[] = []
  if (!/^message-id[ \t]*:/im.test(header)) fields.push(['Message-ID', messageId])
  if (!/^date[ \t]*:/im.test(header)) fields.push(['Date', rfc5322Date(date)])
  return fields
}

/** The header section as latin1, the empty line that ends it excluded. */
export function headerOf(raw: Buffer): string {
  if (raw[0] === 13 && raw[1] === 10) return ''
  const end = raw.indexOf('\r\n\r\n')
  return raw.toString('latin1', 0, end < 0 ? raw.length : end + 2)
}

/** RFC 5322 §3.3, in UTC: `Sun, 22 Nov 2026 20:43:27 +0000`. */
export function rfc5322Date(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000')
}

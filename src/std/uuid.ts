/**
 * UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, version, a 12-bit counter that keeps ids of one millisecond in order, variant, and 62
 * random bits. `random` holds at least 8 bytes.
 */
export function uuidv7(ms: number, counter: number, random: Uint8Array): string {
  const time = ms.toString(16).padStart(12, '0')
  const order = (0x7000 | (counter & 0x0fff)).toString(16)
  const head = hexByte[(random[0]! & 0x3f) | 0x80]! + hexByte[random[1]!]!
  let tail = ''
  for (let i = 2; i < 8; i++) tail += hexByte[random[i]!]!
  return `${time.slice(0, 8)}-${time.slice(8)}-${order}-${head}-${tail}`
}

const hexByte = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Whether the text can be the id of a message: version 7, or 8 for a notice of our own. */
export const isMessageId = (text: string): boolean => shape.test(text)

// Decoding of A-labels (RFC 3492 §6.2): a look-alike domain is judged by what people see. Encoding is in `mailbox.ts`.

const labelLengthMax = 63
const codePointMax = 0x10ffff

/** The domain as it is shown: each A-label as its U-label. A label that does not decode stays as it is. */
export const shownDomain = (domain: string): string =>
  domain
    .split('.')
    .map(label => (/^xn--/i.test(label) ? (decodedLabel(label.slice(4).toLowerCase()) ?? label) : label))
    .join('.')

function decodedLabel(encoded: string): string | undefined {
  if (encoded.length > labelLengthMax || !/^[a-z0-9-]+$/.test(encoded)) return undefined
  const hyphen = encoded.lastIndexOf('-')
  const points = [...encoded.slice(0, Math.max(hyphen, 0))].map(sign => sign.charCodeAt(0))
  let at = hyphen < 0 ? 0 : hyphen + 1
  let point = 128
  let index = 0
  let bias = 72
  while (at < encoded.length) {
    const read = variableLengthAt(encoded, at, bias)
    if (!read) return undefined
    const length = points.length + 1
    bias = adaptedBias(read.value, length, index === 0 && point === 128)
    index += read.value
    point += Math.floor(index / length)
    index %= length
    if (point > codePointMax || (point >= 0xd800 && point <= 0xdfff)) return undefined
    points.splice(index++, 0, point)
    at = read.end
  }
  return points.length === 0 ? undefined : String.fromCodePoint(...points)
}

/** A label has at most 59 digits and the value stays under 2^53: a weight that grows beyond 2^31 is no code point. */
function variableLengthAt(encoded: string, from: number, bias: number): { value: number; end: number } | undefined {
  let value = 0
  let weight = 1
  for (let k = 36, at = from; at < encoded.length; k += 36, at++) {
    const code = encoded.charCodeAt(at)
    if (code === 0x2d) return undefined
    const digit = code >= 0x61 ? code - 0x61 : code - 0x30 + 26
    value += digit * weight
    const threshold = Math.min(Math.max(k - bias, 1), 26)
    if (digit < threshold) return { value, end: at + 1 }
    weight *= 36 - threshold
    if (weight > 2 ** 31 || value > 2 ** 31) return undefined
  }
  return undefined
}

function adaptedBias(value: number, points: number, first: boolean): number {
  let delta = Math.floor(value / (first ? 700 : 2))
  delta += Math.floor(delta / points)
  let k = 0
  for (; delta > 455; k += 36) delta = Math.floor(delta / 35)
  return k + Math.floor((36 * delta) / (delta + 38))
}

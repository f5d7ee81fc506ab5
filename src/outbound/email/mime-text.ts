import { strict as assert } from 'node:assert'

/** A text as the body of a MIME part: ASCII, lines ended by CRLF. The last line ends as the given text did. */
export type EncodedText = { encoding: '7bit' | 'quoted-printable' | 'base64'; body: string }

/** RFC 5321 §4.5.3.1.6 allows 998 bytes; some relays cut shorter ones, at 990 or less. */
const plainLineBytesMax = 900
/** RFC 2045 §6.7 (5) and §6.8, without the CRLF. */
const encodedLineCharsMax = 76
/** Of the bytes, in quoted-printable. Base64 is shorter from a sixth on, but cannot be read: an accented Latin text stays as it looks. */
const escapedShareMax = 1 / 3

const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
const EQUALS = 61
const UPPER_F = 70

/**
 * The encoding that leaves most to read and lets every relay through unchanged (RFC 2045 §6): 7bit for ASCII in lines of a sensible length;
 * else quoted-printable, or base64 where much is not ASCII. CR, LF and CRLF all end a line; a lone surrogate becomes U+FFFD.
 */
export function encodeText(text: string): EncodedText {
  const lines = text.replaceAll(/\r\n?|\n/g, '\r\n')
  const bytes = Buffer.from(lines)
  const { plain, escapes } = survey(bytes)
  if (plain) return { encoding: '7bit', body: lines }
  return escapes > bytes.length * escapedShareMax
    ? { encoding: 'base64', body: base64(bytes) }
    : { encoding: 'quoted-printable', body: quotedPrintable(bytes, bytes.length + 2 * escapes) }
}

/** `plain`: may go as it is. `escapes`: how many bytes quoted-printable writes as three. */
function survey(bytes: Buffer): { plain: boolean; escapes: number } {
  let plain = true
  let escapes = 0
  let start = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (isLiteralAnywhere[byte] === 1) continue
    if (byte === CR && i - start > plainLineBytesMax) plain = false
    if (byte === LF) start = i + 1
    if (isLiteral(bytes, i, i === start)) continue
    escapes++
    if (byte !== EQUALS) plain = false
  }
  return { plain: plain && bytes.length - start <= plainLineBytesMax, escapes }
}

/**
 * Whether a byte may stand for itself. Not so: a blank at the end of a line, which relays remove, and the F of "From " at the start of
 * one, which mail stores change. CR and LF occur only as line ends.
 */
function isLiteral(bytes: Buffer, i: number, startsLine: boolean): boolean {
  const byte = bytes[i]!
  if (isLiteralAnywhere[byte] === 1) return true
  if (byte === SPACE || byte === TAB) return i + 1 < bytes.length && bytes[i + 1] !== CR
  if (byte === UPPER_F) return !(startsLine && bytes.toString('latin1', i, i + 5) === 'From ')
  return byte === CR || byte === LF
}

/** Looked up rather than compared, since it is asked of every byte. */
const isLiteralAnywhere = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > SPACE && byte < 127 && byte !== EQUALS && byte !== UPPER_F ? 1 : 0,
)

const hexDigits = Buffer.from('0123456789ABCDEF')

/** RFC 2045 §6.7. `length`: of the result, were there no soft line breaks. */
function quotedPrintable(bytes: Buffer, length: number): string {
  const lineCharsMax = encodedLineCharsMax - 1
  // A soft break has at least 73 characters before it, and costs three, or five where it brings a "From " to the start of a line.
  const out = Buffer.allocUnsafe(length + 5 * Math.ceil(length / (lineCharsMax - 5)))
  let at = 0
  let lineStart = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === CR || byte === LF) {
      out[at++] = byte
      lineStart = at
      continue
    }
    const width = isLiteral(bytes, i, false) ? 1 : 3
    if (at - lineStart + width > lineCharsMax) {
      out[at++] = EQUALS
      out[at++] = CR
      out[at++] = LF
      lineStart = at
    }
    if (isLiteral(bytes, i, at === lineStart)) out[at++] = byte
    else {
      out[at++] = EQUALS
      out[at++] = hexDigits[byte >> 4]!
      out[at++] = hexDigits[byte & 15]!
    }
  }
  assert(at <= out.length, 'the encoded text has at most the length that was counted')
  return out.toString('latin1', 0, at)
}

/** RFC 2045 §6.8. */
function base64(bytes: Buffer): string {
  const digits = bytes.toString('base64')
  let out = ''
  for (let at = 0; at < digits.length; at += encodedLineCharsMax) {
    out += `${digits.slice(at, at + encodedLineCharsMax)}\r\n`
  }
  return out
}

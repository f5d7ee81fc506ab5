/**
 * A 64-bit keyed hash as the core sees it: 16 lower-case hexadecimal digits. The shell makes it with a secret key, so that an outsider can
 * neither guess nor collide it; the core only compares, splits and mixes it.
 */
export type Hash64 = string & { readonly __hash64: true }

const digits = /^[0-9a-f]{16}$/

export function isHash64(text: string): text is Hash64 {
  return digits.test(text)
}

function word(hash: string, from: number): number {
  let value = 0
  for (let i = from; i < from + 8; i++) {
    const code = hash.charCodeAt(i)
    value = (value << 4) | (code < 58 ? code - 48 : code - 87)
  }
  return value >>> 0
}

/** The upper 32 bits. */
export const high = (hash: Hash64): number => word(hash, 0)

/** The lower 32 bits. */
export const low = (hash: Hash64): number => word(hash, 8)

/** The character code of one hexadecimal digit of `word`, `shift` bits up. */
function digit(word: number, shift: number): number {
  const value = (word >>> shift) & 15
  return value < 10 ? 48 + value : 87 + value
}

/** One call for all digits: a string joined from pieces costs three times as much, and is flattened once more when it is first read. */
export const hash64 = (hi: number, lo: number): Hash64 =>
  String.fromCharCode(
    digit(hi, 28),
    digit(hi, 24),
    digit(hi, 20),
    digit(hi, 16),
    digit(hi, 12),
    digit(hi, 8),
    digit(hi, 4),
    digit(hi, 0),
    digit(lo, 28),
    digit(lo, 24),
    digit(lo, 20),
    digit(lo, 16),
    digit(lo, 12),
    digit(lo, 8),
    digit(lo, 4),
    digit(lo, 0),
  ) as Hash64

/** Finalizer of MurmurHash3 (Appleby, public domain): every input bit changes every output bit with probability near one half. */
export function avalanche(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}

/** One hash out of two, order matters. The inputs are keyed hashes already, so mixing needs no key. */
export function mix(a: Hash64, b: Hash64): Hash64 {
  const hi = avalanche(high(a) ^ avalanche(high(b) + 0x9e3779b9))
  const lo = avalanche(low(a) ^ avalanche(low(b) ^ hi))
  return hash64(hi, lo)
}

/** A hash of a short name (a class, say) for use in `mix`. */
export function nameHash(name: string): Hash64 {
  let hi = 0x811c9dc5
  let lo = 0x01000193
  for (let i = 0; i < name.length; i++) {
    hi = Math.imul(hi ^ name.charCodeAt(i), 0x01000193)
    lo = Math.imul(lo + name.charCodeAt(i), 0x85ebca6b)
  }
  return hash64(avalanche(hi), avalanche(lo ^ hi))
}

import { type Hash64, high, low } from './hash64.ts'

// The code on a message, as people copy it from a mail: 12 signs of Crockford's base 32, in groups of four. It is 60 bits of a keyed hash of the
// message's id, thirty of each word.

/** No I, L, O or U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const signsCount = 12
/** With the spaces and dashes that people put between the signs; a longer text is no code. */
const textCharsMax = 64

export function codeText(hash: Hash64): string {
  const signs = signsOf(high(hash)) + signsOf(low(hash))
  return `${signs.slice(0, 4)}-${signs.slice(4, 8)}-${signs.slice(8)}`
}

function signsOf(word: number): string {
  let signs = ''
  for (let shift = 27; shift >= 2; shift -= 5) signs += alphabet[(word >>> shift) & 31]
  return signs
}

/** The same 60 bits as a number, in decimal digits: how the register keeps it. */
export const codeNumber = (hash: Hash64): string =>
  ((BigInt(high(hash) >>> 2) << 30n) | BigInt(low(hash) >>> 2)).toString()

const values = new Map([...alphabet].map((sign, value) => [sign, BigInt(value)]))
const between = /[\s\u00ad\u200b-\u200d\u2010-\u2015\u2212\ufeff_.-]+/g

/**
 * Reads a code back as people type it: in any case, with or without dashes and spaces, I and L for 1, O for 0 (Crockford, "Base 32").
 * `undefined` when it cannot be one.
 */
export function readCode(text: string): string | undefined {
  if (text.length > textCharsMax) return undefined
  const signs = text.replaceAll(between, '').toUpperCase().replaceAll(/[IL]/g, '1').replaceAll('O', '0')
  if (signs.length !== signsCount) return undefined
  let number = 0n
  for (const sign of signs) {
    const value = values.get(sign)
    if (value === undefined) return undefined
    number = (number << 5n) | value
  }
  return number.toString()
}

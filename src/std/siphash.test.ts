import { expect, it } from 'vitest'
import { siphash } from './siphash.ts'

const key = new Uint32Array([0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c])
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i)

// The reference outputs of the paper's implementation for the key 00 01 … 0f and the inputs empty, 00, 00 01, …; little endian.
it.each([
  [0, '726fdb47dd0e0e31'],
  [1, '74f839c593dc67fd'],
  [2, '0d6c8009d9a94f5a'],
  [7, 'ab0200f58b01d137'],
  [8, '93f5f5799a932462'],
  [15, 'a129ca6149be45e5'],
])('gives the reference value for %i bytes', (length, expected) => {
  expect(siphash(key, counting(length))).toBe(expected)
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Hash64, hash64, high, isHash64, low, mix, nameHash } from './hash64.ts'

const word = fc.integer({ min: 0, max: 0xffff_ffff })
const hash = fc.tuple(word, word).map(([hi, lo]) => hash64(hi, lo))

describe('a hash', () => {
  it('is its two halves', () => {
    fc.assert(
      fc.property(word, word, (hi, lo) => {
        const both = hash64(hi, lo)
        expect(isHash64(both)).toBe(true)
        expect([high(both), low(both)]).toEqual([hi, lo])
      }),
    )
  })

  it.each([
    '',
    '0123456789abcde',
    '0123456789abcdef0',
    '0123456789ABCDEF',
    '0123456789abcdeg',
    '0123456789abcdef\n',
  ])('is not %j', text => {
    expect(isHash64(text)).toBe(false)
  })

  it('of two depends on both and on their order', () => {
    fc.assert(
      fc.property(hash, hash, hash, (a, b, c) => {
        expect(isHash64(mix(a, b))).toBe(true)
        if (a !== b) expect(mix(a, b)).not.toBe(mix(b, a))
        if (b !== c) expect(mix(a, b)).not.toBe(mix(a, c))
        if (a !== c) expect(mix(a, b)).not.toBe(mix(c, b))
      }),
    )
  })

  it('of one bit changed has about half of its bits changed', () => {
    const ones = (a: Hash64, b: Hash64) => {
      const bits = (x: number) => x.toString(2).replaceAll('0', '').length
      return bits((high(a) ^ high(b)) >>> 0) + bits((low(a) ^ low(b)) >>> 0)
    }
    let total = 0
    for (let i = 0; i < 1000; i++) {
      const a = hash64(Math.imul(i, 0x9e37_79b1), i)
      total += ones(mix(a, nameHash('x')), mix(hash64(high(a) ^ 1, low(a)), nameHash('x')))
    }
    expect(total / 1000).toBeGreaterThan(24)
    expect(total / 1000).toBeLessThan(40)
  })

  it('of names that are alike are not', () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `class-${i}`)
    expect(new Set(names.map(nameHash)).size).toBe(10_000)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aligned } from './align.ts'

const plain = { weight: () => 1, gapBefore: () => false }
const seed = Math.floor(Math.random() * 2 ** 31)
const codes = (text: string) => [...text].map(sign => sign.charCodeAt(0))

describe('an alignment', () => {
  it.each<[string, string, number[]]>([
    ['abc', 'abc', [0, 1, 2]],
    ['abc', 'axc', [0, -1, 2]],
    ['abc', '', [-1, -1, -1]],
    ['ac', 'abbbc', [0, 4]],
    ['xay', 'pxqaryt', [1, 3, 5]],
  ])('of %s with %s', (a, b, then) => {
    expect([...aligned(codes(a), codes(b), plain)]).toEqual(then)
  })

  it('takes the last place behind a gap: the value has the rest', () => {
    const terms = { weight: () => 1, gapBefore: (i: number) => i === 1 }
    expect([...aligned(codes('h,e'), codes('hx,y,e'), terms)]).toEqual([0, 4, 5])
  })

  it('prefers what weighs more', () => {
    const terms = { weight: (i: number) => (i === 1 ? 8 : 1), gapBefore: () => false }
    expect([...aligned(codes('abc'), codes('xcbx'), terms)]).toEqual([-1, 2, -1])
  })

  it(`is in order, pairs equals, and finds all of what is contained (seed ${seed})`, () => {
    const tokens = fc.array(fc.nat(40), { maxLength: 200 })
    fc.assert(
      fc.property(tokens, tokens, fc.array(fc.boolean(), { maxLength: 200 }), (a, b, kept) => {
        let last = -1
        for (const [i, j] of aligned(a, b, plain).entries()) {
          if (j < 0) continue
          expect(a[i]).toBe(b[j])
          expect(j).toBeGreaterThan(last)
          last = j
        }
        const contained = b.filter((_, i) => kept[i])
        expect(aligned(contained, b, plain)).not.toContain(-1)
      }),
      { seed },
    )
  })

  it('of two long texts is bounded in its work', () => {
    const a = Array.from({ length: 6000 }, (_, i) => i % 7)
    const b = Array.from({ length: 6000 }, (_, i) => (i * 5) % 7)
    const started = performance.now()
    aligned(a, b, plain)
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

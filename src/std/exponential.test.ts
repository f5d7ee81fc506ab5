import { describe, expect, it } from 'vitest'
import { exp, lnGamma, log } from './exponential.ts'

/** How many doubles lie between two of the same sign. */
function apart(a: number, b: number): number {
  const bits = new BigInt64Array(new Float64Array([a, b]).buffer)
  const steps = Number(bits[0]! - bits[1]!)
  return steps < 0 ? -steps : steps
}

/** Fractions of 1 without pattern, the same in every run (Weyl's sequence of the golden ratio). */
const fractions = (count: number) => Array.from({ length: count }, (_, i) => (i * 0.618033988749895 + 0.1234567) % 1)

describe('the exponential', () => {
  it.each([
    [0, 1],
    [-0, 1],
    [1, Math.E],
    [Number.NaN, Number.NaN],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY, 0],
    [709.782712893384, 1.7976931348622732e308],
    [709.79, Number.POSITIVE_INFINITY],
    [-745.1332191019411, 5e-324],
    [-746, 0],
    [1e-320, 1],
  ])('of %f is %f', (x, expected) => {
    expect(exp(x)).toBe(expected)
  })

  it.each([
    ['everywhere', -708, 1418],
    ['where detectors use it', -3, 6],
    ['next to nothing', -1e-6, 2e-6],
    ['among the subnormal', -745, 37],
  ])('agrees with the engine to 1 unit in the last place %s', (_, from, span) => {
    const worst = fractions(200_000).reduce(
      (most, u) => Math.max(most, apart(exp(from + u * span), Math.exp(from + u * span))),
      0,
    )
    expect(worst).toBeLessThanOrEqual(1)
  })

  it('never falls', () => {
    let last = 0
    for (let x = -40; x < 40; x += 1 / 1024) {
      expect(exp(x)).toBeGreaterThan(last)
      last = exp(x)
    }
  })
})

describe('the logarithm', () => {
  it.each([
    [1, 0],
    [0, Number.NEGATIVE_INFINITY],
    [-1, Number.NaN],
    [Number.NaN, Number.NaN],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [2, Math.LN2],
    [10, Math.LN10],
    [5e-324, -744.4400719213812],
    [Number.MAX_VALUE, 709.782712893384],
  ])('of %f is %f', (x, expected) => {
    expect(log(x)).toBe(expected)
  })

  it.each([
    ['from tiny to huge', (u: number) => Math.exp(-744 + u * 1450)],
    ['about one', (u: number) => 1 + (u - 0.5) * 0.01],
    ['from a half to two', (u: number) => 0.5 + u * 1.5],
    ['of counts', (u: number) => Math.floor(u * 1e9) + 1],
  ])('agrees with the engine to 2 units in the last place %s', (_, of) => {
    const worst = fractions(200_000).reduce((most, u) => Math.max(most, apart(log(of(u)), Math.log(of(u)))), 0)
    expect(worst).toBeLessThanOrEqual(2)
  })

  it('undoes the exponential', () => {
    for (const u of fractions(10_000)) expect(log(exp(u * 700))).toBeCloseTo(u * 700, 10)
  })
})

describe('the bits', () => {
  it('are these on every machine', () => {
    const hash = (of: (x: number) => number) =>
      fractions(1_000).reduce((sum, u) => {
        const [low, high] = new Uint32Array(new Float64Array([of(u * 100)]).buffer)
        return Math.imul(sum ^ low! ^ Math.imul(high!, 0x9e37_79b1), 0x0100_0193) >>> 0
      }, 0x811c_9dc5)
    expect([exp, log, lnGamma].map(hash)).toEqual([2417803747, 3193955187, 3854092193])
  })
})

describe('the logarithm of the gamma function', () => {
  it('is the sum of logarithms for whole numbers', () => {
    let sum = 0
    for (let n = 1; n <= 1000; n++) {
      expect(Math.abs(lnGamma(n) - sum)).toBeLessThanOrEqual(1e-13 + 1e-14 * sum)
      sum += Math.log(n)
    }
  })

  it.each([
    [0.5, Math.log(Math.PI) / 2],
    [1.5, Math.log(Math.PI) / 2 - Math.LN2],
    [1e-9, 20.723265836369194],
    [1e15, 3.353877639491067e16],
  ])('of %f is %f', (x, expected) => {
    expect(Math.abs(lnGamma(x) - expected)).toBeLessThanOrEqual(1e-13 + 1e-14 * Math.abs(expected))
  })

  it.each([0, -1, Number.NaN])('of %f is none', x => {
    expect(lnGamma(x)).toBeNaN()
  })
})

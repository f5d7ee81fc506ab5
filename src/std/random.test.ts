import { describe, expect, it } from 'vitest'
import { lnGamma } from './exponential.ts'
import { Random } from './random.ts'

const seed = 20_260_108
const draws = 200_000

/** Mean and variance of many draws. */
function momentsOf(draw: (random: Random) => number): { mean: number; variance: number } {
  const random = new Random(seed)
  let sum = 0
  let squares = 0
  for (let i = 0; i < draws; i++) {
    const value = draw(random)
    sum += value
    squares += value * value
  }
  const mean = sum / draws
  return { mean, variance: squares / draws - mean * mean }
}

describe(`draws with seed ${seed}`, () => {
  it.each<[string, (random: Random) => number, number, number]>([
    ['uniform', random => random.uniform(), 0.5, 1 / 12],
    ['integer 3…12', random => random.integer(3, 13), 7.5, 99 / 12],
    ['pick', random => random.pick([1, 2, 3]), 2, 2 / 3],
    ['chance 0.3', random => Number(random.chance(0.3)), 0.3, 0.21],
    ['weighted 1:3', random => random.weighted([1, 3]), 0.75, 0.1875],
    ['weighted 0:1:0', random => random.weighted([0, 1, 0]), 1, 0],
    ['exponential 5', random => random.exponential(5), 5, 25],
    ['normal', random => random.normal(), 0, 1],
    ['gamma 0.3', random => random.gamma(0.3), 0.3, 0.3],
    ['gamma 1', random => random.gamma(1), 1, 1],
    ['gamma 40', random => random.gamma(40), 40, 40],
    ['Poisson 0', random => random.poisson(0), 0, 0],
    ['Poisson 0.1', random => random.poisson(0.1), 0.1, 0.1],
    ['Poisson 9.9', random => random.poisson(9.9), 9.9, 9.9],
    ['Poisson 10', random => random.poisson(10), 10, 10],
    ['Poisson 2000', random => random.poisson(2000), 2000, 2000],
    ['NB 0, k 4', random => random.negativeBinomial(0, 4), 0, 0],
    ['NB 2, k 4', random => random.negativeBinomial(2, 4), 2, 2 + 1],
    ['NB 60, k 20', random => random.negativeBinomial(60, 20), 60, 60 + 180],
    ['NB 7, k ∞', random => random.negativeBinomial(7, Number.POSITIVE_INFINITY), 7, 7],
  ])('%s has the mean and the variance it should have', (_, draw, mean, variance) => {
    const measured = momentsOf(draw)
    // Five standard errors of the mean; the variance within 4 %.
    expect(Math.abs(measured.mean - mean)).toBeLessThanOrEqual(5 * Math.sqrt(variance / draws))
    expect(Math.abs(measured.variance - variance)).toBeLessThanOrEqual(0.04 * variance + 1e-9)
  })

  it('Poisson probabilities fit on both sides of the change of method', () => {
    for (const mean of [9.5, 10.5, 30]) {
      const random = new Random(seed)
      const counts: number[] = []
      for (let i = 0; i < draws; i++) {
        const count = random.poisson(mean)
        counts[count] = (counts[count] ?? 0) + 1
      }
      let square = 0
      let cells = 0
      for (let n = 0; n < 80; n++) {
        const expected = draws * Math.exp(n * Math.log(mean) - mean - lnGamma(n + 1))
        if (expected < 20) continue
        square += ((counts[n] ?? 0) - expected) ** 2 / expected
        cells++
      }
      // χ² with `cells` degrees of freedom: mean cells, standard deviation √(2 cells).
      expect(square).toBeLessThan(cells + 4 * Math.sqrt(2 * cells))
    }
  })

  it('stay in their ranges', () => {
    const random = new Random(seed)
    for (let i = 0; i < 10_000; i++) {
      const uniform = random.uniform()
      expect(uniform >= 0 && uniform < 1).toBe(true)
      const integer = random.integer(-2, 3)
      expect(Number.isInteger(integer) && integer >= -2 && integer < 3).toBe(true)
      expect(random.exponential(1) >= 0).toBe(true)
      expect(random.gamma(0.05) >= 0).toBe(true)
    }
  })
})

describe('a seed', () => {
  const first = (random: Random): number[] => Array.from({ length: 8 }, () => random.word())

  it('gives the same draws again, and another seed others, in both words', () => {
    expect(first(new Random(7))).toEqual(first(new Random(7)))
    const starts = [0, 1, 2, 7, 2 ** 32, 2 ** 32 + 7, 2 ** 52].map(seed => first(new Random(seed)).join())
    expect(new Set(starts).size).toBe(starts.length)
  })

  it('gives these words, on every machine', () => {
    expect(first(new Random(1))).toEqual([
      1859756884, 2932928853, 1348689063, 1383533138, 2461559207, 1092278282, 1282295046, 1175792261,
    ])
  })

  it('forks into streams of their own', () => {
    const [a, b, again] = [new Random(1).fork(1), new Random(1).fork(2), new Random(1).fork(1)]
    const words = first(a)
    expect(first(b)).not.toEqual(words)
    expect(first(again)).toEqual(words)
  })
})

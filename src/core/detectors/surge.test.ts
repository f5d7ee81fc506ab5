import { describe, expect, it } from 'vitest'
import { lnGamma } from '../../std/exponential.ts'
import { Random } from '../../std/random.ts'
import {
  blockMs,
  evidenceMax,
  fill,
  fillGap,
  lack,
  lackCells,
  newTables,
  surge,
  surgeCells,
  type Tables,
} from './surge.ts'

const dayMs = 86_400_000

/** `k` is that of 60 s. By default seconds are independent, and nothing lasts. */
function tablesFor(perSecond: number, k: number, sizes: number[] = [k / 60, k / 6, k, 10 * k]): Tables {
  const tables = newTables()
  Object.assign(tables, { slot: 0, mean: perSecond, upper: perSecond, lower: perSecond })
  tables.sizes.set(sizes)
  fill(tables)
  return tables
}

/** Probability of n under the negative binomial of that mean and size. */
const probability = (n: number, mean: number, k: number): number =>
  Math.exp(
    lnGamma(n + k) - lnGamma(k) - lnGamma(n + 1) + k * Math.log(k / (k + mean)) + n * Math.log(mean / (k + mean)),
  )

const risen = (tables: Tables, count: number) => {
  const cells = new Float64Array(surgeCells)
  surge(cells, tables, { from: -1, at: 0, count, keep: true, finest: 0 })
  return cells
}

describe('the factor of a block', () => {
  it.each([
    { perSecond: 1 / 600, k: 1 },
    { perSecond: 1 / 30, k: 0.25 },
    { perSecond: 1 / 30, k: 4 },
    { perSecond: 0.2, k: 100 },
  ])('has mean 1 while all is well: $perSecond a second, k $k', ({ perSecond, k }) => {
    const tables = tablesFor(perSecond, k)
    expect([...tables.lasting]).toEqual([1, 1, 1, 1])
    const means = new Float64Array(surgeCells)
    for (let n = 0; n < 4_000; n++) {
      const cells = risen(tables, n)
      cells.forEach((value, cell) => {
        const scale = Math.floor(cell / 6)
        const length = blockMs[scale]!
        // The largest ratios have their mean from counts that hardly ever come, and those are capped: the mean may only be less.
        means[cell]! += (probability(n, (perSecond * length) / 1_000, tables.sizes[scale]!) * value) / (length / dayMs)
      })
    }
    for (const mean of means) expect(mean).toBeLessThanOrEqual(1 + 1e-9)
    // Ratios of 2 at a minute, 1.5 at ten: far from any cap.
    expect(means[12]).toBeCloseTo(1, 6)
    expect(means[18]).toBeCloseTo(1, 4)
  })

  it('is that of the formula', () => {
    const [perSecond, k, n] = [1 / 30, 4, 7]
    const mean = 2
    const expected = (60_000 / dayMs) * 2 ** n * ((k + mean) / (k + 2 * mean)) ** (k + n)
    expect(risen(tablesFor(perSecond, k), n)[12]).toBeCloseTo(expected, 12)
  })

  it('goes the same way for messages that come one by one', () => {
    const tables = tablesFor(1 / 30, 4)
    const cells = new Float64Array(surgeCells)
    for (let i = 0; i < 7; i++) {
      surge(cells, tables, { from: i === 0 ? -1 : 0, at: i, count: 1, keep: true, finest: 0 })
    }
    risen(tables, 7).forEach((value, cell) => {
      expect(cells[cell]! / value).toBeCloseTo(1, 9)
    })
  })

  it('of many empty blocks is what they give one after the other', () => {
    const tables = tablesFor(1 / 30, 4)
    const start = risen(tables, 3)
    const [stepwise, atOnce] = [Float64Array.from(start), Float64Array.from(start)]
    for (let second = 1; second <= 1_300; second++) {
      const [from, at] = [(second - 1) * 1_000, second * 1_000]
      surge(stepwise, tables, { from, at, count: 0, keep: true, finest: 0 })
    }
    surge(atOnce, tables, { from: 0, at: 1_300_000, count: 0, keep: true, finest: 0 })
    atOnce.forEach((value, cell) => {
      expect(value / stepwise[cell]!).toBeCloseTo(1, 9)
    })
  })

  it('of a long gap is smaller under a larger bound, and finite after years', () => {
    const tables = tablesFor(1 / 30, 4)
    const near = risen(tables, 3)
    const far = Float64Array.from(near)
    const step = { from: 0, at: 1e12, count: 1, keep: true, finest: 0 }
    surge(near, tables, step)
    fillGap(tables, 0, { upper: 1, lower: 1e-3 })
    surge(far, tables, step)
    near.forEach((value, cell) => {
      expect(far[cell]).toBeLessThanOrEqual(value)
      expect(Number.isFinite(value)).toBe(true)
    })
  })

  it('is capped', () => {
    const cells = risen(tablesFor(1 / 600, 4), 100_000)
    for (const value of cells) expect(value).toBeLessThanOrEqual(evidenceMax)
  })
})

describe('scatter that lasts', () => {
  it.each([
    { sizes: [4, 4, 4, 40], raised: [true, true, false, false] },
    { sizes: [4, 4, 4, 4], raised: [true, true, true, false] },
    { sizes: [0.4, 4, 24, 240], raised: [false, false, false, false] },
    { sizes: [1e6, 1e6, 1e6, 1e6], raised: [true, true, true, false] },
  ])('raises the null of blocks shorter than it: $sizes', ({ sizes, raised }) => {
    const { lasting } = tablesFor(1, 1, sizes)
    expect([...lasting].map(factor => factor > 1)).toEqual(raised)
    if (sizes[0] === 1e6) expect(lasting[0]).toBeLessThan(1.01)
    if (sizes[0] === 4) expect(lasting[0]).toBeCloseTo(4.3, 0)
  })
})

describe('the rate test', () => {
  it('gives the promised time between alarms, on counts that scatter as its null says', () => {
    const [perSecond, k, days] = [1 / 30, 4, 0.05]
    const tables = tablesFor(perSecond, k, [k, k, k, 10 * k])
    let total = 0
    const runs = 60
    for (let seed = 0; seed < runs; seed++) {
      const random = new Random(seed)
      const cells = new Float64Array(surgeCells)
      let [at, from, reached] = [0, -1, 0]
      while (reached < days && at < 20 * days * dayMs) {
        // A rate that is drawn anew each minute makes the counts of all blocks up to a minute negative binomial with that k.
        const count = random.negativeBinomial(perSecond * 60, k)
        const instants = Array.from({ length: count }, () => at + random.integer(0, 60_000)).sort((a, b) => a - b)
        for (const instant of instants) {
          reached = Math.max(reached, surge(cells, tables, { from, at: instant, count: 1, keep: true, finest: 0 }))
          from = instant
        }
        at += 60_000
      }
      total += at / dayMs
    }
    console.log(`seeds 0–${runs - 1}: mean time to an alarm ${(total / runs / days).toFixed(1)} times the promised one`)
    expect(total / runs).toBeGreaterThanOrEqual(days)
  })
})

describe('the test for silence', () => {
  const silence = (tables: Tables, times: readonly number[], until: number) => {
    const cells = new Float32Array(2 * lackCells)
    let from = -1
    for (const at of times) {
      lack(cells, 0, tables, { from, at, count: 1, keep: true })
      from = at
    }
    return lack(cells, 0, tables, { from, at: until, count: 0, keep: false })
  }
  const every = (ms: number, until: number) => Array.from({ length: Math.floor(until / ms) }, (_, i) => i * ms)
  const hour = 3_600_000

  it('says nothing while mail comes', () => {
    expect(silence(tablesFor(1 / 30, 4), every(30_000, 6 * hour), 6 * hour)).toBeLessThan(0.01)
  })

  it('says nothing about the block in which it begins', () => {
    expect(silence(tablesFor(1 / 30, 4), [599_000], 601_000)).toBeLessThan(1e-3)
  })

  it('grows with silence, and has a limit', () => {
    const tables = tablesFor(1 / 30, 4)
    const heard = every(30_000, hour)
    const [soon, later, years] = [hour + 600_000, 2 * hour, 1e12].map(until => silence(tables, heard, until))
    expect(soon).toBeLessThan(later!)
    expect(later).toBeLessThanOrEqual(years!)
    expect(later).toBeGreaterThan(1)
    expect(years).toBeLessThanOrEqual(evidenceMax)
  })

  it('notices a twentieth of the usual, where counts are large and hardly scatter', () => {
    expect(silence(tablesFor(20, 1e4), every(1_000, hour), hour)).toBeGreaterThan(365)
  })
})

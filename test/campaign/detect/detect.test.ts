import { describe, expect, it } from 'vitest'
import { synthetic } from './backgrounds.ts'
import { measure } from './detect.ts'
import { figures } from './figures.ts'
import { comparePeers } from './peers.ts'
import { svgOf } from './plots.ts'
import { boundOf, levelPassedOncePer, poissonInterval, quantile } from './statistics.ts'
import { tables } from './tables.ts'

const seeds = [0, 1, 2]

describe(`detection, seeds ${seeds.join(', ')}`, () => {
  it('stops sends at 2 messages a minute near the bound, and ordinary traffic never', async () => {
    const report = await measure({
      seeds,
      levels: [2],
      scenarios: ['coinbase-2021'],
      parts: ['sends', 'quiet', 'real'],
      years: 0.05,
      full: false,
      progress: () => {},
    })
    const rows = report.sends.filter(({ background }) => background === synthetic(20).name)
    expect(rows.map(({ perSecond }) => perSecond)).toEqual([0.5, 5, 50])
    for (const { delivered, bound, withCauses, neverStopped, falseBefore } of rows) {
      expect(delivered.median).toBeLessThanOrEqual(2 * bound + 8)
      expect(delivered.median).toBeGreaterThanOrEqual(1)
      expect(withCauses.max).toBeLessThanOrEqual(3)
      expect([neverStopped, falseBefore]).toEqual([0, 0])
    }
    for (const { hard } of report.quiet.filter(({ background }) => background.startsWith('synthetic')))
      expect(hard).toBe(0)
    expect(tables(report)).toContain(synthetic(20).name)
    for (const { svg } of figures(report, [])) expect(svg).toMatch(/^<svg[\s\S]*<\/svg>\n$/)
  }, 60_000)

  it('makes each peer as quiet as allowed, and no quieter than needed', () => {
    const rows = comparePeers(synthetic(20), { level: 2, seeds: [0], days: 60, devSeeds: [0] })
    for (const { detector, falsePerYear, delivered } of rows.filter(({ detector }) => !detector.startsWith('Tocsin'))) {
      expect(falsePerYear, detector).toBeLessThanOrEqual(365 / 60 + 1e-9)
      expect(delivered[5]!.median, detector).toBeGreaterThan(0)
    }
  })
})

describe('the statistics', () => {
  it('give exact intervals of counts', () => {
    // Garwood's table.
    expect(poissonInterval(0).map(value => value.toFixed(3))).toEqual(['0.000', '3.689'])
    expect(poissonInterval(10).map(value => value.toFixed(3))).toEqual(['4.795', '18.390'])
  })

  it('give quantiles by nearest rank, and the bound', () => {
    expect([quantile([3, 1, 2], 0.5), quantile([], 0.5), quantile([1, 2, 3, 4], 0.95)]).toEqual([2, 0, 4])
    expect(boundOf(20, 1.05e6)).toBeCloseTo(6.8, 1)
  })

  it('extend the tail of excursions', () => {
    const heights = Array.from({ length: 10_000 }, (_, n) => -Math.log((n + 0.5) / 10_000))
    expect(levelPassedOncePer(100, heights)).toBeCloseTo(Math.log(1e6), 0)
  })
})

it('a figure has its axes, and keeps its points inside', () => {
  const axis = { log: true, from: 1, to: 100, ticks: [{ at: 10, label: '10' }] }
  const svg = svgOf({
    title: 'a < b',
    x: { ...axis, title: 'x' },
    y: { ...axis, title: 'y' },
    lines: [
      {
        name: 'one',
        points: [
          [1, 1],
          [100, 100],
        ],
      },
    ],
  })
  expect(svg).toContain('a &lt; b')
  expect(svg).toContain('points="70.0,378.0 530.0,40.0"')
})

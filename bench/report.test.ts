import { describe, expect, it } from 'vitest'
import { figures, quantile, ratiosTo, table } from './report.ts'

const measured = (median: number) => ({ ...figures([median]), detail: {} })

describe('figures of rounds', () => {
  it.each([
    { rounds: [5], median: 5, min: 5, max: 5 },
    { rounds: [3, 1, 2], median: 2, min: 1, max: 3 },
    { rounds: [4, 1, 3, 2], median: 2.5, min: 1, max: 4 },
    { rounds: [10, 9], median: 9.5, min: 9, max: 10 },
  ])('$rounds', ({ rounds, ...wanted }) => {
    expect(figures(rounds)).toMatchObject({ ...wanted, rounds })
  })

  it('takes quantiles between neighbors', () => {
    const oneToHundred = Array.from({ length: 100 }, (_, n) => n + 1)
    expect(quantile(oneToHundred, 0.99)).toBe(99.01)
    expect(quantile(oneToHundred, 1)).toBe(100)
  })
})

describe('ratios', () => {
  it('are Tocsin’s median by each other that was measured', () => {
    const results = {
      tocsin: measured(500),
      postfix: measured(100),
      haraka: { absent: 'no npm' },
      other: { failed: 'x' },
    }
    expect(ratiosTo(results)).toEqual({ postfix: 5 })
  })

  it('are none when Tocsin was not measured', () => {
    expect(ratiosTo({ tocsin: { failed: 'x' }, postfix: measured(100) })).toEqual({})
    expect(ratiosTo({ postfix: measured(100) })).toEqual({})
  })

  it('stand in the table beside the peer, with the reason for who is absent', () => {
    const results = { tocsin: measured(500), postfix: measured(100), haraka: { absent: 'no npm' } }
    const report = { name: 'relay', unit: 'mails/s', results, ratios: { postfix: 5 }, rounds: 1, environment: {} }
    const lines = table(report).split('\n')
    expect(lines.find(line => line.startsWith('postfix'))).toMatch(/^postfix +100 +100\.\.100 +5$/)
    expect(lines.find(line => line.startsWith('haraka'))).toMatch(/^haraka +absent +no npm$/)
  })
})

import { describe, expect, it } from 'vitest'
import { reportView, zoneLine } from './report.ts'

describe('a line of a zone file', () => {
  it.each([
    [{ name: 'example.org', type: 'TXT', value: 'v=spf1 -all' } as const, 'example.org. IN TXT "v=spf1 -all"'],
    [{ name: 'example.org', type: 'MX', value: '0 .' } as const, 'example.org. IN MX 0 .'],
    [{ name: 'e.org', type: 'TXT', value: 'say "a\\b"\u0007' } as const, 'e.org. IN TXT "say \\"a\\\\b\\"\\007"'],
    [
      { name: 'e.org', type: 'TXT', value: 'x'.repeat(300) } as const,
      `e.org. IN TXT "${'x'.repeat(255)}" "${'x'.repeat(45)}"`,
    ],
  ])('%#', (record, then) => {
    expect(zoneLine(record)).toBe(then)
  })
})

describe('the view of a report', () => {
  it('counts, and says since when a record is there', () => {
    const records = [{ name: 'e.org', type: 'NS', values: ['a.example'] } as const].map(one => ({
      ...one,
      values: [...one.values],
    }))
    const view = reportView({ domain: 'e.org', at: 0, findings: [], records, questions: 3 }, () => 1000)
    expect(view.at).toBe('1970-01-01T00:00:00.000Z')
    expect(view.counts).toEqual({ error: 0, warning: 0, 'cannot-tell': 0, notice: 0, ok: 0 })
    expect(view.records).toEqual([{ ...records[0], since: '1970-01-01T00:00:01.000Z' }])
  })
})

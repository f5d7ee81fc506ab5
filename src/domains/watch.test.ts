import { describe, expect, it } from 'vitest'
import type { RecordChange } from '../core/alarms.ts'
import type { Report } from './audit.ts'
import type { ReportView } from './report.ts'
import type { DomainStore, KnownRecord } from './store.ts'
import { DomainWatch, type SeenSince } from './watch.ts'

const everyMs = 3_600_000

/** A watch on a clock of its own, over a store in memory. */
class Desk {
  at = 1_000_000
  records: Report['records'] = []
  readonly told: RecordChange[] = []
  readonly failures: unknown[] = []
  readonly audited: string[] = []
  readonly known = new Map<string, KnownRecord[]>()
  readonly kept: ReportView[] = []
  seenSince: SeenSince = () => undefined
  fails: { audit?: boolean; tell?: boolean; keep?: boolean } = {}
  #timer: { at: number; what: () => void } | undefined

  readonly store: DomainStore = {
    reports: async () => this.kept,
    records: async domain => this.known.get(domain) ?? [],
    keep: async (at, report) => {
      if (this.fails.keep) throw new Error('the database is away')
      const since = (text: string | undefined) => (text === undefined ? at : Date.parse(text))
      this.kept.push(report)
      this.known.set(
        report.domain,
        report.records.map(record => ({ ...record, since: since(record.since) })),
      )
    },
  }

  open(domains = ['example.org']): DomainWatch {
    return new DomainWatch({
      domains,
      everyMs,
      store: this.store,
      now: () => this.at,
      after: (ms, what) => {
        this.#timer = { at: this.at + ms, what }
        return () => {
          this.#timer = undefined
        }
      },
      audit: async (domain, seenSince) => {
        this.audited.push(domain)
        this.seenSince = seenSince
        if (this.fails.audit) throw new Error('broken')
        return { domain, at: this.at, findings: [], records: this.records, questions: 0 }
      },
      changed: async change => {
        if (this.fails.tell) throw new Error('the journal is away')
        this.told.push(change)
      },
      failed: (_, error) => void this.failures.push(error),
    })
  }

  /** What is due until then happens. */
  async pass(ms: number): Promise<void> {
    const until = this.at + ms
    for (let timer = this.#timer; timer && timer.at <= until; timer = this.#timer) {
      this.at = timer.at
      this.#timer = undefined
      timer.what()
      for (let i = 0; i < 30 && !this.#timer; i++) await Promise.resolve()
    }
    this.at = until
  }
}

const spf = (...values: string[]) => ({ name: 'example.org', type: 'TXT' as const, values })
const ns = (...values: string[]) => ({ name: 'example.org', type: 'NS' as const, values })

describe('the watch over domains', () => {
  it('audits each in turn, again after its time', async () => {
    const desk = new Desk()
    await desk.open(['a.example', 'b.example']).start()
    await desk.pass(10_000)
    expect(desk.audited).toEqual(['a.example', 'b.example'])
    await desk.pass(everyMs - 10_001)
    expect(desk.audited).toHaveLength(2)
    await desk.pass(10_000)
    expect(desk.audited).toEqual(['a.example', 'b.example', 'a.example', 'b.example'])
  })

  it('keeps the time over a start, and shows what an earlier run found', async () => {
    const desk = new Desk()
    await desk.open().start()
    await desk.pass(10_000)
    const second = desk.open()
    await second.start()
    expect(second.report('example.org')?.domain).toBe('example.org')
    await desk.pass(everyMs - 20_000)
    expect(desk.audited).toHaveLength(1)
    await desk.pass(20_000)
    expect(desk.audited).toHaveLength(2)
  })

  it.each<
    [given: string, first: Report['records'], second: Report['records'], told: [before: string[], after: string[]][]]
  >([
    ['the same', [spf('a')], [spf('a')], []],
    ['another value', [spf('a')], [spf('b')], [[['a'], ['b']]]],
    ['gone', [spf('a')], [spf()], [[['a'], []]]],
    ['new where there was none', [spf()], [spf('a')], [[[], ['a']]]],
    ['lost is no change', [spf('a'), ns('x')], [ns('x')], []],
    ['first seen is no change', [ns('x')], [ns('x'), spf('a')], []],
    [
      'two of them',
      [spf('a'), ns('x')],
      [spf('b'), ns('y')],
      [
        [['a'], ['b']],
        [['x'], ['y']],
      ],
    ],
  ])('%s', async (_, first, second, told) => {
    const desk = new Desk()
    const watch = desk.open()
    desk.records = first
    await watch.auditNow('example.org')
    expect(desk.told).toEqual([])
    desk.records = second
    await watch.auditNow('example.org')
    expect(desk.told.map(({ before, after }) => [before, after])).toEqual(told)
  })

  it('knows since when a value is there', async () => {
    const desk = new Desk()
    const watch = desk.open()
    desk.records = [spf('a')]
    await watch.auditNow('example.org')
    const since = desk.at
    desk.at += 1000
    expect((await watch.auditNow('example.org'))?.records[0]?.since).toBe(new Date(since).toISOString())
    expect(desk.seenSince('example.org', 'a')).toBe(since)
    expect(desk.seenSince('example.org', 'b')).toBeUndefined()
  })

  it.each([
    ['the journal', { tell: true }, 1],
    ['the database, after people were told', { keep: true }, 2],
  ])('what %s did not take is told by the next audit', async (_, fails, told) => {
    const desk = new Desk()
    const watch = desk.open()
    desk.records = [spf('a')]
    await watch.auditNow('example.org')
    desk.records = [spf('b')]
    desk.fails = fails
    await expect(watch.auditNow('example.org')).rejects.toThrow('is away')
    desk.fails = {}
    await watch.auditNow('example.org')
    expect(desk.told).toHaveLength(told)
  })

  it('goes on after an audit that failed', async () => {
    const desk = new Desk()
    desk.fails = { audit: true }
    await desk.open().start()
    await desk.pass(10_000)
    expect(desk.failures).toHaveLength(1)
    await desk.pass(everyMs)
    expect(desk.audited).toHaveLength(2)
  })

  it('gives those who ask at the same time the same', async () => {
    const desk = new Desk()
    const watch = desk.open()
    const [first, second] = await Promise.all([watch.auditNow('example.org'), watch.auditNow('example.org')])
    expect(first).toBe(second)
    expect(desk.audited).toHaveLength(1)
    expect(watch.auditNow('other.example')).toBeUndefined()
  })

  it('tells nothing of an audit that a stop has cut short', async () => {
    const desk = new Desk()
    const watch = desk.open()
    desk.records = [spf('a')]
    await watch.auditNow('example.org')
    desk.records = [spf('b')]
    const cut = watch.auditNow('example.org')
    await watch.stop()
    await expect(cut).rejects.toThrow('stopped')
    expect(desk.told).toEqual([])
    await desk.pass(10 * everyMs)
    expect(desk.audited).toHaveLength(2)
  })
})

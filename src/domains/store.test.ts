import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute, freshDatabase } from '../../test/postgres.ts'
import type { WatchedRecord } from './records.ts'
import { reportView } from './report.ts'
import { postgresDomains } from './store.ts'

let config: pg.ClientConfig
let pool: pg.Pool
beforeAll(async () => {
  config = await freshDatabase()
  pool = new pg.Pool(config)
  pool.on('error', () => {}) // Connections outlive the end of the pool by a moment, and the server may be gone then.
})
afterAll(() => pool?.end())

const report = (at: number, ...records: WatchedRecord[]) =>
  reportView({ domain: 'example.org', at, findings: [], records, questions: 1 })
const txt = (...values: string[]): WatchedRecord => ({ name: 'example.org', type: 'TXT', values })
const mx = (...values: string[]): WatchedRecord => ({ name: 'example.org', type: 'MX', values })

describe('what audits have found', () => {
  it('keeps the newest report, and each record with the time it is there', async () => {
    const store = postgresDomains(pool)
    const since = async () =>
      (await store.records('example.org')).map(({ type, values, since: at }) => [type, values, at])
    await store.keep(100, report(100, txt('a'), mx()))
    await store.keep(200, report(200, txt('a'), mx('10 m')))
    expect(await since()).toEqual([
      ['MX', ['10 m'], 200],
      ['TXT', ['a'], 100],
    ])
    // What could not be asked stays as it was known.
    await store.keep(300, report(300, mx('10 m')))
    expect(await since()).toEqual([
      ['MX', ['10 m'], 200],
      ['TXT', ['a'], 100],
    ])
    await store.keep(400, report(400, txt('b, "c"'), mx('10 m')))
    expect(await since()).toEqual([
      ['MX', ['10 m'], 200],
      ['TXT', ['b, "c"'], 400],
    ])
    expect(await store.reports()).toEqual([report(400, txt('b, "c"'), mx('10 m'))])
    expect(await store.records('other.example')).toEqual([])
    const { rows } = await execute(
      config,
      'select type, until from domain_record where until is not null order by until',
    )
    expect(rows).toEqual([
      { type: 'MX', until: '200' },
      { type: 'TXT', until: '400' },
    ])
  })

  it('forgets what was long ago', async () => {
    const store = postgresDomains(pool)
    await store.keep(3 * 365 * 86_400_000, report(0, txt('b, "c"')))
    const { rows } = await execute(config, 'select count(*)::int as n from domain_record where until is not null')
    expect(rows).toEqual([{ n: 0 }])
  })
})

import type pg from 'pg'
import type { WatchedRecord } from './records.ts'
import type { ReportView } from './report.ts'

/** `since`: ms, when an audit first found these values. */
export type KnownRecord = WatchedRecord & { since: number }

/** What audits have found so far. */
export type DomainStore = {
  reports(): Promise<ReportView[]>
  records(domain: string): Promise<KnownRecord[]>
  /** The report replaces the one before; of the records those that are new or other than before begin now. */
  keep(at: number, report: ReportView): Promise<void>
}

/** What was long ago is of no use, and a record that changes all the time must not fill the disk. */
const keptMs = 2 * 365 * 86_400_000

export function postgresDomains(pool: pg.Pool): DomainStore {
  return {
    async reports() {
      const { rows } = await pool.query<{ report: string }>({ name: 'domain-reports', text: selectReports })
      return rows.map(({ report }) => JSON.parse(report) as ReportView)
    },
    async records(domain) {
      const found = await pool.query<Row>({ name: 'domain-records', text: selectRecords, values: [domain] })
      return found.rows.map(({ values, ...row }) => ({ ...row, values: JSON.parse(values) as string[] }))
    },
    keep: (at, report) => keep(pool, at, report),
  }
}

type Row = Omit<KnownRecord, 'values'> & { values: string }

const selectReports = 'select report from domain_report order by domain'
const selectRecords = `
  select name, type, "values", since::float8 as since from domain_record where domain = $1 and until is null
  order by name, type`
const upsertReport = `
  insert into domain_report (domain, at, report) values ($1, $2, $3)
  on conflict (domain) do update set at = excluded.at, report = excluded.report`
const endRecords = `
  update domain_record set until = $2
  from unnest($3::text[], $4::text[], $5::text[]) as now (name, type, "values")
  where domain = $1 and until is null and domain_record.name = now.name and domain_record.type = now.type
    and domain_record."values" <> now."values"`
const beginRecords = `
  insert into domain_record (domain, name, type, "values", since)
  select $1, name, type, "values", $2 from unnest($3::text[], $4::text[], $5::text[]) as now (name, type, "values")
  on conflict do nothing`
const forgetRecords = 'delete from domain_record where domain = $1 and until < $2'

async function keep(pool: pg.Pool, at: number, report: ReportView): Promise<void> {
  const { domain, records } = report
  const columns = [
    records.map(({ name }) => name),
    records.map(({ type }) => type),
    records.map(({ values }) => JSON.stringify(values)),
  ]
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query(endRecords, [domain, at, ...columns])
    await client.query(beginRecords, [domain, at, ...columns])
    await client.query(forgetRecords, [domain, at - keptMs])
    await client.query(upsertReport, [domain, at, JSON.stringify(report)])
    await client.query('commit')
    client.release()
  } catch (error) {
    client.release(true) // Closing the connection rolls back.
    throw error
  }
}

import type pg from 'pg'
import type { MessageId } from '../../core/events.ts'
import type { Known } from './changes.ts'

// The statements of the notifier. All of it can be derived from the journal again or sent again under the same id, so that a power cut may
// take the last commits: none of them waits for the disk.

export type Endpoint = { number: number; urlHash: string; disabledAt: number | null }
/** What a stretch of the journal adds; `position` and `ordinal` are its place, `id` is its webhook-id. */
export type Noted = { position: number; ordinal: number; id: string; at: number; body: string }
export type Place = { position: number; ordinal: number }
export type Due = Place & { id: string; body: string; attempts: number }
export type Stretch = {
  from: number
  to: number
  noted: readonly Noted[]
  /** Messages that go on, with what is known of them, and those that have ended. */
  open: ReadonlyMap<MessageId, Partial<Known>>
  ended: readonly MessageId[]
}

async function transaction<T>(pool: pg.Pool, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin; set local synchronous_commit = off')
    const result = await work(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    client.release(true) // Closing the connection rolls back.
    throw error
  }
}

const element = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

/** A PostgreSQL array literal; the driver's own way of quoting costs several times as much. */
function column(values: readonly (string | number)[]): string {
  return `{${values.map(value => (typeof value === 'string' ? element(value) : value)).join(',')}}`
}

const deleteRowsOfOthers = `
  delete from webhook_outbox o using webhook_endpoint e
  where o.endpoint = e.number and e.partition = $1 and (e.url_hash <> all ($2::text[]) or e.disabled_at is not null)`
const deleteOthers = `delete from webhook_endpoint where partition = $1 and url_hash <> all ($2::text[])`
const selectEndpoints = `
  select number, url_hash as "urlHash", disabled_at::float8 as "disabledAt" from webhook_endpoint where partition = $1`
const insertEndpoints = `
  insert into webhook_endpoint (partition, url_hash, since) select $1, unnest($2::text[]), $3
  on conflict (partition, url_hash) do nothing`
const beginAt = `
  insert into webhook_cursor (partition, position) values ($1, $2)
  on conflict (partition) do update set position = excluded.position`
const forgetMessages = 'delete from webhook_message where partition = $1'

/**
 * Makes the endpoints those that are configured: what is gone goes with its rows, what is new begins behind `head`. When nobody was following,
 * there is nothing to catch up with, and the cursor begins there as well.
 */
export function settleEndpoints(
  pool: pg.Pool,
  { partition, urlHashes, head }: { partition: number; urlHashes: string[]; head: number },
): Promise<Endpoint[]> {
  return transaction(pool, async client => {
    await client.query(deleteRowsOfOthers, [partition, urlHashes])
    await client.query(deleteOthers, [partition, urlHashes])
    const { rows: kept } = await client.query<Endpoint>(selectEndpoints, [partition])
    if (kept.every(endpoint => endpoint.disabledAt !== null)) {
      await client.query(beginAt, [partition, head])
      await client.query(forgetMessages, [partition])
    }
    await client.query(insertEndpoints, [partition, urlHashes, head])
    return (await client.query<Endpoint>(selectEndpoints, [partition])).rows
  })
}

const selectCursor = 'select position::float8 as position from webhook_cursor where partition = $1'

/** Where the notifier stands in a partition that was settled. */
export async function loadCursor(pool: pg.Pool, partition: number): Promise<number> {
  return (await pool.query<{ position: number }>(selectCursor, [partition])).rows[0]!.position
}

const selectKnown = {
  name: 'webhook-select-known',
  text: 'select id, application, class, lane, outcome from webhook_message where id = any ($1::uuid[])',
}

export async function loadKnown(pool: pg.Pool, ids: readonly MessageId[]): Promise<Map<MessageId, Known>> {
  if (ids.length === 0) return new Map()
  const { rows } = await pool.query<Known & { id: MessageId }>({ ...selectKnown, values: [column(ids)] })
  return new Map(rows.map(({ id, ...known }) => [id, known]))
}

const moveCursor = {
  name: 'webhook-move-cursor',
  text: 'update webhook_cursor set position = $3 where partition = $1 and position = $2',
}
const insertNoted = {
  name: 'webhook-insert-noted',
  text: `
    with added as (
      insert into webhook_outbox (endpoint, position, ordinal, id, body, at)
      select e.number, n.position, n.ordinal, n.id, n.body, n.at
      from webhook_endpoint e
      join unnest($2::bigint[], $3::int[], $4::text[], $5::text[], $6::bigint[]) as n (position, ordinal, id, body, at)
        on n.position > e.since
      where e.partition = $1 and e.disabled_at is null
      on conflict do nothing
      returning endpoint
    )
    select endpoint, count(*)::int as rows from added group by endpoint`,
}
const saveOpen = {
  name: 'webhook-save-open',
  text: `
    insert into webhook_message (partition, id, application, class, lane, outcome)
    select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
    on conflict (id) do update set lane = excluded.lane, outcome = excluded.outcome`,
}
const deleteEnded = { name: 'webhook-delete-ended', text: 'delete from webhook_message where id = any ($1::uuid[])' }

/**
 * Writes one stretch: rows for every endpoint, what is known of open messages, and the cursor, in one commit. A crash before it leaves the
 * outbox as it was, and the stretch is read again. Gives the rows added by endpoint; `undefined` when the cursor is elsewhere and nothing
 * was written.
 */
export function writeStretch(
  pool: pg.Pool,
  partition: number,
  stretch: Stretch,
): Promise<Map<number, number> | undefined> {
  return transaction(pool, async client => {
    const moved = await client.query({ ...moveCursor, values: [partition, stretch.from, stretch.to] })
    if (moved.rowCount !== 1) return undefined
    await writeOpen(client, partition, stretch)
    return writeNoted(client, partition, stretch.noted)
  })
}

async function writeNoted(
  client: pg.ClientBase,
  partition: number,
  noted: readonly Noted[],
): Promise<Map<number, number>> {
  if (noted.length === 0) return new Map()
  const of = (value: (row: Noted) => string | number) => column(noted.map(value))
  const values = [
    partition,
    of(row => row.position),
    of(row => row.ordinal),
    of(row => row.id),
    of(row => row.body),
    of(row => row.at),
  ]
  const { rows } = await client.query<{ endpoint: number; rows: number }>({ ...insertNoted, values })
  return new Map(rows.map(({ endpoint, rows }) => [endpoint, rows]))
}

async function writeOpen(client: pg.ClientBase, partition: number, { open, ended }: Stretch): Promise<void> {
  if (ended.length > 0) await client.query({ ...deleteEnded, values: [column(ended)] })
  const whole = [...open].filter((entry): entry is [MessageId, Known] => entry[1].class !== undefined)
  if (whole.length === 0) return
  const of = (value: (known: Known) => string) => column(whole.map(([, known]) => value(known)))
  const values = [
    partition,
    column(whole.map(([id]) => id)),
    of(known => known.application),
    of(known => known.class),
    of(known => known.lane),
    of(known => known.outcome),
  ]
  await client.query({ ...saveOpen, values })
}

const selectToRetry = {
  name: 'webhook-select-to-retry',
  text: `
    select position::float8 as position, ordinal, id, body, attempts from webhook_outbox
    where endpoint = $1 and attempts > 0 and next_at <= $2
    order by next_at limit $3`,
}
const selectFresh = {
  name: 'webhook-select-fresh',
  text: `
    select position::float8 as position, ordinal, id, body, attempts from webhook_outbox
    where endpoint = $1 and attempts = 0 and (position, ordinal) > ($2, $3)
    order by position, ordinal limit $4`,
}

/** Rows that failed and may be tried again, the longest due first. */
export async function loadToRetry(pool: pg.Pool, endpoint: number, now: number, limit: number): Promise<Due[]> {
  return (await pool.query<Due>({ ...selectToRetry, values: [endpoint, now, limit] })).rows
}

/**
 * Rows that were never tried, in the order of the journal, behind `after`: without it every search would wade through the dead entries of
 * what was delivered since the last vacuum.
 */
export async function loadFresh(pool: pg.Pool, endpoint: number, after: Place, limit: number): Promise<Due[]> {
  const values = [endpoint, after.position, after.ordinal, limit]
  return (await pool.query<Due>({ ...selectFresh, values })).rows
}

const deleteRows = {
  name: 'webhook-delete-rows',
  text: `
    delete from webhook_outbox o using unnest($2::bigint[], $3::int[]) as d (position, ordinal)
    where o.endpoint = $1 and o.position = d.position and o.ordinal = d.ordinal`,
}
const postponeRows = {
  name: 'webhook-postpone-rows',
  text: `
    update webhook_outbox o set attempts = f.attempts, next_at = f.next_at
    from unnest($2::bigint[], $3::int[], $4::int[], $5::bigint[]) as f (position, ordinal, attempts, next_at)
    where o.endpoint = $1 and o.position = f.position and o.ordinal = f.ordinal`,
}

export type Postponed = Place & { attempts: number; nextAt: number }

/** What became of attempts: rows that are done go, rows that failed wait. Gives how many went. A crash before it sends them once more. */
export function recordAttempts(
  pool: pg.Pool,
  endpoint: number,
  { done, failed }: { done: readonly Place[]; failed: readonly Postponed[] },
): Promise<number> {
  const positions = (rows: readonly Place[]) => column(rows.map(row => row.position))
  const ordinals = (rows: readonly Place[]) => column(rows.map(row => row.ordinal))
  return transaction(pool, async client => {
    if (failed.length > 0) {
      const attempts = column(failed.map(row => row.attempts))
      const nextAt = column(failed.map(row => row.nextAt))
      await client.query({ ...postponeRows, values: [endpoint, positions(failed), ordinals(failed), attempts, nextAt] })
    }
    if (done.length === 0) return 0
    return (await client.query({ ...deleteRows, values: [endpoint, positions(done), ordinals(done)] })).rowCount ?? 0
  })
}

const deleteOldest = `
  delete from webhook_outbox o using (
    select position, ordinal, at from webhook_outbox where endpoint = $1 order by position, ordinal limit $2
  ) as oldest
  where o.endpoint = $1 and o.position = oldest.position and o.ordinal = oldest.ordinal and oldest.at <= $3`

/** Deletes what is among the `limit` oldest rows and not younger than `at`; gives how many. */
export async function dropOldest(pool: pg.Pool, endpoint: number, limit: number, at: number): Promise<number> {
  return (await pool.query(deleteOldest, [endpoint, limit, at])).rowCount ?? 0
}

const disable = 'update webhook_endpoint set disabled_at = $2 where number = $1'
const deleteAll = 'delete from webhook_outbox where endpoint = $1'

/** The endpoint gets nothing any more, also after a restart; gives how many rows were given up with it. */
export function disableEndpoint(pool: pg.Pool, endpoint: number, at: number): Promise<number> {
  return transaction(pool, async client => {
    await client.query(disable, [endpoint, at])
    return (await client.query(deleteAll, [endpoint])).rowCount ?? 0
  })
}

const countRows = 'select count(*)::int as rows from webhook_outbox where endpoint = $1'

export async function countPending(pool: pg.Pool, endpoint: number): Promise<number> {
  return (await pool.query<{ rows: number }>(countRows, [endpoint])).rows[0]!.rows
}

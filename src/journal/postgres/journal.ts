import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { chainHash, genesisHash } from '../chain.ts'
import {
  type Appended,
  type Batch,
  type Claim,
  type Entry,
  type Journal,
  JournalUnavailable,
  type Position,
  type SnapshotPage,
} from '../journal.ts'

/** A statement that has not ended by then is given up by the server. */
const statementMsMax = 30_000
/** Later than the server's own limit: only a server that hangs, or a network that swallows, gets this far. */
const replyMsMax = 35_000
const connectMsMax = 5_000
/** A read ends before `limit` when its events would exceed this; never before the first entry. */
const readBytesMax = 16 * 1024 * 1024
/** Far below PostgreSQL's 1 GB a value. */
export const batchBytesMax = 256 * 1024 * 1024

type Statement = { name: string; text: string }

const claimPartition: Statement = {
  name: 'claim_partition',
  text: `
    insert into partition (id, epoch, head, head_hash, last_at) values ($1, 1, 0, $2, 0)
    on conflict (id) do update set epoch = partition.epoch + 1
    returning epoch, head, head_hash, last_at`,
}

/**
 * The whole append in one statement, so one round trip and one commit. The update takes the partition's row lock; a writer that has waited
 * for it sees the row as it is then, and finds another epoch or head.
 */
const appendBatch: Statement = {
  name: 'append_batch',
  text: `
    with moved as (
      update partition set head = head + 1, head_hash = $5, last_at = $6
      where id = $1 and epoch = $2 and head = $3 and head_hash = $4
      returning id, head
    ), entry as (
      insert into journal (partition, position, at, hash, events, sealed)
      select id, head, $6, $5, $7, $8 from moved
    ), wrapped as (
      insert into subject_keys (partition, position, keys)
      select id, head, $9::bytea from moved where octet_length($9::bytea) > 0
    )
    select head from moved`,
}

const readHead: Statement = { name: 'read_head', text: 'select head, epoch from partition where id = $1' }

const readEntries: Statement = {
  name: 'read_entries',
  text: `
    select position, at, hash, events
    from (
      select *, sum(octet_length(events)) over (order by position) - octet_length(events) as bytes_before
      from (
        select position, at, hash, events from journal
        where partition = $1 and position > $2
        order by position limit $3
      ) wanted
    ) measured
    where bytes_before < $4
    order by position`,
}

const readSealed: Statement = {
  name: 'read_sealed',
  text: `
    select sealed, coalesce(keys, '') as keys
    from journal left join subject_keys using (partition, position)
    where partition = $1 and position = $2`,
}

const replaceKeysOfBatch: Statement = {
  name: 'replace_keys_of_batch',
  text: 'update subject_keys set keys = $3 where partition = $1 and position = $2',
}

/** Moves forward only: a writer that was replaced while it saved must not put its older pages over newer ones. */
const moveSnapshot: Statement = {
  name: 'move_snapshot',
  text: `
    insert into snapshot (partition, position) values ($1, $2)
    on conflict (partition) do update set position = excluded.position where snapshot.position <= excluded.position
    returning position`,
}

const dropPages: Statement = { name: 'drop_pages', text: 'delete from snapshot_page where partition = $1' }

const savePage: Statement = {
  name: 'save_page',
  text: `
    insert into snapshot_page (partition, page, bytes) values ($1, $2, $3)
    on conflict (partition, page) do update set bytes = excluded.bytes`,
}

const readSnapshot: Statement = {
  name: 'read_snapshot',
  text: `
    select position, page, bytes from snapshot left join snapshot_page using (partition)
    where partition = $1 order by page collate "C"`,
}

/** Ends the sessions that this journal had before, so that no append of theirs can still commit. Waits for each. */
const endEarlierSessions = `
  select pg_terminate_backend(pid, ${connectMsMax}) as ended from pg_stat_activity
  where application_name = $1 and pid <> pg_backend_pid()`

/** `onLost` hears of connections that break while nobody uses them; it is for a log line only. */
export type PostgresJournalOptions = { onLost?: (error: Error) => void; readConnectionsMax?: number }

/**
 * The journal in PostgreSQL. Each partition's appends have a connection of their own, the rest share a small pool. Every connection is made when needed and
 * dropped on the first fault, so that a server that was gone is used again as soon as it is back.
 */
export class PostgresJournal implements Journal {
  readonly #pool: pg.Pool
  readonly #newWriter: () => Writer
  readonly #writers = new Map<number, Writer>()
  #closed = false

  constructor(config: pg.ClientConfig, { onLost = () => {}, readConnectionsMax = 4 }: PostgresJournalOptions = {}) {
    const bounded: pg.ClientConfig = {
      ...config,
      statement_timeout: statementMsMax,
      query_timeout: replyMsMax,
      connectionTimeoutMillis: connectMsMax,
      keepAlive: true,
    }
    this.#pool = new pg.Pool({ ...bounded, max: readConnectionsMax, allowExitOnIdle: true })
    this.#pool.on('error', onLost)
    // The pool listens to idle clients only; one that breaks while it is used would end the process.
    this.#pool.on('connect', client => client.on('error', () => {}))
    this.#newWriter = () => new Writer(bounded, onLost)
  }

  async claim(partition: number): Promise<Claim> {
    const { rows } = await this.#writer(partition).run(claimPartition, [partition, genesisHash()])
    const row = only(rows)
    return {
      partition,
      epoch: Number(row.epoch),
      head: Number(row.head),
      headHash: row.head_hash,
      lastAt: Number(row.last_at),
    }
  }

  async append(
    claim: { partition: number; epoch: number },
    after: { expected: Position; hash: Uint8Array },
    batch: Batch,
  ): Promise<Appended> {
    const { at, events, sealed, keys } = batch
    assert(events.length + sealed.length + keys.length <= batchBytesMax, 'a batch fits batchBytesMax')
    const hash = chainHash(after.hash, { position: after.expected + 1, at, events, sealed })
    const { partition, epoch } = claim
    const values = [partition, epoch, after.expected, after.hash, hash, at, events, sealed, keys]
    const { rows } = await this.#writer(partition).run(appendBatch, values)
    return rows.length === 1 ? { status: 'appended', hash } : { status: 'conflict' }
  }

  /** Also settles: after a `JournalUnavailable`, what the lost append did is final before this answers. */
  async head(partition: number): Promise<{ position: Position; epoch: number }> {
    const writer = this.#writer(partition)
    if (writer.unsettled) await writer.settle()
    const { rows } = await this.#read(readHead, [partition])
    const row = rows[0]
    return row ? { position: Number(row.head), epoch: Number(row.epoch) } : { position: 0, epoch: 0 }
  }

  /** As the interface says; gives fewer than `limit` once the events exceed 16 MB, but never none when there is one. */
  async read(partition: number, { from, limit }: { from: Position; limit: number }): Promise<Entry[]> {
    const { rows } = await this.#read(readEntries, [partition, from, limit, readBytesMax])
    return rows.map(row => ({
      position: Number(row.position),
      at: Number(row.at),
      hash: row.hash,
      events: row.events,
    }))
  }

  async sealed(partition: number, position: Position): Promise<{ sealed: Uint8Array; keys: Uint8Array } | undefined> {
    const { rows } = await this.#read(readSealed, [partition, position])
    return rows[0] && { sealed: rows[0].sealed, keys: rows[0].keys }
  }

  async replaceKeys(partition: number, position: Position, keys: Uint8Array): Promise<void> {
    const { rowCount } = await this.#read(replaceKeysOfBatch, [partition, position, keys])
    assert(rowCount === 1, 'keys are replaced only where a batch has some')
  }

  async saveSnapshot(
    partition: number,
    position: Position,
    pages: SnapshotPage[],
    { whole }: { whole: boolean },
  ): Promise<void> {
    await this.#transaction(async run => {
      const moved = await run(moveSnapshot, [partition, position])
      if (moved.rowCount === 0) return
      if (whole) await run(dropPages, [partition])
      for (const { page, bytes } of pages) await run(savePage, [partition, page, bytes])
    })
  }

  async loadSnapshot(partition: number): Promise<{ position: Position; pages: SnapshotPage[] } | undefined> {
    const { rows } = await this.#read(readSnapshot, [partition])
    if (!rows[0]) return undefined
    const pages = rows.filter(row => row.page !== null).map(row => ({ page: row.page, bytes: row.bytes }))
    return { position: Number(rows[0].position), pages }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#writers.values()].map(writer => writer.close()))
    if (!this.#pool.ending) await this.#pool.end()
  }

  #writer(partition: number): Writer {
    if (this.#closed) throw new JournalUnavailable('the journal is closed')
    const writer = this.#writers.get(partition) ?? this.#newWriter()
    this.#writers.set(partition, writer)
    return writer
  }

  async #read(statement: Statement, values: unknown[]): Promise<pg.QueryResult> {
    return this.#withClient(client => client.query({ ...statement, values }))
  }

  async #transaction(work: (run: (s: Statement, v: unknown[]) => Promise<pg.QueryResult>) => Promise<void>) {
    await this.#withClient(async client => {
      await client.query('begin')
      await work((statement, values) => client.query({ ...statement, values }))
      await client.query('commit')
    })
  }

  /** A client that saw any error is dropped with its session, and an open transaction with it. */
  async #withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch(error => Promise.reject(judged(error)))
    try {
      const result = await work(client)
      client.release()
      return result
    } catch (error) {
      client.release(true)
      throw judged(error)
    }
  }
}

/** The connection of one partition's appends. */
class Writer {
  readonly #config: pg.ClientConfig
  readonly #onLost: (error: Error) => void
  #client: Promise<pg.Client> | undefined
  #closed = false
  /** An append may still be under way in a session that we have lost. */
  unsettled = false

  constructor(config: pg.ClientConfig, onLost: (error: Error) => void) {
    this.#config = { ...config, application_name: `tocsin-append-${randomBytes(8).toString('hex')}` }
    this.#onLost = onLost
  }

  async run(statement: Statement, values: unknown[]): Promise<pg.QueryResult> {
    return this.#with(client => client.query({ ...statement, values }))
  }

  /**
   * What lost appends did is final when this resolves. Readers ask for it too, many at once while a server is coming back: they wait for the
   * connection that the next append will have, and leave it alone.
   */
  async settle(): Promise<void> {
    await this.#with(async () => {})
  }

  async #with<T>(use: (client: pg.Client) => Promise<T>): Promise<T> {
    if (this.#closed) throw new JournalUnavailable('the journal is closed')
    const connecting = (this.#client ??= this.#connect())
    try {
      return await use(await connecting)
    } catch (error) {
      this.#drop(connecting)
      throw judged(error)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const connecting = this.#client
    this.#client = undefined
    await connecting?.then(client => client.end()).catch(() => {}) // Already lost: nothing left to end.
  }

  #connect(): Promise<pg.Client> {
    const client = new pg.Client(this.#config)
    const connecting = this.#settled(client)
    client.on('error', error => {
      this.#onLost(error)
      this.#drop(connecting)
    })
    return connecting
  }

  async #settled(client: pg.Client): Promise<pg.Client> {
    try {
      await client.connect()
      if (this.unsettled) await this.#endEarlierSessions(client)
      return client
    } catch (error) {
      client.end().catch(() => {}) // Was never made, or is lost already.
      throw error
    }
  }

  async #endEarlierSessions(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ ended: boolean }>(endEarlierSessions, [this.#config.application_name])
    if (!rows.every(row => row.ended)) throw new JournalUnavailable('an earlier append is still under way')
    this.unsettled = false
  }

  #drop(connecting: Promise<pg.Client>): void {
    if (this.#client === connecting) this.#client = undefined
    this.unsettled = true
    connecting.then(client => client.end()).catch(() => {}) // Was never made, or is lost already.
  }
}

/**
 * SQLSTATE classes and codes by which a server says that it cannot serve now: connection, resources (full disk, too many connections),
 * operator intervention (shut down, cancelled), system error, rollback, read-only, lock timeout. PostgreSQL 18, appendix A.
 */
const worldFailed = /^(08|53|57|58|40|25006|55P03|28|3D000)/

/** Turn what the driver threw into what it means: the world failed, or a fault of ours that goes up as it is. */
function judged(error: unknown): unknown {
  if (error instanceof JournalUnavailable) return error
  if (error instanceof pg.DatabaseError && !worldFailed.test(error.code ?? '')) return error
  return new JournalUnavailable('the database did not answer as it should', { cause: error })
}

function only<Row>(rows: Row[]): Row {
  assert(rows.length === 1, 'the statement gives one row')
  return rows[0]!
}

import type pg from 'pg'
import type { AuditRow, AuditSource } from './audit.ts'
import type { Cursor, StoredCheckpoint } from './store.ts'
import type { Written } from './tiles.ts'

const selectRows = `
  select position::float8 as position, at::float8 as at, hash, events, sha256(sealed) as "sealedHash",
    octet_length(sealed) as "sealedBytes"
  from journal where partition = $1 and position > $2 order by position limit $3`
const selectHead = `
  select head::float8 as position, head_hash as hash, last_at::float8 as at from partition where id = $1`
const selectCursor = 'select position::float8 as position, size::float8 as size from ledger_cursor where partition = $1'
const selectTiles = `
  select level, number::float8 as number, hashes from ledger_tile
  where partition = $1 and (level, number) in (select * from unnest($2::smallint[], $3::bigint[]))`
const selectBundles = `
  select number::float8 as number, leaves from ledger_bundle where partition = $1 and number >= $2 and number < $3`
const selectCheckpoints = `
  select size::float8 as size, position::float8 as position, at::float8 as at, note from ledger_checkpoint
  where partition = $1 and size > $2 order by size limit $3`
const selectBatches = `
  select position::float8 as position, first::float8 as first from ledger_batch
  where partition = $1 and position > $2 order by position limit $3`
const selectKeys = `
  select verifier, number, from_at::float8 as "from", until_at::float8 as "until" from ledger_key order by number, from_at`

const rowsMax = 64
const smallRowsMax = 5000
const bundlesMax = 128
/** Below every position that there can be: a row before the first is one too many. */
const beforeAll = -9_007_199_254_740_991

export type StoredKey = { verifier: string; number: number; from: number; until: number | null }

/**
 * Journal and log of one partition as they are at one moment, whatever is written meanwhile: everything is read in one transaction. The client
 * is the caller's, connected and used for nothing else.
 */
export class DatabaseSource implements AuditSource {
  readonly partition: number
  readonly #client: pg.Client
  #bundles = new Map<number, Uint8Array>()

  private constructor(client: pg.Client, partition: number) {
    this.#client = client
    this.partition = partition
  }

  static async open(client: pg.Client, partition: number): Promise<DatabaseSource> {
    await client.query('begin isolation level repeatable read read only')
    return new DatabaseSource(client, partition)
  }

  async head(): Promise<{ position: number; hash: Uint8Array; at: number } | undefined> {
    return (await this.#client.query(selectHead, [this.partition])).rows[0]
  }

  rows(): AsyncIterable<AuditRow> {
    return this.#pages<AuditRow>(selectRows, rowsMax, ({ position }) => position)
  }

  checkpoints(): AsyncIterable<StoredCheckpoint> {
    return this.#pages<StoredCheckpoint>(selectCheckpoints, smallRowsMax, ({ size }) => size)
  }

  batches(): AsyncIterable<{ position: number; first: number }> {
    return this.#pages<{ position: number; first: number }>(selectBatches, smallRowsMax, ({ position }) => position)
  }

  async *#pages<Row>(statement: string, rowsAtOnceMax: number, keyOf: (row: Row) => number): AsyncGenerator<Row> {
    let after = beforeAll
    for (;;) {
      const result = await this.#client.query(statement, [this.partition, after, rowsAtOnceMax])
      const rows = result.rows as Row[]
      yield* rows
      if (rows.length < rowsAtOnceMax) return
      after = keyOf(rows.at(-1)!)
    }
  }

  async cursor(): Promise<Cursor> {
    const { rows } = await this.#client.query<Cursor>(selectCursor, [this.partition])
    return rows[0] ?? { position: 0, size: 0 }
  }

  async tiles(wanted: readonly { level: number; number: number }[]): Promise<Written[]> {
    if (wanted.length === 0) return []
    const [levels, numbers] = [wanted.map(({ level }) => level), wanted.map(({ number }) => number)]
    return (await this.#client.query<Written>(selectTiles, [this.partition, levels, numbers])).rows
  }

  async bundle(number: number): Promise<Uint8Array | undefined> {
    if (!this.#bundles.has(number)) {
      const { rows } = await this.#client.query(selectBundles, [this.partition, number, number + bundlesMax])
      this.#bundles = new Map(rows.map(row => [row.number, row.leaves]))
    }
    return this.#bundles.get(number)
  }

  async keys(): Promise<StoredKey[]> {
    return (await this.#client.query<StoredKey>(selectKeys)).rows
  }
}

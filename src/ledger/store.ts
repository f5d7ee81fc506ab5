import type pg from 'pg'
import { hashBytes } from './hashing.ts'
import type { LedgerKey } from './keys.ts'
import type { Written } from './tiles.ts'

// The tables of the log; one statement a function.

export type Cursor = { position: number; size: number }

export type StoredCheckpoint = { size: number; position: number; at: number; note: string }

/** What one stretch of the journal brings: all of it in one commit. */
export type Stretch = {
  tiles: Written[]
  bundles: { number: number; leaves: Uint8Array }[]
  batches: { position: number; first: number }[]
  checkpoints: StoredCheckpoint[]
}

const insertCursor =
  'insert into ledger_cursor (partition, position, size) values ($1, 0, 0) on conflict (partition) do nothing'
const selectCursor = 'select position::float8 as position, size::float8 as size from ledger_cursor where partition = $1'

const moveCursor = `
  update ledger_cursor set position = $4, size = $5
  where partition = $1 and position = $2 and size = $3`

/** Every hash that a tile had before is still in it: it only grows. */
const writeTiles = `
  insert into ledger_tile (partition, level, number, hashes)
  select $1, level, number, hashes from unnest($2::smallint[], $3::bigint[], $4::bytea[]) as written (level, number, hashes)
  on conflict (partition, level, number) do update set hashes = excluded.hashes`

const writeBundles = `
  insert into ledger_bundle (partition, number, leaves)
  select $1, number, leaves from unnest($2::bigint[], $3::bytea[]) as written (number, leaves)
  on conflict (partition, number) do update set leaves = excluded.leaves`

const writeBatches = `
  insert into ledger_batch (partition, position, first)
  select $1, position, first from unnest($2::bigint[], $3::bigint[]) as written (position, first)
  on conflict (partition, position) do update set first = excluded.first`

/** What was signed stays as it was signed. */
const writeCheckpoints = `
  insert into ledger_checkpoint (partition, size, position, at, note)
  select $1, size, position, at, note
  from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) as written (size, position, at, note)
  on conflict (partition, size) do nothing`

const writeKeys = `
  insert into ledger_key (verifier, number, from_at, until_at)
  select verifier, number, from_at, until_at
  from unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[]) as written (verifier, number, from_at, until_at)
  on conflict (verifier) do update set until_at = excluded.until_at`

const selectKeys = `
  select verifier, number, from_at::float8 as "from", until_at::float8 as "until" from ledger_key order by number, from_at`

const selectTiles = `
  select level, number::float8 as number, hashes from ledger_tile
  where partition = $1 and (level, number) in (select * from unnest($2::smallint[], $3::bigint[]))`

const selectBundle = 'select leaves from ledger_bundle where partition = $1 and number = $2'

const checkpointColumns = 'size::float8 as size, position::float8 as position, at::float8 as at, note'
const selectNewest = `
  select ${checkpointColumns} from ledger_checkpoint where partition = $1 order by size desc limit 1`
const selectCheckpoints = `
  select ${checkpointColumns} from ledger_checkpoint where partition = $1 and size > $2 order by size limit $3`

const selectFirst = 'select first::float8 as first from ledger_batch where partition = $1 and position = $2'

const clear = ['ledger_cursor', 'ledger_tile', 'ledger_bundle', 'ledger_batch'].map(
  table => `delete from ${table} where partition = $1`,
)

/** The log of one partition in the database. */
export class LedgerStore {
  readonly #pool: pg.Pool
  readonly partition: number

  constructor(pool: pg.Pool, partition: number) {
    this.#pool = pool
    this.partition = partition
  }

  async cursor(): Promise<Cursor> {
    await this.#pool.query(insertCursor, [this.partition])
    const { rows } = await this.#pool.query<Cursor>(selectCursor, [this.partition])
    return rows[0]!
  }

  /**
   * Writes a stretch. False when the cursor is no longer at `from`: somebody else has written it, and nothing was changed. A crash before the
   * commit leaves the log as it was; the stretch is read again and gives the same bytes.
   */
  async write(from: Cursor, to: Cursor, { tiles, bundles, batches, checkpoints }: Stretch): Promise<boolean> {
    const { partition } = this
    const client = await this.#pool.connect()
    try {
      await client.query('begin')
      const { rowCount } = await client.query(moveCursor, [partition, from.position, from.size, to.position, to.size])
      if (rowCount === 1) {
        const [levels, numbers] = [tiles.map(one => one.level), tiles.map(one => one.number)]
        if (tiles.length > 0) await client.query(writeTiles, [partition, levels, numbers, tiles.map(one => one.hashes)])
        const leaves = bundles.map(one => one.leaves)
        if (bundles.length > 0) await client.query(writeBundles, [partition, bundles.map(one => one.number), leaves])
        const [positions, firsts] = [batches.map(one => one.position), batches.map(one => one.first)]
        if (batches.length > 0) await client.query(writeBatches, [partition, positions, firsts])
        if (checkpoints.length > 0) await client.query(writeCheckpoints, [partition, ...columnsOf(checkpoints)])
      }
      await client.query(rowCount === 1 ? 'commit' : 'rollback')
      client.release()
      return rowCount === 1
    } catch (error) {
      client.release(true) // Closing the connection rolls back.
      throw error
    }
  }

  /** Drops what follows from the journal, to be made again; what was signed stays. */
  async clear(): Promise<void> {
    for (const statement of clear) await this.#pool.query(statement, [this.partition])
  }

  async writeKeys(keys: readonly LedgerKey[]): Promise<void> {
    const verifiers = keys.map(({ verifier }) => verifier.text)
    const numbers = keys.map(({ number }) => number)
    const from = keys.map(one => one.from)
    const until = keys.map(one => one.until ?? null)
    await this.#pool.query(writeKeys, [verifiers, numbers, from, until])
  }

  async keys(): Promise<{ verifier: string; number: number; from: number; until: number | null }[]> {
    return (await this.#pool.query(selectKeys)).rows
  }

  async tiles(wanted: readonly { level: number; number: number }[]): Promise<Written[]> {
    if (wanted.length === 0) return []
    const [levels, numbers] = [wanted.map(({ level }) => level), wanted.map(({ number }) => number)]
    return (await this.#pool.query<Written>(selectTiles, [this.partition, levels, numbers])).rows
  }

  async tile(level: number, number: number): Promise<Uint8Array | undefined> {
    const [found] = await this.tiles([{ level, number }])
    return found?.hashes
  }

  /** Leaves one behind the other, 32 bytes each. */
  async bundle(number: number): Promise<Uint8Array | undefined> {
    const { rows } = await this.#pool.query<{ leaves: Uint8Array }>(selectBundle, [this.partition, number])
    return rows[0]?.leaves
  }

  async newest(): Promise<StoredCheckpoint | undefined> {
    return (await this.#pool.query<StoredCheckpoint>(selectNewest, [this.partition])).rows[0]
  }

  /** Behind a size, the smallest first. */
  async checkpoints(behind: number, limit: number): Promise<StoredCheckpoint[]> {
    return (await this.#pool.query<StoredCheckpoint>(selectCheckpoints, [this.partition, behind, limit])).rows
  }

  /** Index of the first leaf of a batch of the journal; `undefined` when it has none or is not in the log yet. */
  async firstOf(position: number): Promise<number | undefined> {
    const { rows } = await this.#pool.query<{ first: number }>(selectFirst, [this.partition, position])
    return rows[0]?.first
  }
}

const columnsOf = (all: StoredCheckpoint[]): unknown[][] => [
  all.map(({ size }) => size),
  all.map(({ position }) => position),
  all.map(({ at }) => at),
  all.map(({ note }) => note),
]

/** So many leaves lie in a bundle. */
export const leavesIn = (bundle: Uint8Array): number => bundle.length / hashBytes

import assert from 'node:assert/strict'
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

type Row = Entry & { sealed: Uint8Array; keys: Uint8Array }

type Partition = {
  epoch: number
  lastAt: number
  rows: Row[]
  snapshot: { position: Position; pages: Map<string, Uint8Array> } | undefined
}

/** What survives a crash: the "disk". Journals that share one see the same partitions, as processes that share a server do. */
export class MemoryStore {
  readonly partitions = new Map<number, Partition>()
}

/** What becomes of an append: `lost-request` never arrives, `lost-reply` is written and its answer is lost. */
export type AppendFate = 'ok' | 'lost-request' | 'lost-reply'

/**
 * The journal in memory, for simulation and tests: the same fencing as PostgreSQL, none of its durability. A crash is: drop this object, make
 * another on the same store.
 */
export class MemoryJournal implements Journal {
  readonly #store: MemoryStore
  readonly #beforeAppend: () => AppendFate
  #closed = false

  constructor(store: MemoryStore = new MemoryStore(), faults: { beforeAppend?: () => AppendFate } = {}) {
    this.#store = store
    this.#beforeAppend = faults.beforeAppend ?? (() => 'ok')
  }

  async claim(partition: number): Promise<Claim> {
    const found = this.#partition(partition)
    found.epoch += 1
    return { partition, epoch: found.epoch, head: found.rows.length, headHash: headHash(found), lastAt: found.lastAt }
  }

  async append(
    claim: { partition: number; epoch: number },
    after: { expected: Position; hash: Uint8Array },
    batch: Batch,
  ): Promise<Appended> {
    const partition = this.#partition(claim.partition)
    const fate = this.#beforeAppend()
    if (fate === 'lost-request') throw new JournalUnavailable('the append did not reach the journal')
    const appended = write(partition, claim.epoch, after, batch)
    if (fate === 'lost-reply') throw new JournalUnavailable('the reply to the append was lost')
    return appended
  }

  async head(partition: number): Promise<{ position: Position; epoch: number }> {
    const found = this.#partition(partition)
    return { position: found.rows.length, epoch: found.epoch }
  }

  async read(partition: number, { from, limit }: { from: Position; limit: number }): Promise<Entry[]> {
    const rows = this.#partition(partition).rows.slice(from, from + limit)
    return rows.map(({ position, at, hash, events }) => ({ position, at, hash, events }))
  }

  async sealed(partition: number, position: Position): Promise<{ sealed: Uint8Array; keys: Uint8Array } | undefined> {
    const row = this.#partition(partition).rows[position - 1]
    return row && { sealed: row.sealed, keys: row.keys }
  }

  async replaceKeys(partition: number, position: Position, keys: Uint8Array): Promise<void> {
    const row = this.#partition(partition).rows[position - 1]
    assert(row && row.keys.length > 0, 'keys are replaced only where a batch has some')
    row.keys = keys.slice()
  }

  async saveSnapshot(
    partition: number,
    position: Position,
    pages: SnapshotPage[],
    { whole }: { whole: boolean },
  ): Promise<void> {
    const found = this.#partition(partition)
    if (found.snapshot && found.snapshot.position > position) return
    const kept = whole ? [] : (found.snapshot?.pages ?? [])
    const saved = pages.map(({ page, bytes }): [string, Uint8Array] => [page, bytes.slice()])
    found.snapshot = { position, pages: new Map([...kept, ...saved]) }
  }

  async loadSnapshot(partition: number): Promise<{ position: Position; pages: SnapshotPage[] } | undefined> {
    const snapshot = this.#partition(partition).snapshot
    if (!snapshot) return undefined
    const pages = [...snapshot.pages].map(([page, bytes]) => ({ page, bytes }))
    return { position: snapshot.position, pages: pages.sort((a, b) => (a.page < b.page ? -1 : 1)) }
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #partition(id: number): Partition {
    if (this.#closed) throw new JournalUnavailable('the journal is closed')
    const found = this.#store.partitions.get(id) ?? { epoch: 0, lastAt: 0, rows: [], snapshot: undefined }
    this.#store.partitions.set(id, found)
    return found
  }
}

const headHash = (partition: Partition): Uint8Array => partition.rows.at(-1)?.hash ?? genesisHash()

function write(
  partition: Partition,
  epoch: number,
  after: { expected: Position; hash: Uint8Array },
  batch: Batch,
): Appended {
  const same = Buffer.compare(headHash(partition), after.hash) === 0
  if (partition.epoch !== epoch || partition.rows.length !== after.expected || !same) return { status: 'conflict' }
  assert(batch.at >= partition.lastAt, 'the instants of a partition never go back')
  const position = after.expected + 1
  const hash = chainHash(after.hash, { position, ...batch })
  const { at, events, sealed, keys } = batch
  partition.rows.push({ position, at, hash, events: events.slice(), sealed: sealed.slice(), keys: keys.slice() })
  partition.lastAt = at
  return { status: 'appended', hash }
}

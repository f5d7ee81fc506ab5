/**
 * The journal: the only durable truth. A partition is a gapless sequence of batches, each one row and one commit; everything else
 * (state of the core, register, console) is derived from it and can be rebuilt.
 *
 * Exactly one writer appends to a partition. `claim` makes a new writer and raises the partition's epoch, so that whatever the writer before
 * it still has under way ends as a conflict and is never half visible.
 */

/** 1 for the first batch of a partition, then without gaps; 0 is the head of an empty partition. */
export type Position = number

/** What one append makes durable, all or nothing. */
export type Batch = {
  /** Instant of the decisions, milliseconds since 1970; never smaller than that of the batch before. */
  at: number
  /** UTF-8 JSON array of the batch's events. Holds no recipient and no secret. */
  events: Uint8Array
  /** Ciphertexts, one after the other; events refer to them by offset and length. Empty when no event has one. */
  sealed: Uint8Array
  /** The subject keys first used in this batch, wrapped together; events refer to them by slot. Empty when there is none. */
  keys: Uint8Array
}

export type Entry = {
  position: Position
  at: number
  /** SHA-256 chain over the entry and the one before, see `chain.ts`; 32 bytes. */
  hash: Uint8Array
  events: Uint8Array
}

/** What `claim` gives the new writer: where the partition stands and the epoch that its appends carry. */
export type Claim = { partition: number; epoch: number; head: Position; headHash: Uint8Array; lastAt: number }

export type Appended = { status: 'appended'; hash: Uint8Array } | { status: 'conflict' }

/** One page of the core's state; `page` is its stable name, such as `caps/17`. */
export type SnapshotPage = { page: string; bytes: Uint8Array }

/** The world failed during a journal call: whether an append took effect is unknown until the head is read. */
export class JournalUnavailable extends Error {
  override readonly name = 'JournalUnavailable'
}

export interface Journal {
  /** Become the writer of a partition and fence the one before. Throws `JournalUnavailable`. */
  claim(partition: number): Promise<Claim>

  /**
   * Append one batch behind `expected`, the head that the writer believes in. `conflict`: another writer has taken over, or the head is
   * elsewhere; nothing was written. Throws `JournalUnavailable` when the outcome is unknown.
   */
  append(
    claim: { partition: number; epoch: number },
    after: { expected: Position; hash: Uint8Array },
    batch: Batch,
  ): Promise<Appended>

  /** The head as it is durable now. After a `JournalUnavailable` here, the lost append has taken effect by then or never will. */
  head(partition: number): Promise<{ position: Position; epoch: number }>

  /**
   * Up to `limit` entries behind `from` (exclusive), in order. Positions are given out under the writer's row lock and are gapless, so a reader
   * that has seen position n never misses a smaller one that commits late. May give fewer than `limit` when they are large; none only when
   * there is none.
   */
  read(partition: number, range: { from: Position; limit: number }): Promise<Entry[]>

  /** The sealed bytes and the wrapped keys of one batch; `undefined` when there is no such batch. */
  sealed(partition: number, position: Position): Promise<{ sealed: Uint8Array; keys: Uint8Array } | undefined>

  /** Replace the wrapped keys of one batch: how a subject's key is erased. The chain does not cover them. */
  replaceKeys(partition: number, position: Position, keys: Uint8Array): Promise<void>

  /** Replace the given pages and move the snapshot to `position`, in one commit. `whole` drops pages that are not named. */
  saveSnapshot(partition: number, position: Position, pages: SnapshotPage[], options: { whole: boolean }): Promise<void>

  /** The newest snapshot; `undefined` when there is none. */
  loadSnapshot(partition: number): Promise<{ position: Position; pages: SnapshotPage[] } | undefined>

  close(): Promise<void>
}

import {
  type Appended,
  type Batch,
  type Claim,
  type Entry,
  type Journal,
  JournalUnavailable,
  type Position,
  type SnapshotPage,
} from '../src/journal/journal.ts'
import { MemoryJournal, type MemoryStore } from '../src/journal/memory/journal.ts'
import type { Life, World } from './world.ts'

/** How often a call to the journal goes wrong: its request is lost, or its reply, or it takes seconds. */
export type Faults = { lostRequest: number; lostReply: number; slow: number }

/**
 * The journal behind a lossy line: each call takes time to arrive and to be answered, and may be lost on either way. What was sent before a
 * crash still arrives after it, as it does at a server.
 */
export class DistantJournal implements Journal {
  readonly #journal: MemoryJournal
  readonly #world: World
  readonly #life: Life
  readonly #faults: Faults
  readonly #mayCrash: () => void

  /** `mayCrash` is called at every point at which a call is under way. */
  constructor(
    store: MemoryStore,
    world: World,
    life: Life,
    { faults, mayCrash }: { faults: Faults; mayCrash: () => void },
  ) {
    this.#mayCrash = mayCrash
    this.#journal = new MemoryJournal(store)
    this.#world = world
    this.#life = life
    this.#faults = faults
  }

  claim(partition: number): Promise<Claim> {
    return this.#call(() => this.#journal.claim(partition))
  }

  append(
    claim: { partition: number; epoch: number },
    after: { expected: Position; hash: Uint8Array },
    batch: Batch,
  ): Promise<Appended> {
    return this.#call(() => this.#journal.append(claim, after, batch))
  }

  head(partition: number): Promise<{ position: Position; epoch: number }> {
    return this.#call(() => this.#journal.head(partition))
  }

  read(partition: number, range: { from: Position; limit: number }): Promise<Entry[]> {
    return this.#call(() => this.#journal.read(partition, range))
  }

  sealed(partition: number, position: Position): Promise<{ sealed: Uint8Array; keys: Uint8Array } | undefined> {
    return this.#call(() => this.#journal.sealed(partition, position))
  }

  replaceKeys(partition: number, position: Position, keys: Uint8Array): Promise<void> {
    return this.#call(() => this.#journal.replaceKeys(partition, position, keys))
  }

  saveSnapshot(
    partition: number,
    position: Position,
    pages: SnapshotPage[],
    options: { whole: boolean },
  ): Promise<void> {
    return this.#call(() => this.#journal.saveSnapshot(partition, position, pages, options))
  }

  loadSnapshot(partition: number): Promise<{ position: Position; pages: SnapshotPage[] } | undefined> {
    return this.#call(() => this.#journal.loadSnapshot(partition))
  }

  async close(): Promise<void> {}

  #call<T>(act: () => Promise<T>): Promise<T> {
    const { lostRequest, lostReply, slow } = this.#faults
    const fate = this.#world.random()
    const lossy = async () => {
      this.#mayCrash()
      if (fate < lostRequest) throw new JournalUnavailable('the request was lost')
      const result = await act()
      this.#mayCrash()
      if (fate < lostRequest + lostReply) throw new JournalUnavailable('the reply was lost')
      return result
    }
    const requestMs = this.#world.chance(slow) ? this.#world.between(100, 5000) : this.#world.between(0, 3)
    return this.#life.call(lossy, { requestMs, replyMs: this.#world.between(0, 3) })
  }
}

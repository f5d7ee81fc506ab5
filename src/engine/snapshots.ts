import type { Page } from '../core/capture.ts'
import { beginCapture } from '../core/snapshot.ts'
import type { State } from '../core/state.ts'
import type { Journal } from '../journal/journal.ts'

export type SnapshotOptions = {
  journal: Journal
  partition: number
  monotonic(): number
  /** Events between two snapshots at least: about as many are folded on recovery, some 200,000 a second. */
  everyEvents?: number
  failed(error: unknown): void
}

const everyEventsDefault = 200_000
/** A large state is written when a good part of it has changed: a snapshot for each few events of millions would write more than the journal. */
const rowsPerEventMax = 4
/** A capture takes at most this long between two turns. */
const captureStepMs = 3

type Capture = { position: number; whole: boolean; pages: Page[]; next(): Page | undefined }

/**
 * Snapshots of one partition: taken page by page between the turns, written beside them. The loop never waits for one, and one that fails
 * costs nothing but the next.
 */
export class Snapshots {
  readonly #options: SnapshotOptions
  #capture: Capture | undefined
  #saving = false
  #events = 0
  /** The pages of the database are those that the state was restored from: what has changed since suffices. */
  #incremental = false

  constructor(options: SnapshotOptions) {
    this.#options = options
  }

  /** The state was recovered, from a snapshot or from nothing, with this many events folded behind it. */
  recovered({ fromSnapshot, events }: { fromSnapshot: boolean; events: number }): void {
    this.#capture = undefined
    this.#incremental = fromSnapshot
    this.#events = events
  }

  happened(events: number): void {
    this.#events += events
  }

  /** A step of a capture if one is due or under way; true while it is. */
  step(state: State, position: number): boolean {
    if (this.#saving) return false
    if (!this.#capture) {
      if (this.#events < this.#due(state)) return false
      const whole = !this.#incremental
      this.#capture = { position, whole, pages: [], next: beginCapture(state, { whole }).next }
      this.#events = 0
    }
    return this.#take(this.#capture)
  }

  #due({ caps, repeats }: State): number {
    return Math.max(this.#options.everyEvents ?? everyEventsDefault, (caps.size + repeats.size) / rowsPerEventMax)
  }

  #take(capture: Capture): boolean {
    const until = this.#options.monotonic() + captureStepMs
    do {
      const page = capture.next()
      if (!page) {
        this.#capture = undefined
        void this.#save(capture)
        return false
      }
      capture.pages.push(page)
    } while (this.#options.monotonic() < until)
    return true
  }

  async #save({ position, whole, pages }: Capture): Promise<void> {
    const { journal, partition, failed } = this.#options
    this.#saving = true
    try {
      await journal.saveSnapshot(partition, position, pages, { whole })
      this.#incremental = true
    } catch (error) {
      // What had changed is no longer marked as such.
      this.#incremental = false
      failed(error)
    }
    this.#saving = false
  }
}

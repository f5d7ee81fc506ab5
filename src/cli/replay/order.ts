import type { OrderFault } from './faults.ts'

/** What stands in a trace, by line. `time`: instant, ms; absent when the event does not say. */
export type Dated = { line: number; time?: number }

export type OrderOptions<T> = {
  /** An event at its turn. `at` never goes back. */
  take(item: T, at: number): void
  fault(line: number, code: OrderFault): void
}

/** How far an event may be behind the newest one before it and still be put in its place, ms and events. */
const reorderMsMax = 60_000
const reorderEventsMax = 16_384
/** An event that is further ahead of all before it than the clock of a source may be wrong (`causeAheadMsMax` of the core) is looked at twice. */
const aheadMsMax = 2 * 60_000
/** How many of the lines behind such an event are asked. */
const witnesses = 32
/** With nothing behind it, an event this far ahead is not believed. */
const gapMsMax = 30 * 24 * 3_600_000

/**
 * Puts the events of a trace in the order of their times, with bounded memory, so that virtual time never goes back. Logs of several machines
 * are merged imperfectly: what is late by up to a minute is put in its place and named; what is later still is named and taken now.
 *
 * A trace has no "now" to tell the future by. An event that leaps ahead of all before it is either the end of a quiet time, or its clock is
 * wrong; the lines behind it tell: when most of them are from before it, it is from the future, named and not used.
 */
export class TimeOrder<T extends Dated> {
  readonly #options: OrderOptions<T>
  /** Read and not judged yet, oldest first. */
  readonly #unjudged: T[] = []
  #unjudgedFrom = 0
  /** Judged, by time, then line. */
  #waiting: T[] = []
  #waitingFrom = 0
  #newest: number | undefined
  #at = Number.NEGATIVE_INFINITY

  constructor(options: OrderOptions<T>) {
    this.#options = options
  }

  push(item: T): void {
    this.#unjudged.push(item)
    if (this.#unjudged.length - this.#unjudgedFrom <= witnesses) return
    this.#judge(this.#unjudged[this.#unjudgedFrom++]!)
    if (this.#unjudgedFrom < 1024) return
    this.#unjudged.splice(0, this.#unjudgedFrom)
    this.#unjudgedFrom = 0
  }

  /** The trace has ended: everything that waits is taken. */
  end(): void {
    while (this.#unjudgedFrom < this.#unjudged.length) this.#judge(this.#unjudged[this.#unjudgedFrom++]!)
    this.#release(Number.POSITIVE_INFINITY, 0)
  }

  #judge(item: T): void {
    const newest = this.#newest
    if (item.time === undefined && newest !== undefined) item.time = newest
    const { line, time } = item
    if (time === undefined) return this.#options.fault(line, 'trace.time-missing')
    if (newest !== undefined && time < newest) {
      // Named either way; what is too late keeps its own time as a fact, and is taken now.
      this.#options.fault(line, time < this.#at ? 'trace.too-late' : 'trace.out-of-order')
      return this.#insert(item)
    }
    if ((newest === undefined || time > newest + aheadMsMax) && this.#isFromTheFuture(time))
      return this.#options.fault(line, 'trace.from-the-future')
    this.#newest = time
    this.#waiting.push(item)
    this.#release(time - reorderMsMax, reorderEventsMax)
  }

  #isFromTheFuture(time: number): boolean {
    let before = 0
    let along = 0
    for (let i = this.#unjudgedFrom; i < this.#unjudged.length; i++) {
      const other = this.#unjudged[i]!.time
      if (other === undefined) continue
      if (other < time - aheadMsMax) before++
      else along++
    }
    if (before + along > 0) return before > along
    return this.#newest !== undefined && time > this.#newest + gapMsMax
  }

  #insert(item: T): void {
    let from = this.#waitingFrom
    let to = this.#waiting.length
    while (from < to) {
      const middle = (from + to) >> 1
      if (this.#waiting[middle]!.time! <= item.time!) from = middle + 1
      else to = middle
    }
    this.#waiting.splice(from, 0, item)
    this.#release(this.#newest! - reorderMsMax, reorderEventsMax)
  }

  /** Takes what is from `until` or before, and the oldest as long as more than `eventsMax` wait. */
  #release(until: number, eventsMax: number): void {
    while (this.#waitingFrom < this.#waiting.length) {
      const next = this.#waiting[this.#waitingFrom]!
      if (next.time! > until && this.#waiting.length - this.#waitingFrom <= eventsMax) break
      this.#waitingFrom++
      this.#at = Math.max(this.#at, next.time!)
      this.#options.take(next, this.#at)
    }
    if (this.#waitingFrom < reorderEventsMax) return
    this.#waiting = this.#waiting.slice(this.#waitingFrom)
    this.#waitingFrom = 0
  }
}

/** Clock and timer are handed in; `after` calls back once, so many ms later, or a little early. */
export type Clock = { now(): number; after(ms: number, call: () => void): void }

export const realClock: Clock = {
  now: () => performance.now(),
  after: (ms, call) => void setTimeout(call, ms),
}

type Waiting = { arrival: number; leave(): void }

/**
 * Answers leave on a schedule: at the first tick of a clock that all share, after the time that a look-up may take. How long the work took, which
 * might tell what was found, does not show; nor does who was done first, for of one tick they leave in the order in which they came.
 */
export class Schedule {
  readonly #leastMs: number
  readonly #tickMs: number
  readonly #clock: Clock
  readonly #waiting = new Map<number, Waiting[]>()
  #arrivals = 0

  constructor({ leastMs, tickMs, clock = realClock }: { leastMs: number; tickMs: number; clock?: Clock }) {
    this.#leastMs = leastMs
    this.#tickMs = tickMs
    this.#clock = clock
  }

  /** The result of the work, or its failure, when the schedule says so. Work that takes longer than `leastMs` leaves at a later tick. */
  async answer<T>(work: () => Promise<T>): Promise<T> {
    const arrival = this.#arrivals++
    const least = this.#clock.now() + this.#leastMs
    const [settled] = await Promise.allSettled([work()])
    await this.#tickAfter(Math.max(least, this.#clock.now()), arrival)
    if (settled!.status === 'rejected') throw settled!.reason
    return settled!.value
  }

  #tickAfter(instant: number, arrival: number): Promise<void> {
    const tick = Math.ceil(instant / this.#tickMs)
    return new Promise(leave => {
      const waiting = this.#waiting.get(tick)
      if (waiting) return void waiting.push({ arrival, leave })
      this.#waiting.set(tick, [{ arrival, leave }])
      this.#arm(tick)
    })
  }

  /** One timer a tick; set again while it fires early. */
  #arm(tick: number): void {
    const left = tick * this.#tickMs - this.#clock.now()
    if (left > 0) return this.#clock.after(left, () => this.#arm(tick))
    const waiting = this.#waiting.get(tick) ?? []
    this.#waiting.delete(tick)
    for (const { leave } of waiting.sort((a, b) => a.arrival - b.arrival)) leave()
  }
}

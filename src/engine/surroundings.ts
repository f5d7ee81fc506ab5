import type { TimeSources } from './clock.ts'

/** What the engine needs of the machine besides the journal: clocks and timers. The simulator puts its own in their place. */
export type Surroundings = TimeSources & {
  /** Calls `what` once after `ms`; the result cancels it. */
  after(ms: number, what: () => void): () => void
  /** Calls `what` soon, after what has arrived in the meantime. */
  soon(what: () => void): void
}

export const machine: Surroundings = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, what) {
    const timer = setTimeout(what, ms)
    return () => clearTimeout(timer)
  },
  soon: what => void setImmediate(what),
}

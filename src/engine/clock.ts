/**
 * The time of a partition: never goes back, whatever the machine's clock does. It starts at the later of the wall clock and the journal's last
 * instant, runs with the monotonic clock and follows the wall clock forward only. A wall clock that is set back an hour neither stops a
 * wait nor makes a cause fresh again; one that is set forward is believed.
 */
export type Clock = { now(): number }

export type TimeSources = { wall(): number; monotonic(): number }

const machine: TimeSources = { wall: () => Date.now(), monotonic: () => performance.now() }

export function partitionClock(lastAt: number, { wall, monotonic }: TimeSources = machine): Clock {
  let base = Math.max(lastAt, wall())
  let since = monotonic()
  return {
    now() {
      const elapsed = base + (monotonic() - since)
      const ahead = wall()
      if (ahead > elapsed + slewMs) {
        base = ahead
        since = monotonic()
        return Math.floor(ahead)
      }
      return Math.floor(elapsed)
    },
  }
}

/** Differences up to this are left to the monotonic clock, so that two readings never seem to run apart. */
const slewMs = 1000

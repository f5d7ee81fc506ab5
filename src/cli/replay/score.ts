import type { Drill, Parameters } from '../../drills/drill.ts'
import type { StopReport } from './alarms.ts'
import { type Counts, countedAs, type Decision, noCounts } from './outcomes.ts'
import { deliveryMs } from './partition.ts'
import { Replay, type Report, type Setting } from './replay.ts'

/** ms. Quantiles by nearest rank. */
export type Delays = { p50: number; p95: number; max: number }

/** What a drill did, by labels that the core never saw. */
export type DrillOutcome = {
  drill: string
  parameters: Parameters
  onset: number
  /** Messages that should reach nobody, of the whole drill. */
  wrongful: Counts
  /**
   * Messages that somebody waits for, requested from the onset on. `delayMs`: from the request to the hand-over, of those delivered, apart from the
   * time that the world takes.
   */
  honest: Counts & { share: number; delayMs: Delays }
  /** Meant to be sent, but waited for by nobody in particular; from the onset on. */
  meant: Counts
  /** Everything requested before the onset. */
  warmUp: Counts
  /** Deliveries of a class to an address for a cause that had one already. */
  duplicatesDelivered: number
  stop: {
    expected: boolean
    /** `breaker`: one opened from the onset on. `gate`: none did, and at most one in a hundred wrongful messages was delivered. */
    by: 'breaker' | 'gate' | 'nothing'
    first?: StopReport
    /** Wrongful messages delivered before it; all that were when nothing stopped them. */
    deliveredBefore: number
    /** From the onset to the first breaker. */
    seconds?: number
    /** Breakers that opened before the onset. */
    beforeOnset: number
  }
  asExpected: boolean
  report: Report
}

export type DrillProgress = { afterEvent?(replay: Replay): void; played?(line: unknown, label: unknown): void }

/** Plays a drill through the gate, without a way over text. The same parameters and policy give the same outcome. */
export function playDrill(
  drill: Drill,
  parameters: Parameters,
  setting: Setting,
  { afterEvent, played }: DrillProgress = {},
): DrillOutcome {
  const onset = drill.onsetOf(parameters)
  const score = new Score(onset)
  const replay = new Replay({ setting, ended: decision => score.ended(decision) })
  for (const { event, label } of drill.play(parameters)) {
    played?.(event, label)
    replay.event(event, label)
    afterEvent?.(replay)
  }
  const report = replay.end()
  return score.outcome(drill, parameters, report)
}

const gateShareMax = 0.01
/** Of a small drill a handful is more than that share. */
const handfulMax = 25

class Score {
  readonly #onset: number
  readonly #wrongful = noCounts()
  readonly #honest = noCounts()
  readonly #meant = noCounts()
  readonly #warmUp = noCounts()
  readonly #delays: number[] = []
  readonly #wrongfulDeliveries: number[] = []
  readonly #answered = new Set<string>()
  #duplicates = 0

  constructor(onset: number) {
    this.#onset = onset
  }

  ended(decision: Decision): void {
    const { origin, at, deliveredAt } = decision
    const { label } = origin
    // A repeated request is no message of its own: nothing was sent for it.
    const end = decision.repeatOf === undefined ? countedAs(decision) : 'suppressed'
    if (label?.wrongful) count(this.#wrongful, end)
    if (at < this.#onset) count(this.#warmUp, end)
    else if (!label?.wrongful) count(label?.honest ? this.#honest : this.#meant, end)
    if (deliveredAt === undefined) return
    this.#delivered(decision, deliveredAt)
  }

  #delivered({ origin, at, class: className, address, cause }: Decision, deliveredAt: number): void {
    if (origin.label?.wrongful) this.#wrongfulDeliveries.push(deliveredAt)
    if (origin.label?.honest && at >= this.#onset) this.#delays.push(deliveredAt - deliveryMs - at)
    if (cause === undefined) return
    const answered = `${className}/${cause}/${address}`
    if (this.#answered.has(answered)) this.#duplicates++
    else this.#answered.add(answered)
  }

  outcome(drill: Drill, parameters: Parameters, report: Report): DrillOutcome {
    const stop = this.#stop(drill, report)
    const { requested, delivered } = this.#honest
    const honest = {
      ...this.#honest,
      share: requested === 0 ? 1 : delivered / requested,
      delayMs: delaysOf(this.#delays),
    }
    // Where nothing is to be stopped, the gate may well hold single messages.
    const ends = stop.expected ? stop.by !== 'nothing' : stop.by !== 'breaker'
    const asExpected = stop.beforeOnset === 0 && ends
    return {
      drill: drill.name,
      parameters,
      onset: this.#onset,
      wrongful: this.#wrongful,
      honest,
      meant: this.#meant,
      warmUp: this.#warmUp,
      duplicatesDelivered: this.#duplicates,
      stop,
      asExpected,
      report,
    }
  }

  #stop({ expected }: Drill, { stops }: Report): DrillOutcome['stop'] {
    const first = stops.find(({ at }) => Date.parse(at) >= this.#onset)
    const at = first === undefined ? Number.POSITIVE_INFINITY : Date.parse(first.at)
    const { requested, delivered } = this.#wrongful
    const held = requested > 0 && delivered <= Math.max(requested * gateShareMax, handfulMax)
    return {
      // The background alone has nothing that is to be stopped.
      expected: expected.stop && requested > 0,
      by: first ? 'breaker' : held ? 'gate' : 'nothing',
      deliveredBefore: this.#wrongfulDeliveries.filter(delivery => delivery <= at).length,
      beforeOnset: stops.filter(stop => Date.parse(stop.at) < this.#onset).length,
      ...(first && { first, seconds: (at - this.#onset) / 1000 }),
    }
  }
}

function count(counts: Counts, end: keyof Counts): void {
  counts.requested++
  counts[end]++
}

function delaysOf(delays: number[]): Delays {
  const sorted = Float64Array.from(delays).sort()
  const at = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
  return { p50: at(0.5), p95: at(0.95), max: at(1) }
}

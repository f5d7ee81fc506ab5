import type { Answer, Command } from '../../core/commands.ts'
import { type Coordinator, foldRuling, newCoordinator, rule, wanted } from '../../core/coordinator.ts'
import { type Effect, effects, type Window } from '../../core/effects.ts'
import type { Event, MessageId } from '../../core/events.ts'
import type { Policy } from '../../core/policy.ts'
import { fromConfig, newState, nextDue, type State } from '../../core/state.ts'
import { step } from '../../core/step.ts'

export type PartitionOptions = {
  policy: Policy
  policyHash: string
  window: Window
  /** What happened, in order. */
  happened(event: Event, at: number): void
}

/** How long the world takes for a message that is handed over. */
export const deliveryMs = 200
/** Leases are looked after this often, and when the policy changes: they are granted by the hour, minutes ahead. */
const leasesEveryMs = 10_000
/** After the last event soft holds end; a chain of them that does not is cut off here. */
const settleRoundsMax = 100

/**
 * The loop of a partition in virtual time: what `Partition` of the engine does, without waiting, journal or encryption. Decisions, folding,
 * effects, leases and the in-flight window are those of production; the world takes every message, after a fixed time.
 *
 * Commands of one instant are one batch. Time between events is not walked through but leapt over, from one thing that falls due to the next.
 */
export class VirtualPartition {
  readonly state: State = newState()
  readonly #options: PartitionOptions
  readonly #coordinator: Coordinator = newCoordinator()
  readonly #inFlight = new Map<MessageId, Effect>()
  readonly #world = { inFlight: this.#inFlight, isResting: () => false }
  /** Hand-overs under way, by when they end: all take the same time, so the oldest ends first. */
  #returning: { at: number; effect: Effect }[] = []
  #returned = 0
  #now = Number.NEGATIVE_INFINITY
  #position = 0
  #leasesDue = Number.NEGATIVE_INFINITY
  #policy: Policy | undefined
  /** Something happened at this instant, and what follows from it has not begun. */
  #unsettled = false

  constructor(options: PartitionOptions) {
    this.#options = options
  }

  /** The instant that virtual time has reached, ms. */
  get now(): number {
    return this.#now
  }

  /** Virtual time begins, with the policy; once. */
  begin(at: number): void {
    if (this.#position > 0) return
    this.#now = at
    const { policy, policyHash } = this.#options
    this.#decide({ type: 'ApplyPolicy', hash: policyHash, policy, by: fromConfig })
  }

  /** After `begin`; `at` is not before that of the command before. */
  submit(command: Command, at: number): Answer {
    this.#advance(at)
    if (at >= this.#leasesDue || this.state.policy !== this.#policy) this.#lease()
    this.#unsettled = true
    return this.#decide(command)
  }

  /** Virtual time runs on until no message waits for seconds and everything that may go has gone. */
  settle(): void {
    if (this.#position === 0) return
    for (let round = 0; round < settleRoundsMax; round++) {
      const { causeAwaitedMs, detection } = this.state.policy
      this.#advance(this.#now + Math.max(causeAwaitedMs, detection.softHoldMs) + deliveryMs)
      this.#deliverReady()
      if (!this.#someWait()) return
    }
  }

  #deliverReady(): void {
    for (;;) {
      this.#perform()
      const next = this.#returning[this.#returned]
      if (!next) return
      this.#advance(next.at)
    }
  }

  #someWait(): boolean {
    for (const { status } of this.state.messages.all()) if (status.is === 'waiting') return true
    return false
  }

  #decide(command: Command): Answer {
    const { events, answer } = step(this.state, command, { position: ++this.#position, at: this.#now })
    for (const event of events) this.#options.happened(event, this.#now)
    return answer
  }

  /** Everything that falls due up to and at `to`, in order. */
  #advance(to: number): void {
    for (;;) {
      if (this.#unsettled && to > this.#now) this.#perform()
      const due = this.#nextDue()
      if (due > to) break
      this.#now = Math.max(this.#now, due)
      if (this.#now >= this.#leasesDue) this.#lease()
      this.#return()
      this.#unsettled = true
      if (this.#tick()) continue
      // Not all that is due was done at once: the rest follows a millisecond later, as the engine's timer has it.
      if (this.#now >= to) break
      this.#now = Math.min(this.#now + 1, to)
    }
    this.#now = Math.max(this.#now, to)
  }

  #nextDue(): number {
    const returns = this.#returning[this.#returned]?.at ?? Number.POSITIVE_INFINITY
    return Math.min(returns, nextDue(this.state) ?? Number.POSITIVE_INFINITY)
  }

  /** Hand-overs that have ended. */
  #return(): void {
    while (this.#returned < this.#returning.length && this.#returning[this.#returned]!.at <= this.#now) {
      const { id, upstream } = this.#returning[this.#returned++]!.effect
      this.#decide({ type: 'RecordHandover', id, handover: 'accepted', upstream, reply: '' })
      this.#inFlight.delete(id)
    }
    if (this.#returned < 1024) return
    this.#returning = this.#returning.slice(this.#returned)
    this.#returned = 0
  }

  /** Whether nothing is due any more. */
  #tick(): boolean {
    if ((nextDue(this.state) ?? Number.POSITIVE_INFINITY) > this.#now) return true
    this.#decide({ type: 'Tick', inFlight: new Set(this.#inFlight.keys()) })
    return (nextDue(this.state) ?? Number.POSITIVE_INFINITY) > this.#now
  }

  /** Begins the hand-overs that are due and fit the window. */
  #perform(): void {
    this.#unsettled = false
    for (const effect of effects(this.state, this.#now, this.#options.window, this.#world)) {
      this.#inFlight.set(effect.id, effect)
      this.#returning.push({ at: this.#now + deliveryMs, effect })
    }
  }

  /** The coordinator's part: what this partition, the only one, may spend. */
  #lease(): void {
    this.#leasesDue = this.#now + leasesEveryMs
    this.#policy = this.state.policy
    const holder = { partition: 0, epoch: 1, now: this.#now }
    for (const want of wanted(this.state, { now: this.#now, partitions: 1 }))
      for (const ruling of rule(this.#coordinator, this.state.policy, want, holder)) {
        foldRuling(this.#coordinator, ruling)
        if (ruling.type === 'LeaseIssued') this.#decide({ type: 'GrantLease', lease: ruling.lease })
      }
  }
}

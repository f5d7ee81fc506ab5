import type { Label } from '../../drills/trace.ts'
import type { Application } from '../../inbound/intake.ts'
import type { Mailbox } from '../../std/mailbox.ts'
import { Comparison, type Difference } from './comparison.ts'
import { type Fault, Faults } from './faults.ts'
import type { Decision, Origin } from './outcomes.ts'
import { Playback, type Played, type Rules } from './playback.ts'
import { TraceReader } from './reader.ts'
import { TraceCommands, type TraceItem } from './trace.ts'

/** What a trace is played under: a policy, and what the configuration knows of the sender and of addresses for tests. */
export type Setting = Rules & { application: Application; isAllowListed(mailbox: Mailbox): boolean }

export type ReplayOptions = {
  setting: Setting
  /** A second policy to play the same trace under. */
  against?: Rules
  /** Told about each message under the first policy, when it has come to its end. */
  ended?(decision: Decision): void
}

export type Report = Played & {
  events: number
  lines: number
  faults: Fault[]
  faultsTotal: number
  faultsByCode: Record<string, number>
  against?: Played & { difference: Difference }
}

/** A trace, piece by piece, under one policy or two. Same trace, same policy: same report, however it is cut into pieces. */
export class Replay {
  readonly #faults = new Faults()
  readonly #reader: TraceReader
  readonly #commands: TraceCommands
  readonly #first: Playback
  readonly #second: Playback | undefined
  readonly #comparison = new Comparison()

  constructor({ setting, against, ended = () => {} }: ReplayOptions) {
    this.#commands = new TraceCommands(setting)
    this.#reader = new TraceReader({ faults: this.#faults, take: (item, at) => this.#take(item, at) })
    const { messages } = this.#commands
    this.#first = new Playback(setting, {
      decided: ({ origin, class: className, lane, source, template }) =>
        messages.decided(origin.id, { class: className, lane, source, template }),
      ended: decision => {
        ended(decision)
        if (against) this.#comparison.first(decision)
      },
    })
    this.#second = against && new Playback(against, { ended: decision => this.#comparison.second(decision) })
  }

  /** Events taken so far. */
  get events(): number {
    return this.#reader.events
  }

  /** The instant that virtual time has reached, ms; −∞ before the first event. */
  get now(): number {
    return this.#first.now
  }

  /** The next bytes of the trace, anywhere cut. */
  push(piece: Buffer): void {
    this.#reader.push(piece)
  }

  /** The next event, parsed already; not to be mixed with bytes. */
  event(value: unknown, label?: Label): void {
    this.#reader.event(value, label)
  }

  /** Once, when the trace is over. */
  end(): Report {
    this.#reader.end()
    const { policyHash, messages, byClass, ...found } = this.#first.end()
    const report: Report = {
      policyHash,
      events: this.#reader.events,
      lines: this.#reader.lines,
      messages,
      byClass,
      ...found,
      faults: this.#faults.named(),
      faultsTotal: this.#faults.total,
      faultsByCode: this.#faults.byCode(),
    }
    if (this.#second) report.against = { ...this.#second.end(), difference: this.#comparison.difference() }
    return report
  }

  #take(item: TraceItem, at: number): void {
    const command = this.#commands.commandOf(item, at)
    const { id, line } = item
    const origin: Origin = { id, line }
    if (item.is === 'message' && item.label) origin.label = item.label
    const refusal = this.#first.play(command, at, origin)
    this.#second?.play(command, at, origin)
    if (refusal !== undefined) this.#faults.add(line, refusal)
  }
}

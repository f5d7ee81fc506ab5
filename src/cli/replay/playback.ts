import type { Command } from '../../core/commands.ts'
import type { Window } from '../../core/effects.ts'
import type { Event, MessageFacts, MessageId } from '../../core/events.ts'
import { type Policy, versionsOf } from '../../core/policy.ts'
import type { SignalFacts } from '../../core/signals.ts'
import { Alarms } from './alarms.ts'
import { JournalHash } from './journal-hash.ts'
import { type Counts, counted, type Follow, noCounts, type Origin, Outcomes } from './outcomes.ts'
import { VirtualPartition } from './partition.ts'

/** A policy to play a trace under. */
export type Rules = { policy: Policy; policyHash: string; window: Window }

/** What became of a trace under one policy. */
export type Played = {
  policyHash: string
  messages: Counts & { repeated: number; conflicting: number; notices: number }
  byClass: Record<string, Counts>
  stops: Alarms['stops']
  stopsTotal: number
  incidents: never[]
  alarms: Alarms['alarms']
  alarmsTotal: number
  journalHash: string
}

const templatesMax = 256
/** About 100 bytes each. */
const withheldMax = 4_000_000
const versionsMax = 64

/** A trace under one policy: command by command, in virtual time. */
export class Playback {
  readonly #rules: Rules
  readonly #partition: VirtualPartition
  readonly #outcomes: Outcomes
  readonly #alarms = new Alarms()
  readonly #hash = new JournalHash()
  #learnsTemplates: boolean

  constructor(rules: Rules, follow: Follow) {
    this.#rules = rules
    this.#outcomes = new Outcomes(follow)
    this.#learnsTemplates = Object.keys(rules.policy.templates).length === 0
    const happened = (event: Event, at: number) => this.#happened(event, at)
    // What a trace tells of went to people, so what only warns with a local mailbox binds here.
    const policy = { ...rules.policy, deliversLocally: false }
    this.#partition = new VirtualPartition({ ...rules, policy, happened })
  }

  get now(): number {
    return this.#partition.now
  }

  /** `origin`: of a message. Gives the code of a refusal. */
  play(command: Command, at: number, origin?: Origin): string | undefined {
    this.#partition.begin(at)
    if (command.type === 'RequestMessage') {
      this.#learnTemplate(command.message, at)
      this.#outcomes.requesting(origin!)
      this.#alarms.requested(command.message.id, origin!.id)
      if (this.#withheld.size < withheldMax) this.#withheld.add(command.message.id)
    }
    if (command.type === 'ReportSignal' && this.#isOfWithheld(command.signal)) return undefined
    const answer = this.#partition.submit(command, at)
    if (answer.type === 'refused') return answer.code
    if (answer.type === 'decided' && answer.repeat && command.type === 'RequestMessage')
      this.#outcomes.repeat(command.message, at, answer)
    return undefined
  }

  /** What was not delivered under this policy nobody has read: nothing is heard of it. */
  #isOfWithheld(signal: SignalFacts): boolean {
    return 'message' in signal && signal.message !== undefined && this.#withheld.has(signal.message)
  }
  /** Messages that were asked for and not delivered, or not yet. */
  readonly #withheld = new Set<MessageId>()

  /** The trace has ended: soft holds end, what may go goes, and everything is told. */
  end(): Played {
    this.#partition.settle()
    this.#outcomes.end()
    const { repeated, conflicting, notices, byClass } = this.#outcomes
    const classes = [...byClass].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      policyHash: this.#rules.policyHash,
      messages: { ...sumOf(classes.map(([, counts]) => counts)), repeated, conflicting, notices },
      byClass: Object.fromEntries(classes),
      stops: this.#alarms.stops,
      stopsTotal: this.#alarms.stopsTotal,
      incidents: [],
      alarms: this.#alarms.alarms,
      alarmsTotal: this.#alarms.alarmsTotal,
      journalHash: this.#hash.digest(),
    }
  }

  #happened(event: Event, at: number): void {
    this.#hash.add(event, at)
    this.#alarms.happened(event, at)
    if (event.type === 'MessageDelivered') this.#withheld.delete(event.id)
    const delivered = this.#outcomes.happened(event, at)
    if (delivered) this.#alarms.delivered(delivered)
  }

  /**
   * Tocsin holds a message whose template it does not have, since it could not write it. A trace only names templates: where the policy has none
   * at all, those that occur are taken as had. What is unusual about one is for the detectors.
   */
  #learnTemplate({ template }: MessageFacts, at: number): void {
    if (!this.#learnsTemplates || !template) return
    const { policy } = this.#partition.state
    const versions = versionsOf(policy.templates, template.name)
    if (versions && (template.version === undefined || versions.includes(template.version))) return
    if (!versions && Object.keys(policy.templates).length >= templatesMax) return
    if (versions && versions.length >= versionsMax) return
    const known = [...(versions ?? []), ...(template.version === undefined ? [] : [template.version])]
    const learned = { ...policy, templates: { ...policy.templates, [template.name]: known } }
    this.#partition.submit({ type: 'ApplyPolicy', hash: 'replay', policy: learned, by: 'replay' }, at)
  }
}

function sumOf(all: Counts[]): Counts {
  const sum = noCounts()
  for (const counts of all) for (const key of ['requested', ...counted] as const) sum[key] += counts[key]
  return sum
}

import type { Answer, Command } from '../src/core/commands.ts'
import { type Effect, effects } from '../src/core/effects.ts'
import type { CauseFacts, Event, MessageFacts, MessageId } from '../src/core/events.ts'
import type { When } from '../src/core/fold.ts'
import { hourOf } from '../src/core/leases.ts'
import { type ClassPolicy, freshPolicy, type Lane, lanes, type Policy } from '../src/core/policy.ts'
import { fromConfig, newState, type State } from '../src/core/state.ts'
import { step } from '../src/core/step.ts'
import { type Hash64, nameHash } from '../src/std/hash64.ts'

/** On the hour, so that tests see whole clock hours. */
export const t0 = Date.UTC(2026, 0, 10, 12)
export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute

export const hashOf = (text: string): Hash64 => nameHash(text)

/** The n-th id: version 7, its last digits different enough to fall into several buckets. */
export const idOf = (n: number): MessageId =>
  `019bf000-0000-7000-8000-0000${(n * 0x9e3779b1).toString(16).padStart(8, '0').slice(-8)}` as MessageId

/** A message in words; every name becomes its hash. */
export type Wanted = Partial<
  Pick<
    MessageFacts,
    | 'application'
    | 'class'
    | 'template'
    | 'findings'
    | 'expiresAt'
    | 'environment'
    | 'allowListed'
    | 'via'
    | 'mentions'
    | 'inOrder'
    | 'campaign'
  >
> & { account?: string; to?: string; cause?: string; key?: string; content?: string }

export type Caused = Partial<
  Pick<CauseFacts, 'kind' | 'trust' | 'known' | 'occurredAt' | 'source' | 'requester' | 'change'>
> & {
  account?: string
  recipients?: string[]
  unverified?: string[]
}

/** The core with a clock of its own, told what happens in few words: for tables of given, when, then. */
export class Core {
  readonly state: State = newState()
  readonly events: Event[] = []
  readonly journal: { event: Event; when: When }[] = []
  at = t0
  #position = 0
  #grants = 0
  #messages = 0

  /** `leases: false` leaves every budget at nothing. */
  constructor({ policy, leases = true }: { policy?: (policy: Policy) => void; leases?: boolean } = {}) {
    const changed = freshPolicy()
    changed.deliversLocally = false
    policy?.(changed)
    this.do({ type: 'ApplyPolicy', hash: 'test', policy: changed, by: fromConfig })
    if (leases) this.grantAll()
  }

  do(command: Command): Answer {
    const when = { position: ++this.#position, at: this.at }
    const { events, answer } = step(this.state, command, when)
    this.events.push(...events)
    for (const event of events) this.journal.push({ event, when })
    return answer
  }

  /** What the command makes happen. */
  eventsOf(command: Command): Event[] {
    const before = this.events.length
    this.do(command)
    return this.events.slice(before)
  }

  grant(className: string, lane: Lane, messages: number, at = this.at): Answer {
    const lease = { class: className, lane, hour: hourOf(at), messages, epoch: 1, grant: ++this.#grants }
    return this.do({ type: 'GrantLease', lease })
  }

  grantAll(messages = 1000): void {
    for (const className of Object.keys(this.state.policy.classes))
      for (const lane of lanes) this.grant(className, lane, messages)
  }

  /** Time passes and the clock is looked at, as the engine does. */
  wait(ms: number, inFlight: MessageId[] = []): void {
    this.at += ms
    this.do({ type: 'Tick', inFlight: new Set(inFlight) })
  }

  cause(key: string, { account = 'ann', recipients = [], unverified, ...rest }: Caused = {}): Answer {
    const cause: CauseFacts = {
      key: hashOf(key),
      kind: 'reset.requested',
      account: hashOf(account),
      trust: 'session',
      known: true,
      recipients: recipients.map(hashOf),
      occurredAt: this.at,
      source: 'web',
      ...(unverified && { unverified: unverified.map(hashOf) }),
      ...rest,
    }
    return this.do({ type: 'ReportCause', cause })
  }

  request({ account, to = 'ann@example.org', cause, key, content = 'body', ...rest }: Wanted = {}): Answer {
    const message: MessageFacts = {
      id: idOf(++this.#messages),
      application: 'shop',
      class: 'password-reset',
      mailbox: hashOf(`mailbox ${to}`),
      address: hashOf(to),
      bytes: 1000,
      commitment: 'c'.repeat(43),
      sealed: { offset: 0, length: 10, page: 1, slot: 0 },
      via: 'http',
      ...rest,
    }
    if (account !== undefined) message.account = hashOf(account)
    if (cause !== undefined) message.cause = hashOf(cause)
    if (key !== undefined) message.repeat = { key: hashOf(key), content: hashOf(content) }
    return this.do({ type: 'RequestMessage', message })
  }

  /** Outcome, lane and reasons in one line, as tables show them. */
  send(wanted?: Wanted): string {
    return inWords(this.request(wanted))
  }

  /** The id of the message that was asked for last. */
  get last(): MessageId {
    return idOf(this.#messages)
  }

  handover(id: MessageId, handover: 'accepted' | 'deferred' | 'rejected' | 'unknown' | 'unreadable'): Event[] {
    const upstream = this.state.messages.get(id)?.upstream ?? 'mailbox'
    return this.eventsOf({ type: 'RecordHandover', id, handover, upstream, reply: '' })
  }

  statusOf(id: MessageId): string {
    return this.state.messages.get(id)?.status.is ?? 'ended'
  }

  due(inFlight: Effect[] = [], window = { inFlightMax: 100, bulkInFlightMax: 50 }, resting: string[] = []): Effect[] {
    return effects(this.state, this.at, window, {
      inFlight: new Map(inFlight.map(effect => [effect.id, effect])),
      isResting: upstream => resting.includes(upstream),
    })
  }
}

export function inWords(answer: Answer): string {
  switch (answer.type) {
    case 'decided':
      return [answer.outcome, answer.lane, ...(answer.repeat ? ['again'] : []), ...answer.reasons].join(' ')
    case 'refused':
      return `refused ${answer.code}`
    default:
      return answer.type
  }
}

/** Changes one class of a policy. */
export const withClass =
  (className: string, change: (one: ClassPolicy) => void) =>
  (policy: Policy): void =>
    change(policy.classes[className]!)

import { instantText } from '../std/instant.ts'
import { Random } from '../std/random.ts'
import { Agenda } from './agenda.ts'
import type { Pace } from './pace.ts'
import type { Parameters } from './parameters.ts'
import { People, type Person } from './people.ts'
import { Places, type Requester } from './places.ts'
import type { Label, Labelled } from './trace.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** The background goes on for so long after the incident. */
const afterMs = 30 * minute

export type Trust = 'session' | 'known-device' | 'unknown'

/** How likely it is, and how soon, that something follows a message that arrives. */
export type Fate = { completes: number; complains: number }

/** Usual: most people who ask follow the link within minutes; hardly anybody complains. */
export const usualFate: Fate = { completes: 0.7, complains: 0.0005 }
/** A message that nobody asked for: ignored, now and then reported. */
export const ignoredFate: Fate = { completes: 0.001, complains: 0.01 }

export type Message = {
  class: string
  person: Person
  cause?: string | undefined
  label: Label
  fate?: Fate
  /** Fields of the data other than the usual ones; `undefined` leaves one out. */
  data?: Record<string, unknown>
}

/** Template and version that each class usually sends, as approved. */
export const templates: Record<string, { template: string; version: string }> = {
  'password-reset': { template: 'password-reset', version: '7' },
  'sign-in-alert': { template: 'sign-in-alert', version: '4' },
  'credential-changed': { template: 'credential-changed', version: '5' },
  'recovery-changed': { template: 'recovery-changed', version: '2' },
  'forced-reset': { template: 'forced-reset', version: '1' },
  'activity-review': { template: 'activity-review', version: '2' },
  other: { template: 'account-notice', version: '3' },
}

const withLink = new Set(['password-reset', 'forced-reset'])

/** Where an event of a kind comes from. */
const sources: Record<string, string> = {
  message: '/accounts/mailer',
  provider: '/provider/upstream-1',
  report: '/support/reports',
  change: '/delivery/changes',
  access: '/audit/access',
  dmarc: '/mail/dmarc',
  claim: '/press/claims',
  protection: '/security/response',
  campaign: '/security/campaigns',
  baseline: '/history/baseline',
  coverage: '/coverage',
}
const webSource = '/web/auth'

const causeTypes =
  /^tocsin\.(?:reset\.requested|login\.(?:succeeded|failed)|credential\.changed|protection\.ordered|session\.(?:started|revoked))$/

/**
 * The play of one drill: a clock, what is still to happen, and what the trace says of it. Everything takes place at `now`, so that the
 * trace ascends, and only what is still to come is held, so that a million messages take no more memory than a thousand.
 */
export class Stage {
  readonly parameters: Parameters
  readonly start: number
  readonly onset: number
  readonly people: People
  readonly places: Places
  now: number
  /** Ways in which a fault changes the ordinary traffic; scripts set them. */
  readonly faults: {
    /** Before a message of the background goes: what becomes of it, or `undefined` when it is lost. */
    reroute?: (message: Message) => Message | undefined
    /** After a message of the background went: the same message, its id and the data that were sent. */
    afterSend?: (message: Message, id: string, data: Record<string, unknown>) => void
    /** How long the provider takes, ms, instead of 1 to 3 s. */
    deliveryMs?: () => number
    /** After the provider reported: type and data. */
    afterProvider?: (type: string, data: Record<string, unknown>, id: string) => void
    /** Whether somebody who would do something stays away now. */
    isAway?: (requester: Requester) => boolean
  } = {}
  readonly #agenda = new Agenda()
  readonly #said: Labelled[] = []
  readonly #fates: Random
  #serial = 0
  #running = 1
  #end = Number.POSITIVE_INFINITY

  constructor(parameters: Parameters, times: { start: number; onset: number }) {
    this.parameters = parameters
    this.start = times.start
    this.onset = times.onset
    this.now = times.start
    // So many that honest people do not meet their caps by chance.
    this.people = new People(
      Math.max(100_000, Math.ceil(parameters.perMinute) * 40_000, Math.ceil(parameters.size * 1.25)),
    )
    this.places = new Places(parameters.perMinute)
    this.#fates = this.random('fates')
    this.at(this.onset, () => this.#finish())
  }

  /** A stream of draws of its own: what one part draws does not change what another does. */
  random(name: string): Random {
    let stream = 0
    for (let i = 0; i < name.length; i++) stream = Math.imul(stream ^ name.charCodeAt(i), 0x0100_0193) + 1
    return new Random(this.parameters.seed).fork(stream)
  }

  get isOver(): boolean {
    return this.now >= this.#end
  }

  at(instant: number, act: () => void): void {
    this.#agenda.add(Math.max(instant, this.now), act)
  }

  later(delayMs: number, act: () => void): void {
    this.at(this.now + delayMs, act)
  }

  /** The incident lasts until what is returned has been called; it may consist of several parts. */
  begin(): () => void {
    this.#running++
    let isRunning = true
    return () => {
      if (isRunning) this.#finish()
      isRunning = false
    }
  }

  #finish(): void {
    this.#running--
    if (this.#running === 0) this.#end = this.now + afterMs
  }

  *play(): Generator<Labelled> {
    while (true) {
      const next = this.#agenda.next()
      if (next === undefined || next > this.#end) return
      this.now = next
      this.#agenda.take()()
      yield* this.#said
      this.#said.length = 0
    }
  }

  /** Does something `count` times, from `from` on at a pace; `evenly` as a machine does, else as independent people do. */
  paced(
    { from, count, pace, evenly, random }: { from: number; count: number; pace: Pace; evenly: boolean; random: Random },
    act: (index: number) => void,
  ): void {
    if (count <= 0) return
    const end = this.begin()
    let index = 0
    const step = (): void => {
      act(index)
      index++
      if (index === count) return end()
      const gap = second / pace(this.now - from)
      this.later(evenly ? gap * (0.9 + 0.2 * random.uniform()) : random.exponential(gap), step)
    }
    this.at(from, step)
  }

  /** Something happened. Gives the id of the event. */
  tell(
    type: string,
    data: Record<string, unknown>,
    { subject, source, id, label }: { subject?: string; source?: string; id?: string; label?: Label } = {},
  ): string {
    const eventId = id ?? `e-${(this.#serial++).toString(36)}`
    const event = {
      specversion: '1.0' as const,
      id: eventId,
      source: source ?? sources[type.slice(0, type.indexOf('.'))] ?? webSource,
      type: `tocsin.${type}`,
      ...(subject === undefined ? {} : { subject }),
      time: instantText(this.now),
      data,
    }
    if (this.parameters.causes === 'hidden' && causeTypes.test(event.type)) return eventId
    this.#said.push(label === undefined ? { event } : { event, label })
    return eventId
  }

  /** A person, or somebody who says so, asks for a reset. Gives the id of the cause. */
  ask(
    person: Person,
    { trust, requester, known = true }: { trust: Trust; requester: Requester; known?: boolean },
  ): string {
    const recipients = known ? { recipients: [{ email: person.email }] } : {}
    return this.tell('reset.requested', { known, requester, trust, ...recipients }, { subject: person.account })
  }

  /** The message that answers what has happened, as ordinary traffic: 50 to 500 ms later, and subject to what a fault does to it. */
  answer(message: Message): void {
    this.later(50 + 450 * this.#fates.uniform(), () => {
      const { reroute, afterSend } = this.faults
      const sent = reroute === undefined ? message : reroute(message)
      if (sent === undefined) return
      const { id, data } = this.send(sent)
      afterSend?.(sent, id, data)
    })
  }

  /** A message is asked for now. What follows it does so if it is delivered: a player leaves out what names a message that was not. */
  send(message: Message): { id: string; data: Record<string, unknown> } {
    const { cause, person, label } = message
    const usual = templates[message.class]
    const data: Record<string, unknown> = {
      class: message.class,
      recipient: person.email,
      template: usual?.template,
      templateVersion: usual?.version,
      cause: cause === undefined || this.parameters.causes === 'hidden' ? undefined : { id: cause },
      key: undefined,
      build: 'mailer-2026.01.2',
      environment: 'production',
      slots: undefined,
      source: 'accounts-mailer',
      expiresAt: undefined,
      ...message.data,
    }
    if (!('key' in (message.data ?? {}))) data.key = `k-${this.#serial.toString(36)}`
    if (message.class === 'password-reset' && data.expiresAt === undefined)
      data.expiresAt = instantText(this.now + hour)
    for (const name of Object.keys(data)) if (data[name] === undefined) delete data[name]
    const id = this.tell('message.requested', data, { subject: person.account, label })
    this.#deliver(id)
    this.#follow(id, message)
    return { id, data }
  }

  #deliver(message: string): void {
    const random = this.#fates
    const took = this.faults.deliveryMs?.() ?? second + 2 * second * random.uniform()
    const luck = random.uniform()
    const data = { message, providerId: `p-${message.slice(2)}`, provider: 'upstream-1' }
    const say = (delayMs: number, type: string) =>
      this.later(delayMs, () => {
        const id = this.tell(type, data)
        this.faults.afterProvider?.(type, data, id)
      })
    if (luck < 0.005) say(took, 'provider.bounced')
    else say(luck < 0.015 ? took + minute + random.exponential(minute) : took, 'provider.delivered')
    if (luck >= 0.005 && luck < 0.015) say(took, 'provider.deferred')
  }

  #follow(message: string, { class: name, person, cause, fate = usualFate }: Message): void {
    const random = this.#fates
    const named = cause === undefined || this.parameters.causes === 'hidden' ? { message } : { cause, message }
    const subject = person.account
    if (withLink.has(name) && random.chance(fate.completes)) {
      const followed = 15 * second + random.exponential(2 * minute)
      this.later(followed, () => this.tell('link.followed', named, { subject }))
      if (random.chance(0.93))
        this.later(followed + 15 * second + random.exponential(40 * second), () =>
          this.tell('reset.completed', named, { subject }),
        )
    }
    if (random.chance(fate.complains))
      this.later(20 * second + random.exponential(5 * minute), () =>
        this.tell('report.received', { kind: 'not-requested', message, from: person.email }, { subject }),
      )
  }

  /** Something in the installation was changed by us. */
  change(kind: string, service: string, more: { version?: string; actor?: string } = {}): void {
    this.tell('change.applied', { kind, service, ...more })
  }
}

export const spans = { second, minute, hour, day }

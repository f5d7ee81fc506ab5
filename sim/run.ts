import { createHash } from 'node:crypto'
import type { Effect } from '../src/core/effects.ts'
import type { Event, MessageId } from '../src/core/events.ts'
import { freshPolicy, lanes, type Policy } from '../src/core/policy.ts'
import { coordinatorPartition } from '../src/engine/leasing.ts'
import { act, applyPolicy, eraseSubject, resumeClass } from '../src/engine/operator.ts'
import { accountHash } from '../src/inbound/requests.ts'
import { MemoryStore } from '../src/journal/memory/journal.ts'
import {
  type Books,
  causesJustifyOnce,
  deliveriesAreTrue,
  everyAcknowledgedEnded,
  everyCiphertextIsNamed,
  journalsKeepSecrets,
  readable,
  readBooks,
  registerFollows,
} from './audit.ts'
import { auditBudgets, type BudgetAudit } from './budgets.ts'
import { dump, eventsOf, folded } from './dump.ts'
import { Host, inFlightMax, keyring } from './host.ts'
import { Lanes, watchesAreExact } from './lanes.ts'
import { Desk, proposalsHold } from './proposals.ts'
import { Provider } from './provider.ts'
import { personOf, personsMax, Senders, untilAnswered } from './sender.ts'
import { Stops } from './stops.ts'
import { Studio, templatesHold } from './templates.ts'
import { World } from './world.ts'

const second = 1000
const minute = 60 * second
/** Three minutes before the hour, so that each run sees budgets change. */
const startAt = Date.UTC(2026, 0, 10, 11, 57)
const stormMs = 4 * minute

export type Report = {
  seed: number
  /** SHA-256 over what happened; nonces and keys, which are random by nature, left out. */
  hash: string
  wrong: string[]
  counts: {
    acknowledged: number
    delivered: number
    repeated: number
    crashes: number
    batches: number
    held: number
    stopped: number
    /** Leases that came back, budgets that a person lowered, and those that rose with the forecast within their hour. */
    returns: number
    lowered: number
    rises: number
    many: number
    /** Breakers that detectors opened, and hand-overs of the open lane while others waited. */
    breakers: number
    passed: number
    /** Templates and looks that two people have approved, and messages that were kept for what was found in them. */
    approvals: number
    kept: number
  }
}

/** Plays one seed: a storm of requests, faults and crashes, then calm; and says what did not hold. */
export async function simulate(seed: number, { events = 500 }: { events?: number } = {}): Promise<Report> {
  const simulation = new Simulation(seed)
  await simulation.storm(events)
  await simulation.calm()
  return simulation.report()
}

function simulatedPolicy({ scarce }: { scarce: boolean }): Policy {
  const policy = freshPolicy()
  policy.deliversLocally = false
  policy.upstreams = ['a', 'b']
  policy.matchesUntilRequired = 5
  policy.retry = { firstMs: 500, factor: 2, maxMs: 20 * second }
  policy.caps.open = { perHour: 4, perDay: 8 }
  policy.templates = { code: ['1'] }
  for (const one of Object.values(policy.classes)) {
    one.lifetimeMs = 5 * minute
    one.budgetPerHour = scarce
      ? { reserved: 15, open: 15, system: 15, campaign: 10 }
      : { reserved: 60, open: 40, system: 30, campaign: 10 }
  }
  return policy
}

/** What the durable journal of a partition says: which messages were decided, may go now, and how often each was tried. */
type Decided = { ids: Set<string>; ready: Set<string>; attempts: Map<string, number>; read: number }

function readReady(ready: Set<string>, event: Event): void {
  switch (event.type) {
    case 'MessageDecided':
      if (event.outcome === 'deliver') ready.add(event.message.id)
      if (event.notice) ready.add(event.notice)
      return
    case 'MessageReleased':
      ready.add(event.id)
      return
    case 'SubjectErased':
      for (const id of event.messages) ready.delete(id)
      return
    case 'HandoverDeferred':
    case 'HandoverUnknown':
      return
    default:
      if ('id' in event) ready.delete(event.id)
  }
}

class Simulation {
  readonly #seed: number
  readonly #world: World
  readonly #store = new MemoryStore()
  readonly #policy: Policy
  readonly #provider: Provider
  readonly #faults = { lostRequest: 0, lostReply: 0, slow: 0, crash: 0 }
  readonly #hosts: Host[]
  readonly #senders: Senders
  readonly #wrong: string[] = []
  /** Hand-overs that have begun and of which the journal does not know yet how they ended, by message: in which life. */
  readonly #begun = new Map<string, { host: Host; life: object; attempt: number }>()
  readonly #decided = new Map<number, Decided>()
  readonly #stops: Stops
  readonly #desk: Desk
  readonly #studio: Studio
  readonly #lanes = new Lanes()
  #held = 0

  /**
   * Some seeds have one partition, which holds the whole budget, most have two that share it; in some of these little is to be had, and nearly
   * all want it from one of the two.
   */
  readonly #partitions: number

  constructor(seed: number) {
    this.#seed = seed
    this.#partitions = seed % 4 === 0 ? 1 : 2
    const scarce = seed % 4 === 1
    this.#policy = simulatedPolicy({ scarce })
    if (seed % 3 === 0) this.#policy.classes['password-reset']!.budgetPerHour.open = 400
    this.#world = new World(seed)
    this.#provider = new Provider(this.#world)
    this.#stops = new Stops(this.#world, this.#store, this.#provider)
    this.#desk = new Desk(this.#world)
    this.#studio = new Studio(this.#world)
    this.#hosts = Array.from({ length: this.#partitions }, (_, number) => this.#host(number))
    this.#senders = new Senders(this.#world, this.#hosts, { crowding: scarce ? 0.9 : 0 })
  }

  #host(number: number): Host {
    return new Host({
      world: this.#world,
      store: this.#store,
      number,
      partitions: this.#partitions,
      provider: this.#provider,
      policy: this.#policy,
      faults: this.#faults,
      startAt,
      onBegin: (host, effect) => this.#onBegin(host, effect),
      onOpen: host => this.#world.chance(0.3) && this.#compare(host, 'after a start'),
    })
  }

  async storm(events: number): Promise<void> {
    const world = this.#world
    for (const host of this.#hosts) host.start()
    for (let i = 0; i < events; i++) world.after(world.between(0, stormMs), () => this.#happen())
    if (this.#seed % 3 === 0) this.#flood()
    await world.run(stormMs)
  }

  /** Strangers, each at a network of its own, ask for the resets of others: as many in half a minute as two hours would have. */
  #flood(): void {
    const world = this.#world
    const from = world.between(0, stormMs / 2)
    // Their mail queues: every hand-over takes seconds.
    world.after(from, () => this.#provider.slowDown())
    for (let i = 0; i < 120; i++) world.after(from + world.between(0, 30 * second), () => this.#senders.flood(i))
  }

  #happen(): void {
    const world = this.#world
    const chance = world.random()
    const host = world.pick(this.#hosts)
    if (chance < 0.02) return void this.#studio.act(host)
    if (chance < 0.8) return this.#senders.act()
    if (chance < 0.83) return host.crash()
    if (chance < 0.86) return this.#provider.worsen()
    if (chance < 0.88) return this.#provider.heal()
    if (chance < 0.9) return this.#worsenJournal()
    if (chance < 0.91) {
      host.clockOffMs = world.pick([-60, 0, 60]) * minute
      return
    }
    if (chance < 0.915) return void this.#changeBudget(host)
    if (chance < 0.935) return void this.#stops.act(host)
    if (chance < 0.95) return void this.#desk.act(host)
    if (chance < 0.96) return void this.#decideOnHeld(host)
    if (chance < 0.97) return void this.#erase(host)
    return void this.#checkpoint(host)
  }

  #worsenJournal(): void {
    const world = this.#world
    this.#faults.lostRequest = world.between(0, 0.05)
    this.#faults.lostReply = world.between(0, 0.05)
    this.#faults.slow = world.between(0, 0.05)
    this.#faults.crash = world.between(0, 0.02)
  }

  /** A person changes the budget of a class and lane, here and perhaps nowhere else yet. */
  async #changeBudget(host: Host): Promise<void> {
    const world = this.#world
    const className = world.pick(['password-reset', 'sign-in-alert', 'other'])
    const lane = world.pick(lanes)
    const messages = world.pick([0, 5, 20, 40, 60])
    await untilAnswered(world, host, () => {
      if (!host.partition) return undefined
      const policy = structuredClone(host.partition.state.policy)
      policy.classes[className]!.budgetPerHour[lane] = messages
      return applyPolicy(host.partition, policy, { hash: 'changed', by: 'operator' })
    })
  }

  /** A person looks at what is held and releases or discards one of it. */
  async #decideOnHeld(host: Host): Promise<void> {
    const held = [...(host.partition?.state.messages.all() ?? [])].filter(({ status }) => status.is !== 'ready')
    if (held.length === 0) return
    const { id } = this.#world.pick(held).facts
    const command = this.#world.chance(0.7)
      ? ({ type: 'ReleaseMessage', id, by: 'operator' } as const)
      : ({ type: 'DiscardMessage', id, by: 'operator', reason: 'drill' } as const)
    await untilAnswered(this.#world, host, () => host.partition && act(host.partition, command))
  }

  /** Right behind an answer the partition has folded what is durable, and no more. */
  async #checkpoint(host: Host): Promise<void> {
    const command = { type: 'ReportCoverage', source: 'web', until: 0, complete: true } as const
    await untilAnswered(this.#world, host, async () => {
      const partition = host.partition!
      await act(partition, command)
      if (host.partition === partition && partition.head === this.#store.partitions.get(host.number)!.rows.length)
        this.#compare(host, 'while it ran')
    })
  }

  /** 8. From scratch, from the snapshot and live: one state. */
  #compare(host: Host, when: string): void {
    const live = dump(host.partition!.state)
    for (const from of ['scratch', 'snapshot'] as const)
      if (dump(folded(this.#store, host.number, from)) !== live)
        this.#wrong.push(`8: partition ${host.number} ${when} is not what its journal says from ${from}`)
  }

  /** 1, 5 and 6, and that a hand-over is repeated only when nobody can know how the one before ended. */
  #onBegin(host: Host, effect: Effect): void {
    const { id, attempt } = effect
    const known = this.#readDecided(host.number)
    const now = host.partition!.now()
    if (!known.ids.has(id)) this.#wrong.push(`1: ${id} is handed over before it is durable`)
    if (!known.ready.has(id)) this.#wrong.push(`1: ${id} is handed over while it is kept, or after its end`)
    if (now >= effect.expiresAt) this.#wrong.push(`6: ${id} is handed over after its life`)
    this.#stops.begins(host, effect)
    this.#lanes.begins(host, effect)
    if (host.partition!.inFlight > inFlightMax) this.#wrong.push('5: the in-flight window is exceeded')
    const before = this.#begun.get(id)
    const isSettled = (known.attempts.get(id) ?? 0) >= (before?.attempt ?? 0)
    if (before && !isSettled && before.life === host.life) this.#wrong.push(`3: ${id} is handed over twice at once`)
    this.#begun.set(id, { host, life: host.life, attempt })
  }

  /** The ids that the durable journal has decided on, and the attempts that it knows of. */
  #readDecided(number: number): Decided {
    const known = this.#decided.get(number) ?? { ids: new Set(), ready: new Set(), attempts: new Map(), read: 0 }
    this.#decided.set(number, known)
    const rows = this.#store.partitions.get(number)!.rows
    for (; known.read < rows.length; known.read++)
      for (const event of eventsOf(rows[known.read]!)) {
        if (event.type === 'MessageDecided') known.ids.add(event.message.id)
        if (event.type === 'MessageDecided' && event.notice) known.ids.add(event.notice)
        if ('attempt' in event) known.attempts.set(event.id, event.attempt)
        readReady(known.ready, event)
      }
    return known
  }

  /** The world heals: what is held is decided by a person or expires, and everything comes to its end. */
  async calm(): Promise<void> {
    const world = this.#world
    Object.assign(this.#faults, { lostRequest: 0, lostReply: 0, slow: 0, crash: 0 })
    this.#provider.heal()
    await world.run(world.now + minute)
    for (const host of this.#hosts) await this.#releaseHalf(host)
    await world.run(world.now + 30 * second)
    for (const host of this.#hosts) this.#compare(host, 'when all was calm')
    await world.run(world.now + 5 * minute)
    for (const { number, partition } of this.#hosts)
      if (partition!.inFlight > 0) this.#wrong.push(`5: partition ${number} has lost a part of its window`)
    await this.#now(this.#erase(world.pick(this.#hosts)))
  }

  /** 9. Every hold has a way out: a person's word, or its end. */
  async #releaseHalf(host: Host): Promise<void> {
    const partition = host.partition!
    for (const { scope } of partition.state.stops) await this.#now(resumeClass(partition, { ...scope, by: 'operator' }))
    const held = [...partition.state.messages.all()].filter(({ status }) => status.is !== 'ready')
    this.#held += held.length
    for (const [i, { facts, expiresAt }] of held.entries()) {
      if (i % 2 === 1 || partition.now() + 10 * second >= expiresAt) continue
      const answer = await this.#now(act(partition, { type: 'ReleaseMessage', id: facts.id, by: 'operator' }))
      const { status } = partition.state.messages.get(facts.id) ?? {}
      // Two people may have been first: what they agreed on goes on meanwhile.
      const isGone = status === undefined || status.is === 'ready'
      const isOut =
        answer.type === 'done' ||
        (answer.type === 'refused' &&
          (answer.code === 'budget.exhausted' || (answer.code === 'message.not-held' && isGone)))
      if (!isOut) this.#wrong.push(`9: ${facts.id} cannot be released: ${JSON.stringify(answer)}`)
      if (answer.type === 'done') this.#released.push(facts.id)
    }
  }
  readonly #released: MessageId[] = []

  /** Lets the world go on until the promise has its result. */
  async #now<T>(promise: Promise<T>): Promise<T> {
    let done = false
    const result = promise.finally(() => {
      done = true
    })
    for (let i = 0; !done && i < 1000; i++) await this.#world.run(this.#world.now + 10)
    return result
  }

  /** 11. Erases a person of this partition: what was sealed for them by now can be read no more. */
  async #erase(host: Host): Promise<void> {
    const persons = Array.from({ length: personsMax }, (_, n) => personOf(n))
    const { account, addresses } = this.#world.pick(
      persons.filter(({ number }) => number % this.#partitions === host.number),
    )
    const subjects = [accountHash(keyring, account), ...addresses.map(address => keyring.hash('address', address))]
    for (const subject of subjects) {
      const places = [...readBooks(this.#store, this.#partitions).stories.values()]
        .filter(({ facts, partition }) => partition === host.number && [facts.account, facts.address].includes(subject))
        .map(({ facts: { id, sealed } }) => ({ page: sealed.page, slot: sealed.slot, id }))
      const order = {
        by: 'operator',
        async *places() {
          yield* places
        },
      }
      await untilAnswered(this.#world, host, () => host.partition && eraseSubject(host.partition, subject, order))
      for (const { page, slot } of places) this.#erased.add(`${host.number}/${page}/${slot}`)
    }
  }
  readonly #erased = new Set<string>()

  /** 11. Exactly what was erased is unreadable, and all else is what was committed to. */
  #contentsAreKept({ stories }: Books): string[] {
    return [...stories].flatMap(([id, story]) => {
      const { page, slot } = story.facts.sealed
      const wanted = this.#erased.has(`${story.partition}/${page}/${slot}`) ? 'erased' : 'fits'
      const found = readable(this.#store, story)
      return found === wanted ? [] : [`${id} should be ${wanted} and is ${found}`]
    })
  }

  #budgets!: BudgetAudit

  report(): Report {
    this.#budgets = auditBudgets(this.#store, this.#partitions)
    const books = readBooks(this.#store, this.#partitions)
    const { accepted } = this.#provider
    const { acknowledged } = this.#senders
    const proposals = proposalsHold(this.#store, this.#partitions)
    const { breakers } = watchesAreExact(this.#store)
    const { approvals, kept } = templatesHold(this.#store, this.#partitions)
    for (const [rule, found] of this.#findings(books)) this.#wrong.push(...found.map(text => `${rule}: ${text}`))
    const rows = [...this.#store.partitions.values()].reduce((sum, { rows }) => sum + rows.length, 0)
    return {
      seed: this.#seed,
      hash: this.#hash(),
      wrong: this.#wrong,
      counts: {
        acknowledged: acknowledged.length,
        delivered: new Set(accepted.map(({ id }) => id)).size,
        repeated: accepted.length - new Set(accepted.map(({ id }) => id)).size,
        crashes: this.#hosts.reduce((sum, { crashes }) => sum + crashes, 0),
        batches: rows,
        held: this.#held,
        stopped: this.#stops.counted,
        returns: this.#budgets.returns,
        lowered: this.#budgets.lowered,
        rises: this.#budgets.rises,
        many: proposals.released,
        breakers,
        passed: this.#lanes.passed,
        approvals,
        kept,
      },
    }
  }

  #findings(books: Books): [number, string[]][] {
    const { accepted } = this.#provider
    const { acknowledged, wrong } = this.#senders
    this.#wrong.push(...this.#stops.wrong, ...this.#desk.wrong, ...this.#studio.wrong)
    const undelivered = this.#released.filter(id => books.stories.get(id)?.ends[0] !== 'MessageDelivered')
    return [
      [2, everyAcknowledgedEnded(books, acknowledged)],
      [2, deliveriesAreTrue(books, accepted)],
      [3, wrong],
      [3, causesJustifyOnce(books, accepted)],
      [4, this.#budgets.wrong],
      [7, this.#lanes.wrong],
      [7, watchesAreExact(this.#store).wrong],
      [9, templatesHold(this.#store, this.#partitions).wrong],
      [9, proposalsHold(this.#store, this.#partitions).wrong],
      [9, undelivered.map(id => `${id} was released and not delivered`)],
      [10, registerFollows(this.#store)],
      [11, journalsKeepSecrets(this.#store)],
      [11, this.#contentsAreKept(books)],
      [11, everyCiphertextIsNamed(this.#store, books)],
    ]
  }

  #hash(): string {
    const hash = createHash('sha256')
    for (const number of [...Array(this.#partitions).keys(), coordinatorPartition])
      for (const { at, events } of this.#store.partitions.get(number)?.rows ?? [])
        hash.update(
          `${number} ${at} ${Buffer.from(events)
            .toString()
            .replaceAll(/"commitment":"[^"]*"/g, '')}\n`,
        )
    hash.update(JSON.stringify(this.#provider.accepted.map(({ effect: _, ...told }) => told)))
    hash.update(JSON.stringify(this.#senders.acknowledged.map(({ answer }) => answer)))
    return hash.digest('hex')
  }
}

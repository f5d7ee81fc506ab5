import type { Answer, Command, Handover } from '../core/commands.ts'
import type { Content } from '../core/content.ts'
import { type Effect, effects, isStopped, type Window } from '../core/effects.ts'
import { type Event, isAboutMessages, type MessageId } from '../core/events.ts'
import { fold } from '../core/fold.ts'
import { placeOf } from '../core/messages.ts'
import { covers, type Scope } from '../core/scope.ts'
import { isReadable, restore } from '../core/snapshot.ts'
import { newState, nextDue, type State } from '../core/state.ts'
import { step } from '../core/step.ts'
import { type Batch, type Claim, type Journal, JournalUnavailable } from '../journal/journal.ts'
import { assert } from '../std/assert.ts'
import { type Clock, partitionClock } from './clock.ts'
import type { Keyring } from './keyring.ts'
import { Leasing } from './leasing.ts'
import { ContentCache, SealedReader } from './sealed.ts'
import { Snapshots } from './snapshots.ts'
import { eraseInPage, KeyPage, type SubjectKey, Subjects } from './subjects.ts'
import type { Surroundings } from './surroundings.ts'

/** A command, and for a message its ciphertext and the key it is under. */
export type Submission = { command: Command; sealed?: { bytes: Uint8Array; key: SubjectKey; content: Content } }

/**
 * What the world made of a hand-over. Never throws: a failure is a value. `mayLeave` is asked right before the first byte goes out; when it
 * says no nothing goes, and the result is `undefined`.
 */
export type Deliver = (
  effect: Effect,
  content: Content,
  mayLeave: () => boolean,
) => Promise<{ handover: Handover; reply: string; restMs?: number } | undefined>

export type Log = {
  info(facts: object, text: string): void
  warn(facts: object, text: string): void
  error(facts: object, text: string): void
}

export type PartitionOptions = {
  partition: number
  /** How many share the budgets; 1 when absent. */
  partitions?: number
  journal: Journal
  keyring: Keyring
  deliver: Deliver
  window: Window
  surroundings: Surroundings
  log: Log
  /** Called after each batch, with what became durable. */
  onAppended?: (batch: { position: number; at: number; events: Event[] }) => void
  /** Events between two snapshots; see `Snapshots`. */
  snapshotEvery?: number
}

/** The journal cannot be written: nothing was decided, try again. */
export class PartitionUnavailable extends Error {
  override readonly name = 'PartitionUnavailable'
}

type Group = { submissions: Submission[]; resolve(answers: Answer[]): void; reject(reason: Error): void }

/** Bounds of one batch, so that the time to its commit stays short. */
const batchCommandsMax = 2000
const batchBytesMax = 8 * 1024 * 1024
/** Commands that may wait for the loop; beyond this the sender is asked to come back. */
const queuedCommandsMax = 50_000
const recoverPauseMs = 200
const recoverPauseMsMax = 5000
const tickMsMax = 1000
const clockAheadMsMax = 10_000
const clockToldEveryMs = 600_000

/**
 * The loop of one partition, and the only writer of its journal: collect the commands that have arrived, decide one after the other, each after
 * the events of the one before were folded, append all of it as one batch, then answer and let the effects begin.
 *
 * Nothing is answered or performed before the append. When an append fails its fate is settled by taking over the partition again: if the
 * batch is the head, it is durable and all goes on; if not, the state is dropped and recovered, by the same code that runs at the start.
 */
export class Partition {
  readonly #options: PartitionOptions
  readonly #subjects = new Subjects()
  readonly #contents = new ContentCache()
  readonly #leasing: Leasing
  readonly #reader: SealedReader
  readonly #inFlight = new Map<MessageId, Effect>()
  /** Those of which the first byte may have gone out; the others of the window can still be kept. */
  readonly #begun = new Set<MessageId>()
  /** A batch is on its way to the journal that may lift a stop or let a campaign go on: until it is durable nothing leaves on its strength. */
  #lifting = false
  /** Upstreams out of reach, and until when. */
  readonly #resting = new Map<string, number>()
  #state: State = newState()
  #claim!: Claim
  #clock!: Clock
  #queue: Group[] = []
  #queued = 0
  #status: 'open' | 'recovering' | 'stopped' = 'recovering'
  #running = false
  #soon = false
  #cancelTick: (() => void) | undefined
  readonly #snapshots: Snapshots
  #idle: (() => void)[] = []

  private constructor(options: PartitionOptions) {
    this.#options = options
    this.#leasing = new Leasing(options.journal)
    this.#reader = new SealedReader(options.journal, options.partition, options.keyring)
    const { journal, partition, snapshotEvery, surroundings, log } = options
    this.#snapshots = new Snapshots({
      journal,
      partition,
      monotonic: surroundings.monotonic,
      ...(snapshotEvery !== undefined && { everyEvents: snapshotEvery }),
      failed: error => log.warn({ reason: messageOf(error) }, 'a snapshot was not written'),
    })
  }

  /** Takes the partition over and recovers its state. Throws `JournalUnavailable`. */
  static async open(options: PartitionOptions): Promise<Partition> {
    const partition = new Partition(options)
    await partition.#recover()
    partition.#wake()
    return partition
  }

  /** The state as of now; for reading only. */
  get state(): State {
    return this.#state
  }

  get head(): number {
    return this.#claim.head
  }

  get isOpen(): boolean {
    return this.#status === 'open'
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  /** Messages of a scope that are with the world right now: their hand-over has begun, and only the world can say how it ends. */
  inFlightOf(scope: Scope): number {
    return this.inFlightWhere(effect => covers(scope, placeOf(effect)))
  }

  /** Whether its hand-over has a place in the window, be it that it is still being read back or signed. */
  isChosen(id: MessageId): boolean {
    return this.#inFlight.has(id)
  }

  inFlightWhere(is: (effect: Effect) => boolean): number {
    let count = 0
    for (const effect of this.#inFlight.values()) if (this.#begun.has(effect.id) && is(effect)) count++
    return count
  }

  now(): number {
    return this.#clock.now()
  }

  subjectKey(subject: Parameters<Subjects['keyOf']>[0]): SubjectKey {
    return this.#subjects.keyOf(subject)
  }

  /** Reads a content back; `undefined` when its key was erased. */
  content(message: Parameters<SealedReader['read']>[0], position: number): Promise<Content | undefined> {
    return this.#reader.read(message, position)
  }

  /** Destroys keys of one page in the journal. What was encrypted under them stays, provable and unreadable. */
  eraseKeys(page: number, slots: number[]): Promise<void> {
    const erased = this.#erasing.then(() => this.#eraseKeys(page, slots))
    this.#erasing = erased.catch(() => {})
    return erased
  }
  /** One page at a time: two erasures that read the same page would each bring back the key that the other destroyed. */
  #erasing: Promise<void> = Promise.resolve()

  async #eraseKeys(page: number, slots: number[]): Promise<void> {
    const { journal, keyring, partition } = this.#options
    const batch = await journal.sealed(partition, page)
    if (batch && batch.keys.length > 0)
      await journal.replaceKeys(partition, page, eraseInPage(keyring, batch.keys, slots))
  }

  /** After keys were erased in the journal. */
  forgetKeys(): void {
    this.#subjects.forgetAll()
    this.#contents.clear()
    this.#reader.forget()
  }

  /** Answers when the decisions are durable, in order. Rejects with `PartitionUnavailable`. */
  submit(submissions: Submission[]): Promise<Answer[]> {
    if (this.#status !== 'open') return Promise.reject(new PartitionUnavailable(`the partition is ${this.#status}`))
    if (this.#queued + submissions.length > queuedCommandsMax)
      return Promise.reject(new PartitionUnavailable('too many requests are waiting'))
    return new Promise((resolve, reject) => this.#enqueue({ submissions, resolve, reject }))
  }

  /** Stops taking requests, ends what is under way and waits up to `drainMs` for the hand-overs in flight. */
  async stop(drainMs: number): Promise<void> {
    const drained = new Promise<void>(resolve => this.#idle.push(resolve))
    const cancel = this.#options.surroundings.after(drainMs, () => this.#settleIdle(true))
    this.#draining = true
    this.#wake()
    await drained
    cancel()
    this.#status = 'stopped'
    this.#cancelTick?.()
    this.#rejectAll('the service is stopping')
  }
  #draining = false

  #enqueue(group: Group): void {
    this.#queue.push(group)
    this.#queued += group.submissions.length
    this.#wake()
  }

  #wake(): void {
    if (this.#running || this.#soon || this.#status !== 'open') return
    this.#soon = true
    this.#options.surroundings.soon(() => {
      this.#soon = false
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    if (this.#running || this.#status !== 'open') return
    this.#running = true
    this.#cancelTick?.()
    let capturing = false
    try {
      do {
        await this.#turn()
        this.#perform()
        capturing = this.#snapshots.step(this.#state, this.#claim.head)
      } while (this.#queue.length > 0 && this.#status === 'open')
    } catch (error) {
      this.#fail(error)
    }
    this.#running = false
    this.#settleIdle(false)
    if (this.#status === 'open') this.#armTick()
    if (this.#queue.length > 0 || capturing) this.#wake()
  }

  /** How far the partition's time is ahead of the machine's clock, ms: that clock was set back, or had been ahead. */
  get clockAheadMs(): number {
    return Math.max(0, Math.round(this.#clock.now() - this.#options.surroundings.wall()))
  }

  /** Time goes on from where it was, so causes look older than they are until the clock has caught up: people must know. */
  #watchClock(): void {
    const now = this.#options.surroundings.monotonic()
    if (now < this.#clockToldUntil || this.clockAheadMs < clockAheadMsMax) return
    this.#clockToldUntil = now + clockToldEveryMs
    const facts = { aheadMs: this.clockAheadMs }
    this.#options.log.warn(
      facts,
      "the journal is ahead of this machine's clock; fresh causes may look old until the clock has caught up",
    )
  }
  #clockToldUntil = 0

  #armTick(): void {
    this.#watchClock()
    const due = (nextDue(this.#state) ?? Number.POSITIVE_INFINITY) - this.#clock.now()
    this.#cancelTick = this.#options.surroundings.after(Math.max(1, Math.min(due, tickMsMax)), () => this.#wake())
  }

  /** One batch. */
  async #turn(): Promise<void> {
    const now = this.#clock.now()
    const groups = this.#collect()
    const grants = await this.#grants(now)
    const batch = new OpenBatch(this.#claim.head + 1, Math.max(now, this.#claim.lastAt))
    try {
      for (const command of grants) batch.decide(this.#state, { command })
      if (this.#somethingEnded(now)) {
        const inFlight = new Set(this.#inFlight.keys())
        batch.decide(this.#state, { command: { type: 'Tick', inFlight } })
      }
      const answers = groups.map(({ submissions }) => submissions.map(one => batch.decide(this.#state, one)))
      this.#lifting = batch.events.some(mayLift)
      if (batch.events.length > 0) await this.#append(batch)
      else batch.abandon()
      this.#lifting = false
      groups.forEach((group, i) => {
        group.resolve(answers[i]!)
      })
      this.#afterwards(batch, groups)
    } catch (error) {
      for (const group of groups)
        group.reject(new PartitionUnavailable('the journal could not be written', { cause: error }))
      throw error
    }
  }

  #somethingEnded(now: number): boolean {
    return (nextDue(this.#state) ?? Number.POSITIVE_INFINITY) <= now
  }

  #collect(): Group[] {
    let commands = 0
    let bytes = 0
    let count = 0
    for (const { submissions } of this.#queue) {
      if (count > 0 && (commands + submissions.length > batchCommandsMax || bytes > batchBytesMax)) break
      for (const { sealed } of submissions) bytes += sealed?.bytes.length ?? 0
      commands += submissions.length
      count++
    }
    this.#queued -= commands
    return this.#queue.splice(0, count)
  }

  /** Without the coordinator the partition goes on with the leases it has. */
  async #grants(now: number): Promise<Command[]> {
    try {
      const { partition, partitions = 1 } = this.#options
      return await this.#leasing.grants(this.#state, { partition, partitions, now })
    } catch (error) {
      if (!(error instanceof JournalUnavailable)) throw error
      this.#options.log.warn({ reason: error.message }, 'no leases were granted')
      return []
    }
  }

  async #append(batch: OpenBatch): Promise<void> {
    const { journal, keyring } = this.#options
    const { head, headHash, partition, epoch } = this.#claim
    const closed = batch.close(keyring)
    let hash: Uint8Array
    try {
      const result = await journal.append({ partition, epoch }, { expected: head, hash: headHash }, closed)
      if (result.status === 'conflict') throw new JournalUnavailable('another writer has taken the partition over')
      hash = result.hash
    } catch (error) {
      if (!(error instanceof JournalUnavailable)) throw error
      hash = await this.#settle(closed, head, error)
    }
    this.#claim = { ...this.#claim, head: head + 1, headHash: hash, lastAt: closed.at }
    // A crash from here on: the batch is durable and nobody has been told; senders ask again and get the same answers.
  }

  /**
   * The outcome of an append is unknown. Taking the partition over again fences whatever is still under way; after that the head tells whether
   * the batch is there: only we wrote at this position under our epoch, so an equal entry is ours.
   */
  async #settle(batch: Batch, head: number, error: JournalUnavailable): Promise<Uint8Array> {
    const { journal, partition } = this.#options
    const claim = await journal.claim(partition)
    if (claim.head !== head + 1) throw error
    const [entry] = await journal.read(partition, { from: head, limit: 1 })
    if (!entry || Buffer.compare(entry.events, batch.events) !== 0 || entry.at !== batch.at) throw error
    this.#claim = { ...claim, head }
    return claim.headHash
  }

  #afterwards(batch: OpenBatch, groups: Group[]): void {
    for (const { submissions } of groups)
      for (const { command, sealed } of submissions) {
        // Also when the message had ended in the meantime, so that nothing was left to record.
        if (command.type === 'RecordHandover') this.#landed(command.id)
        else if (sealed && command.type === 'RequestMessage' && this.#leavesSoon(command.message.id))
          this.#contents.put(command.message.id, sealed.content, sealed.bytes.length)
      }
    const { position, at, events } = batch
    if (events.length === 0) return
    for (const event of events) if ('id' in event && !this.#leavesSoon(event.id)) this.#contents.take(event.id)
    this.#snapshots.happened(events.length)
    this.#options.onAppended?.({ position, at, events })
  }

  #leavesSoon(id: MessageId): boolean {
    const is = this.#state.messages.get(id)?.status.is
    return is === 'ready' || is === 'waiting'
  }

  /** Start the hand-overs that are due and fit the in-flight window. All of them are durable: they come from the folded journal. */
  #perform(): void {
    if (this.#status !== 'open' || this.#draining) return
    const now = this.#clock.now()
    const isResting = (upstream: string) => (this.#resting.get(upstream) ?? 0) > now
    const world = { inFlight: this.#inFlight, isResting }
    for (const effect of effects(this.#state, now, this.#options.window, world)) {
      this.#inFlight.set(effect.id, effect)
      void this.#handOver(effect)
    }
  }

  async #handOver(effect: Effect): Promise<void> {
    const mayLeave = () => this.#mayLeave(effect)
    try {
      const content = this.#contents.get(effect.id) ?? (await this.#reader.read(effect.facts, effect.position))
      const handed = content
        ? await this.#options.deliver(effect, content, mayLeave)
        : { handover: 'unreadable' as const, reply: '', restMs: undefined }
      if (!handed) return this.#putBack(effect)
      const { handover, reply, restMs } = handed
      if (restMs !== undefined) this.#rest(effect.upstream, restMs)
      // A probe that is kept here says nothing about the upstream.
      else if (effect.facts.via !== 'probe' && this.#resting.delete(effect.upstream))
        this.#options.log.info({ upstream: effect.upstream }, 'an upstream is reached again')
      this.#observe({ type: 'RecordHandover', id: effect.id, handover, upstream: effect.upstream, reply })
    } catch (error) {
      this.#options.log.error({ id: effect.id, reason: messageOf(error) }, 'a hand-over could not be made')
      this.#options.surroundings.after(recoverPauseMs, () => this.#putBack(effect))
    }
  }

  /**
   * Reading it back, signing it and waiting for a connection may have taken seconds: a stop that was acknowledged meanwhile holds. Once this
   * has said yes the message counts as handed over, for a stop too.
   */
  #mayLeave(effect: Effect): boolean {
    const now = this.#clock.now()
    if (this.#lifting || this.#status !== 'open' || now >= effect.expiresAt) return false
    // Its person may have been erased meanwhile.
    if (this.#state.messages.get(effect.id)?.status.is !== 'ready') return false
    if (isStopped(this.#state, effect, now)) return false
    this.#begun.add(effect.id)
    return true
  }

  #landed(id: MessageId): void {
    this.#inFlight.delete(id)
    this.#begun.delete(id)
  }

  #rest(upstream: string, ms: number): void {
    if (!this.#resting.has(upstream))
      this.#options.log.warn({ upstream }, 'an upstream cannot be reached; its mail waits or takes another')
    this.#resting.set(upstream, this.#clock.now() + ms)
    this.#options.surroundings.after(ms + 1, () => this.#wake())
  }

  /**
   * Not handed over: the message is as it was, and a later turn deals with it. If its life ended meanwhile the clock has passed it by, since it
   * was with the world; so it is looked at again.
   */
  #putBack({ id, expiresAt }: Effect): void {
    this.#landed(id)
    if (this.#status !== 'open' || this.#clock.now() < expiresAt) return this.#wake()
    const command: Command = { type: 'ReconsiderMessage', id }
    this.#enqueue({ submissions: [{ command }], resolve: () => {}, reject: () => {} })
  }

  /** What was seen must reach the journal, however long that takes; until then the message counts as in flight. */
  #observe(command: Extract<Command, { type: 'RecordHandover' }>): void {
    if (this.#status === 'stopped') return
    if (this.#status !== 'open') {
      this.#options.surroundings.after(recoverPauseMs, () => this.#observe(command))
      return
    }
    const retry = () => void this.#options.surroundings.after(recoverPauseMs, () => this.#observe(command))
    this.#enqueue({ submissions: [{ command }], resolve: () => {}, reject: retry })
  }

  /** The state may hold what is not durable: drop it. */
  #fail(error: unknown): void {
    this.#status = 'recovering'
    this.#rejectAll('the journal could not be written')
    this.#options.log.error({ reason: messageOf(error) }, 'the partition recovers')
    if (!(error instanceof JournalUnavailable)) throw error
    void this.#recoverUntilOpen()
  }

  async #recoverUntilOpen(): Promise<void> {
    for (let pause = recoverPauseMs; this.#status === 'recovering'; pause = Math.min(pause * 2, recoverPauseMsMax)) {
      await new Promise<void>(resolve => void this.#options.surroundings.after(pause, resolve))
      try {
        await this.#recover()
        this.#options.log.info({ head: this.#claim.head }, 'the partition is open again')
        this.#wake()
        return
      } catch (error) {
        if (!(error instanceof JournalUnavailable)) throw error
      }
    }
  }

  /** Snapshot and tail, folded by the code that runs every turn. */
  async #recover(): Promise<void> {
    const { journal, partition, surroundings } = this.#options
    const claim = await journal.claim(partition)
    const newest = await journal.loadSnapshot(partition)
    const snapshot = newest && isReadable(newest.pages) ? newest : undefined
    const state = snapshot ? restore(snapshot.pages) : newState()
    let position = snapshot?.position ?? 0
    let folded = 0
    while (position < claim.head) {
      const entries = await journal.read(partition, { from: position, limit: 500 })
      assert(entries.length > 0, 'the journal has no gaps')
      for (const entry of entries) {
        const events = JSON.parse(Buffer.from(entry.events).toString()) as Event[]
        for (const event of events) fold(state, event, { position: entry.position, at: entry.at })
        folded += events.length
        position = entry.position
      }
    }
    this.#subjects.forgetAll()
    this.#leasing.forget()
    this.#state = state
    this.#lifting = false
    this.#claim = claim
    // Not behind what this process has seen already, even if the machine's clock was set back since the last batch.
    const reached = this.#clock ? this.#clock.now() : 0
    this.#clock = partitionClock(Math.max(claim.lastAt, reached), surroundings)
    this.#snapshots.recovered({ fromSnapshot: snapshot !== undefined, events: folded })
    if (this.#status === 'recovering') this.#status = 'open'
  }

  #rejectAll(why: string): void {
    const groups = this.#queue
    this.#queue = []
    this.#queued = 0
    for (const group of groups) group.reject(new PartitionUnavailable(why))
  }

  #settleIdle(force: boolean): void {
    if (!this.#draining || (!force && (this.#inFlight.size > 0 || this.#queue.length > 0))) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}

/** What is reported and what is granted lifts no stop; all else that is not about one message may. */
const liftsNothing = new Set<Event['type']>([
  'CauseReported',
  'CoverageReported',
  'RegisterSealed',
  'MessageConflicted',
  'LeaseGranted',
  'SignalReported',
  'AlarmRaised',
])
const mayLift = (event: Event): boolean => !isAboutMessages(event) && !liftsNothing.has(event.type)

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A batch while it is being decided. */
class OpenBatch {
  readonly position: number
  readonly at: number
  readonly events: Event[] = []
  readonly #sealed: Uint8Array[] = []
  readonly #keys: KeyPage
  #offset = 0

  constructor(position: number, at: number) {
    this.position = position
    this.at = at
    this.#keys = new KeyPage(position)
  }

  decide(state: State, { command, sealed }: Submission): Answer {
    if (sealed) {
      assert(command.type === 'RequestMessage', 'only a message has a sealed content')
      const { page, slot } = this.#keys.place(sealed.key)
      command.message.sealed = { offset: this.#offset, length: sealed.bytes.length, page, slot }
    }
    const { events, answer } = step(state, command, this)
    // Only what an event names may lie in the journal: nobody would find the rest when a person is erased.
    if (sealed && answer.type === 'decided' && !answer.repeat) {
      this.#sealed.push(sealed.bytes)
      this.#offset += sealed.bytes.length
    }
    for (const event of events) this.events.push(event)
    return answer
  }

  abandon(): void {
    this.#keys.abandon()
  }

  close(keyring: Keyring): Batch {
    return {
      at: this.at,
      events: Buffer.from(JSON.stringify(this.events)),
      sealed: this.#sealed.length === 1 ? this.#sealed[0]! : Buffer.concat(this.#sealed),
      keys: this.#keys.wrapped(keyring),
    }
  }
}

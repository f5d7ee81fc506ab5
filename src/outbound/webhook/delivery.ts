import type pg from 'pg'
import type { Line } from '../fetch.ts'
import {
  countPending,
  type Due,
  disableEndpoint,
  dropOldest,
  loadFresh,
  loadToRetry,
  type Place,
  type Postponed,
  recordAttempts,
} from './outbox.ts'
import {
  isUnanswered,
  lineTo,
  nextAttemptDelayMs,
  post,
  type WebhookEndpoint,
  type WebhookEvent,
  type WebhookOutcome,
} from './send.ts'
import { type Sleeper, sleeper } from './sleeper.ts'

// Takes the rows of one endpoint from the outbox to the receiver: in the order of the journal, a few at a time. An endpoint that does not
// answer, or answers several times in a row with a failure, rests as a whole and is then tried with one row at a time, so that an outage
// costs neither every row an attempt nor the relay its processor. A rest is counted in rounds: eight requests that fail together once made
// a rest of minutes out of an outage of four seconds. A row that got no answer is as it was before; only an answer moves it to a later day.

export type DeliveryLimits = {
  /** Requests, and connections, to one endpoint at once. Also the failing answers in a row after which it rests. */
  requestsMax: number
  /** A request without an answer by then is taken for lost. */
  requestMsMax: number
  /** Rows taken at once; after a crash so many may be sent again, under the same id. */
  pageRowsMax: number
  /** Undelivered rows of one endpoint; beyond it the oldest are given up. */
  outboxRowsMax: number
  /** Age of an undelivered row; older ones are given up. A little over the schedule with its jitter. */
  outboxMsMax: number
  /** Without news, how often is looked for rows that may be tried again. */
  idleMs: number
  /** The first rest; each one after a failed probe is twice as long, up to `restMsMax`. */
  restMsMin: number
  restMsMax: number
  /** A longer rest that the receiver asks for (Retry-After) is cut to this. */
  askedRestMsMax: number
  /** How often rows are counted, and the age of the oldest is looked at. */
  checkMs: number
  /** How long a stop waits for requests that are under way. */
  stopMsMax: number
  /** After a failure of the database. */
  retryMs: number
}

const second = 1000
const minute = 60 * second

export const deliveryLimits: DeliveryLimits = {
  requestsMax: 8,
  requestMsMax: 15 * second,
  pageRowsMax: 256,
  outboxRowsMax: 500_000,
  outboxMsMax: 5 * 24 * 60 * minute,
  idleMs: second,
  restMsMin: second,
  restMsMax: 30 * second,
  askedRestMsMax: 5 * minute,
  checkMs: minute,
  stopMsMax: 5 * second,
  retryMs: second,
}

/** Rows given up in one statement. */
const dropRowsMax = 10_000

/** Rows remembered for having got no answer. */
const unansweredMax = 10_000

export type GivenUp = 'attempts' | 'rows' | 'age' | 'disabled'

/** What others are told; none of it names an address. */
export type DeliveryObserver = {
  attempted(outcome: WebhookOutcome['status']): void
  /** Once when deliveries fail in a row, or the first one does; once when they succeed again. */
  failing(reason: string): void
  recovered(): void
  gaveUp(rows: number, why: GivenUp): void
  disabled(): void
  /** The database failed; it is tried again. */
  faulted(error: unknown): void
}

export type Surroundings = { now(): number; random(): number }

export type DeliveryOptions = {
  pool: pg.Pool
  number: number
  endpoint: WebhookEndpoint
  limits: DeliveryLimits
  observer: DeliveryObserver
  surroundings: Surroundings
}

/** `round` and `successes`: the rests and successes there had been when it began. */
type Begun = { row: Due; round: number; successes: number }
/** `isOfRow`: without an answer again, though others had one in between. */
type Attempt = { row: Due; outcome: WebhookOutcome; at: number; isOfRow: boolean }

const start: Place = { position: 0, ordinal: 0 }

export class Delivery {
  readonly #options: DeliveryOptions
  readonly #sleeper: Sleeper = sleeper()
  #line: Line
  #running: Promise<void> = Promise.resolve()
  #stopped = false
  #gone = false
  #disabled = false
  #pending = 0
  /** Rows up to here were tried, or are among `#unrecorded`. */
  #mark = start
  /** Kept until the database has taken them. */
  #unrecorded: Attempt[] = []
  /** Less than the limit for a receiver that lets some requests hang while it answers others, such as one that serves connections in turn. */
  #requestsMax: number
  #isCrowded = false
  /** Failing answers in a row. */
  #failures = 0
  #successes = 0
  /** Rows that got no answer, with the successes there had been by then. */
  readonly #unanswered = new Map<string, number>()
  /** Rests so far; requests that began before the last one neither lengthen nor end it. */
  #round = 0
  /** Rests since the last success; with any, one row at a time is tried. */
  #rests = 0
  #isToldFailing = false
  #restUntil = 0
  #checkAt = 0

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.#line = lineTo(options.endpoint, options.limits)
    this.#requestsMax = options.limits.requestsMax
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Counted anew once in a while: an answer of the database that was lost may have moved it, and so may rows added while it is counted. */
  get pending(): number {
    return Math.max(0, this.#pending)
  }

  get isDisabled(): boolean {
    return this.#disabled
  }

  /** Rows were added. */
  added(rows: number): void {
    this.#pending += rows
    this.#sleeper.wake()
  }

  /** Takes no further rows, and waits a little for those under way. What is not recorded by then is sent again after the next start. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#sleeper.wake()
    const { promise: waited, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#options.limits.stopMsMax)
    await Promise.race([this.#running, waited])
    clearTimeout(timer)
    await this.#line.close()
  }

  async #run(): Promise<void> {
    const { limits, observer } = this.#options
    while (!this.#disabled) {
      try {
        await this.#record()
        if (this.#stopped) return
        await this.#giveUp()
        if (!(await this.#page())) await this.#sleeper.sleep(this.#restMs() || limits.idleMs)
      } catch (error) {
        observer.faulted(error)
        if (this.#stopped) return
        await this.#sleeper.sleep(limits.retryMs)
      }
    }
  }

  #restMs(): number {
    const { limits, surroundings } = this.#options
    return Math.min(limits.idleMs, Math.max(0, this.#restUntil - surroundings.now()))
  }

  /** Sends one page; false when there was nothing to send, or nothing may be sent now. */
  async #page(): Promise<boolean> {
    if (this.#restMs() > 0) return false
    const { pool, number, limits, surroundings } = this.#options
    const again = await loadToRetry(pool, number, surroundings.now(), limits.pageRowsMax)
    const fresh = await loadFresh(pool, number, this.#mark, limits.pageRowsMax - again.length)
    if (this.#isCrowded) await this.#narrow()
    const tried = await this.#send(this.#choose([...again, ...fresh]))
    this.#mark = triedUpTo(this.#mark, fresh, tried)
    return tried.size > 0
  }

  /** Half as many connections, all new: such a receiver would go on waiting at one of the old ones. None is in use between two pages. */
  async #narrow(): Promise<void> {
    const { endpoint, limits } = this.#options
    this.#isCrowded = false
    this.#requestsMax = Math.ceil(this.#requestsMax / 2)
    await this.#line.close()
    this.#line = lineTo(endpoint, { ...limits, requestsMax: this.#requestsMax })
  }

  /** After a rest one row goes ahead, each time another one, for a row may be what the receiver fails at. */
  #choose(rows: Due[]): Due[] {
    if (this.#rests === 0 || rows.length === 0) return rows
    return [rows[(this.#rests - 1) % rows.length]!]
  }

  /** Tries rows in order, several at once, until they are done, the endpoint must rest, or all stops. Gives those that were tried. */
  async #send(rows: readonly Due[]): Promise<Set<Due>> {
    const tried = new Set<Due>()
    const sender = async () => {
      for (const row of rows) {
        if (this.#stopped || this.#gone || this.#restMs() > 0) return
        if (tried.has(row)) continue
        tried.add(row)
        await this.#attempt(row)
      }
    }
    await Promise.all(Array.from({ length: this.#requestsMax }, sender))
    return tried
  }

  async #attempt(row: Due): Promise<void> {
    const { endpoint, surroundings, observer } = this.#options
    const begun = { row, round: this.#round, successes: this.#successes }
    const outcome = await post(this.#line, endpoint, eventOf(row), surroundings.now())
    this.#unrecorded.push({ row, outcome, at: surroundings.now(), isOfRow: this.#isOfRow(row, outcome) })
    observer.attempted(outcome.status)
    if (outcome.status === 'accepted') this.#succeeded(begun)
    else this.#failed(begun, outcome)
  }

  /** An outage meets a row once and then nobody gets an answer; what meets it again after successes is its own. */
  #isOfRow({ id }: Due, outcome: WebhookOutcome): boolean {
    if (!isUnanswered(outcome)) {
      this.#unanswered.delete(id)
      return false
    }
    const before = this.#unanswered.get(id)
    if (before === undefined) {
      // Rows that were given up stay in it; forgetting all costs a row one more try.
      if (this.#unanswered.size >= unansweredMax) this.#unanswered.clear()
      this.#unanswered.set(id, this.#successes)
    }
    return before !== undefined && this.#successes > before
  }

  #succeeded({ round }: Begun): void {
    this.#successes += 1
    if (round !== this.#round) return
    if (this.#isToldFailing) this.#options.observer.recovered()
    this.#isToldFailing = false
    this.#failures = 0
    this.#rests = 0
  }

  #failed({ round, successes }: Begun, outcome: WebhookOutcome): void {
    const { limits, surroundings } = this.#options
    this.#gone ||= outcome.status === 'rejected'
    if (round === this.#round) {
      this.#failures += 1
      const mustRest = isUnanswered(outcome) || this.#rests > 0 || this.#failures >= limits.requestsMax
      // One that has never worked is told at once: it may well be written wrongly.
      if (mustRest || this.#successes === 0) this.#tell(outcome)
      if (mustRest) this.#rest()
      if (outcome.status === 'unknown' && outcome.reason === 'timeout' && this.#successes > successes)
        this.#isCrowded = true
    }
    const askedMs = 'retryAfterMs' in outcome ? Math.min(outcome.retryAfterMs ?? 0, limits.askedRestMsMax) : 0
    if (askedMs > 0) this.#restUntil = Math.max(this.#restUntil, surroundings.now() + askedMs)
  }

  #tell(outcome: WebhookOutcome): void {
    if (this.#gone || this.#isToldFailing) return
    this.#isToldFailing = true
    this.#options.observer.failing(reasonOf(outcome))
  }

  #rest(): void {
    const { limits, surroundings } = this.#options
    const restMs = Math.min(limits.restMsMin * 2 ** this.#rests, limits.restMsMax)
    this.#round += 1
    this.#rests += 1
    // Receivers that were down together are not visited together.
    const jitteredMs = restMs * (0.5 + surroundings.random() / 2)
    this.#restUntil = Math.max(this.#restUntil, surroundings.now() + jitteredMs)
  }

  async #record(): Promise<void> {
    const attempts = this.#unrecorded
    if (attempts.length === 0) return
    const { pool, number, observer } = this.#options
    if (this.#gone) return this.#disable()
    const { done, failed, exhausted, asBefore } = sorted(attempts)
    if (done.length + exhausted.length + failed.length > 0)
      this.#pending -= await recordAttempts(pool, number, { done: [...done, ...exhausted], failed })
    this.#unrecorded = []
    this.#mark = asBefore.reduce(backTo, this.#mark)
    if (exhausted.length > 0) observer.gaveUp(exhausted.length, 'attempts')
  }

  /** 410: what waits is given up, and nothing more is sent, also after a restart. */
  async #disable(): Promise<void> {
    const { pool, number, surroundings, observer } = this.#options
    const accepted = this.#unrecorded.filter(({ outcome }) => outcome.status === 'accepted').length
    const rows = await disableEndpoint(pool, number, surroundings.now())
    this.#disabled = true
    this.#unrecorded = []
    this.#pending = 0
    observer.disabled()
    if (rows > accepted) observer.gaveUp(rows - accepted, 'disabled')
  }

  async #giveUp(): Promise<void> {
    const { pool, number, limits, surroundings } = this.#options
    const now = surroundings.now()
    if (now >= this.#checkAt) {
      this.#pending = await countPending(pool, number)
      while ((await this.#drop(dropRowsMax, now - limits.outboxMsMax, 'age')) === dropRowsMax);
      this.#checkAt = now + limits.checkMs
    }
    while (this.#pending > limits.outboxRowsMax)
      if ((await this.#drop(Math.min(this.#pending - limits.outboxRowsMax, dropRowsMax), now, 'rows')) === 0) return
  }

  async #drop(limit: number, at: number, why: GivenUp): Promise<number> {
    const { pool, number, observer } = this.#options
    const rows = await dropOldest(pool, number, limit, at)
    this.#pending -= rows
    if (rows > 0) observer.gaveUp(rows, why)
    return rows
  }
}

/** The last of the rows before the first that was not tried; behind it the next page begins. */
function triedUpTo(mark: Place, rows: readonly Due[], tried: ReadonlySet<Due>): Place {
  const open = rows.findIndex(row => !tried.has(row))
  const last = open < 0 ? rows.at(-1) : rows[open - 1]
  return last ?? mark
}

/** Before the row when it is not before it already; rows that were tried before still have their own time, which is past. */
function backTo(mark: Place, { position, ordinal, attempts }: Due): Place {
  const isAhead = position > mark.position || (position === mark.position && ordinal > mark.ordinal)
  return isAhead || attempts > 0 ? mark : { position, ordinal: ordinal - 1 }
}

const eventOf = ({ id, body }: Due): WebhookEvent => ({ id, ...JSON.parse(body) })

/** A code and a word, never an address. */
const reasonOf = (outcome: WebhookOutcome): string =>
  outcome.status === 'accepted' || outcome.status === 'rejected'
    ? `answer ${outcome.code}`
    : 'code' in outcome && outcome.code !== undefined
      ? `${outcome.reason} ${outcome.code}`
      : outcome.reason

type Sorted = { done: Place[]; failed: Postponed[]; exhausted: Place[]; asBefore: Due[] }

/**
 * Standard Webhooks 1.0.0: only 2xx is success; every other answer is tried again as the schedule says, until it ends. A row without an
 * answer is as before, to be tried when the endpoint is back. But one that the receiver fails at while it takes others goes by the schedule,
 * or it would cost every page a rest.
 */
function sorted(attempts: readonly Attempt[]): Sorted {
  const result: Sorted = { done: [], failed: [], exhausted: [], asBefore: [] }
  for (const { row, outcome, at, isOfRow } of attempts) {
    const made = row.attempts + 1
    const delayMs = nextAttemptDelayMs(made, row.id)
    if (outcome.status === 'accepted') result.done.push(row)
    else if (isUnanswered(outcome) && !isOfRow) result.asBefore.push(row)
    else if (delayMs === undefined) result.exhausted.push(row)
    else {
      const askedMs = 'retryAfterMs' in outcome ? (outcome.retryAfterMs ?? 0) : 0
      const { position, ordinal } = row
      result.failed.push({ position, ordinal, attempts: made, nextAt: at + Math.max(delayMs, askedMs) })
    }
  }
  return result
}

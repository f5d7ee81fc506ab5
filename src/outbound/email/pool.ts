import { strict as assert } from 'node:assert'
import { Connection, type ConnectionOwner, type Job } from './connection.ts'
import { type NotOpened, openConnection } from './handshake.ts'
import type { DeferralReason, HandoverOutcome, Mail, Stage } from './outcome.ts'
import { defaultTimeouts, type Timeouts } from './timeouts.ts'
import type { Upstream } from './upstream.ts'
import { path, toWire } from './wire.ts'

export const defaultConnectionsMax = 16
export const defaultMailsPerConnectionMax = 1000
export const defaultIdleMsMax = 20_000
/** Mails that wait for a free connection of one upstream. The engine's window is far smaller. */
export const queuedMailsMax = 20_000
/** After a failed connection the upstream is left alone for 0.5 to 1 of this, doubled each time up to the maximum. */
const backOffMsMin = 1_000
const backOffMsMax = 60_000
/** A mail whose kept connection turned out to be dead goes over another one at once, this often. */
const returnsMax = 2
const tickMsMin = 10
const tickMsMax = 1_000

export type PoolOptions = {
  upstreams: readonly Upstream[]
  timeouts?: Partial<Timeouts>
  connectionsMax?: number
  mailsPerConnectionMax?: number
  idleMsMax?: number
  backOffMs?: { min: number; max: number }
  /** 0 ≤ x < 1, for the jitter of the back-off. */
  random?: () => number
}

/** How an upstream is doing, as data for the core, the console and `/metrics`. */
export type UpstreamHealth = {
  id: string
  /** `untried`: no connection was ever needed. `down`: the last attempt failed; until `retryAfterMs` has passed nothing is tried. */
  status: 'untried' | 'up' | 'down' | 'probing'
  retryAfterMs: number
  lastFailure?: { stage: Stage; reason: DeferralReason; code?: number; text?: string }
  connections: { busy: number; idle: number; opening: number }
  queued: number
  counters: Counters
}

export type Counters = {
  accepted: number
  deferred: number
  rejected: number
  unknown: number
  /** Stopped or expired while they waited for a connection. */
  withdrawn: number
  connectionsOpened: number
  connectionsFailed: number
  /** Hand-overs that moved to another connection before anything of them was taken. */
  moved: number
}

/** Kept connections to the configured upstreams. Which upstream a mail goes to is the caller's decision; there is no failover in here. */
export class EmailPool {
  readonly #lanes = new Map<string, UpstreamPool>()

  constructor(options: PoolOptions) {
    for (const upstream of options.upstreams) {
      assert(!this.#lanes.has(upstream.id), 'every upstream has an id of its own')
      this.#lanes.set(upstream.id, new UpstreamPool(upstream, options))
    }
  }

  /** Hand one mail over. First come, first served; resolves with what became of it, and rejects only for a fault of ours. */
  async send(upstreamId: string, mail: Mail): Promise<HandoverOutcome> {
    const lane = this.#lanes.get(upstreamId)
    assert(lane, 'the upstream is configured')
    return lane.send(mail)
  }

  health(): UpstreamHealth[] {
    return [...this.#lanes.values()].map(lane => lane.health())
  }

  /** Finish what was accepted by `send`, then close every connection. New mails are deferred. */
  async drain(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map(lane => lane.drain()))
  }

  /** Break off at once: what waits is deferred, what is under way deferred or unknown. */
  close(): void {
    for (const lane of this.#lanes.values()) lane.close()
  }
}

/** A mail may have waited long for its connection: behind a slow upstream a stop would else reach only what is not in the window yet. */
const withdrawnOf = ({ mail }: Job): HandoverOutcome | undefined =>
  mail.mayLeave && !mail.mayLeave() ? { status: 'withdrawn' } : undefined

class UpstreamPool implements ConnectionOwner {
  readonly #upstream: Upstream
  readonly #timeouts: Timeouts
  readonly #connectionsMax: number
  readonly #mailsMax: number
  readonly #idleMsMax: number
  readonly #backOffMs: { min: number; max: number }
  readonly #random: () => number
  readonly #queue = new Fifo<Job>()
  /** The one used last is used next: few connections stay hot, the others can go. */
  readonly #idle: Connection[] = []
  readonly #busy = new Set<Connection>()
  readonly #abort = new AbortController()
  readonly #ticker: NodeJS.Timeout
  #opening = 0
  #failuresInRow = 0
  #retryAt = 0
  #lastFailure: NotOpened | undefined
  #closing = false
  #drained: (() => void) | undefined
  readonly #counters: Counters = {
    accepted: 0,
    deferred: 0,
    rejected: 0,
    unknown: 0,
    withdrawn: 0,
    connectionsOpened: 0,
    connectionsFailed: 0,
    moved: 0,
  }

  constructor(upstream: Upstream, options: PoolOptions) {
    this.#upstream = upstream
    this.#timeouts = { ...defaultTimeouts, ...options.timeouts }
    this.#connectionsMax = upstream.connectionsMax ?? options.connectionsMax ?? defaultConnectionsMax
    this.#mailsMax = upstream.mailsPerConnectionMax ?? options.mailsPerConnectionMax ?? defaultMailsPerConnectionMax
    this.#idleMsMax = options.idleMsMax ?? defaultIdleMsMax
    this.#backOffMs = options.backOffMs ?? { min: backOffMsMin, max: backOffMsMax }
    this.#random = options.random ?? Math.random
    const shortest = Math.min(this.#idleMsMax, ...Object.values(this.#timeouts))
    this.#ticker = setInterval(() => this.#tick(), Math.min(tickMsMax, Math.max(tickMsMin, shortest / 4))).unref()
  }

  send(mail: Mail): Promise<HandoverOutcome> {
    const wire = toWire(mail.data)
    if (wire.status === 'fault') {
      const outcome = { status: 'rejected', stage: 'mail', code: 554, enhanced: '5.6.0', text: wire.fault } as const
      return Promise.resolve(this.#count(outcome))
    }
    const unready = this.#unready()
    if (unready) return Promise.resolve(this.#count(unready))
    const fromPath = path(mail.from)
    const rcptCommand = `RCPT TO:${path(mail.to)}\r\n`
    const { bytes, eightBit } = wire
    return new Promise(settle => {
      this.#queue.push({ mail, fromPath, rcptCommand, bytes, eightBit, returns: 0, settle })
      this.#dispatch()
    })
  }

  /** Why nothing can be taken right now. */
  #unready(): HandoverOutcome | undefined {
    if (this.#closing) return { status: 'deferred', stage: 'connect', reason: 'closed' }
    if (this.#isDown() && (performance.now() < this.#retryAt || this.#opening > 0)) return this.#downOutcome()
    if (this.#queue.length >= queuedMailsMax) return { status: 'deferred', stage: 'connect', reason: 'queue-full' }
    return undefined
  }

  #isDown(): boolean {
    return this.#failuresInRow > 0 && this.#busy.size === 0 && this.#idle.length === 0
  }

  #downOutcome(): HandoverOutcome {
    const { stage = 'connect', reason = 'connect', code, enhanced, text } = this.#lastFailure ?? {}
    return {
      status: 'deferred',
      stage,
      reason,
      ...(code !== undefined && { code }),
      ...(enhanced !== undefined && { enhanced }),
      ...(text !== undefined && { text }),
      retryAfterMs: Math.max(0, Math.ceil(this.#retryAt - performance.now())),
    }
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const connection = this.#idle.pop()
      if (!connection) {
        this.#openMore()
        return
      }
      const job = this.#takeFit(connection)
      if (!job) {
        this.#idle.push(connection)
        return
      }
      this.#busy.add(connection)
      connection.send(job)
    }
    if (this.#closing) this.#finishDrain()
  }

  /** The first waiting mail that this connection can carry; those that it cannot, or that may no longer leave, are settled on the way. */
  #takeFit(connection: Connection): Job | undefined {
    for (let job = this.#queue.shift(); job; job = this.#queue.shift()) {
      const unfit = connection.unfit(job) ?? withdrawnOf(job)
      if (!unfit) return job
      job.settle(this.#count(unfit))
    }
    return undefined
  }

  #openMore(): void {
    const inBackOff = this.#failuresInRow > 0
    if (inBackOff && (this.#opening > 0 || performance.now() < this.#retryAt)) return
    // After a failure one probe at a time; else as many as there are mails waiting for one.
    const wanted = inBackOff ? 1 : this.#queue.length
    while (this.#opening < wanted && this.#opening + this.#busy.size + this.#idle.length < this.#connectionsMax) {
      this.#opening++
      void this.#open()
    }
  }

  async #open(): Promise<void> {
    const result = await openConnection(this.#upstream, this.#timeouts, this.#abort.signal)
    this.#opening--
    if (result.status === 'failed') return this.#onFailed(result)
    if (this.#abort.signal.aborted) return void result.socket.destroy()
    this.#failuresInRow = 0
    this.#lastFailure = undefined
    this.#counters.connectionsOpened++
    const connection = new Connection(result.socket, {
      capabilities: result.capabilities,
      timeouts: this.#timeouts,
      owner: this,
    })
    this.idle(connection)
  }

  #onFailed(failure: NotOpened): void {
    this.#counters.connectionsFailed++
    this.#lastFailure = failure
    const now = performance.now()
    // Connections that were tried together fail together, and count once.
    if (now >= this.#retryAt) {
      const { min, max } = this.#backOffMs
      const step = Math.min(max, min * 2 ** Math.min(this.#failuresInRow, 30))
      this.#failuresInRow++
      this.#retryAt = now + step * (0.5 + this.#random() / 2)
    }
    // While other connections work, this upstream only gives us no more of them, and the waiting mails wait for those.
    if (this.#isDown() && this.#opening === 0) this.#settleQueue(this.#downOutcome())
    if (this.#closing) this.#finishDrain()
  }

  #settleQueue(outcome: HandoverOutcome): void {
    for (let job = this.#queue.shift(); job; job = this.#queue.shift()) job.settle(this.#count(outcome))
  }

  settled(job: Job, outcome: HandoverOutcome): void {
    job.settle(this.#count(outcome))
  }

  returned(job: Job, outcome: HandoverOutcome): void {
    if (job.returns >= returnsMax || this.#abort.signal.aborted) {
      job.settle(this.#count(outcome))
      return
    }
    job.returns++
    this.#counters.moved++
    this.#queue.unshift(job)
    this.#dispatch()
  }

  takeNext(connection: Connection): Job | undefined {
    if (this.#queue.length === 0 || connection.mails >= this.#mailsMax) return undefined
    return this.#takeFit(connection)
  }

  idle(connection: Connection): void {
    this.#busy.delete(connection)
    if (connection.mails >= this.#mailsMax) {
      connection.quit()
      return
    }
    connection.idleSince = performance.now()
    this.#idle.push(connection)
    this.#dispatch()
  }

  closed(connection: Connection): void {
    this.#busy.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    // Its own mail is settled after this; then the rest of the queue needs another connection.
    queueMicrotask(() => this.#dispatch())
  }

  #tick(): void {
    const now = performance.now()
    for (const connection of [...this.#busy]) connection.tick(now)
    for (const connection of [...this.#idle]) {
      if (now - connection.idleSince > this.#idleMsMax) connection.quit()
    }
    if (this.#queue.length > 0) this.#dispatch()
  }

  #count(outcome: HandoverOutcome): HandoverOutcome {
    this.#counters[outcome.status]++
    return outcome
  }

  health(): UpstreamHealth {
    const down = this.#failuresInRow > 0
    const failure = this.#lastFailure
    return {
      id: this.#upstream.id,
      status: down ? (this.#opening > 0 ? 'probing' : 'down') : this.#counters.connectionsOpened > 0 ? 'up' : 'untried',
      retryAfterMs: down ? Math.max(0, Math.ceil(this.#retryAt - performance.now())) : 0,
      ...(failure && {
        lastFailure: {
          stage: failure.stage,
          reason: failure.reason,
          ...(failure.code !== undefined && { code: failure.code }),
          ...(failure.text !== undefined && { text: failure.text }),
        },
      }),
      connections: { busy: this.#busy.size, idle: this.#idle.length, opening: this.#opening },
      queued: this.#queue.length,
      counters: { ...this.#counters },
    }
  }

  drain(): Promise<void> {
    this.#closing = true
    const { promise, resolve } = Promise.withResolvers<void>()
    const before = this.#drained
    this.#drained = () => {
      before?.()
      resolve()
    }
    this.#dispatch()
    return promise
  }

  #finishDrain(): void {
    if (this.#queue.length > 0 || this.#opening > 0) return
    for (const connection of [...this.#idle]) connection.quit()
    if (this.#busy.size > 0) return
    clearInterval(this.#ticker)
    this.#drained?.()
    this.#drained = undefined
  }

  close(): void {
    this.#closing = true
    this.#abort.abort()
    clearInterval(this.#ticker)
    this.#settleQueue({ status: 'deferred', stage: 'connect', reason: 'closed' })
    for (const connection of [...this.#busy, ...this.#idle]) connection.destroy()
  }
}

/** A queue whose ends are both cheap. */
class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  unshift(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item
    else this.#items.unshift(item)
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}

import type { Command } from '../core/commands.ts'
import type { Content } from '../core/content.ts'
import type { Event, MessageFacts, MessageId } from '../core/events.ts'
import { probeClass } from '../core/policy.ts'
import type { Hash64 } from '../std/hash64.ts'
import type { Mailbox } from '../std/mailbox.ts'
import type { Log, Submission } from './partition.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * A message of our own goes the whole way each minute: gate, journal, seal, queue, hand-over. What ails the way shows when nobody has asked
 * for anything yet. It reaches nobody: the carrier keeps it, unless a recipient for it is configured. Its class is its own, and so are its
 * account, and a mailbox each time, so that no cap, budget or detector of others sees it. A probe that waits for a minute is late as any mail
 * is (`src/core/lateness.ts`); one that was under way when the process ended is handed over by the next.
 */
export type ProbeOptions = {
  everyMs: number
  /** Whom it really goes to, through the upstreams. */
  recipient?: Mailbox
  newId(): MessageId
  hash(domain: string, text: string): Hash64
  seal(
    id: MessageId,
    subject: Hash64,
    content: Content,
  ): { commitment: string; sealed: NonNullable<Submission['sealed']> }
  submit(submissions: Submission[]): Promise<unknown>
  now(): number
  surroundings: Pick<Surroundings, 'after' | 'monotonic'>
  log: Pick<Log, 'warn'>
  measured(stage: 'decided' | 'handed-over', ms: number): void
}

export type ProbeStatus = {
  /** When it was submitted, ms. */
  at: number
  status: 'handed-over' | 'waiting' | 'held' | 'failed' | 'not-decided'
  decidedMs?: number
  handedOverMs?: number
}

/** A probe that has not left by then is worth nothing. */
const probeLifetimeMs = 10 * 60_000
/** Where a probe without a recipient would go, if it went. */
const nobody: Mailbox = { local: 'probe', domain: 'probe.invalid', address: 'probe@probe.invalid' }

type Current = { id: MessageId; startedAt: number; status: ProbeStatus }

export class Probe {
  readonly #options: ProbeOptions
  #last: ProbeStatus | undefined
  #current: Current | undefined
  #cancel: () => void = () => {}
  #isStopped = false

  /** The first one leaves after `everyMs`. */
  constructor(options: ProbeOptions) {
    this.#options = options
    this.#arm()
  }

  /** How the last one went that is not under way any more, else the one that is. */
  get last(): ProbeStatus | undefined {
    return this.#last ?? this.#current?.status
  }

  /** No more of them; the one under way is drained with the rest. */
  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  #arm(): void {
    if (this.#isStopped) return
    const { surroundings, everyMs } = this.#options
    this.#cancel = surroundings.after(everyMs, () => {
      void this.#send()
      this.#arm()
    })
  }

  async #send(): Promise<void> {
    const { submit, newId, now, surroundings, log, measured } = this.#options
    // The one before has had its time: it is still on its way, and is what there is to tell.
    if (this.#current) this.#last = this.#current.status
    const id = newId()
    const startedAt = surroundings.monotonic()
    const status: ProbeStatus = { at: now(), status: 'waiting' }
    const current = { id, startedAt, status }
    this.#current = current
    try {
      await submit([this.#submission(id)])
      status.decidedMs = surroundings.monotonic() - startedAt
      measured('decided', status.decidedMs)
    } catch (error) {
      status.status = 'not-decided'
      this.#end(current)
      log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'the probe could not be decided')
    }
  }

  #submission(id: MessageId): Submission {
    const { hash, seal, now, recipient = nobody } = this.#options
    const address = hash('address', recipient.address.toLowerCase())
    const content: Content = {
      recipient,
      subject: 'Tocsin probe',
      text: `Tocsin sends this to see that mail leaves: ${id}\n`,
    }
    const { commitment, sealed } = seal(id, address, content)
    const message: MessageFacts = {
      id,
      application: 'tocsin',
      class: probeClass,
      account: address,
      mailbox: hash('probe', id),
      address,
      expiresAt: now() + probeLifetimeMs,
      bytes: content.text!.length,
      commitment,
      sealed: { offset: 0, length: 0, page: 0, slot: 0 },
      via: 'probe',
    }
    const command: Command = { type: 'RequestMessage', message }
    return { command, sealed }
  }

  /** What became durable; the probe finds its own. */
  appended({ events }: { events: Event[] }): void {
    const current = this.#current
    if (!current) return
    for (const event of events) {
      if (event.type === 'MessageDecided' && event.message.id === current.id && event.outcome !== 'deliver')
        this.#settle(current, 'held')
      if (!('id' in event) || event.id !== current.id) continue
      if (event.type === 'MessageDelivered') this.#settle(current, 'handed-over')
      else if (event.type === 'MessageUndeliverable' || event.type === 'MessageExpired') this.#settle(current, 'failed')
    }
  }

  #settle(current: Current, status: ProbeStatus['status']): void {
    current.status.status = status
    if (status === 'handed-over') {
      current.status.handedOverMs = this.#options.surroundings.monotonic() - current.startedAt
      this.#options.measured('handed-over', current.status.handedOverMs)
    }
    this.#end(current)
  }

  #end(current: Current): void {
    this.#last = current.status
    if (this.#current === current) this.#current = undefined
  }
}

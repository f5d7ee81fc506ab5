import type { Answer } from '../core/commands.ts'
import type { MessageId } from '../core/events.ts'
import { placeOf } from '../core/messages.ts'
import type { BlockedCode } from '../core/proposal-decisions.ts'
import { membersOf, type Proposal } from '../core/proposals.ts'
import { type Partition, PartitionUnavailable } from './partition.ts'
import type { Surroundings } from './surroundings.ts'

/** Messages of one step, which is one batch: what waits behind it waits some milliseconds. */
const stepMessagesMax = 200
/** How often is looked whether what was blocked may go, a new hour has come, or a day is over. */
const roundMs = 5000

export type ProposalsOptions = {
  partition: Partition
  surroundings: Pick<Surroundings, 'after'>
  failed(error: unknown): void
}

/** What stays held for now, and why. */
export type Blocked = Partial<Record<BlockedCode, number>>

/**
 * Carries out what two people have agreed on, one proposal after the other, in steps. All that matters is in the journal: a step that comes
 * twice, or is cut off by a crash, is told from the messages themselves. What is kept here is only where it is.
 */
export class ProposalRunner {
  readonly #options: ProposalsOptions
  /** The rest of each set in its order; sets only shrink, so it is looked up once a life. */
  readonly #left = new Map<string, MessageId[]>()
  readonly #blocked = new Map<string, Blocked>()
  #running: Promise<void> | undefined
  #again = false
  #stopped = false
  #cancel = () => {}

  constructor(options: ProposalsOptions) {
    this.#options = options
    this.wake()
  }

  /** Something was approved or ended, or what was blocked may go. */
  wake(): void {
    if (this.#stopped) return
    this.#again = true
    this.#running ??= this.#run()
  }

  /** What of a proposal is kept back by budgets and stops, as of the last round. */
  blocked(proposal: string): Blocked {
    return this.#blocked.get(proposal) ?? {}
  }

  /** Ends after the step that is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#running
  }

  async #run(): Promise<void> {
    this.#cancel()
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false
        await this.#round()
      }
    } catch (error) {
      // The partition recovers: the next round goes on.
      if (!(error instanceof PartitionUnavailable)) this.#options.failed(error)
    }
    this.#running = undefined
    if (!this.#stopped) this.#cancel = this.#options.surroundings.after(roundMs, () => this.wake())
  }

  async #round(): Promise<void> {
    const { partition } = this.#options
    const now = partition.now()
    for (const { id, status, expiresAt } of partition.state.proposals.values()) {
      if (status === 'approved') await this.#carryOut(id)
      else if (status === 'open' && now >= expiresAt) await this.#advance(id, [])
      else if (status === 'ended') this.#forget(id)
    }
  }

  #get(id: string): Proposal | undefined {
    return this.#options.partition.state.proposals.get(id)
  }

  /** Once through the rest of the set. A budget or scope that has nothing left is passed over until the next round. */
  async #carryOut(id: string): Promise<void> {
    const { state } = this.#options.partition
    const queue = this.#left.get(id) ?? membersOf(state.messages, this.#get(id)!)
    const kept: MessageId[] = []
    const closed = new Set<string>()
    const blocked: Blocked = {}
    const keep = (message: MessageId, code: BlockedCode) => {
      kept.push(message)
      blocked[code] = (blocked[code] ?? 0) + 1
    }
    for (let at = 0; at <= queue.length && !this.#stopped && this.#get(id)?.status === 'approved'; ) {
      const step: MessageId[] = []
      for (; at < queue.length && step.length < stepMessagesMax; at++) {
        const code = this.#closedBy(queue[at]!, closed)
        if (code) keep(queue[at]!, code)
        else step.push(queue[at]!)
      }
      // An empty step is the last: it ends a set of which nothing is left.
      const answer = await this.#advance(id, step)
      if (answer.type === 'advanced')
        for (const { id: message, code } of answer.blocked) {
          keep(message, code)
          this.#close(message, code, closed)
        }
      if (step.length === 0) break
    }
    const rest = new Set(kept)
    this.#left.set(
      id,
      queue.filter(message => rest.has(message)),
    )
    this.#blocked.set(id, blocked)
    if (this.#get(id)?.status !== 'approved') this.#forget(id)
  }

  #forget(id: string): void {
    this.#left.delete(id)
    this.#blocked.delete(id)
  }

  #keysOf(message: MessageId): { budget: string; stop: string } | undefined {
    const live = this.#options.partition.state.messages.get(message)
    if (!live) return undefined
    const { class: className, lane, source, template } = placeOf(live)
    const { id = '' } = live.facts.campaign ?? {}
    return { budget: `${lane}/${className}/${id}`, stop: JSON.stringify([className, lane, source, template]) }
  }

  #closedBy(message: MessageId, closed: Set<string>): BlockedCode | undefined {
    const keys = closed.size > 0 ? this.#keysOf(message) : undefined
    if (!keys) return undefined
    if (closed.has(keys.stop)) return 'breaker.open'
    return closed.has(keys.budget) ? 'budget.exhausted' : undefined
  }

  #close(message: MessageId, code: BlockedCode, closed: Set<string>): void {
    const keys = this.#keysOf(message)
    if (keys) closed.add(code === 'breaker.open' ? keys.stop : keys.budget)
  }

  async #advance(proposal: string, ids: MessageId[]): Promise<Answer> {
    const [answer] = await this.#options.partition.submit([{ command: { type: 'AdvanceProposal', proposal, ids } }])
    return answer!
  }
}

import type { Command } from '../core/commands.ts'
import {
  type Coordinator,
  foldIssued,
  grant,
  type Issued,
  newCoordinator,
  type Want,
  wanted,
} from '../core/coordinator.ts'
import type { Lease } from '../core/events.ts'
import type { State } from '../core/state.ts'
import { type Claim, type Journal, JournalUnavailable } from '../journal/journal.ts'

/** The coordinator's journal stands beside those of the partitions, under a number that no partition has. */
export const coordinatorPartition = 1_000_000

export type LeaseHolder = { partition: number; partitions: number; now: number }

/**
 * The coordinator of this machine. Every grant is in its journal before the partition hears of it; what it cannot write it does not grant, and
 * the partition then holds what exceeds its lease. A grant that was lost on its way is handed over again by its number, which counts once.
 */
export class Leasing {
  readonly #journal: Journal
  #claim: Claim | undefined
  #coordinator: Coordinator = newCoordinator()
  /** Grants to this partition that it may not have heard of. */
  #lost: Lease[] = []

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** The partition dropped its state, and with it perhaps a grant. */
  forget(): void {
    this.#claim = undefined
  }

  /** Grants for what the partition should have by now: mostly none. */
  async grants(state: State, holder: LeaseHolder): Promise<Command[]> {
    // Before the configuration has been applied nobody knows the budgets: what is granted cannot be taken back.
    if (state.configHash === '') return []
    if (!this.#claim) await this.#open(holder.partition)
    const lost = this.#lost.splice(0).filter(lease => state.leases.isNew(lease))
    if (lost.length > 0) return lost.map(handed)
    const wants = wanted(state.policy, state.leases, holder)
    return wants.length === 0 ? [] : this.#issue(state, wants, holder)
  }

  async #issue(state: State, wants: Want[], { partition, now }: LeaseHolder): Promise<Command[]> {
    const claim = this.#claim!
    const issued: Issued[] = []
    for (const want of wants) {
      const next = grant(this.#coordinator, state.policy, want, { partition, epoch: claim.epoch })
      if (!next) continue
      foldIssued(this.#coordinator, next)
      issued.push(next)
    }
    if (issued.length === 0) return []
    await this.#append(claim, issued, now)
    return issued.map(({ lease }) => handed(lease))
  }

  async #open(partition: number): Promise<void> {
    const claim = await this.#journal.claim(coordinatorPartition)
    const coordinator = newCoordinator()
    const mine: Lease[] = []
    let from = Math.max(0, claim.head - entriesReadMax)
    for (;;) {
      const entries = await this.#journal.read(coordinatorPartition, { from, limit: 1000 })
      for (const entry of entries)
        for (const issued of JSON.parse(Buffer.from(entry.events).toString()) as Issued[]) {
          foldIssued(coordinator, issued)
          if (issued.partition === partition) mine.push(issued.lease)
        }
      const last = entries.at(-1)
      if (!last || last.position >= claim.head) break
      from = last.position
    }
    this.#coordinator = coordinator
    this.#lost = mine
    this.#claim = claim
  }

  /** On any doubt the coordinator forgets what it knows and reads its journal again: what may have been granted counts as granted. */
  async #append(claim: Claim, issued: Issued[], now: number): Promise<void> {
    this.#claim = undefined
    const batch = {
      at: Math.max(now, claim.lastAt),
      events: Buffer.from(JSON.stringify(issued)),
      sealed: new Uint8Array(0),
      keys: new Uint8Array(0),
    }
    const result = await this.#journal.append(claim, { expected: claim.head, hash: claim.headHash }, batch)
    if (result.status === 'conflict')
      throw new JournalUnavailable('the coordinator was replaced while it granted leases')
    this.#claim = { ...claim, head: claim.head + 1, headHash: result.hash, lastAt: batch.at }
  }
}

const handed = (lease: Lease): Command => ({ type: 'GrantLease', lease })

/** Grants of the last hours suffice; one entry is written per turn of grants, a few a minute at most. */
const entriesReadMax = 20_000

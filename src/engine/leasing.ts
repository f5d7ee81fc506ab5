import type { Command } from '../core/commands.ts'
import { type Coordinator, foldIssued, grant, type Issued, newCoordinator, wanted } from '../core/coordinator.ts'
import type { Lease } from '../core/events.ts'
import type { State } from '../core/state.ts'
import { type Claim, type Journal, JournalUnavailable } from '../journal/journal.ts'

/** The coordinator's journal stands beside those of the partitions, under a number that no partition has. */
export const coordinatorPartition = 1_000_000

/**
 * The coordinator of this machine. Every grant is in its journal before the partition hears of it; what it cannot write it does not grant, and
 * the partition then holds what exceeds its lease.
 */
export class Leasing {
  readonly #journal: Journal
  #claim: Claim | undefined
  #coordinator: Coordinator = newCoordinator()

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** Grants for what the partition should have by now: mostly none. */
  async grants(state: State, { partition, now }: { partition: number; now: number }): Promise<Command[]> {
    // Before the configuration has been applied nobody knows the budgets: what is granted cannot be taken back.
    if (state.configHash === '') return []
    const wants = wanted(state.policy, state.leases, now)
    if (wants.length === 0) return []
    const claim = this.#claim ?? (await this.#open())
    const issued: Issued[] = []
    for (const want of wants) {
      const next = grant(this.#coordinator, state.policy, want, { partition, epoch: claim.epoch })
      if (!next) continue
      foldIssued(this.#coordinator, next)
      issued.push(next)
    }
    if (issued.length === 0) return []
    await this.#append(claim, issued, now)
    return issued.map(({ lease }): Command => ({ type: 'GrantLease', lease: lease satisfies Lease }))
  }

  async #open(): Promise<Claim> {
    const claim = await this.#journal.claim(coordinatorPartition)
    const coordinator = newCoordinator()
    let from = Math.max(0, claim.head - entriesReadMax)
    for (;;) {
      const entries = await this.#journal.read(coordinatorPartition, { from, limit: 1000 })
      for (const entry of entries)
        for (const issued of JSON.parse(Buffer.from(entry.events).toString()) as Issued[])
          foldIssued(coordinator, issued)
      const last = entries.at(-1)
      if (!last || last.position >= claim.head) break
      from = last.position
    }
    this.#coordinator = coordinator
    this.#claim = claim
    return claim
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

/** Grants of the last hours suffice; one entry is written per turn of grants, a few a minute at most. */
const entriesReadMax = 20_000

import type { Command } from '../core/commands.ts'
import {
  type Coordinator,
  creditsDue,
  draftOf,
  foldRuling,
  hoursToLease,
  newCoordinator,
  type Ruling,
  returnsDue,
  rule,
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
 * What a partition gives back is in the partition's journal first and only then credited here: a crash between the two, and it counts as
 * spent until the partition is there again.
 */
export class Leasing {
  readonly #journal: Journal
  /** The right to write; taken when there is something to write. */
  #claim: Claim | undefined
  #coordinator: Coordinator = newCoordinator()
  /** How far the coordinator's journal was read; `undefined` before it was. */
  #position: number | undefined
  #lookedAt = 0
  /** What was looked at when nothing was due: while it is the same, nothing is. */
  #idle: unknown[] = []
  /** Grants to this partition that it may not have heard of. */
  #lost: Lease[] = []

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** The partition dropped its state, and with it perhaps a grant. */
  forget(): void {
    this.#claim = undefined
    this.#position = undefined
    this.#idle = []
  }

  /**
   * Grants for what the partition should have by now, and what it should give back: mostly nothing. What `state` says was given back must be
   * durable by now, for it is credited.
   */
  async grants(state: State, holder: LeaseHolder): Promise<Command[]> {
    // Before the configuration has been applied nobody knows the budgets: what is granted cannot be taken back.
    if (state.configHash === '') return []
    if (this.#isLookDue(holder)) await this.#catchUp(holder)
    const seen = [state, state.policy, state.leases.changes, state.demand.changes, ...hoursToLease(holder.now)]
    if (isSame(seen, this.#idle)) return []
    this.#idle = []
    let rulings = this.#due(state, holder)
    if (rulings.length > 0 && !this.#claim) {
      const claim = await this.#journal.claim(coordinatorPartition)
      await this.#catchUp(holder)
      this.#claim = claim
      rulings = this.#due(state, holder)
    }
    const lost = this.#lost.splice(0).filter(lease => state.leases.isNew(lease))
    if (lost.length > 0) return lost.map(handed)
    if (rulings.length > 0) await this.#append(rulings, holder.now)
    const given = returnsDue(this.#coordinator, state, holder).map((due): Command => ({ type: 'ReturnLease', ...due }))
    if (given.length === 0 && rulings.length === 0) this.#idle = seen
    return [...given, ...rulings.flatMap(ruling => (ruling.type === 'LeaseIssued' ? handed(ruling.lease) : []))]
  }

  /** The only partition knows what there is; one of several looks now and then what the others got, gave back and want. */
  #isLookDue({ partitions, now }: LeaseHolder): boolean {
    return this.#position === undefined || (partitions > 1 && now - this.#lookedAt >= lookEveryMs)
  }

  #due(state: State, { partition, partitions, now }: LeaseHolder): Ruling[] {
    const rulings = creditsDue(this.#coordinator, state.leases, partition)
    const wants = wanted(state, { now, partitions })
    if (rulings.length === 0 && wants.length === 0) return rulings
    const draft = draftOf(this.#coordinator)
    for (const credit of rulings) foldRuling(draft, credit)
    const epoch = this.#claim?.epoch ?? 0
    for (const want of wants)
      for (const ruling of rule(draft, state.policy, want, { partition, epoch, now })) {
        foldRuling(draft, ruling)
        rulings.push(ruling)
      }
    return rulings
  }

  async #catchUp({ partition, now }: LeaseHolder): Promise<void> {
    if (this.#position === undefined) {
      const { position } = await this.#journal.head(coordinatorPartition)
      this.#coordinator = newCoordinator()
      this.#lost = []
      this.#position = Math.max(0, position - entriesReadMax)
    }
    for (;;) {
      const entries = await this.#journal.read(coordinatorPartition, { from: this.#position, limit: 1000 })
      for (const { position, events } of entries) {
        for (const ruling of JSON.parse(Buffer.from(events).toString()) as Ruling[]) {
          foldRuling(this.#coordinator, ruling)
          if (ruling.type === 'LeaseIssued' && ruling.partition === partition) this.#lost.push(ruling.lease)
        }
        this.#position = position
      }
      if (entries.length === 0) break
    }
    this.#lookedAt = now
    this.#idle = []
  }

  /** On any doubt the right to write is dropped: with the next one the journal is read on, and what was granted counts as granted. */
  async #append(rulings: Ruling[], now: number): Promise<void> {
    const claim = this.#claim!
    this.#claim = undefined
    const batch = {
      at: Math.max(now, claim.lastAt),
      events: Buffer.from(JSON.stringify(rulings)),
      sealed: new Uint8Array(0),
      keys: new Uint8Array(0),
    }
    const result = await this.#journal.append(claim, { expected: claim.head, hash: claim.headHash }, batch)
    if (result.status === 'conflict')
      throw new JournalUnavailable('the coordinator was replaced while it granted leases')
    for (const ruling of rulings) foldRuling(this.#coordinator, ruling)
    this.#position = claim.head + 1
    this.#claim = { ...claim, head: claim.head + 1, headHash: result.hash, lastAt: batch.at }
  }
}

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((one, i) => one === b[i])

const handed = (lease: Lease): Command => ({ type: 'GrantLease', lease })

/** Rulings of the last hours suffice; one entry is written per turn of grants, a few a minute at most. */
const entriesReadMax = 20_000
const lookEveryMs = 5000

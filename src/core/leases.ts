import type { Lease } from './events.ts'
import type { Lane } from './policy.ts'

/**
 * Budgets (check 10). What a partition may deliver of a class and lane in a clock hour is the sum of the leases that the coordinator granted it
 * for that hour, no more. A lease never expires by time; it belongs to its hour. Leases of the next hour may be granted ahead.
 */
type Account = { hour: number; granted: number; spent: number }

export const hourOf = (at: number): number => Math.floor(at / 3_600_000)

const hoursKept = 2

export class Leases {
  readonly #accounts = new Map<string, Account[]>()
  /** The last grant of each epoch that was taken: a grant that arrives twice counts once. */
  #epoch = 0
  #grant = 0

  isNew(lease: Lease): boolean {
    return lease.epoch > this.#epoch || (lease.epoch === this.#epoch && lease.grant > this.#grant)
  }

  take(lease: Lease): void {
    this.#epoch = lease.epoch
    this.#grant = lease.grant
    this.#account(lease.class, lease.lane, lease.hour).granted += lease.messages
  }

  remaining(className: string, lane: Lane, hour: number): number {
    const account = this.#accounts.get(key(className, lane))?.find(account => account.hour === hour)
    return account ? account.granted - account.spent : 0
  }

  /** What may still be charged: within the leases, and within the budget as it is now, which may have been lowered since they were granted. */
  left(className: string, lane: Lane, hour: number, budget: number): number {
    const account = this.#accounts.get(key(className, lane))?.find(account => account.hour === hour)
    return account ? Math.min(account.granted, budget) - account.spent : 0
  }

  granted(className: string, lane: Lane, hour: number): number {
    return this.#accounts.get(key(className, lane))?.find(account => account.hour === hour)?.granted ?? 0
  }

  spend(className: string, lane: Lane, hour: number): void {
    this.#account(className, lane, hour).spent++
  }

  spent(className: string, lane: Lane, hour: number): number {
    return this.#accounts.get(key(className, lane))?.find(account => account.hour === hour)?.spent ?? 0
  }

  #account(className: string, lane: Lane, hour: number): Account {
    const name = key(className, lane)
    const current = this.#accounts.get(name)?.find(account => account.hour === hour)
    if (current) return current
    const accounts = (this.#accounts.get(name) ?? []).filter(account => account.hour > hour - hoursKept)
    const account = { hour, granted: 0, spent: 0 }
    accounts.push(account)
    this.#accounts.set(name, accounts)
    return account
  }

  toJSON(): unknown {
    return { epoch: this.#epoch, grant: this.#grant, accounts: [...this.#accounts] }
  }

  static from(json: unknown): Leases {
    const { epoch, grant, accounts } = json as { epoch: number; grant: number; accounts: [string, Account[]][] }
    const leases = new Leases()
    leases.#epoch = epoch
    leases.#grant = grant
    for (const [name, list] of accounts) leases.#accounts.set(name, list)
    return leases
  }
}

const key = (className: string, lane: Lane): string => `${className}/${lane}`

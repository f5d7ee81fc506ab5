import type { Lease } from './events.ts'
import type { Lane } from './policy.ts'

/**
 * Budgets (check 10). What a partition may deliver of a class and lane in a clock hour is the sum of the leases that the coordinator granted it
 * for that hour, less what it gave back, no more. A lease never expires by time; it belongs to its hour. Leases of the next hour may be
 * granted ahead.
 */
type Account = {
  hour: number
  granted: number
  spent: number
  /** Given back of what was granted, over all times: told as a sum, so that a report that is lost or comes twice does no harm. */
  returned: number
  /** The budget of the hour by the last grant that said it. */
  budget?: number
}

export type Returned = {
  class: string
  lane: Lane
  hour: number
  messages: number
  epoch: number
  grant: number
}

export const hourOf = (at: number): number => Math.floor(at / 3_600_000)

const hoursKept = 2

export class Leases {
  readonly #accounts = new Map<string, Account[]>()
  /** The last grant of each epoch that was taken: a grant that arrives twice counts once. */
  #epoch = 0
  #grant = 0
  /** Goes on with every change; derived, so that nobody has to look for what is due where nothing has changed. */
  changes = 0

  isNew(lease: Lease): boolean {
    return lease.epoch > this.#epoch || (lease.epoch === this.#epoch && lease.grant > this.#grant)
  }

  take(lease: Lease): void {
    this.changes++
    this.#epoch = lease.epoch
    this.#grant = lease.grant
    const account = this.#account(lease.class, lease.lane, lease.hour)
    account.granted += lease.messages
    if (lease.budget !== undefined) account.budget = lease.budget
  }

  /** What of the hour could be given back now, as of the last grant. */
  returnable(className: string, lane: Lane, hour: number, messages: number): Returned {
    return { class: className, lane, hour, messages, epoch: this.#epoch, grant: this.#grant }
  }

  mayReturn({ class: className, lane, hour, messages, epoch, grant }: Returned): boolean {
    if (epoch !== this.#epoch || grant !== this.#grant) return false
    return messages > 0 && messages <= this.remaining(className, lane, hour)
  }

  giveBack({ class: className, lane, hour, messages }: Returned): void {
    this.changes++
    this.#account(className, lane, hour).returned += messages
  }

  /** What was granted and not given back. */
  granted(className: string, lane: Lane, hour: number): number {
    const account = this.#find(className, lane, hour)
    return account ? account.granted - account.returned : 0
  }

  remaining(className: string, lane: Lane, hour: number): number {
    return this.granted(className, lane, hour) - this.spent(className, lane, hour)
  }

  /** What may still be charged: within the leases, and within `limit`, by which a person may have lowered the budget since they were granted. */
  left(className: string, lane: Lane, hour: number, limit: number): number {
    return Math.min(this.granted(className, lane, hour), limit) - this.spent(className, lane, hour)
  }

  spend(className: string, lane: Lane, hour: number): void {
    this.changes++
    this.#account(className, lane, hour).spent++
  }

  spent(className: string, lane: Lane, hour: number): number {
    return this.#find(className, lane, hour)?.spent ?? 0
  }

  budget(className: string, lane: Lane, hour: number): number | undefined {
    return this.#find(className, lane, hour)?.budget
  }

  /** Everything that was given back, as sums by class, lane and hour. */
  *returns(): Generator<{ class: string; lane: Lane; hour: number; returned: number }> {
    for (const [name, accounts] of this.#accounts)
      for (const { hour, returned } of accounts)
        if (returned > 0) yield { class: name.slice(0, name.lastIndexOf('/')), lane: laneOf(name), hour, returned }
  }

  #find(className: string, lane: Lane, hour: number): Account | undefined {
    return this.#accounts.get(key(className, lane))?.find(account => account.hour === hour)
  }

  #account(className: string, lane: Lane, hour: number): Account {
    const current = this.#find(className, lane, hour)
    if (current) return current
    const name = key(className, lane)
    const accounts = (this.#accounts.get(name) ?? []).filter(account => account.hour > hour - hoursKept)
    const account = { hour, granted: 0, spent: 0, returned: 0 }
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
const laneOf = (name: string): Lane => name.slice(name.lastIndexOf('/') + 1) as Lane

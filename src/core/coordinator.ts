import type { Lease } from './events.ts'
import { hourOf, type Leases } from './leases.ts'
import { classOf, type Lane, lanes, type Policy } from './policy.ts'

/**
 * The coordinator of the budgets: it alone grants leases, and writes each grant into a journal of its own before anybody may use it. What it
 * granted in an hour never exceeds the budget of that hour. A grant that is lost on its way counts as spent; a coordinator that takes over reads
 * the journal of the one before it, raises the epoch and goes on, so the bound holds whatever fails.
 */
export type Issued = { type: 'LeaseIssued'; partition: number; lease: Lease }

export type Coordinator = { epoch: number; grants: number; newestHour: number; issued: Map<string, number> }

export const newCoordinator = (): Coordinator => ({ epoch: 0, grants: 0, newestHour: 0, issued: new Map() })

const account = (className: string, lane: Lane, hour: number): string => `${hour}/${className}/${lane}`

export function foldIssued(coordinator: Coordinator, { lease }: Issued): void {
  const key = account(lease.class, lease.lane, lease.hour)
  coordinator.issued.set(key, (coordinator.issued.get(key) ?? 0) + lease.messages)
  coordinator.epoch = lease.epoch
  coordinator.grants = Math.max(coordinator.grants, lease.grant)
  coordinator.newestHour = Math.max(coordinator.newestHour, lease.hour)
  for (const old of coordinator.issued.keys())
    if (isForgotten(coordinator, Number.parseInt(old, 10))) coordinator.issued.delete(old)
}

const hoursRemembered = 2

/** What was granted for such an hour is no longer known, so nothing more is: a partition whose clock is that far behind holds. */
const isForgotten = (coordinator: Coordinator, hour: number): boolean => hour < coordinator.newestHour - hoursRemembered

/** One of several partitions asks for more when less than a tenth of the hour's budget is left, and gets at most a fifth at a time. */
const share = { askBelow: 0.1, grant: 0.2 }
/** The leases of the next hour are granted in the last minutes of this one: nobody waits at the turn of the hour. */
const aheadMs = 5 * 60_000

export type Want = { class: string; lane: Lane; hour: number; messages: number }

/** What a partition should ask for now, given what it holds. The only one asks for the whole budget, so that a burst finds all of it. */
export function wanted(
  policy: Policy,
  leases: Leases,
  { now, partitions }: { now: number; partitions: number },
): Want[] {
  const wants: Want[] = []
  const hours = [hourOf(now)]
  if (hourOf(now + aheadMs) !== hourOf(now)) hours.push(hourOf(now + aheadMs))
  for (const [name, { budgetPerHour }] of Object.entries(policy.classes))
    for (const lane of lanes)
      for (const hour of hours) {
        const budget = budgetPerHour[lane]
        const messages = partitions === 1 ? budget - leases.granted(name, lane, hour) : Math.ceil(budget * share.grant)
        const isLow = partitions === 1 || leases.remaining(name, lane, hour) <= budget * share.askBelow
        if (messages > 0 && isLow) wants.push({ class: name, lane, hour, messages })
      }
  return wants
}

/** The grant for one want, or `undefined` when the budget of its hour is used up. */
export function grant(
  coordinator: Coordinator,
  policy: Policy,
  want: Want,
  { partition, epoch }: { partition: number; epoch: number },
): Issued | undefined {
  if (isForgotten(coordinator, want.hour)) return undefined
  const budget = classOf(policy, want.class)?.budgetPerHour[want.lane] ?? 0
  const left = budget - (coordinator.issued.get(account(want.class, want.lane, want.hour)) ?? 0)
  const messages = Math.min(want.messages, left)
  if (messages <= 0) return undefined
  const lease: Lease = {
    class: want.class,
    lane: want.lane,
    hour: want.hour,
    messages,
    epoch,
    grant: coordinator.grants + 1,
  }
  return { type: 'LeaseIssued', partition, lease }
}

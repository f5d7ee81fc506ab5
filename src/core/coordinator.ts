import type { Demand } from './demand.ts'
import type { Lease } from './events.ts'
import { hourOf, type Leases, type Returned } from './leases.ts'
import { budgetOf, type Lane, lanes, type Policy } from './policy.ts'

/**
 * The coordinator of the budgets: it alone grants leases, and has a journal of its own. Before it grants of an hour it writes down the budget
 * of that hour and the forecasts that it rests on; then each grant, before anybody may use it. What it granted of an hour, less what has
 * come back, never exceeds the budget that was written down. A grant that is lost on its way counts as spent; a coordinator that takes over
 * reads the journal of the one before it, raises the epoch and goes on, so the bound holds whatever fails.
 */
export type Ruling =
  | ({ type: 'BudgetSet'; messages: number; forecasts: [partition: number, messages: number][] } & Of)
  | { type: 'LeaseIssued'; partition: number; lease: Lease }
  /** There was not enough for all that this partition asked for: others may give back. */
  | ({ type: 'LeaseWanted'; partition: number; messages: number } & Of)
  /** A partition's journal says that it gave back so much of the hour in all. */
  | ({ type: 'LeaseCredited'; partition: number; returned: number } & Of)

type Of = { class: string; lane: Lane; hour: number }

type Hour = {
  /** The budget that was written down; 0 before. */
  budget: number
  issued: number
  /** By partition: its last report, what it gave back in all, and what it could not be given. */
  forecasts: Map<number, number>
  returned: Map<number, number>
  wanted: Map<number, number>
}

export type Coordinator = { epoch: number; grants: number; newestHour: number; hours: Map<string, Hour> }

export const newCoordinator = (): Coordinator => ({ epoch: 0, grants: 0, newestHour: 0, hours: new Map() })

/** A copy to rule in, so that what could not be written down never was. */
export const draftOf = ({ hours, ...rest }: Coordinator): Coordinator => ({
  ...rest,
  hours: new Map(
    [...hours].map(([name, { budget, issued, forecasts, returned, wanted }]) => [
      name,
      { budget, issued, forecasts, returned: new Map(returned), wanted: new Map(wanted) },
    ]),
  ),
})

const account = ({ class: className, lane, hour }: Of): string => `${hour}/${className}/${lane}`

const nothing: Readonly<Hour> = {
  budget: 0,
  issued: 0,
  forecasts: new Map(),
  returned: new Map(),
  wanted: new Map(),
}

const sum = (values: Iterable<number>): number => {
  let total = 0
  for (const value of values) total += value
  return total
}

const outstanding = ({ issued, returned }: Hour): number => issued - sum(returned.values())

export function foldRuling(coordinator: Coordinator, ruling: Ruling): void {
  if (ruling.type === 'LeaseIssued') {
    coordinator.epoch = ruling.lease.epoch
    coordinator.grants = Math.max(coordinator.grants, ruling.lease.grant)
  }
  const of = ruling.type === 'LeaseIssued' ? ruling.lease : ruling
  // A late credit of an hour that is forgotten must not bring it back as if nothing of it had been granted.
  if (isForgotten(coordinator, of.hour)) return
  const hour = hourAt(coordinator, of)
  switch (ruling.type) {
    case 'BudgetSet':
      hour.budget = ruling.messages
      hour.forecasts = new Map(ruling.forecasts)
      return
    case 'LeaseIssued':
      hour.issued += ruling.lease.messages
      hour.wanted.delete(ruling.partition)
      return
    case 'LeaseWanted':
      hour.wanted.set(ruling.partition, ruling.messages)
      return
    case 'LeaseCredited':
      hour.returned.set(ruling.partition, Math.max(hour.returned.get(ruling.partition) ?? 0, ruling.returned))
      return
  }
}

function hourAt(coordinator: Coordinator, of: Of): Hour {
  const found = coordinator.hours.get(account(of))
  if (found) return found
  const hour: Hour = { budget: 0, issued: 0, forecasts: new Map(), returned: new Map(), wanted: new Map() }
  coordinator.hours.set(account(of), hour)
  if (of.hour > coordinator.newestHour) {
    coordinator.newestHour = of.hour
    for (const old of coordinator.hours.keys())
      if (isForgotten(coordinator, Number.parseInt(old, 10))) coordinator.hours.delete(old)
  }
  return hour
}

const hoursRemembered = 2

/** What was granted for such an hour is no longer known, so nothing more is: a partition whose clock is that far behind holds. */
const isForgotten = (coordinator: Coordinator, hour: number): boolean => hour < coordinator.newestHour - hoursRemembered

/**
 * One of several partitions asks for more when half of its lease is used and less than a tenth of the hour's budget is left to it, and gets
 * at most a fifth at a time. Who gives back has more than half: nobody asks for what it has just given.
 */
const share = { askBelow: 0.1, grant: 0.2 }
/** The leases of the next hour are granted in the last minutes of this one: nobody waits at the turn of the hour. */
const aheadMs = 5 * 60_000

/** The hours of which leases are due now. */
export const hoursToLease = (now: number): number[] =>
  hourOf(now + aheadMs) === hourOf(now) ? [hourOf(now)] : [hourOf(now), hourOf(now + aheadMs)]

/** `forecast`: how many messages this partition expects of the hour, whatever it asks for. */
export type Want = Of & { messages: number; forecast: number }

export type Holder = { now: number; partitions: number }

/** What a partition should ask for now, given what it holds. The only one asks for the whole budget, so that a burst finds all of it. */
export function wanted(
  { policy, leases, demand }: { policy: Policy; leases: Leases; demand: Demand },
  { now, partitions }: Holder,
): Want[] {
  const wants: Want[] = []
  const hours = hoursToLease(now)
  for (const name of Object.keys(policy.classes))
    for (const lane of lanes)
      for (const hour of hours) {
        const forecast = forecastOf({ policy, demand }, { class: name, lane, hour }, partitions)
        const expected = budgetOf(policy, name, lane, forecast * partitions)
        const budget = partitions === 1 ? expected : Math.max(leases.budget(name, lane, hour) ?? 0, expected)
        const messages = partitions === 1 ? budget - leases.granted(name, lane, hour) : Math.ceil(budget * share.grant)
        const isLow = partitions === 1 || isNearlyUsed(leases, { class: name, lane, hour }, budget)
        if (messages > 0 && isLow) wants.push({ class: name, lane, hour, messages, forecast })
      }
  return wants
}

function isNearlyUsed(leases: Leases, { class: className, lane, hour }: Of, budget: number): boolean {
  const remaining = leases.remaining(className, lane, hour)
  return remaining <= budget * share.askBelow && remaining * 2 <= leases.granted(className, lane, hour)
}

/** Where a person lowered the budget the partitions together expect no more than that allows. */
function forecastOf(
  { policy, demand }: { policy: Policy; demand: Demand },
  { class: className, lane, hour }: Of,
  partitions: number,
): number {
  if (lane === 'campaign') return 0
  const forecast = demand.forecast(className, lane, hour)
  const limit = demand.limit(className, lane, hour) / policy.budgets.headroom / partitions
  return forecast <= limit ? forecast : Math.floor(limit)
}

/**
 * What the coordinator writes down for one want. Nothing when there is nothing to give and it has said so before. The budget rises with the
 * forecasts at any time, and falls only while its hour has not begun; one that a person lowered is not granted from beyond what it is now.
 */
export function rule(
  coordinator: Coordinator,
  policy: Policy,
  want: Want,
  { partition, epoch, now }: { partition: number; epoch: number; now: number },
): Ruling[] {
  if (isForgotten(coordinator, want.hour)) return []
  const { class: className, lane, hour } = want
  const of: Of = { class: className, lane, hour }
  const known = coordinator.hours.get(account(of)) ?? nothing
  const forecasts = new Map(known.forecasts).set(partition, want.forecast)
  const due = budgetOf(policy, className, lane, sum(forecasts.values()))
  const mayFall = hour > hourOf(now)
  const budget = mayFall ? Math.max(due, outstanding(known)) : Math.max(due, known.budget)
  const rulings: Ruling[] = []
  if (budget !== known.budget || known.forecasts.get(partition) !== want.forecast)
    rulings.push({ type: 'BudgetSet', ...of, messages: budget, forecasts: [...forecasts] })
  const messages = Math.min(want.messages, Math.min(budget, due) - outstanding(known))
  if (messages > 0) {
    const lease: Lease = { ...of, messages, budget, epoch, grant: coordinator.grants + 1 }
    rulings.push({ type: 'LeaseIssued', partition, lease })
  }
  if (messages <= 0 && due > 0 && !known.wanted.has(partition))
    rulings.push({ type: 'LeaseWanted', partition, ...of, messages: want.messages })
  return rulings
}

/**
 * What a partition should give back of the hours that run: when another one wants and nothing is left, half of what it has not used, while
 * that is more than half of its lease; it keeps one. What is left at the end of an hour is over by itself.
 */
export function returnsDue(
  coordinator: Coordinator,
  { policy, leases }: { policy: Policy; leases: Leases },
  { partition, now }: { partition: number; now: number },
): Returned[] {
  const due: Returned[] = []
  const hour = hourOf(now)
  for (const name of Object.keys(policy.classes))
    for (const lane of lanes) {
      const known = coordinator.hours.get(account({ class: name, lane, hour }))
      if (!known) continue
      const budget = Math.min(known.budget, budgetOf(policy, name, lane, sum(known.forecasts.values())))
      if (budget > outstanding(known)) continue
      if (![...known.wanted.keys()].some(other => other !== partition)) continue
      const unused = leases.remaining(name, lane, hour)
      if (unused > 1 && unused * 2 > leases.granted(name, lane, hour))
        due.push(leases.returnable(name, lane, hour, Math.floor(unused / 2)))
    }
  return due
}

/** What the partition's journal says was given back and the coordinator has not counted yet. */
export function creditsDue(coordinator: Coordinator, leases: Leases, partition: number): Ruling[] {
  const due: Ruling[] = []
  for (const { returned, ...of } of leases.returns()) {
    if (isForgotten(coordinator, of.hour)) continue
    const counted = coordinator.hours.get(account(of))?.returned.get(partition) ?? 0
    if (returned > counted) due.push({ type: 'LeaseCredited', partition, ...of, returned })
  }
  return due
}

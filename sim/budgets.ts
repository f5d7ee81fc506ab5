import type { Ruling } from '../src/core/coordinator.ts'
import type { Event } from '../src/core/events.ts'
import { hourOf } from '../src/core/leases.ts'
import type { Lane, Policy } from '../src/core/policy.ts'
import { coordinatorPartition } from '../src/engine/leasing.ts'
import type { MemoryStore } from '../src/journal/memory/journal.ts'
import { eventsOf } from './dump.ts'

// What the journals say of budgets, read as an auditor does, with none of the core's own folding.

/** Sums by name. */
class Sums extends Map<string, number> {
  of(name: string): number {
    return this.get(name) ?? 0
  }
  add(name: string, amount: number): number {
    const sum = this.of(name) + amount
    this.set(name, sum)
    return sum
  }
}

type Of = { class: string; lane: string; hour: number }
const account = ({ class: className, lane, hour }: Of): string => `${className}/${lane}/${hour}`

export type BudgetAudit = { wrong: string[]; returns: number; rises: number; lowered: number }

/** 4. What was charged is within what each partition held, what they hold is within what was granted, and that within the budget set before. */
export function auditBudgets(store: MemoryStore, partitions: number): BudgetAudit {
  const audit: BudgetAudit = { wrong: [], returns: 0, rises: 0, lowered: 0 }
  const floors = highestFloors(store, partitions)
  const books = Array.from({ length: partitions }, (_, partition) => readPartition(store, partition, audit))
  const { budgets, issued, credited } = readRulings(store, floors, audit)
  const spent = new Sums()
  for (const [partition, book] of books.entries()) {
    for (const [name, messages] of book.spent) spent.add(name, messages)
    for (const [name, messages] of book.granted)
      if (messages > issued.of(`${partition}/${name}`))
        audit.wrong.push(`${name}: partition ${partition} holds ${messages}, more than it was granted`)
    for (const [name, messages] of credited)
      if (name.startsWith(`${partition}/`) && messages > book.returned.of(name.slice(name.indexOf('/') + 1)))
        audit.wrong.push(`${name}: ${messages} were credited, more than came back`)
  }
  for (const [name, messages] of spent)
    if (messages > budgets.of(name)) audit.wrong.push(`${name}: ${messages} of a budget of ${budgets.of(name)}`)
  return audit
}

/** No budget was set beyond headroom and forecast, and none was granted beyond what was set before. */
function readRulings(store: MemoryStore, floors: Sums, audit: BudgetAudit) {
  const [budgets, issued, credited, outstanding] = [new Sums(), new Sums(), new Sums(), new Sums()]
  const grants = new Set<number>()
  for (const row of store.partitions.get(coordinatorPartition)?.rows ?? [])
    for (const ruling of JSON.parse(Buffer.from(row.events).toString()) as Ruling[]) {
      const name = account(ruling.type === 'LeaseIssued' ? ruling.lease : ruling)
      if (ruling.type === 'BudgetSet') {
        const expected = ruling.forecasts.reduce((sum, [, messages]) => sum + messages, 0)
        const most = Math.max(floors.of(`${ruling.class}/${ruling.lane}`), Math.ceil(headroom * expected))
        if (ruling.messages > most) audit.wrong.push(`${name}: a budget of ${ruling.messages}, ${most} at most`)
        if (budgets.has(name) && ruling.messages > budgets.of(name)) audit.rises++
        if (ruling.messages < outstanding.of(name)) audit.wrong.push(`${name}: a budget fell below what was granted`)
        budgets.set(name, ruling.messages)
      }
      if (ruling.type === 'LeaseIssued') {
        const { partition, lease } = ruling
        if (grants.has(lease.grant)) audit.wrong.push(`grant ${lease.grant} was given twice`)
        grants.add(lease.grant)
        issued.add(`${partition}/${name}`, lease.messages)
        outstanding.add(name, lease.messages)
      }
      if (ruling.type === 'LeaseCredited') {
        const before = credited.of(`${ruling.partition}/${name}`)
        credited.set(`${ruling.partition}/${name}`, Math.max(before, ruling.returned))
        outstanding.add(name, -Math.max(0, ruling.returned - before))
      }
      if (outstanding.of(name) > budgets.of(name))
        audit.wrong.push(`${name}: ${outstanding.of(name)} granted of a budget of ${budgets.of(name)}`)
    }
  return { budgets, issued, credited }
}

/** That of the simulated policy. */
const headroom = 3

/** One partition's journal, in its order: at no point is more charged than it holds, and than a person allows since. */
function readPartition(store: MemoryStore, partition: number, audit: BudgetAudit) {
  const [granted, returned, spent] = [new Sums(), new Sums(), new Sums()]
  const limits = new Map<string, { hour: number; messages: number }>()
  const classes = new Map<string, string>()
  let policy: Policy | undefined
  const charge = (className: string, lane: string, hour: number) => {
    const name = account({ class: className, lane, hour })
    const messages = spent.add(name, 1)
    const limit = limits.get(`${className}/${lane}`)
    if (messages > granted.of(name) - returned.of(name))
      audit.wrong.push(`${name}: more than partition ${partition} holds`)
    if (limit?.hour === hour && messages > limit.messages)
      audit.wrong.push(`${name}: ${messages}, lowered to ${limit.messages}`)
  }
  for (const { at, events } of store.partitions.get(partition)?.rows ?? [])
    for (const event of eventsOf({ events })) {
      if (event.type === 'LeaseGranted') granted.add(account(event.lease), event.lease.messages)
      if (event.type === 'LeaseReturned') {
        audit.returns++
        returned.add(account(event), event.messages)
      }
      if (event.type === 'PolicyApplied') {
        audit.lowered += noteLimits(limits, policy, event.policy, hourOf(at))
        policy = event.policy
      }
      for (const [className, lane] of chargesOf(event, classes)) charge(className, lane, hourOf(at))
    }
  return { granted, returned, spent }
}

/** What a policy takes from a budget binds from then on in this hour; what it adds ends that. */
function noteLimits(
  limits: Map<string, { hour: number; messages: number }>,
  before: Policy | undefined,
  after: Policy,
  hour: number,
): number {
  let lowered = 0
  for (const [name, messages] of floorsOf(after)) {
    const was = before ? new Sums(floorsOf(before)).of(name) : messages
    if (messages < was) limits.set(name, { hour, messages })
    if (messages > was) limits.delete(name)
    if (messages < was) lowered++
  }
  return lowered
}

const floorsOf = (policy: Policy): [string, number][] =>
  Object.entries(policy.classes).flatMap(([name, { budgetPerHour }]) =>
    Object.entries(budgetPerHour).map(([lane, messages]): [string, number] => [`${name}/${lane}`, messages]),
  )

function highestFloors(store: MemoryStore, partitions: number): Sums {
  const floors = new Sums()
  for (let partition = 0; partition < partitions; partition++)
    for (const row of store.partitions.get(partition)?.rows ?? [])
      for (const event of eventsOf(row))
        if (event.type === 'PolicyApplied')
          for (const [name, messages] of floorsOf(event.policy)) floors.set(name, Math.max(floors.of(name), messages))
  return floors
}

/** Class and lane of each message that this event lets go. */
function chargesOf(event: Event, classes: Map<string, string>): [string, string][] {
  if (event.type === 'MessageReleased') return [[classes.get(event.id)!, event.lane]]
  if (event.type !== 'MessageDecided') return []
  const { message, outcome, notice, lane } = event
  classes.set(message.id, message.class)
  const charges: [string, Lane][] = outcome === 'deliver' ? [[message.class, lane]] : []
  if (notice) {
    classes.set(notice, message.class)
    charges.push([message.class, 'system'])
  }
  return charges
}

import { createHash } from 'node:crypto'
import type { Event } from '../src/core/events.ts'
import { isSamePerson } from '../src/core/people.ts'
import type { HoldQuery } from '../src/core/proposals.ts'
import { act } from '../src/engine/operator.ts'
import type { MemoryStore } from '../src/journal/memory/journal.ts'
import { eventsOf } from './dump.ts'
import type { Host } from './host.ts'
import { untilAnswered } from './sender.ts'
import type { World } from './world.ts'

const people = ['first operator', 'command line', 'ana', 'ben'] as const

/** People who release and discard many held messages at once, two of them at a time, and some who try it alone. */
export class Desk {
  readonly wrong: string[] = []
  approved = 0
  readonly #world: World
  #number = 0

  constructor(world: World) {
    this.#world = world
  }

  #query(now: number): HoldQuery {
    const world = this.#world
    const query: HoldQuery = {}
    if (world.chance(0.4)) query.class = world.pick(['password-reset', 'sign-in-alert', 'other'])
    if (world.chance(0.2)) query.lane = world.pick(['open', 'reserved', 'system'] as const)
    if (world.chance(0.2)) query.source = world.pick(['', 'web'])
    if (world.chance(0.2)) query.reason = world.pick(['breaker.open', 'budget.exhausted', 'cause.missing'] as const)
    if (world.chance(0.2)) query.to = Math.floor(now - world.between(0, 60_000))
    return query
  }

  async act(host: Host): Promise<void> {
    const world = this.#world
    const proposal = `proposal-${++this.#number}`
    const by = world.pick(people)
    const action = world.chance(0.8) ? 'release' : 'discard'
    const query = this.#query(host.partition?.now() ?? 0)
    const made = await this.#do(host, { type: 'ProposeHolds', proposal, action, query, reason: 'drill', by })
    if (made.type === 'refused') return
    await world.sleep(world.between(0, 20_000))
    const approver = world.pick(people)
    const answer = await this.#do(host, { type: 'ApproveProposal', proposal, by: approver })
    const isRefused = answer.type === 'refused' && answer.code === 'approval.same-person'
    if (isRefused !== isSamePerson(by, approver))
      this.wrong.push(`two people: ${approver} was answered ${JSON.stringify(answer)} about what ${by} had proposed`)
    if (isRefused) return
    this.approved++
    host.runner?.wake()
    if (world.chance(0.7)) return
    await world.sleep(world.between(0, 500))
    await this.#do(host, { type: 'CancelProposal', proposal, by: world.pick(people) })
  }

  #do(host: Host, command: Parameters<typeof act>[1]) {
    return untilAnswered(this.#world, host, () => host.partition && act(host.partition, command))
  }
}

type Held = {
  id: string
  class: string
  lane: string
  source: string
  template: string
  reasons: string[]
  order: string
}
type Set = {
  by: string
  query: HoldQuery
  members: Map<string, Held>
  left: number
  approvedBy?: string
  isEnded: boolean
}
/** What an auditor has read of one journal so far. */
type Page = {
  held: Map<string, Held>
  facts: Map<string, Held>
  sets: Map<string, Set>
  wrong: string[]
  released: number
}

/** Reads the journals as an auditor does: each set is what it says, goes after its approval by another person, once, in order, and is whole. */
export function proposalsHold(store: MemoryStore, partitions: number): { wrong: string[]; released: number } {
  const all = { wrong: [] as string[], released: 0 }
  for (let number = 0; number < partitions; number++) {
    const page: Page = { held: new Map(), facts: new Map(), sets: new Map(), wrong: [], released: 0 }
    for (const { events, at } of store.partitions.get(number)?.rows ?? []) {
      const order: string[] = []
      for (const event of eventsOf({ events })) read(page, event, { at, order })
      if (order.join() !== [...order].sort().join()) page.wrong.push('a step went out of order')
    }
    all.wrong.push(...page.wrong)
    all.released += page.released
  }
  return all
}

function read(page: Page, event: Event, { at, order }: { at: number; order: string[] }): void {
  switch (event.type) {
    case 'HoldsProposed':
      return proposed(page, event)
    case 'ProposalApproved': {
      const set = page.sets.get(event.proposal)!
      if (isSamePerson(set.by, event.by)) page.wrong.push(`${event.proposal} was approved by who had proposed it`)
      set.approvedBy = event.by
      return
    }
    case 'ProposalEnded': {
      const set = page.sets.get(event.proposal)!
      set.isEnded = true
      if (event.how === 'completed' && set.left > 0) page.wrong.push(`${event.proposal} ended with ${set.left} held`)
      return
    }
    case 'MessageDecided':
      return decided(page, event, at)
    case 'MessageHeld':
      moved(page, event)
      if (event.softUntil === undefined)
        page.held.set(event.id, { ...page.facts.get(event.id)!, reasons: event.reasons })
      return
    case 'SubjectErased':
      for (const id of event.messages) leaves(page, id)
      return
    default:
      if ('proposal' in event && 'id' in event && event.proposal) goes(page, event.id, event.proposal, order)
      if ('id' in event) leaves(page, event.id)
      if (event.type === 'MessageReleased') moved(page, event)
  }
}

const ranks = ['reserved', 'system', 'open', 'campaign']

function decided(page: Page, event: Extract<Event, { type: 'MessageDecided' }>, at: number): void {
  const { message, lane, reasons, outcome, source = '', priority } = event
  const { id } = message
  const order = [priority, ranks.indexOf(lane), at, id].join(' ')
  const facts = { id, class: message.class, lane, source, template: message.template?.name ?? '', reasons, order }
  page.facts.set(id, facts)
  if (event.notice !== undefined) {
    const about = [priority, ranks.indexOf('system'), at, event.notice].join(' ')
    page.facts.set(event.notice, { ...facts, id: event.notice, lane: 'system', reasons: [], order: about })
  }
  const waits = event.awaitsCauseUntil !== undefined || event.softUntil !== undefined
  if ((outcome === 'hold' && !waits) || outcome === 'confirm') page.held.set(id, facts)
}

type Moved = Extract<Event, { type: 'MessageReleased' | 'MessageHeld' }>

/** Its cause has come, and with it perhaps another lane. */
function moved(page: Page, { id, lane, source }: Moved): void {
  const facts = page.facts.get(id)
  if (!facts || lane === undefined) return
  const [priority, , ...rest] = facts.order.split(' ')
  const order = [priority, ranks.indexOf(lane), ...rest].join(' ')
  page.facts.set(id, { ...facts, lane, order, ...(source !== undefined && { source }) })
}

function proposed(page: Page, event: Extract<Event, { type: 'HoldsProposed' }>): void {
  const { proposal, query, by, count, digest } = event
  const members = [...page.held.values()].filter(held => fits(query, held)).sort((a, b) => (a.order < b.order ? -1 : 1))
  const hash = createHash('sha256')
  for (const { id } of members) hash.update(`${id}\n`)
  if (members.length !== count || hash.digest('hex') !== digest)
    page.wrong.push(`${proposal} is not the set that it says: ${members.length} of ${count}`)
  const byId = new Map(members.map(held => [held.id, held]))
  page.sets.set(proposal, { by, query, members: byId, left: count, isEnded: false })
}

const fits = (query: HoldQuery, held: Held): boolean =>
  (query.class ?? held.class) === held.class &&
  (query.lane ?? held.lane) === held.lane &&
  (query.source ?? held.source) === held.source &&
  (query.reason === undefined || held.reasons.includes(query.reason)) &&
  (query.to === undefined || Number(held.order.split(' ')[2]) < query.to)

/** A message goes by a proposal. */
function goes(page: Page, id: string, proposal: string, order: string[]): void {
  const set = page.sets.get(proposal)!
  const held = set.members.get(id)
  if (!held) page.wrong.push(`${id} went by ${proposal}, which did not mean it, or not any more`)
  else order.push(`${proposal} ${held.order}`)
  if (set.approvedBy === undefined || set.isEnded) page.wrong.push(`${id} went by ${proposal}, which was not approved`)
  page.released++
}

/** Whatever happens to a message that is held takes it out of all sets, for good. */
function leaves(page: Page, id: string): void {
  page.held.delete(id)
  for (const set of page.sets.values()) if (set.members.delete(id)) set.left--
}

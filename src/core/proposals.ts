import { assert, unreachable } from '../std/assert.ts'
import type { Event, MessageId } from './events.ts'
import { type LiveMessage, type LiveMessages, placeOf, rankOf } from './messages.ts'
import type { ReasonCode } from './reasons.ts'
import { covers, type Scope } from './scope.ts'

/**
 * Releasing or discarding many held messages at once, on the word of two people. The set is fixed when it is proposed: the messages that were
 * held then and fit the query. It is kept as the query and a mark, for every change of a live message takes a new turn: what is still held
 * under a turn up to the mark has been held ever since. So the set can shrink and never grow, and nothing is stored per message; the digest
 * over its ids, in the order in which they go, says which set two people have agreed on.
 */

/** What is absent stands for any. `from` and `to`: decided at or after, and before. `reason`: among its reasons. */
export type HoldQuery = Partial<Scope> & { reason?: ReasonCode; from?: number; to?: number }

export type HoldAction = 'release' | 'discard'

/** Why a message of the set was left out in the end, or why it still waits. */
export type LeftCode = 'secret.expired' | 'subject.erased' | 'message.not-held'

export type Proposal = {
  /** A UUIDv7. */
  id: string
  action: HoldAction
  query: HoldQuery
  reason: string
  by: string
  at: number
  /** Until then it may be approved; once approved, until then it goes on. */
  expiresAt: number
  /** The turn that the newest change of a message had when it was proposed. */
  mark: number
  count: number
  /** SHA-256 over the ids in the order in which they go, each with a line feed behind it; hex. */
  digest: string
  /** Some of the ids, evenly spread over the set, for people to look at. */
  sample: MessageId[]
  approvedBy?: string
  approvedAt?: number
  done: number
  refused: Partial<Record<LeftCode, number>>
  status: 'open' | 'approved' | 'ended'
  ended?: { how: 'completed' | 'cancelled' | 'lapsed'; by: string; at: number }
}

export type Proposals = Map<string, Proposal>

type Made = Omit<Proposal, 'id' | 'at' | 'done' | 'refused' | 'status' | 'ended' | 'approvedBy' | 'approvedAt'>

export type ProposalEvent =
  | ({ type: 'HoldsProposed'; proposal: string } & Made)
  | { type: 'ProposalApproved'; proposal: string; by: string; expiresAt: number }
  /** Somebody has tried who may not. */
  | { type: 'ProposalNotApproved'; proposal: string; by: string; code: 'approval.same-person' }
  | { type: 'ProposalEnded'; proposal: string; how: 'completed' | 'cancelled' | 'lapsed'; by: string }

const proposalEvents: Record<ProposalEvent['type'], true> = {
  HoldsProposed: true,
  ProposalApproved: true,
  ProposalNotApproved: true,
  ProposalEnded: true,
}

export const isProposalEvent = (event: Event): event is ProposalEvent => Object.hasOwn(proposalEvents, event.type)

export const sampleMax = 10
/** How many may be open or under way: each message that leaves a hold is looked for in all of them. */
export const underWayMax = 16
/** How many that have ended are remembered. */
export const endedMax = 200
/** How long a proposal may wait for its approval, and how long it goes on after it. */
export const openMsMax = 24 * 3_600_000
export const runMsMax = 24 * 3_600_000

export const isUnderWay = ({ status }: Proposal): boolean => status !== 'ended'

/** Whether a message is held for people, and was so when the set was fixed. */
export function isMember({ query, mark }: Pick<Proposal, 'query' | 'mark'>, message: LiveMessage): boolean {
  const { status, turn, reasons, decidedAt, facts } = message
  if ((status.is !== 'held' && status.is !== 'confirming') || turn > mark) return false
  if (query.reason !== undefined && !reasons.includes(query.reason)) return false
  if (query.from !== undefined && decidedAt < query.from) return false
  if (query.to !== undefined && decidedAt >= query.to) return false
  return covers({ ...query, class: query.class ?? facts.class }, placeOf(message))
}

/** The ids of the set in the order in which they go: the most urgent first, and among equals the oldest. */
export function membersOf(messages: LiveMessages, set: Pick<Proposal, 'query' | 'mark'>): MessageId[] {
  // Texts that sort as rank, instant and id do: several times as fast as comparing messages.
  const keys: string[] = []
  for (const message of messages.all()) if (isMember(set, message)) keys.push(`${orderOf(message)}${message.facts.id}`)
  return keys.sort().map(key => key.slice(orderLength) as MessageId)
}

const orderLength = 18
const orderOf = (message: LiveMessage): string =>
  `${rankOf(message)}`.padStart(2, '0') + `${message.decidedAt}`.padStart(orderLength - 2, '0')

/** How many of the set are still held. */
export const leftOf = ({ count, done, refused }: Proposal): number =>
  count - done - Object.values(refused).reduce((sum, n) => sum + n, 0)

export function foldProposal(proposals: Proposals, event: ProposalEvent, at: number): void {
  if (event.type === 'HoldsProposed') return propose(proposals, event, at)
  const proposal = proposals.get(event.proposal)
  assert(proposal, 'a proposal is made before anything happens to it')
  switch (event.type) {
    case 'ProposalApproved':
      Object.assign(proposal, { status: 'approved', approvedBy: event.by, approvedAt: at, expiresAt: event.expiresAt })
      return
    case 'ProposalNotApproved':
      return
    case 'ProposalEnded':
      Object.assign(proposal, { status: 'ended', ended: { how: event.how, by: event.by, at } })
      return
    default:
      return unreachable(event)
  }
}

function propose(proposals: Proposals, event: Extract<ProposalEvent, { type: 'HoldsProposed' }>, at: number): void {
  const { type: _, proposal: id, ...made } = event
  proposals.set(id, { id, ...made, at, done: 0, refused: {}, status: 'open' })
  const ended = [...proposals.values()].filter(one => !isUnderWay(one))
  for (const { id: old } of ended.slice(0, Math.max(0, ended.length - endedMax))) proposals.delete(old)
}

type Member = { proposal: Proposal; id: MessageId }

/** Which sets the messages of an event belong to; asked before it is taken in. Costs nothing while there is no proposal. */
export function membersBefore(proposals: Proposals, messages: LiveMessages, event: Event): Member[] | undefined {
  if (proposals.size === 0) return undefined
  const ids = event.type === 'SubjectErased' ? event.messages : 'id' in event ? [event.id] : []
  const found: Member[] = []
  for (const proposal of proposals.values())
    for (const id of isUnderWay(proposal) ? ids : []) {
      const message = messages.get(id)
      if (message && isMember(proposal, message)) found.push({ proposal, id })
    }
  return found
}

/** Those that the event has taken out of their sets, counted by what it was. */
export function countLeavers(members: Member[], messages: LiveMessages, event: Event): void {
  for (const { proposal, id } of members) {
    const message = messages.get(id)
    if (message && isMember(proposal, message)) continue
    if ('proposal' in event && event.proposal === proposal.id) proposal.done++
    else {
      const code = leftCodes[event.type] ?? 'message.not-held'
      proposal.refused[code] = (proposal.refused[code] ?? 0) + 1
    }
  }
}

const leftCodes: Partial<Record<Event['type'], LeftCode>> = {
  MessageExpired: 'secret.expired',
  SubjectErased: 'subject.erased',
}

import { unreachable } from '../std/assert.ts'
import { Sha256 } from '../std/sha256.ts'
import type { Command, Decision, RefusalCode } from './commands.ts'
import type { Event, MessageId } from './events.ts'
import type { LiveMessage } from './messages.ts'
import { placeOf } from './messages.ts'
import { isSamePerson } from './people.ts'
import { classOf } from './policy.ts'
import {
  type HoldAction,
  type HoldQuery,
  isMember,
  isUnderWay,
  leftOf,
  membersOf,
  openMsMax,
  type Proposal,
  runMsMax,
  sampleMax,
  underWayMax,
} from './proposals.ts'
import { budgetLeft, type State } from './state.ts'
import { stopOf } from './stops.ts'

/** What people, and the engine that carries it out, want of a proposal. `by` is the name of a person. */
export type ProposalCommand =
  | { type: 'ProposeHolds'; proposal: string; action: HoldAction; query: HoldQuery; reason: string; by: string }
  | { type: 'ApproveProposal'; proposal: string; by: string }
  /** Also while it is under way: what has not been released yet stays held. */
  | { type: 'CancelProposal'; proposal: string; by: string }
  /** The next step: these messages, in this order. Whoever is no longer of the set is passed over, so a step may come twice. */
  | { type: 'AdvanceProposal'; proposal: string; ids: MessageId[] }

export type ProposalRefusal =
  | 'proposal.unknown'
  | 'proposal.empty'
  | 'proposal.not-open'
  | 'proposal.expired'
  | 'proposals.too-many'

/** Why a message of a step stays held for now. */
export type BlockedCode = 'budget.exhausted' | 'breaker.open'
export type Advanced = { type: 'advanced'; left: number; blocked: { id: MessageId; code: BlockedCode }[] }

const commandTypes: Record<ProposalCommand['type'], true> = {
  ProposeHolds: true,
  ApproveProposal: true,
  CancelProposal: true,
  AdvanceProposal: true,
}

export const isProposalCommand = (command: Command): command is ProposalCommand =>
  Object.hasOwn(commandTypes, command.type)

const done = (...events: Event[]): Decision => ({ events, answer: { type: 'done' } })
const repeat: Decision = { events: [], answer: { type: 'repeat' } }
const refused = (code: RefusalCode, ...events: Event[]): Decision => ({ events, answer: { type: 'refused', code } })

export function decideProposal(state: State, command: ProposalCommand, now: number): Decision {
  if (command.type === 'ProposeHolds') return propose(state, command, now)
  const proposal = state.proposals.get(command.proposal)
  if (!proposal) return refused('proposal.unknown')
  switch (command.type) {
    case 'ApproveProposal':
      return approve(proposal, command.by, now)
    case 'CancelProposal':
      if (proposal.ended?.how === 'cancelled') return repeat
      return isUnderWay(proposal) ? done(ended(proposal, 'cancelled', command.by)) : refused('proposal.not-open')
    case 'AdvanceProposal':
      return advance(state, proposal, command.ids, now)
    default:
      return unreachable(command)
  }
}

const ended = ({ id }: Proposal, how: NonNullable<Proposal['ended']>['how'], by: string): Event => ({
  type: 'ProposalEnded',
  proposal: id,
  how,
  by,
})

type Propose = Extract<ProposalCommand, { type: 'ProposeHolds' }>

function propose(state: State, { type: _, ...proposed }: Propose, now: number): Decision {
  const { proposal: id, query } = proposed
  if (state.proposals.has(id)) return repeat
  if (query.class !== undefined && !classOf(state.policy, query.class)) return refused('class.unknown')
  const underWay = [...state.proposals.values()].filter(one => isUnderWay(one) && now < one.expiresAt)
  if (underWay.length >= underWayMax) return refused('proposals.too-many')
  const mark = state.messages.turn
  const ids = membersOf(state.messages, { query, mark })
  if (ids.length === 0) return refused('proposal.empty')
  const digest = new Sha256()
  for (const one of ids) digest.add(one).add('\n')
  const event: Event = {
    type: 'HoldsProposed',
    ...proposed,
    mark,
    count: ids.length,
    digest: digest.hex(),
    sample: spread(ids),
    expiresAt: now + openMsMax,
  }
  return done(event)
}

/** The first, the last and what lies evenly between them. */
function spread(ids: MessageId[]): MessageId[] {
  if (ids.length <= sampleMax) return ids
  return Array.from({ length: sampleMax }, (_, i) => ids[Math.round((i * (ids.length - 1)) / (sampleMax - 1))]!)
}

function approve(proposal: Proposal, by: string, now: number): Decision {
  const { id, approvedBy } = proposal
  if (approvedBy !== undefined && isSamePerson(approvedBy, by)) return repeat
  if (proposal.status !== 'open') return refused('proposal.not-open')
  if (now >= proposal.expiresAt) return refused('proposal.expired', ended(proposal, 'lapsed', by))
  if (isSamePerson(proposal.by, by)) {
    const code = 'approval.same-person'
    return refused(code, { type: 'ProposalNotApproved', proposal: id, by, code })
  }
  return done({ type: 'ProposalApproved', proposal: id, by, expiresAt: now + runMsMax })
}

/** Nobody's word lets more go than the budget of the hour has, nor anything that is stopped: that stays held, and is tried again. */
function advance(state: State, proposal: Proposal, ids: MessageId[], now: number): Decision {
  if (!isUnderWay(proposal)) return refused('proposal.not-open')
  if (now >= proposal.expiresAt) return done(ended(proposal, 'lapsed', proposal.approvedBy ?? proposal.by))
  if (proposal.status !== 'approved') return refused('proposal.not-open')
  const events: Event[] = []
  const blocked: Advanced['blocked'] = []
  const spent = new Map<string, number>()
  for (const id of new Set(ids)) {
    const message = state.messages.get(id)
    if (!message || !isMember(proposal, message)) continue
    const code = proposal.action === 'release' ? blockedBy(state, message, { spent, now }) : undefined
    if (code) blocked.push({ id, code })
    else events.push(outcomeOf(proposal, message, now))
  }
  const left = leftOf(proposal) - events.length
  if (left === 0) events.push(ended(proposal, 'completed', proposal.approvedBy!))
  return { events, answer: { type: 'advanced', left, blocked } }
}

function blockedBy(
  state: State,
  message: LiveMessage,
  { spent, now }: { spent: Map<string, number>; now: number },
): BlockedCode | undefined {
  if (now >= message.expiresAt) return undefined
  if (stopOf(state, placeOf(message), now)) return 'breaker.open'
  const { facts, lane } = message
  if (facts.campaign) return undefined
  const account = `${lane}/${facts.class}`
  const inStep = spent.get(account) ?? 0
  if (budgetLeft(state, facts.class, lane, now) - inStep <= 0) return 'budget.exhausted'
  spent.set(account, inStep + 1)
  return undefined
}

function outcomeOf({ id: proposal, action, by, reason }: Proposal, message: LiveMessage, now: number): Event {
  const { facts, lane, reasons } = message
  const { id } = facts
  if (now >= message.expiresAt)
    return { type: 'MessageExpired', id, reasons: [...new Set([...reasons, 'secret.expired'] as const)] }
  if (action === 'discard') return { type: 'MessageDiscarded', id, by, reason, proposal }
  return { type: 'MessageReleased', id, reasons: ['hold.released'], lane, by, proposal }
}

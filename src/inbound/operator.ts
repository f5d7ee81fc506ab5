import type { ContentFinding } from '../core/content.ts'
import type { MessageId } from '../core/events.ts'
import type { Cap, ClassPolicy, Lane } from '../core/policy.ts'
import type { BlockedCode, ProposalRefusal } from '../core/proposal-decisions.ts'
import type { HoldAction, HoldQuery, Proposal } from '../core/proposals.ts'
import type { ReasonCode } from '../core/reasons.ts'
import type { Place, Scope } from '../core/scope.ts'
import type { Hash64 } from '../std/hash64.ts'
import type { MessageRecord } from '../views/register.ts'

// What an operator may do, as HTTP, console and CLI are given it. Every act is journalled before it answers, and every one throws
// `Unavailable` when the journal cannot be written. `by` is the name of the key or person, never an address.

/** What is absent of lane, source and template stands for any. `phase`, `endsAt` and `alarm` are those of a breaker that a detector opened. */
export type Stop = {
  lane?: Lane
  source?: string
  template?: string
  by: string
  reason: string
  since: number
  until?: number
  phase?: 'open' | 'half-open'
  endsAt?: number
  alarm?: number
}

/** A class as the gate holds it now. Of a budget in this clock hour: `perHour` is in force, `used` is charged, `floor` holds before any
 * history, `forecast` is how many messages are expected. Instants in ms. */
export type ClassStatus = {
  name: string
  policy: ClassPolicy
  requirements: Record<string, 'required' | 'expected' | 'never'>
  caps: Record<Lane, Cap>
  budgets: Record<Lane, { perHour: number; used: number; floor: number; forecast: number }>
  stops: Stop[]
}

/** What a partial policy may name; the rest stays. */
export type ClassPolicyPatch = Partial<Omit<ClassPolicy, 'causes' | 'budgetPerHour'>> & {
  causes?: Partial<ClassPolicy['causes']>
  budgetPerHour?: Partial<Record<Lane, number>>
}

/** A fault that only the whole policy shows, such as a lifetime shorter than the delivery it has to outlive. */
export type PolicyFault = { pointer: string; code: string; detail: string }

export type SetClass = { status: 'done'; class: ClassStatus } | { status: 'refused'; faults: PolicyFault[] }
/** `handedOver`: messages handed over between the request and the last confirmation. `unconfirmed`: leases that remain. */
export type Pause =
  | { status: 'paused'; handedOver: number }
  | { status: 'unconfirmed'; unconfirmed: { lane: Lane; messages: number }[] }
  | { status: 'unknown-class' }
  | { status: 'too-many' }
/** `stops`: those of the class that do hold. */
export type Resume = { status: 'done' } | { status: 'unknown-class' } | { status: 'unknown-stop'; stops: Stop[] }
export type Resolve =
  | { status: 'done' }
  | {
      status: 'refused'
      code: 'message.unknown' | 'message.not-held' | 'message.not-live' | 'budget.exhausted' | 'template.not-written'
    }

/** A proposal as it is now. `waiting`: what stays held for now, by why; of the sample what is still held is told. */
export type ProposalStatus = Omit<Proposal, 'sample' | 'mark'> & {
  waiting: Partial<Record<BlockedCode, number>>
  sample: SampledHold[]
}
export type SampledHold = {
  id: MessageId
  held?: { class: string; lane: Lane; reasons: ReasonCode[]; decidedAt: number; expiresAt: number }
}

export type ProposalRefusalCode = ProposalRefusal | 'approval.same-person' | 'class.unknown'
export type Proposed = { status: 'done'; proposal: ProposalStatus } | { status: 'refused'; code: ProposalRefusalCode }

/**
 * What check 5 finds in a message when it looks again, under the policy as it is now. `what`, by `code`: a host, a whole address, the name of a
 * field or slot, or words of the content. `shown`: the host that a link shows in place of its own.
 */
export type Finding = {
  code: ContentFinding
  where: 'subject' | 'text' | 'html' | 'to' | 'header' | 'slot'
  what: string
  shown?: string
  why?: string
}

/** How Tocsin itself is. Instants in ms. */
export type HealthStatus = {
  brakeFault?: Place & { since: number; numbers: Record<string, number>; messages: MessageId[] }
  late: {
    class: string
    lane: Lane
    stage: 'handover' | 'provider'
    alarm: number
    lastLateAt: number
    usualMs: number
  }[]
  probe?: ProbeStatus
}

/** The last message that went the whole way and reached nobody. */
export type ProbeStatus = {
  at: number
  status: 'handed-over' | 'waiting' | 'held' | 'failed' | 'not-decided'
  decidedMs?: number
  handedOverMs?: number
}

export interface OperatorPort {
  /** Known without waiting: every request is checked against it. */
  knowsClass(name: string): boolean
  /** The keyed hash under which the journal knows an account. */
  accountHash(account: string): Hash64
  classes(): Promise<ClassStatus[]>
  /** Makes a class that does not exist yet. */
  setClass(name: string, patch: ClassPolicyPatch, by: string): Promise<SetClass>
  /** Answers when the stop holds. */
  pause(stop: Scope & { by: string; reason: string; until?: number }): Promise<Pause>
  /** Ends the stop of exactly this scope, and closes a breaker of it. */
  resume(stop: Scope & { by: string }): Promise<Resume>
  /** Fixes the set of held messages that a second person may approve. */
  propose(wanted: { action: HoldAction; query: HoldQuery; reason: string; by: string }): Promise<Proposed>
  /** Newest first. */
  proposals(): Promise<ProposalStatus[]>
  approve(proposal: string, by: string): Promise<Proposed>
  cancel(proposal: string, by: string): Promise<Proposed>
  health(): Promise<HealthStatus>
  /** After a fault of the brake all lanes are served again. */
  clearBrake(by: string): Promise<{ status: 'done' | 'not-faulty' }>
  /** At most 20. `undefined` when the person's key was erased. */
  findings(message: MessageRecord): Promise<Finding[] | undefined>
  release(id: MessageId, by: string): Promise<Resolve>
  discard(id: MessageId, by: string, reason: string): Promise<Resolve>
  /** Erases the person's keys. Answers the same for an account that was never written to. */
  erase(account: string, by: string): Promise<void>
}

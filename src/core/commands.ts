import type { RecordChange } from './alarms.ts'
import type { CampaignCommand, CampaignRefusal } from './campaign-decisions.ts'
import type { CauseFacts, Event, Lease, MessageFacts, MessageId, MessageMark, Outcome } from './events.ts'
import type { Lane, Policy } from './policy.ts'
import type { Advanced, ProposalCommand, ProposalRefusal } from './proposal-decisions.ts'
import type { ReasonCode } from './reasons.ts'
import type { Scope } from './scope.ts'
import type { SignalFacts } from './signals.ts'
import type { TemplateCommand, TemplateRefusal } from './template-decisions.ts'

/** What the world did with a message that was handed over. A time-out is `unknown`. */
export type Handover = 'accepted' | 'deferred' | 'rejected' | 'unknown' | 'unreadable'

/** What somebody wants, in the imperative. */
export type Command =
  | { type: 'ApplyPolicy'; hash: string; policy: Policy; by: string }
  | { type: 'RequestMessage'; message: MessageFacts }
  | { type: 'ReportCause'; cause: CauseFacts }
  | { type: 'ReportCoverage'; source: string; about?: string; until: number; complete: boolean }
  | { type: 'RecordHandover'; id: MessageId; handover: Handover; upstream: string; reply: string }
  | { type: 'ReleaseMessage'; id: MessageId; by: string }
  | { type: 'DiscardMessage'; id: MessageId; by: string; reason: string }
  | { type: 'ReportSignal'; signal: SignalFacts }
  | ({ type: 'PauseClass'; by: string; reason: string; until?: number } & Scope)
  /** Lifts a person's stop, and closes a breaker, of exactly this scope. */
  | ({ type: 'ResumeClass'; by: string } & Scope)
  /** The holder of the account says in the app that the message was asked for. */
  | { type: 'ConfirmMessage'; id: MessageId; by: string }
  /** One that waited for its holder's word goes as a canary of a half-open breaker. */
  | { type: 'ReleaseWaiting'; id: MessageId }
  /** What was ready when its breaker opened is held. */
  | { type: 'RecallMessage'; id: MessageId }
  | CampaignCommand
  | ProposalCommand
  | TemplateCommand
  /** Raise and clear the alarms that are due about Tocsin itself. */
  | { type: 'ReviewHealth' }
  /** A record of a domain that is audited is not what it was. */
  | { type: 'ReportRecordChange'; change: RecordChange }
  /** A person has looked at what the watch over the brake found. */
  | { type: 'ClearBrakeFault'; by: string }
  /** Pad the register's log to whole tiles, for a checkpoint. `salt`: random, makes the padding. */
  | { type: 'SealRegister'; salt: string }
  | { type: 'GrantLease'; lease: Lease }
  /** Give back what the hour will not need, as another partition does; refused when the lease has changed since. */
  | { type: 'ReturnLease'; class: string; lane: Lane; hour: number; messages: number; epoch: number; grant: number }
  /** At most `markedAtOnceMax` messages, which the shell has found in the register. */
  | { type: 'MarkMessages'; mark: MessageMark; messages: MessageId[]; by: string; reason: string }
  | { type: 'EraseSubject'; subject: MessageFacts['address']; by: string }
  /** Look again at a message that waits, after its cause came or its time ran out. */
  | { type: 'ReconsiderMessage'; id: MessageId }
  /** Time has passed: lives and waits that ran out. What is with the world right now is settled by what the world says, not by the clock. */
  | { type: 'Tick'; inFlight: ReadonlySet<MessageId> }

/** What the caller is told. `repeat`: the same request was decided before; `conflict`: the same key was used for another message. */
export type Answer =
  | { type: 'decided'; id: MessageId; outcome: Outcome; reasons: ReasonCode[]; lane: Lane; repeat: boolean }
  | { type: 'conflict'; id: MessageId }
  | { type: 'done' }
  | { type: 'repeat' }
  | Advanced
  | { type: 'refused'; code: RefusalCode }

export type RefusalCode =
  | CampaignRefusal
  | ProposalRefusal
  | TemplateRefusal
  | 'cause.from-the-future'
  | 'class.unknown'
  | 'message.not-held'
  | 'message.not-live'
  | 'message.unknown'
  | 'budget.exhausted'
  | 'lease.stale'
  | 'message.not-to-confirm'
  | 'signal.from-the-future'
  | 'stop.unknown'
  | 'stops.too-many'
  | 'brake.not-faulty'

export type Decision = { events: Event[]; answer: Answer; next?: Command[] }

import type { Hash64 } from '../std/hash64.ts'
import type { Alarm, AlarmSource } from './alarms.ts'
import type { CampaignEvent } from './campaigns.ts'
import type { ContentFinding } from './content.ts'
import type { CauseKind, CredentialChange, Lane, Policy } from './policy.ts'
import type { ProposalEvent } from './proposals.ts'
import type { ReasonCode } from './reasons.ts'
import type { RegisterSealed } from './register.ts'
import type { Scope } from './scope.ts'
import type { Seen } from './seen.ts'
import type { SignalFacts } from './signals.ts'
import type { TemplateEvent } from './templates.ts'

/** A UUIDv7 (RFC 9562 §5.7) in lower case, made by the shell. A notice of the core's own has version 8, derived from the message it is about. */
export type MessageId = string & { readonly __message: true }

export type Outcome = 'deliver' | 'confirm' | 'hold' | 'suppress' | 'reject' | 'expire'
export const outcomes: readonly Outcome[] = ['deliver', 'confirm', 'hold', 'suppress', 'reject', 'expire']

export type Trust = 'session' | 'known-device' | 'unknown'
export const trusts: readonly Trust[] = ['session', 'known-device', 'unknown']

/** Where the ciphertext of a message lies: in the sealed bytes of the batch that decided it, under the key in `slot` of the key page `page`. */
export type Sealed = { offset: number; length: number; page: number; slot: number }

/** What the shell found out about a message before it asks for a decision. All of it is free of recipients and secrets. */
export type MessageFacts = {
  id: MessageId
  application: string
  class: string
  /** Keyed hash of the account; `undefined` when the application did not say (plain SMTP). */
  account?: Hash64
  /** Keyed hash of the canonical mailbox: the bucket of the caps. */
  mailbox: Hash64
  /** Keyed hash of the address as it will be written to. */
  address: Hash64
  /** What makes a repeat: the idempotency key, else Message-ID, recipient and body; absent when the message brought neither. */
  repeat?: { key: Hash64; content: Hash64 }
  /**
   * The one that the message names, or whose skeleton its bytes show (`learnt`). `hash`: SHA-256, base64url, of the version that the bytes were
   * rendered from or compared with.
   */
  template?: { name: string; version?: string; hash?: string; learnt?: true }
  /** What the proof of the rendered bytes found against it; absent when nothing. */
  findings?: ContentFinding[]
  /** Keyed hash of the id of the event that the message names as its cause. */
  cause?: Hash64
  /** Instant, ms, after which the secret in the message is worthless. */
  expiresAt?: number
  environment?: string
  /** Whether the recipient is on the allow-list for test material. */
  allowListed?: boolean
  /** Keyed hashes of the mailboxes of other addresses that the values or the text name; at most `mentionsMax`. */
  mentions?: Hash64[]
  /** Whether the recipient sorts after the one before it from this application in this class. */
  inOrder?: boolean
  /** Which build or service sent it, as one of 32 categories. */
  build?: number
  /** The intended bulk send that it belongs to, and its place in the audience. */
  campaign?: { id: string; ordinal: number }
  bytes: number
  /** HMAC-SHA-256 of the content under its nonce, base64url: the key of the leaf in the register, which tells nothing and proves everything. */
  commitment: string
  sealed: Sealed
  /** `probe`: a message of our own that goes the whole way and reaches nobody. */
  via: 'http' | 'smtp' | 'campaign' | 'notice' | 'probe'
}

export type CauseFacts = {
  /** Keyed hash of the event's id. */
  key: Hash64
  /** Keyed hash of source and id: the identity of a CloudEvent, for repeats. */
  kind: CauseKind
  account: Hash64
  trust: Trust
  /** Whether the account exists. */
  known: boolean
  /** Keyed hashes of the account's addresses, when the source names them; at most `recipientsMax` with those that are not verified. */
  recipients: Hash64[]
  /** Those that its holder has not verified. */
  unverified?: Hash64[]
  /** When it happened, ms. */
  occurredAt: number
  source: string
  /** Who asked, as far as the web tier saw it. */
  requester?: Requester
  /** What a `credential.changed` changed. */
  change?: CredentialChange
}

/** `network`: keyed hash of the /24 or /48 of the address, else of the network's number. The others are categories from 0 to 31. */
export type Requester = { network?: Hash64; networkClass?: number; agent?: number; device?: Hash64 }

export const categories = 32

/**
 * What has happened, in the past tense. The journal holds nothing else; a new member must be handled by `fold` before it compiles.
 * The instant of an event is that of its batch.
 */
export type Event =
  /** `by` is `config` for the configuration, else the operator who changed a class. */
  | { type: 'PolicyApplied'; hash: string; policy: Policy; by: string }
  | { type: 'CauseReported'; cause: CauseFacts }
  /** `about`: what is vouched for, such as `auth` or `edge`; absent in old journals, and then `auth`. */
  | { type: 'CoverageReported'; source: string; about?: string; until: number; complete: boolean }
  | {
      type: 'MessageDecided'
      message: MessageFacts
      outcome: Outcome
      reasons: ReasonCode[]
      lane: Lane
      priority: number
      /** The cause that the message uses up. */
      cause?: Hash64
      /** The account that the decision was taken for, when the shell did not know it. */
      account: Hash64
      expiresAt: number
      upstream: string
      /** Source of the matched cause; absent without one. */
      source?: string
      /** Only for a hold that waits for its cause. */
      awaitsCauseUntil?: number
      /** Only for a hold of some seconds on soft evidence, which goes on by itself unless it is confirmed. */
      softUntil?: number
      /** What the detectors were shown; absent where they do not look. */
      seen?: Seen
      /** The mailbox is told once that more was asked for than it is sent. */
      notice?: MessageId
    }
  | { type: 'MessageConflicted'; application: string; key: Hash64 }
  /** `account`: the one of the cause, which the message may have waited to learn. */
  | {
      type: 'MessageReleased'
      id: MessageId
      reasons: ReasonCode[]
      lane: Lane
      cause?: Hash64
      source?: string
      account?: Hash64
      by?: string
      /** The proposal that it was released by. */
      proposal?: string
      seen?: Seen
    }
  | {
      type: 'MessageHeld'
      id: MessageId
      reasons: ReasonCode[]
      cause?: Hash64
      source?: string
      lane?: Lane
      seen?: Seen
      softUntil?: number
      /** The account of the cause, which the message may have waited to learn. */
      account?: Hash64
      /** It waits for its holder's word; absent where it waits for an operator's. */
      outcome?: 'confirm'
    }
  | { type: 'MessageRejected'; id: MessageId; reasons: ReasonCode[] }
  | { type: 'MessageDiscarded'; id: MessageId; by: string; reason: string; proposal?: string }
  | { type: 'MessageExpired'; id: MessageId; reasons: ReasonCode[] }
  | { type: 'MessageDelivered'; id: MessageId; upstream: string; attempt: number; reply: string }
  | {
      type: 'HandoverDeferred'
      id: MessageId
      upstream: string
      attempt: number
      reply: string
      nextAt: number
      nextUpstream: string
    }
  | { type: 'HandoverUnknown'; id: MessageId; upstream: string; attempt: number; reply: string; nextAt: number }
  | {
      type: 'MessageUndeliverable'
      id: MessageId
      upstream: string
      attempt: number
      reply: string
      reasons: ReasonCode[]
    }
  | { type: 'LeaseGranted'; lease: Lease }
  /** So many messages of what was granted for the hour are given back; `epoch` and `grant`: the last grant taken before. */
  | { type: 'LeaseReturned'; class: string; lane: Lane; hour: number; messages: number; epoch: number; grant: number }
  | ({ type: 'ClassPaused'; by: string; reason: string; until?: number } & Scope)
  | ({ type: 'ClassResumed'; by: string } & Scope)
  | { type: 'SignalReported'; signal: SignalFacts }
  /** A person has looked at what the watch over the brake found, and serves all lanes again. */
  | { type: 'BrakeCleared'; by: string }
  /** What the alarm of that id told of has been good again for a while. */
  | { type: 'AlarmCleared'; alarm: number; class: string; lane: Lane; source: string; detector: AlarmSource }
  | { type: 'AlarmRaised'; alarm: Alarm }
  /** `endsAt`: when it lets canaries through. */
  | { type: 'BreakerOpened'; scope: Scope; alarm: number; reason: string; trips: number; endsAt: number }
  /** What was decided before it opened, and is not with the world, has been caught. */
  | { type: 'BreakerSwept'; scope: Scope }
  /** Some of those who wait for their word went as canaries of a trial, or nobody waits; looked at again at `nextAt`. */
  | { type: 'SlowLaneServed'; scope: Scope; nextAt: number }
  | { type: 'BreakerHalfOpened'; scope: Scope; endsAt: number }
  /** By itself after a trial without a finding, or by a person. */
  | { type: 'BreakerClosed'; scope: Scope; by: string }
  | RegisterSealed
  | CampaignEvent
  | ProposalEvent
  | { type: 'MessagesMarked'; mark: MessageMark; messages: MessageId[]; by: string; reason: string }
  | TemplateEvent
  | { type: 'SubjectErased'; subject: Hash64; by: string; messages: MessageId[] }

/**
 * What people have found out about messages that were sent: a fault of ours, or asked for by somebody else than the account's holder. Whoever
 * verifies such a mail is told. `none` takes it back.
 */
export const messageMarks = ['sent-in-error', 'asked-by-someone-else', 'none'] as const
export type MessageMark = (typeof messageMarks)[number]
export const markedAtOnceMax = 1000

/** Whether an event is about messages, for those who follow only these; a new event does not compile before it is listed. */
const aboutMessages = {
  PolicyApplied: false,
  CauseReported: false,
  CoverageReported: false,
  MessageDecided: true,
  MessageConflicted: false,
  MessageReleased: true,
  MessageHeld: true,
  MessageRejected: true,
  MessageDiscarded: true,
  MessageExpired: true,
  MessageDelivered: true,
  HandoverDeferred: true,
  HandoverUnknown: true,
  MessageUndeliverable: true,
  LeaseGranted: false,
  LeaseReturned: false,
  ClassPaused: false,
  ClassResumed: false,
  SignalReported: false,
  BrakeCleared: false,
  AlarmCleared: false,
  AlarmRaised: false,
  BreakerOpened: false,
  BreakerSwept: false,
  SlowLaneServed: false,
  BreakerHalfOpened: false,
  BreakerClosed: false,
  CampaignDrafted: false,
  AudienceSealed: false,
  CampaignApproved: false,
  ApprovalRefused: false,
  CampaignStarted: false,
  CampaignPaused: false,
  CampaignHalted: false,
  ResumeAgreed: false,
  CampaignResumed: false,
  StageOpened: false,
  RecipientSkipped: false,
  CampaignEnded: false,
  CampaignSwept: false,
  HoldsProposed: false,
  ProposalApproved: false,
  ProposalNotApproved: false,
  ProposalEnded: false,
  MessagesMarked: false,
  TemplateDrafted: false,
  TemplateSubmitted: false,
  TemplateApproved: false,
  TemplateNotApproved: false,
  TemplateReturned: false,
  TemplateRetired: false,
  SkeletonLearnt: false,
  RegisterSealed: false,
  SubjectErased: true,
} as const satisfies Record<Event['type'], boolean>

type MessageEventType = { [T in Event['type']]: (typeof aboutMessages)[T] extends true ? T : never }[Event['type']]
export type MessageEvent = Extract<Event, { type: MessageEventType }>

/** Whether this release knows events of that type. */
export const isEventType = (type: unknown): type is Event['type'] =>
  typeof type === 'string' && Object.hasOwn(aboutMessages, type)

export const isAboutMessages = (event: Event): event is MessageEvent => aboutMessages[event.type]

/** The right to deliver a number of messages of a class and lane in one clock hour. Grants are numbered by the coordinator and used once. */
export type Lease = {
  class: string
  lane: Lane
  hour: number
  messages: number
  /** The whole budget of the hour when this part of it was granted, for people to see; absent in grants of the first version. */
  budget?: number
  epoch: number
  grant: number
}

export const recipientsMax = 10
export const mentionsMax = 8

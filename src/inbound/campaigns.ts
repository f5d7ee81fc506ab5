import type { Campaign, Halts, Stage } from '../core/campaigns.ts'
import type { RefusalCode } from '../core/commands.ts'
import type { MessageMark } from '../core/events.ts'
import type { Lane } from '../core/policy.ts'
import type { Mailbox, NamedMailbox } from '../std/mailbox.ts'

// Campaigns and corrections, as HTTP is given them. Every act is journalled before it answers; all throw `Unavailable` when that cannot be.

/** A template with the values that all have, or a subject with text, HTML or both. */
export type Content = {
  from?: NamedMailbox
  subject: string
  text?: string
  html?: string
  template?: { name: string; version?: string }
  slots?: Record<string, string>
}

export type Draft = {
  class: string
  title: string
  question: string
  accepted: string[]
  content: Content
  stages: Stage[]
  halts: Halts
  expected?: { count: number; tolerance: number }
  expiresAt: number
}

export type Member = { recipient: Mailbox; account?: string; slots?: Record<string, string>; locale?: string }
/** Lines are numbered from 1. */
export type AudienceLine = { line: number; member: Member } | { line: number; code: string }

export type Refused = { status: 'refused'; code: RefusalCode }
export type Acted = { status: 'done' } | Refused

/** What is known of a campaign; instants in ms. */
export type Known = {
  campaign: Campaign
  title: string
  question: string
  inFlight: number
  eta?: { from: number; to: number }
}

export type Findings = {
  accepted: number
  duplicates: number
  duplicateLines: number[]
  refused: number
  refusedLines: { line: number; code: string }[]
  testAddresses: number
  testLines: number[]
}

export type DryRun = Findings & {
  size: number
  erased: number
  capped: number
  suppressed: number
  samples: Member[]
  content: Content
}

export type CorrectionSet =
  | { ids: string[] }
  | {
      class: string
      from: number
      to: number
      lane?: Lane
      source?: string
      template?: string
      alarm?: number
      stop?: boolean
    }

export type CorrectionOrder = {
  set: CorrectionSet
  text: string
  to: 'delivered' | 'unknown'
  /** What whoever verifies one of these mails is told from now on; `sent-in-error` when absent. */
  mark?: MessageMark
}

/** What was found out about messages that were sent. */
export type MarkOrder = { set: CorrectionSet; mark: MessageMark; reason: string }
export type Marking = { status: 'marked'; messages: number } | { status: 'unknown-alarm' | 'no-stop' | 'too-large' }

export type CorrectionCounts = {
  messages: number
  byState: Record<string, number>
  unknown: { count: number; ids: string[] }
  erased: number
  alreadyCorrected: number
}

export type Corrected =
  | { status: 'drafted' | 'repeat'; known: Known; counts: CorrectionCounts; samples: Member[] }
  | { status: 'nobody'; counts: CorrectionCounts }
  | { status: 'unknown-text' | 'text-not-for-class' | 'unknown-alarm' | 'no-stop' | 'too-large' }
  | Refused

export interface CampaignPort {
  /** `id`: the draft that is drafted anew. */
  draft(draft: Draft, by: string, id?: string): Promise<{ status: 'done'; id: string } | Refused>
  audience(
    id: string,
    lines: AsyncIterable<AudienceLine[]>,
    options: { by: string; append: boolean },
  ): Promise<{ status: 'done'; findings: Findings; hash: string } | Refused>
  find(id: string): Promise<Known | undefined>
  /** Newest first. */
  list(): Promise<Known[]>
  dryRun(id: string): Promise<DryRun | undefined>
  approve(
    id: string,
    approval: { by: string; contentHash: string; audienceHash: string; answer: string },
  ): Promise<Acted>
  start(id: string, by: string): Promise<Acted>
  /** `handedOver`: with the world when the pause held. */
  pause(id: string, by: string, reason: string): Promise<{ status: 'done'; handedOver: number } | Refused>
  resume(id: string, by: string): Promise<{ status: 'done'; awaitsSecondPerson: boolean } | Refused>
  cancel(id: string, by: string): Promise<Acted>
  correct(order: CorrectionOrder, by: string): Promise<Corrected>
  /** Says what was found out about messages that were sent; whoever verifies such a mail is told. */
  mark(order: MarkOrder, by: string): Promise<Marking>
}

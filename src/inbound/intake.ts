import type { CauseFacts, MessageId, Outcome } from '../core/events.ts'
import type { CredentialChange, Lane } from '../core/policy.ts'
import type { Reason } from '../core/reasons.ts'
import type { AuthenticationResult, ChangeKind, ProviderNews, ReportKind } from '../core/signals.ts'
import type { Mailbox } from '../std/mailbox.ts'
import type { ReportedRequester } from './requester.ts'

/** Who sends: an application, known by its API key or its SMTP credential. `undefined` allows all. */
export type Application = {
  name: string
  senders?: string[]
  classes?: string[]
  environment?: string
  appendCode?: boolean
}

/** One message as an application asked for it, parsed and within all limits, before anything was decided. */
export type MessageRequest = {
  class: string
  account?: string
  recipient: Mailbox
  from?: { name?: string; mailbox: Mailbox }
  content:
    | { kind: 'parts'; subject: string; text?: string; html?: string }
    | { kind: 'template'; name: string; version?: string; locale?: string; slots: Record<string, string> }
    /** A whole mail as it came in over SMTP, the `X-Tocsin-*` fields removed. */
    | { kind: 'raw'; data: Uint8Array }
  cause?: string
  /** Instant, ms. */
  expiresAt?: number
  environment?: string
  idempotencyKey?: string
  /** Which build of the application sends; without it the application stands for all of them. */
  build?: string
  /** Message-ID of a raw mail; with recipient and body it tells a repeat when there is no idempotency key. */
  messageId?: string
}

export type MessageAnswer =
  | { status: 'decided' | 'repeat'; id: MessageId; outcome: Outcome; reasons: Reason[]; lane: Lane; code: string }
  | { status: 'conflict'; id: MessageId }
  /** The template takes other slots than the message gives; nothing was decided. */
  | { status: 'refused'; faults: SlotFault[] }

export type SlotFault = { slot: string; code: string; detail: string }

/** One event of the trace format, its envelope checked (CloudEvents 1.0.2) and its data parsed. `recipients` are the account's verified addresses. */
export type ReportedEvent =
  | {
      type: 'cause'
      id: string
      source: string
      kind: CauseFacts['kind']
      account: string
      trust: CauseFacts['trust']
      known: boolean
      recipients: Mailbox[]
      unverified?: Mailbox[]
      change?: CredentialChange
      occurredAt: number
      requester?: ReportedRequester
    }
  | { type: 'coverage'; id: string; source: string; about: string; until: number; complete: boolean }
  | ReportedSignalEvent

/** `by`: the operator who reported it. */
export type ReportedSignalEvent = {
  type: 'signal'
  id: string
  source: string
  occurredAt: number
  account?: string
  by?: string
  signal: ReportedSignal
}

/** What is reported besides causes, its data checked. `message` and `cause` are ids as the reporter knows them. */
export type ReportedSignal =
  | { kind: 'link-followed' | 'reset-completed'; cause?: string; message?: string }
  | { kind: 'reported'; report: ReportKind; message?: string; from?: Mailbox }
  | { kind: 'provider'; what: ProviderNews; provider: string; message?: string }
  | { kind: 'change'; change: ChangeKind; service: string; version?: string; actor?: string }
  | { kind: 'campaign-announced'; class: string; audience: number; from: number; until: number }
  | {
      kind: 'baseline'
      class: string
      lane?: Lane
      ratePerHourOfWeek: number[]
      dispersion?: number
      safety?: number
      templates?: { template: string; versions: string[] }[]
    }
  | { kind: 'access'; actor: string; resource: string; action: string; records?: number }
  | {
      kind: 'dmarc'
      domain: string
      sourceIp: string
      count: number
      spf: AuthenticationResult
      dkim: AuthenticationResult
    }
  | { kind: 'claim'; by: string; text: string; url?: string }

export type EventAnswer = { status: 'accepted' | 'repeat' } | { status: 'refused'; code: string }

/** By what an application knows that it speaks with the holder of an account. */
export const confirmers = ['session', 'second-factor', 'passkey'] as const
export type Confirmer = (typeof confirmers)[number]
export type ConfirmAnswer =
  | { status: 'done' }
  | {
      status: 'refused'
      code: 'message.unknown' | 'message.not-to-confirm' | 'message.not-live' | 'budget.exhausted'
    }

/** The journal cannot be written now: nothing was decided, the caller may try again. Becomes 503 and 451. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}

/** What HTTP and SMTP are given. Answers come when what they say is durable, in the order of the requests. All throw `Unavailable`. */
export interface Intake {
  messages(application: Application, requests: MessageRequest[]): Promise<MessageAnswer[]>
  events(events: ReportedEvent[]): Promise<EventAnswer[]>
  /** The holder's word for a message that waits for it. Only the application that sent it may pass it on; to others there is no such message. */
  confirm(application: Application, id: MessageId, by: Confirmer): Promise<ConfirmAnswer>
}

import { type Hash64, nameHash } from '../std/hash64.ts'
import type { MessageId } from './events.ts'
import type { Lane } from './policy.ts'
import type { Place } from './scope.ts'

/**
 * What is reported besides causes: what people did with a message, what providers and other systems say. Free of recipients and secrets, as
 * all facts are. `key` is the keyed hash of source and id of the event, so that one that comes twice counts once. `about` and `campaign`: where
 * the message stood and what it belongs to, when the shell found it in the register.
 */
export type SignalFacts = {
  key: Hash64
  occurredAt: number
  source: string
  campaign?: { id: string; ordinal: number }
} & (
  | { kind: 'link-followed' | 'reset-completed'; account: Hash64; cause?: Hash64; message?: MessageId; about?: Place }
  | {
      kind: 'reported'
      report: ReportKind
      message?: MessageId
      about?: Place
      account?: Hash64
    }
  | {
      kind: 'provider'
      what: ProviderNews
      provider: string
      message?: MessageId
      about?: Place
      /** Keyed hash of the canonical mailbox that the message went to, when the shell found it in the register. */
      mailbox?: Hash64
    }
  | { kind: 'change'; change: ChangeKind; service: string; version?: string; actor?: string }
  | { kind: 'campaign-announced'; class: string; audience: number; from: number; until: number; by?: string }
  | {
      kind: 'baseline'
      class: string
      lane?: Lane
      /** Messages an hour for each hour of the week; hour 0 is Monday 00 UTC. */
      ratePerHourOfWeek: number[]
      dispersion?: number
      safety?: number
      templates?: { template: string; versions: string[] }[]
      /** The operator who loaded it. */
      by?: string
    }
  /** Known, journalled and kept for verdicts; no detector looks at it yet. */
  | ({ kind: 'noted' } & Noted)
)

/**
 * What is said of one message counts once a day, whoever says it and however often: a recipient who reports the same mail again and again is one
 * report, and buys no stop for others. `undefined` where nothing is counted by message.
 */
export function onceKey(signal: SignalFacts): Hash64 | undefined {
  if (!('message' in signal) || signal.message === undefined) return undefined
  const what = countedAs(signal)
  return what === undefined ? undefined : nameHash(`${what} ${signal.message}`)
}

function countedAs(signal: SignalFacts): string | undefined {
  switch (signal.kind) {
    case 'reported':
      return signal.report === 'question' ? undefined : 'reported'
    case 'provider':
      return signal.what === 'bounced' || signal.what === 'complained' ? signal.what : undefined
    case 'link-followed':
    case 'reset-completed':
      return signal.kind
    default:
      return undefined
  }
}

/** Names that are, or may hold, a person's are keyed hashes; what was said in public keeps its words, without addresses. */
export type Noted =
  | { type: 'access.recorded'; actor: string; resource: string; action: string; records?: number }
  | {
      type: 'dmarc.reported'
      domain: string
      sourceIp: string
      count: number
      spf: AuthenticationResult
      dkim: AuthenticationResult
    }
  | { type: 'claim.published'; by: string; text: string; url?: string }

export const reportKinds = ['not-requested', 'phishing', 'question'] as const
export type ReportKind = (typeof reportKinds)[number]

export const providerNews = ['delivered', 'deferred', 'bounced', 'complained'] as const
export type ProviderNews = (typeof providerNews)[number]

/** RFC 8601 §2.7.1 and §2.7.2, as DMARC reports quote them. */
export const authenticationResults = [
  'pass',
  'fail',
  'none',
  'neutral',
  'softfail',
  'policy',
  'temperror',
  'permerror',
] as const
export type AuthenticationResult = (typeof authenticationResults)[number]

export const changeKinds = ['deploy', 'flag', 'config', 'migration', 'cron', 'template'] as const
export type ChangeKind = (typeof changeKinds)[number]

export const hoursOfWeek = 168

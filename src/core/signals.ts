import type { Hash64 } from '../std/hash64.ts'
import type { MessageId } from './events.ts'
import type { Lane } from './policy.ts'
import type { Place } from './scope.ts'

/**
 * What is reported besides causes: what people did with a message, what providers and other systems say. Free of recipients and secrets, as
 * all facts are. `campaign`: of the message that it is about, when the shell found it in the register. `key` is the keyed hash of source and id of the event, so that one that comes twice counts once.
 */
export type SignalFacts = {
  key: Hash64
  occurredAt: number
  source: string
  campaign?: { id: string; ordinal: number }
} & (
  | { kind: 'link-followed' | 'reset-completed'; account: Hash64; cause?: Hash64; message?: MessageId }
  | {
      kind: 'reported'
      report: 'not-requested' | 'phishing' | 'question'
      message?: MessageId
      /** Where the message stood, when the shell could look it up. */
      about?: Place
      account?: Hash64
    }
  | {
      kind: 'provider'
      what: 'delivered' | 'deferred' | 'bounced' | 'complained'
      provider: string
      message?: MessageId
      about?: Place
    }
  | { kind: 'change'; change: ChangeKind; service: string; version?: string; actor?: string }
  | { kind: 'campaign-announced'; class: string; audience: number; from: number; until: number }
  | {
      kind: 'baseline'
      class: string
      lane?: Lane
      /** Messages an hour for each hour of the week; hour 0 is Monday 00 UTC. */
      ratePerHourOfWeek: number[]
      dispersion?: number
      safety?: number
      templates?: { template: string; versions: string[] }[]
    }
  /** Known, journalled and kept for verdicts; no detector looks at it yet. */
  | { kind: 'noted'; type: string; account?: Hash64 }
)

export const changeKinds = ['deploy', 'flag', 'config', 'migration', 'cron', 'template'] as const
export type ChangeKind = (typeof changeKinds)[number]

export const hoursOfWeek = 168

import { marks } from '../views/marks.ts'
import type { SentRecord } from '../views/sent.ts'

/** What whoever got a mail is answered; DESIGN of the contract, `POST /v1/verify`. */
export const verdicts = [
  'asked',
  'unconfirmed',
  'not-asked',
  'sent-in-error',
  'altered',
  'not-ours',
  'unknown',
] as const
export type Verdict = (typeof verdicts)[number]

/** Why a mail is not what was sent, or why nothing can be said. */
export const alterations = [
  /** It says something else. */
  'content',
  /** Ours is whole in it, and something was added: mailing lists and forwarding servers do this. */
  'added',
  /** It reads as ours does, and was written in another way: transfer encoding, line breaks, header fields. */
  're-encoded',
  /** Everything is as it was sent but its signature, which does not hold. */
  'signature',
] as const
export type Alteration = (typeof alterations)[number]

export const doubts = [
  /** Its code and its recipient fit no mail of ours. */
  'no-match',
  /** It is ours, and was sent to somebody else than the reader. */
  'other-recipient',
  /** Everything is as it was sent, but its signature is missing or made with a key that is no longer known here. */
  'unsigned',
  /** Signed by us, with a code that was taken out. */
  'no-code',
  /** Forwarded within a text, so that only its words are left. */
  'inline',
  /** It cannot be read as a mail. */
  'unreadable',
] as const
export type Doubt = (typeof doubts)[number]

/** How a message came about, which decides what there is to do. `unrecorded`: no request was reported that fits it. */
export type Origin = 'request' | 'unrecorded' | 'event' | 'campaign'

/** `sentAt` in ms. */
export type Answer =
  | { verdict: 'asked' | 'unconfirmed' | 'not-asked' | 'sent-in-error'; class: string; sentAt: number; origin: Origin }
  | { verdict: 'altered'; class: string; sentAt: number; reason: Alteration }
  | { verdict: 'not-ours' }
  | { verdict: 'unknown'; reason?: Doubt }

export type Genuine = Extract<Answer, { origin: Origin }>

/** What is said of a mail that is certain to be ours. What people found out comes first, then what its holder said, then how it was asked for. */
export function genuine(sent: Pick<SentRecord, 'class' | 'lane' | 'marks' | 'sentAt' | 'isCaused'>): Genuine {
  const { class: name, sentAt } = sent
  return { verdict: verdictOf(sent), class: name, sentAt, origin: originOf(sent) }
}

function verdictOf({ lane, marks: bits }: Pick<SentRecord, 'lane' | 'marks'>): Genuine['verdict'] {
  if (bits & marks['sent-in-error']) return 'sent-in-error'
  if (bits & (marks['asked-by-someone-else'] | marks.reported)) return 'not-asked'
  if (bits & marks.completed) return 'asked'
  // The reserved lane is that of sessions, of known devices, and of what the holder confirmed.
  return lane === 'reserved' ? 'asked' : 'unconfirmed'
}

function originOf({ lane, isCaused }: Pick<SentRecord, 'lane' | 'isCaused'>): Origin {
  if (lane === 'system') return 'event'
  if (lane === 'campaign') return 'campaign'
  return isCaused ? 'request' : 'unrecorded'
}

import type { Match } from './causes.ts'
import { bitOf } from './detectors/features.ts'
import type { MessageFacts } from './events.ts'
import type { Lane } from './policy.ts'
import type { ReasonCode } from './reasons.ts'

/** What the detectors are shown of one message. Two masks over `features`, and two categories of who asked. */
export type Seen = { tested: number; present: number; agent?: number; network?: number }

/** From here on a template that was never sent in the class is unusual. */
export const messagesUntilUsual = 1000

/** A cause that waited this long for its message is unusual: queues that are replayed have such. */
const oldCauseMs = 60_000

const causeless = bitOf('causeless')
const repeatedRecipient = bitOf('repeated-recipient')
const unseenTemplate = bitOf('unseen-template')
const testMaterial = bitOf('test-material')
const wrongRecipient = bitOf('wrong-recipient')
const oldCause = bitOf('old-cause')
const unknownAccount = bitOf('unknown-account')
const newNetwork = bitOf('new-network')
const inOrder = bitOf('in-order')

export type Showing = {
  facts: MessageFacts
  match: Match | undefined
  lane: Lane
  now: number
  /** What the exact checks before have found. */
  reasons: readonly ReasonCode[]
  /** Causes are known to come for this application and class, and their source is not silent. */
  isConnected: boolean
  /** The mailbox got a message in this lane lately. */
  isRepeated: boolean
  usual: { messages: number; templates: string[] } | undefined
}

/** What a sender shows that takes one person for another. */
const mixedUp: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'recipient.not-the-accounts',
  'recipient.stale',
  'content.recipients',
  'content.other-recipient',
  'content.other-address',
])

/** What is tested of a message, and what it shows. */
export function seenOf({ facts, match, lane, now, reasons, isConnected, isRepeated, usual }: Showing): Seen {
  const seen: Seen = { tested: wrongRecipient, present: 0 }
  const test = (bit: number, present: boolean) => {
    seen.tested |= bit
    if (present) seen.present |= bit
  }
  if (reasons.some(code => mixedUp.has(code))) seen.present |= wrongRecipient
  if (isConnected && match) test(causeless, match.status !== 'matched')
  // Whoever asks twice has two causes, and each justifies its message.
  if (lane !== 'campaign' && match?.status !== 'matched') test(repeatedRecipient, isRepeated)
  // A look that was learnt is new when it was first recognized, not when it was first sent: what is new about it, check 3 says.
  if (usual && usual.messages > messagesUntilUsual && facts.template && !facts.template.learnt)
    test(unseenTemplate, !usual.templates.includes(facts.template.name))
  const isMarked = reasons.includes('content.test-material')
  if (facts.environment !== undefined || isMarked)
    test(testMaterial, isMarked || reasons.includes('environment.not-allowed'))
  // A list is what a job goes through. With answers to people counted in, an attack on one mailbox that sorts first made every other message
  // one in order, and stopped them all.
  if (facts.inOrder !== undefined && match?.status !== 'matched') test(inOrder, facts.inOrder)
  if (match?.status !== 'matched') return seen
  const { traits, occurredAt } = match.cause
  test(oldCause, now - occurredAt > oldCauseMs)
  if (lane !== 'open') return seen
  test(unknownAccount, !traits.known)
  test(newNetwork, traits.newNetwork)
  seen.agent = traits.agent
  seen.network = traits.networkClass
  return seen
}

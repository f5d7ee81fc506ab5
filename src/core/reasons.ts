/**
 * Every code that a decision can carry, with the sentence that people read. The texts are fixed, so that the same decision is told in the
 * same words everywhere, and they hold neither a recipient nor a secret. They stand in the order of the gate's checks, which is the order in
 * which a decision names them. `docs/errors.md` lists them; a test keeps the two together.
 */
export const reasons = {
  'environment.not-allowed':
    'Material from a test or staging environment may only go to the addresses on the allow-list.',
  'template.unknown': 'The named template, or this version of it, is not approved.',
  'template.changed': 'The mail no longer looks like the approved template of its sender.',
  'content.inline-not-allowed': 'This class only accepts approved templates, and the message brings its own content.',
  'cause.awaited': 'The event that causes this message has not been reported yet; the message waits for it.',
  'cause.missing': 'No event was reported that justifies this message.',
  'cause.wrong-kind': 'The named event is not of a kind that may cause a message of this class.',
  'cause.other-account': 'The named event belongs to another account.',
  'cause.stale': 'The named event is too old to justify a message of this class.',
  'cause.used': 'The named event has already justified a message of this class to this recipient.',
  'cause.other-change': 'The named event is of another change than the one that this class tells of.',
  'cause.source-silent': 'The source of the causes has fallen silent, so only a small leased allowance goes out.',
  'recipient.not-the-accounts': 'The recipient is not among the verified addresses that causes name for this account.',
  'recipient.stale': 'The recipient was an address of this account and no longer is.',
  'content.unreadable':
    'The mail cannot be taken apart within the limits, so that nothing can be said of what it shows.',
  'content.recipients': 'The fields of the mail name somebody besides its one recipient.',
  'content.other-recipient': 'The content names the address of somebody else who was written to lately.',
  'content.other-address': 'The content names an address that is neither the recipient’s nor the sender’s.',
  'content.link': 'A link of the mail leads to a host that is not allowed.',
  'content.slot-active':
    'A value that users control brings markup, a link, an address or a telephone number of its own.',
  'content.slot-invalid': 'A value is longer than its slot allows or has characters that its slot does not.',
  'content.test-material': 'The mail has the marks of a test, or variables that were not filled in.',
  'content.not-as-approved': 'The rendered mail is not the approved template with its values.',
  'secret.expired': 'The secret that the message carries would expire before the message can be delivered.',
  'cap.mailbox': 'This mailbox has received as many messages of this lane as its cap allows for now.',
  'requester.concentrated': 'Far more requests than usual come from the network that this one came from.',
  'breaker.open': 'The class is stopped, by a person or by a detector.',
  'evidence.hard': 'The message shows what marks a wrongful send that is going on; it is kept, and others go.',
  'evidence.soft': 'Something looks unusual; the message waits some seconds and goes on unless that is confirmed.',
  'budget.exhausted': 'The budget of this class and lane is used up for this hour; the message is kept.',
  'brake.faulty':
    'The brake itself looks faulty, so only the reserved lane is served until a person has looked; the message is kept.',
  'hold.released': 'A person released the message.',
  'hold.slow-lane': 'The message waited until the stop of its lane let a few through.',
  'hold.confirmed': 'The holder of the account confirmed the request in the app.',
  'hold.discarded': 'A person discarded the message.',
  'delivery.rejected': 'The upstream refused the message for good.',
  'delivery.gave-up': 'The message could not be handed over within its lifetime.',
  'subject.erased': 'The keys of this person were erased, so the message can no longer be read or sent.',
} as const

export type ReasonCode = keyof typeof reasons
export type Reason = { code: ReasonCode; detail: string }

export const reasonCodes = Object.keys(reasons) as ReasonCode[]

/** A set of codes as bits, for tables that keep the answers of millions of messages: the first 32 codes in `low`, the others in `high`. */
export type ReasonMask = { low: number; high: number }

export function toMask(codes: readonly ReasonCode[]): ReasonMask {
  const mask = { low: 0, high: 0 }
  for (const code of codes) {
    const bit = reasonCodes.indexOf(code)
    if (bit < 32) mask.low |= 1 << bit
    else mask.high |= 1 << (bit - 32)
  }
  return mask
}

export const fromMask = ({ low, high }: ReasonMask): ReasonCode[] =>
  reasonCodes.filter((_, bit) => ((bit < 32 ? low >>> bit : high >>> (bit - 32)) & 1) !== 0)

export const explain = (codes: readonly ReasonCode[]): Reason[] => codes.map(code => ({ code, detail: reasons[code] }))

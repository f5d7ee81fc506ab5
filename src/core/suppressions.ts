import { type Hash64, high, low } from '../std/hash64.ts'
import { Table } from '../std/table.ts'
import type { Event } from './events.ts'
import type { LiveMessages } from './messages.ts'

/**
 * Mailboxes that bulk mail leaves alone: what was sent there bounced for good, or its holder complained. Nothing else looks at it: a security
 * message of the account's own is tried all the same. A row has 16 bytes: mailbox 2, since (s) 1, why 1.
 */
export type Suppressions = Table

export const newSuppressions = (): Suppressions => new Table('suppressions', { rowWords: 4, shardBits: 8 })

export type SuppressedFor = 'bounced' | 'complained'

const whys: readonly SuppressedFor[] = ['bounced', 'complained']

const keptMs = 90 * 24 * 3_600_000

/** RFC 3463 §3.2: there is no such mailbox, here or any more. Other refusals may be about the message, and suppress nobody. */
const noMailbox = /\b5\.1\.(?:[1-36]|10)\b/

export function suppressedFor(suppressions: Suppressions, mailbox: Hash64, now: number): SuppressedFor | undefined {
  if (suppressions.size === 0) return undefined
  const at = suppressions.find(high(mailbox), low(mailbox))
  if (at < 0 || now - suppressions.words[at + 2]! * 1000 > keptMs) return undefined
  return whys[suppressions.words[at + 3]!]
}

/** Takes in what providers and upstreams say of a mailbox; asked before the message itself ends, so that it can still be found. */
export function foldSuppressions(suppressions: Suppressions, messages: LiveMessages, event: Event, at: number): void {
  if (event.type === 'MessageUndeliverable') {
    const mailbox = messages.get(event.id)?.facts.mailbox
    if (mailbox && noMailbox.test(event.reply)) suppress(suppressions, mailbox, 'bounced', at)
    return
  }
  if (event.type !== 'SignalReported' || event.signal.kind !== 'provider') return
  const { message, mailbox: named, what } = event.signal
  const mailbox = named ?? (message && messages.get(message)?.facts.mailbox)
  if (!mailbox) return
  if (what === 'bounced' || what === 'complained') return suppress(suppressions, mailbox, what, at)
  // It takes mail again. A complaint is a person's word, and stays.
  if (what === 'delivered' && suppressedFor(suppressions, mailbox, at) === 'bounced')
    suppressions.remove(high(mailbox), low(mailbox))
}

function suppress(suppressions: Suppressions, mailbox: Hash64, why: SuppressedFor, at: number): void {
  const isComplained = suppressedFor(suppressions, mailbox, at) === 'complained'
  const row = suppressions.insert(high(mailbox), low(mailbox))
  suppressions.words[row + 2] = Math.floor(at / 1000)
  suppressions.words[row + 3] = whys.indexOf(isComplained ? 'complained' : why)
}

export function sweepSuppressions(suppressions: Suppressions, shard: number, now: number): void {
  const old = Math.floor((now - keptMs) / 1000)
  suppressions.sweep(shard, (words, row) => words[row + 2]! < old)
}

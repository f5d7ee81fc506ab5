import { createHash } from 'node:crypto'
import type { Halts } from '../core/campaigns.ts'
import type { Answer } from '../core/commands.ts'
import type { MessageId, Sealed } from '../core/events.ts'
import type { Hash64 } from '../std/hash64.ts'
import type { HashedRecipient, Recipient } from './campaign-vault.ts'
import { type CampaignParts, draftCampaign } from './campaigns.ts'
import { act } from './operator.ts'

/** A wrongful message as the register shows it. */
export type WrongfulMessage = {
  id: MessageId
  state: string
  account: Hash64
  mailbox: Hash64
  address: Hash64
  erased: boolean
  at: number
  sealed: Sealed
  decidedAt: number
}

export type CorrectionText = { subject: string; text: string; html?: string }

export type CorrectionOrder = {
  set(): AsyncIterable<WrongfulMessage[]>
  /** Name of the approved text, and what it says. */
  name: string
  text: CorrectionText
  application: string
  /** `unknown`: those who may or may not have got it, which is a decision of its own. */
  to: 'delivered' | 'unknown'
  by: string
  lifetimeMs: number
  /** Who has been sent a correction since an instant, and when. */
  correctedSince(at: number): Promise<Map<Hash64, number>>
}

export type CorrectionCounts = {
  messages: number
  byState: Record<string, number>
  /** Hand-overs that nobody knows the end of; at most `unknownNamedMax` are named. */
  unknown: { count: number; ids: MessageId[] }
  /** People whose keys were erased since. */
  erased: number
  /** People who were sent a correction after their last wrongful message. */
  alreadyCorrected: number
}

export type Correction =
  | { status: 'drafted' | 'repeat'; campaign: string; counts: CorrectionCounts; samples: Recipient[] }
  | { status: 'nobody'; counts: CorrectionCounts }
  | { status: 'too-large' }
  | { status: 'refused'; answer: Extract<Answer, { type: 'refused' }> }

export const correctionMessagesMax = 1_000_000
export const unknownNamedMax = 1000
const samplesMax = 3
const addedAtOnce = 2000

/**
 * Drafts the correction of a set of messages: to exactly the people who got one of them, each once. Who that is comes from the register; the
 * addresses are read from the messages themselves, and sealed anew. The same set and text give the same correction.
 */
export async function draftCorrection(parts: CampaignParts, order: CorrectionOrder): Promise<Correction> {
  const found = await readSet(order)
  if (found === 'too-large') return { status: 'too-large' }
  const { gotIt, counts } = found
  const id = correctionId(gotIt, order)
  const known = parts.partition.state.campaigns.get(id)
  const newest = newestByMailbox(gotIt)
  if (known?.audience) return { status: 'repeat', campaign: id, counts, samples: [] }
  await leaveOutCorrected(newest, counts, order)
  if (newest.size === 0) return { status: 'nobody', counts }
  await parts.vault.open(id)
  const revision = await parts.vault.store.newRevision(id)
  const samples = await addRecipients(parts, { id, revision }, [...newest.values()], counts)
  const { hash, size } = await parts.vault.audienceHash(id, revision)
  if (size === 0) return { status: 'nobody', counts }
  const drafted = await draft(parts, order, { id, size })
  if (drafted.type === 'refused') return { status: 'refused', answer: drafted }
  const { by } = order
  const answer = await act(parts.partition, {
    type: 'SealAudience',
    campaign: id,
    audience: { hash, size, revision },
    by,
  })
  if (answer.type === 'refused') return { status: 'refused', answer }
  return { status: 'drafted', campaign: id, counts, samples }
}

type Found = { counts: CorrectionCounts; gotIt: WrongfulMessage[] }

async function readSet({ set, to }: CorrectionOrder): Promise<Found | 'too-large'> {
  const counts: CorrectionCounts = {
    messages: 0,
    byState: {},
    unknown: { count: 0, ids: [] },
    erased: 0,
    alreadyCorrected: 0,
  }
  const found: Found = { counts, gotIt: [] }
  for await (const page of set())
    for (const message of page) {
      const { id, state } = message
      if (++counts.messages > correctionMessagesMax) return 'too-large'
      counts.byState[state] = (counts.byState[state] ?? 0) + 1
      if (state === to) found.gotIt.push(message)
      if (state === 'unknown' && ++counts.unknown.count <= unknownNamedMax) counts.unknown.ids.push(id)
    }
  return found
}

/** Version 8 (RFC 9562 §5.8), from the set and the text. */
function correctionId(messages: readonly WrongfulMessage[], { name, text, to }: CorrectionOrder): string {
  const sum = createHash('sha256').update(JSON.stringify([name, text, to]))
  for (const id of messages.map(({ id }) => id).sort()) sum.update(id)
  const hex = sum.digest('hex')
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** A person who got ten is written to once, at the address of the last. */
function newestByMailbox(messages: readonly WrongfulMessage[]): Map<Hash64, WrongfulMessage> {
  const newest = new Map<Hash64, WrongfulMessage>()
  for (const message of messages) {
    const before = newest.get(message.mailbox)
    if (!before || before.at <= message.at) newest.set(message.mailbox, message)
  }
  return newest
}

async function leaveOutCorrected(
  newest: Map<Hash64, WrongfulMessage>,
  counts: CorrectionCounts,
  { correctedSince }: CorrectionOrder,
): Promise<void> {
  if (newest.size === 0) return
  let oldest = Number.POSITIVE_INFINITY
  for (const { at } of newest.values()) oldest = Math.min(oldest, at)
  for (const [mailbox, at] of await correctedSince(oldest)) {
    const message = newest.get(mailbox)
    if (!message || at < message.at) continue
    newest.delete(mailbox)
    counts.alreadyCorrected++
  }
}

/** In the order of the journal, so that each batch is read once. */
async function addRecipients(
  { partition, vault }: CampaignParts,
  { id, revision }: { id: string; revision: number },
  messages: WrongfulMessage[],
  counts: CorrectionCounts,
): Promise<Recipient[]> {
  messages.sort((a, b) => a.decidedAt - b.decidedAt || a.sealed.offset - b.sealed.offset)
  const samples: Recipient[] = []
  let chunk: HashedRecipient[] = []
  for (const message of messages) {
    const content = message.erased ? undefined : await partition.content(message, message.decidedAt)
    if (!content) {
      counts.erased++
      continue
    }
    const plain: Recipient = { recipient: content.recipient }
    if (content.account !== undefined) plain.account = content.account
    if (samples.length < samplesMax) samples.push(plain)
    const { mailbox, address, account } = message
    chunk.push({ ...plain, hashes: { mailbox, address, account } })
    if (chunk.length < addedAtOnce) continue
    await vault.add(id, revision, chunk)
    chunk = []
  }
  await vault.add(id, revision, chunk)
  return samples
}

/** A correction goes to all at once: every minute counts. It halts all the same when far too much comes back. */
const halts: Halts = {
  reports: { min: 20, rate: 0.02 },
  bounces: { min: 50, rate: 0.2 },
  complaints: { min: 20, rate: 0.02 },
}

function draft(
  parts: CampaignParts,
  { name, text, application, by, lifetimeMs }: CorrectionOrder,
  { id, size }: { id: string; size: number },
): Promise<Answer> {
  return draftCampaign(
    parts,
    {
      id,
      kind: 'correction',
      title: `correction: ${name}`,
      question: 'How many people receive this correction?',
      accepted: [String(size)],
      content: { class: 'correction', application, ...text },
      stages: [{ share: 1, pauseMs: 0 }],
      halts,
      expiresAt: parts.partition.now() + lifetimeMs,
      startsWhenApproved: true,
    },
    by,
  )
}

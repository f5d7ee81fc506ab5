import { createHash } from 'node:crypto'
import { type Mail, valuesOf } from '../proof/mail.ts'
import { readMail } from '../proof/read-mail.ts'
import { type Mailbox, parseAddressHeader } from '../std/mailbox.ts'
import type { Answer } from './verdict.ts'
import type { Verifier } from './verify.ts'

// Mail that people forward to the report address: checked, recorded, and answered, but only to somebody who certainly wrote it (RFC 3834).

/** How it came. */
export type Forwarded = { from: Mailbox | null; remoteAddress: string; helo: string; data: Buffer }

export type Report = {
  /** Stable for the same mail: one that is sent twice is one report. */
  id: string
  kind: 'phishing' | 'question'
  /** Whose address it came from, when that is certain. */
  from?: Mailbox
}

export type Reply = { to: Mailbox; answer: Answer; id: string; inReplyTo?: string; language?: string }

export type ReportParts = {
  verifier: Verifier
  /** The address itself. */
  address: Mailbox
  /** Whether the author's domain vouches for the mail (DMARC: SPF or DKIM, aligned). */
  isVouchedFor(forwarded: Forwarded): Promise<boolean>
  record(report: Report): Promise<void>
  reply(reply: Reply): Promise<void>
  /** One answer an hour and reporter. */
  mayReply(to: Mailbox): boolean
}

/** Takes one mail to the report address. What a machine wrote is dropped; what nobody vouches for is recorded and not answered. */
export async function takeReport(parts: ReportParts, forwarded: Forwarded): Promise<void> {
  const read = readMail(forwarded.data)
  if (!read.ok) return
  const { mail } = read
  if (forwarded.from === null || isAutomatic(mail) || isTo(mail, 'from', parts.address)) return
  const author = authorOf(mail)
  const isAuthor = author !== undefined && isSame(author, forwarded.from) && (await parts.isVouchedFor(forwarded))
  const answer = await answerTo(parts.verifier, mail, isAuthor ? author : undefined)
  const id = reportId(mail, forwarded.from)
  const isForged = answer.verdict === 'altered' || answer.verdict === 'not-ours'
  await parts.record({ id, kind: isForged ? 'phishing' : 'question', ...(isAuthor && { from: author }) })
  if (!isAuthor || !isTo(mail, 'to', parts.address) || !parts.mayReply(author)) return
  const [inReplyTo] = valuesOf(mail.fields, 'message-id')
  const [language] = [...valuesOf(mail.fields, 'content-language'), ...valuesOf(mail.fields, 'accept-language')]
  await parts.reply({ to: author, answer, id, ...(inReplyTo && { inReplyTo }), ...(language && { language }) })
}

/** RFC 3834 §2 and §5, and what common programs say instead. */
function isAutomatic({ fields }: Mail): boolean {
  return fields.some(({ name, value }) => {
    if (name === 'auto-submitted') return !/^no\b/i.test(value)
    if (name === 'precedence') return /^(?:bulk|list|junk|auto_reply)$/i.test(value)
    return (
      name.startsWith('list-') || name === 'x-auto-response-suppress' || name === 'x-autoreply' || name === 'x-loop'
    )
  })
}

const isSame = (a: Mailbox, b: Mailbox): boolean => a.address.toLowerCase() === b.address.toLowerCase()

const isTo = ({ fields }: Mail, name: 'from' | 'to', address: Mailbox): boolean =>
  valuesOf(fields, name).some(value => value.toLowerCase().includes(address.address.toLowerCase()))

/** The one author; a mail with several has none. */
function authorOf({ fields }: Mail): Mailbox | undefined {
  const named = valuesOf(fields, 'from')
  const parsed = named.length === 1 ? parseAddressHeader(named[0]!) : undefined
  return parsed?.ok ? parsed.mailbox : undefined
}

/**
 * Of a mail that is attached everything is checked. Of one that was forwarded within the text only its code is left, which a forger may have
 * copied: it is never called genuine.
 */
async function answerTo(verifier: Verifier, mail: Mail, author: Mailbox | undefined): Promise<Answer> {
  const enclosed = mail.parts.find(({ enclosedData }) => enclosedData !== undefined)?.enclosedData
  const recipient = author && { recipient: author.address }
  if (enclosed)
    return verifier.byMail({ data: Buffer.from(enclosed.buffer, enclosed.byteOffset, enclosed.length), ...recipient })
  return { verdict: 'unknown', reason: 'inline' }
}

function reportId({ fields }: Mail, from: Mailbox): string {
  const sum = createHash('sha256').update(valuesOf(fields, 'message-id').join(' ')).update('\0').update(from.address)
  return sum.digest('hex').slice(0, 32)
}

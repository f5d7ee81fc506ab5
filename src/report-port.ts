import { authenticate } from 'mailauth'
import { type Forwarded, type Reply, type ReportParts, takeReport } from './authenticity/report.ts'
import { hasTooManySignatures } from './authenticity/signature.ts'
import type { Verifier } from './authenticity/verify.ts'
import { say } from './authenticity/words/say.ts'
import { languageOf, words } from './authenticity/words/words.ts'
import { Asking } from './domains/asking.ts'
import type { Dns } from './domains/dns.ts'
import { mailauthResolver } from './domains/mailauth.ts'
import { Rate } from './inbound/http/rate.ts'
import type { Application, Intake } from './inbound/intake.ts'
import type { ReportDesk } from './inbound/smtp/reports.ts'
import { compose } from './outbound/email/compose.ts'
import type { Mailbox } from './std/mailbox.ts'

export type ReportDeps = {
  address: Mailbox
  hostname: string
  application: Application
  intake: Intake
  verifier: Verifier
  dns: Dns
  now(): number
}

/** People report a mail or two. */
const allowances = { each: { burst: 20, perSecond: 0.05 }, all: { burst: 200, perSecond: 2 } }
const replyEveryMs = 3_600_000
/** To all together: whoever owns a domain has as many addresses as they like, and replies share a budget with honest mail. */
export const repliesPerHourMax = 60
/** As many reporters are remembered; the first of them is forgotten. */
const reportersMax = 10_000

/** Mail to the report address: what is reported goes into the journal, what is answered through the gate. */
export function reportDesk(deps: ReportDeps): ReportDesk {
  const rate = new Rate(allowances)
  const parts: ReportParts = {
    verifier: deps.verifier,
    address: deps.address,
    isVouchedFor: forwarded => isVouchedFor(deps, forwarded),
    mayReply: repliesAllowed(deps.now),
    reply: reply => sendReply(deps, reply),
    async record({ id, kind, from }) {
      const signal = { kind: 'reported', report: kind, ...(from && { from }) } as const
      await deps.intake.events([{ type: 'signal', id, source: 'report-address', occurredAt: deps.now(), signal }])
    },
  }
  return {
    async take({ from, remoteAddress, helo }, data) {
      if (!rate.take(remoteAddress, deps.now())) return 'busy'
      await takeReport(parts, { from, remoteAddress, helo, data })
      return 'taken'
    },
  }
}

/** What a mail may make us ask: SPF takes ten look-ups and the addresses of ten hosts at most (RFC 7208 §4.6.4), each signature one. */
const questions = { questionsMax: 100, auditMsMax: 10_000 }

/** RFC 9989: a mail whose author's domain has a policy, and that passes it. Whatever the DNS does not say is no. */
async function isVouchedFor(
  { dns, hostname }: ReportDeps,
  { from, remoteAddress, helo, data }: Forwarded,
): Promise<boolean> {
  if (hasTooManySignatures(data)) return false
  const result = await authenticate(data, {
    ip: remoteAddress,
    helo,
    mta: hostname,
    sender: from?.address ?? '',
    resolver: mailauthResolver(new Asking(dns, questions).view().dns) as never,
    disableArc: true,
    disableBimi: true,
  }).catch(() => undefined)
  const { dmarc } = result ?? {}
  return typeof dmarc === 'object' && dmarc?.status.result === 'pass'
}

/** One an hour to each, and so many to all. */
export function repliesAllowed(now: () => number): (to: Mailbox) => boolean {
  const answered = new Map<string, number>()
  const all = { burst: repliesPerHourMax, perSecond: repliesPerHourMax / 3600 }
  const rate = new Rate({ each: all, all })
  return ({ address }) => {
    const key = address.toLowerCase()
    const at = answered.get(key)
    if (at !== undefined && now() - at < replyEveryMs) return false
    if (!rate.take('', now())) return false
    answered.delete(key)
    if (answered.size >= reportersMax) answered.delete(answered.keys().next().value!)
    answered.set(key, now())
    return true
  }
}

/** A mail as any other, to the gate, with the empty reverse path; it says that a machine wrote it (RFC 3834 §3.3, §5), and nothing of what was reported. */
async function sendReply({ address, application, intake, now }: ReportDeps, reply: Reply): Promise<void> {
  const language = languageOf(reply.language)
  const { title, advice, reason } = say(reply.answer, language)
  const { page, report } = words[language]
  const from = { mailbox: address }
  const messageId = `<report-${reply.id}@${address.domain}>`
  const references =
    reply.inReplyTo !== undefined && isMessageId(reply.inReplyTo) ? [['In-Reply-To', reply.inReplyTo] as const] : []
  const made = await compose({
    from,
    to: { mailbox: reply.to },
    subject: report.subject,
    text: [report.intro, title, ...(reason ? [reason] : []), advice, page.teaching, ''].join('\n\n'),
    date: now(),
    messageId,
    headers: [['Auto-Submitted', 'auto-replied'], ['Content-Language', language], ...references],
  })
  if (made.status !== 'composed') return
  const content = { kind: 'raw', data: made.raw } as const
  await intake.messages(application, [{ class: 'other', recipient: reply.to, content, messageId }])
}

const isMessageId = (text: string): boolean => /^<[\x21-\x3b\x3d\x3f-\x7e]{1,250}>$/.test(text)

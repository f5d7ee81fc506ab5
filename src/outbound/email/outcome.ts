import type { Mailbox } from '../../std/mailbox.ts'
import { enhancedOf, type Reply, replyText } from './reply.ts'

/** One message for one recipient. `from` null is the null sender `<>`. `data` is the whole mail, every line ended by CRLF. */
export type Mail = {
  id: string
  from: Mailbox | null
  to: Mailbox
  data: Buffer
  /** Asked right before the first byte goes out, after any wait for a connection; on a no the mail is `withdrawn`. */
  mayLeave?: () => boolean
}

/** Where in the conversation something was learned. */
export type Stage = 'connect' | 'greeting' | 'ehlo' | 'tls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body' | 'final'

export type DeferralReason =
  /** No connection: refused, unreachable, name unknown, time-out, or not tried because of one of these a moment ago. */
  | 'connect'
  /** TLS is required and not offered, or the handshake failed. */
  | 'tls'
  /** The upstream does not take our credentials, or wants some. */
  | 'auth'
  /** The upstream asks to come back later. */
  | '4xx'
  /** No answer in time, and the end of the mail was not sent. */
  | 'timeout'
  /** The connection broke, and the end of the mail was not sent. */
  | 'lost'
  /** The upstream said something that is not SMTP, and the end of the mail was not sent. */
  | 'protocol'
  /** More mails wait for this upstream than may wait. */
  | 'queue-full'
  /** The pool is closing. */
  | 'closed'

/**
 * What became of one hand-over. `accepted`: the upstream has taken over the mail. `deferred`: it surely has not, try again later.
 * `rejected`: it never will. `unknown`: it may have, since the end of the mail was sent and no answer came; the same message, with the
 * same Message-ID, goes to the same upstream again. `withdrawn`: nothing of it was sent, since it may no longer leave. Texts are `replyText`: short, printable, without addresses.
 */
export type HandoverOutcome =
  | { status: 'accepted'; code: number; text: string }
  | {
      status: 'deferred'
      stage: Stage
      reason: DeferralReason
      code?: number
      enhanced?: string
      text?: string
      /** When the upstream is known to be unreachable until then. */
      retryAfterMs?: number
    }
  | { status: 'rejected'; stage: Stage; code: number; enhanced?: string; text: string }
  | { status: 'unknown'; reason: 'timeout' | 'lost' | 'protocol' }
  | { status: 'withdrawn' }

/** RFC 4954 §4.7, §6: these refuse us, not this mail, whatever stage they come at. */
const authenticationCodes = new Set([530, 534, 535, 538])

/** The outcome that a negative reply at a stage means for this mail (RFC 5321 §4.2.1). */
export function refusal(stage: Stage, reply: Reply, to: Mailbox): HandoverOutcome {
  const enhanced = enhancedOf(reply)
  const heard = { code: reply.code, ...(enhanced !== undefined && { enhanced }), text: replyText(reply, to) }
  if (authenticationCodes.has(reply.code)) return { status: 'deferred', stage, reason: 'auth', ...heard }
  if (reply.code >= 500) return { status: 'rejected', stage, ...heard }
  if (reply.code >= 400) return { status: 'deferred', stage, reason: '4xx', ...heard }
  return { status: 'deferred', stage, reason: 'protocol', ...heard }
}

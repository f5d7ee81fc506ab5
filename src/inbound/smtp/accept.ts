import type { Buffer } from 'node:buffer'
import { assert } from '../../std/assert.ts'
import { parseMailbox } from '../../std/mailbox.ts'
import { type Application, type Intake, type MessageAnswer, type MessageRequest, Unavailable } from '../intake.ts'
import { isAllowedSender } from '../senders.ts'
import { type HeaderFacts, readHeaders } from './headers.ts'
import type { Envelope, Reply } from './session.ts'

/** What the way from a mail to the gate is given. */
export type Reception = {
  intake: Intake
  knowsClass(name: string): boolean
  /** The class of a mail that names none, by the approved look which it has; `undefined` when it has none. */
  classOf(application: string, data: Buffer): string | undefined
}

/** A mail that was handed on this often goes in a circle (RFC 5321 §6.3). */
const hopsMax = 50

const refusal = (enhanced: string, text: string): Reply => ({ code: 550, enhanced, text })

/**
 * From a mail as it came in to the reply of SMTP: 250 once the decision is durable, whatever it is, since a held or suppressed message is
 * recorded and visible; 550 for a reject and for what may not be sent at all; 451 when nothing could be made durable.
 */
export function mailAcceptance({ intake, knowsClass, classOf }: Reception) {
  return async (application: Application, envelope: Envelope, data: Buffer): Promise<Reply> => {
    const facts = readHeaders(data, envelope.to)
    const className =
      facts.instructions.class ?? onlyClass(application) ?? classOf(application.name, facts.data) ?? 'other'
    const refused =
      headerRefusal(facts) ??
      classRefusal(application, className, knowsClass) ??
      senderRefusal(application, envelope, facts)
    if (refused) return refused
    try {
      const [answer] = await intake.messages(application, [requestOf(envelope, facts, className)])
      return replyTo(answer!)
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      return { code: 451, enhanced: '4.3.0', text: 'The message could not be made durable, please try again' }
    }
  }
}

/** A credential for one class needs no header. */
const onlyClass = ({ classes }: Application): string | undefined => (classes?.length === 1 ? classes[0] : undefined)

function headerRefusal({ faults, hops }: HeaderFacts): Reply | undefined {
  if (faults.length > 0) return refusal('5.6.0', faults.map(({ code, field }) => `${code} ${field}`).join('; '))
  if (hops > hopsMax)
    return { code: 554, enhanced: '5.4.6', text: `loop-detected: more than ${hopsMax} Received fields` }
  return undefined
}

function classRefusal(application: Application, name: string, knowsClass: Reception['knowsClass']): Reply | undefined {
  if (!knowsClass(name)) return refusal('5.7.1', 'class.unknown: there is no such class')
  if (application.classes && !application.classes.includes(name))
    return refusal('5.7.1', 'class.not-allowed: the credential is not for this class')
  return undefined
}

/** Where a credential is bound to senders, the envelope and every From must be one of them. */
function senderRefusal(application: Application, envelope: Envelope, facts: HeaderFacts): Reply | undefined {
  if (!application.senders) return undefined
  const authors = facts.from.map(text => parseMailbox(text))
  const once = !facts.repeated.includes('from') && authors.length > 0
  const fine = once && authors.every(author => author.ok && isAllowedSender(application, author.mailbox))
  if (fine && (envelope.from === null || isAllowedSender(application, envelope.from))) return undefined
  return refusal('5.7.1', 'sender.not-allowed: the credential is bound to other senders')
}

function requestOf(envelope: Envelope, facts: HeaderFacts, className: string): MessageRequest {
  const { cause, account, idempotencyKey, expiresAt } = facts.instructions
  return {
    class: className,
    recipient: envelope.to,
    content: { kind: 'raw', data: facts.data },
    ...(envelope.from && { from: { mailbox: envelope.from } }),
    ...(facts.messageId !== undefined && { messageId: facts.messageId }),
    ...(cause !== undefined && { cause }),
    ...(account !== undefined && { account }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

function replyTo(answer: MessageAnswer): Reply {
  if (answer.status === 'conflict')
    return refusal('5.7.1', `idempotency.key-reused: the key stands for another message, ${answer.id}`)
  assert(answer.status !== 'refused', 'a whole mail has no slots')
  const { id, outcome, reasons } = answer
  if (outcome === 'reject') return refusal('5.7.1', `${reasons.map(({ code }) => code).join(' ')} ${id}`)
  return { code: 250, enhanced: '2.0.0', text: `${id} ${outcome}` }
}

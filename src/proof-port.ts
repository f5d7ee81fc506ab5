import type { Content, Proof } from './core/content.ts'
import type { MessageId } from './core/events.ts'
import { linkHostsOf, type Policy } from './core/policy.ts'
import { Unavailable } from './inbound/intake.ts'
import type { ToProve, WrittenMessage } from './inbound/requests.ts'
import { ProofOverloaded, type ProofPool } from './proof/pool.ts'
import type { Expectations, Material, SlotValue } from './proof/prove.ts'
import { isInert } from './proof/values.ts'
import type { Mailbox } from './std/mailbox.ts'
import type { Compiled } from './templates/compiled.ts'
import { render } from './templates/render.ts'

export type ProofPortOptions = {
  pool: ProofPool
  policy(): Policy
  /** Who messages are from that name no sender; `undefined` when nobody has said. */
  sender?: Mailbox
  code(id: MessageId): string
  /** A version of a template that messages were just written from. */
  compiled(hash: string): Compiled | undefined
}

/** What the gate is told of the bytes of messages, in their order. Throws `Unavailable` when too many wait to be looked at. */
export function proofPort(options: ProofPortOptions) {
  const one = (message: ToProve): Proof | Promise<Proof> =>
    options.pool.prove(materialOf(message), expectationsOf(message, options))
  return async (messages: readonly ToProve[]): Promise<Proof[]> => {
    try {
      return await Promise.all(messages.map(one))
    } catch (error) {
      if (error instanceof ProofOverloaded) throw new Unavailable(error.message, { cause: error })
      throw error
    }
  }
}

/** Of what could not be written, the values are all that is known. */
function materialOf({ request: { content }, written }: ToProve): Material {
  if (content.kind !== 'template') return content
  if (written?.status !== 'written')
    return { kind: 'parts', subject: '', text: Object.values(content.slots).join('\n') }
  const { subject, text, html } = written
  return { kind: 'parts', subject, text, html }
}

function expectationsOf(message: ToProve, { policy: policyNow, sender, ...options }: ProofPortOptions): Expectations {
  const { class: className, recipient, from } = message.request
  const policy = policyNow()
  const expectations: Expectations = {
    recipient,
    hosts: linkHostsOf(policy, className),
    addresses: Object.hasOwn(policy.classes, className) ? policy.classes[className]!.addresses : 'own',
  }
  const author = from?.mailbox ?? sender
  if (author) expectations.sender = author
  if (message.written?.status === 'written')
    Object.assign(expectations, templateExpectations(message, message.written, options))
  return expectations
}

/** What the approved template makes of the values, found out once more; and what was put into it, apart from what it would not show. */
function templateExpectations(
  { id, request: { content } }: ToProve,
  { template }: Extract<WrittenMessage, { status: 'written' }>,
  { code, compiled: versionAt }: Pick<ProofPortOptions, 'code' | 'compiled'>,
): Pick<Expectations, 'slots' | 'approved'> {
  const compiled = versionAt(template.hash)
  if (!compiled || content.kind !== 'template' || !id) return {}
  const { rendered, replaced } = render(compiled, template.locale, content.slots, { code: code(id), isInert })
  const { subject, text, html } = rendered
  const slots = Object.entries(content.slots).flatMap(([name, value]): SlotValue[] => {
    const slot = compiled.slots[name]
    return slot && !replaced.includes(name) ? [{ name, value, control: slot.control, type: slot.type }] : []
  })
  return { slots, approved: { subject, text, html } }
}

/** A message of a campaign, as its recipient will have it. */
export function ofCampaign({ recipient, from, subject = '', text, html }: Content, className: string): ToProve {
  const content = {
    kind: 'parts' as const,
    subject,
    ...(text !== undefined && { text }),
    ...(html !== undefined && { html }),
  }
  return { request: { class: className, recipient, content, ...(from && { from }) } }
}

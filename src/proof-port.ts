import { type Content, contentFindings, type Proof } from './core/content.ts'
import type { MessageId } from './core/events.ts'
import { linkHostsOf, type Policy } from './core/policy.ts'
import { Unavailable } from './inbound/intake.ts'
import type { Hashing, ToProve, WrittenMessage } from './inbound/requests.ts'
import { ProofOverloaded, type ProofPool } from './proof/pool.ts'
import type { Expectations, FindingDetail, Material, Proven, Rendered, SlotValue } from './proof/prove.ts'
import type { GapValue } from './proof/skeleton/match.ts'
import { isInert } from './proof/values.ts'
import type { OpenSkeletons } from './skeleton-port.ts'
import { resolveReferences } from './std/html.ts'
import { canonicalMailbox, type Mailbox } from './std/mailbox.ts'
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
  looks: Pick<OpenSkeletons, 'see'>
  hash: Hashing['hash']
}

/** Whose messages they are; none for those of campaigns, which have an approval of their own. */
type Sender = { name: string; environment?: string }

/** What the gate is told of the bytes of messages, in their order. Throws `Unavailable` when too many wait to be looked at. */
export function proofPort(options: ProofPortOptions) {
  const one = (message: ToProve, application: Sender | undefined): Proof | Promise<Proof> => {
    const from = application && lookFrom(message, application)
    const expectations = expectationsOf(message, options)
    if (from !== undefined) expectations.lookFrom = from
    const proven = options.pool.prove(materialOf(message), expectations)
    if (from === undefined) return proven
    return proven instanceof Promise
      ? proven.then(done => withLook(message, application!, done, options))
      : withLook(message, application!, proven, options)
  }
  return async (messages: readonly ToProve[], application?: Sender): Promise<Proof[]> => {
    try {
      return await Promise.all(messages.map(message => one(message, application)))
    } catch (error) {
      if (error instanceof ProofOverloaded) throw new Unavailable(error.message, { cause: error })
      throw error
    }
  }
}

/** Looks at one message to say what is found in it, and where. Learns nothing. */
export function detailedProof(options: ProofPortOptions) {
  return async (message: ToProve): Promise<FindingDetail[]> => {
    try {
      const expectations = { ...expectationsOf(message, options), details: true } as const
      const { details, findings } = await options.pool.prove(materialOf(message), expectations)
      // A thread that was ended says no more than that.
      return details ?? findings.map(code => ({ code, where: 'text', what: 'took too long to be taken apart' }))
    } catch (error) {
      if (error instanceof ProofOverloaded) throw new Unavailable(error.message, { cause: error })
      throw error
    }
  }
}

/** Looks are those of mails that are written elsewhere and go to people. */
function lookFrom({ request }: ToProve, application: Sender): string | undefined {
  const { environment = application.environment, content, from } = request
  if (content.kind === 'template' || (environment !== undefined && environment !== 'production')) return undefined
  return from ? `${from.name ?? ''} <${from.mailbox.address}>` : ''
}

/** Recognizes the look, and asks of values in its gaps what is asked of values in slots. */
function withLook(
  { request }: ToProve,
  { name: application }: Sender,
  { look, ...proof }: Proven,
  options: ProofPortOptions,
): Proof {
  if (!look) return proof
  const recipient = options.hash('mailbox', canonicalMailbox(request.recipient))
  const { template, values } = options.looks.see({ application, class: request.class, recipient, look })
  if (template) proof.template = template
  if (values.some(isActive) && !proof.findings.includes('content.slot-active'))
    proof.findings = contentFindings.filter(one => one === 'content.slot-active' || proof.findings.includes(one))
  return proof
}

/** Where only plain words ever stood, a link, an address or a telephone number is none of the template's. */
function isActive({ part, gap, value }: GapValue): boolean {
  if (gap.active || (gap.type !== 'text' && gap.type !== 'attribute')) return false
  return !isInert(part === 'html' ? resolveReferences(value, gap.type === 'attribute') : value)
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

/** No message is as this, for what is written has a text. */
const nothingApproved: Rendered = { subject: '' }

/** What the approved template makes of the values, found out once more; and what was put into it, apart from what it would not show. */
function templateExpectations(
  { id, request: { content } }: ToProve,
  { template }: Extract<WrittenMessage, { status: 'written' }>,
  { code, compiled: versionAt }: Pick<ProofPortOptions, 'code' | 'compiled'>,
): Pick<Expectations, 'slots' | 'approved'> {
  const compiled = versionAt(template.hash)
  // Nobody can say what it should have become.
  if (!compiled || content.kind !== 'template' || !id) return { slots: [], approved: nothingApproved }
  const { rendered, replaced } = render(compiled, template.locale, content.slots, { code: code(id), isInert })
  const { subject, text, html } = rendered
  const slots = Object.entries(content.slots).flatMap(([name, value]): SlotValue[] => {
    const slot = compiled.slots[name]
    return slot && !replaced.includes(name) ? [{ name, value, control: slot.control, type: slot.type }] : []
  })
  return { slots, approved: { subject, text, html } }
}

/** A message of a campaign, as its recipient will have it. */
export function ofCampaign({ id, content: whole }: { id: MessageId; content: Content }, className: string): ToProve {
  const { recipient, from, subject = '', text, html, template, slots = {} } = whole
  if (template?.hash !== undefined) {
    const { name, version = '', hash, locale = '' } = template
    const written = { subject, text: text ?? '', html: html ?? '', template: { name, version, hash, locale } }
    return {
      id,
      request: {
        class: className,
        recipient,
        content: { kind: 'template', ...template, slots },
        ...(from && { from }),
      },
      written: { status: 'written', ...written, invalid: [] },
    }
  }
  const content = {
    kind: 'parts' as const,
    subject,
    ...(text !== undefined && { text }),
    ...(html !== undefined && { html }),
  }
  return { request: { class: className, recipient, content, ...(from && { from }) } }
}

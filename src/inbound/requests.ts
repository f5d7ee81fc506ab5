import type { Answer, Command } from '../core/commands.ts'
import { type Content, contentFindings, type Proof } from '../core/content.ts'
import type { CauseFacts, MessageFacts, MessageId } from '../core/events.ts'
import { explain } from '../core/reasons.ts'
import { assert } from '../std/assert.ts'
import type { Hash64 } from '../std/hash64.ts'
import { canonicalMailbox, type Mailbox, parseMailbox } from '../std/mailbox.ts'
import type { Standing } from '../views/places.ts'
import {
  type Application,
  type ConfirmAnswer,
  type EventAnswer,
  type Intake,
  type MessageAnswer,
  type MessageRequest,
  type ReportedEvent,
  type SlotFault,
  Unavailable,
} from './intake.ts'
import { RecipientOrder } from './recipient-order.ts'
import { buildCategory, requesterFacts } from './requester.ts'
import { type MessageLookup, namedMessage, signalFacts } from './signals.ts'

export type WantedMessage = { name: string; version?: string; locale?: string; slots: Record<string, string> }

/**
 * `unknown`: no such version is approved for the class. `no-source`: it is called approved, and there is nothing to write it from. `invalid`
 * names slots whose value does not fit.
 */
export type WrittenMessage =
  | {
      status: 'written'
      template: { name: string; version: string; hash: string; locale: string }
      subject: string
      text: string
      html: string
      invalid: string[]
    }
  | { status: 'unknown' | 'no-source' }
  | { status: 'refused'; faults: SlotFault[] }

/** What turns a request into facts. All of it is the engine's; the core sees only hashes. */
export type Gateway<Sealed> = {
  newId(): MessageId
  /** A keyed hash of a text in a domain of its own. */
  hash(domain: string, text: string): Hash64
  /** Packs and encrypts a content under the key of its person. */
  seal(id: MessageId, subject: Hash64, content: Content): { commitment: string; digest: string; sealed: Sealed }
  code(id: MessageId): string
  /** Writes a message from an approved version of a template. */
  write(message: { class: string; code: string }, wanted: WantedMessage): WrittenMessage | Promise<WrittenMessage>
  /** What the bytes of messages show, in their order; throws `Unavailable`. */
  prove(messages: readonly ToProve[], application: Pick<Application, 'name' | 'environment'>): Promise<Proof[]>
  /** Whether a recipient may get material from test environments. */
  isAllowListed(mailbox: Mailbox): boolean
  /** Where messages stand or stood; those that nobody knows are left out. */
  standingsOf(ids: MessageId[]): Promise<Map<MessageId, Standing>>
  /** The application of a message that has not ended. */
  senderOf(id: MessageId): string | undefined
  /** Answers when durable; throws `Unavailable`. */
  submit(submissions: { command: Command; sealed?: Sealed }[]): Promise<Answer[]>
}

/** The way of every request, from whatever protocol, to the gate: facts in, answer out. */
export function openIntake<Sealed>(gateway: Gateway<Sealed>): Intake {
  const order = new RecipientOrder()
  return {
    async messages(application, requests) {
      const drafts = await writeAll(gateway, requests)
      const going = drafts.filter(({ written }) => written?.status !== 'refused')
      const proofs = await gateway.prove(going, application)
      const submissions = going.map((draft, i) =>
        messageSubmission({ gateway, order }, application, { ...draft, proof: proofs[i]! }),
      )
      const answers = (await gateway.submit(submissions)).values()
      return drafts.map(({ written }) =>
        written?.status === 'refused' ? written : messageAnswer(gateway, answers.next().value!),
      )
    },
    async events(events) {
      const messageOf = await lookUp(gateway, events)
      const answers = await gateway.submit(events.map(event => ({ command: eventCommand(gateway, event, messageOf) })))
      return answers.map(eventAnswer)
    },
    async confirm(application, id, by) {
      if (gateway.senderOf(id) !== application.name) return { status: 'refused', code: 'message.unknown' }
      const command: Command = { type: 'ConfirmMessage', id, by: `the holder (${by})` }
      const [answer] = await gateway.submit([{ command }])
      if (answer!.type !== 'refused') return { status: 'done' }
      return { status: 'refused', code: answer!.code as Extract<ConfirmAnswer, { status: 'refused' }>['code'] }
    },
  }
}

/** Looks up at once what the events name. Reporters know a message by the id that its sender was answered: that it is one was checked at the door. */
async function lookUp(gateway: Gateway<unknown>, events: ReportedEvent[]): Promise<MessageLookup> {
  const ids = new Set<MessageId>()
  for (const event of events) {
    const named = event.type === 'signal' ? namedMessage(event.signal) : undefined
    if (named !== undefined) ids.add(named.toLowerCase() as MessageId)
  }
  const standings = ids.size === 0 ? new Map<MessageId, Standing>() : await gateway.standingsOf([...ids])
  return reference => {
    const id = reference.toLowerCase() as MessageId
    return { id, ...standings.get(id) }
  }
}

/** The part of the gateway that hashes. */
export type Hashing = Pick<Gateway<unknown>, 'hash'>

export const addressHash = (gateway: Hashing, mailbox: Mailbox): Hash64 =>
  gateway.hash('address', mailbox.address.toLowerCase())

/** Whom a message is for, in hashes. */
export type Addressed = Pick<MessageFacts, 'account' | 'address' | 'mailbox'>

export function addressedTo(gateway: Hashing, recipient: Mailbox, account?: string): Addressed {
  const addressed: Addressed = {
    mailbox: gateway.hash('mailbox', canonicalMailbox(recipient)),
    address: addressHash(gateway, recipient),
  }
  if (account !== undefined) addressed.account = accountHash(gateway, account)
  return addressed
}

/** An account whose id is an address is the same as the address standing for its account. */
export function accountHash(gateway: Hashing, account: string): Hash64 {
  const parsed = account.includes('@') ? parseMailbox(account) : undefined
  return parsed?.ok ? gateway.hash('address', parsed.mailbox.address.toLowerCase()) : gateway.hash('account', account)
}

export const causeHash = (gateway: Hashing, id: string): Hash64 => gateway.hash('cause', id)

/** A request with the id that its message will have, and what was written for it when it names a template. */
type Draft = { id: MessageId; request: MessageRequest; written?: WrittenMessage }

/** A message as far as its bytes are concerned. */
export type ToProve = {
  id?: MessageId
  request: Pick<MessageRequest, 'class' | 'recipient' | 'from' | 'content' | 'environment'>
  written?: WrittenMessage
}

/** The code is a function of the id, and stands in what is written. */
async function writeAll(gateway: Gateway<unknown>, requests: readonly MessageRequest[]): Promise<Draft[]> {
  const drafts: Draft[] = requests.map(request => ({ id: gateway.newId(), request }))
  for (const draft of drafts) {
    const { content, class: className } = draft.request
    if (content.kind !== 'template') continue
    const written = gateway.write({ class: className, code: gateway.code(draft.id) }, content)
    draft.written = written instanceof Promise ? await written.catch(notReadable) : written
  }
  return drafts
}

/** A version that is not in memory lies in the database. While that is away nothing is decided, and the sender may try again. */
function notReadable(cause: unknown): never {
  throw new Unavailable('the template cannot be read now', { cause })
}

function messageSubmission<Sealed>(
  { gateway, order }: { gateway: Gateway<Sealed>; order: RecipientOrder },
  application: Application,
  { id, request, written, proof }: Draft & { proof: Proof },
): { command: Command; sealed: Sealed } {
  const addressed = addressedTo(gateway, request.recipient, request.account)
  const content = contentOf(application, request, { written, code: gateway.code(id) })
  const { commitment, digest, sealed } = gateway.seal(id, addressed.account ?? addressed.address, content)
  const bytes = content.raw?.length ?? (content.text?.length ?? 0) + (content.html?.length ?? 0)
  const recipient = request.recipient.address.toLowerCase()
  const allowListed = () => gateway.isAllowListed(request.recipient)
  const prepared: Prepared = { id, addressed, recipient, bytes, commitment, digest, allowListed, proof }
  const inOrder = order.next(application.name, request.class, recipient)
  if (inOrder !== undefined) prepared.inOrder = inOrder
  if (written) Object.assign(prepared, { asked: askedFor(request), written })
  const described = { ...request, build: request.build ?? application.name }
  const facts = messageFacts(gateway, application, described, prepared)
  return { command: { type: 'RequestMessage', message: facts }, sealed }
}

/** What the facts are taken from: a request, apart from whom it is for and what it says. */
export type Described = Omit<MessageRequest, 'recipient' | 'from' | 'content'> & {
  content: { kind: 'parts' | 'raw' } | { kind: 'template'; name: string; version?: string }
}

/** What the shell has made of a request. `recipient` is the address in lower case; `digest` stands for the whole content. */
export type Prepared = {
  id: MessageId
  addressed: Addressed
  recipient: string
  bytes: number
  commitment: string
  digest: string
  proof: Proof
  inOrder?: boolean
  /** What was asked for, where the content has more than that: what is written has the code of the message in it. */
  asked?: string
  written?: WrittenMessage
  allowListed(): boolean
}

/** The one way from a request to facts, in production and in a replay. */
export function messageFacts(
  gateway: Hashing,
  application: Pick<Application, 'name' | 'environment'>,
  request: Described,
  prepared: Prepared,
): MessageFacts {
  const { id, addressed, recipient, bytes, commitment, digest } = prepared
  const facts: MessageFacts = {
    id,
    application: application.name,
    class: request.class,
    mailbox: addressed.mailbox,
    address: addressed.address,
    bytes,
    commitment,
    sealed: { offset: 0, length: 0, page: 0, slot: 0 },
    via: request.content.kind === 'raw' ? 'smtp' : 'http',
  }
  if (addressed.account) facts.account = addressed.account
  if (request.cause !== undefined) facts.cause = causeHash(gateway, request.cause)
  if (request.expiresAt !== undefined) facts.expiresAt = request.expiresAt
  if (request.content.kind === 'template') Object.assign(facts, templateFacts(request.content, prepared.written))
  const environment = request.environment ?? application.environment
  if (environment !== undefined) {
    facts.environment = environment
    facts.allowListed = prepared.allowListed()
  }
  const repeat = repeatOf(gateway, application, request, { digest: prepared.asked ?? digest, recipient })
  if (repeat) facts.repeat = repeat
  if (request.build !== undefined) facts.build = buildCategory(gateway.hash, request.build)
  if (prepared.inOrder !== undefined) facts.inOrder = prepared.inOrder
  addProof(gateway, facts, prepared.proof)
  return facts
}

/** The template that the bytes show counts where the message names none. */
function addProof(gateway: Hashing, facts: MessageFacts, { findings, mentions, template }: Proof): void {
  if (mentions.length > 0) facts.mentions = mentions.map(mailbox => gateway.hash('mailbox', mailbox))
  if (findings.length > 0) {
    const found = new Set([...(facts.findings ?? []), ...findings])
    facts.findings = contentFindings.filter(finding => found.has(finding))
  }
  if (template) facts.template ??= { ...template, learnt: true }
}

function templateOf({ name, version }: { name: string; version?: string }): { name: string; version?: string } {
  return version === undefined ? { name } : { name, version }
}

/** The version and hash that a message was written from. Approved without a source, it is nothing that anybody has seen: it is held. */
function templateFacts(
  named: { name: string; version?: string },
  written: WrittenMessage | undefined,
): Pick<MessageFacts, 'template' | 'findings'> {
  if (written?.status === 'no-source') return { template: templateOf(named), findings: ['content.not-as-approved'] }
  if (written?.status !== 'written') return { template: templateOf(named) }
  const { name, version, hash } = written.template
  return {
    template: { name, version, hash },
    ...(written.invalid.length > 0 && { findings: ['content.slot-invalid'] as const }),
  } as Pick<MessageFacts, 'template' | 'findings'>
}

/** All that a message from a template says of its content. */
const askedFor = ({ recipient, account, from, content }: MessageRequest): string =>
  JSON.stringify([recipient.address, account, from?.name, from?.mailbox.address, content])

function contentOf(
  application: Application,
  { recipient, account, from, content, messageId }: MessageRequest,
  { written, code }: { written: WrittenMessage | undefined; code: string },
): Content {
  const whole: Content = { recipient }
  if (account !== undefined) whole.account = account
  if (from) whole.from = from
  if (messageId !== undefined) whole.messageId = messageId
  if (application.appendCode) whole.appendCode = true
  if (content.kind === 'parts') addParts(whole, content)
  else if (content.kind === 'template') addWritten(whole, content, { written, code })
  else whole.raw = content.data
  return whole
}

/** One that was not written keeps what it takes to write it later, should its version be approved. */
function addWritten(
  whole: Content,
  { name, version, locale, slots }: Extract<MessageRequest['content'], { kind: 'template' }>,
  { written, code }: { written: WrittenMessage | undefined; code: string },
): void {
  whole.slots = slots
  if (written?.status !== 'written') {
    whole.template = {
      ...templateOf(version === undefined ? { name } : { name, version }),
      ...(locale !== undefined && { locale }),
    }
    return
  }
  whole.template = written.template
  whole.subject = written.subject
  whole.text = written.text
  whole.html = written.html
  if (written.text.includes(code)) delete whole.appendCode
}

function addParts(
  whole: Content,
  { subject, text, html }: Extract<MessageRequest['content'], { kind: 'parts' }>,
): void {
  whole.subject = subject
  if (text !== undefined) whole.text = text
  if (html !== undefined) whole.html = html
}

/**
 * What makes a repeat. An idempotency key is scoped to application and account, and stands for everything the request says. Without one a
 * mail's Message-ID, recipient and body do; a request that has neither is never a repeat.
 */
function repeatOf(
  gateway: Hashing,
  application: Pick<Application, 'name'>,
  request: Described,
  { digest, recipient }: { digest: string; recipient: string },
): MessageFacts['repeat'] | undefined {
  const { idempotencyKey, account = '', messageId } = request
  if (idempotencyKey !== undefined) {
    const { cause, expiresAt, environment } = request
    const everything = [digest, request.class, cause, expiresAt, environment, templateKey(request)]
    const scope = [application.name, account, idempotencyKey]
    return {
      key: gateway.hash('idempotency', JSON.stringify(scope)),
      content: gateway.hash('content', JSON.stringify(everything)),
    }
  }
  if (messageId === undefined) return undefined
  const scope = [application.name, messageId, recipient, digest]
  return { key: gateway.hash('message-id', JSON.stringify(scope)), content: gateway.hash('content', digest) }
}

const templateKey = ({ content }: Described): string | undefined =>
  content.kind === 'template' ? `${content.name}@${content.version ?? ''}` : undefined

function messageAnswer(gateway: Pick<Gateway<unknown>, 'code'>, answer: Answer): MessageAnswer {
  if (answer.type === 'conflict') return { status: 'conflict', id: answer.id }
  assert(answer.type === 'decided', 'a known class is decided')
  const { id, outcome, reasons, lane, repeat } = answer
  return {
    status: repeat ? 'repeat' : 'decided',
    id,
    outcome,
    reasons: explain(reasons),
    lane,
    code: gateway.code(id),
  }
}

/** The command that a reported event asks for, in production and in a replay. */
export function eventCommand(hashing: Hashing, event: ReportedEvent, messageOf: MessageLookup): Command {
  switch (event.type) {
    case 'coverage': {
      const { source, about, until, complete } = event
      return { type: 'ReportCoverage', source, about, until, complete }
    }
    case 'signal':
      return { type: 'ReportSignal', signal: signalFacts(hashing, event, messageOf) }
    case 'cause':
      return { type: 'ReportCause', cause: causeFacts(hashing, event) }
  }
}

function causeFacts(hashing: Hashing, event: Extract<ReportedEvent, { type: 'cause' }>): CauseFacts {
  const cause: CauseFacts = {
    key: causeHash(hashing, event.id),
    kind: event.kind,
    account: accountHash(hashing, event.account),
    trust: event.trust,
    known: event.known,
    recipients: event.recipients.map(mailbox => addressHash(hashing, mailbox)),
    occurredAt: event.occurredAt,
    source: event.source,
  }
  if (event.unverified) cause.unverified = event.unverified.map(mailbox => addressHash(hashing, mailbox))
  if (event.change) cause.change = event.change
  if (event.requester) cause.requester = requesterFacts(hashing.hash, event.requester)
  return cause
}

function eventAnswer(answer: Answer): EventAnswer {
  if (answer.type === 'refused') return { status: 'refused', code: answer.code }
  return { status: answer.type === 'repeat' ? 'repeat' : 'accepted' }
}

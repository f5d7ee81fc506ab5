import type { Command } from '../../core/commands.ts'
import type { Proof } from '../../core/content.ts'
import type { MessageFacts } from '../../core/events.ts'
import type { Label } from '../../drills/trace.ts'
import { type CloudEvent, parseStructured } from '../../inbound/http/cloudevents.ts'
import { type RequestedMessage, readRequested } from '../../inbound/http/requested.ts'
import { messageRequested, readEvent } from '../../inbound/http/trace.ts'
import type { Application, ReportedEvent } from '../../inbound/intake.ts'
import { RecipientOrder } from '../../inbound/recipient-order.ts'
import {
  type Addressed,
  accountHash,
  addressedTo,
  eventCommand,
  messageFacts,
  type Prepared,
} from '../../inbound/requests.ts'
import { mentionsIn } from '../../proof/addresses.ts'
import type { Hash64 } from '../../std/hash64.ts'
import type { Mailbox } from '../../std/mailbox.ts'
import { hash, messageIdOf } from './hashing.ts'
import { TraceMessages } from './messages.ts'
import type { Dated } from './order.ts'
import { slotFindings } from './slots.ts'

/** An event of a trace, checked, with its line (in a drill: its number). */
export type TraceItem = Dated & { id: string; source: string } & (
    | { is: 'event'; event: ReportedEvent }
    | { is: 'message'; message: RequestedMessage; label?: Label }
  )

export type ReadItem = { ok: true; item: TraceItem } | { ok: false; code: string }

/** One event in the JSON format, already parsed as JSON, by the same checks as production. */
export function readItem(value: unknown, line: number): ReadItem {
  const envelope = parseStructured(value)
  if (!envelope.ok) return envelope
  const { event } = envelope
  const common: Dated & { id: string; source: string } = { line, id: event.id, source: event.source }
  if (event.time !== undefined) common.time = event.time
  return event.type === messageRequested ? message(event, common) : reported(event, common)
}

function message(event: CloudEvent, common: Dated & { id: string; source: string }): ReadItem {
  const read = readRequested(event)
  return read.ok ? { ok: true, item: { ...common, is: 'message', message: read.message } } : read
}

function reported(event: CloudEvent, common: Dated & { id: string; source: string }): ReadItem {
  const read = readEvent(event, 0)
  return read.ok ? { ok: true, item: { ...common, is: 'event', event: read.event } } : read
}

/** Networks, programs and accounts come again and again; their hashes are kept for the last few thousand texts. */
const memoMax = 8192
const memos: Record<string, Map<string, Hash64>> = { network: new Map(), agent: new Map(), asn: new Map() }

const gateway = {
  hash(domain: string, text: string): Hash64 {
    const memo = memos[domain]
    if (!memo) return hash(domain, text)
    const known = memo.get(text)
    if (known !== undefined) return known
    if (memo.size === memoMax) memo.clear()
    const made = hash(domain, text)
    memo.set(text, made)
    return made
  },
}
const knownAddressesMax = 200_000
const addressesMemoMax = 16_384

/** Turns the events of a trace, in their order, into commands with the facts that production would have found. */
export class TraceCommands {
  readonly #application: Application
  readonly #isAllowListed: (mailbox: Mailbox) => boolean
  readonly messages = new TraceMessages()
  readonly #order = new RecipientOrder()
  #memo = new Map<string, Addressed>()
  /** The first address of each account, by what causes said; two generations, so that they stay bounded. */
  #addresses = new Map<string, Mailbox>()
  #olderAddresses = new Map<string, Mailbox>()
  constructor({ application, isAllowListed }: { application: Application; isAllowListed(mailbox: Mailbox): boolean }) {
    this.#application = application
    this.#isAllowListed = isAllowListed
  }

  commandOf(item: TraceItem, at: number): Command {
    if (item.is === 'message') return { type: 'RequestMessage', message: this.#factsOf(item, item.message) }
    const { event } = item
    // An event without a time has by now been given that of the line before it.
    if (event.type !== 'coverage') event.occurredAt = item.time ?? at
    if (event.type === 'cause') this.#remember(event)
    return eventCommand(gateway, event, eventId => this.messages.find(eventId))
  }

  #factsOf(item: TraceItem, message: RequestedMessage): MessageFacts {
    const { recipient } = message
    const id = messageIdOf(item.time!, item.source, item.id)
    this.messages.requested(item.id, item.source, item.time!)
    const prepared: Prepared = {
      id,
      addressed: this.#addressed(message),
      recipient: recipient?.address.toLowerCase() ?? '',
      bytes: 0,
      commitment: '',
      digest: message.key === undefined || !message.slots ? '' : JSON.stringify(message.slots),
      allowListed: () => recipient !== undefined && this.#isAllowListed(recipient),
      proof: this.#proofOf(message),
    }
    const sortsAs = recipient?.address.toLowerCase() ?? message.account!
    const inOrder = this.#order.next(this.#application.name, message.class, sortsAs)
    if (inOrder !== undefined) prepared.inOrder = inOrder
    const { class: className, account, cause, key, environment, expiresAt, template, build, service } = message
    const content = template ? { kind: 'template' as const, ...template } : { kind: 'parts' as const }
    const builder = build ?? service
    return messageFacts(
      gateway,
      this.#application,
      {
        class: className,
        content,
        ...(account !== undefined && { account }),
        ...(cause !== undefined && { cause }),
        ...(key !== undefined && { idempotencyKey: key }),
        ...(environment !== undefined && { environment }),
        ...(expiresAt !== undefined && { expiresAt }),
        ...(builder !== undefined && { build: builder }),
      },
      prepared,
    )
  }

  /** Of a message there is only what was put into its slots. */
  #proofOf({ slots, recipient, account = '' }: RequestedMessage): Proof {
    if (!slots) return { findings: [], mentions: [] }
    const own = recipient ?? this.#addresses.get(account) ?? this.#olderAddresses.get(account)
    return { findings: slotFindings(slots, own), mentions: mentionsIn(Object.values(slots), own ? [own] : []) }
  }

  #addressed({ recipient, account }: RequestedMessage): Addressed {
    if (recipient) return this.#memoized(recipient, account)
    // A message that names only its account goes to the address that causes named for it, else the account stands for its address.
    const known = this.#addresses.get(account!) ?? this.#olderAddresses.get(account!)
    if (known) return this.#memoized(known, account)
    const key = accountHash(gateway, account!)
    return { account: key, address: key, mailbox: hash('mailbox', account!) }
  }

  #memoized(recipient: Mailbox, account?: string): Addressed {
    let addressed = this.#memo.get(recipient.address)
    if (!addressed) {
      if (this.#memo.size === addressesMemoMax) this.#memo.clear()
      addressed = addressedTo(gateway, recipient)
      this.#memo.set(recipient.address, addressed)
    }
    if (account === undefined) return addressed
    return { account: accountHash(gateway, account), address: addressed.address, mailbox: addressed.mailbox }
  }

  #remember({ account, recipients }: Extract<ReportedEvent, { type: 'cause' }>): void {
    if (recipients.length === 0) return
    if (this.#addresses.size === knownAddressesMax) {
      this.#olderAddresses = this.#addresses
      this.#addresses = new Map()
    }
    this.#addresses.set(account, recipients[0]!)
  }
}

/** A trace has the values of a message and not what was made of them. */

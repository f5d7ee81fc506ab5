import type { MessageId } from '../core/events.ts'
import type { Noted, SignalFacts } from '../core/signals.ts'
import type { Standing } from '../views/places.ts'
import type { ReportedSignal, ReportedSignalEvent } from './intake.ts'
import { accountHash, addressHash, causeHash, type Hashing } from './requests.ts'

// What is reported becomes facts: what may name a person is hashed here.

/** What the shell knows of a message by the name that a reporter gives it; `about` and `campaign` when they can be looked up. */
export type MessageLookup = (reference: string) => ({ id: MessageId } & Partial<Standing>) | undefined

/** The id under which a signal names a message, when it names one. */
export const namedMessage = (signal: ReportedSignal): string | undefined =>
  'message' in signal ? signal.message : undefined

export function signalFacts(hashing: Hashing, event: ReportedSignalEvent, messageOf: MessageLookup): SignalFacts {
  const { id, source, occurredAt } = event
  const common = { key: hashing.hash('signal', JSON.stringify([source, id])), occurredAt, source }
  return { ...common, ...kindFacts(hashing, event, messageOf) } as SignalFacts
}

function kindFacts(hashing: Hashing, { account, by, signal }: ReportedSignalEvent, messageOf: MessageLookup): object {
  const who = account === undefined ? {} : { account: accountHash(hashing, account) }
  switch (signal.kind) {
    case 'link-followed':
    case 'reset-completed': {
      const cause = signal.cause === undefined ? {} : { cause: causeHash(hashing, signal.cause) }
      return { kind: signal.kind, ...who, ...cause, ...aboutMessage(signal.message, messageOf) }
    }
    case 'reported': {
      const reporter = signal.from === undefined ? {} : { account: addressHash(hashing, signal.from) }
      const about = aboutMessage(signal.message, messageOf)
      return { kind: signal.kind, report: signal.report, ...reporter, ...who, ...about }
    }
    case 'provider': {
      const { kind, what, provider } = signal
      const mailbox = signal.message === undefined ? undefined : messageOf(signal.message)?.mailbox
      return { kind, what, provider, ...aboutMessage(signal.message, messageOf), ...(mailbox && { mailbox }) }
    }
    case 'change': {
      const actor = signal.actor === undefined ? {} : { actor: nameOf(hashing, signal.actor) }
      return { ...signal, ...actor }
    }
    case 'campaign-announced':
    case 'baseline':
      return by === undefined ? signal : { ...signal, by }
    case 'access':
    case 'dmarc':
    case 'claim':
      return { kind: 'noted', ...noted(hashing, signal) }
  }
}

/** What is said about a message is counted where it stood, and by the campaign it belongs to. */
function aboutMessage(reference: string | undefined, messageOf: MessageLookup): object {
  const found = reference === undefined ? undefined : messageOf(reference)
  if (!found) return {}
  const { id: message, about, campaign } = found
  return { message, ...(about && { about }), ...(campaign && { campaign }) }
}

function noted(hashing: Hashing, signal: Extract<ReportedSignal, { kind: 'access' | 'dmarc' | 'claim' }>): Noted {
  switch (signal.kind) {
    case 'access': {
      const { actor, resource, action, records } = signal
      const names = {
        actor: nameOf(hashing, actor),
        resource: nameOf(hashing, resource),
        action: withoutAddresses(action),
      }
      return { type: 'access.recorded', ...names, ...(records !== undefined && { records }) }
    }
    case 'dmarc': {
      const { kind: _, ...fields } = signal
      return { type: 'dmarc.reported', ...fields }
    }
    case 'claim': {
      const { by, text, url } = signal
      const said = { by: withoutAddresses(by), text: withoutAddresses(text) }
      return { type: 'claim.published', ...said, ...(url !== undefined && { url: withoutAddresses(url) }) }
    }
  }
}

/** A name that has an at sign in it may be somebody's address, and is kept as its hash alone. */
const nameOf = (hashing: Hashing, name: string): string =>
  /@|%40/.test(name) ? `#${hashing.hash('name', name.toLowerCase())}` : name

/** Whatever stands between spaces and has an at sign in it. */
const withoutAddresses = (text: string): string => text.replace(/\S+/g, run => (/@|%40/.test(run) ? '[address]' : run))

import { parseInstant } from '../std/instant.ts'
import { parseMailbox } from '../std/mailbox.ts'
import type { Labelled, TraceEvent } from './trace.ts'

// The table of the trace format, as a reader has it who did not write the drills. For tests.

type Check = (value: unknown) => boolean
const isText: Check = value => typeof value === 'string' && value !== '' && value.length <= 4096
const isInstant: Check = value => typeof value === 'string' && parseInstant(value) !== undefined
const isCount: Check = value => Number.isInteger(value) && (value as number) >= 0
const isFlag: Check = value => typeof value === 'boolean'
const isMailbox: Check = value => typeof value === 'string' && parseMailbox(value).ok
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const oneOf =
  (...values: string[]): Check =>
  value =>
    values.includes(value as string)
const listOf =
  (check: Check, length?: number): Check =>
  value =>
    Array.isArray(value) && (length === undefined || value.length === length) && value.every(check)
const having =
  (fields: Fields): Check =>
  value =>
    isObject(value) && faultsOf(value, fields).length === 0

/** A name with a question mark may be absent. */
type Fields = Record<string, Check>

const recipients = { 'recipients?': listOf(having({ email: isMailbox })) }
const lanes = oneOf('reserved', 'open', 'system', 'campaign')
const rate: Check = value => typeof value === 'number' && value >= 0

const login: Fields = {
  ip: isText,
  'asn?': isCount,
  'device?': isText,
  'newDevice?': isFlag,
  'reason?': isText,
  ...recipients,
}
const done: Fields = { 'cause?': isText, 'message?': isText, 'device?': isText }
const provider: Fields = { 'message?': isText, providerId: isText, provider: isText }

const types: Record<string, Fields> = {
  'message.requested': {
    class: isText,
    'recipient?': isMailbox,
    'template?': isText,
    'templateVersion?': isText,
    'cause?': having({ id: isText }),
    'key?': isText,
    'build?': isText,
    'environment?': isText,
    'slots?': isObject,
    source: isText,
    'expiresAt?': isInstant,
  },
  'reset.requested': {
    known: isFlag,
    requester: having({ 'ip?': isText, 'asn?': isCount, 'device?': isText, 'session?': isText, 'agent?': isText }),
    trust: oneOf('session', 'known-device', 'unknown'),
    ...recipients,
  },
  'login.succeeded': login,
  'login.failed': login,
  'credential.changed': {
    kind: oneOf('password', 'totp', 'passkey', 'email', 'phone', 'recovery'),
    'session?': isText,
    ...recipients,
  },
  'link.followed': done,
  'reset.completed': done,
  'session.started': done,
  'session.revoked': done,
  'report.received': { kind: oneOf('not-requested', 'phishing', 'question'), 'message?': isText, 'from?': isMailbox },
  'provider.delivered': provider,
  'provider.deferred': provider,
  'provider.bounced': provider,
  'provider.complained': provider,
  'change.applied': {
    kind: oneOf('deploy', 'flag', 'config', 'migration', 'cron', 'template'),
    service: isText,
    'version?': isText,
    'actor?': isText,
  },
  'access.recorded': { actor: isText, resource: isText, action: isText, 'records?': isCount },
  'dmarc.reported': { domain: isText, sourceIp: isText, count: isCount, spf: isText, dkim: isText },
  'claim.published': { by: isText, text: isText, 'url?': isText },
  'protection.ordered': {
    action: oneOf('forced-reset', 'activity-review', 'end-sessions'),
    by: isText,
    reason: isText,
    ...recipients,
  },
  'campaign.announced': { class: isText, audienceSize: isCount, from: isInstant, until: isInstant },
  'coverage.reported': {
    source: oneOf('auth', 'edge', 'provider', 'reports', 'changes', 'access', 'dmarc'),
    from: isInstant,
    until: isInstant,
    complete: isFlag,
  },
  'baseline.loaded': {
    class: isText,
    'lane?': lanes,
    ratePerHourOfWeek: listOf(rate, 168),
    'dispersion?': rate,
    'safety?': rate,
    'templates?': listOf(having({ template: isText, versions: listOf(isText) })),
  },
}

const withSubject = /^tocsin\.(message|reset|login|credential|link|session|protection)\./

function faultsOf(data: Record<string, unknown>, fields: Fields): string[] {
  const known = new Set(Object.keys(fields).map(name => name.replace('?', '')))
  const unknown = Object.keys(data).filter(name => !known.has(name))
  const wrong = Object.entries(fields).flatMap(([name, check]) => {
    const value = data[name.replace('?', '')]
    if (value === undefined) return name.endsWith('?') ? [] : [`${name} is missing`]
    return check(value) ? [] : [`${name} is ${JSON.stringify(value)}`]
  })
  return [...unknown.map(name => `${name} is unknown`), ...wrong]
}

function faultsOfEvent(event: TraceEvent): string[] {
  const fields = types[event.type.replace(/^tocsin\./, '')]
  if (fields === undefined) return [`${event.type} is unknown`]
  const faults = faultsOf(event.data, fields)
  if (event.specversion !== '1.0') faults.push('specversion')
  if (!isText(event.id) || !isText(event.source) || !isInstant(event.time)) faults.push('id, source or time')
  if (withSubject.test(event.type) && !isText(event.subject)) faults.push('subject is missing')
  return faults.map(fault => `${event.id} ${event.type}: ${fault}`)
}

/** What is wrong with a trace: fields that the table does not have, ids that come twice, messages and causes that are named before they happened. */
export function traceFaults(played: readonly Labelled[], { repeatedIds = false } = {}): string[] {
  const seen = new Set<string>()
  const messages = new Set<string>()
  const faults: string[] = []
  for (const { event } of played) {
    faults.push(...faultsOfEvent(event))
    if (seen.has(event.id) && !repeatedIds) faults.push(`${event.id} comes twice`)
    seen.add(event.id)
    const { message, cause } = event.data
    if (typeof message === 'string' && !messages.has(message)) faults.push(`${event.id} names message ${message}`)
    if (typeof cause === 'string' && !seen.has(cause)) faults.push(`${event.id} names cause ${cause}`)
    if (event.type === 'tocsin.message.requested') messages.add(event.id)
  }
  return faults.slice(0, 20)
}

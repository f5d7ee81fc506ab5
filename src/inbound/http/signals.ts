import {
  type AuthenticationResult,
  authenticationResults,
  type ChangeKind,
  changeKinds,
  hoursOfWeek,
  type ProviderNews,
  type ReportKind,
  reportKinds,
} from '../../core/signals.ts'
import { parseInstant } from '../../std/instant.ts'
import { parseIp } from '../../std/ip.ts'
import { parseMailbox } from '../../std/mailbox.ts'
import type { ReportedSignal } from '../intake.ts'
import { classLengthMax, lanes, templateLengthMax } from './contract.ts'

// The types of the trace format that are no causes: what people did with a message, what providers and other systems say. Every field that is
// read is checked and bounded; fields beyond the format are let pass, as in every CloudEvent.

export type SignalFault =
  | 'event.message'
  | 'event.cause'
  | 'event.kind'
  | 'event.from'
  | 'event.provider'
  | 'event.change'
  | 'event.access'
  | 'event.dmarc'
  | 'event.claim'
  | 'event.class'
  | 'event.audience'
  | 'event.period'
  | 'event.lane'
  | 'event.rates'
  | 'event.dispersion'
  | 'event.safety'
  | 'event.templates'

export type ReadSignal = { ok: true; signal: ReportedSignal } | { ok: false; code: SignalFault }

type Fields = Record<string, unknown>

export const ratePerHourMax = 10_000_000
export const baselineTemplatesMax = 1000
const versionsMax = 100
const idLengthMax = 256
const nameLengthMax = 256
const resourceLengthMax = 512
const claimLengthMax = 4000
const urlLengthMax = 2048
const countMax = 1_000_000_000_000
const dispersionMax = 1_000_000_000
const safetyMax = 1000

const refuse = (code: SignalFault): ReadSignal => ({ ok: false, code })
const take = (signal: ReportedSignal): ReadSignal => ({ ok: true, signal })

const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

const isLine = (value: unknown, lengthMax: number): value is string =>
  typeof value === 'string' && value !== '' && value.length <= lengthMax && value.isWellFormed() && !control.test(value)

const isAbsentOrLine = (value: unknown, lengthMax: number): value is string | undefined =>
  value === undefined || isLine(value, lengthMax)

const isNumber = (value: unknown, least: number, most: number): value is number =>
  typeof value === 'number' && value >= least && value <= most

const isCount = (value: unknown, most = countMax): value is number =>
  Number.isInteger(value) && isNumber(value, 0, most)

const isOneOf = <T extends string>(value: unknown, allowed: readonly T[]): value is T => allowed.includes(value as T)

/** The fields of `all` that are there; what has no value has no field. */
const given = <T extends object>(all: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as never

/** What type reads which data; the type is without its prefix. */
const readers: Record<string, (data: Fields) => ReadSignal> = {
  'link.followed': data => deed('link-followed', data),
  'reset.completed': data => deed('reset-completed', data),
  'report.received': report,
  'provider.delivered': data => news('delivered', data),
  'provider.deferred': data => news('deferred', data),
  'provider.bounced': data => news('bounced', data),
  'provider.complained': data => news('complained', data),
  'change.applied': change,
  'access.recorded': access,
  'dmarc.reported': dmarc,
  'claim.published': claim,
  'campaign.announced': announcement,
  'baseline.loaded': baseline,
}

export const signalTypes: readonly string[] = Object.keys(readers)

/** The reader of a type, or `undefined` when it is none of these. */
export const signalReader = (type: string): ((data: Fields) => ReadSignal) | undefined =>
  Object.hasOwn(readers, type) ? readers[type] : undefined

/** Who did it is the subject of the event. */
function deed(kind: 'link-followed' | 'reset-completed', { cause, message }: Fields): ReadSignal {
  if (!isAbsentOrLine(cause, idLengthMax)) return refuse('event.cause')
  if (!isAbsentOrLine(message, idLengthMax)) return refuse('event.message')
  return take({ kind, ...given({ cause, message }) })
}

function report({ kind, message, from }: Fields): ReadSignal {
  if (!isOneOf<ReportKind>(kind, reportKinds)) return refuse('event.kind')
  if (!isAbsentOrLine(message, idLengthMax)) return refuse('event.message')
  if (from === undefined) return take({ kind: 'reported', report: kind, ...given({ message }) })
  const parsed = typeof from === 'string' ? parseMailbox(from) : undefined
  if (!parsed?.ok) return refuse('event.from')
  return take({ kind: 'reported', report: kind, from: parsed.mailbox, ...given({ message }) })
}

function news(what: ProviderNews, { provider, providerId, message }: Fields): ReadSignal {
  if (!isLine(provider, nameLengthMax) || !isLine(providerId, idLengthMax)) return refuse('event.provider')
  if (!isAbsentOrLine(message, idLengthMax)) return refuse('event.message')
  return take({ kind: 'provider', what, provider, ...given({ message }) })
}

function change({ kind, service, version, actor }: Fields): ReadSignal {
  if (!isOneOf<ChangeKind>(kind, changeKinds)) return refuse('event.kind')
  if (!isLine(service, nameLengthMax)) return refuse('event.change')
  if (!isAbsentOrLine(version, nameLengthMax) || !isAbsentOrLine(actor, nameLengthMax)) return refuse('event.change')
  return take({ kind: 'change', change: kind, service, ...given({ version, actor }) })
}

function access({ actor, resource, action, records }: Fields): ReadSignal {
  if (!isLine(actor, nameLengthMax) || !isLine(resource, resourceLengthMax) || !isLine(action, nameLengthMax))
    return refuse('event.access')
  if (records !== undefined && !isCount(records)) return refuse('event.access')
  return take({ kind: 'access', actor, resource, action, ...given({ records }) })
}

// RFC 1035 §2.3.1 with digits first (RFC 1123 §2.1) and underscores, which mail has.
const domainName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62}\.)+[a-z0-9-]{1,63}$/i

function dmarc({ domain, sourceIp, count, spf, dkim }: Fields): ReadSignal {
  const isSound =
    typeof domain === 'string' &&
    domainName.test(domain) &&
    typeof sourceIp === 'string' &&
    parseIp(sourceIp) !== undefined &&
    isCount(count) &&
    isOneOf<AuthenticationResult>(spf, authenticationResults) &&
    isOneOf<AuthenticationResult>(dkim, authenticationResults)
  return isSound
    ? take({ kind: 'dmarc', domain: domain.toLowerCase(), sourceIp, count, spf, dkim })
    : refuse('event.dmarc')
}

function claim({ by, text, url }: Fields): ReadSignal {
  const isText =
    typeof text === 'string' &&
    text !== '' &&
    text.length <= claimLengthMax &&
    text.isWellFormed() &&
    !text.includes('\0')
  if (!isLine(by, nameLengthMax) || !isText) return refuse('event.claim')
  if (url === undefined) return take({ kind: 'claim', by, text })
  const isUrl = isLine(url, urlLengthMax) && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
  return isUrl ? take({ kind: 'claim', by, text, url }) : refuse('event.claim')
}

function announcement({ class: name, audienceSize: audience, from, until }: Fields): ReadSignal {
  if (!isLine(name, classLengthMax)) return refuse('event.class')
  if (!isCount(audience)) return refuse('event.audience')
  const begins = typeof from === 'string' ? parseInstant(from) : undefined
  const ends = typeof until === 'string' ? parseInstant(until) : undefined
  if (begins === undefined || ends === undefined || ends <= begins) return refuse('event.period')
  return take({ kind: 'campaign-announced', class: name, audience, from: begins, until: ends })
}

function baseline(data: Fields): ReadSignal {
  const { class: name, lane, ratePerHourOfWeek: rates, dispersion, safety } = data
  if (!isLine(name, classLengthMax)) return refuse('event.class')
  if (lane !== undefined && !isOneOf(lane, lanes)) return refuse('event.lane')
  if (!Array.isArray(rates) || rates.length !== hoursOfWeek) return refuse('event.rates')
  if (!rates.every(rate => isNumber(rate, 0, ratePerHourMax))) return refuse('event.rates')
  if (dispersion !== undefined && !(isNumber(dispersion, 0, dispersionMax) && dispersion > 0))
    return refuse('event.dispersion')
  if (safety !== undefined && !isNumber(safety, 1, safetyMax)) return refuse('event.safety')
  const templates = templatesOf(data.templates)
  if (templates === 'malformed') return refuse('event.templates')
  return take({
    kind: 'baseline',
    class: name,
    ratePerHourOfWeek: rates as number[],
    ...given({ lane, dispersion, safety, templates }),
  })
}

function templatesOf(value: unknown): { template: string; versions: string[] }[] | undefined | 'malformed' {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length > baselineTemplatesMax) return 'malformed'
  const templates: { template: string; versions: string[] }[] = []
  for (const item of value) {
    const { template, versions }: Fields = typeof item === 'object' && item !== null ? item : {}
    if (!isLine(template, templateLengthMax) || !Array.isArray(versions) || versions.length > versionsMax)
      return 'malformed'
    if (!versions.every(version => isLine(version, templateLengthMax))) return 'malformed'
    templates.push({ template, versions })
  }
  return templates
}

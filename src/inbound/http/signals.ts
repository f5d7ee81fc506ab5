import { lanes } from '../../core/policy.ts'
import { changeKinds, hoursOfWeek } from '../../core/signals.ts'
import { parseInstant } from '../../std/instant.ts'
import type { ReportedEvent, ReportedSignal } from '../intake.ts'
import type { CloudEvent } from './cloudevents.ts'

// What is reported besides causes and coverage: what people did with a message, what providers and other systems say (trace format).

export type SignalFault =
  | 'event.subject-missing'
  | 'event.reference'
  | 'event.report'
  | 'event.provider'
  | 'event.change'
  | 'event.campaign'
  | 'event.baseline'

type Data = Record<string, unknown>
type ReadBody = (data: Data) => ReportedSignal | SignalFault

/** By the type without its prefix; what is not here is no signal. */
const readers: Record<string, ReadBody> = {
  'link.followed': () => ({ kind: 'link-followed' }),
  'reset.completed': () => ({ kind: 'reset-completed' }),
  'report.received': report,
  'provider.delivered': data => provider('delivered', data),
  'provider.deferred': data => provider('deferred', data),
  'provider.bounced': data => provider('bounced', data),
  'provider.complained': data => provider('complained', data),
  'change.applied': change,
  'access.recorded': () => ({ kind: 'noted', type: 'access.recorded' }),
  'dmarc.reported': () => ({ kind: 'noted', type: 'dmarc.reported' }),
  'claim.published': () => ({ kind: 'noted', type: 'claim.published' }),
  'campaign.announced': campaign,
  'baseline.loaded': baseline,
}

/** Of an account's own; the others need no subject. */
const aboutAccounts = new Set(['link.followed', 'reset.completed'])

/** They make the gate expect more: an operator's to say, not everybody's who may report. Traces have them. */
export const operatorsSignals: ReadonlySet<string> = new Set(['campaign.announced', 'baseline.loaded'])

export const isSignal = (type: string): boolean => Object.hasOwn(readers, type)

const textLengthMax = 256
const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= textLengthMax

/** `type` without its prefix; `isSignal` holds. `now`: instant of receipt, ms, for an event without a time. */
export function readSignal(
  event: CloudEvent,
  type: string,
  data: Data,
  now: number,
): { ok: true; event: ReportedEvent } | { ok: false; code: SignalFault } {
  const { id, source, subject } = event
  if (subject === undefined && aboutAccounts.has(type)) return { ok: false, code: 'event.subject-missing' }
  const { cause, message } = data
  if (!isReference(cause) || !isReference(message)) return { ok: false, code: 'event.reference' }
  const signal = readers[type]!(data)
  if (typeof signal === 'string') return { ok: false, code: signal }
  const read: ReportedEvent = { type: 'signal', id, source, occurredAt: event.time ?? now, signal }
  if (subject !== undefined) read.account = subject
  if (cause !== undefined) read.cause = cause
  if (message !== undefined) read.message = message
  return { ok: true, event: read }
}

const isReference = (value: unknown): value is string | undefined => value === undefined || isText(value)

const reports = ['not-requested', 'phishing', 'question'] as const

function report({ kind }: Data): ReportedSignal | SignalFault {
  const found = reports.find(one => one === kind)
  return found === undefined ? 'event.report' : { kind: 'reported', report: found }
}

type What = Extract<ReportedSignal, { kind: 'provider' }>['what']

function provider(what: What, data: Data): ReportedSignal | SignalFault {
  return isText(data.provider) ? { kind: 'provider', what, provider: data.provider } : 'event.provider'
}

function change({ kind, service, version, actor }: Data): ReportedSignal | SignalFault {
  const found = changeKinds.find(one => one === kind)
  if (found === undefined || !isText(service) || !isReference(version) || !isReference(actor)) return 'event.change'
  const read: ReportedSignal = { kind: 'change', change: found, service }
  if (version !== undefined) read.version = version
  if (actor !== undefined) read.actor = actor
  return read
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const instantOf = (value: unknown): number | undefined => (typeof value === 'string' ? parseInstant(value) : undefined)

function campaign(data: Data): ReportedSignal | SignalFault {
  const { class: className, audienceSize: audience } = data
  const from = instantOf(data.from)
  const until = instantOf(data.until)
  if (!isText(className) || !isCount(audience) || from === undefined || until === undefined || until < from)
    return 'event.campaign'
  return { kind: 'campaign-announced', class: className, audience, from, until }
}

const isRate = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1e9
const isFactor = (value: unknown): value is number | undefined =>
  value === undefined || (typeof value === 'number' && value > 0 && value <= 1e9)
const templatesMax = 10_000

function baseline(data: Data): ReportedSignal | SignalFault {
  const { class: className, ratePerHourOfWeek: rates, dispersion, safety } = data
  if (!isText(className) || !isFactor(dispersion) || !isFactor(safety)) return 'event.baseline'
  if (!Array.isArray(rates) || rates.length !== hoursOfWeek || !rates.every(isRate)) return 'event.baseline'
  const lane = lanes.find(one => one === data.lane)
  const templates = templatesOf(data.templates)
  if ((data.lane !== undefined && lane === undefined) || templates === 'wrong') return 'event.baseline'
  const read: ReportedSignal = { kind: 'baseline', class: className, ratePerHourOfWeek: rates }
  if (lane !== undefined) read.lane = lane
  if (dispersion !== undefined) read.dispersion = dispersion
  if (safety !== undefined) read.safety = safety
  if (templates !== undefined) read.templates = templates
  return read
}

type Templates = NonNullable<Extract<ReportedSignal, { kind: 'baseline' }>['templates']>

function templatesOf(value: unknown): Templates | undefined | 'wrong' {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length > templatesMax) return 'wrong'
  const templates: Templates = []
  for (const item of value) {
    const { template, versions } = (typeof item === 'object' && item !== null ? item : {}) as Data
    if (!isText(template) || !Array.isArray(versions) || !versions.every(isText)) return 'wrong'
    templates.push({ template, versions })
  }
  return templates
}

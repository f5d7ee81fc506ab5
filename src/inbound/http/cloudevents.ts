import { parseInstant } from '../../std/instant.ts'

// CloudEvents 1.0.2, read strictly: of the conformance suite's invalid events the usual library accepts many, and an event that two readers
// understand differently must not be a cause. Attributes: core specification §3; JSON format §2 and §3; HTTP binding §3.

export type CloudEvent = {
  id: string
  source: string
  type: string
  subject?: string
  /** Instant, ms. */
  time?: number
  data: unknown
}

export type EventFault =
  | 'event.not-an-object'
  | 'event.specversion'
  | 'event.id'
  | 'event.source'
  | 'event.type'
  | 'event.subject'
  | 'event.time'
  | 'event.datacontenttype'
  | 'event.dataschema'
  | 'event.extension'
  | 'event.data-twice'
  | 'event.data'
  | 'event.text'

export type ParsedEvent = { ok: true; event: CloudEvent } | { ok: false; code: EventFault }

export const eventIdLengthMax = 256
export const eventSourceLengthMax = 512
export const eventTypeLengthMax = 128
export const eventSubjectLengthMax = 256
const attributeLengthMax = 2048

const refuse = (code: EventFault): ParsedEvent => ({ ok: false, code })
const known = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'datacontenttype',
  'dataschema',
  'data',
  'data_base64',
])
const extensionName = /^[a-z0-9]{1,64}$/
// RFC 2046 / RFC 6838 §4.2: type "/" subtype, then parameters.
const mediaType =
  /^[A-Za-z0-9!#$&^_.+-]{1,127}\/[A-Za-z0-9!#$&^_.+-]{1,127}(?:[ \t]*;[ \t]*[A-Za-z0-9!#$&^_.+-]+=(?:[A-Za-z0-9!#$&^_.+-]+|"[^"\\\r\n]*"))*$/
const jsonMediaType = /^[^/]+\/(?:json|[^;]+\+json)(?:[ \t]*;.*)?$/i
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
// RFC 3986: what a URI reference may consist of; a percent sign starts an octet.
const uriReference = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/
const unsafe = /[\u0000-\u001f\u007f-\u009f]/

const isText = (value: unknown, lengthMax: number): value is string =>
  typeof value === 'string' && value !== '' && value.length <= lengthMax && value.isWellFormed() && !unsafe.test(value)

/** One event in the JSON format, already parsed as JSON. */
export function parseStructured(value: unknown): ParsedEvent {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('event.not-an-object')
  const event = value as Record<string, unknown>
  const fault = attributeFault(event) ?? extensionFault(event)
  if (fault !== undefined) return refuse(fault)
  const data = dataOf(event)
  return data.ok ? contextOf(event, data.value) : data
}

function contextOf(event: Record<string, unknown>, data: unknown): ParsedEvent {
  const parsed: CloudEvent = {
    id: event.id as string,
    source: event.source as string,
    type: event.type as string,
    data,
  }
  if (event.subject !== undefined) parsed.subject = event.subject as string
  if (event.time === undefined) return { ok: true, event: parsed }
  const time = parseInstant(event.time as string)
  if (time === undefined) return refuse('event.time')
  parsed.time = time
  return { ok: true, event: parsed }
}

function attributeFault(event: Record<string, unknown>): EventFault | undefined {
  if (event.specversion !== '1.0') return 'event.specversion'
  if (!isText(event.id, eventIdLengthMax)) return 'event.id'
  if (!isText(event.source, eventSourceLengthMax) || !uriReference.test(event.source)) return 'event.source'
  if (!isText(event.type, eventTypeLengthMax)) return 'event.type'
  if ('subject' in event && !isText(event.subject, eventSubjectLengthMax)) return 'event.subject'
  if ('time' in event && typeof event.time !== 'string') return 'event.time'
  if (
    'datacontenttype' in event &&
    !(isText(event.datacontenttype, attributeLengthMax) && mediaType.test(event.datacontenttype))
  )
    return 'event.datacontenttype'
  if ('dataschema' in event && !(isText(event.dataschema, attributeLengthMax) && uriReference.test(event.dataschema)))
    return 'event.dataschema'
  return undefined
}

/** Extensions are simple values: text, a 32-bit integer or a boolean (core specification §3.1). */
function extensionFault(event: Record<string, unknown>): EventFault | undefined {
  for (const name of Object.keys(event)) {
    if (known.has(name)) continue
    const value = event[name]
    const simple =
      typeof value === 'boolean' ||
      isText(value, attributeLengthMax) ||
      value === '' ||
      (Number.isInteger(value) && value === ((value as number) | 0))
    if (!extensionName.test(name) || !simple) return 'event.extension'
  }
  return undefined
}

type Data = { ok: true; value: unknown } | { ok: false; code: EventFault }

function dataOf(event: Record<string, unknown>): Data {
  const { data, data_base64: encoded, datacontenttype: type } = event
  if (!('data_base64' in event)) return { ok: true, value: data }
  if ('data' in event) return { ok: false, code: 'event.data-twice' }
  if (typeof encoded !== 'string' || !base64.test(encoded)) return { ok: false, code: 'event.data' }
  if (type !== undefined && !jsonMediaType.test(type as string)) return { ok: true, value: undefined }
  return jsonOf(Buffer.from(encoded, 'base64'))
}

/** JSON in strict UTF-8; what it is not, is said so instead of being repaired. */
export function jsonOf(bytes: Buffer): Data {
  try {
    return { ok: true, value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) }
  } catch {
    return { ok: false, code: 'event.data' }
  }
}

const tokens = {
  specversion: 'ce-specversion',
  id: 'ce-id',
  source: 'ce-source',
  type: 'ce-type',
  subject: 'ce-subject',
  time: 'ce-time',
  dataschema: 'ce-dataschema',
}

/** One event whose attributes are header fields `ce-*` and whose data is the body (HTTP binding §3.1). */
export function parseBinary(headers: Record<string, unknown>, body: Buffer): ParsedEvent {
  const event: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(headers)) {
    if (!name.startsWith('ce-')) continue
    const attribute = name.slice(3)
    if (attribute === 'data' || attribute === 'data_base64' || attribute === 'datacontenttype')
      return refuse('event.extension')
    const value = typeof field === 'string' ? decodedHeader(field) : undefined
    if (value === undefined)
      return refuse(attribute in tokens ? (`event.${attribute}` as EventFault) : 'event.extension')
    event[attribute] = value
  }
  const type = headers['content-type']
  if (type !== undefined) event.datacontenttype = type
  const fault = attributeFault(event) ?? extensionFault(event)
  if (fault !== undefined) return refuse(fault)
  if (body.length === 0) return contextOf(event, undefined)
  if (typeof type === 'string' && !jsonMediaType.test(type)) return contextOf(event, undefined)
  const data = jsonOf(body)
  return data.ok ? contextOf(event, data.value) : data
}

/** HTTP binding §3.1.3.2: percent-encoded UTF-8, optionally in double quotes. `undefined` when it is not. */
function decodedHeader(text: string): string | undefined {
  const inner = /^"((?:[^"\\]|\\.)*)"$/.exec(text)?.[1]?.replace(/\\(.)/g, '$1') ?? text
  try {
    return decodeURIComponent(inner.replace(/%(?![0-9A-Fa-f]{2})/g, '%25'))
  } catch {
    return undefined
  }
}

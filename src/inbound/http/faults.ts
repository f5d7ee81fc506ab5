import { parseInstant } from '../../std/instant.ts'
import { type Fault, faultsMax } from './contract.ts'

// The compiled check says yes or no in a tenth of a microsecond; this walk is only taken after a no. It is our own because the validator's
// list ends after eight errors and repeats itself, and because every fault here has a stable code. A property test holds the two together.

type Schema = {
  type?: string
  properties?: Record<string, Schema>
  required?: readonly string[]
  additionalProperties?: unknown
  patternProperties?: Record<string, Schema>
  minProperties?: number
  maxProperties?: number
  items?: Schema
  minItems?: number
  maxItems?: number
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  pattern?: string
  enum?: readonly unknown[]
  format?: string
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

/** What the walk reads; a schema that is checked here has no other keyword, or a no would have no fault. A test compares. */
export const keywords = [
  ...(['type', 'properties', 'required', 'additionalProperties', 'patternProperties'] as const),
  ...(['minProperties', 'maxProperties', 'items', 'minItems', 'maxItems', 'minLength', 'maxLength'] as const),
  ...(['minimum', 'maximum', 'exclusiveMinimum', 'enum', 'format', 'pattern'] as const),
] satisfies (keyof Schema)[]

/** Every way in which `value` differs from `schema`, at most `faultsMax`. The details never repeat a value. */
export function faultsOf(schema: object, value: unknown, pointer = ''): Fault[] {
  const faults: Fault[] = []
  walk(schema as Schema, value, pointer, faults)
  return faults
}

function walk(schema: Schema, value: unknown, pointer: string, faults: Fault[]): void {
  if (faults.length >= faultsMax) return
  const found = schema.enum === undefined ? mismatch(schema, value) : notListed(schema.enum, value)
  if (found !== undefined) faults.push({ pointer, ...found })
  else if (schema.type === 'object') walkObject(schema, value as Record<string, unknown>, pointer, faults)
  else if (schema.type === 'array')
    for (const [i, item] of (value as unknown[]).entries()) walk(schema.items ?? {}, item, `${pointer}/${i}`, faults)
}

function walkObject(schema: Schema, value: Record<string, unknown>, pointer: string, faults: Fault[]): void {
  const properties = schema.properties ?? {}
  for (const key of schema.required ?? [])
    if (!Object.hasOwn(value, key))
      faults.push({ pointer: `${pointer}/${escaped(key)}`, code: 'field.missing', detail: 'this field is required' })
  for (const key of Object.keys(value)) {
    if (faults.length >= faultsMax) return
    const inner = schemaOf(schema, properties, key)
    const at = `${pointer}/${escaped(key.slice(0, 100))}`
    if (inner !== undefined) walk(inner, value[key], at, faults)
    else if (schema.additionalProperties === false)
      faults.push({ pointer: at.toWellFormed(), code: 'field.unknown', detail: 'there is no such field' })
  }
}

function schemaOf(schema: Schema, properties: Record<string, Schema>, key: string): Schema | undefined {
  if (Object.hasOwn(properties, key)) return properties[key]
  for (const [pattern, inner] of Object.entries(schema.patternProperties ?? {}))
    if (new RegExp(pattern, 'u').test(key)) return inner
  return undefined
}

type Found = { code: string; detail: string } | undefined

function notListed(allowed: readonly unknown[], value: unknown): Found {
  if (allowed.includes(value)) return undefined
  return { code: 'field.not-allowed', detail: `allowed: ${allowed.join(', ')}` }
}

function mismatch(schema: Schema, value: unknown): Found {
  if (schema.type !== undefined && typeOf(value, schema.type) === false)
    return { code: 'field.wrong-type', detail: `must be ${schema.type}` }
  if (schema.type === 'string') return stringMismatch(schema, value as string)
  if (schema.type === 'integer' || schema.type === 'number') return numberMismatch(schema, value as number)
  const size = schema.type === 'array' ? (value as unknown[]).length : undefined
  if (size !== undefined) return sizeMismatch(size, schema.minItems, schema.maxItems, 'items')
  if (schema.type === 'object')
    return sizeMismatch(Object.keys(value as object).length, schema.minProperties, schema.maxProperties, 'fields')
  return undefined
}

function typeOf(value: unknown, type: string): boolean {
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

function stringMismatch(schema: Schema, value: string): Found {
  // Only what might be too long is counted by code points, as JSON Schema asks.
  const most = schema.maxLength ?? Number.POSITIVE_INFINITY
  const length = value.length > most && value.length <= 2 * most ? [...value].length : value.length
  return (
    sizeMismatch(length, schema.minLength, schema.maxLength, 'characters') ??
    formatMismatch(schema.format, value) ??
    patternMismatch(schema.pattern, value)
  )
}

/** SHA-256 as it is told and asked for. */
export const sha256Pattern = '^[0-9a-f]{64}$'

function patternMismatch(pattern: string | undefined, value: string): Found {
  if (pattern === undefined || new RegExp(pattern, 'u').test(value)) return undefined
  const form = pattern === sha256Pattern ? 'be 64 hexadecimal digits, in lower case' : `match ${pattern}`
  return { code: 'field.malformed', detail: `must ${form}` }
}

/** RFC 9562 §4 in either case. */
export const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function formatMismatch(format: string | undefined, value: string): Found {
  if (format === 'date-time' && parseInstant(value) === undefined)
    return { code: 'field.not-an-instant', detail: 'must be a date-time of RFC 3339 with an offset' }
  if (format === 'uuid' && !uuid.test(value)) return { code: 'field.not-a-uuid', detail: 'must be a UUID' }
  return undefined
}

function numberMismatch(schema: Schema, value: number): Found {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, exclusiveMinimum: above } = schema
  if (above !== undefined && value <= above)
    return {
      code: 'field.out-of-range',
      detail: `must be above ${above}${maximum < Infinity ? `, at most ${maximum}` : ''}`,
    }
  if (value >= minimum && value <= maximum) return undefined
  return { code: 'field.out-of-range', detail: `must be between ${minimum} and ${maximum}` }
}

function sizeMismatch(size: number, least = 0, most = Number.POSITIVE_INFINITY, unit: string): Found {
  if (size < least) return { code: 'field.too-short', detail: `at least ${least} ${unit}` }
  if (size > most) return { code: 'field.too-long', detail: `at most ${most} ${unit}` }
  return undefined
}

import { characterFault } from './characters.ts'
import {
  type CharacterSet,
  type Control,
  characterSets,
  codeSlot,
  controls,
  descriptionCharsMax,
  type LocaleSource,
  localesMax,
  preheaderCharsMax,
  type Slot,
  type SlotType,
  samplesMax,
  slotCharsMax,
  slotDefaults,
  slotsMax,
  slotTypes,
  subjectCharsMax,
  type TemplateFault,
  type TemplateFaultCode,
  type TemplateSource,
  templateBytesMax,
  textBytesMax,
} from './definition.ts'
import { canonicalLocale } from './locales.ts'

export type Parsed = { ok: true; source: TemplateSource } | { ok: false; faults: TemplateFault[] }

type Fields = Record<string, unknown>
type Report = (pointer: string, code: TemplateFaultCode, detail: string) => void

const templateName = /^[a-z0-9][a-z0-9-]{0,63}$/
const slotName = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

/** Words of Liquid, and names that every JavaScript object answers to: none of them is a slot. */
const reservedNames = new Set(
  `${codeSlot} and or not contains empty blank nil null true false forloop tablerowloop constructor prototype toString toLocaleString valueOf hasOwnProperty isPrototypeOf propertyIsEnumerable`.split(
    ' ',
  ),
)

/** Reads a template as somebody has written it, and names every fault of its shape at once. What its texts say, `compile` reads. */
export function parseTemplate(given: unknown): Parsed {
  const faults: TemplateFault[] = []
  const report: Report = (pointer, code, detail) => void faults.push({ pointer, code, detail })
  const source = readTemplate(given, report)
  return source && faults.length === 0 ? { ok: true, source } : { ok: false, faults }
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function readTemplate(given: unknown, report: Report): TemplateSource | undefined {
  if (!isObject(given)) return void report('', 'template.not-an-object', 'a template is a JSON object')
  if (Buffer.byteLength(JSON.stringify(given)) > templateBytesMax)
    return void report('', 'template.too-large', `a template has at most ${templateBytesMax} bytes`)
  onlyFields(given, '', ['name', 'class', 'description', 'defaultLocale', 'slots', 'locales'], report)
  const name = text(given.name, '/name', report, { charsMax: 64 })
  if (name !== undefined && !templateName.test(name))
    report('/name', 'template.name', 'a name has small letters, digits and hyphens, at most 64')
  const className = text(given.class, '/class', report, { charsMax: 64 })
  const description = optional(given.description, value =>
    text(value, '/description', report, { charsMax: descriptionCharsMax }),
  )
  const slots = readSlots(given.slots ?? {}, report)
  const locales = readLocales(given.locales, report)
  const defaultLocale = readDefault(given.defaultLocale, locales, report)
  if (name === undefined || className === undefined) return undefined
  const source: TemplateSource = { name, class: className, defaultLocale, slots, locales }
  if (description !== undefined) source.description = description
  return source
}

const optional = <T>(value: unknown, read: (value: unknown) => T): T | undefined =>
  value === undefined ? undefined : read(value)

function onlyFields(given: Fields, pointer: string, known: string[], report: Report): void {
  for (const field of Object.keys(given))
    if (!known.includes(field))
      report(`${pointer}/${escaped(field)}`, 'template.field-unknown', `known are ${known.join(', ')}`)
}

/** A name in a JSON Pointer (RFC 6901 §3). */
const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufeff]/
const lineEnd = /[\r\n\t]/

type TextRule = { charsMax: number; lines?: boolean }

function text(value: unknown, pointer: string, report: Report, { charsMax, lines }: TextRule): string | undefined {
  if (value === undefined) return void report(pointer, 'template.field-missing', 'this must be given')
  if (typeof value !== 'string') return void report(pointer, 'template.field-type', 'this is a text')
  if (value.trim() === '') report(pointer, 'template.field-missing', 'this must not be empty')
  if (control.test(value) || !value.isWellFormed())
    report(pointer, 'template.control-character', 'control characters and halves of surrogate pairs are not taken')
  if (!lines && lineEnd.test(value)) report(pointer, 'template.not-one-line', 'this is one line')
  if (value.length > charsMax) report(pointer, 'template.too-long', `at most ${charsMax} characters`)
  return value
}

function readLocales(given: unknown, report: Report): Record<string, LocaleSource> {
  const locales: Record<string, LocaleSource> = {}
  if (!isObject(given) || Object.keys(given).length === 0) {
    report('/locales', 'template.locales', 'name at least one language, like {"en": {"subject", "mjml", "text"}}')
    return locales
  }
  if (Object.keys(given).length > localesMax)
    report('/locales', 'template.locales', `a template has at most ${localesMax} languages`)
  for (const [tag, said] of Object.entries(given).slice(0, localesMax)) {
    const pointer = `/locales/${escaped(tag)}`
    const locale = canonicalLocale(tag)
    if (locale === undefined) report(pointer, 'template.locale', 'a language is named as in BCP 47: en, pt-BR, zh-Hant')
    else if (Object.hasOwn(locales, locale))
      report(pointer, 'template.locale-twice', `another name of ${locale} is here`)
    const read = readLocale(said, pointer, report)
    if (read && locale !== undefined) locales[locale] = read
  }
  return locales
}

function readLocale(given: unknown, pointer: string, report: Report): LocaleSource | undefined {
  if (!isObject(given)) return void report(pointer, 'template.field-type', 'this is {"subject", "mjml", "text"}')
  onlyFields(given, pointer, ['subject', 'preheader', 'mjml', 'text'], report)
  const subject = text(given.subject, `${pointer}/subject`, report, { charsMax: subjectCharsMax })
  const preheader = optional(given.preheader, value =>
    text(value, `${pointer}/preheader`, report, { charsMax: preheaderCharsMax }),
  )
  const mjml = text(given.mjml, `${pointer}/mjml`, report, { charsMax: templateBytesMax, lines: true })
  const plain = text(given.text, `${pointer}/text`, report, { charsMax: textBytesMax, lines: true })
  if (subject === undefined || mjml === undefined || plain === undefined) return undefined
  const locale: LocaleSource = { subject, mjml, text: plain }
  if (preheader !== undefined) locale.preheader = preheader
  return locale
}

/** English where it is there, else the only or the first one. */
function readDefault(given: unknown, locales: Record<string, LocaleSource>, report: Report): string {
  const known = Object.keys(locales)
  if (given === undefined) return known.includes('en') ? 'en' : (known[0] ?? 'en')
  const named = typeof given === 'string' ? canonicalLocale(given) : undefined
  if (named !== undefined && known.includes(named)) return named
  report('/defaultLocale', 'template.default-locale', 'the default is one of the languages')
  return 'en'
}

function readSlots(given: unknown, report: Report): Record<string, Slot> {
  const slots: Record<string, Slot> = {}
  if (!isObject(given)) {
    report('/slots', 'template.field-type', 'slots are an object: their names, and what each holds')
    return slots
  }
  const named = Object.entries(given)
  if (named.length > slotsMax) report('/slots', 'template.slots', `a template has at most ${slotsMax} slots`)
  for (const [name, described] of named.slice(0, slotsMax)) {
    const pointer = `/slots/${escaped(name)}`
    if (!slotName.test(name))
      report(pointer, 'template.slot-name', 'a name has letters, digits and underscores, at most 64, a letter first')
    else if (reservedNames.has(name))
      report(pointer, 'template.slot-reserved', `"${name}" has a meaning already; call the slot something else`)
    else {
      const slot = readSlot(described, pointer, report)
      if (slot) slots[name] = slot
    }
  }
  return slots
}

function readSlot(given: unknown, pointer: string, report: Report): Slot | undefined {
  if (!isObject(given)) return void report(pointer, 'template.field-type', 'a slot is {"type", "control", …}')
  const known = ['type', 'control', 'required', 'charsMax', 'characters', 'instead', 'samples']
  onlyFields(given, pointer, known, report)
  const type = oneOf<SlotType>(given.type, slotTypes)
  if (!type) report(`${pointer}/type`, 'template.slot-type', `a type is one of ${slotTypes.join(', ')}`)
  const by = oneOf<Control>(given.control, controls)
  if (!by) report(`${pointer}/control`, 'template.slot-control', 'say who decides what is in it: trusted or user')
  if (!type || !by) return undefined
  if (by === 'user' && trustedOnly.has(type))
    report(`${pointer}/control`, 'template.slot-control', `a slot of type ${type} is trusted: recipients act on it`)
  const slot: Slot = { type, control: by, required: given.required === true, ...slotDefaults[type], samples: [] }
  readBounds(given, pointer, slot, report)
  readInstead(given.instead, pointer, slot, report)
  slot.samples = readSamples(given.samples, pointer, slot, report)
  return slot
}

const trustedOnly = new Set<SlotType>(['url', 'address', 'code'])

const oneOf = <T extends string>(value: unknown, among: readonly T[]): T | undefined =>
  among.includes(value as T) ? (value as T) : undefined

function readBounds({ required, charsMax, characters }: Fields, pointer: string, slot: Slot, report: Report): void {
  if (required !== undefined && typeof required !== 'boolean')
    report(`${pointer}/required`, 'template.field-type', 'this is true or false')
  if (charsMax !== undefined) {
    if (Number.isInteger(charsMax) && (charsMax as number) > 0 && (charsMax as number) <= slotCharsMax)
      slot.charsMax = charsMax as number
    else report(`${pointer}/charsMax`, 'template.slot-length', `a whole number from 1 to ${slotCharsMax}`)
  }
  if (characters === undefined) return
  const set = oneOf<CharacterSet>(characters, characterSets)
  if (set) slot.characters = set
  else report(`${pointer}/characters`, 'template.slot-characters', `one of ${characterSets.join(', ')}`)
}

function readInstead(instead: unknown, pointer: string, slot: Slot, report: Report): void {
  if (instead === undefined) return
  const at = `${pointer}/instead`
  if (slot.control === 'trusted')
    return report(at, 'template.slot-instead', 'only what users say can be replaced; a trusted value holds the message')
  if (typeof instead !== 'string') return report(at, 'template.field-type', 'this is a text')
  if (characterFault(instead, slot)) return report(at, 'template.slot-instead', 'it must fit the slot itself')
  slot.instead = instead
}

function readSamples(given: unknown, pointer: string, slot: Slot, report: Report): string[] {
  if (given === undefined) return []
  const at = `${pointer}/samples`
  if (!Array.isArray(given) || given.length > samplesMax || !given.every(one => typeof one === 'string')) {
    report(at, 'template.slot-sample', `at most ${samplesMax} texts`)
    return []
  }
  for (const [i, sample] of (given as string[]).entries())
    if (characterFault(sample, slot)) report(`${at}/${i}`, 'template.slot-sample', 'it does not fit the slot')
  return given as string[]
}

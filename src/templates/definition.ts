// What a template is: as people write it, and as it is once it was read. What is compiled from it stands in `compiled.ts`.

/** What a slot holds. `url`, `address` and `code` are what a recipient acts on, so only the application says them. */
export const slotTypes = ['text', 'name', 'device', 'place', 'code', 'url', 'address', 'time', 'number'] as const
export type SlotType = (typeof slotTypes)[number]

/** Who decides what is in a slot: `trusted` is the application, `user` anybody who fills in a form or sends a header. */
export const controls = ['trusted', 'user'] as const
export type Control = (typeof controls)[number]

/**
 * Which characters a slot may hold. `printable`: any that are seen, on one line, without those that turn the direction of what follows;
 * `ascii`: U+0020 to U+007E; `digits`; `code`: ASCII letters, digits, hyphens; `token`: unreserved in an address (RFC 3986 §2.3).
 */
export const characterSets = ['printable', 'ascii', 'digits', 'code', 'token'] as const
export type CharacterSet = (typeof characterSets)[number]

/** One slot, everything said. Characters are code points. */
export type Slot = {
  type: SlotType
  control: Control
  required: boolean
  charsMax: number
  characters: CharacterSet
  /** Stands in the place of a user's value that is too long, has other characters or is not inert; without one such a message is held. */
  instead?: string
  /** Values for previews. */
  samples: string[]
}

/** What a message says in one language. `preheader` is the line that mail programs show behind the subject. */
export type LocaleSource = { subject: string; preheader?: string; mjml: string; text: string }

/** One version of a template, read: faultless in itself, not yet compiled. Keys of `locales` are BCP 47 tags in their usual spelling. */
export type TemplateSource = {
  name: string
  class: string
  description?: string
  /** The locale of those whose language is not among the others. */
  defaultLocale: string
  slots: Record<string, Slot>
  locales: Record<string, LocaleSource>
}

/** As people write it: what has a default may be left out. */
export type SlotInput = { type: SlotType; control: Control } & Partial<Omit<Slot, 'type' | 'control'>>
export type TemplateInput = Omit<TemplateSource, 'slots' | 'defaultLocale'> & {
  defaultLocale?: string
  slots?: Record<string, SlotInput>
}

/** `pointer` is a JSON Pointer (RFC 6901) into the template as it was given. */
export type TemplateFault = { pointer: string; code: TemplateFaultCode; detail: string }

export const templateFaultCodes = [
  'template.not-an-object',
  'template.too-large',
  'template.field-unknown',
  'template.field-missing',
  'template.field-type',
  'template.name',
  'template.locale',
  'template.locale-twice',
  'template.locales',
  'template.default-locale',
  'template.control-character',
  'template.not-one-line',
  'template.too-long',
  'template.slots',
  'template.slot-name',
  'template.slot-reserved',
  'template.slot-type',
  'template.slot-control',
  'template.slot-length',
  'template.slot-characters',
  'template.slot-instead',
  'template.slot-sample',
  'template.slot-unknown',
  'template.slot-unused',
  'template.slot-place',
  'template.liquid',
  'template.liquid-tag',
  'template.liquid-filter',
  'template.liquid-expression',
  'template.too-deep',
  'template.mjml',
  'template.mjml-element',
  'template.mjml-attribute',
  'template.link',
  'template.html-too-large',
] as const
export type TemplateFaultCode = (typeof templateFaultCodes)[number]

export const templateBytesMax = 512 * 1024
export const localesMax = 64
export const slotsMax = 64
export const samplesMax = 16
/** As they are written, with their conditions; what comes out of a subject has a limit of its own. */
export const subjectCharsMax = 1024
export const preheaderCharsMax = 1024
export const descriptionCharsMax = 1000
export const slotCharsMax = 2048
/** Clients cut a mail behind about 102 KB of HTML, and what is behind the cut is not read. */
export const htmlBytesMax = 100 * 1024
export const textBytesMax = 100 * 1024
/** Elements within elements, and conditions within conditions. */
export const elementDepthMax = 32
export const conditionDepthMax = 8

/** `{{ code }}` is what Tocsin puts in: the code by which a recipient can check the mail. */
export const codeSlot = 'code'

type SlotDefaults = { charsMax: number; characters: CharacterSet }

export const slotDefaults: Record<SlotType, SlotDefaults> = {
  text: { charsMax: 200, characters: 'printable' },
  name: { charsMax: 200, characters: 'printable' },
  device: { charsMax: 200, characters: 'printable' },
  place: { charsMax: 120, characters: 'printable' },
  code: { charsMax: 64, characters: 'code' },
  url: { charsMax: 2048, characters: 'ascii' },
  address: { charsMax: 254, characters: 'printable' },
  time: { charsMax: 35, characters: 'ascii' },
  number: { charsMax: 24, characters: 'ascii' },
}

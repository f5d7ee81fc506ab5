import type { Compiled, Condition, Escaping, Piece, Rendered } from './compiled.ts'
import { codeSlot, type Slot } from './definition.ts'
import { applied } from './filters.ts'
import { negotiate } from './locales.ts'
import { type Allows, fits, misfit } from './values.ts'

export type SlotFault = { slot: string; code: 'slot.missing' | 'slot.unknown' | 'slot.invalid'; detail: string }

/**
 * What a message forgot or made up, and what its application itself wrote wrongly: it is refused, for no person could mend it. Values of users
 * that do not fit are none of the application's faults: see `render`.
 */
export function slotFaults({ slots }: Pick<Compiled, 'slots'>, values: Readonly<Record<string, string>>): SlotFault[] {
  const faults: SlotFault[] = []
  for (const name in slots) {
    const slot = slots[name]!
    if (Object.hasOwn(values, name)) {
      if (slot.control !== 'trusted' || slot.instead !== undefined) continue
      const why = misfit(values[name]!, slot)
      if (why !== undefined) faults.push({ slot: name, code: 'slot.invalid', detail: `the value ${why}` })
    } else if (slot.required)
      faults.push({ slot: name, code: 'slot.missing', detail: `the template needs a ${slot.type} here` })
  }
  for (const name of Object.keys(values))
    if (!Object.hasOwn(slots, name))
      faults.push({
        slot: name,
        code: 'slot.unknown',
        detail: `the template has ${Object.keys(slots).join(', ') || 'no slots'}`,
      })
  return faults
}

export type RenderContext = {
  /** The verification code of the message. */
  code: string
  /** Whether links may lead to a host; to any when absent. */
  allows?: Allows
  /** Whether a user's value has neither markup nor link, address or telephone number; asked where a slot has an `instead`. */
  isInert?(value: string): boolean
}

/** `invalid`: slots whose value does not fit; the message is held. `replaced`: slots that show their `instead`. */
export type Rendering = { rendered: Rendered; invalid: string[]; replaced: string[] }

/**
 * A message from its template and values. Values that do not fit are rendered too, made harmless, so that people who look at the held message
 * see what would be sent. Takes some microseconds: what can be done before is done by `compile`.
 */
export function render(
  compiled: Compiled,
  wanted: string | undefined,
  values: Readonly<Record<string, string>>,
  context: RenderContext,
): Rendering {
  const locale = negotiate(wanted, compiled.locales, compiled.defaultLocale)
  const { subject, text, html } = compiled.locales[locale]!
  const invalid: string[] = []
  const replaced: string[] = []
  const shown = new Map<string, string>([[codeSlot, context.code]])
  for (const name in compiled.slots) {
    const slot = compiled.slots[name]!
    const value = Object.hasOwn(values, name) ? values[name]! : ''
    shown.set(name, shownValue(name, value, slot, context, { invalid, replaced }))
  }
  const rendered: Rendered = {
    locale,
    subject: written(subject, shown, locale).replaceAll(/\s+/g, ' ').trim(),
    text: written(text, shown, locale),
    html: written(html, shown, locale),
  }
  return { rendered, invalid, replaced }
}

function shownValue(
  name: string,
  value: string,
  slot: Slot,
  { allows, isInert }: RenderContext,
  { invalid, replaced }: { invalid: string[]; replaced: string[] },
): string {
  if (value === '' && !slot.required) return value
  const isFit = fits(value, slot, allows)
  if (slot.instead !== undefined && !(isFit && (isInert?.(value) ?? true))) {
    replaced.push(name)
    return slot.instead
  }
  if (isFit) return value
  invalid.push(name)
  return harmless(value, slot)
}

const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu

/** No link, and nothing that breaks a line or turns the direction of what follows. */
function harmless(value: string, { type, charsMax }: Slot): string {
  if (type === 'url') return ''
  return [...value].slice(0, charsMax).join('').replaceAll(unseen, '\ufffd')
}

type Shown = ReadonlyMap<string, string>

function written(pieces: readonly Piece[], shown: Shown, locale: string): string {
  let text = ''
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece
    else if ('slot' in piece) {
      let value = shown.get(piece.slot) ?? ''
      for (const filter of piece.filters) value = applied(value, filter, locale)
      text += escaped(value, piece.escaping)
    } else {
      const branch = piece.branches.find(({ when }) => when === undefined || holds(when, shown))
      if (branch) text += written(branch.pieces, shown, locale)
    }
  }
  return text
}

function holds(condition: Condition, shown: Shown): boolean {
  switch (condition.is) {
    case 'present':
      return (shown.get(condition.slot) ?? '') !== ''
    case 'equal':
      return shown.get(condition.slot) === condition.value
    case 'not':
      return !holds(condition.of, shown)
    case 'and':
      return holds(condition.left, shown) && holds(condition.right, shown)
    case 'or':
      return holds(condition.left, shown) || holds(condition.right, shown)
  }
}

function escaped(value: string, escaping: Escaping): string {
  switch (escaping) {
    case 'none':
      return value
    case 'html':
    case 'href':
      return htmlEscaped(value)
    case 'href-part':
      return htmlEscaped(encodeURIComponent(value.toWellFormed()))
  }
}

const special = /[&<>"']/
const specials = /[&<>"']/g
const references: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** For text and for attributes in quotes of either kind. */
export const htmlEscaped = (value: string): string =>
  special.test(value) ? value.replace(specials, sign => references[sign]!) : value

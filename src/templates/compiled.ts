import type { Slot, TemplateSource } from './definition.ts'

/** How a value is written where it stands: as it is, as text of HTML or a quoted attribute, as a whole address, or as a part of one. */
export type Escaping = 'none' | 'html' | 'href' | 'href-part'

/** See `filters.ts`. A date without an offset of its own is shown in that of its value. */
export type Filter =
  | { name: 'default'; value: string }
  | { name: 'truncate'; charsMax: number }
  | { name: 'date'; format: string; offsetMin?: number }
  | { name: 'upcase' | 'downcase' | 'capitalize' | 'strip' }

export type Condition =
  | { is: 'present'; slot: string }
  | { is: 'equal'; slot: string; value: string }
  | { is: 'not'; of: Condition }
  | { is: 'and' | 'or'; left: Condition; right: Condition }

export type Branch = { when?: Condition; pieces: Piece[] }

/** Text of the template as it stands, a value, or the first branch whose condition holds. */
export type Piece = string | { slot: string; filters: Filter[]; escaping: Escaping } | { branches: Branch[] }

export type CompiledLocale = {
  locale: string
  direction: 'ltr' | 'rtl'
  subject: Piece[]
  text: Piece[]
  html: Piece[]
}

/**
 * A version of a template, ready to render. `hash` is SHA-256, base64url, over the canonical JSON of the source and the version of the compiler:
 * two compiled templates with one hash render the same bytes.
 */
export type Compiled = {
  name: string
  class: string
  hash: string
  source: TemplateSource
  slots: Record<string, Slot>
  defaultLocale: string
  locales: Record<string, CompiledLocale>
}

export type Rendered = { locale: string; subject: string; text: string; html: string }

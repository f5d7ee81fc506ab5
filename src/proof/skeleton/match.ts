import { type Look, normalized, type PartName, partCharsMax, partNames, unwrapped } from './look.ts'
import { type Gap, isFixed, type Skeleton, type SkeletonPart, textOf } from './skeleton.ts'
import { isInstant } from './tokens.ts'

/** A look whose parts are normalized when first asked for: several skeletons are tried on one mail. */
export class Reading {
  readonly look: Look
  readonly #parts: (string | undefined)[] = []
  #unwrapped: string | undefined

  constructor(look: Look) {
    this.look = look
  }

  has(part: PartName): boolean {
    return this.look[part] !== undefined
  }

  /** '' for what is absent or too long. */
  part(name: PartName, wrapped = false): string {
    if (wrapped && name === 'text') return (this.#unwrapped ??= unwrapped(this.part('text')))
    const at = partNames.indexOf(name)
    const known = this.#parts[at]
    if (known !== undefined) return known
    const text = this.look[name] ?? ''
    const made = text.length > partCharsMax ? '' : normalized(name, text)
    this.#parts[at] = made
    return made
  }
}

/** What stands in the gaps, in order. In `html` it is as written, character references and all. */
export type GapValue = { part: PartName; gap: Gap; value: string }

/** Gives the values of the gaps of a mail that has the skeleton; `undefined` for any other. */
export type Matcher = (reading: Reading) => GapValue[] | undefined

/** Of one part: fixed texts and gaps take turns, and both ends are fixed, maybe empty. */
type CompiledPart = { part: PartName; wrapped: boolean; fixed: string[]; gaps: Gap[] }

/** How often a fixed text may be looked for further on, in one part: values that look like it are rare. */
const attemptsMax = 64

/** The whole of every part is accounted for: fixed texts in order, gaps between them within their bounds. */
export function compile(skeleton: Skeleton): Matcher {
  const parts = skeleton.parts.map(compiledPart)
  const named = new Set(parts.map(({ part }) => part))
  const others = partNames.filter(part => !named.has(part))
  return reading => {
    if (others.some(part => reading.has(part)) || parts.some(({ part }) => !reading.has(part))) return undefined
    const values: GapValue[] = []
    for (const part of parts) if (!matchPart(part, reading, values)) return undefined
    return values
  }
}

function compiledPart({ part, wrapped, pieces }: SkeletonPart): CompiledPart {
  const compiled: CompiledPart = { part, wrapped, fixed: [''], gaps: [] }
  for (const piece of pieces) {
    if (isFixed(piece)) compiled.fixed[compiled.fixed.length - 1] += textOf(piece.fixed)
    else {
      compiled.gaps.push(piece.gap)
      compiled.fixed.push('')
    }
  }
  return compiled
}

function matchPart(compiled: CompiledPart, reading: Reading, values: GapValue[]): boolean {
  const { part, wrapped, fixed, gaps } = compiled
  const text = reading.part(part, wrapped)
  if (gaps.length === 0) return text === fixed[0]
  if (!beginsWith(text, fixed[0]!)) return false
  const starts = new Int32Array(gaps.length)
  const ends = new Int32Array(gaps.length)
  if (!place(text, compiled, { starts, ends })) return false
  for (let i = 0; i < gaps.length; i++)
    values.push({ part, gap: gaps[i]!, value: text.slice(starts[i], ends[i]).trim() })
  return true
}

/**
 * Each fixed text is taken where it is first found behind the gap; where a value has the same words, the next places are tried, and then those
 * of the gap before.
 */
function place(
  text: string,
  { part, fixed, gaps }: CompiledPart,
  { starts, ends }: { starts: Int32Array; ends: Int32Array },
): boolean {
  let attempts = 0
  let [i, from] = [0, fixed[0]!.length]
  let search = from
  while (i >= 0) {
    if (++attempts > attemptsMax + gaps.length) return false
    const at = i < gaps.length ? nextPlace(text, fixed[i + 1]!, { from, search, isLast: i === gaps.length - 1 }) : -1
    if (at >= 0 && at - from <= gaps[i]!.charsMax + 2) {
      const fit = fits(part, gaps[i]!, text, from, at)
      if (fit === 'maybe longer') {
        search = at + 1
        continue
      }
      if (fit === 'yes') {
        starts[i] = from
        ends[i] = at
        if (++i === gaps.length) return true
        from = search = at + fixed[i]!.length
        continue
      }
    }
    if (--i < 0) return false
    from = starts[i]!
    search = ends[i]! + 1
  }
  return false
}

/** Long texts are compared as wholes; `startsWith` and `endsWith` go sign by sign. */
const beginsWith = (text: string, fixed: string): boolean => text.slice(0, fixed.length) === fixed

function nextPlace(
  text: string,
  fixed: string,
  { from, search, isLast }: { from: number; search: number; isLast: boolean },
): number {
  if (!isLast) return text.indexOf(fixed, search)
  const at = text.length - fixed.length
  return at >= search && at >= from && text.slice(at) === fixed ? at : -1
}

/** Whether what stands from `from` to `to` may stand in the gap, or might if it were longer. Blanks at its ends count for nothing. */
function fits(part: PartName, gap: Gap, text: string, from: number, to: number): 'yes' | 'no' | 'maybe longer' {
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  if (to - from > gap.charsMax) return 'no'
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (part === 'html' && (code === 0x3c || code === 0x3e)) return 'no'
    if (code === 0x0a && !gap.lines) return 'no'
    if (!allowed(gap, code)) return 'no'
  }
  if (gap.type === 'time') return isKnownInstant(text.slice(from, to)) ? 'yes' : 'maybe longer'
  if (gap.type === 'address') return addressPattern.test(text.slice(from, to)) ? 'yes' : 'maybe longer'
  return 'yes'
}

let lastInstant = ''

/** A mail says the same instant in its text and in its HTML. */
function isKnownInstant(text: string): boolean {
  if (text === lastInstant) return true
  if (!isInstant(text)) return false
  lastInstant = text
  return true
}

const addressPattern = /^<?[^\s<>"'(),:;@]{1,128}@[^\s<>"'(),:;@]{1,253}>?$/
const isBlank = (code: number): boolean => code === 0x20 || code === 0x0a

const signs = (text: string): Set<number> => new Set([...text].map(sign => sign.charCodeAt(0)))
const digit = /\p{Nd}/u
const numberSigns = signs(".,:/-+() \u00a0\u2019'%#")
const ipSigns = signs('0123456789abcdefABCDEF:.')
const neverInCode = signs(' \n\t<>"\'@/\\,;:!?()&')
const neverInUrl = signs(' \n\t<>"\'\\`')
const urlDelimiters = signs('/?&#;')
const neverInAttribute = signs('<>"')

/** Whether the gap may have a character of this code. */
function allowed({ type, delimiters }: Gap, code: number): boolean {
  switch (type) {
    case 'text':
    case 'time':
    case 'address':
      return true
    case 'number':
      return (
        (code >= 0x30 && code <= 0x39) ||
        numberSigns.has(code) ||
        (code > 0x7f && digit.test(String.fromCharCode(code)))
      )
    case 'ip':
      return ipSigns.has(code)
    case 'code':
      return !neverInCode.has(code)
    case 'url':
      return !neverInUrl.has(code) && (delimiters === true || !urlDelimiters.has(code))
    case 'attribute':
      return !neverInAttribute.has(code)
    case 'link':
      return !neverInUrl.has(code)
  }
}

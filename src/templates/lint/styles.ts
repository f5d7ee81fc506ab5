// The part of CSS by which a mail decides what is seen: selectors, their precedence, and the media query for dark schemes.

export type Declarations = Map<string, { value: string; important: boolean }>

/** `any` holds at all times, `dark` where the reader's program shows a dark scheme. */
export type Scheme = 'any' | 'dark'

type Compound = {
  name?: string
  id?: string
  classes: string[]
  attributes: { name: string; value?: string }[]
  /** It is the parent of the one behind it, and not just somewhere above. */
  isParent?: boolean
}
type Selector = { compounds: Compound[]; specificity: number }
export type StyleRule = { selectors: Selector[]; declarations: Declarations; scheme: Scheme }

/** What a selector is matched against. */
export type Styled = {
  name: string
  id: string | undefined
  classes: readonly string[]
  attributes: ReadonlyMap<string, string>
  parent: Styled | undefined
}

export const styleRulesMax = 1000
const cssLengthMax = 200_000
const nestingMax = 4
const stepsMax = 2000

/** `color: red !important; …` of a style attribute or of a rule. Of two of one name the later counts, unless only the first is important. */
export function parseDeclarations(text: string): Declarations {
  const found: Declarations = new Map()
  for (const part of splitOutside(text.replace(/\/\*[\s\S]*?(?:\*\/|$)/g, ' '), ';')) {
    const colon = part.indexOf(':')
    if (colon < 0) continue
    const name = part.slice(0, colon).trim().toLowerCase()
    const written = part.slice(colon + 1).trim()
    const important = /!\s*important\s*$/i.test(written)
    const value = important ? written.slice(0, written.lastIndexOf('!')).trim() : written
    if (name !== '' && value !== '') declare(found, name, { value, important })
  }
  return found
}

/** A shorthand sets its parts anew, and an important one is not undone by a part. */
function declare(known: Declarations, name: string, said: { value: string; important: boolean }): void {
  if (said.important || !known.get(name)?.important) {
    if (name === 'background-color' && known.get('background')?.important && !said.important) return
    if (name === 'background' && (said.important || !known.get('background-color')?.important))
      known.delete('background-color')
    known.set(name, said)
  }
}

/** Splits at a sign that stands neither in quotes nor in brackets. */
function splitOutside(text: string, sign: string): string[] {
  if (!/["'(]/.test(text)) return text.split(sign)
  const parts: string[] = []
  let from = 0
  let depth = 0
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!
    if (quote !== '') quote = c === quote ? '' : quote
    else if (c === '"' || c === "'") quote = c
    else if (c === '(') depth++
    else if (c === ')') depth = Math.max(0, depth - 1)
    else if (c === sign && depth === 0) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  return [...parts, text.slice(from)]
}

/** The rules of a style sheet that a reader's program may apply, at most `styleRulesMax`. Rules for print or for a width are left out. */
export function parseStyleSheet(css: string): StyleRule[] {
  const rules: StyleRule[] = []
  readBlock(css.slice(0, cssLengthMax).replace(/\/\*[\s\S]*?(?:\*\/|$)|<!--|-->/g, ' '), 'any', nestingMax, rules)
  return rules
}

function readBlock(css: string, scheme: Scheme, depth: number, rules: StyleRule[]): void {
  let at = 0
  while (at < css.length && rules.length < styleRulesMax) {
    const open = css.indexOf('{', at)
    if (open < 0) return
    // A statement without a block (`@import …;`) belongs to nothing.
    const prelude = css.slice(css.lastIndexOf(';', open) >= at ? css.lastIndexOf(';', open) + 1 : at, open).trim()
    const close = closingBrace(css, open)
    const body = css.slice(open + 1, close)
    at = close + 1
    if (prelude.startsWith('@')) {
      const inner = mediaScheme(prelude)
      if (inner !== undefined && depth > 0) readBlock(body, inner === 'any' ? scheme : inner, depth - 1, rules)
      continue
    }
    const selectors = splitOutside(prelude, ',').flatMap(text => parseSelector(text) ?? [])
    if (selectors.length > 0) rules.push({ selectors, declarations: parseDeclarations(body), scheme })
  }
}

function closingBrace(css: string, open: number): number {
  let depth = 0
  for (let at = open; at < css.length; at++) {
    const code = css.charCodeAt(at)
    if (code === 0x7b) depth++
    else if (code === 0x7d && --depth === 0) return at
  }
  return css.length
}

/** Which scheme an at-rule holds for; `undefined` when it holds for neither, or only for a width, print or some programs. */
function mediaScheme(prelude: string): Scheme | undefined {
  const query = /^@media\s+([\s\S]*)$/i.exec(prelude)?.[1]?.trim().toLowerCase()
  if (query === undefined) return undefined
  if (/prefers-color-scheme\s*:\s*dark/.test(query) && !/width|print|\bnot\b/.test(query)) return 'dark'
  return /^(?:only\s+)?(?:all|screen)$/.test(query) ? 'any' : undefined
}

const compoundForm =
  /^(?:\*|[a-z][\w-]*)?(?:[.#][\w-]+|\[\s*[\w-]+\s*(?:=\s*(?:"[^"]*"|'[^']*'|[\w-]+)\s*)?\]|:root)*$/i

function parseSelector(text: string): Selector | undefined {
  const compounds: Compound[] = []
  let specificity = 0
  for (const part of text
    .trim()
    .replace(/\s*>\s*/g, ' > ')
    .split(/\s+/)) {
    if (part === '>' && compounds.length > 0) {
      compounds.at(-1)!.isParent = true
      continue
    }
    if (part === '' || !compoundForm.test(part)) return undefined
    const compound: Compound = { classes: [], attributes: [] }
    for (const [piece] of part.matchAll(/[.#][\w-]+|\[[^\]]*\]|:root|\*|[\w-]+/g)) {
      if (piece.startsWith('.')) compound.classes.push(piece.slice(1))
      else if (piece.startsWith('#')) compound.id = piece.slice(1)
      else if (piece.startsWith('[')) compound.attributes.push(attributeTest(piece))
      else if (piece === ':root') compound.name = 'html'
      else if (piece !== '*') compound.name = piece.toLowerCase()
    }
    compounds.push(compound)
    specificity += (compound.id === undefined ? 0 : 10_000) + (compound.name === undefined ? 0 : 1)
    specificity += 100 * (compound.classes.length + compound.attributes.length)
  }
  return { compounds, specificity }
}

function attributeTest(piece: string): { name: string; value?: string } {
  const [name = '', value] = piece.slice(1, -1).split('=', 2)
  const test = { name: name.trim().toLowerCase() }
  return value === undefined ? test : { ...test, value: value.trim().replace(/^["']|["']$/g, '') }
}

/**
 * What the rules of a scheme say of an element, with its own style attribute, by precedence (CSS Cascade 4 §6.1): important before others,
 * its own before rules, the more specific, the later.
 */
export function cascaded(element: Styled, rules: readonly StyleRule[], own: Declarations, dark: boolean): Declarations {
  const matching = rules
    .filter(({ scheme }) => scheme === 'any' || dark)
    .flatMap(({ selectors, declarations }) => {
      const fitting = selectors.filter(({ compounds }) => matches(element, compounds))
      return fitting.length === 0
        ? []
        : [{ declarations, specificity: Math.max(...fitting.map(({ specificity }) => specificity)) }]
    })
    .sort((a, b) => a.specificity - b.specificity)
  if (matching.length === 0) return own
  const result: Declarations = new Map()
  for (const { declarations } of [...matching, { declarations: own }])
    for (const [name, said] of declarations) declare(result, name, said)
  return result
}

/** From right to left. The nearest ancestor that fits may have the wrong parent, so others are tried, at most `stepsMax` in all. */
function matches(element: Styled, compounds: readonly Compound[]): boolean {
  let steps = 0
  const from = (at: number, candidate: Styled): boolean => {
    if (++steps > stepsMax || !fits(candidate, compounds[at]!)) return false
    if (at === 0) return true
    const { isParent } = compounds[at - 1]!
    for (let above = candidate.parent; above; above = isParent ? undefined : above.parent)
      if (from(at - 1, above)) return true
    return false
  }
  return from(compounds.length - 1, element)
}

function fits(element: Styled, { name, id, classes, attributes }: Compound): boolean {
  if (name !== undefined && element.name !== name) return false
  if (id !== undefined && element.id !== id) return false
  if (!classes.every(one => element.classes.includes(one))) return false
  return attributes.every(test => {
    const value = element.attributes.get(test.name)
    return value !== undefined && (test.value === undefined || value === test.value)
  })
}

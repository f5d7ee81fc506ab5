import { htmlTokens } from '../std/html.ts'
import type { Compiled, CompiledLocale, Condition, Filter, Piece } from './compiled.ts'

/** One difference between two versions. `where` names the part, in the words of the source; `before` or `after` is absent for what was added or taken away. */
export type Change = {
  part: 'class' | 'slot' | 'locale' | 'subject' | 'text' | 'html' | 'link' | 'look'
  where: string
  before?: string
  after?: string
}

/** What a reader would see differ between two versions, and `look` where only the appearance does. */
export function diff(before: Compiled, after: Compiled): Change[] {
  const changes: Change[] = []
  if (before.class !== after.class)
    changes.push({ part: 'class', where: 'class', before: before.class, after: after.class })
  changes.push(...members('slot', before.slots, after.slots, slot => JSON.stringify(slot)))
  changes.push(...members('locale', before.locales, after.locales, () => ''))
  for (const [locale, one] of Object.entries(before.locales)) {
    const other = Object.hasOwn(after.locales, locale) ? after.locales[locale] : undefined
    if (other) changes.push(...localeChanges(locale, one, other))
  }
  return changes
}

function members<T>(
  part: Change['part'],
  before: Record<string, T>,
  after: Record<string, T>,
  textOf: (member: T) => string,
): Change[] {
  const changes: Change[] = []
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [one, other] = [before, after].map(from => (Object.hasOwn(from, name) ? textOf(from[name]!) : undefined))
    if (one !== other) changes.push(changeOf(part, name, one, other))
  }
  return changes
}

function changeOf(part: Change['part'], where: string, before?: string, after?: string): Change {
  return { part, where, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }
}

function localeChanges(locale: string, before: CompiledLocale, after: CompiledLocale): Change[] {
  const changes: Change[] = []
  const [subject, newSubject] = [written(before.subject), written(after.subject)]
  if (subject !== newSubject) changes.push(changeOf('subject', locale, subject, newSubject))
  changes.push(...lineChanges('text', locale, written(before.text).split('\n'), written(after.text).split('\n')))
  const [html, newHtml] = [written(before.html), written(after.html)]
  const [shown, newShown] = [shownIn(html), shownIn(newHtml)]
  changes.push(...lineChanges('html', locale, shown.lines, newShown.lines))
  changes.push(...lineChanges('link', locale, shown.links, newShown.links))
  if (
    html.replaceAll(ofSubject, '') !== newHtml.replaceAll(ofSubject, '') &&
    !changes.some(({ part }) => part === 'html' || part === 'link')
  )
    changes.push({ part: 'look', where: locale })
  return changes
}

/** Where MJML repeats the title, which is the subject. */
const ofSubject = /<title>[\s\S]*?<\/title>|\saria-label="[^"]*"/g

/** Lines of long texts are compared with those around them at most; what moves further is taken away and added. */
const linesMax = 2000

/** The fewest lines taken away and added, in order (longest common subsequence). */
function lineChanges(part: Change['part'], locale: string, before: string[], after: string[]): Change[] {
  const [a, b] = [before.slice(0, linesMax), after.slice(0, linesMax)]
  let from = 0
  while (from < a.length && from < b.length && a[from] === b[from]) from++
  let [endA, endB] = [a.length, b.length]
  while (endA > from && endB > from && a[endA - 1] === b[endB - 1]) [endA, endB] = [endA - 1, endB - 1]
  const [x, y] = [a.slice(from, endA), b.slice(from, endB)]
  const lengths = commonLengths(x, y)
  const changes: Change[] = []
  let [i, j] = [0, 0]
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) [i, j] = [i + 1, j + 1]
    else if (j >= y.length || (i < x.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!))
      changes.push(changeOf(part, `${locale}, line ${from + i + 1}`, x[i++]))
    else changes.push(changeOf(part, `${locale}, line ${from + j + 1}`, undefined, y[j++]))
  }
  return changes
}

function commonLengths(x: string[], y: string[]): Uint16Array[] {
  const lengths = Array.from({ length: x.length + 1 }, () => new Uint16Array(y.length + 1))
  for (let i = x.length - 1; i >= 0; i--)
    for (let j = y.length - 1; j >= 0; j--)
      lengths[i]![j] = x[i] === y[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!)
  return lengths
}

const tokensMax = 100_000
const breaks = new Set('p div td th tr li br h1 h2 h3 h4 h5 h6 table title'.split(' '))

/** The lines that a reader sees, and where links lead. */
function shownIn(html: string): { lines: string[]; links: string[] } {
  let text = ''
  let hidden = false
  const links: string[] = []
  for (const token of htmlTokens(html, tokensMax).tokens) {
    if (token.kind === 'text' && !hidden) text += token.text.replaceAll(/\s+/g, ' ')
    if (token.kind === 'open' || token.kind === 'close') {
      hidden = token.kind === 'open' && (token.name === 'style' || token.name === 'title')
      if (breaks.has(token.name)) text += '\n'
    }
    if (token.kind === 'open')
      for (const { name, value } of token.attributes) if (name === 'href' || name === 'src') links.push(value)
  }
  return {
    lines: text
      .split('\n')
      .map(line => line.trim())
      .filter(Boolean),
    links,
  }
}

/** Pieces as they would be written in a source. */
function written(pieces: readonly Piece[]): string {
  return pieces
    .map(piece => {
      if (typeof piece === 'string') return piece
      if ('slot' in piece) return `{{ ${[piece.slot, ...piece.filters.map(filterText)].join(' | ')} }}`
      const branches = piece.branches.map(({ when, pieces: inner }, i) => {
        const tag = when ? `${i === 0 ? 'if' : 'elsif'} ${conditionText(when)}` : 'else'
        return `{% ${tag} %}${written(inner)}`
      })
      return `${branches.join('')}{% endif %}`
    })
    .join('')
}

function filterText(filter: Filter): string {
  const { name, ...rest } = filter
  const args = Object.values(rest)
  return args.length === 0 ? name : `${name}: ${args.join(', ')}`
}

function conditionText(condition: Condition): string {
  switch (condition.is) {
    case 'present':
      return condition.slot
    case 'equal':
      return `${condition.slot} == "${condition.value}"`
    case 'not':
      return `not (${conditionText(condition.of)})`
    case 'and':
    case 'or':
      return `(${conditionText(condition.left)} ${condition.is} ${conditionText(condition.right)})`
  }
}

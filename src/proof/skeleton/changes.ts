import { getDomain } from 'tldts'
import { aligned } from './align.ts'
import { hashOf, type ReadPart, type TokenHash, tellingWeight, unwrappedPart } from './candidate.ts'
import { type PartName, partNames } from './look.ts'
import { type Gap, isFixed, isTelling, type Skeleton, type SkeletonPart, shownPart, textOf } from './skeleton.ts'
import type { Token } from './tokens.ts'

export const changeKinds = [
  'sender',
  'subject',
  'files',
  'part-added',
  'part-removed',
  'script-added',
  'tracking-pixel',
  'image-added',
  'tag-added',
  'tag-removed',
  'attribute-added',
  'attribute-changed',
  'style-changed',
  'link-host',
  'link-added',
  'link-removed',
  'link-path',
  'address-added',
  'words-added',
  'words-removed',
  'words-changed',
  'value',
] as const
export type ChangeKind = (typeof changeKinds)[number]

/** One thing that is not as it was, in a sentence. Of what is new only words that many people got are shown; the rest is `…`. */
export type Change = { part: PartName; kind: ChangeKind; was?: string; now?: string; text: string }

/** Whether enough people got a word for it to be shown. */
export type IsPublic = (token: Token) => boolean

const changesMax = 20

/**
 * What a mail has that the skeleton has not, and the other way round, at least one. The gravest come first. Personal values are in none of it: what was is of the skeleton, what is new is masked word by word.
 */
export function changesOf(
  skeleton: Skeleton,
  parts: readonly ReadPart[],
  hash: TokenHash,
  isPublic: IsPublic,
): Change[] {
  const changes: Change[] = []
  for (const part of partNames) {
    const was = skeleton.parts.find(one => one.part === part)
    const now = parts.find(one => one.part === part)
    if (was && now) changes.push(...partChanges(was, now, hash, isPublic))
    else if (was) changes.push({ part, kind: 'part-removed', text: `The ${partWords[part]} is gone.` })
    else if (now) changes.push(partAdded(now))
  }
  changes.sort((a, b) => gravity[a.kind] - gravity[b.kind])
  if (changes.length === 0)
    changes.push({ part: 'subject', kind: 'value', text: 'A value is of another kind than before.' })
  const seen = new Set<string>()
  return changes.filter(({ text }) => !seen.has(text) && seen.add(text)).slice(0, changesMax)
}

function partAdded({ part, tokens }: ReadPart): Change {
  if (part !== 'files')
    return { part, kind: 'part-added', text: `There is ${part === 'html' ? 'an' : 'a'} ${partWords[part]} now.` }
  return { part, kind: 'files', now: textOf(tokens), text: `There is something attached now: ${textOf(tokens)}.` }
}

const partWords: Record<PartName, string> = {
  from: 'sender',
  subject: 'subject',
  text: 'text part',
  html: 'HTML part',
  files: 'attachment',
}

const grave: ChangeKind[] = [
  'script-added',
  'link-host',
  'sender',
  'tracking-pixel',
  'link-added',
  'address-added',
  'files',
  'subject',
]
const gravity = Object.fromEntries(
  changeKinds.map(kind => [kind, grave.includes(kind) ? grave.indexOf(kind) : grave.length]),
) as Record<ChangeKind, number>

/** The skeleton's fixed tokens in a row; `gaps[i]` stands before token i. An instant is a token that is equal to every other. */
function flat({ pieces }: SkeletonPart): { tokens: Token[]; gaps: (Gap | undefined)[] } {
  const tokens: Token[] = []
  const gaps: (Gap | undefined)[] = []
  for (const piece of pieces) {
    if (isFixed(piece)) tokens.push(...piece.fixed)
    else if (piece.gap.type === 'time') tokens.push({ kind: 'time', text: '' })
    else gaps[tokens.length] = piece.gap
  }
  return { tokens, gaps }
}

/** One place where they differ. `before`: the fixed tokens ahead of it, for its context. */
type Difference = { part: PartName; removed: Token[]; added: Token[]; before: Token[]; gap?: Gap }

function partChanges(was: SkeletonPart, now: ReadPart, hash: TokenHash, isPublic: IsPublic): Change[] {
  const differences = differencesOf(was, now, hash)
  if (differences.length === 0) return []
  const { part } = was
  if (part === 'from') return [senderChange(was, now, isPublic)]
  if (part === 'files') return [filesChange(was, now)]
  if (part === 'subject') return [subjectChange(was, now, isPublic)]
  return differences.flatMap(difference => changesAt(difference, isPublic))
}

function differencesOf(was: SkeletonPart, read: ReadPart, hash: TokenHash): Difference[] {
  const now = was.wrapped ? unwrappedPart(read) : read
  const { tokens, gaps } = flat(was)
  const partner = aligned(
    tokens.map(token => hashOf(token, hash)),
    now.hashes,
    {
      weight: i => (isTelling(tokens[i]!.kind) ? tellingWeight : 1),
      gapBefore: i => gaps[i] !== undefined || tokens[i]?.kind === 'time' || tokens[i - 1]?.kind === 'time',
    },
  )
  const differences: Difference[] = []
  let [fromA, fromB] = [0, 0]
  for (let i = 0; i <= tokens.length; i++) {
    if (i < tokens.length && partner[i]! < 0) continue
    const toB = i < tokens.length ? partner[i]! : now.tokens.length
    if (fromA < i || fromB < toB) {
      const gap = gaps.slice(fromA, i + 1).find(one => one !== undefined)
      const [removed, added] = [tokens.slice(fromA, i), now.tokens.slice(fromB, toB)]
      if (differs(removed, added, gap)) {
        const difference = { part: was.part, removed, added, before: tokens.slice(0, fromA) }
        if (!gap) slide(difference, tokens[i])
        append(differences, gap ? { ...difference, gap } : difference)
      }
    }
    ;[fromA, fromB] = [i + 1, toB + 1]
  }
  return differences
}

/** What was put in behind a mark and ends with the same mark may as well have been put in ahead of it: as people read, it begins behind. */
function slide({ removed, added, before }: Difference, next: Token | undefined): void {
  const first = added[0]
  if (removed.length > 0 || first?.kind !== 'sign' || first.text !== next?.text) return
  before.push(first)
  added.push(added.shift()!)
}

/** Words next to each other that became others are one difference. */
function append(differences: Difference[], next: Difference): void {
  const last = differences.at(-1)
  const between = last ? next.before.slice(last.before.length + last.removed.length) : []
  if (!last || last.gap || next.gap || between.length !== 1 || !isBlank(between[0]!)) return void differences.push(next)
  last.removed.push(between[0]!, ...next.removed)
  last.added.push(between[0]!, ...next.added)
}

const isBlank = ({ kind }: Token): boolean => kind === 'space' || kind === 'line'

function differs(removed: readonly Token[], added: readonly Token[], gap: Gap | undefined): boolean {
  if (removed.some(token => !isBlank(token))) return true
  if (!gap) return added.some(token => !isBlank(token))
  return !fitsGap(gap, added)
}

/** As far as tokens tell: the matcher has the last word. */
function fitsGap({ type, charsMax, lines, delimiters }: Gap, added: readonly Token[]): boolean {
  if (added.some(({ kind }) => kind === 'tag' || kind === 'attribute' || kind === 'raw')) return false
  if (added.some(({ kind }) => kind === 'paragraph' || (kind === 'line' && !lines))) return false
  if (textOf(added).trim().length > charsMax) return false
  const hasLink = added.some(({ kind }) => kind === 'origin')
  if (type === 'link') return true
  if (hasLink) return false
  if (type === 'url') return delimiters === true || !added.some(({ kind }) => kind === 'url-delimiter')
  const words = added.filter(token => !isBlank(token))
  if (type === 'number') return words.every(({ kind }) => kind === 'number' || kind === 'sign' || kind === 'time')
  if (type === 'code' || type === 'ip') return words.length <= 1 && (type === 'code' || words[0]?.kind === 'ip')
  if (type === 'address') return words.every(({ kind }) => kind === 'address' || kind === 'sign')
  return true
}

function senderChange(was: SkeletonPart, now: ReadPart, isPublic: IsPublic): Change {
  const [before, after] = [shownPart(was), masked(now.tokens, isPublic)]
  return {
    part: 'from',
    kind: 'sender',
    was: before,
    now: after,
    text: `The sender was “${before}” and is “${after}” now.`,
  }
}

/** Media types are nobody's. */
function filesChange(was: SkeletonPart, now: ReadPart): Change {
  const [before, after] = [shownPart(was), textOf(now.tokens)]
  return {
    part: 'files',
    kind: 'files',
    was: before,
    now: after,
    text: `What is attached was ${before} and is ${after} now.`,
  }
}

function subjectChange(was: SkeletonPart, now: ReadPart, isPublic: IsPublic): Change {
  const [before, after] = [shownPart(was), masked(now.tokens, isPublic)]
  const text = `The subject was “${before}” and is “${after}” now.`
  return { part: 'subject', kind: 'subject', was: before, now: after, text }
}

function changesAt(difference: Difference, isPublic: IsPublic): Change[] {
  const changes = [
    ...tagChanges(difference),
    ...linkChanges(difference),
    ...attributeChanges(difference),
    ...addressChanges(difference),
    ...wordChanges(difference, isPublic),
  ]
  if (changes.length > 0) return changes
  const { part, gap, before } = difference
  const what = gap ? `A value of the kind ‹${gap.type}›` : 'Something'
  return [{ part, kind: 'value', text: `${what} in the ${partWords[part]} is not what it was, ${placeOf(before)}.` }]
}

const opened = ({ kind, text }: Token): string | undefined =>
  kind === 'tag' ? /^<([a-zA-Z][\w:-]*)$/.exec(text)?.[1]?.toLowerCase() : undefined

/** Names of tags are ours to show; of one that nobody knows only that it is there. */
const shownName = (name: string): string => (/^[a-z][a-z0-9:-]{0,20}$/.test(name) ? name : '…')

function tagChanges({ part, removed, added }: Difference): Change[] {
  const changes: Change[] = []
  const gone = removed.flatMap(token => opened(token) ?? [])
  for (const [i, token] of added.entries()) {
    const name = opened(token)
    if (name === undefined) continue
    const known = gone.indexOf(name)
    if (known >= 0) gone.splice(known, 1)
    else changes.push(tagAdded(part, name, added.slice(i)))
  }
  for (const name of gone)
    changes.push({ part, kind: 'tag-removed', was: name, text: `A <${shownName(name)}> is gone.` })
  return changes
}

function tagAdded(part: PartName, name: string, from: readonly Token[]): Change {
  if (name === 'script') return { part, kind: 'script-added', now: name, text: 'A script was put in.' }
  if (name !== 'img')
    return { part, kind: 'tag-added', now: shownName(name), text: `A <${shownName(name)}> was put in.` }
  const end = from.findIndex(({ kind, text }) => kind === 'tag' && text.endsWith('>'))
  const tag = textOf(end < 0 ? from : from.slice(0, end + 1))
  const origin = from.slice(0, end < 0 ? undefined : end).find(({ kind }) => kind === 'origin')
  const now = origin ? hostOf(origin.text) : undefined
  const where = now === undefined ? '' : ` from ${now}`
  const host = now === undefined ? {} : { now }
  if (!pixelPattern.test(tag)) return { part, kind: 'image-added', ...host, text: `An image${where} was put in.` }
  return {
    part,
    kind: 'tracking-pixel',
    ...host,
    text: `A tracking pixel${where} was put in: an image that nobody can see.`,
  }
}

const pixelPattern =
  /\b(?:width|height)\s*[=:]\s*["']?\s*[01](?:px)?\b|display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?\b|\shidden\b/i

function linkChanges({ part, removed, added, before }: Difference): Change[] {
  const [gone, come] = [origins(removed), origins(added)]
  const changes: Change[] = []
  for (let i = 0; i < Math.max(gone.length, come.length); i++) {
    const [was, now] = [gone[i] && hostOf(gone[i]!), come[i] && hostOf(come[i]!)]
    if (was !== undefined && was === now) {
      if (gone[i] !== come[i])
        changes.push({ part, kind: 'link-host', was, now, text: schemeText(gone[i]!, come[i]!, now) })
      continue
    }
    if (was !== undefined && now !== undefined)
      changes.push({ part, kind: 'link-host', was, now, text: `A link that led to ${was} leads to ${now} now.` })
    else if (now !== undefined) changes.push({ part, kind: 'link-added', now, text: `A link to ${now} was put in.` })
    else if (was !== undefined) changes.push({ part, kind: 'link-removed', was, text: `A link to ${was} is gone.` })
  }
  if (changes.length > 0 || come.length > 0) return changes
  const isUrl = ({ kind }: Token) => kind === 'url-piece' || kind === 'url-delimiter'
  if (!removed.some(isUrl) && !added.some(isUrl)) return []
  const last = origins(before).at(-1)
  const host = last ? hostOf(last) : 'a host'
  return [{ part, kind: 'link-path', was: host, text: `The path or the query of a link to ${host} is another one.` }]
}

const origins = (tokens: readonly Token[]): string[] =>
  tokens.flatMap(({ kind, text }) => (kind === 'origin' ? [text] : []))

/** The same host, and yet another address. */
function schemeText(was: string, now: string, host: string): string {
  const isLess = /^https:/i.test(was) && !/^https:/i.test(now)
  return isLess ? `A link to ${host} is not https any more.` : `A link to ${host} has another scheme, user or port.`
}

const usualLabels = new Set(
  'www mail email login signin account accounts auth id secure security my app api cdn static img images media link links click go m help support track tracking pixel open'.split(
    ' ',
  ),
)

/** The host of a link. Labels under the domain that may stand for a person are not shown. */
export function hostOf(origin: string): string {
  if (/^(?:mailto|tel):$/i.test(origin)) return origin.toLowerCase()
  const host = origin
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/^.*@/, '')
    .replace(/:\d+$/, '')
    .toLowerCase()
  const domain = getDomain(host)
  if (!domain || domain === host) return host
  const labels = host.slice(0, -domain.length - 1).split('.')
  return [...labels.map(label => (usualLabels.has(label) ? label : '…')), domain].join('.')
}

function attributeChanges({ part, removed, added, before }: Difference): Change[] {
  if (added.some(token => opened(token) !== undefined)) return []
  const names = (tokens: readonly Token[]) =>
    tokens.flatMap(({ kind, text }) =>
      kind === 'attribute' ? (/[^\s=>"'/<]+/.exec(text)?.[0]?.toLowerCase() ?? []) : [],
    )
  const gone = names(removed)
  const changes: Change[] = names(added)
    .filter(name => !gone.includes(name))
    .map(name => ({
      part,
      kind: 'attribute-added',
      now: shownName(name),
      text: `The attribute ${shownName(name)} appeared.`,
    }))
  if (removed.some(({ kind }) => kind === 'raw') || added.some(({ kind }) => kind === 'raw'))
    changes.push({ part, kind: 'style-changed', text: 'The content of a style or script element is another one.' })
  if (changes.length > 0 || !(removed.some(isValue) || added.some(isValue))) return changes
  const name = names(before).at(-1) ?? '…'
  return [
    {
      part,
      kind: 'attribute-changed',
      was: name,
      text: `The value of an attribute ${shownName(name)} is another one.`,
    },
  ]
}

const isValue = ({ kind }: Token): boolean => kind === 'value'

function addressChanges({ part, added, gap }: Difference): Change[] {
  if (gap?.type === 'address') return []
  return added
    .filter(({ kind }) => kind === 'address')
    .map(({ text }) => {
      const now = hostOf(text.slice(text.lastIndexOf('@') + 1))
      return { part, kind: 'address-added', now, text: `An address at ${now} was put in.` }
    })
}

const isWord = ({ kind }: Token): boolean =>
  kind === 'word' || kind === 'code' || kind === 'number' || kind === 'time' || kind === 'ip'

function wordChanges({ part, removed, added, before }: Difference, isPublic: IsPublic): Change[] {
  const [gone, come] = [removed.filter(isReadable), added.filter(isReadable)]
  const [goneWords, comeWords] = [gone.filter(isWord).length, come.filter(isWord).length]
  const where = placeOf(before)
  if (goneWords === 0 && comeWords === 0) return signChanges(part, gone, come, where)
  const was = clipped(textOf(gone.map(t => (t.kind === 'time' ? { ...t, text: '‹time›' } : t))).trim())
  const now = clipped(masked(come, isPublic))
  if (goneWords === 0)
    return [{ part, kind: 'words-added', now, text: `${countOf(comeWords)} put in ${where}: “${now}”.` }]
  if (comeWords === 0) return [{ part, kind: 'words-removed', was, text: `These words are gone: “${was}”.` }]
  return [
    {
      part,
      kind: 'words-changed',
      was,
      now,
      text: `“${was}” became ${comeWords === 1 ? 'another word' : `${comeWords} words`}: “${now}”.`,
    },
  ]
}

function signChanges(part: PartName, gone: readonly Token[], come: readonly Token[], where: string): Change[] {
  const isSign = ({ kind }: Token) => kind === 'sign'
  if (!gone.some(isSign) && !come.some(isSign)) return []
  return [{ part, kind: 'words-changed', text: `Signs are other ones ${where}.` }]
}

const countOf = (words: number): string => (words === 1 ? 'One word was' : `${words} words were`)

const isReadable = ({ kind }: Token): boolean =>
  isWord({ kind, text: '' }) || kind === 'sign' || kind === 'space' || kind === 'line' || kind === 'paragraph'

/** The fixed words ahead of a place. */
function placeOf(before: readonly Token[]): string {
  const readable = before.filter(token => token.kind !== 'time' && isReadable(token))
  const words = textOf(readable.slice(-12)).replace(/\s+/g, ' ').trim()
  return words === '' ? 'at the beginning' : `behind “${words}”`
}

/** What is new, with every word that may be somebody's replaced. */
export function masked(tokens: readonly Token[], isPublic: IsPublic): string {
  let text = ''
  for (const token of tokens) {
    if (isBlank(token) || token.kind === 'paragraph') text += ' '
    else if (token.kind === 'sign' || token.kind === 'url-delimiter') text += token.text
    else if (token.kind === 'origin') text += hostOf(token.text)
    else if (token.kind === 'address')
      text += isPublic(token) ? token.text : `…@${hostOf(token.text.slice(token.text.lastIndexOf('@') + 1))}`
    else text += isPublic(token) ? token.text : '…'
  }
  return text
    .replace(/ +/g, ' ')
    .replace(/…(?:\s*…)+/g, '…')
    .trim()
}

const shownCharsMax = 200
const clipped = (text: string): string =>
  [...text].length > shownCharsMax ? `${[...text].slice(0, shownCharsMax).join('')}…` : text

import { isInert } from '../values.ts'
import { aligned } from './align.ts'
import { type Look, normalized, type PartName, partCharsMax, partNames } from './look.ts'
import { charsMaxFor, type Gap, type GapType, isTelling, type Piece, type Skeleton, tidied } from './skeleton.ts'
import { type Kind, kinds, type Token, tokensOf } from './tokens.ts'

/** A keyed hash of a token, below 2^53: who has the database cannot guess the words back. */
export type TokenHash = (kind: Kind, text: string) => number

/** A part of a mail, cut and hashed. `blank`: the hash of a blank. */
export type ReadPart = { part: PartName; tokens: Token[]; hashes: number[]; blank: number }

/** What values of a gap were seen to be, without the values. `kinds`: bits by their place in `kinds`. */
export type Seen = {
  kinds: number
  values: number
  withDigit: number
  withBlank: number
  charsMax: number
  lines: boolean
  /** Values with a link, an address or a telephone number in them. */
  active: number
}

/**
 * What all mails so far have in common, as hashes: words become known only when enough people got them. `seen[i]` is the gap before token i,
 * the last one behind them all; `null`: none.
 */
export type Common = { part: PartName; wrapped: boolean; hashes: number[]; kinds: number[]; seen: (Seen | null)[] }

/** `recipients`: keyed hashes of mailboxes, as many as are needed. `stable`: mails since the last one that changed the look. */
export type Candidate = { parts: Common[]; recipients: string[]; mails: number; stable: number; seenAt: number }

/** Of a word against a blank or a sign, when tokens are aligned. */
export const tellingWeight = 8

const kindNumber = Object.fromEntries(kinds.map((kind, i) => [kind, i])) as Record<Kind, number>
const bit = (kind: number): number => 1 << kind
const bitOf = (kind: Kind): number => bit(kindNumber[kind])
const kindOf = (number: number): Kind => kinds[number]!

/** The parts of a mail, cut and hashed; `undefined` for one that is too long to be learnt. */
export function readParts(look: Look, hash: TokenHash): ReadPart[] | undefined {
  const parts: ReadPart[] = []
  for (const part of partNames) {
    const text = look[part]
    if (text === undefined) continue
    if (text.length > partCharsMax) return undefined
    const tokens = tokensOf(part, normalized(part, text))
    if (!tokens) return undefined
    parts.push({ part, tokens, hashes: tokens.map(token => hashOf(token, hash)), blank: hash('space', ' ') })
  }
  return parts
}

/** Instants are all the same. */
export const hashOf = ({ kind, text }: Token, hash: TokenHash): number => hash(kind, kind === 'time' ? '' : text)

/** As a part of a sender that wraps: line ends are blanks. */
export function unwrappedPart(read: ReadPart): ReadPart {
  if (read.part !== 'text') return read
  const isLine = read.tokens.map(({ kind }) => kind === 'line')
  return {
    ...read,
    tokens: read.tokens.map((token, i) => (isLine[i] ? { kind: 'space', text: ' ' } : token)),
    hashes: read.hashes.map((hash, i) => (isLine[i] ? read.blank : hash)),
  }
}

function unwrappedCommon(common: Common, blank: number): Common {
  const isLine = common.kinds.map(kind => kind === kindNumber.line)
  return {
    ...common,
    wrapped: true,
    hashes: common.hashes.map((hash, i) => (isLine[i] ? blank : hash)),
    kinds: common.kinds.map((kind, i) => (isLine[i] ? kindNumber.space : kind)),
  }
}

export function newCandidate(parts: readonly ReadPart[], recipient: string, at: number): Candidate {
  const common = parts.map(({ part, tokens, hashes }) => ({
    part,
    wrapped: false,
    hashes: [...hashes],
    kinds: tokens.map(({ kind }) => kindNumber[kind]),
    seen: new Array<Seen | null>(tokens.length + 1).fill(null),
  }))
  return { parts: common, recipients: [recipient], mails: 1, stable: 0, seenAt: at }
}

/** A mail that would cost the look more than this of its telling tokens is of another template. */
const lossShareMax = 0.25
/** Until there are two mails, what is personal has not been told apart from the rest. */
const firstLossShareMax = 0.45
/** Short mails are nearly all values. */
const lossTokensMin = 3
/** A gap where that many words were fixed is a rewritten sentence and no value. */
const lossWordsMax = 14

export type Limits = { recipientsMin: number; stableMailsMin: number }

/**
 * Takes a mail into the look; false, and nothing is changed, when it is of another template: too much of the look would go, or markup or
 * paragraphs would have to vary. Those of one template that has alternatives are looks of their own.
 */
export function takeIn(
  candidate: Candidate,
  parts: readonly ReadPart[],
  from: { recipient: string; at: number },
  limits: Limits,
): boolean {
  if (!sameParts(candidate.parts, parts)) return false
  const merged: Common[] = []
  let [telling, lost] = [0, 0]
  for (const [i, common] of candidate.parts.entries()) {
    const one = mergeUnwrapped(common, parts[i]!, candidate.mails)
    if (!one) return false
    telling += one.telling
    lost += one.lost
    merged.push(one.common)
  }
  const shareMax = candidate.mails === 1 ? firstLossShareMax : lossShareMax
  if (lost > Math.max(lossTokensMin, telling * shareMax)) return false
  if (telling - lost < tellingMin) return false
  const before = signature(candidate.parts)
  candidate.parts = merged
  candidate.mails++
  candidate.seenAt = from.at
  const { recipients } = candidate
  if (recipients.length < limits.recipientsMin && !recipients.includes(from.recipient)) recipients.push(from.recipient)
  candidate.stable = signature(merged) === before ? candidate.stable + 1 : 0
  return true
}

const termsOf = ({ kinds: numbers, seen }: Common) => ({
  weight: (i: number) => (isTelling(kindOf(numbers[i]!)) ? tellingWeight : 1),
  gapBefore: (i: number) => seen[i] != null,
})

/** With less in common nothing can be recognized. */
const tellingMin = 3

const sameParts = (a: readonly { part: PartName }[], b: readonly { part: PartName }[]): boolean =>
  a.length === b.length && a.every(({ part }, i) => part === b[i]!.part)

/** Whether what is there is known well enough to be shown to people. */
export const isLearnt = ({ recipients, stable }: Candidate, { recipientsMin, stableMailsMin }: Limits): boolean =>
  recipients.length >= recipientsMin && stable >= stableMailsMin

type Merge = { common: Common; telling: number; lost: number }

/** Once it shows that the sender wraps, its line ends are blanks. */
function mergeUnwrapped(common: Common, part: ReadPart, mails: number): Merge | undefined {
  const read = common.wrapped ? unwrappedPart(part) : part
  const merged = merge(common, read, mails)
  if (merged !== 'wraps') return merged
  const again = merge(unwrappedCommon(common, part.blank), unwrappedPart(part), mails)
  return again === 'wraps' ? undefined : again
}

/** `undefined` when markup, paragraphs or a whole sentence would have to vary. */
function merge(common: Common, read: ReadPart, mails: number): Merge | undefined | 'wraps' {
  const partner = aligned(common.hashes, read.hashes, termsOf(common))
  const merged: Common = { part: common.part, wrapped: common.wrapped, hashes: [], kinds: [], seen: [] }
  let [telling, lost] = [0, 0]
  let [fromA, fromB] = [0, 0]
  const n = common.hashes.length
  for (let i = 0; i <= n; i++) {
    if (i < n) {
      if (isTelling(kindOf(common.kinds[i]!))) telling++
      if (partner[i]! < 0) continue
    }
    const toB = i < n ? partner[i]! : read.tokens.length
    const inserted = fromB === toB ? none : read.tokens.slice(fromB, toB)
    if (isWrap(common, { fromA, toA: i }, inserted)) return 'wraps'
    const gap = gapBetween(common, { fromA, toA: i }, inserted, mails)
    if (gap === 'too much') return undefined
    lost += gap.lost
    merged.seen.push(gap.seen)
    if (i === n) break
    merged.hashes.push(common.hashes[i]!)
    merged.kinds.push(common.kinds[i]!)
    ;[fromA, fromB] = [i + 1, toB + 1]
  }
  return { common: withoutIslands(merged), telling, lost }
}

const none: readonly Token[] = []

/** A blank in place of a line end, or the other way round, and no value next to it: the sender wraps. */
function isWrap({ kinds: numbers, seen }: Common, { fromA, toA }: Span, inserted: readonly Token[]): boolean {
  if (toA - fromA !== 1 || inserted.length !== 1 || seen[fromA] || seen[toA]) return false
  const [was, now] = [kindOf(numbers[fromA]!), inserted[0]!.kind]
  return (was === 'space' && now === 'line') || (was === 'line' && now === 'space')
}

type Span = { fromA: number; toA: number }

function gapBetween(common: Common, { fromA, toA }: Span, inserted: readonly Token[], mails: number) {
  let seen: Seen | null = null
  for (let i = fromA; i <= toA; i++)
    if (common.seen[i]) seen = seen ? joinSeen(seen, common.seen[i]!) : { ...common.seen[i]! }
  if (fromA === toA && inserted.length === 0) {
    if (seen) seen.values++
    return { seen, lost: 0 }
  }
  const removed = common.kinds.slice(fromA, toA)
  const lost = removed.filter(kind => isTelling(kindOf(kind))).length
  if (lost > lossWordsMax) return 'too much'
  seen ??= { kinds: 0, values: 0, withDigit: 0, withBlank: 0, charsMax: 0, lines: false, active: 0 }
  if (removed.length > 0) addRemoved(seen, removed, mails)
  addValue(seen, inserted)
  return (seen.kinds & neverVaries) === 0 ? { seen, lost } : 'too much'
}

const neverVaries = bitOf('tag') | bitOf('attribute') | bitOf('raw') | bitOf('paragraph')

const joinSeen = (a: Seen, b: Seen): Seen => ({
  kinds: a.kinds | b.kinds,
  values: Math.max(a.values, b.values),
  withDigit: Math.max(a.withDigit, b.withDigit),
  withBlank: Math.max(a.withBlank, b.withBlank),
  charsMax: a.charsMax + b.charsMax,
  lines: a.lines || b.lines,
  active: Math.max(a.active, b.active),
})

const blanks = bitOf('space') | bitOf('line')
const digits = bitOf('number') | bitOf('ip') | bitOf('code') | bitOf('time')

/** What was fixed until now stood in every mail so far. */
function addRemoved(seen: Seen, removed: readonly number[], mails: number): void {
  let all = 0
  for (const kind of removed) all |= bit(kind)
  seen.kinds |= all
  if (seen.values > 0) return
  seen.values = mails
  if (all & digits) seen.withDigit = mails
  if (all & blanks) seen.withBlank = mails
  seen.charsMax = Math.max(seen.charsMax, removed.length * 8)
}

const digitPattern = /\p{N}/u

function addValue(seen: Seen, tokens: readonly Token[]): void {
  seen.values++
  let [chars, hasDigit, hasBlank] = [0, false, false]
  for (const { kind, text } of tokens) {
    seen.kinds |= bitOf(kind)
    chars += text.length
    hasDigit ||= digitPattern.test(text)
    if (kind === 'space' || kind === 'line') hasBlank = true
    if (kind === 'line') seen.lines = true
  }
  if (!isInert(tokens.map(({ text }) => text).join(''))) seen.active++
  if (hasDigit) seen.withDigit++
  if (hasBlank) seen.withBlank++
  seen.charsMax = Math.max(seen.charsMax, chars)
}

/** Fixed text between two gaps of at most so many characters of words is most likely the end of one value and the beginning of the next. */
const islandWordsMax = 1

/**
 * A blank, a sign or one word that stands between two gaps of text is taken for a part of the value: names have one, two or three words,
 * devices an "on" or none.
 */
function withoutIslands(common: Common): Common {
  const kept: Common = { ...common, hashes: [], kinds: [], seen: [common.seen[0]!] }
  let [from, n] = [0, common.hashes.length]
  for (let i = 0; i < n; i++) {
    kept.hashes.push(common.hashes[i]!)
    kept.kinds.push(common.kinds[i]!)
    const [left, right] = [kept.seen[from]!, common.seen[i + 1]!]
    if (!right) {
      kept.seen.push(null)
      continue
    }
    const island = kept.kinds.slice(from)
    if (left && isIsland(left, right, island)) {
      const joined = joinSeen(left, right)
      for (const kind of island) joined.kinds |= bit(kind)
      joined.charsMax += island.length * 8
      kept.hashes.length = kept.kinds.length = from
      kept.seen.length = from
      kept.seen.push(joined)
    } else kept.seen.push(right)
    from = kept.hashes.length
  }
  return kept
}

/** A word on a line of its own is a label. */
function isIsland(left: Seen, right: Seen, island: readonly number[]): boolean {
  const [a, b] = [typeOf(left), typeOf(right)]
  if ((a !== 'text' && b !== 'text') || !isPlain(a) || !isPlain(b)) return false
  let words = 0
  for (const number of island) {
    const kind = kindOf(number)
    if (kind === 'word' || kind === 'code' || kind === 'number' || kind === 'ip') words++
    else if (kind !== 'space' && kind !== 'sign') return false
  }
  return words <= islandWordsMax
}

const isPlain = (type: GapType): boolean => type === 'text' || type === 'number' || type === 'code'

const only = (seen: Seen, allowed: number): boolean => (seen.kinds & ~allowed) === 0 && seen.kinds !== 0
const numberBits = bitOf('number') | bitOf('sign') | bitOf('space')
const codeBits = bitOf('number') | bitOf('code') | bitOf('word') | bitOf('sign')
const urlBits = bitOf('url-piece') | bitOf('url-delimiter')
/** From so many values on a gap is taken for what they all were. */
const valuesMin = 5

export function typeOf(seen: Seen): GapType {
  if (seen.kinds & bitOf('origin')) return 'link'
  if (seen.kinds & bitOf('value')) return 'attribute'
  if (only(seen, urlBits)) return 'url'
  if (seen.kinds & urlBits) return 'link'
  if (only(seen, bitOf('time'))) return 'time'
  if (only(seen, bitOf('address'))) return 'address'
  if (only(seen, bitOf('ip'))) return 'ip'
  if (seen.values < valuesMin) return 'text'
  if (only(seen, numberBits) && seen.kinds & bitOf('number')) return 'number'
  const mostlyDigits = 2 * seen.withDigit >= seen.values
  return only(seen, codeBits) && seen.withBlank === 0 && mostlyDigits && !(seen.kinds & bitOf('sign')) ? 'code' : 'text'
}

function gapOf(seen: Seen): Gap {
  const type = typeOf(seen)
  const gap: Gap = { type, charsMax: charsMaxFor(type, seen.charsMax) }
  if (seen.lines) gap.lines = true
  // Of one whose values users choose, a single one who does so must not open it for all.
  if (type === 'text' && seen.active > 0 && 2 * seen.active >= seen.values) gap.active = true
  if (type === 'url' && seen.kinds & bitOf('url-delimiter')) gap.delimiters = true
  return gap
}

/** What of the look is told to people and checked: when it stays the same, a mail has brought nothing new. */
function signature(parts: readonly Common[]): string {
  return parts
    .map(({ wrapped, hashes, seen }) => {
      const gaps = seen.flatMap((one, i) => (one ? [`${i}${JSON.stringify(gapOf(one))}`] : []))
      return `${wrapped} ${hashes.length} ${gaps.join(' ')}`
    })
    .join('\n')
}

/**
 * The skeleton in plain, from the candidate and a mail that was just taken in: every word of it was in all mails of the candidate, and so went
 * to as many different recipients as the candidate has. Nothing else is ever written down.
 */
export function revealed(candidate: Candidate, parts: readonly ReadPart[]): Skeleton | undefined {
  const skeleton: Skeleton = { parts: [] }
  for (const [i, common] of candidate.parts.entries()) {
    const read = common.wrapped ? unwrappedPart(parts[i]!) : parts[i]!
    const partner = aligned(common.hashes, read.hashes, termsOf(common))
    if (partner.includes(-1)) return undefined
    const pieces: Piece[] = []
    for (let at = 0; at <= common.hashes.length; at++) {
      const seen = common.seen[at]
      if (seen) pieces.push({ gap: gapOf(seen) })
      if (at < common.hashes.length) pieces.push(pieceOf(read.tokens[partner[at]!]!))
    }
    skeleton.parts.push({ part: common.part, wrapped: common.wrapped, pieces: tidied(pieces) })
  }
  return skeleton
}

const instantCharsMax = 64

function pieceOf(token: Token): Piece {
  return token.kind === 'time' ? { gap: { type: 'time', charsMax: instantCharsMax } } : { fixed: [token] }
}

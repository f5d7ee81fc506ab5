import type { PartName } from './look.ts'
import type { Kind, Token } from './tokens.ts'

/**
 * What may stand in a gap. `text` is a line of anything that is not markup; `code` has no blanks; `url` is a piece of the path or query of a
 * link, `attribute` the value of one; `link` is a link whose host varies.
 */
export const gapTypes = ['text', 'number', 'code', 'ip', 'time', 'address', 'url', 'attribute', 'link'] as const
export type GapType = (typeof gapTypes)[number]

/**
 * `lines`: a value may go over line ends. `active`: values were seen that have a link, an address or a telephone
 * number in them, and may have. `delimiters`: a piece of a link may have `/ ? & #`.
 */
export type Gap = { type: GapType; charsMax: number; lines?: true; active?: true; delimiters?: true }

/** Fixed words, tags and links, or a gap where values vary. */
export type Piece = { fixed: Token[] } | { gap: Gap }

/** `wrapped`: the sender breaks lines by the length of what it fills in, so that a line end is a blank. */
export type SkeletonPart = { part: PartName; wrapped: boolean; pieces: Piece[] }

/** What all mails of a template have in common. */
export type Skeleton = { parts: SkeletonPart[] }

export const isFixed = (piece: Piece): piece is Extract<Piece, { fixed: Token[] }> => 'fixed' in piece

export const textOf = (tokens: readonly Token[]): string => tokens.map(({ text }) => text).join('')

/** The same bytes for the same skeleton: what its hash is over. How it was cut into tokens is left out. */
export function canonicalSkeleton({ parts }: Skeleton): string {
  const pieces = parts.map(({ part, wrapped, pieces: all }) => [
    part,
    wrapped,
    all.map(piece => {
      if (isFixed(piece)) return textOf(piece.fixed)
      const { type, charsMax, lines = false, active = false, delimiters = false } = piece.gap
      return [type, charsMax, lines, active, delimiters]
    }),
  ])
  return JSON.stringify(['skeleton', 1, pieces])
}

/** Read by people: a gap is its type in single angle quotation marks. */
export function shownPart({ pieces }: SkeletonPart): string {
  let shown = ''
  let spaced = false
  for (const piece of pieces) {
    const next = isFixed(piece) ? textOf(piece.fixed) : `‹${piece.gap.active ? 'live ' : ''}${piece.gap.type}›`
    const isTrimmed = !isFixed(piece) && trims.has(piece.gap.type)
    const isApart = isTrimmed ? /[\p{L}\p{N},.:;)]$/u.test(shown) : spaced && /^[\p{L}\p{N}(]/u.test(next)
    shown += isApart ? ` ${next}` : next
    spaced = isTrimmed
  }
  return shown
}

export const shownSkeleton = ({ parts }: Skeleton): Partial<Record<PartName, string>> =>
  Object.fromEntries(parts.map(part => [part.part, shownPart(part)]))

const bounds = [16, 64, 256, 1024, 4096]
/** Names and devices are that long, whatever the first mails had. */
const textCharsMin = 256

/** Twice what was seen, in wide steps, so that a somewhat longer value is no other skeleton. */
export function charsMaxFor(type: GapType, seenChars: number): number {
  const wanted = Math.max(
    2 * seenChars,
    type === 'text' || type === 'attribute' || type === 'address' ? textCharsMin : 0,
  )
  return bounds.find(bound => bound >= wanted) ?? bounds.at(-1)!
}

/** One gap for two that nothing keeps apart. */
export function joinedGap(a: Gap, b: Gap): Gap {
  const type = a.type === b.type ? a.type : a.type === 'link' || b.type === 'link' ? 'link' : 'text'
  const joined: Gap = { type, charsMax: charsMaxFor(type, (a.charsMax + b.charsMax) / 2) }
  if (a.lines || b.lines) joined.lines = true
  const live = (gap: Gap) => gap.active === true || gap.type === 'address'
  if (type === 'text' && (live(a) || live(b))) joined.active = true
  if (a.delimiters || b.delimiters) joined.delimiters = true
  return joined
}

const trims = new Set<GapType>(['text', 'number', 'code', 'ip', 'time', 'address'])
const isBlank = ({ kind }: Token): boolean => kind === 'space'

/**
 * The blanks next to a gap belong to it, so that an empty value or a missing one changes nothing; gaps that then touch become one. Fixed
 * pieces that follow each other are joined.
 */
export function tidied(pieces: readonly Piece[]): Piece[] {
  const trimmed = pieces.map((piece, i) =>
    isFixed(piece) ? { fixed: trim(piece.fixed, pieces[i - 1], pieces[i + 1]) } : piece,
  )
  const tidy: Piece[] = []
  for (const piece of trimmed) {
    const last = tidy.at(-1)
    if (isFixed(piece)) {
      if (piece.fixed.length === 0) continue
      if (last && isFixed(last)) last.fixed = [...last.fixed, ...piece.fixed]
      else tidy.push({ fixed: piece.fixed })
    } else if (last && !isFixed(last)) tidy[tidy.length - 1] = { gap: joinedGap(last.gap, piece.gap) }
    else tidy.push(piece)
  }
  return tidy
}

function trim(tokens: readonly Token[], before: Piece | undefined, after: Piece | undefined): Token[] {
  let [from, to] = [0, tokens.length]
  if (before && !isFixed(before) && trims.has(before.gap.type)) while (from < to && isBlank(tokens[from]!)) from++
  if (after && !isFixed(after) && trims.has(after.gap.type)) while (to > from && isBlank(tokens[to - 1]!)) to--
  return tokens.slice(from, to)
}

/** What says which template a mail is of: words, tags, hosts. Blanks and signs are in every mail. */
export const isTelling = (kind: Kind): boolean =>
  kind === 'word' || kind === 'code' || kind === 'origin' || kind === 'tag' || kind === 'value' || kind === 'address'

import { resolveReferences } from '../std/html.ts'
import { addressesIn } from './addresses.ts'
import { isTitle, linksIn } from './links.ts'
import { percentDecoded, seen } from './reading-text.ts'

// What a value may bring along that its place in a template did not ask for.

export type ActiveKind = 'markup' | 'link' | 'address' | 'phone' | 'reordering'

/** What is active in a value that users control; empty when it is inert. `<3`, `O'Brien`, `St.Gallen` and user agents are. */
export function activeIn(value: string): ActiveKind[] {
  const text = seen(value)
  const found: ActiveKind[] = []
  if (markupIn(value)) found.push('markup')
  if (hasLink(text)) found.push('link')
  if (text.includes('@') || text.includes('%')) if (addressesIn(percentDecoded(text)).length > 0) found.push('address')
  if (phonesIn(text).length > 0) found.push('phone')
  if (/[\u202d\u202e]/.test(value)) found.push('reordering')
  return found
}

export const isInert = (value: string): boolean => activeIn(value).length === 0

/** Whether a text has what a reader of HTML takes for a tag, also when its references are resolved once or twice. */
export function markupIn(text: string): boolean {
  for (let i = 0, read = text; i < 3; i++) {
    if (/<[a-z/!?]/i.test(read)) return true
    if (!read.includes('&')) return false
    read = resolveReferences(read, false)
  }
  return false
}

/** Schemes that do something without a host. */
const schemes =
  /(?:^|[^a-z0-9])(?:(?:javascript|vbscript|mailto|file|blob)\s*:\s*\S|data\s*:\s*[a-z]+\/|(?:tel|sms|callto|facetime)\s*:\s*\+?\d)/i
const slashes = /(?:^|[\s([{"'=])(?:\/\/|\\\\|\/\\|\\\/)[^\s/\\]/

function hasLink(text: string): boolean {
  if (schemes.test(text) || slashes.test(text) || /\bhttps?\s*:\s*[\\/]/i.test(text) || /\bwww\.\S/i.test(text))
    return true
  return linksIn(text, { strict: true }).some(link => !isTitle(link))
}

// Numbers as they are written to be called. Versions, dates, models and builds are not: between letters, dots and slashes they are passed over.
const phones: readonly RegExp[] = [
  // International: +49 30 1234567, 00 49 (0)30 123-45-67.
  /(?<![\p{L}\p{N}./_-])(?:\+\s?|00\s?)[1-9](?:[ \u00a0()./-]{0,2}\d){6,14}(?![\p{L}\p{N}_])/gu,
  // North America: (800) 555-1234, 1-800-555-1234, 800.555.1234.
  /(?<![\p{L}\p{N}./_-])(?:1[ .-]?)?(?:\([2-9]\d{2}\)[ .-]?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}(?!\.?[\p{L}\p{N}_])/gu,
  // Words for digits: 1-800-FLOWERS.
  /(?<![\p{L}\p{N}./_-])1[ .-]?(?:800|888|877|866|855|844|833)[ .-][A-Z0-9-]{6,10}(?![\p{L}\p{N}_])/gu,
  // National, with a zero in front: 030 1234567, 089/123 45 67.
  /(?<![\p{L}\p{N}./_:-])\(?0\d{1,4}\)?[ \u00a0/-]\d{3,}(?:[ -]\d{2,}){0,3}(?![\p{L}\p{N}_./:-])/gu,
  // Without any spaces.
  /(?<![\p{L}\p{N}.,/_;:=-])(?:0\d{9,11}|1[2-9]\d{9}|[2-9]\d{9})(?![\p{L}\p{N}.,/_-])/gu,
  // Announced.
  /(?:\b(?:call|phone|tel|dial|ring|hotline|anrufen|ruf|appelez|llame|llama)\b|电话|☎|📞)[^\p{L}\p{N}]{0,6}(?:\p{L}{1,20}[^\p{L}\p{N}\n]{1,3}){0,3}[+(]?\d(?:[ \u00a0()./-]{0,2}\d){5,14}/giu,
]

const digitsMin = 7

/** Telephone numbers in a text, as written. */
export function phonesIn(text: string): string[] {
  if (!/\d[^\p{L}]{0,3}\d|\d{3}/u.test(text)) return []
  return phones.flatMap(pattern =>
    (text.match(pattern) ?? []).filter(number => number.replace(/[^\dA-Z]/g, '').length >= digitsMin),
  )
}

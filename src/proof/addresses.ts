import { mentionsMax } from '../core/events.ts'
import { canonicalMailbox, type Mailbox, parseMailbox } from '../std/mailbox.ts'
import { registrationOf } from './domains.ts'

// Addresses in what a message says. A sender that mixes people up shows itself by those of others.

const localLengthMax = 64
const domainLengthMax = 255
/** Addresses taken from one text; whoever names more names too many. */
export const addressesMax = 200

/** Signs of a local part as people have them; in a URL or in HTML the others of RFC 5322 stand around an address. */
const isLocalSign = (code: number): boolean =>
  isLetterOrDigit(code) || code === 0x2e || code === 0x5f || code === 0x2b || code === 0x2d || code === 0x27
const isDomainSign = (code: number): boolean => isLetterOrDigit(code) || code === 0x2e || code === 0x2d || code > 0xa0
const isLetterOrDigit = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a)

/**
 * The mailboxes that a text names, in order. The at sign may be written as `%40`. Handles (`@name`), `@media`, file names (`logo@2x.png`) and
 * the ids of mails and parts (RFC 5322 §3.6.4) are none.
 */
export function addressesIn(text: string): Mailbox[] {
  const found: Mailbox[] = []
  for (const sign of ['@', '%40'])
    for (
      let at = text.indexOf(sign);
      at >= 0 && found.length < addressesMax;
      at = text.indexOf(sign, at + sign.length)
    ) {
      const mailbox = mailboxAround(text, at, sign.length)
      if (mailbox) found.push(mailbox)
    }
  return found
}

/** The canonical mailboxes that the texts name, at most `mentionsMax`, each once, without those of `own`. */
export function mentionsIn(texts: readonly (string | undefined)[], own: readonly Mailbox[]): string[] {
  const mentions = new Mentions(own)
  for (const text of texts) if (text !== undefined) for (const mailbox of addressesIn(text)) mentions.add(mailbox)
  return mentions.found
}

/** Collects mentions. */
export class Mentions {
  readonly #own: readonly Mailbox[]
  readonly found: string[] = []

  constructor(own: readonly Mailbox[]) {
    this.#own = own
  }

  add(mailbox: Mailbox): void {
    if (this.found.length >= mentionsMax) return
    const canonical = canonicalMailbox(mailbox)
    if (this.found.includes(canonical) || this.#own.some(one => canonicalMailbox(one) === canonical)) return
    this.found.push(canonical)
  }
}

function mailboxAround(text: string, at: number, length: number): Mailbox | undefined {
  const from = localStart(text, at)
  if (from === at) return undefined
  let to = at + length
  while (to < text.length && to - at <= domainLengthMax && isDomainSign(text.charCodeAt(to))) to++
  while (to > at && isOutside(text.charCodeAt(to - 1))) to--
  const domain = text.slice(at + length, to)
  if (!domain.includes('.') && domain !== 'localhost') return undefined
  const parsed = parseMailbox(`${text.slice(from, at)}@${domain}`)
  if (!parsed.ok || !registrationOf(parsed.mailbox.domain).listed) return undefined
  return isIdentifier(text, from, parsed.mailbox.local) ? undefined : parsed.mailbox
}

function localStart(text: string, at: number): number {
  let from = at
  while (from > 0 && at - from < localLengthMax && isLocalSign(text.charCodeAt(from - 1))) from--
  while (from < at && /[.'-]/.test(text[from]!)) from++
  if (from < at || text[at - 1] !== '"') return from
  const open = text.lastIndexOf('"', at - 2)
  return open === -1 || at - open > localLengthMax ? at : open
}

/** What may stand in a domain and does not end one: dots, hyphens, and the punctuation beyond ASCII. */
const isOutside = (code: number): boolean =>
  code === 0x2e || code === 0x2d || (code > 0xa0 && !/[\p{L}\p{M}\p{Nd}]/u.test(String.fromCharCode(code)))

const idIntroduction = /(?:\b[cm]id:|message-?id:?\s{0,3}(?:<|&lt;)?)$/i

/** Of a mail or a part: introduced as one, or long and full of digits as no person's name is. */
function isIdentifier(text: string, from: number, local: string): boolean {
  if (local.length >= 24 && (local.match(/\d/g)?.length ?? 0) >= 8) return true
  return idIntroduction.test(text.slice(Math.max(0, from - 20), from))
}

import { mentionsMax } from '../core/events.ts'
import { canonicalMailbox, type Mailbox, parseMailbox } from '../std/mailbox.ts'

// Addresses of others in what a message says: a sender that mixes people up shows itself by them.

/** At signs looked at in one message; a text full of them is not worth more. */
const signsMax = 32
const localLengthMax = 64
const domainLengthMax = 255

/** Signs of a local part as people have them; in a URL or in HTML the others of RFC 5322 stand around an address. */
const isLocalSign = (code: number): boolean =>
  isLetterOrDigit(code) || code === 0x2e || code === 0x5f || code === 0x2b || code === 0x2d || code === 0x27
const isDomainSign = (code: number): boolean => isLetterOrDigit(code) || code === 0x2e || code === 0x2d || code > 0xa0
const isLetterOrDigit = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a)

/**
 * The canonical mailboxes that the texts name, at most `mentionsMax`, each once, without those of `own`. In a link the at sign may be written
 * as `%40`.
 */
export function mentionsIn(texts: readonly (string | undefined)[], own: readonly Mailbox[]): string[] {
  let found: Set<string> | undefined
  let looked = 0
  for (const text of texts) {
    if (text === undefined) continue
    for (const { at, length } of signsIn(text)) {
      if (++looked > signsMax) return [...(found ?? [])]
      const mailbox = mailboxAround(text, at, length)
      if (mailbox === undefined || own.some(one => canonicalMailbox(one) === mailbox)) continue
      found ??= new Set()
      found.add(mailbox)
      if (found.size === mentionsMax) return [...found]
    }
  }
  return found ? [...found] : []
}

function* signsIn(text: string): Generator<{ at: number; length: number }> {
  for (const sign of ['@', '%40'])
    for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + sign.length))
      yield { at, length: sign.length }
}

function mailboxAround(text: string, at: number, length: number): string | undefined {
  let from = at
  while (from > 0 && at - from < localLengthMax && isLocalSign(text.charCodeAt(from - 1))) from--
  while (from < at && /[.'-]/.test(text[from]!)) from++
  let to = at + length
  while (to < text.length && to - at <= domainLengthMax && isDomainSign(text.charCodeAt(to))) to++
  while (to > at && /[.-]/.test(text[to - 1]!)) to--
  const parsed = from === at ? undefined : parseMailbox(`${text.slice(from, at)}@${text.slice(at + length, to)}`)
  return parsed?.ok ? canonicalMailbox(parsed.mailbox) : undefined
}

import { type Finding, quoted, type Remark } from '../finding.ts'
import type { Mail } from '../mail.ts'
import type { Phrase } from '../words/words.ts'

/** The phrases that a mail has, each once in the place where it stands first. */
export function phrasesIn(mail: Mail, phrases: readonly Phrase[], reason: string): Remark[] {
  const remarks: Remark[] = []
  for (const { part, text } of mail.prose) {
    const taken: { from: number; to: number }[] = []
    for (const { pattern, better, severity = 'error' } of phrases) {
      const found = pattern.exec(text)
      if (!found) continue
      const from = found.index
      const to = from + found[0].length
      if (taken.some(other => from < other.to && other.from < to)) continue
      taken.push({ from, to })
      remarks.push({ severity, where: { part, quote: quoted(found[0]) }, reason, better })
    }
  }
  return remarks
}

/** What is said in the text and again in the HTML is one finding. */
export function oncePerQuote(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>()
  return findings.filter(({ rule, where: { part, quote } }) => {
    const key = `${rule}\n${(quote ?? (part === 'html' || part === 'text' ? 'body' : part)).toLowerCase()}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** Which part to show to people for what the whole body lacks. */
export const bodyOf = (mail: Mail): 'text' | 'html' => (mail.text === undefined && mail.page ? 'html' : 'text')

/** Subject and each body: a reader of either part has to find what guides them. */
export const bodies = (mail: Mail): string[] =>
  mail.prose.filter(({ part }) => part !== 'subject').map(({ text }) => text)

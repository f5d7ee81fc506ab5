import type { Alteration, Doubt, Origin } from '../verdict.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import { es } from './es.ts'

/** What is said and what there is to do, each in a sentence or a few. */
export type Said = { title: string; advice: string }

/** Everything that people read, in one language. Plain words; calm; no markup. */
export type Words = {
  asked: Said
  unconfirmed: Record<Origin, Said>
  'not-asked': Said
  'sent-in-error': Said
  altered: Said
  'not-ours': Said
  unknown: Said
  reasons: Record<Alteration | Doubt, string>
  /** The answer to a report. */
  report: { subject: string; intro: string }
  /** What a class of messages is called, for those of a fresh installation. */
  classes: Record<string, string>
  page: {
    heading: string
    intro: string
    teaching: string
    byCode: string
    code: string
    codeHint: string
    address: string
    addressHint: string
    checkCode: string
    byMail: string
    byMailHint: string
    file: string
    fileHint: string
    source: string
    sourceHint: string
    checkMail: string
    kind: string
    sent: string
    result: string
    again: string
    problem: string
    codeMissing: string
    codeMalformed: string
    addressMissing: string
    addressMalformed: string
    mailMissing: string
    mailTooLarge: string
    unreadable: string
    busy: string
    away: string
  }
}

export const languages = ['en', 'de', 'es'] as const
export type Language = (typeof languages)[number]

export const words: Record<Language, Words> = { en, de, es }

const rangesMax = 20

/** The language that the reader prefers of those there are (RFC 9110 §12.5.4), English else. */
export function languageOf(acceptLanguage: string | undefined): Language {
  let best: { language: Language; weight: number } = { language: 'en', weight: 0 }
  for (const range of (acceptLanguage ?? '').slice(0, 1000).split(',', rangesMax)) {
    const [tag = '', ...parameters] = range.trim().toLowerCase().split(';')
    const language = languages.find(one => tag === one || tag.startsWith(`${one}-`))
    const q = parameters.map(one => /^\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*$/.exec(one)?.[1]).find(Boolean)
    const weight = q === undefined ? 1 : Number(q)
    if (language && weight > best.weight) best = { language, weight }
  }
  return best.language
}

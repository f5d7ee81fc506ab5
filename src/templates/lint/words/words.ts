import type { Severity } from '../finding.ts'
import { german } from './de.ts'
import { english } from './en.ts'
import { spanish } from './es.ts'

/** A wording to avoid, and what to write instead. */
export type Phrase = { pattern: RegExp; better: string; severity?: Severity }

/** What the rules of wording need to know of a language. Patterns see text without curly apostrophes and without addresses of links. */
export type Words = {
  urgency: readonly Phrase[]
  fear: readonly Phrase[]
  genericGreeting: RegExp
  /** Each of these is guidance that a security message has, and how it could be said. */
  guidance: Record<'reason' | 'time' | 'place' | 'notYou' | 'withoutLink', { pattern: RegExp; say: string }>
  /** Asks for something that nobody should send; harmless in a sentence that says no. */
  asksForSecret: RegExp
  negation: RegExp
  /** Behind it a password would stand. */
  passwordIs: RegExp
  test: RegExp
  unsubscribe: RegExp
  /** Frequent short words, by which the language is guessed. */
  frequent: readonly string[]
}

const languages: Record<string, Words> = { en: english, de: german, es: spanish }

/** Languages whose wording is judged; of others only what does not hang on words. */
export const lintLanguages = Object.keys(languages)

export const wordsOf = (language: string | undefined): Words | undefined =>
  language !== undefined && Object.hasOwn(languages, language) ? languages[language] : undefined

const wordsLookedAt = 400
const hitsMin = 3

/** The language of a text among those known here, by its frequent words; `undefined` when there is too little to tell. */
export function guessLanguage(text: string): string | undefined {
  const words =
    text
      .toLowerCase()
      .match(/\p{L}+/gu)
      ?.slice(0, wordsLookedAt) ?? []
  const hits = Object.entries(languages).map(([language, { frequent }]) => {
    const known = new Set(frequent)
    return { language, count: words.filter(word => known.has(word)).length }
  })
  hits.sort((a, b) => b.count - a.count)
  const [first, second] = hits
  return first && second && first.count >= hitsMin && first.count > second.count ? first.language : undefined
}

// How hard a text is to read: LIX, words in a sentence plus the percentage of words of more than six letters (Björnsson, Läsbarhet, 1968). It
// counts no syllables, so one formula serves every language that parts words by spaces.

/** LIX of ordinary newspapers by language: Björnsson, "Readability of newspapers in 11 languages", Reading Research Quarterly 18 (1983), 480–497. */
const newspapers: Record<string, number> = {
  sv: 47,
  nb: 48,
  nn: 48,
  no: 48,
  da: 51,
  en: 52,
  fr: 55,
  de: 59,
  it: 65,
  ru: 65,
  es: 67,
  pt: 70,
  fi: 72,
}
/** The spread of papers of one language (ibid.): a security message is to be easier by at least this than a newspaper. */
const newspaperSpread = 6

/** Fewer words than this say nothing. */
const wordsMin = 40
const longWordLettersMin = 7

export type Readability = { lix: number; longest: string }

export const lixMaxOf = (language: string | undefined): number | undefined => {
  const newspaper = language === undefined ? undefined : newspapers[language]
  return newspaper === undefined ? undefined : newspaper - newspaperSpread
}

/** Of the sentences of a text, with the longest of them; `undefined` when there are too few words. Numbers and codes are no words. */
export function readability(sentences: readonly string[]): Readability | undefined {
  const counted = sentences.map(wordsOf).filter(words => words.length > 0)
  const words = counted.flat()
  if (words.length < wordsMin) return undefined
  const longWords = words.filter(word => word.length >= longWordLettersMin).length
  const longest = counted.reduce((a, b) => (b.length > a.length ? b : a))
  return { lix: words.length / counted.length + (100 * longWords) / words.length, longest: longest.join(' ') }
}

export const wordsOf = (text: string): string[] => text.match(/\p{L}[\p{L}\p{M}'’]*/gu) ?? []

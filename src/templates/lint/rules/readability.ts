import { quoted, type Rule } from '../finding.ts'
import { sentencesOf } from '../mail.ts'
import { lixMaxOf, readability as readabilityOf } from '../readability.ts'

export const readability: Rule = {
  name: 'readability',
  about: 'sentences and words that are long',
  look({ prose, language }) {
    const lixMax = lixMaxOf(language)
    if (lixMax === undefined) return []
    return prose
      .filter(({ part }) => part !== 'subject')
      .flatMap(({ part, text }) => {
        const measured = readabilityOf(sentencesOf(text))
        if (!measured || measured.lix <= lixMax) return []
        return [
          {
            severity: 'error',
            where: { part, quote: quoted(measured.longest) },
            reason: `It reads like a newspaper or harder: LIX ${Math.round(measured.lix)}, where at most ${lixMax} is right for this language.`,
            better: 'Make two sentences of the longest one, and use the short everyday words.',
          },
        ]
      })
  },
}

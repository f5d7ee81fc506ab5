import type { Answer } from '../verdict.ts'
import { type Language, type Said, words } from './words.ts'

/** An answer in words. `reason`: why a mail is not as it was sent, or cannot be told. */
export function say(answer: Answer, language: Language): Said & { reason?: string } {
  const said = words[language]
  switch (answer.verdict) {
    case 'unconfirmed':
      return said.unconfirmed[answer.origin]
    case 'altered':
      return { ...said.altered, reason: said.reasons[answer.reason] }
    case 'unknown':
      return answer.reason ? { ...said.unknown, reason: said.reasons[answer.reason] } : said.unknown
    case 'asked':
    case 'not-asked':
    case 'sent-in-error':
    case 'not-ours':
      return said[answer.verdict]
  }
}

/** What a class is called; one that the site made has its own name. */
export const className = (name: string, language: Language): string => {
  const { classes } = words[language]
  return Object.hasOwn(classes, name) ? classes[name]! : name
}

import type { Rule } from '../finding.ts'
import { phrasesIn } from './wording.ts'

export const fear: Rule = {
  name: 'fear',
  about: 'words that frighten or threaten',
  look: mail =>
    phrasesIn(
      mail,
      mail.words?.fear ?? [],
      'It frightens and tells nothing that the reader could check. Facts calm: what happened, when, what follows.',
    ),
}

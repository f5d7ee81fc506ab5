import type { Rule } from '../finding.ts'
import { phrasesIn } from './wording.ts'

export const urgency: Rule = {
  name: 'urgency',
  about: 'words that hurry the reader',
  look: mail =>
    phrasesIn(
      mail,
      mail.words?.urgency ?? [],
      'Haste is how imitations work: who hurries does not check. A genuine message gives people time.',
    ),
}

import type { Rule } from '../finding.ts'

export const textMissing: Rule = {
  name: 'text-missing',
  about: 'no part in plain text',
  look: ({ text, page }) =>
    text === undefined || text.trim() === ''
      ? [
          {
            severity: 'error',
            where: { part: 'text' },
            reason: page
              ? 'Who reads mail as plain text sees nothing, and filters count it against the sender.'
              : 'The mail says nothing.',
            better: 'Write a part in plain text of its own, that says the same.',
          },
        ]
      : [],
}

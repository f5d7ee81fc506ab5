import { quoted, type Rule } from '../finding.ts'

export const greeting: Rule = {
  name: 'greeting',
  about: 'a greeting that fits everybody',
  look: ({ prose, words }) =>
    prose.flatMap(({ part, text }) => {
      const found = words?.genericGreeting.exec(text)
      return found
        ? [
            {
              severity: 'warning' as const,
              where: { part, quote: quoted(found[0]) },
              reason: 'Imitations greet like this, since they know no name.',
              better:
                'Use the name or the user name of the account; where there is none, begin with the matter itself.',
            },
          ]
        : []
    }),
}

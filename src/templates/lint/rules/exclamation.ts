import { quoted, type Rule } from '../finding.ts'

export const exclamation: Rule = {
  name: 'exclamation',
  about: 'exclamation marks',
  look: ({ prose }) =>
    prose.flatMap(({ part, text }) => {
      // The first line may greet.
      const judged = part === 'subject' ? text : text.trimStart().replace(/^[^\n]{0,80}!(?=\n)/, '')
      const at = judged.search(/[!！]/)
      const found = at < 0 ? undefined : /[^.!?\n]*$/.exec(judged.slice(Math.max(0, at - 60), at))![0] + judged[at]!
      return found
        ? [
            {
              severity: 'error' as const,
              where: { part, quote: quoted(found) },
              reason: 'An exclamation mark raises the voice; calm messages end with a full stop.',
              better: 'Put a full stop.',
            },
          ]
        : []
    }),
}

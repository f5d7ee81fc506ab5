import { quoted, type Remark, type Rule } from '../finding.ts'
import { type Mail, sentencesOf } from '../mail.ts'

export const secrets: Rule = {
  name: 'secrets',
  about: 'asks for a secret, or shows a password',
  look: (mail: Mail): Remark[] => [...asked(mail), ...shown(mail)],
}

const asked = ({ prose, words }: Mail): Remark[] =>
  prose.flatMap(({ part, text }) =>
    sentencesOf(text)
      .filter(sentence => words?.asksForSecret.test(sentence) && !words.negation.test(sentence))
      .map(sentence => ({
        severity: 'error',
        where: { part, quote: quoted(sentence) },
        reason: 'Who learns to send secrets by mail sends them to imitations as well.',
        better: 'Say that you never ask for it: "Nobody of us will ask you for your password or for this code."',
      })),
  )

/** Letters and digits, or signs, together: what a password looks like and a word does not. */
const looksSecret = (text: string): boolean =>
  !/[/@\ufffc]/.test(text) &&
  ((/\p{L}/u.test(text) && /\d/.test(text)) || /[^\p{L}\p{N}.,;:!?'"()\ufffc«»„“”-]/u.test(text))

const shown = ({ prose, words }: Mail): Remark[] =>
  prose.flatMap(({ part, text }) => {
    const found = words?.passwordIs.exec(text)
    if (!found || !looksSecret(found[1]!.replace(/[.,;:!?]+$/, ''))) return []
    return [
      {
        severity: 'error' as const,
        where: { part, quote: quoted(found[0].slice(0, -found[1]!.length)) },
        reason: 'A password in a mail is one that others can read, now and for years (OWASP, Forgot Password).',
        better: 'Let people set their own, by a link or a code that works once and for a short time.',
      },
    ]
  })

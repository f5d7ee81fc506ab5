import { quoted, type Remark, type Rule } from '../finding.ts'
import type { Mail } from '../mail.ts'

/** Marks of the template languages in use, and what programs write for a value that is not there. */
const patterns: readonly RegExp[] = [
  /\{\{[^{}\n]{0,80}\}\}|\{%[^%\n]{0,80}%\}|<%[^%\n]{0,80}%>|\$\{[^{}\n]{0,80}\}|#\{[^{}\n]{0,80}\}/,
  /\*\|[\w:-]{1,40}\|\*|%%[\w.-]{1,40}%%|\[\[[\w. -]{1,40}\]\]|%recipient[.\w]{0,40}%|\[%[\w. -]{1,40}%\]/i,
  /(?<![\w{])\{[a-z_][\w.]{0,40}\}(?!\})|(?<!\w)__[A-Z][A-Z0-9_]{1,40}__(?!\w)|%\([a-z_]\w{0,40}\)s/i,
  /(?<![\w%])%[sd](?!\w)/,
  /\[object \w{1,20}\]|(?<![\p{L}\p{N}])(?:undefined|Invalid Date|NaN)(?![\p{L}\p{N}])/u,
  /(?:^|[:,(]\s?|(?:hi|hello|dear|hallo|hola)\s)(?:null|None|nil|nullptr)(?=[\s,.;:!)]|$)/im,
  /(?:^|\n)(?:hi|hello|dear|hallo|guten tag|liebe[rs]?|hola|buenos días)\s+,/i,
  /(?<!\d)1970-01-01(?!\d)|(?<!\d)0001-01-01(?!\d)|(?:1|01)(?:st)? (?:january|januar|de enero de) 1970/i,
]

export const unsubstituted: Rule = {
  name: 'unsubstituted',
  about: 'a variable in the place of its value',
  look: (mail: Mail): Remark[] => [...inProse(mail), ...inLinks(mail)],
}

const reason = 'A value is missing: the message says nothing to this reader, and looks like a mass mail gone wrong.'
const better = 'Fill the value in before sending, give it a default, or hold the message without it.'

const inProse = ({ prose }: Mail): Remark[] =>
  prose.flatMap(({ part, text }) =>
    patterns.flatMap(pattern => {
      const found = pattern.exec(text)
      if (!found) return []
      return [{ severity: 'error' as const, where: { part, quote: quoted(found[0]) }, reason, better }]
    }),
  )

const inLinks = ({ links }: Mail): Remark[] =>
  links
    .filter(({ href }) => /\{\{|%7b%7b|\$\{|\*\||%%\w+%%|[=/](?:undefined|null|\[object)(?:$|[&/?#])/i.test(href))
    .map(({ href, part }) => ({ severity: 'error', where: { part, quote: quoted(href) }, reason, better }))

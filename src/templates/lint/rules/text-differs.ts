import { quoted, type Remark, type Rule } from '../finding.ts'
import { isWebLink, type Mail } from '../mail.ts'
import { wordsOf } from '../readability.ts'

/** Of the different words of one part, the other has at least this share. */
const sharedMin = 0.5
const wordsMin = 20
const wordLettersMin = 4

export const textDiffers: Rule = {
  name: 'text-differs',
  about: 'the text and the HTML say different things',
  look(mail: Mail): Remark[] {
    if (!mail.page || mail.text === undefined || mail.text.trim() === '') return []
    return [...differentWords(mail), ...differentHosts(mail), ...differentFigures(mail)].slice(0, 1)
  },
}

const why =
  'People see one or the other, by their program. What differs is seen by some only, which is how things are hidden.'

const textOf = (mail: Mail, part: 'text' | 'html'): string => mail.prose.find(prose => prose.part === part)?.text ?? ''

function differentWords(mail: Mail): Remark[] {
  const distinct = (text: string): Set<string> =>
    new Set(wordsOf(text.toLowerCase()).filter(word => word.length >= wordLettersMin))
  const [text, html] = [distinct(textOf(mail, 'text')), distinct(textOf(mail, 'html'))]
  const shared = [...text].filter(word => html.has(word)).length
  const fewer = Math.min(text.size, html.size)
  const more = Math.max(text.size, html.size)
  if (more < wordsMin || (shared >= sharedMin * fewer && fewer >= sharedMin * more)) return []
  return [
    {
      severity: 'error',
      where: { part: text.size < html.size ? 'text' : 'html' },
      reason: why,
      better: 'Say the same in both parts, sentence by sentence.',
    },
  ]
}

function differentHosts({ links }: Mail): Remark[] {
  const hosts = (part: 'text' | 'html') =>
    new Set(links.filter(link => link.part === part && isWebLink(link) && !link.hidden).map(({ host }) => host))
  const html = hosts('html')
  const text = hosts('text')
  const only =
    [...text].find(host => !html.has(host)) ?? (text.size > 0 ? [...html].find(host => !text.has(host)) : undefined)
  if (only === undefined) return []
  return [
    {
      severity: 'error',
      where: { part: text.has(only) ? 'text' : 'html', quote: quoted(only) },
      reason: `${why} Only one of them links to ${only}.`,
      better: 'Give both parts the same links.',
    },
  ]
}

/** Times, codes and numbers of at least four signs: these are what people compare. */
const figures = (text: string): Set<string> =>
  new Set(
    (text.match(/(?<![\p{L}\d])\d[\d:.-]{2,}\d(?![\p{L}\d])/gu) ?? []).filter(
      figure => !/^(?:19|20)\d\d$/.test(figure),
    ),
  )

function differentFigures(mail: Mail): Remark[] {
  const [text, html] = [figures(textOf(mail, 'text')), figures(textOf(mail, 'html'))]
  const only = [...text].find(figure => !html.has(figure)) ?? [...html].find(figure => !text.has(figure))
  if (only === undefined) return []
  return [
    {
      severity: 'error',
      where: { part: text.has(only) ? 'text' : 'html', quote: only },
      reason: `${why} Only one of them has ${only}.`,
      better: 'Give both parts the same times, codes and numbers.',
    },
  ]
}

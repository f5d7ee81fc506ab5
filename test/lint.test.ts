import { describe, expect, it } from 'vitest'
import { htmlTokens } from '../src/std/html.ts'
import { type LintSubject, lint, rules } from '../src/templates/lint/lint.ts'
import { read } from './sources.ts'

// The examples of docs/guides/lint.md, each within the mail of that page: the bad ones have the finding of their section and no other.

const guide = read('docs/guides/lint.md')

type Block = { kind: string; isBad: boolean; options: string[]; content: string }

const blocksOf = (section: string): Block[] =>
  [...section.matchAll(/^```([a-z-]+) (good|bad)( [a-z- ]+)?\n([\s\S]*?)\n```$/gm)].map(
    ([, kind = '', side, options = '', content = '']) => ({
      kind,
      isBad: side === 'bad',
      options: options.trim().split(' '),
      content,
    }),
  )

const mail = /^```mail\nSubject: ([^\n]*)\n\n([\s\S]*?)\n```$/m.exec(guide)!
const [, subject = '', text = ''] = mail

const paragraphs = (lines: string): string =>
  lines
    .split('\n')
    .map(line => `<p>${line.replace(/(https:\S+)/, '<a href="$1">$1</a>')}</p>`)
    .join('\n')
const pageOf = (body: string, attributes = ' lang="en" dir="ltr"'): string =>
  `<!doctype html><html${attributes}><head><title>${subject}</title></head><body>${body}</body></html>`

/** What of a piece of HTML belongs in the text part: what is seen, and where its links lead. */
const textOf = (html: string): string =>
  htmlTokens(html.replace(/<style>[\s\S]*?<\/style>|<p style="display:none">[\s\S]*?<\/p>/g, ''), 1000)
    .tokens.flatMap(token =>
      token.kind === 'text'
        ? [token.text]
        : token.kind === 'open'
          ? token.attributes.filter(({ name }) => name === 'href').map(({ value }) => ` ${value} `)
          : [],
    )
    .join('')

function subjectOf({ kind, content, options }: Block): LintSubject {
  const isOptional = options.includes('optional')
  const base: LintSubject = {
    subject,
    text,
    html: pageOf(paragraphs(text)),
    language: 'en',
    class: isOptional ? 'other' : 'password-reset',
    optional: isOptional,
    from: 'example.org',
    names: ['Example'],
    ...(!options.includes('any-host') && { hosts: ['example.org', '*.example.org'] }),
  }
  const { html, text: _, ...without } = base
  const inHtml = html!.replace('</body>', `${content}</body>`)
  const both = `${text}\n${content}`
  switch (kind) {
    case 'text':
      return { ...base, text: both, html: pageOf(paragraphs(both)) }
    case 'subject':
      return { ...base, subject: content }
    case 'html':
      return { ...base, html: inHtml, text: `${text}\n${textOf(content)}` }
    case 'only-html':
      return { ...base, html: inHtml }
    case 'header':
      return {
        ...base,
        header: content
          .split('\n')
          .map(line => ({ name: line.split(':')[0]!, value: line.slice(line.indexOf(':') + 1) })),
      }
    case 'whole':
      return { ...without, text: content }
    case 'page':
      return { ...without, html: pageOf(content) }
    case 'picture':
      return { ...without, class: 'other', text: 'A new password', html: pageOf(content) }
    case 'page-without-language':
      return { ...without, class: 'other', text: textOf(content), html: pageOf(content, '') }
    default:
      throw new Error(`there is no example of the kind ${kind}`)
  }
}

const sections = guide.split(/^### `/m).slice(1)
const found = (example: Block): string[] => [...new Set(lint(subjectOf(example)).map(({ rule }) => rule))]

describe('the guide', () => {
  it('has a section for each rule, and none besides', () => {
    expect(sections.map(section => section.slice(0, section.indexOf('`'))).sort()).toEqual(
      rules.map(({ name }) => name).sort(),
    )
  })

  it('has a mail without a finding', () => {
    expect(found({ kind: 'subject', isBad: false, options: [''], content: subject })).toEqual([])
  })

  describe.each(sections.map(section => [section.slice(0, section.indexOf('`')), section]))('%s', (rule, section) => {
    const blocks = blocksOf(section)

    it('has a good and a bad example', () => {
      expect(blocks.some(({ isBad }) => isBad)).toBe(true)
      expect(blocks.some(({ isBad }) => !isBad)).toBe(true)
      expect(section.match(/^```[a-z]/gm)).toHaveLength(blocks.length)
    })

    it.each(
      blocks.map((block, at) => [`${block.isBad ? 'bad' : 'good'} ${at + 1}`, block] as const),
    )('%s', (_, block) => {
      expect(found(block)).toEqual(block.isBad ? [rule] : [])
    })
  })
})

describe('every finding', () => {
  it('says why and what would be better, in sentences', () => {
    const findings = sections.flatMap(blocksOf).flatMap(block => lint(subjectOf(block)))
    expect(findings.length).toBeGreaterThanOrEqual(rules.length)
    for (const { reason, better } of findings) {
      expect(reason).toMatch(/^\S.{15,}[.)]$/)
      expect(better).toMatch(/^\S.{10,}[."“»]$/)
    }
  })
})

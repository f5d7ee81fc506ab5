import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import type { TemplateInput } from './definition.ts'
import { diff } from './diff.ts'
import { parseTemplate } from './parse.ts'
import { render } from './render.ts'
import { sampleNames, sampleValues } from './samples.ts'

type Said = { subject?: string; text?: string; body?: string; slots?: TemplateInput['slots']; locale?: string }

async function compiled({ subject = 'Hello', text = '{{ who }}\nBye', body = 'Hi', slots, locale }: Said) {
  const mjml = `<mjml><mj-body><mj-section><mj-column><mj-text>${body}</mj-text></mj-column></mj-section></mj-body></mjml>`
  const parsed = parseTemplate({
    name: 'hello',
    class: 'other',
    slots: { who: { type: 'name', control: 'user' }, ...slots },
    locales: { en: { subject, text, mjml }, ...(locale && { [locale]: { subject, text, mjml } }) },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  const result = await compile(parsed.source)
  if (!result.ok) throw new Error(JSON.stringify(result.faults))
  return result.compiled
}

describe('what differs between two versions', () => {
  const rows: [string, Said, Said, object[]][] = [
    ['nothing', {}, {}, []],
    [
      'the subject',
      {},
      { subject: 'Hello {{ who }}' },
      [{ part: 'subject', where: 'en', before: 'Hello', after: 'Hello {{ who }}' }],
    ],
    [
      'a line',
      { text: '{{ who }}\na\nb\nc' },
      { text: '{{ who }}\na\nx\nc' },
      [
        { part: 'text', where: 'en, line 3', before: 'b' },
        { part: 'text', where: 'en, line 3', after: 'x' },
      ],
    ],
    [
      'a line more',
      { text: '{{ who }}\na' },
      { text: '{{ who }}\nn\na' },
      [{ part: 'text', where: 'en, line 2', after: 'n' }],
    ],
    [
      'a condition',
      { text: '{{ who }}{% if who %}a{% endif %}' },
      { text: '{{ who }}{% unless who %}a{% endunless %}' },
      [{ before: '{{ who }}{% if who %}a{% endif %}' }, { after: '{{ who }}{% if not (who) %}a{% endif %}' }],
    ],
    [
      'the HTML alone',
      { body: 'Hi' },
      { body: 'Hi there' },
      [
        { part: 'html', before: 'Hi' },
        { part: 'html', after: 'Hi there' },
      ],
    ],
    [
      'where a link leads',
      { body: '<a href="https://a.example/">x</a>' },
      { body: '<a href="https://b.example/">x</a>' },
      [
        { part: 'link', before: 'https://a.example/' },
        { part: 'link', after: 'https://b.example/' },
      ],
    ],
    ['its look', { body: 'Hi' }, { body: '<span>Hi</span>' }, [{ part: 'look', where: 'en' }]],
    ['a language more', {}, { locale: 'de' }, [{ part: 'locale', where: 'de', after: '' }]],
    [
      'who controls a slot',
      { slots: { who: { type: 'name', control: 'trusted' } } },
      {},
      [{ part: 'slot', where: 'who' }],
    ],
  ]
  it.each(rows)('%s', async (_, before, after, changes) => {
    expect(diff(await compiled(before), await compiled(after))).toMatchObject(changes)
    expect(diff(await compiled(before), await compiled(after))).toHaveLength(changes.length)
  })
})

describe('samples', () => {
  it.each(sampleNames)('%s can be shown', async sample => {
    const ready = await compiled({
      slots: { at: { type: 'time', control: 'trusted', required: true } },
      text: '{{ who }} {{ at }}',
    })
    const values = sampleValues(ready.slots, sample)
    const { rendered, invalid } = render(ready, 'en', values, { code: 'C' })
    expect(invalid).toEqual([])
    expect(rendered.text).toContain('2026-03-05T14:07:00Z')
    expect(rendered.text.startsWith(values.who ?? ' ')).toBe(true)
  })
})

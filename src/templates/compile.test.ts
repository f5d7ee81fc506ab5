import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import type { Compiled } from './compiled.ts'
import type { SlotInput, TemplateFault } from './definition.ts'
import { compilerVersion, templateHash } from './hash.ts'
import { parseTemplate } from './parse.ts'
import { render, slotFaults } from './render.ts'

const slots: Record<string, SlotInput> = {
  who: { type: 'name', control: 'user', charsMax: 40 },
  device: { type: 'device', control: 'user', instead: 'a new device' },
  link: { type: 'url', control: 'trusted' },
  when: { type: 'time', control: 'trusted' },
  kind: { type: 'text', control: 'trusted' },
}

type Said = { subject?: string; text?: string; body?: string; mjml?: string; preheader?: string }

/** A template that shows every slot in its text, so that none is unused, and says what a test is about. */
function template(said: Said, locale = 'en') {
  const { subject = 'Hello', text = '', body = '<mj-text>Hello</mj-text>', preheader } = said
  const mjml = said.mjml ?? `<mjml><mj-body><mj-section><mj-column>${body}</mj-column></mj-section></mj-body></mjml>`
  const shown = `{{ who }} {{ device }} {{ link }} {{ when }} {{ kind }}\n${text}`
  const one = { subject, mjml, text: shown, ...(preheader === undefined ? {} : { preheader }) }
  return { name: 'hello', class: 'other', slots, locales: { [locale]: one } }
}

async function compiled(given: object): Promise<Compiled> {
  const parsed = parseTemplate(given)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  const result = await compile(parsed.source)
  if (!result.ok) throw new Error(JSON.stringify(result.faults))
  return result.compiled
}

async function faultsOf(given: object): Promise<TemplateFault[]> {
  const parsed = parseTemplate(given)
  if (!parsed.ok) return parsed.faults
  const result = await compile(parsed.source)
  return result.ok ? [] : result.faults
}

const context = { code: 'ABCD-EFGH-JKMN' }
const shown = async (said: Said, values: Record<string, string>, locale?: string) =>
  render(await compiled(template(said, locale)), locale, values, context)

describe('a compiled template', () => {
  it('shows values, filters and conditions in every part', async () => {
    const said = {
      subject: 'Hello {{ who | default: "you" }}',
      preheader: 'For {{ who }}',
      text: '{% if device %}From {{ device }}{% else %}From somewhere{% endif %}, {{ code }}',
      body: `<mj-text>{{ when | date: "%Y-%m-%d %H:%M %Z", "+02:00" }}</mj-text>
        {% unless kind == "quiet" %}<mj-button href="{{ link }}">Go</mj-button>{% endunless %}`,
    }
    const { rendered, invalid } = await shown(said, {
      who: "Ann O'Brien",
      link: 'https://a.example/?a=1&b=2',
      when: '2026-01-11T12:03:00Z',
    })
    expect(invalid).toEqual([])
    expect(rendered.subject).toBe("Hello Ann O'Brien")
    expect(rendered.text).toContain('From somewhere, ABCD-EFGH-JKMN')
    expect(rendered.html).toContain('2026-01-11 14:03 UTC+02:00')
    expect(rendered.html).toContain('href="https://a.example/?a=1&amp;b=2"')
    expect(rendered.html).toContain('For Ann O&#39;Brien')
    expect(rendered.html).toContain('<title>Hello Ann O&#39;Brien</title>')
    const quiet = await shown(said, { kind: 'quiet' })
    expect(quiet.rendered.html).not.toContain('<a')
    expect(quiet.rendered.subject).toBe('Hello you')
  })

  const text: [string, string, Record<string, string>, string][] = [
    ['present', '{% if who %}a{% else %}b{% endif %}', { who: 'x' }, 'a'],
    ['absent', '{% if who %}a{% else %}b{% endif %}', {}, 'b'],
    ['blank', '{% if who == blank %}a{% else %}b{% endif %}', {}, 'a'],
    ['not', '{% if not who %}a{% endif %}', {}, 'a'],
    ['and, or', '{% if who == "x" and kind != "y" or device %}a{% endif %}', { who: 'x' }, 'a'],
    ['elsif', '{% if who %}a{% elsif kind %}b{% endif %}', { kind: '1' }, 'b'],
    ['unless', '{% unless who %}a{% else %}b{% endunless %}', { who: 'x' }, 'b'],
    ['case', '{% case kind %}{% when "p", "q" %}a{% when "r" %}b{% else %}c{% endcase %}', { kind: 'q' }, 'a'],
    ['case otherwise', '{% case kind %}{% when "p" %}a{% else %}c{% endcase %}', { kind: 'q' }, 'c'],
    ['spaces taken off', 'x {{- who -}} y', { who: 'w' }, 'xwy'],
    ['truncate', '{{ who | truncate: 4 }}', { who: 'abcdef' }, 'abc…'],
    ['upcase', '{{ who | upcase }}{{ who | downcase }}{{ who | capitalize }}', { who: 'aB' }, 'ABabAB'],
    [
      'date in its own offset',
      '{{ when | date: "%e %H:%M %z" }}',
      { when: '2026-02-03T04:05:06-05:00' },
      '3 04:05 -05:00',
    ],
    ['date by locale', '{{ when | date }}', { when: '2026-02-03T14:05:06Z' }, 'February 3, 2026 2:05 PM UTC'],
  ]
  it.each(text)('%s: %s', async (_, said, values, expected) => {
    const { rendered } = await shown({ text: `|${said}|` }, values)
    expect(rendered.text.slice(rendered.text.indexOf('|'))).toBe(`|${expected}|`)
  })

  it('turns languages that run from right to left', async () => {
    const { rendered } = await shown({}, {}, 'ar')
    expect(rendered.html).toContain('<html lang="ar" dir="rtl"')
    expect(rendered.html).toContain('text-align:right')
    expect(rendered.html).not.toContain('direction:ltr')
  })
})

describe('values', () => {
  // T14: none of these may be anything but text, wherever it comes from.
  const hostile = [
    '{{constructor}}',
    '{{ code }}',
    '{% if true %}x{% endif %}',
    '$' + '{7*7}',
    '<%= 7*7 %>',
    '#{7*7}',
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='x",
    '__proto__',
    'zqv0zq',
    '&lt;b&gt;',
    '<3',
  ]
  it.each(hostile)('%s stays what it is', async value => {
    const said = { subject: '{{ who }}', body: '<mj-text>⟦{{ who }}⟧</mj-text>' }
    const { rendered, invalid } = await shown(said, { who: value })
    expect(invalid).toEqual([])
    expect(rendered.subject).toBe(value)
    expect(rendered.text.startsWith(`${value} `)).toBe(true)
    const inHtml = /⟦(.*)⟧/.exec(rendered.html)![1]!
    expect(inHtml).not.toMatch(/[<>"']/)
    expect(unescaped(inHtml)).toBe(value)
  })

  const unescaped = (html: string) =>
    html.replace(
      /&(amp|lt|gt|quot|#39);/g,
      (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name]!,
    )

  it('are nothing but what was given under their own name', async () => {
    const ready = await compiled(template({ text: '|{{ kind }}|' }))
    const values = JSON.parse('{"__proto__": {"kind": "polluted"}, "toString": "x"}') as Record<string, string>
    expect(slotFaults(ready, values).map(({ slot, code }) => [slot, code])).toEqual([
      ['__proto__', 'slot.unknown'],
      ['toString', 'slot.unknown'],
    ])
    expect(render(ready, 'en', values, context).rendered.text).toContain('||')
  })

  const checked: [string, Record<string, string>, string[]][] = [
    ['a link', { link: 'https://a.example/reset?t=1' }, []],
    ['a link to this machine', { link: 'http://localhost:3000/reset' }, []],
    ['no https', { link: 'http://a.example/' }, ['link']],
    ['a script', { link: 'javascript:alert(1)' }, ['link']],
    ['user information', { link: 'https://a.example@evil.example/' }, ['link']],
    ['a backslash', { link: 'https://a.example\\@evil.example/' }, ['link']],
    ['a quote', { link: 'https://a.example/"onclick=' }, ['link']],
    ['a host that is not allowed', { link: 'https://evil.example/' }, ['link']],
    ['no time', { when: 'yesterday' }, ['when']],
    ['too long', { who: 'x'.repeat(41) }, ['who']],
    ['forty faces', { who: '😀'.repeat(40) }, []],
    ['a line break', { who: 'a\r\nBcc: b@c.example' }, ['who']],
    ['an override of the direction', { who: 'a\u202eb' }, ['who']],
    ['a family, joined', { who: '👨‍👩‍👧 محمد' }, []],
  ]
  it.each(checked)('%s', async (_, values, invalid) => {
    const ready = await compiled(template({ body: '<mj-button href="{{ link }}">{{ who }}</mj-button>' }))
    const made = render(ready, 'en', values, { ...context, allows: host => !host.startsWith('evil') })
    expect(made.invalid).toEqual(invalid)
    if (invalid.length > 0) {
      expect(made.rendered.html).not.toMatch(/javascript|onclick=|evil|http:\/\/a/)
      expect(`${made.rendered.subject}${made.rendered.text}`).not.toMatch(/\r|\u202e/)
    }
  })

  const trusted: [string, Record<string, string>, [string, string][]][] = [
    ['nothing', {}, []],
    ['right ones', { link: 'https://a.example/', when: '2026-01-11T12:03:00Z' }, []],
    ['no https', { link: 'http://a.example/' }, [['link', 'the value is no https address']]],
    [
      'no time',
      { when: 'yesterday' },
      [['when', 'the value is no time as RFC 3339 has it, such as 2026-01-31T09:00:00Z']],
    ],
    ['a user’s, too long', { who: 'x'.repeat(41) }, []],
  ]
  it.each(trusted)('of the application, refused where they are wrong: %s', async (_, values, expected) => {
    const ready = await compiled(template({ body: '<mj-button href="{{ link }}">{{ who }}</mj-button>' }))
    const faults = slotFaults(ready, values)
    expect(faults.map(({ slot, detail }) => [slot, detail])).toEqual(expected)
    for (const { code } of faults) expect(code).toBe('slot.invalid')
  })

  it('give way to what stands instead where they are not inert or do not fit', async () => {
    const ready = await compiled(template({}))
    const isInert = (value: string) => !value.includes('www.')
    for (const device of ['www.evil.example', 'x'.repeat(500), 'a\nb']) {
      const made = render(ready, 'en', { device }, { ...context, isInert })
      expect(made).toMatchObject({ invalid: [], replaced: ['device'] })
      expect(made.rendered.text).toContain('a new device')
    }
    expect(render(ready, 'en', { device: 'Pixel 9' }, { ...context, isInert }).replaced).toEqual([])
  })
})

describe('what is refused', () => {
  const bad: [string, Said, string][] = [
    ['an unknown slot', { text: '{{ nobody }}' }, 'template.slot-unknown'],
    ['a property', { text: '{{ who.size }}' }, 'template.liquid-expression'],
    ['an index', { text: '{{ who[0] }}' }, 'template.liquid-expression'],
    ['a literal', { text: '{{ "x" }}' }, 'template.liquid-expression'],
    ['a prototype', { text: '{{ constructor }}' }, 'template.slot-unknown'],
    ['something behind', { text: '{{ who kind }}' }, 'template.liquid-expression'],
    ['a condition with more', { text: '{% if who == "a" garbage %}{% endif %}' }, 'template.liquid-expression'],
    ['a comparison', { text: '{% if who > "a" %}{% endif %}' }, 'template.liquid-expression'],
    ['a loop', { text: '{% for a in who %}{% endfor %}' }, 'template.liquid-tag'],
    ['an include', { text: '{% include "x" %}' }, 'template.liquid-tag'],
    ['a render', { text: '{% render "x" %}' }, 'template.liquid-tag'],
    ['a layout', { text: '{% layout "x" %}' }, 'template.liquid-tag'],
    ['an assignment', { text: '{% assign a = who %}' }, 'template.liquid-tag'],
    ['raw', { text: '{% raw %}{{ x }}{% endraw %}' }, 'template.liquid-tag'],
    ['an open brace', { text: '{{ who' }, 'template.liquid'],
    ['an open condition', { text: '{% if who %}' }, 'template.liquid'],
    ['raw values', { text: '{{ who | raw }}' }, 'template.liquid-filter'],
    ['a filter nobody knows', { text: '{{ who | base64_decode }}' }, 'template.liquid-filter'],
    ['a filter of a filter', { text: '{{ who | default: kind }}' }, 'template.liquid-filter'],
    ['a date of nothing', { text: '{{ when | date: "%Q" }}' }, 'template.liquid-filter'],
    ['conditions too deep', { text: `${'{% if who %}'.repeat(9)}${'{% endif %}'.repeat(9)}` }, 'template.too-deep'],
    ['a subject too long', { subject: '{{ who }}'.repeat(13) }, 'template.too-long'],
    ['a file', { body: '<mj-include path="/etc/passwd" />' }, 'template.mjml-element'],
    [
      'a font',
      {
        mjml: '<mjml><mj-head><mj-font name="A" href="https://a.example/f.css" /></mj-head><mj-body></mj-body></mjml>',
      },
      'template.mjml-element',
    ],
    ['pictures of others', { body: '<mj-social></mj-social>' }, 'template.mjml-element'],
    ['a script', { body: '<mj-raw><script>x()</script></mj-raw>' }, 'template.mjml-element'],
    ['a frame', { body: '<mj-text><iframe src="https://a.example"></iframe></mj-text>' }, 'template.mjml-element'],
    ['a form', { body: '<mj-raw><form><input></form></mj-raw>' }, 'template.mjml-element'],
    [
      'a handler',
      { body: '<mj-text><a onclick="x()" href="https://a.example">x</a></mj-text>' },
      'template.mjml-attribute',
    ],
    [
      'an import in a style',
      {
        mjml: '<mjml><mj-head><mj-style>@import url(https://a.example/x.css);</mj-style></mj-head><mj-body></mj-body></mjml>',
      },
      'template.mjml-attribute',
    ],
    ['a script as a link', { body: '<mj-button href="javascript:x()">x</mj-button>' }, 'template.link'],
    ['a link without https', { body: '<mj-button href="http://a.example">x</mj-button>' }, 'template.link'],
    ['a picture in the mail', { body: '<mj-image src="data:image/png;base64,AAAA" />' }, 'template.link'],
    ['an attribute MJML does not know', { body: '<mj-text colour="red">x</mj-text>' }, 'template.mjml'],
    ['text that would be lost', { body: 'Hello <mj-text>x</mj-text>' }, 'template.mjml'],
    ["a user's value as a link", { body: '<mj-button href="{{ who }}">x</mj-button>' }, 'template.slot-place'],
    [
      "a user's value in a link",
      { body: '<mj-button href="https://a.example/{{ who }}">x</mj-button>' },
      'template.slot-place',
    ],
    [
      'a value as the host',
      { body: '<mj-button href="https://{{ kind }}.example/">x</mj-button>' },
      'template.slot-place',
    ],
    ['a value in a style', { body: '<mj-text color="{{ kind }}">x</mj-text>' }, 'template.mjml'],
    ['a value as a picture', { body: '<mj-image src="{{ link }}" alt="x" />' }, 'template.slot-place'],
    ['a value as a handler', { body: '<mj-text><b {{ kind }}>x</b></mj-text>' }, 'template.slot-place'],
    [
      'a condition in a tag',
      { body: '<mj-text><b {% if who %}class="x"{% endif %}>x</b></mj-text>' },
      'template.slot-place',
    ],
    ['a mark of ours', { body: '<mj-text>zqv0zq</mj-text>' }, 'template.mjml'],
    ['too much HTML', { body: `<mj-text>${'x'.repeat(110_000)}</mj-text>` }, 'template.html-too-large'],
  ]
  it.each(bad)('%s', async (_, said, code) => {
    const faults = await faultsOf(template(said))
    expect(faults.map(fault => fault.code)).toContain(code)
  })

  it('a slot that nobody shows', async () => {
    const given = { ...template({}), slots: { ...slots, spare: { type: 'text', control: 'trusted' } } }
    expect(await faultsOf(given)).toMatchObject([{ pointer: '/slots/spare', code: 'template.slot-unused' }])
  })
})

describe('the hash', () => {
  const source = (given: object) => {
    const parsed = parseTemplate(given)
    if (!parsed.ok) throw new Error('faults')
    return parsed.source
  }

  it('is that of all that was said, in whatever order, and of nothing else', () => {
    const given = template({})
    const turned = Object.fromEntries(Object.entries(given).reverse())
    expect(templateHash(source(turned))).toBe(templateHash(source(given)))
    expect(templateHash(source(given))).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(templateHash(source(template({ text: 'x' })))).not.toBe(templateHash(source(given)))
    expect(templateHash(source({ ...given, description: 'x' }))).not.toBe(templateHash(source(given)))
  })

  it('names the compilers that are here', () => {
    const version = (name: string) =>
      (JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string }).version
    expect(
      compilerVersion,
      'To mend: name the new version in hash.ts; every template then gets a new hash, and is approved anew.',
    ).toBe(`tocsin 1, mjml ${version('mjml')}, liquidjs ${version('liquidjs')}`)
  })
})

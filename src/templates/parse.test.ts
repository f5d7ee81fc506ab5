import { describe, expect, it } from 'vitest'
import { canonicalLocale, directionOf, negotiate } from './locales.ts'
import { parseTemplate } from './parse.ts'

const locale = { subject: 'Hello', mjml: '<mjml></mjml>', text: 'Hello' }
const slot = { type: 'name', control: 'user' }
const template = (changes: object = {}) => ({
  name: 'hello',
  class: 'other',
  locales: { en: locale },
  slots: { who: slot },
  ...changes,
})
const withSlot = (changes: object, name = 'who') => template({ slots: { [name]: { ...slot, ...changes } } })

describe('a template as it is written', () => {
  it('is read with what it leaves out', () => {
    const parsed = parseTemplate(template({ locales: { 'PT-br': locale, en: locale } }))
    expect(parsed).toEqual({
      ok: true,
      source: {
        name: 'hello',
        class: 'other',
        defaultLocale: 'en',
        locales: { 'pt-BR': locale, en: locale },
        slots: {
          who: {
            type: 'name',
            control: 'user',
            required: false,
            charsMax: 200,
            characters: 'printable',
            samples: [],
          },
        },
      },
    })
  })

  const refused: [string, unknown, string, string][] = [
    ['no object', [], '', 'template.not-an-object'],
    ['too large', template({ description: 'x'.repeat(600_000) }), '', 'template.too-large'],
    ['a field nobody knows', template({ html: '' }), '/html', 'template.field-unknown'],
    ['a name with capitals', template({ name: 'Hello' }), '/name', 'template.name'],
    ['no name', template({ name: undefined }), '/name', 'template.field-missing'],
    ['no class', template({ class: 7 }), '/class', 'template.field-type'],
    ['no language', template({ locales: {} }), '/locales', 'template.locales'],
    ['no tag of a language', template({ locales: { english_us: locale } }), '/locales/english_us', 'template.locale'],
    [
      'a language twice',
      template({ locales: { 'pt-BR': locale, 'pt-br': locale } }),
      '/locales/pt-br',
      'template.locale-twice',
    ],
    ['an unknown default', template({ defaultLocale: 'fr' }), '/defaultLocale', 'template.default-locale'],
    [
      'a subject of two lines',
      template({ locales: { en: { ...locale, subject: 'a\nb' } } }),
      '/locales/en/subject',
      'template.not-one-line',
    ],
    [
      'a NUL',
      template({ locales: { en: { ...locale, text: 'a\0b' } } }),
      '/locales/en/text',
      'template.control-character',
    ],
    [
      'no text part',
      template({ locales: { en: { ...locale, text: ' ' } } }),
      '/locales/en/text',
      'template.field-missing',
    ],
    ['a slot with a hyphen', withSlot({}, 'a-b'), '/slots/a-b', 'template.slot-name'],
    ["Tocsin's own slot", withSlot({}, 'code'), '/slots/code', 'template.slot-reserved'],
    ['a name every object has', withSlot({}, 'constructor'), '/slots/constructor', 'template.slot-reserved'],
    ['an unknown type', withSlot({ type: 'html' }), '/slots/who/type', 'template.slot-type'],
    ['no control', withSlot({ control: undefined }), '/slots/who/control', 'template.slot-control'],
    ["a user's link", withSlot({ type: 'url' }), '/slots/who/control', 'template.slot-control'],
    ['no length', withSlot({ charsMax: 0 }), '/slots/who/charsMax', 'template.slot-length'],
    ['an unknown set', withSlot({ characters: 'any' }), '/slots/who/characters', 'template.slot-characters'],
    [
      'instead of a trusted value',
      withSlot({ control: 'trusted', instead: 'you' }),
      '/slots/who/instead',
      'template.slot-instead',
    ],
    [
      'an instead that does not fit',
      withSlot({ instead: 'abc', charsMax: 2 }),
      '/slots/who/instead',
      'template.slot-instead',
    ],
    [
      'a sample that does not fit',
      withSlot({ samples: ['a', 'b\u202e'] }),
      '/slots/who/samples/1',
      'template.slot-sample',
    ],
  ]
  it.each(refused)('%s', (_, given, pointer, code) => {
    const parsed = parseTemplate(given)
    expect(parsed.ok ? [] : parsed.faults.map(fault => [fault.pointer, fault.code])).toContainEqual([pointer, code])
  })

  it('names every fault at once', () => {
    const parsed = parseTemplate({ name: 'A', locales: { en: { subject: '' } }, slots: { code: slot, b: {} } })
    expect(parsed.ok ? 0 : parsed.faults.length).toBeGreaterThanOrEqual(7)
  })

  it('takes names from __proto__ to nowhere', () => {
    const parsed = parseTemplate(JSON.parse('{"name":"a","class":"b","locales":{"__proto__":{}},"__proto__":{}}'))
    expect(parsed.ok ? [] : parsed.faults.map(({ code }) => code)).toEqual([
      'template.field-unknown',
      'template.locale',
      'template.field-missing',
      'template.field-missing',
      'template.field-missing',
    ])
  })
})

describe('languages', () => {
  it.each([
    ['en', 'en'],
    ['ZH-hant-tw', 'zh-Hant-TW'],
    ['de_DE', undefined],
    ['x', undefined],
  ])('%s is %s', (tag, canonical) => expect(canonicalLocale(tag)).toBe(canonical))

  it.each([
    ['ar', 'rtl'],
    ['he-IL', 'rtl'],
    ['pa-Arab', 'rtl'],
    ['az-Latn', 'ltr'],
    ['en', 'ltr'],
  ])('%s is written %s', (tag, direction) => expect(directionOf(tag)).toBe(direction))

  it.each([
    ['pt-BR', 'pt-BR'],
    ['pt-PT', 'pt'],
    ['zh-Hant-TW', 'zh-Hant'],
    ['fr', 'en'],
    [undefined, 'en'],
    ['__proto__', 'en'],
  ])('who asks for %s gets %s', (wanted, given) =>
    expect(negotiate(wanted, { en: 1, pt: 1, 'pt-BR': 1, 'zh-Hant': 1 }, 'en')).toBe(given))
})

import { describe, expect, it } from 'vitest'
import { freshClasses } from '../../core/policy.ts'
import { languageOf, languages, words } from './words.ts'

describe('the language of an answer', () => {
  it.each([
    ['nothing', undefined, 'en'],
    ['German', 'de', 'de'],
    ['German of Austria, then English', 'de-AT,de;q=0.9,en;q=0.8', 'de'],
    ['French, then Spanish', 'fr-FR, es;q=0.7, en;q=0.3', 'es'],
    ['Spanish least', 'es;q=0.1,de;q=0.5', 'de'],
    ['German, and not at that', 'de;q=0', 'en'],
    ['a language that only begins so', 'desc', 'en'],
    ['what is no list', ';;,=,q=', 'en'],
  ])('for %s', (_, header, language) => {
    expect(languageOf(header)).toBe(language)
  })
})

describe.each(languages)('the words in %s', language => {
  const texts = (value: unknown): string[] =>
    typeof value === 'string' ? [value] : Object.values(value as object).flatMap(texts)

  it('are there, and have no markup and no address to follow', () => {
    for (const text of texts(words[language])) {
      expect(text.trim()).toBe(text)
      expect(text).not.toBe('')
      expect(text).not.toMatch(/[<>]|https?:|www\./)
    }
  })

  it('name every class of a fresh installation', () => {
    const named = Object.keys(freshClasses()).filter(name => name !== 'probe' && !name.startsWith('tocsin'))
    expect(Object.keys(words[language].classes)).toEqual(expect.arrayContaining(named))
  })

  it.each([
    'request',
    'unrecorded',
    'event',
    'campaign',
  ] as const)('of what nobody confirmed (%s) name the address', origin => {
    const { advice } = words[language].unconfirmed[origin]
    expect(advice).toMatch(
      { en: /that its To line names/, de: /in der Zeile „An“/, es: /en la línea «Para»/ }[language],
    )
  })

  it('claim an unknown device only where a request was reported', () => {
    const device = /device or place|Gerät oder Ort|dispositivo o lugar/
    const { request, unrecorded } = words[language].unconfirmed
    expect([device.test(request.advice), device.test(unrecorded.advice)]).toEqual([true, false])
  })

  it('are calm', () => {
    for (const text of texts(words[language])) expect(text).not.toMatch(/!|urgent|immediately|sofort|dringend|urgente/i)
  })
})

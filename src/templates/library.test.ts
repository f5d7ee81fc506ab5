import { afterAll, describe, expect, it } from 'vitest'
import type { Event } from '../core/events.ts'
import { foldTemplate, type TemplateEvent, Templates } from '../core/templates.ts'
import { compile } from './compile.ts'
import { CompilerThread } from './compile-apart.ts'
import type { TemplateSource } from './definition.ts'
import { templateHash } from './hash.ts'
import { ChangedTemplate, TemplateLibrary } from './library.ts'
import { parseTemplate } from './parse.ts'
import { openWriter, type Wanted } from './writer.ts'

const mjml = (text: string) =>
  `<mjml><mj-body><mj-section><mj-column><mj-text>${text}</mj-text></mj-column></mj-section></mj-body></mjml>`
const source = (word: string): TemplateSource => {
  const parsed = parseTemplate({
    name: 'hello',
    class: 'other',
    slots: { who: { type: 'name', control: 'user', required: true, charsMax: 9 } },
    locales: {
      en: { subject: `${word} {{ who }}`, mjml: mjml('{{ who }}'), text: '{{ who }} {{ code }}' },
      de: { subject: 'Hallo {{ who }}', mjml: mjml('{{ who }}'), text: '{{ who }}' },
    },
  })
  if (!parsed.ok) throw new Error('faults')
  return parsed.source
}

/** A library over rows that outlive it, and what it had compiled. */
function library(
  rows = new Map<string, { source: string; compiled: string; seal: string }>(),
  builtIn = [source('Hi')],
) {
  const compiled: TemplateSource[] = []
  const store = {
    put: async (hash: string, row: { source: string; compiled: string; seal: string }) => void rows.set(hash, row),
    find: async (hash: string) => rows.get(hash),
  }
  const books = new TemplateLibrary({
    store,
    compile: one => {
      compiled.push(one)
      return compile(one)
    },
    seal: text => `sealed ${text.length}`,
    builtIn,
  })
  return { books, rows, compiled }
}

describe('the library', () => {
  it('compiles a version once, and keeps it over a restart', async () => {
    const { books, rows, compiled } = library()
    const made = await books.add(source('Hello'))
    expect(made.ok && made.compiled.hash).toBe(templateHash(source('Hello')))
    await books.add(source('Hello'))
    expect(compiled).toHaveLength(1)
    const again = library(rows)
    const found = await again.books.find(templateHash(source('Hello')))
    expect(found).toEqual(made.ok && made.compiled)
    expect(again.books.at(found!.hash)).toBe(found)
    expect(again.compiled).toEqual([])
  })

  it('compiles what comes with Tocsin when it is first needed, once for all who ask', async () => {
    const { books, compiled } = library()
    const hash = templateHash(source('Hi'))
    expect(books.at(hash)).toBeUndefined()
    const [one, other] = await Promise.all([books.find(hash), books.find(hash)])
    expect(one).toBe(other)
    expect(compiled).toHaveLength(1)
  })

  it('knows nothing of other hashes, and tells what was changed in the database', async () => {
    const { books, rows } = library()
    expect(await books.find('none')).toBeUndefined()
    await books.add(source('Hello'))
    const [[hash, row]] = [...rows] as [[string, { source: string; compiled: string; seal: string }]]
    rows.set(hash, { ...row, compiled: `${row.compiled} ` })
    await expect(library(rows).books.find(hash)).rejects.toThrow(ChangedTemplate)
  })

  it('takes no version for another whose place it was put in', async () => {
    const { books, rows } = library()
    await books.add(source('Hello'))
    await books.add(source('Draft'))
    rows.set(templateHash(source('Hello')), rows.get(templateHash(source('Draft')))!)
    await expect(library(rows).books.find(templateHash(source('Hello')))).rejects.toThrow(ChangedTemplate)
  })
})

describe('a message from a template', () => {
  const templates = new Templates()
  const say = (event: TemplateEvent & Event) => foldTemplate(templates, event, 1)
  const approved = (version: string, hash: string, className = 'other') => {
    const named = { template: 'hello', version, hash }
    say({ type: 'TemplateDrafted', class: className, by: 'ann', ...named })
    say({ type: 'TemplateSubmitted', by: 'ann', ...named })
    say({ type: 'TemplateApproved', by: 'bob', ...named })
  }
  const hash = templateHash(source('Hi'))
  approved('1', hash)
  say({ type: 'TemplateDrafted', class: 'other', by: 'ann', template: 'hello', version: '2', hash: 'another' })
  const { books } = library()
  const write = openWriter({
    templates: () => templates,
    library: books,
    isNamed: name => name === 'elsewhere',
  })
  const wanted = (part: Partial<Wanted>): Wanted => ({ name: 'hello', slots: { who: 'Ann' }, ...part })
  const rows: [string, Partial<Wanted>, string, object][] = [
    ['the newest', {}, 'other', { status: 'written', subject: 'Hi Ann', text: 'Ann C-1' }],
    [
      'a version',
      { version: '1', locale: 'de-AT' },
      'other',
      { status: 'written', template: { name: 'hello', version: '1', hash, locale: 'de' } },
    ],
    ['a draft', { version: '2' }, 'other', { status: 'unknown' }],
    ['no version', { version: '3' }, 'other', { status: 'unknown' }],
    ['another class', {}, 'password-reset', { status: 'unknown' }],
    ['no template', { name: 'nobody' }, 'other', { status: 'unknown' }],
    ['a name of the configuration', { name: 'elsewhere' }, 'other', { status: 'no-source' }],
    ['a slot too few', { slots: {} }, 'other', { status: 'refused', faults: [{ slot: 'who', code: 'slot.missing' }] }],
    [
      'a slot too many',
      { slots: { who: 'a', x: 'b' } },
      'other',
      { status: 'refused', faults: [{ slot: 'x', code: 'slot.unknown' }] },
    ],
    ['a value too long', { slots: { who: 'Annabellissima' } }, 'other', { status: 'written', invalid: ['who'] }],
  ]
  it.each(rows)('%s', async (_, part, className, expected) => {
    expect(await write({ class: className, code: 'C-1' }, wanted(part))).toMatchObject(expected)
  })

  it('is written at once when its version was used before', () => {
    expect(write({ class: 'other', code: 'C-1' }, wanted({}))).toMatchObject({ status: 'written' })
  })
})

describe('the thread', () => {
  const thread = new CompilerThread()
  afterAll(() => thread.stop())

  it('compiles as here, several at once, and goes on after a stop', async () => {
    const here = await compile(source('Hello'))
    const both = await Promise.all([thread.compile(source('Hello')), thread.compile({ ...source('Hello'), slots: {} })])
    expect(both[0]).toEqual(here)
    expect(both[1]).toMatchObject({ ok: false })
    expect(await thread.lint(here.ok ? here.compiled : (undefined as never), {})).toBeInstanceOf(Array)
    const waiting = expect(thread.compile(source('Hi'))).rejects.toThrow('no longer')
    await thread.stop()
    await waiting
    expect(await thread.compile(source('Hello'))).toEqual(here)
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { compile } from '../compile.ts'
import type { Compiled } from '../compiled.ts'
import { lintTemplate, sampleSets } from '../lint/template.ts'
import { parseTemplate } from '../parse.ts'
import { render } from '../render.ts'
import { builtInTemplates } from './builtin.ts'
import { builtinLanguages } from './phrases.ts'

const settings = { from: 'example.org', hosts: ['example.org', '*.example.org'], names: ['Example'] }

async function compiledOf(input: unknown): Promise<Compiled> {
  const parsed = parseTemplate(input)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults, null, 1))
  const result = await compile(parsed.source)
  if (!result.ok) throw new Error(JSON.stringify(result.faults, null, 1))
  return result.compiled
}

describe.each(builtInTemplates.map(input => [input.name, input] as const))('%s', (_, input) => {
  let compiled: Compiled
  beforeAll(async () => {
    compiled = await compiledOf(input)
  })

  it('is in every language', () => {
    expect(Object.keys(compiled.locales).sort()).toEqual([...builtinLanguages].sort())
  })

  it('has no finding, whatever its values', () => {
    const told = lintTemplate(compiled, settings).map(
      ({ locale, rule, where: { part, quote }, reason }) => `${locale} ${rule} ${part}: ${quote ?? ''} (${reason})`,
    )
    expect(told).toEqual([])
  })

  it('has no empty line, label or list where a value is missing', () => {
    for (const locale of builtinLanguages)
      for (const values of sampleSets(compiled.slots)) {
        const { rendered, invalid } = render(compiled, locale, values, { code: 'ABCD-EFGH-JKMN' })
        expect(invalid).toEqual([])
        const own = Object.values(values).reduce((text, value) => text.replaceAll(value, 'x'), rendered.text)
        expect(own).not.toMatch(/\n{3,}|[{}%<>]| {2,}|\ufffd/)
        expect(rendered.text).toContain('ABCD-EFGH-JKMN')
        expect(rendered.html).toContain('ABCD-EFGH-JKMN')
        expect(rendered.html).not.toMatch(/<ul[^>]*><\/ul>|<p><\/p>|\{\{|\{%/)
      }
  })
})

describe('the guide', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/built-in-templates.md'), 'utf8')

  it('names every template, slot and choice', () => {
    const missing = builtInTemplates.flatMap(({ name, slots = {} }) => {
      const row = guide.split('\n').find(line => line.startsWith(`| \`${name}\` |`)) ?? ''
      const common = guide.slice(guide.indexOf('All of them take'))
      return Object.entries(slots).flatMap(([slot, { characters, samples = [] }]) => {
        const names = characters === 'token' && samples[0] !== 'yes' ? [slot, ...samples] : [slot]
        return names.filter(one => !`${row}${common}`.includes(`\`${one}\``)).map(one => `${name} ${one}`)
      })
    })
    expect(missing).toEqual([])
  })
})

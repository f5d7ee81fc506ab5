import { beforeAll, describe, expect, it } from 'vitest'
import { prove } from '../src/proof/prove.ts'
import { isInert } from '../src/proof/values.ts'
import { parseMailbox } from '../src/std/mailbox.ts'
import { builtInTemplates } from '../src/templates/builtin/builtin.ts'
import { compile } from '../src/templates/compile.ts'
import type { Compiled } from '../src/templates/compiled.ts'
import { sampleSets } from '../src/templates/lint/template.ts'
import { parseTemplate } from '../src/templates/parse.ts'
import { render } from '../src/templates/render.ts'

// The built-in templates as the gate sees them: with every sample value nothing is found against them, and what attackers write into a name or
// a device is not shown.

const mailbox = (text: string) => {
  const parsed = parseMailbox(text)
  if (!parsed.ok) throw new Error(parsed.code)
  return parsed.mailbox
}
const recipient = mailbox('anna@example.com')
const sender = mailbox('security@example.org')

const hostile = [
  'Verify at https://attacker.example/login',
  '<a href="https://attacker.example">here</a>',
  'anna@attacker.example',
  'call +1 555 0100 199',
  'attacker.example/login',
  '\u202egro.elpmaxe',
]

describe.each(builtInTemplates.map(input => [input.name, input] as const))('%s', (_, input) => {
  let compiled: Compiled
  beforeAll(async () => {
    const parsed = parseTemplate(input)
    const result = parsed.ok ? await compile(parsed.source) : parsed
    if (!result.ok) throw new Error(JSON.stringify(result.faults))
    compiled = result.compiled
  })

  const shown = (locale: string, values: Record<string, string>) =>
    render(compiled, locale, values, { code: 'ABCD-EFGH-JKMN', isInert })

  it('passes the proof of its bytes with every sample value', () => {
    for (const locale of Object.keys(compiled.locales))
      for (const values of sampleSets(compiled.slots)) {
        const { rendered, invalid } = shown(locale, values)
        const slots = Object.entries(values).map(([name, value]) => {
          const { control, type } = compiled.slots[name]!
          return { name, value, control, type }
        })
        const { subject, text, html } = rendered
        const proof = prove(
          { kind: 'parts', subject, text, html },
          { recipient, sender, hosts: [], addresses: 'own', slots, approved: { subject, text, html } },
        )
        expect({ locale, values, invalid, ...proof }).toEqual({
          locale,
          values,
          invalid: [],
          findings: [],
          mentions: [],
        })
      }
  })

  it.each(hostile)('shows nothing of %j', value => {
    const users = Object.keys(compiled.slots).filter(name => compiled.slots[name]!.control === 'user')
    const values = { ...sampleSets(compiled.slots)[1]!, ...Object.fromEntries(users.map(name => [name, value])) }
    for (const locale of Object.keys(compiled.locales)) {
      const { rendered, invalid, replaced } = shown(locale, values)
      expect([invalid, replaced.sort()]).toEqual([[], users.sort()])
      expect(`${rendered.subject}\n${rendered.text}\n${rendered.html}`).not.toMatch(/attacker|555 0100|gro\.elpmaxe/)
      expect(rendered.text).toMatch(/^(?:Hello,|Guten Tag,|Hola:)$/m)
    }
  })
})

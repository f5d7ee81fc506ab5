import type { Compiled } from '../compiled.ts'
import type { Slot } from '../definition.ts'
import { render } from '../render.ts'
import type { Finding } from './finding.ts'
import { lint } from './lint.ts'
import type { LintSubject } from './mail.ts'

/** What is found in a template, once for each language, with the values that showed it first. */
export type TemplateFinding = Finding & { locale: string; values: Record<string, string> }

type Settings = Pick<LintSubject, 'from' | 'hosts' | 'names' | 'optional' | 'header'>

const setsMax = 64
/** In the form of a code, and none. */
export const sampleCode = 'ABCD-EFGH-JKMN'

/** Looks at every language with every sample value at least once, and with nothing but what is required. */
export function lintTemplate(compiled: Compiled, settings: Settings): TemplateFinding[] {
  const found = new Map<string, TemplateFinding>()
  for (const locale of Object.keys(compiled.locales))
    for (const values of sampleSets(compiled.slots)) {
      const { rendered } = render(compiled, locale, values, { code: sampleCode })
      const { subject, text, html } = rendered
      for (const finding of lint({
        subject,
        text,
        html,
        language: locale,
        class: compiled.class,
        values: judgedNot(compiled.slots, values),
        ...settings,
      })) {
        const { rule, where } = finding
        const key = [locale, rule, where.part, where.quote].join('\n')
        if (!found.has(key)) found.set(key, { ...finding, locale, values })
      }
    }
  return [...found.values()]
}

/** The code, and what users have written: no wording of the template. */
const judgedNot = (slots: Record<string, Slot>, values: Record<string, string>): string[] => [
  sampleCode,
  ...Object.entries(values)
    .filter(([name]) => slots[name]?.control === 'user' || slots[name]?.type === 'code')
    .map(([, value]) => value),
]

/** Sets of values so that each sample of each slot is in one of them. The first has only what is required. A slot without samples is left out. */
export function sampleSets(slots: Record<string, Slot>): Record<string, string>[] {
  const withSamples = Object.entries(slots).filter(([, { samples }]) => samples.length > 0)
  const count = Math.min(setsMax, Math.max(1, ...withSamples.map(([, { samples }]) => samples.length)))
  const sets = Array.from({ length: count }, (_, at) =>
    Object.fromEntries(withSamples.map(([name, { samples }]) => [name, samples[at % samples.length]!])),
  )
  const required = withSamples.filter(([, slot]) => slot.required).map(([name, { samples }]) => [name, samples[0]!])
  return [Object.fromEntries(required), ...sets]
}

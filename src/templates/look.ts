import type { Compiled } from './compiled.ts'
import { type Finding, lint } from './lint/lint.ts'
import { render } from './render.ts'
import { sampleCode, sampleValues } from './samples.ts'

/** A finding of the lint, and in which language. */
export type LookFinding = Omit<Finding, 'where'> & { locale: string; part: string; quote?: string }

/** What the lint has against a template, with the usual values and with the fewest: what only one of them shows counts as well. */
export function lintCompiled(
  compiled: Compiled,
  { hosts, from }: { hosts: readonly string[]; from?: string },
): LookFinding[] {
  const findings = new Map<string, LookFinding>()
  for (const locale of Object.keys(compiled.locales))
    for (const sample of ['usual', 'least'] as const) {
      const values = sampleValues(compiled.slots, sample)
      const { subject, text, html } = render(compiled, locale, values, { code: sampleCode }).rendered
      const found = lint({
        ...{ subject, text, html },
        ...{ language: locale, class: compiled.class, values: Object.values(values) },
        hosts: [...hosts, ...hostsOf(compiled, values)],
        ...(from !== undefined && { from }),
      })
      for (const { where, ...said } of found) {
        const { part, quote } = where
        const key = JSON.stringify([said.rule, locale, part, quote])
        if (!findings.has(key)) findings.set(key, { ...said, locale, part, ...(quote !== undefined && { quote }) })
      }
    }
  return [...findings.values()]
}

/** Where samples lead says nothing of where messages do: their hosts are checked for each. */
const hostsOf = ({ slots }: Compiled, values: Record<string, string>): string[] =>
  Object.entries(values)
    .filter(([name, value]) => slots[name]?.type === 'url' && URL.canParse(value))
    .map(([, value]) => new URL(value).hostname)

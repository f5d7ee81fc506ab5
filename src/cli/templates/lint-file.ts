import type { TemplateFault } from '../../templates/definition.ts'
import { lintTemplate, type TemplateFinding } from '../../templates/lint/template.ts'
import { parseTemplate } from '../../templates/parse.ts'
import { sampleHosts, withSamples } from '../../templates/samples.ts'
import { readTemplateFile } from './source-file.ts'

/** `hash`, and the languages, of one that compiles. */
export type LintedFile = { hash?: string; locales: string[]; faults: TemplateFault[]; findings: TemplateFinding[] }

/**
 * Compiles and judges a template as it lies on disk, as a running Tocsin judges a draft: all slots have values, and links may lead where
 * samples do and to `hosts`. The one answer of every command that does so. Throws `UsageFault` where the file cannot be read.
 */
export async function lintTemplateFile(
  path: string,
  { hosts = [], ...settings }: Parameters<typeof lintTemplate>[1] = {},
): Promise<LintedFile> {
  const parsed = parseTemplate(await readTemplateFile(path))
  // MJML takes longest of all to load, and every other command would wait for it.
  const { compile } = await import('../../templates/compile.ts')
  const made = parsed.ok ? await compile(parsed.source) : parsed
  if (!made.ok) return { locales: [], faults: made.faults, findings: [] }
  const { compiled } = made
  const findings = lintTemplate(withSamples(compiled), { ...settings, hosts: [...hosts, ...sampleHosts(compiled)] })
  return { hash: compiled.hash, locales: Object.keys(compiled.locales), faults: [], findings }
}

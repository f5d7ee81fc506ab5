import type pg from 'pg'
import type { Command } from './core/commands.ts'
import type { Content, Proof } from './core/content.ts'
import type { MessageId } from './core/events.ts'
import { versionsOf } from './core/policy.ts'
import { fromConfig } from './core/state.ts'
import { byLearning, Templates } from './core/templates.ts'
import type { Keyring } from './engine/keyring.ts'
import type { Partition } from './engine/partition.ts'
import { postgresTemplates } from './journal/postgres/template-store.ts'
import { isInert } from './proof/values.ts'
import { assert } from './std/assert.ts'
import { builtInTemplates } from './templates/builtin/builtin.ts'
import { CompilerThread } from './templates/compile-apart.ts'
import type { TemplateInput, TemplateSource } from './templates/definition.ts'
import { TemplateLibrary } from './templates/library.ts'
import { parseTemplate } from './templates/parse.ts'
import { openWriter } from './templates/writer.ts'

type Late = { id: MessageId; class: string; code: string }
type Prove = (message: { id: MessageId; content: Content }, className: string) => Promise<Proof>

export type OpenTemplates = ReturnType<typeof openTemplates>

/** Templates as the engine is handed them: where they are kept, what writes messages from them, and those that come with Tocsin. */
export function openTemplates(
  {
    pool,
    keyring,
    builtIn = builtInTemplates,
  }: { pool: pg.Pool; keyring: Keyring; builtIn?: readonly TemplateInput[] },
  undo: { later(step: () => Promise<unknown>): void },
) {
  const thread = new CompilerThread()
  undo.later(() => thread.stop())
  const library = new TemplateLibrary({
    store: postgresTemplates(pool),
    compile: source => thread.compile(source),
    seal: text => keyring.hash('template', text),
    builtIn: builtIn.map(sourceOf),
  })
  // Messages are written by the state as it is: a partition that has recovered has another one.
  let partition: Partition | undefined
  let prove: Prove | undefined
  const none = new Templates()
  const write = openWriter({
    templates: () => partition?.state.templates ?? none,
    library,
    isInert,
    isNamed: (name, version) => {
      const { policy, approved } = partition!.state
      return [policy.templates, approved].some(named => {
        const versions = versionsOf(named, name)
        return versions !== undefined && (version === undefined || versions.includes(version))
      })
    },
  })
  return {
    library,
    lint: (...given: Parameters<CompilerThread['lint']>) => thread.lint(...given),
    write,
    follow: (followed: Partition) => void (partition = followed),
    bringBuiltIn: () => bringBuiltIn(partition!, library),
    /** What looks at messages that are written late; those that come in are looked at by the intake. */
    proveWith: (given: Prove) => void (prove = given),
    async writeLate({ id, ...message }: Late, content: Content): Promise<Content | undefined> {
      const { template, slots = {} } = content
      if (!template) return undefined
      const written = await write(message, { ...template, slots })
      if (written.status !== 'written' || written.invalid.length > 0) return undefined
      const { template: pinned, subject, text, html } = written
      const { appendCode: _, ...rest } = content
      const appendCode = content.appendCode && !text.includes(message.code)
      const whole = { ...rest, template: pinned, subject, text, html, ...(appendCode && { appendCode }) }
      // Whoever released it has not seen what its values make of the template.
      const proof = await prove!({ id, content: whole }, message.class)
      return proof.findings.length > 0 ? undefined : whole
    },
  }
}

function sourceOf(input: TemplateInput): TemplateSource {
  const parsed = parseTemplate(input)
  assert(parsed.ok, `the template ${input.name} that comes with Tocsin has no fault`)
  return parsed.source
}

/**
 * What comes with Tocsin. A name that is not there yet is drafted by `tocsin` and approved by the configuration, that is by whoever installs it
 * as it is. Of a name that people know, what is new waits for one of them.
 */
async function bringBuiltIn(partition: Partition, library: TemplateLibrary): Promise<void> {
  const { templates, policy } = partition.state
  const commands: Command[] = []
  for (const [hash, { name, class: className }] of library.builtIn) {
    const known = templates.get(name)
    if (!Object.hasOwn(policy.classes, className) || known?.versions.some(version => version.hash === hash)) continue
    const named = { template: name, version: nextVersion(templates, name), hash }
    commands.push({ type: 'DraftTemplate', class: className, by: byLearning, ...named })
    commands.push({ type: 'SubmitTemplate', by: byLearning, ...named })
    if (!known) commands.push({ type: 'ApproveTemplate', by: fromConfig, ...named })
  }
  if (commands.length > 0) await partition.submit(commands.map(command => ({ command })))
}

/** Versions are numbers in a row, as long as people leave it to us. */
export function nextVersion(templates: Templates, name: string): string {
  const numbers = (templates.get(name)?.versions ?? []).map(({ version }) => Number(version))
  return String(Math.max(0, ...numbers.filter(Number.isSafeInteger)) + 1)
}

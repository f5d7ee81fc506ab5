import type { Config } from './config.ts'
import type { Answer } from './core/commands.ts'
import { linkHostsOf } from './core/policy.ts'
import type { TemplateCommand } from './core/template-decisions.ts'
import type { Template, TemplateVersion } from './core/templates.ts'
import { act } from './engine/operator.ts'
import type { Partition } from './engine/partition.ts'
import type {
  LearntLook,
  LintFinding,
  Preview,
  TemplateChange,
  TemplatePort,
  TemplateRefusalCode,
  TemplateRefused,
  VersionAct,
  VersionDetail,
} from './inbound/templates.ts'
import { available } from './operator-port.ts'
import { activeIn } from './proof/values.ts'
import type { OpenSkeletons } from './skeleton-port.ts'
import { nextVersion, type OpenTemplates } from './template-writer.ts'
import type { Compiled } from './templates/compiled.ts'
import type { TemplateSource } from './templates/definition.ts'
import { diff } from './templates/diff.ts'
import { ChangedTemplate, type TemplateLibrary } from './templates/library.ts'
import { parseTemplate } from './templates/parse.ts'
import { render } from './templates/render.ts'
import { type SampleName, sampleCode, sampleHosts, sampleValues, withSamples } from './templates/samples.ts'
import { misfit } from './templates/values.ts'

export type TemplateDeps = {
  config: Pick<Config, 'from'>
  partition: Partition
  library: TemplateLibrary
  lint: OpenTemplates['lint']
  looks: Pick<OpenSkeletons, 'find' | 'underway'>
  isInert?(value: string): boolean
}

type Named = { name: string; version: string }

/** The engine's templates as HTTP sees them. */
export function templatePort(deps: TemplateDeps): TemplatePort {
  const { partition } = deps
  const templates = () => partition.state.templates
  return {
    list: () => available(async () => [...templates().all()].sort((a, b) => (a.name < b.name ? -1 : 1))),
    find: name => available(async () => templates().get(name)),
    detail: named => available(() => detailOf(deps, named)),
    draft: (name, given, how) => available(() => drafted(deps, name, given, how)),
    act: (named, wanted, by) => available(() => acted(deps, named, wanted, by)),
    preview: (named, { locale, sample }) =>
      available(async () => {
        const compiled = await compiledOf(deps, named)
        if ('status' in compiled) return compiled
        const values = sampleValues(compiled.slots, sample as SampleName)
        const { isInert } = deps
        const context = { code: sampleCode, ...(isInert && { isInert }) }
        const { rendered, ...found } = render(compiled, locale, values, context)
        const holds = holdsOf(compiled, values, found)
        return {
          ...rendered,
          ...found,
          holds,
          locales: Object.keys(compiled.locales),
          sample,
          hash: compiled.hash,
          values,
        }
      }),
    diff: (name, { from, to }) =>
      available(async () => {
        if (templates().get(name)?.kind === 'learnt') return lookDiff(deps, name, { from, to })
        const [before, after] = [
          await compiledOf(deps, { name, version: from }),
          await compiledOf(deps, { name, version: to }),
        ]
        if ('status' in before) return before
        return 'status' in after ? after : { changes: diff(before, after) }
      }),
  }
}

/** As the gate would find it, apart from what only the whole message shows. Addresses are looked at with the recipient, whom a preview has not. */
function holdsOf(
  { slots }: Compiled,
  values: Readonly<Record<string, string>>,
  { invalid, replaced }: { invalid: string[]; replaced: string[] },
): Preview['holds'] {
  const holds: Preview['holds'] = []
  for (const [name, value] of Object.entries(values)) {
    const slot = slots[name]
    if (!slot || replaced.includes(name)) continue
    if (invalid.includes(name))
      holds.push({
        slot: name,
        code: 'content.slot-invalid',
        why: `its value ${misfit(value, slot) ?? 'does not fit'}`,
      })
    const active = slot.control === 'user' && slot.type !== 'address' ? activeIn(value) : []
    if (active.length > 0)
      holds.push({ slot: name, code: 'content.slot-active', why: `its value brings ${active.join(', ')}` })
  }
  return holds
}

const refused = (code: TemplateRefusalCode): TemplateRefused => ({ status: 'refused', code })

const refusalOf = (answer: Answer): TemplateRefused | undefined =>
  answer.type === 'refused' ? refused(answer.code as TemplateRefusalCode) : undefined

function found({ partition }: TemplateDeps, { name, version }: Named): [Template, TemplateVersion] | undefined {
  const template = partition.state.templates.get(name)
  const one = template?.versions.find(known => known.version === version)
  return template && one && [template, one]
}

async function compiledOf(deps: TemplateDeps, named: Named): Promise<Compiled | TemplateRefused> {
  const known = found(deps, named)
  if (!known) return refused('template.unknown')
  if (known[0].kind === 'learnt') return refused('template.learnt')
  return (await read(deps, known[1].hash)) ?? refused('template.no-source')
}

/** What was changed in the database is as good as gone. */
function read({ library }: TemplateDeps, hash: string): Promise<Compiled | undefined> {
  return library.find(hash).catch(error => {
    if (error instanceof ChangedTemplate) return undefined
    throw error
  })
}

async function detailOf(deps: TemplateDeps, named: Named): Promise<VersionDetail | undefined> {
  const known = found(deps, named)
  if (!known) return undefined
  const [{ versions: _, ...template }, version] = known
  const compiled = template.kind === 'learnt' ? undefined : await read(deps, version.hash)
  const findings = compiled ? await findingsOf(deps, compiled) : []
  const look = template.kind === 'learnt' ? lookOf(deps, named) : undefined
  return { template, version, findings, ...(compiled && { source: compiled.source }), ...(look && { look }) }
}

function lookOf({ looks }: TemplateDeps, { name, version }: Named): LearntLook | undefined {
  const look = looks.find(name, version)
  const unlearnt = looks.underway(name).filter(({ comparedTo }) => comparedTo === version)
  return look && { ...look, unlearnt: unlearnt.map(({ comparedTo: _, ...one }) => one) }
}

/** What is other between two learnt looks, part by part. */
function lookDiff({ looks }: TemplateDeps, name: string, { from, to }: { from: string; to: string }) {
  const [before, after] = [looks.find(name, from), looks.find(name, to)]
  if (!before || !after) return refused('template.no-source')
  const changes: TemplateChange[] = []
  for (const part of ['from', 'subject', 'text', 'html', 'files'] as const) {
    const [was, now] = [before.shown[part], after.shown[part]]
    if (was === now) continue
    changes.push({
      part,
      where: '',
      ...(was !== undefined && { before: was }),
      ...(now !== undefined && { after: now }),
    })
  }
  return { changes }
}

type DraftOptions = { by: string; expected?: string }

async function drafted(
  deps: TemplateDeps,
  name: string,
  given: unknown,
  { by, expected }: DraftOptions,
): Promise<VersionDetail | TemplateRefused> {
  const { partition, library } = deps
  const named = typeof given === 'object' && given !== null && !('name' in given) ? { ...given, name } : given
  const parsed = parseTemplate(named)
  if (!parsed.ok) return { status: 'invalid', faults: parsed.faults }
  const fault = sourceFault(deps, name, parsed.source)
  if (fault) return { status: 'invalid', faults: [fault] }
  const made = await library.add(parsed.source)
  if (!made.ok) return { status: 'invalid', faults: made.faults }
  // From here to the command nothing is waited for: the newest version is the newest.
  const { templates } = partition.state
  const newest = templates.get(name)?.versions.at(-1)
  if (expected !== undefined && newest?.hash !== expected) return refused('template.not-current')
  const isOpen = newest?.state === 'draft' || newest?.state === 'in-review'
  const isSame = newest?.state === 'approved' && newest.hash === made.compiled.hash
  const version = newest && (isOpen || isSame) ? newest.version : nextVersion(templates, name)
  const { class: className, hash } = made.compiled
  const answer = await act(partition, { type: 'DraftTemplate', template: name, version, hash, class: className, by })
  return refusalOf(answer) ?? (await detailOf(deps, { name, version }))!
}

function sourceFault({ partition }: TemplateDeps, name: string, source: TemplateSource) {
  if (source.name !== name)
    return {
      pointer: '/name',
      code: 'template.name',
      detail: `the path says "${name}"; leave the name out, or say the same`,
    }
  if (!Object.hasOwn(partition.state.policy.classes, source.class))
    return { pointer: '/class', code: 'class.unknown', detail: 'there is no such class; GET /v1/classes lists them' }
  return undefined
}

async function acted(
  deps: TemplateDeps,
  { name, version }: Named,
  wanted: VersionAct,
  by: string,
): Promise<VersionDetail | TemplateRefused> {
  const known = found(deps, { name, version })
  if (!known) return refused('template.unknown')
  const [template, { hash: current }] = known
  const { hash = current } = wanted
  if (hash !== current && wanted.act !== 'approve') return refused('template.other-hash')
  const isLooked = wanted.act === 'submit' || wanted.act === 'approve'
  if (isLooked && template.kind === 'composed' && hash === current) {
    const compiled = await read(deps, current)
    if (!compiled) return refused('template.no-source')
    const errors = (await findingsOf(deps, compiled)).filter(({ severity }) => severity === 'error')
    if (errors.length > 0 && wanted.despite === undefined) return { status: 'lint', findings: errors }
  }
  const answer = await act(deps.partition, commandOf({ template: name, version, hash }, wanted, by))
  return refusalOf(answer) ?? (await detailOf(deps, { name, version }))!
}

function commandOf(
  named: { template: string; version: string; hash: string },
  wanted: VersionAct,
  by: string,
): TemplateCommand {
  switch (wanted.act) {
    case 'submit':
    case 'approve': {
      const type = wanted.act === 'submit' ? 'SubmitTemplate' : 'ApproveTemplate'
      return { type, ...named, by, ...(wanted.despite !== undefined && { despite: wanted.despite }) }
    }
    case 'return':
      return { type: 'ReturnTemplate', ...named, by, reason: wanted.reason }
    case 'retire':
      return { type: 'RetireTemplate', ...named, by }
  }
}

async function findingsOf({ config, partition, lint }: TemplateDeps, compiled: Compiled): Promise<LintFinding[]> {
  const from = config.from?.mailbox.domain
  const hosts = linkHostsOf(partition.state.policy, compiled.class)
  const settings = { hosts: [...hosts, ...sampleHosts(compiled)], ...(from !== undefined && { from }) }
  const found = await lint(withSamples(compiled), settings)
  return found.map(({ where, values: _, ...said }) => ({ ...said, ...where }))
}

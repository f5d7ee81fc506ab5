import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sampleNames } from '../templates/samples.ts'
import { type Attached, attach, call } from './attach.ts'
import { lintTemplateFile } from './templates/lint-file.ts'
import { readTemplateFile } from './templates/source-file.ts'
import {
  type Change,
  changeText,
  type Detail,
  detailText,
  type Fault,
  type Finding,
  faultText,
  findingText,
  type Hold,
  holdsText,
  type Template,
  templateText,
} from './templates/words.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

const options = {
  json: { type: 'boolean', default: false },
  source: { type: 'boolean', default: false },
  hash: { type: 'string' },
  despite: { type: 'string' },
  reason: { type: 'string' },
  locale: { type: 'string' },
  sample: { type: 'string' },
  out: { type: 'string' },
} as const

export const templates: Command = {
  help: `usage: npx tocsin templates [list]
       npx tocsin templates show NAME[@VERSION] [--source]
       npx tocsin templates lint FILE
       npx tocsin templates draft FILE
       npx tocsin templates submit NAME@VERSION [--despite REASON]
       npx tocsin templates approve NAME@VERSION --hash HASH [--despite REASON]
       npx tocsin templates return NAME@VERSION --reason REASON
       npx tocsin templates retire NAME@VERSION
       npx tocsin templates preview NAME@VERSION [--locale TAG] [--sample SAMPLE] [--out DIR]
       npx tocsin templates diff NAME@VERSION NAME@VERSION

FILE is JSON as PUT /v1/templates/{name} takes it; "mjmlFile" and "textFile" of a language name files beside it.
  lint       compiles and judges FILE here, without a running Tocsin: exit 1 when there is a fault or an error
  --hash     of the version that you have read, as "show" prints it
  --despite  why a version is right although the lint has found an error; both people say so
  --sample   ${sampleNames.join(', ')}
  --out      one HTML and one text file for each language and sample, to be opened in a browser
  --json     what Tocsin answers, as it is

Whoever runs this on the machine of Tocsin is the first operator. TOCSIN_OPERATOR_KEY makes it somebody else: a second person must approve.
Exit 0 done, 1 refused or an error found, 2 wrong use, 3 a fault of ours.`,
  async run(args) {
    const { values, positionals } = readOptions(args, options)
    const [action = 'list', ...targets] = positionals
    const does = Object.hasOwn(actions, action) ? actions[action] : undefined
    if (!does) throw new UsageFault(`there is no "${action}"; known are ${Object.keys(actions).join(', ')}`)
    if (targets.length !== does.targets) throw new UsageFault(`${action} takes ${does.targets || 'no'} names`)
    return does.run(values, targets)
  },
}

type Values = ReturnType<typeof readOptions<typeof options>>['values']
type Action = { targets: number; run(values: Values, targets: string[]): Promise<number> }

const actions: Record<string, Action> = {
  list: { targets: 0, run: list },
  show: { targets: 1, run: show },
  lint: { targets: 1, run: lintFile },
  draft: { targets: 1, run: draft },
  submit: { targets: 1, run: (values, targets) => act('submit', values, targets) },
  approve: { targets: 1, run: (values, targets) => act('approve', values, targets) },
  return: { targets: 1, run: (values, targets) => act('return', values, targets) },
  retire: { targets: 1, run: (values, targets) => act('retire', values, targets) },
  preview: { targets: 1, run: preview },
  diff: { targets: 2, run: diff },
}

type Answer = Awaited<ReturnType<typeof call>>

/** One call as whoever has the key; `undefined` when no Tocsin runs, which was told. */
async function ask(method: string, path: string, body?: unknown): Promise<Answer | undefined> {
  const attached = await attach()
  if ('none' in attached) {
    console.error(`tocsin templates: ${attached.none}`)
    return undefined
  }
  const token = process.env.TOCSIN_OPERATOR_KEY
  const as: Attached = token ? { ...attached, token } : attached
  return call(as, method, `/v1/templates${path}`, body)
}

/** Prints an answer: as it is, in words, or why it was refused. */
function told(answer: Answer | undefined, values: Values, wordsOf: (body: Record<string, unknown>) => string): number {
  if (!answer) return 1
  const { status, body = {} } = answer
  if (values.json) console.log(JSON.stringify(body))
  else if (status === 200) console.log(wordsOf(body))
  else {
    console.error(`${status} ${body.code}: ${body.title}`)
    for (const fault of (body.faults ?? []) as Fault[]) console.error(faultText(fault))
  }
  if (status === 200) return 0
  return status < 500 ? 1 : 3
}

const wordsOfDetail = (body: Record<string, unknown>): string => detailText(body as unknown as Detail)

async function list(values: Values): Promise<number> {
  return told(await ask('GET', ''), values, ({ items }) => {
    const all = items as Template[]
    return all.length === 0 ? 'there are no templates' : all.map(templateText).join('\n')
  })
}

async function show(values: Values, [target = '']: string[]): Promise<number> {
  const { name, version } = named(target)
  if (version === undefined) {
    if (values.source) throw new UsageFault('--source is of one version: NAME@VERSION')
    return told(await ask('GET', pathOf(name)), values, body => templateText(body as unknown as Template))
  }
  const answer = await ask('GET', versionPath(name, version))
  if (values.source && answer?.status === 200) {
    console.log(JSON.stringify(answer.body!.source, undefined, 2))
    return 0
  }
  return told(answer, values, wordsOfDetail)
}

async function lintFile(values: Values, [file = '']: string[]): Promise<number> {
  const { hash, faults, findings: found } = await lintTemplateFile(file)
  const findings: Finding[] = found.map(({ where, values: _, ...said }) => ({ ...said, ...where }))
  const isFine = hash !== undefined && findings.every(({ severity }) => severity !== 'error')
  if (values.json) console.log(JSON.stringify({ ...(hash !== undefined && { hash }), faults, findings }))
  else
    console.log(
      [
        hash === undefined ? 'has faults' : `compiles, hash ${hash}`,
        ...faults.map(faultText),
        ...findings.map(findingText),
      ].join('\n'),
    )
  return isFine ? 0 : 1
}

async function draft(values: Values, [file = '']: string[]): Promise<number> {
  const template = await readTemplateFile(file)
  if (typeof template.name !== 'string' || template.name === '') throw new UsageFault(`${file} names no template`)
  return told(await ask('PUT', pathOf(template.name), template), values, wordsOfDetail)
}

async function act(action: string, values: Values, [target = '']: string[]): Promise<number> {
  const { name, version } = named(target)
  if (version === undefined) throw new UsageFault(`name a version: ${name}@1`)
  if (action === 'approve' && values.hash === undefined)
    throw new UsageFault('name the --hash of what you have read, as "npx tocsin templates show" prints it')
  if (action === 'return' && values.reason === undefined) throw new UsageFault('say the --reason')
  const { hash, despite, reason } = values
  const body = {
    ...(hash !== undefined && { hash }),
    ...(despite !== undefined && { despite }),
    ...(reason !== undefined && { reason }),
  }
  return told(await ask('POST', `${versionPath(name, version)}/${action}`, body), values, wordsOfDetail)
}

async function preview(values: Values, [target = '']: string[]): Promise<number> {
  const { name, version } = named(target)
  if (version === undefined) throw new UsageFault(`name a version: ${name}@1`)
  if (values.sample !== undefined && !sampleNames.some(one => one === values.sample))
    throw new UsageFault(`a sample is one of ${sampleNames.join(', ')}`)
  const shown = (locale: string | undefined, sample: string | undefined) => {
    const query = new URLSearchParams({
      ...(locale !== undefined && { locale }),
      ...(sample !== undefined && { sample }),
    })
    return ask('GET', `${versionPath(name, version)}/preview?${query}`)
  }
  const first = await shown(values.locale, values.sample)
  if (values.out === undefined || first?.status !== 200) return told(first, values, body => previewText(body))
  const written: string[] = []
  const held: string[] = []
  await mkdir(values.out, { recursive: true })
  for (const locale of values.locale === undefined ? (first.body!.locales as string[]) : [values.locale])
    for (const sample of values.sample === undefined ? sampleNames : [values.sample]) {
      const answer = await shown(locale, sample)
      if (answer?.status !== 200) return told(answer, values, () => '')
      const holds = answer.body!.holds as Hold[]
      if (holds.length > 0) held.push(`${locale}, ${sample}: ${holdsText(holds)}`)
      const path = join(values.out, `${name}-${version}-${locale}-${sample}`)
      await writeFile(`${path}.html`, String(answer.body!.html))
      await writeFile(`${path}.txt`, `Subject: ${answer.body!.subject}\n\n${answer.body!.text}`)
      written.push(`${path}.html`, `${path}.txt`)
    }
  console.log(values.json ? JSON.stringify({ written }) : [...written, ...held].join('\n'))
  return 0
}

function previewText({ subject, text, holds }: Record<string, unknown>): string {
  const held = holds as Hold[]
  return [`Subject: ${subject}\n\n${text}`, ...(held.length > 0 ? [holdsText(held)] : [])].join('\n')
}

async function diff(values: Values, [before = '', after = '']: string[]): Promise<number> {
  const [from, to] = [named(before), named(after)]
  if (from.version === undefined || to.version === undefined || from.name !== to.name)
    throw new UsageFault('name two versions of one template: NAME@1 NAME@2')
  const query = new URLSearchParams({ from: from.version, to: to.version })
  return told(await ask('GET', `${pathOf(from.name)}/diff?${query}`), values, ({ changes }) => {
    const all = changes as Change[]
    return all.length === 0 ? 'nothing that a reader would see' : all.map(changeText).join('\n')
  })
}

function named(target: string): { name: string; version?: string } {
  const at = target.lastIndexOf('@')
  return at <= 0 ? { name: target } : { name: target.slice(0, at), version: target.slice(at + 1) }
}

const pathOf = (name: string): string => `/${encodeURIComponent(name)}`
const versionPath = (name: string, version: string): string => `${pathOf(name)}/versions/${encodeURIComponent(version)}`

import { attach, call } from './attach.ts'
import { type Stop, stopsOf, stopText } from './stops.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

const scopeOptions = {
  lane: { type: 'string' },
  source: { type: 'string' },
  template: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

const scopeHelp = `  --lane LANE          only this lane: reserved, open, system or campaign
  --source SOURCE      only messages whose cause was reported by this source; '' for messages without a cause
  --template TEMPLATE  only this template, without its version; '' for messages that name none`

export const pause: Command = {
  help: `usage: npx tocsin pause CLASS --reason TEXT [--lane LANE] [--source SOURCE] [--template TEMPLATE] [--until TIME] [--json]

Answers when the stop holds, and says how many hand-overs had already begun.

${scopeHelp}
  --until TIME         the stop ends by itself then, for example 2026-01-31T18:00:00Z`,
  async run(args) {
    const options = { ...scopeOptions, reason: { type: 'string' }, until: { type: 'string' } } as const
    const { values, positionals } = readOptions(args, options)
    if (!values.reason) throw new UsageFault('--reason is missing: people will ask why')
    const { reason, until } = values
    const body = { reason, ...(until !== undefined && { until }), ...scopeOf(values) }
    const tell = (answer: Record<string, unknown>) => `stopped; ${answer.handedOver ?? 0} hand-overs had begun`
    return act(pathOf(positionals, 'pause'), body, values.json, tell)
  },
}

export const resume: Command = {
  help: `usage: npx tocsin resume CLASS [--lane LANE] [--source SOURCE] [--template TEMPLATE] [--json]
       npx tocsin resume CLASS --all [--json]

Ends the stop, or closes the breaker, of exactly this scope; "npx tocsin stops" shows the scopes. What is held stays held until
somebody releases it. Exit 1 when nothing of this scope is stopped; what of the class is stopped is then listed.

${scopeHelp}
  --all                every stop and breaker of the class, one after the other`,
  async run(args) {
    const options = { ...scopeOptions, all: { type: 'boolean', default: false } } as const
    const { values, positionals } = readOptions(args, options)
    const path = pathOf(positionals, 'resume')
    const scope = scopeOf(values)
    if (!values.all) return act(path, scope, values.json, () => 'resumed')
    if (Object.keys(scope).length > 0) throw new UsageFault('--all takes no lane, source or template')
    return resumeAll(positionals[0]!, path, values.json)
  },
}

async function resumeAll(name: string, path: string, json: boolean): Promise<number> {
  const attached = await attach()
  if ('none' in attached) {
    console.error(`tocsin: ${attached.none}`)
    return 1
  }
  const found = await stopsOf(attached, name)
  if ('refused' in found) return toldRefusal(name, found.refused, json)
  const resumed: Scope[] = []
  // The stop of a person and a breaker may have the same scope; one call ends both.
  for (const scope of new Map(found.stops.map(scopeOf).map(one => [JSON.stringify(one), one])).values()) {
    const answer = await call(attached, 'POST', path, scope)
    if (answer.status < 300) resumed.push(scope)
    else if (answer.body?.code !== 'stop.unknown') return toldRefusal(name, answer, json)
  }
  if (json) console.log(JSON.stringify({ resumed }))
  else console.log(resumed.length === 0 ? `nothing of ${name} is stopped` : `resumed; ${resumed.length} ended`)
  return resumed.length === 0 ? 1 : 0
}

function pathOf(positionals: string[], what: string): string {
  if (positionals.length !== 1) throw new UsageFault('name exactly one class')
  return `/v1/classes/${encodeURIComponent(positionals[0]!)}/${what}`
}

type Scope = { lane?: string | undefined; source?: string | undefined; template?: string | undefined }

const scopeOf = ({ lane, source, template }: Scope): Scope => ({
  ...(lane !== undefined && { lane }),
  ...(source !== undefined && { source }),
  ...(template !== undefined && { template }),
})

/** One act of an operator over the running Tocsin, told in words or as JSON. Gives the exit code. */
export async function act(
  path: string,
  body: object,
  json: boolean,
  tell: (answer: Record<string, unknown>) => string,
): Promise<number> {
  const attached = await attach()
  if ('none' in attached) {
    console.error(`tocsin: ${attached.none}`)
    return 1
  }
  const answer = await call(attached, 'POST', path, body)
  if (answer.status >= 300) return toldRefusal(decodeURIComponent(path.split('/')[3]!), answer, json)
  console.log(json ? JSON.stringify(answer.body ?? {}) : tell(answer.body ?? {}))
  return 0
}

/** How a refused act is told; `name` is the class. Gives the exit code. */
function toldRefusal(name: string, { status, body }: Awaited<ReturnType<typeof call>>, json: boolean): number {
  const detail = `${status} ${body?.detail ?? body?.title ?? ''}${faultsOf(body)}`
  console.log(json ? JSON.stringify(body ?? {}) : detail + stopsIn(name, body))
  return status < 500 ? 1 : 3
}

function stopsIn(name: string, body: Record<string, unknown> | undefined): string {
  const stops = body?.stops as Stop[] | undefined
  if (!stops) return ''
  if (stops.length === 0) return `\nnothing of ${name} is stopped`
  return ['\nwhat of it is stopped:', ...stops.map(stop => stopText({ class: name, ...stop }))].join('\n')
}

const faultsOf = (body: Record<string, unknown> | undefined): string =>
  ((body?.faults ?? []) as { pointer: string; detail: string }[])
    .map(({ pointer, detail }) => `\n  ${pointer.slice(1)}: ${detail}`)
    .join('')

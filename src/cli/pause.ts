import { attach, call } from './attach.ts'
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
  summary: 'stop a class or a part of it: what is not yet with the provider stays here',
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
  summary: 'end a stop of the same scope',
  help: `usage: npx tocsin resume CLASS [--lane LANE] [--source SOURCE] [--template TEMPLATE] [--json]

Ends the stop, or closes the breaker, of exactly this scope. What is held stays held until somebody releases it.

${scopeHelp}`,
  async run(args) {
    const { values, positionals } = readOptions(args, scopeOptions)
    return act(pathOf(positionals, 'resume'), scopeOf(values), values.json, () => 'resumed')
  },
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
  const fine = answer.status < 300
  if (json) console.log(JSON.stringify(answer.body ?? {}))
  else
    console.log(
      fine
        ? tell(answer.body ?? {})
        : `${answer.status} ${answer.body?.detail ?? answer.body?.title ?? ''}${faultsOf(answer.body)}`,
    )
  return fine ? 0 : answer.status < 500 ? 1 : 3
}

const faultsOf = (body: Record<string, unknown> | undefined): string =>
  ((body?.faults ?? []) as { pointer: string; detail: string }[])
    .map(({ pointer, detail }) => `\n  ${pointer.slice(1)}: ${detail}`)
    .join('')

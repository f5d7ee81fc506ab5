import { attach, call } from './attach.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

export const pause: Command = {
  summary: 'stop a class: what is not yet with the provider stays here',
  help: `usage: npx tocsin pause CLASS --reason TEXT [--lane LANE] [--json]

Answers when the stop holds, and says how many hand-overs had already begun.`,
  async run(args) {
    const { values, positionals } = readOptions(args, {
      reason: { type: 'string' },
      lane: { type: 'string' },
      json: { type: 'boolean', default: false },
    })
    if (positionals.length !== 1) throw new UsageFault('name exactly one class')
    if (!values.reason) throw new UsageFault('--reason is missing: people will ask why')
    const body = { reason: values.reason, ...(values.lane && { lane: values.lane }) }
    return act(
      `/v1/classes/${encodeURIComponent(positionals[0]!)}/pause`,
      body,
      values.json,
      answer => `stopped; ${answer.handedOver ?? 0} hand-overs had begun`,
    )
  },
}

export const resume: Command = {
  summary: 'end a stop',
  help: 'usage: npx tocsin resume CLASS [--lane LANE] [--json]',
  async run(args) {
    const { values, positionals } = readOptions(args, {
      lane: { type: 'string' },
      json: { type: 'boolean', default: false },
    })
    if (positionals.length !== 1) throw new UsageFault('name exactly one class')
    const body = values.lane ? { lane: values.lane } : {}
    return act(`/v1/classes/${encodeURIComponent(positionals[0]!)}/resume`, body, values.json, () => 'resumed')
  },
}

async function act(
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
    console.log(fine ? tell(answer.body ?? {}) : `${answer.status} ${answer.body?.detail ?? answer.body?.title ?? ''}`)
  return fine ? 0 : answer.status < 500 ? 1 : 3
}

import { type Attached, attach, call } from './attach.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

/** A stop of the running Tocsin, as HTTP shows it. */
export type Stop = {
  lane?: string
  source?: string
  template?: string
  by: string
  reason: string
  since: string
  until?: string
  phase?: string
  endsAt?: string
  alarm?: number
}
export type StopOf = { class: string } & Stop

export const stops: Command = {
  help: `usage: npx tocsin stops [CLASS] [--json]

Shows each stop with its class, lane, source and template, who or what made it, why and since when, and the command that ends it.
Exit 0, also when nothing is stopped.`,
  async run(args) {
    const { values, positionals } = readOptions(args, { json: { type: 'boolean', default: false } })
    if (positionals.length > 1) throw new UsageFault('name one class, or none for all')
    const attached = await attach()
    if ('none' in attached) {
      console.error(`tocsin stops: ${attached.none}`)
      return 1
    }
    const found = await stopsOf(attached, positionals[0])
    if ('refused' in found) {
      console.log(
        values.json ? JSON.stringify(found.refused.body) : `${found.refused.status} ${found.refused.body?.title ?? ''}`,
      )
      return found.refused.status < 500 ? 1 : 3
    }
    if (values.json) console.log(JSON.stringify(found))
    else console.log(found.stops.length === 0 ? 'nothing is stopped' : found.stops.map(stopText).join('\n'))
    return 0
  },
}

type Answer = Awaited<ReturnType<typeof call>>

/** What is stopped of a class, or of all; or how Tocsin refused to say. */
export async function stopsOf(attached: Attached, name?: string): Promise<{ stops: StopOf[] } | { refused: Answer }> {
  const path = name === undefined ? '/v1/classes' : `/v1/classes/${encodeURIComponent(name)}`
  const answer = await call(attached, 'GET', path)
  if (answer.status !== 200) return { refused: answer }
  const classes = (name === undefined ? answer.body!.items : [answer.body]) as { name: string; stops: Stop[] }[]
  return { stops: classes.flatMap(one => one.stops.map(stop => ({ class: one.name, ...stop }))) }
}

/** A stop in words, and below it the command that ends it. */
export function stopText(stop: StopOf): string {
  const { class: name, lane, source, template, by, reason, since, until, phase, endsAt, alarm } = stop
  const place = [
    name,
    lane === undefined ? 'all lanes' : `lane ${lane}`,
    ...(source === undefined ? [] : [source === '' ? 'without a cause' : `source ${source}`]),
    ...(template === undefined ? [] : [template === '' ? 'without a template' : `template ${template}`]),
  ].join(', ')
  const ends = until === undefined ? '' : `, until ${until}`
  const breaker = phase === undefined ? '' : `, ${phase} until ${endsAt}`
  const told = `by ${by}: ${reason}, since ${since}${ends}${breaker}${alarm === undefined ? '' : `, alarm ${alarm}`}`
  return `${place}\n  ${told}\n  ends with: ${resumeCommand(stop)}`
}

/** What to type to end this stop and no other. */
function resumeCommand({ class: name, ...stop }: StopOf): string {
  const options = (['lane', 'source', 'template'] as const).flatMap(option => {
    const value = stop[option]
    if (value === undefined) return []
    // A value that begins like an option has to stand in one word with its own.
    return value.startsWith('-') ? `--${option}=${quoted(value)}` : `--${option} ${quoted(value)}`
  })
  return ['npx tocsin resume', name, ...options].join(' ')
}

/** As a shell takes it. */
const quoted = (text: string): string => (/^[\w.,:/@+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

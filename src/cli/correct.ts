import { readFile } from 'node:fs/promises'
import { type Attached, attach, call } from './attach.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

/** Reading who got a hundred thousand messages takes seconds; a million may take a minute. */
const draftMsMax = 300_000

export const correct: Command = {
  help: `usage: npx tocsin correct --text NAME --class CLASS --from TIME [--to TIME] [options]
       npx tocsin correct --text NAME --ids FILE [options]

  --text NAME        an approved text of correctionTexts in the configuration
  --class CLASS      of the wrongful messages
  --from, --to TIME  when they were decided, like 2026-01-08T10:00:00Z; --to is now when absent
  --lane LANE, --source SOURCE, --template NAME   only those
  --alarm N          lane, source and template of the breaker that this alarm opened
  --stop             lane, source and template of the stop of the class
  --ids FILE         ids of messages, one a line
  --unknown          those of whom nobody knows whether they got it, in place of those who did
  --json             print the answer as JSON

The draft says how many people it goes to, its hashes, and the command with which a second person approves it, which starts it.
The answer that it takes is the number of people. The same set and text give the same correction, and where it stands. What of the set is held stays held: POST /v1/holds/discard
proposes to discard it, and a second person approves that.`,
  async run(args) {
    const { values } = readOptions(args, {
      text: { type: 'string' },
      class: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      lane: { type: 'string' },
      source: { type: 'string' },
      template: { type: 'string' },
      alarm: { type: 'string' },
      stop: { type: 'boolean', default: false },
      ids: { type: 'string' },
      unknown: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    })
    const messages = await messagesOf(values as Values)
    if (!values.text) throw new UsageFault('--text is missing: only texts that were approved ahead correct anything')
    const attached = await attach()
    if ('none' in attached) {
      console.error(`tocsin correct: ${attached.none}`)
      return 1
    }
    const body = { messages, text: values.text, to: values.unknown ? 'unknown' : 'delivered' }
    const answer = await call(attached, 'POST', '/v1/corrections', body, {}, draftMsMax)
    console.log(values.json ? JSON.stringify(answer.body) : told(attached, answer))
    return answer.status < 300 ? 0 : answer.status < 500 ? 1 : 3
  },
}

type Values = Record<'class' | 'from' | 'to' | 'lane' | 'source' | 'template' | 'alarm' | 'ids', string | undefined> & {
  stop: boolean
}

async function messagesOf({ ids, alarm, stop, to, ...place }: Values): Promise<object> {
  if (ids !== undefined) {
    const text = await readFile(ids, 'utf8').catch(() => {
      throw new UsageFault(`${ids} cannot be read`)
    })
    return { ids: text.split('\n').flatMap(line => line.trim() || []) }
  }
  if (!place.class || !place.from) throw new UsageFault('give --class and --from, or --ids')
  if (alarm !== undefined && !/^\d{1,9}$/.test(alarm)) throw new UsageFault('--alarm takes the number of an alarm')
  const { class: name, from, lane, source, template } = place
  const query = { class: name, from, to: to ?? new Date().toISOString(), lane, source, template }
  return { query: { ...query, ...(alarm !== undefined && { alarm: Number(alarm) }), ...(stop && { stop }) } }
}

function told(attached: Attached, { status, body = {} }: Awaited<ReturnType<typeof call>>): string {
  if (status >= 300) {
    const faults = (body.faults ?? []) as { pointer: string; detail: string }[]
    return [
      `${status} ${body.title ?? ''}${body.detail ? `: ${body.detail}` : ''}`,
      ...faults.map(({ pointer, detail }) => `  ${pointer}: ${detail}`),
    ].join('\n')
  }
  const { count } = body.unknown as { count: number }
  return [
    `${body.recipients} people, of ${(body.messages as { total: number }).total} messages; ${body.status}  ${body.id}`,
    `  content   ${body.contentHash}`,
    `  audience  ${body.audienceHash}`,
    `  corrected before ${body.alreadyCorrected}, erased ${body.erased}`,
    ...(count > 0 ? [`  of ${count} nobody knows whether they arrived: decide on them with --unknown`] : []),
    standing(attached, body as unknown as Standing),
  ].join('\n')
}

type Standing = {
  id: string
  status: string
  recipients: number
  contentHash: string
  audienceHash: string
  counts: Record<string, number>
  approvedBy?: string
  paused?: { by: string; reason: string }
  halted?: { finding: { what: string } }
  ended?: { how: string; by: string; at: string }
}

/** Where it stands, and what is to be done about that. */
function standing({ url }: Attached, correction: Standing): string {
  const { id, status, counts, approvedBy, paused, halted, ended } = correction
  const soFar = Object.entries(counts).map(([what, count]) => `${count} ${what}`)
  const told = soFar.length === 0 ? 'nobody was written to' : soFar.join(', ')
  switch (status) {
    case 'sealed':
      return `It starts when a second person approves it, with a key of their own in KEY:\n  ${approval(url, correction)}`
    case 'approved':
      return `${approvedBy ?? 'A second person'} has approved it; it starts by itself.`
    case 'running':
      return `It is under way, approved by ${approvedBy}: ${told}.`
    case 'paused':
      return `${paused?.by} has paused it (${paused?.reason}): ${told}. POST ${url}/v1/campaigns/${id}/resume lets it go on.`
    case 'halted':
      return `It has halted by itself (${halted?.finding.what}): ${told}. Two people let it go on: POST ${url}/v1/campaigns/${id}/resume`
    case 'ended':
      return `It has ended (${ended?.how}, ${ended?.at}): ${told}. Nothing more is sent.`
    default:
      return 'It is not ready yet: give the same command again.'
  }
}

function approval(url: string, { id, contentHash, audienceHash, recipients }: Standing): string {
  const body = JSON.stringify({ contentHash, audienceHash, answer: String(recipients) })
  return `curl -sS ${new URL(`/v1/campaigns/${id}/approve`, url)} -H "authorization: Bearer $KEY" -H 'content-type: application/json' -d '${body}'`
}

import { readFile } from 'node:fs/promises'
import { attach, call } from './attach.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

/** Reading who got a hundred thousand messages takes seconds; a million may take a minute. */
const draftMsMax = 300_000

export const correct: Command = {
  summary: 'draft the correction of wrongful messages, to exactly the people who got them',
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

The draft says how many people it goes to and its hashes. It starts when a second person approves it:
POST /v1/campaigns/ID/approve {contentHash, audienceHash, answer}, where the answer is the number of people.
The same set and text give the same correction. What of the set is held stays held: POST /v1/holds/discard
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
    console.log(values.json ? JSON.stringify(answer.body) : told(answer))
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

function told({ status, body = {} }: Awaited<ReturnType<typeof call>>): string {
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
    'It starts when a second person has approved it.',
  ].join('\n')
}

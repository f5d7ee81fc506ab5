import { attach, call } from './attach.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

export const send: Command = {
  help: `usage: npx tocsin send --to ADDRESS [options]

  --to ADDRESS       the recipient, exactly one
  --class CLASS      default: other
  --subject TEXT     default: A first guarded message
  --text TEXT        default: a line that says what it is
  --account ID       the account that the message is about
  --cause ID         the id of the event that causes it
  --key KEY          idempotency key: the same key, the same message
  --json             print the answer as JSON

Exit 0 when the message is delivered or waits for its turn, 1 for any other outcome.`,
  async run(args) {
    const { values } = readOptions(args, {
      to: { type: 'string' },
      class: { type: 'string', default: 'other' },
      subject: { type: 'string', default: 'A first guarded message' },
      text: { type: 'string', default: 'This message went through Tocsin: decided, recorded, then delivered.\n' },
      account: { type: 'string' },
      cause: { type: 'string' },
      key: { type: 'string' },
      json: { type: 'boolean', default: false },
    })
    if (!values.to) throw new UsageFault('--to is missing')
    const attached = await attach()
    if ('none' in attached) {
      console.error(`tocsin send: ${attached.none}`)
      return 1
    }
    const answer = await sendMessage(attached, values as Message)
    if (values.json) console.log(JSON.stringify(answer.body))
    else console.log(told(answer))
    return answer.status < 300 && answer.body?.outcome === 'deliver' ? 0 : answer.status < 500 ? 1 : 3
  },
}

type Message = {
  to: string
  class: string
  subject: string
  text: string
  account?: string
  cause?: string
  key?: string
}

async function sendMessage(attached: Parameters<typeof call>[0], { to, account, cause, key, ...message }: Message) {
  const { class: className, subject, text } = message
  return call(
    attached,
    'POST',
    '/v1/messages',
    {
      class: className,
      account: account ?? to,
      recipient: { email: to },
      subject,
      text,
      ...(cause && { cause: { id: cause } }),
    },
    key ? { 'idempotency-key': key } : {},
  )
}

function told({ status, body }: Awaited<ReturnType<typeof call>>): string {
  if (status >= 300) {
    const faults = (body?.faults ?? []) as { pointer: string; detail: string }[]
    return [
      `${status} ${body?.title ?? ''}: ${body?.detail ?? ''}`,
      ...faults.map(({ pointer, detail }) => `  ${pointer}: ${detail}`),
    ].join('\n')
  }
  const reasons = (body?.reasons ?? []) as { code: string; detail: string }[]
  return [
    `${body?.outcome}  ${body?.id}  lane ${body?.lane}`,
    ...reasons.map(({ code, detail }) => `  ${code}: ${detail}`),
  ].join('\n')
}

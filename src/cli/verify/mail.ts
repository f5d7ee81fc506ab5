import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { attach } from '../attach.ts'
import { readOptions, UsageFault } from '../usage.ts'

export const help = `usage: npx tocsin verify mail FILE.eml [--recipient ADDRESS] [--json]

Asks the running Tocsin about a whole mail, headers included; - reads it from standard input. --recipient: whom it was sent to, where its To
does not say. Ends with 0 when it is genuine and nothing is known against it, with 1 when it was not asked for, was sent in error, was altered,
is not ours, or cannot be told.`

/** Whether a mail is genuine and was asked for. */
export async function verifyMail(args: string[]): Promise<number> {
  const options = { json: { type: 'boolean', default: false }, recipient: { type: 'string' } } as const
  const { values, positionals } = readOptions(args, options)
  if (positionals.length !== 1) throw new UsageFault('give one file, or - for standard input')
  const mail = await readMailFile(positionals[0]!)
  if (mail.length === 0) throw new UsageFault('the mail is empty')
  const attached = await attach()
  if ('none' in attached) {
    console.error(`tocsin: ${attached.none}`)
    return 3
  }
  const query = values.recipient === undefined ? '' : `?recipient=${encodeURIComponent(values.recipient)}`
  return told(await ask(new URL(`/v1/verify${query}`, attached.url), mail), values.json)
}

async function readMailFile(name: string): Promise<Buffer> {
  if (name === '-') return buffer(process.stdin)
  return readFile(name).catch((error: NodeJS.ErrnoException) => {
    throw new UsageFault(error.code === 'ENOENT' ? 'there is no such file' : `the file cannot be read: ${error.code}`)
  })
}

type Answer = {
  status: number
  body: {
    verdict?: string
    advice?: string
    reason?: { detail: string }
    title?: string
    faults?: { pointer: string; detail: string }[]
  }
}

/** The bytes as they are: a mail need not be UTF-8. */
async function ask(url: URL, mail: Buffer): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'message/rfc822' },
    body: Uint8Array.from(mail),
    signal: AbortSignal.timeout(30_000),
  })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

function told({ status, body }: Answer, json: boolean): number {
  if (status !== 200) {
    const faults = (body.faults ?? []).map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail}`)
    console.error(`tocsin: ${[body.title ?? status, ...faults].join('\n  ')}`)
    return status < 500 && status !== 429 ? 2 : 3
  }
  const { verdict = '', reason, advice = '' } = body
  console.log(json ? JSON.stringify(body) : [verdict, ...(reason ? [reason.detail] : []), advice].join('\n'))
  return verdict === 'asked' || verdict === 'unconfirmed' ? 0 : 1
}

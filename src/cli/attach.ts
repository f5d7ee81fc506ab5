import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

export type Attached = { url: string; token: string; pid: number }

/** The running Tocsin of a data directory, or why there is none. */
export async function attach(environment = process.env): Promise<Attached | { none: string }> {
  const dataDir = resolve(environment.TOCSIN_DATA_DIR || '.tocsin')
  const text = await readFile(join(dataDir, 'attach.json'), 'utf8').catch(() => undefined)
  const none = `no Tocsin is running on ${dataDir}. Start one with "npx tocsin up", or set TOCSIN_DATA_DIR to the directory of the one you mean.`
  if (text === undefined) return { none }
  const attached = JSON.parse(text) as Attached
  try {
    process.kill(attached.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return { none }
  }
  return attached
}

/** One call to it. A failure of the connection is told as what it is. */
export async function call(
  attached: Attached,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
  answerMsMax = 30_000,
) {
  const response = await fetch(new URL(path, attached.url), {
    method,
    headers: {
      ...headers,
      authorization: `Bearer ${attached.token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(answerMsMax),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>) }
}

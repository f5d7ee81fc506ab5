import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The root of the project. */
export const root = join(import.meta.dirname, '..', '..')

/** A row of `GET /v1/messages`, as far as the tests look at it. */
export type Row = {
  id: string
  class: string
  lane: string
  state: string
  outcome: string
  reasons: { code: string }[]
}

/** A real Tocsin in a process of its own, on free ports and in a directory of its own, and what is needed to talk to it. */
export type TestTocsin = {
  url: string
  smtp: string
  keys: { api: string; cause: string; admin: string; smtpUser: string; smtpPassword: string }
  dataDir: string
  environment: Record<string, string>
  /** The newest message first. */
  messages(): Promise<Row[]>
  /** The source of a delivered mail. */
  mail(id: string): Promise<string>
  report(event: { id: string; type: string; subject: string; data: object }): Promise<Response>
  stop(): Promise<void>
}

const startMsMax = 60_000
const stopMsMax = 15_000

export async function startTocsin(config?: object): Promise<TestTocsin> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tocsin-example-'))
  const word = () => randomBytes(12).toString('hex')
  const keys = { api: word(), cause: word(), admin: word(), smtpUser: 'example', smtpPassword: word() }
  const environment: Record<string, string> = {
    TOCSIN_DATA_DIR: join(dataDir, 'data'),
    TOCSIN_HTTP_PORT: '0',
    TOCSIN_SMTP_PORT: '0',
    TOCSIN_API_KEY: keys.api,
    TOCSIN_CAUSE_KEY: keys.cause,
    TOCSIN_ADMIN_KEY: keys.admin,
    TOCSIN_SMTP_CREDENTIAL: `${keys.smtpUser}:${keys.smtpPassword}`,
    TOCSIN_LOG: 'warn',
  }
  environment.TOCSIN_CONFIG = join(dataDir, 'tocsin.config.ts')
  writeFileSync(environment.TOCSIN_CONFIG, `export default ${JSON.stringify(config ?? {})}\n`)
  const tocsin = run('node', ['bin/tocsin.js', 'up'], { cwd: root, environment })
  const [, url, smtp] = await tocsin.printed(/HTTP +(http:\S+)[\s\S]* SMTP +(\S+)/, startMsMax)
  const call = (path: string, key: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } })
  return {
    url: url!,
    smtp: smtp!,
    keys,
    dataDir,
    environment: { ...environment, TOCSIN_URL: url!, TOCSIN_SMTP: smtp! },
    messages: async () => ((await (await call('/v1/messages?limit=200', keys.admin)).json()) as { items: Row[] }).items,
    mail: async id => (await fetch(`${url}/mailbox/${id}/raw`)).text(),
    report: event =>
      call('/v1/events', keys.cause, {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents+json' },
        body: JSON.stringify({ specversion: '1.0', source: '/test/web', ...event }),
      }),
    async stop() {
      await tocsin.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

export type Process = {
  /** What the process has printed so far, both streams. */
  output(): string
  /** Waits until the process has printed something. */
  printed(pattern: RegExp, msMax: number): Promise<RegExpExecArray>
  /** The exit code. */
  ended: Promise<number | null>
  /** SIGTERM, and SIGKILL when that does not end it. */
  stop(): Promise<void>
}

/** A process whose output is kept. It has this process's environment without any Tocsin setting, and what is given. */
export function run(
  command: string,
  args: string[],
  { cwd, environment }: { cwd: string; environment: Record<string, string> },
): Process {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(TOCSIN_|DATABASE_URL|VITEST|NODE_ENV)/.test(name)),
  )
  const child: ChildProcess = spawn(command, args, { cwd, env: { ...inherited, ...environment } })
  let text = ''
  const waiting = new Set<() => void>()
  const hear = (chunk?: Buffer) => {
    text += chunk ?? ''
    for (const look of waiting) look()
  }
  child.stdout!.on('data', hear)
  child.stderr!.on('data', hear)
  const ended = new Promise<number | null>(resolve => {
    child.once('close', resolve)
    child.once('error', error => {
      text += error.message
      resolve(null)
    })
  })
  return {
    output: () => text,
    ended,
    printed(pattern, msMax) {
      return new Promise((resolve, reject) => {
        const fail = (why: string) =>
          done(() => reject(new Error(`${command} ${why} before it printed ${pattern}:\n${text}`)))
        const timer = setTimeout(() => fail(`took more than ${msMax} ms`), msMax)
        const done = (then: () => void) => {
          clearTimeout(timer)
          waiting.delete(look)
          then()
        }
        const look = () => {
          const found = pattern.exec(text)
          if (found) done(() => resolve(found))
        }
        waiting.add(look)
        void ended.then(() => fail('ended'))
        look()
      })
    },
    async stop() {
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
      await ended
      clearTimeout(force)
    },
  }
}

/** Asks until the answer is there; fails with the last thing that was seen. */
export async function eventually<T>(ask: () => Promise<T>, isThere: (value: T) => boolean, msMax = 15_000): Promise<T> {
  const end = performance.now() + msMax
  for (;;) {
    const value = await ask()
    if (isThere(value)) return value
    if (performance.now() > end) throw new Error(`not within ${msMax} ms; last seen: ${JSON.stringify(value)}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** A port that nobody listened on a moment ago, for programs that cannot choose one and say so. */
export function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type pg from 'pg'
import pino from 'pino'
import { afterAll, vi } from 'vitest'
import { type ConfigFile, loadConfig } from '../src/config.ts'
import { type Running, start } from '../src/main.ts'
import { execute, freshDatabase, freshDirectory } from './postgres.ts'

export const apiKey = 'key-that-sends'
export const causeKey = 'key-that-reports'
export const adminKey = 'key-that-operates'
export const smtpUser = 'shop'
export const smtpPassword = 'a long password'

/** Whatever is sent goes: what a test of the wire wants to see is not held back. */
export const openHouse: ConfigFile = {
  trustedNetworks: ['127.0.0.0/8'],
  classes: { other: { mode: 'observe', budgetPerHour: { open: 1_000_000 } } },
  caps: { open: { perHour: 65_000, perDay: 65_000 } },
}

export type ProductOptions = {
  config?: ConfigFile
  /** Ports of SMTP servers on this machine; none: the local mailbox. */
  upstreams?: number[]
  env?: Record<string, string>
  /** An existing one; else one of its own with the newest schema. */
  database?: pg.ClientConfig
}

export type Answer = { status: number; headers: Headers; body: Record<string, unknown>; text: string }

/** The whole product, started in this process as `npx tocsin up` starts it, on a database of its own. */
export class Product {
  readonly dataDir = freshDirectory()
  /** Log lines as written, without their line ends. */
  readonly logs: string[] = []
  database!: pg.ClientConfig
  running!: Running
  #environment!: Record<string, string>

  static async start(options: ProductOptions = {}): Promise<Product> {
    const product = new Product()
    product.database = options.database ?? (await freshDatabase())
    product.#environment = environmentOf(product.dataDir, { DATABASE_URL: urlOf(product.database) }, options)
    await product.restart()
    products.push(product)
    return product
  }

  async restart(): Promise<void> {
    await this.running?.stop()
    const log = pino({ level: 'trace', base: null }, { write: line => void this.#keep(line) })
    this.running = await start(await loadConfig(this.#environment), log)
  }

  async stop(): Promise<void> {
    await this.running.stop()
  }

  #keep(text: string): void {
    this.logs.push(...text.replace(/\n$/, '').split('\n'))
  }

  async ask(path: string, init: RequestInit & { key?: string } = {}): Promise<Answer> {
    const { key = apiKey, headers, ...rest } = init
    const response = await fetch(this.running.httpUrl + path, {
      ...rest,
      headers: { authorization: `Bearer ${key}`, ...(headers as Record<string, string>) },
    })
    const text = await response.text()
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : {}, text }
  }

  /** `POST /v1/messages`. */
  send(message: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const body = JSON.stringify(message)
    return this.ask('/v1/messages', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    })
  }

  /** `POST /v1/messages/batch`; the result lines, parsed. */
  async sendBatch(body: string | Uint8Array): Promise<Record<string, unknown>[]> {
    const headers = { 'content-type': 'application/x-ndjson' }
    const { text } = await this.ask('/v1/messages/batch', {
      method: 'POST',
      body: body as NonNullable<RequestInit['body']>,
      headers,
    })
    return text
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line) as Record<string, unknown>)
  }

  /** A connection to the SMTP port, its greeting and EHLO behind it. */
  smtp(): Promise<SmtpClient> {
    return SmtpClient.open(this.running.smtpPort)
  }

  /** Waits until every message that was decided has come to its end; how many there are, by state. */
  async settled(): Promise<Record<string, number>> {
    return vi.waitFor(
      async () => {
        const head = (await this.query('select max(position)::int as head from journal where partition = 0')).rows[0]
          .head as number
        const seen = (await this.query('select position::int from register_cursor')).rows[0]?.position as number
        if (seen < head) throw new Error('the register is behind')
        const { rows } = await this.query('select state, count(*)::int as count from register_message group by state')
        const states = Object.fromEntries(rows.map(({ state, count }) => [state, count])) as Record<string, number>
        const moving = (states.queued ?? 0) + (states.unknown ?? 0) + (states.waiting ?? 0)
        if (moving > 0) throw new Error(`${moving} messages have not come to their end: ${JSON.stringify(states)}`)
        return states
      },
      { timeout: 25_000, interval: 50 },
    )
  }

  query(text: string): Promise<pg.QueryResult> {
    return execute(this.database, text)
  }
}

const products: Product[] = []
afterAll(async () => {
  for (const product of products) await product.stop()
})

function environmentOf(
  directory: string,
  more: Record<string, string>,
  { config = openHouse, upstreams = [], env = {} }: ProductOptions,
): Record<string, string> {
  const file = join(directory, 'tocsin.config.mjs')
  writeFileSync(file, `export default ${JSON.stringify(config)}\n`)
  return {
    TOCSIN_HTTP_PORT: '0',
    TOCSIN_SMTP_PORT: '0',
    TOCSIN_DATA_DIR: join(directory, 'data'),
    TOCSIN_CONFIG: file,
    TOCSIN_API_KEY: apiKey,
    TOCSIN_CAUSE_KEY: causeKey,
    TOCSIN_ADMIN_KEY: adminKey,
    TOCSIN_SMTP_CREDENTIAL: `${smtpUser}:${smtpPassword}`,
    TOCSIN_UPSTREAM: upstreams.length === 0 ? 'mailbox:' : upstreams.map(port => `smtp://127.0.0.1:${port}`).join(),
    ...more,
    ...env,
  }
}

const cli = join(import.meta.dirname, '..', 'src', 'cli', 'tocsin.ts')

/** The product as a process of its own, `tocsin up`, so that its memory and its clock are its own. Embedded database unless `env` names one. */
export class ProductProcess {
  readonly process: ChildProcess
  readonly logs: string[] = []
  httpUrl = ''
  smtpPort = 0

  private constructor(environment: Record<string, string>) {
    this.process = spawn(process.execPath, [cli, 'up'], {
      env: { PATH: process.env.PATH, ...environment },
      cwd: environment.TOCSIN_DATA_DIR!.replace(/\/data$/, ''),
    })
    this.process.stderr!.on('data', chunk => void this.logs.push(...String(chunk).split('\n').filter(Boolean)))
  }

  static async start(directory: string, options: ProductOptions = {}): Promise<ProductProcess> {
    const product = new ProductProcess(environmentOf(directory, {}, options))
    processes.push(product)
    let said = ''
    await new Promise<void>((resolve, reject) => {
      product.process.stdout!.on('data', chunk => {
        said += chunk
        if (said.includes('Send a first mail')) resolve()
      })
      product.process.once('exit', () => reject(new Error(`tocsin ended: ${product.logs.join('\n')}`)))
    })
    product.httpUrl = /http:\/\/\S+?:\d+/.exec(said)![0]
    product.smtpPort = Number(/SMTP +\S+:(\d+)/.exec(said)![1])
    return product
  }

  send(message: object, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.httpUrl}/v1/messages`, {
      method: 'POST',
      body: JSON.stringify(message),
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
    })
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const ended = once(this.process, 'exit')
    this.process.kill('SIGKILL')
    await ended
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const ended = once(this.process, 'exit')
    this.process.kill('SIGTERM')
    await ended
  }
}

const processes: ProductProcess[] = []
afterAll(async () => {
  for (const product of processes) await product.stop()
})

export function urlOf({ user, password, host, port, database }: pg.ClientConfig): string {
  const secret = encodeURIComponent(typeof password === 'string' ? password : '')
  return `postgresql://${user}:${secret}@localhost:${port}/${database}?host=${encodeURIComponent(host!)}`
}

/** A client that sends what it is told, to the byte, and gives the replies one after the other. */
export class SmtpClient {
  readonly socket: Socket
  #text = ''
  #wake = () => {}

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => {}) // 'close' follows.
    socket.on('close', () => this.#wake())
    socket.on('data', chunk => {
      this.#text += chunk.toString('latin1')
      this.#wake()
    })
  }

  static async open(port: number, ehlo = 'EHLO client.example.org'): Promise<SmtpClient> {
    const client = new SmtpClient(connect({ host: '127.0.0.1', port }))
    await client.reply()
    await client.say(ehlo)
    return client
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** The next whole reply, its last line; '' when the other side has closed. */
  async reply(): Promise<string> {
    for (;;) {
      const found = /^(?:\d{3}-[^\r]*\r\n)*(\d{3} [^\r]*)\r\n/.exec(this.#text)
      if (found) {
        this.#text = this.#text.slice(found[0].length)
        return found[1]!
      }
      if (this.socket.destroyed) return ''
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  say(line: string): Promise<string> {
    this.write(`${line}\r\n`)
    return this.reply()
  }

  /** A whole mail; the reply to the step that ended it. `data` has its dots stuffed here, and gets its terminator. */
  async mail(data: string | Buffer, { from = 'app@example.org', to = 'someone@example.net' } = {}): Promise<string> {
    for (const line of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA']) {
      const reply = await this.say(line)
      if (/^[45]/.test(reply)) {
        await this.say('RSET')
        return reply
      }
    }
    this.write(stuffed(typeof data === 'string' ? Buffer.from(data, 'latin1') : data))
    this.write('.\r\n')
    return this.reply()
  }

  login(user = smtpUser, password = smtpPassword): Promise<string> {
    return this.say(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`)
  }

  close(): void {
    this.socket.destroy()
  }
}

function stuffed(data: Buffer): Buffer {
  if (data[0] !== 0x2e && !data.includes('\r\n.')) return data
  return Buffer.from(data.toString('latin1').replaceAll(/(^|\r\n)\./g, '$1..'), 'latin1')
}

/** Resident memory of a process now and at its highest, MB. Linux only. */
export function memoryOf(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const of = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)![1]) / 1024
  return { now: of('VmRSS'), peak: of('VmHWM') }
}

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeOperatorKey } from '../../src/inbound/keys.ts'

/** How many messages may be with the upstream at once, and so how many each kill may have repeated. */
export const inFlightMax = 16

const open = 1_000_000_000
const wide = { perHour: 65_000, perDay: 65_000 }
const budgets = { reserved: open, open, system: open, campaign: open }
/** What a correction says, approved ahead. */
export const correctionText = { name: 'sent-in-error', subject: 'correction', text: 'We sent it in error.' }
const policy = {
  inFlightMax,
  // Often enough for kills to fall into seals.
  ledger: { everyMs: 1000 },
  correctionTexts: { [correctionText.name]: { subject: correctionText.subject, text: correctionText.text } },
  caps: { reserved: wide, open: wide, system: wide, campaign: wide },
  classes: {
    other: { budgetPerHour: budgets },
    'password-reset': { budgetPerHour: budgets, causes: { requirement: 'required' } },
  },
}

export type Target = 'tocsin' | 'postmaster' | 'postgres' | 'both' | 'upstream'

/** The three parts that crash: Tocsin as a user runs it, its PostgreSQL, and the provider. All of it ends with `close`. */
export class Parts {
  readonly directory = mkdtempSync(join(tmpdir(), 'tocsin-campaign-'))
  readonly keys = { api: token(), cause: token(), admin: token(), smtp: token() }
  /** The second of two people. */
  readonly ana = makeOperatorKey()
  /** What the provider took, one JSON object a line. */
  readonly taken = `${this.directory}.upstream.log`
  ports!: { http: number; smtp: number; upstream: number }
  #tocsin: ChildProcess | undefined
  #upstream: ChildProcess | undefined
  #closing = false
  readonly #log = `${this.directory}.tocsin.log`

  static async start(): Promise<Parts> {
    const parts = new Parts()
    const [http, smtp, upstream] = await Promise.all([freePort(), freePort(), freePort()])
    parts.ports = { http: http!, smtp: smtp!, upstream: upstream! }
    const operators = [{ name: 'Ana', keyHash: parts.ana.keyHash }]
    const config = { ...policy, operators }
    writeFileSync(`${parts.directory}.config.mjs`, `export default ${JSON.stringify(config)}\n`)
    writeFileSync(parts.taken, '')
    await parts.startUpstream()
    parts.startTocsin()
    return parts
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.http}`
  }

  /** The process itself rather than its launcher, which would survive. Started again whenever it ends. */
  startTocsin(): void {
    if (this.#closing) return
    const log = openSync(this.#log, 'a')
    const root = resolve(import.meta.dirname, '../..')
    const child = spawn(process.execPath, ['src/cli/tocsin.ts', 'up'], {
      cwd: root,
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env.PATH,
        TOCSIN_DATA_DIR: this.directory,
        TOCSIN_HTTP_PORT: String(this.ports.http),
        TOCSIN_SMTP_PORT: String(this.ports.smtp),
        TOCSIN_UPSTREAM: `smtp://127.0.0.1:${this.ports.upstream}`,
        TOCSIN_API_KEY: this.keys.api,
        TOCSIN_CAUSE_KEY: this.keys.cause,
        TOCSIN_ADMIN_KEY: this.keys.admin,
        TOCSIN_SMTP_CREDENTIAL: `campaign:${this.keys.smtp}`,
        TOCSIN_CONFIG: `${this.directory}.config.mjs`,
        TOCSIN_LOG: 'warn',
      },
    })
    this.#tocsin = child
    child.once('exit', () => {
      if (this.#tocsin === child) setTimeout(() => this.startTocsin(), restartMs)
    })
  }

  /** What `verify ledger` finds in journal and register as they are now; nothing when all is right. */
  async registerFaults(): Promise<string[]> {
    const root = resolve(import.meta.dirname, '../..')
    const child = spawn(process.execPath, ['src/cli/tocsin.ts', 'verify', 'ledger', '--json'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, TOCSIN_DATA_DIR: this.directory },
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', piece => void (said += piece))
    const [code] = await once(child, 'close')
    return code === 0 ? [] : [`verify ledger ended with ${code}: ${said}`]
  }

  async startUpstream(): Promise<void> {
    const child = fork(join(import.meta.dirname, 'upstream.ts'), [String(this.ports.upstream), this.taken])
    this.#upstream = child
    child.once('exit', () => {
      if (!this.#closing && this.#upstream === child) setTimeout(() => void this.startUpstream(), restartMs)
    })
    await Promise.race([once(child, 'message'), once(child, 'exit')])
  }

  /** Kill -9; false when there was nothing to kill. */
  kill(target: Target): boolean {
    const postmaster = this.#postmaster()
    const backends = postmaster === undefined ? [] : childrenOf(postmaster)
    switch (target) {
      case 'tocsin':
        return kill(this.#tocsin?.pid)
      case 'upstream':
        return kill(this.#upstream?.pid)
      case 'postmaster':
        return kill(postmaster)
      case 'postgres':
        return [postmaster, ...backends].map(kill).includes(true)
      case 'both':
        return [this.#tocsin?.pid, postmaster, ...backends].map(kill).includes(true)
    }
  }

  /** The server of our data directory, by its own pid file. */
  #postmaster(): number | undefined {
    try {
      const pid = Number.parseInt(readFileSync(join(this.directory, 'postgres', 'postmaster.pid'), 'utf8'), 10)
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(this.directory) ? pid : undefined
    } catch {
      return undefined // It is down.
    }
  }

  /** The last lines that Tocsin wrote, for a report of what went wrong. */
  lastWords(): string {
    return readFileSync(this.#log, 'utf8').split('\n').slice(-15).join('\n')
  }

  async close({ keep = false }: { keep?: boolean } = {}): Promise<void> {
    this.#closing = true
    const tocsin = this.#tocsin
    if (tocsin && tocsin.exitCode === null && tocsin.signalCode === null) {
      const ended = once(tocsin, 'exit')
      tocsin.kill('SIGTERM')
      await Promise.race([ended, sleep(stopMsMax, undefined, { ref: false })])
    }
    this.endNow()
    if (!keep)
      for (const name of ['', '.upstream.log', '.tocsin.log', '.config.mjs'])
        rmSync(`${this.directory}${name}`, { recursive: true, force: true })
  }

  /** Without waiting for anything: for the end of this process. */
  endNow(): void {
    this.#closing = true
    this.kill('both')
    this.kill('upstream')
  }
}

const restartMs = 20
const stopMsMax = 20_000

const token = (): string => randomBytes(18).toString('base64url')

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

function kill(pid: number | undefined): boolean {
  if (pid === undefined) return false
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false // It has ended by itself.
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => {
      try {
        // The parent follows the name, which is in parentheses and may hold spaces.
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent
      } catch {
        return false
      }
    })
}

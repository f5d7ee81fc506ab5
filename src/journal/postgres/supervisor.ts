import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { open, readFile, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Binaries } from './binaries.ts'
import { type Cluster, notStartable, placeOf, serverEnvironment } from './cluster.ts'
import type { Log } from './embedded.ts'
import { endServer, isRunning } from './processes.ts'

/** Recovery after a crash replays up to `max_wal_size`; a slow disk takes minutes for that. */
const readyMsMax = 10 * 60_000
const pollMs = 10
const backOffMsMin = 100
const backOffMsMax = 10_000
/** A server that has run this long has not failed to start: the next failure begins with the shortest wait again. */
const steadyMs = 60_000
const logBytesMax = 10 * 1024 * 1024
const shownLinesMax = 8

type Options = { cluster: Cluster; settings: Record<string, string>; binaries: Binaries; log: Log }

/** Keeps one postmaster running. */
export class Supervisor {
  readonly #cluster: Cluster
  readonly #arguments: string[]
  readonly #binaries: Binaries
  readonly #log: Log
  readonly #stopping = new AbortController()
  #child: ChildProcess | undefined
  #keeping: Promise<void> | undefined

  constructor({ cluster, settings, binaries, log }: Options) {
    this.#cluster = cluster
    this.#binaries = binaries
    this.#log = log
    const named = Object.entries({ ...settings, cluster_name: cluster.name })
    this.#arguments = ['-D', placeOf(cluster), ...named.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Start, and come back when the server takes connections. Throws `StartupFault`; from then on failures only lead to another try. */
  async start(): Promise<void> {
    const child = await this.#startOnce()
    this.#keeping = this.#keep(child)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#keeping
    await endServer(this.#cluster.name)
  }

  /** End what an earlier Tocsin left behind: a server that outlived it, or parts of one. */
  async endEarlier(): Promise<void> {
    const was = await endServer(this.#cluster.name)
    if (was === 'ended') this.#log.warn({}, 'processes of a PostgreSQL left on this data directory were ended')
    await this.#removeStalePidFile()
  }

  /** After `endEarlier` no server runs here. PostgreSQL still believes in a pid file whose number another process has got since. */
  async #removeStalePidFile(): Promise<void> {
    for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
      const path = join(this.#cluster.directory, name)
      const content = await readFile(path, 'utf8').catch(() => '')
      if (isRunning(Number.parseInt(content, 10) || 0)) await rm(path, { force: true })
    }
  }

  async #startOnce(): Promise<ChildProcess> {
    const child = await this.#spawn()
    this.#child = child
    if (await this.#ready(child)) return child
    this.#child = undefined
    throw notStartable(this.#cluster, `It ended with ${ending(child)}; its last lines:\n${this.#lastLines()}`)
  }

  async #spawn(): Promise<ChildProcess> {
    const cluster = this.#cluster
    const log = await open(cluster.log, 'a', 0o600)
    if ((await log.stat()).size > logBytesMax) await truncate(cluster.log)
    // A session of its own: Ctrl-C in the terminal must not end the server before the drain has ended.
    const child = spawn(this.#binaries.postgres, this.#arguments, {
      cwd: cluster.directory,
      env: serverEnvironment,
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
      ...cluster.user,
    })
    child.on('error', error => this.#log.error({ reason: error.message }, 'PostgreSQL could not be run'))
    child.unref()
    await log.close()
    return child
  }

  /** The server says in its pid file when it is ready; line 8, see `pg_ctl`. False: it ended instead. */
  async #ready(child: ChildProcess): Promise<boolean> {
    const ended = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null
    const isReady = () => {
      const lines = readIfThere(join(this.#cluster.directory, 'postmaster.pid')).split('\n')
      return lines[0] === String(child.pid) && lines[7]?.trim() === 'ready'
    }
    const end = performance.now() + readyMsMax
    while (!ended() && !isReady() && performance.now() < end) await delay(pollMs)
    return !ended() && isReady()
  }

  async #keep(first: ChildProcess): Promise<void> {
    let child: ChildProcess | undefined = first
    let waitMs = backOffMsMin
    while (!this.#stopping.signal.aborted) {
      const since = performance.now()
      if (child) await this.#end(child)
      if (this.#stopping.signal.aborted) return
      if (performance.now() - since > steadyMs) waitMs = backOffMsMin
      await delay(waitMs, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => {})
      waitMs = Math.min(2 * waitMs, backOffMsMax)
      child = await this.#restart()
    }
  }

  /** Until the server ends, or we are to stop. */
  async #end(child: ChildProcess): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      await once(child, 'exit', { signal: this.#stopping.signal }).catch(() => {})
    }
    if (this.#stopping.signal.aborted) return
    this.#child = undefined
    this.#log.error({ ended: ending(child) }, 'PostgreSQL ended by itself and is started again')
  }

  async #restart(): Promise<ChildProcess | undefined> {
    if (this.#stopping.signal.aborted) return undefined
    try {
      await this.endEarlier()
      const child = await this.#startOnce()
      this.#log.info({ pid: child.pid }, 'PostgreSQL runs again')
      return child
    } catch (error) {
      this.#log.error({ reason: error instanceof Error ? error.message : String(error) }, 'PostgreSQL is still down')
      return undefined
    }
  }

  #lastLines(): string {
    return readIfThere(this.#cluster.log).trimEnd().split('\n').slice(-shownLinesMax).join('\n')
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // Not written yet, or gone with the server.
  }
}

const ending = (child: ChildProcess): string =>
  child.signalCode ? `signal ${child.signalCode}` : child.exitCode === null ? 'no start' : `exit code ${child.exitCode}`

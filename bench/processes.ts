// What a benchmark starts, it ends: every process and every directory of a run is registered here the moment it exists.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processesNaming, treeOf } from './usage.ts'

const stopWaitMsMax = 20_000
const diagnosticsBytesMax = 4_000
/** Where a run keeps what must be durable: not /tmp, which may be memory, where an fsync costs nothing. */
export const scratchRoot = existsSync('/var/tmp') ? '/var/tmp' : tmpdir()
const endings = new Set<() => void>()

function endAll() {
  for (const end of [...endings].reverse()) end()
  endings.clear()
}

process.on('exit', endAll)
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

/** Runs `end` when this process exits, however it does; the returned function takes it back. `end` must not be asynchronous. */
export function atEnd(end: () => void): () => void {
  endings.add(end)
  return () => endings.delete(end)
}

/**
 * A directory of the run, removed at its end; traversable by the other users that a relay runs as. A process whose command line names the directory is killed before it is removed.
 */
export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(scratchRoot, 'tocsin-bench-'))
  chmodSync(path, 0o711)
  const end = () => {
    kill(treeOf(processesNaming(path)))
    rmSync(path, { recursive: true, force: true, maxRetries: 3 })
  }
  const forget = atEnd(end)
  return {
    path,
    remove: () => {
      forget()
      end()
    },
  }
}

/** A port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a listening TCP server has a port')
  return address.port
}

export interface Started {
  pid: number
  child: ChildProcess
  /** What it last wrote, for the message of a failure. */
  said: () => string
  /** Resolves with the exit code, or the signal's name. */
  ended: Promise<number | string>
}

/** Starts a process that dies with this one. Its output is kept for diagnostics unless `options.stdio` sends it elsewhere. */
export function start(command: string, args: string[], options: SpawnOptions = {}): Started {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-diagnosticsBytesMax)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const ended = new Promise<number | string>(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? code ?? 'unknown'))
  })
  const pid = child.pid
  if (pid === undefined) throw new Error(`${command} could not be started`)
  const forget = atEnd(() => kill(treeOf([pid])))
  ended.then(forget)
  return { pid, child, said: () => output.trim(), ended }
}

/** Runs a command to its end. */
export async function run(command: string, args: string[], options: SpawnOptions = {}) {
  const started = start(command, args, options)
  const code = await started.ended
  if (code !== 0) throw new Error(`${command} ${args[0] ?? ''} ended with ${code}: ${started.said()}`)
  return started.said()
}

/** Asks a process to end by SIGTERM, waits, and kills what is left of its tree. */
export async function stop(started: Started) {
  const tree = treeOf([started.pid])
  started.child.kill('SIGTERM')
  const waited = await Promise.race([started.ended, sleep(stopWaitMsMax, 'late', { ref: false })])
  if (waited === 'late')
    process.stderr.write(`  process ${started.pid} did not end within ${stopWaitMsMax / 1000} s: killed\n`)
  kill(tree)
}

function kill(pids: Iterable<number>) {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It had already ended.
    }
  }
}

/** Waits until `ready` says yes; fails with what the process said when it ends before, or after `seconds`, and ends it. */
export async function until(what: string, ready: () => Promise<boolean> | boolean, seconds: number, by?: Started) {
  let over: number | string | undefined
  by?.ended.then(code => {
    over = code
  })
  const deadline = performance.now() + seconds * 1000
  while (!(await ready())) {
    if (over !== undefined) throw new Error(`${what}: the process ended with ${over}: ${by?.said()}`)
    if (performance.now() > deadline) {
      if (by) await stop(by)
      throw new Error(`${what}: not within ${seconds} s. ${by?.said() ?? ''}`)
    }
    await sleep(20)
  }
}

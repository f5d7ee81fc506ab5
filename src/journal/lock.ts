import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, StartupFault } from './startup-fault.ts'

const lockName = 'tocsin.lock'
/** Starters that keep taking a stale lock from each other are not real; more rounds than this are a fault. */
const roundsMax = 10

/** A process that cannot be mistaken for a later one with the same id. */
type Holder = { pid: number; startedAt: string }

export type DataDirLock = { release(): Promise<void> }

/**
 * Take a data directory for this process. The lock is a file that names process and start time, so that what a killed process left behind, or
 * a process id that has been given to another since, does not keep anyone out. Throws `StartupFault` `data-dir-in-use` when a living Tocsin
 * holds it. Two machines on one network file system are not kept apart.
 */
export async function lockDataDir(dataDir: string): Promise<DataDirLock> {
  const path = join(dataDir, lockName)
  const mine = JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) })
  for (let round = 0; round < roundsMax; round++) {
    if (await create(path, mine)) return { release: () => removeIfMine(path, mine) }
    const found = await readIfThere(path)
    if (found === undefined) continue
    const holder = parse(found)
    if (holder && isAlive(holder)) throw inUse(dataDir, holder)
    await removeStale(path, found)
  }
  throw new Error(`${path} changed hands ${roundsMax} times`)
}

/** Link, unlike open and write, makes the file appear with its content. */
async function create(path: string, content: string): Promise<boolean> {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(fresh, content, { mode: 0o600, flag: 'wx' })
  try {
    await link(fresh, path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await unlink(fresh)
  }
}

/** Move it aside first: had another starter replaced it meanwhile, we would hold theirs in hand, and give it back. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return
    throw error
  }
  if ((await readIfThere(aside)) !== stale) await link(aside, path)
  await unlink(aside)
}

async function removeIfMine(path: string, mine: string): Promise<void> {
  if ((await readIfThere(path)) === mine) await unlink(path)
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(error => (errnoOf(error) === 'ENOENT' ? undefined : Promise.reject(error)))
}

function parse(content: string): Holder | undefined {
  try {
    const { pid, startedAt } = JSON.parse(content)
    return Number.isSafeInteger(pid) && typeof startedAt === 'string' ? { pid, startedAt } : undefined
  } catch {
    return undefined // Not ours, or cut short by a full disk: nobody holds it.
  }
}

const isAlive = (holder: Holder): boolean => startOf(holder.pid) === holder.startedAt

/** When a process started, as its system tells it: opaque, the same for the process's whole life. `undefined`: no such process. */
function startOf(pid: number): string | undefined {
  return process.platform === 'linux' ? startOnLinux(pid) : startElsewhere(pid)
}

function startOnLinux(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // Field 22, counted after the command, which is in parentheses and may hold anything; proc_pid_stat(5).
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const isZombie = fields[0] === 'Z'
    return isZombie ? undefined : `${boot}/${fields[19]}`
  } catch {
    return undefined // Gone, also when it went while we read.
  }
}

function startElsewhere(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined // ps exits 1 for a process that is not there.
  }
}

const inUse = (dataDir: string, holder: Holder): StartupFault =>
  new StartupFault(
    'data-dir-in-use',
    `${dataDir} is in use by another Tocsin, process ${holder.pid}. One data directory serves one Tocsin: ` +
      'stop the other, or set TOCSIN_DATA_DIR to another directory.',
  )

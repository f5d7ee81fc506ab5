// What a process tree uses, from Linux' /proc. Elsewhere every figure is absent.
import { readdirSync, readFileSync } from 'node:fs'

const clockTicksPerSecond = 100
const sampleEveryMs = 500

/** fields of proc_pid_stat(5), counted after the command's name, which may itself hold blanks and brackets */
const statField = { parent: 1, user: 11, system: 12, childrenUser: 13, childrenSystem: 14 }

function read(path: string) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // the process has ended, or is not ours to read
  }
}

function stat(pid: number): number[] | undefined {
  const text = read(`/proc/${pid}/stat`)
  return text
    ?.slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
}

function allProcesses(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

/** The processes whose command line names `path`: a database server in a session of its own is found by its data directory. */
export function processesNaming(path: string): number[] {
  return allProcesses().filter(pid => pid !== process.pid && read(`/proc/${pid}/cmdline`)?.includes(path))
}

/** The given processes and all that descend from them. */
export function treeOf(roots: number[]): number[] {
  const parents = new Map(allProcesses().map(pid => [pid, stat(pid)?.[statField.parent]]))
  const tree = new Set(roots)
  for (let size = -1; size !== tree.size; ) {
    size = tree.size
    for (const [pid, parent] of parents) if (parent !== undefined && tree.has(parent)) tree.add(pid)
  }
  return [...tree]
}

/** CPU seconds, user and system, of the living tree and of its members that ended and were waited for. */
export function cpuSeconds(roots: number[]): number {
  let ticks = 0
  for (const pid of treeOf(roots)) {
    const fields = stat(pid)
    if (!fields) continue
    const { user, system, childrenUser, childrenSystem } = statField
    for (const field of [user, system, childrenUser, childrenSystem]) ticks += fields[field] ?? 0
  }
  return ticks / clockTicksPerSecond
}

/** Memory of the tree now, MiB: proportional set size, so that pages which processes share count once. */
function memoryMiB(roots: number[]): number {
  let kibibytes = 0
  for (const pid of treeOf(roots)) {
    const pss = /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')
    kibibytes += Number(pss?.[1] ?? 0)
  }
  return kibibytes / 1024
}

/** Samples a tree's memory until asked for the peak. */
export function watchMemory(roots: () => number[]): () => number {
  let peak = 0
  const sample = () => {
    peak = Math.max(peak, memoryMiB(roots()))
  }
  const timer = setInterval(sample, sampleEveryMs)
  return () => {
    clearInterval(timer)
    sample()
    return peak
  }
}

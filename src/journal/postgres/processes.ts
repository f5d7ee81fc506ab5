import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const pollMs = 20
/** How long a server may take to end its sessions and write its checkpoint before it is stopped without. */
const fastStopMsMax = 60_000
const immediateStopMsMax = 5_000
const killMsMax = 5_000

type ServerProcess = { pid: number; isPostmaster: boolean }

/**
 * End every process of the server with this `cluster_name`, the gentle way first. PostgreSQL shows the name in the title of each of its
 * processes, so that they are found without a pid file, also when their postmaster was killed.
 */
export async function endServer(clusterName: string): Promise<'none-found' | 'ended'> {
  const found = findServer(clusterName)
  if (found.length === 0) return 'none-found'
  const gone = () => findServer(clusterName).length === 0
  const postmasters = found.filter(process => process.isPostmaster).map(process => process.pid)
  if (postmasters.length > 0 && (await endPostmaster(postmasters, gone))) return 'ended'
  // Without a postmaster nothing can be kept: the others notice and leave, and what hangs is killed. The log has what was committed.
  if (await eventually(gone, immediateStopMsMax)) return 'ended'
  for (const process of findServer(clusterName)) signal(process.pid, 'SIGKILL')
  if (await eventually(gone, killMsMax)) return 'ended'
  throw new Error(`processes of ${clusterName} survive SIGKILL`)
}

/**
 * SIGINT is the fast shutdown, SIGQUIT the immediate one; PostgreSQL 18 documentation, section 18.5. There can seem to be several: a child
 * looks like its postmaster until it has set its title.
 */
async function endPostmaster(pids: number[], gone: () => boolean): Promise<boolean> {
  for (const pid of pids) signal(pid, 'SIGINT')
  if (await eventually(gone, fastStopMsMax)) return true
  for (const pid of pids) signal(pid, 'SIGQUIT')
  return eventually(gone, immediateStopMsMax)
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone already.
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

export async function eventually(holds: () => boolean, msMax: number): Promise<boolean> {
  const end = performance.now() + msMax
  while (!holds()) {
    if (performance.now() > end) return false
    await delay(pollMs)
  }
  return true
}

function findServer(clusterName: string): ServerProcess[] {
  const commands = process.platform === 'linux' ? commandsOnLinux() : commandsElsewhere()
  return commands.flatMap(({ pid, command }) => {
    const isPostmaster = command.includes('/postgres ') && command.includes(`cluster_name=${clusterName}`)
    const isChild = command.startsWith(`postgres: ${clusterName}:`)
    return isPostmaster || isChild ? [{ pid, isPostmaster }] : []
  })
}

type Command = { pid: number; command: string }

/** Not by /proc/PID/cwd: in a container even root may not read that of another user. A zombie has an empty command line. */
function commandsOnLinux(): Command[] {
  return readdirSync('/proc').flatMap(name => {
    const pid = Number(name)
    if (!Number.isInteger(pid)) return []
    try {
      return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ') }]
    } catch {
      return [] // Ended while we looked.
    }
  })
}

function commandsElsewhere(): Command[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' }).split('\n')
  return lines.map(line => {
    const [, pid = '0', command = ''] = /^\s*(\d+) (.*)$/.exec(line) ?? []
    return { pid: Number(pid), command }
  })
}

import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, statfs, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { asStartupFault, openDataDir } from '../data-dir.ts'
import { StartupFault } from '../startup-fault.ts'
import { findBinaries } from './binaries.ts'
import { type Cluster, checkVersion, initializeCluster, locateCluster, passwordPath, role } from './cluster.ts'
import { endServer } from './processes.ts'
import { serverSettings } from './settings.ts'
import { Supervisor } from './supervisor.ts'

export { StartupFault } from '../startup-fault.ts'

/** The part of pino that we use. */
export type Log = Record<'info' | 'warn' | 'error', (fields: object, text: string) => void>

export type EmbeddedServer = {
  /** For `pg`: a unix socket, the role and its generated password. */
  config: pg.ClientConfig
  /** Such as `18.4`. */
  version: string
  /** Of the postmaster that runs now; another one after it was restarted, `undefined` in between. */
  readonly pid: number | undefined
  /** Ends all sessions, writes the checkpoint, ends the server and gives the data directory back. */
  stop(): Promise<void>
}

const database = 'tocsin'
/** What a new cluster, its first log files and a little traffic need. */
const freshBytesMin = 256 * 1024 * 1024
/** Two files of the server's log: with less it cannot start after a crash. */
const restartBytesMin = 32 * 1024 * 1024
/** A socket's address has room for 108 bytes on Linux and 104 elsewhere, with its final zero; unix(7). */
const socketPathBytesMax = 103

/**
 * Run PostgreSQL from the npm binaries on `dataDir`, for this process only, until `stop`. Makes the cluster on first use, ends what an earlier
 * Tocsin that was killed left running, and restarts the server when it dies. Takes the directory's lock. Throws `StartupFault`.
 * `settings` override single server settings, for tests and benchmarks.
 */
export async function startEmbedded(options: {
  dataDir: string
  log: Log
  settings?: Record<string, string>
}): Promise<EmbeddedServer> {
  const dataDir = resolve(options.dataDir)
  const lock = await openDataDir(dataDir)
  try {
    return await startLocked(dataDir, options, lock.release)
  } catch (error) {
    await lock.release()
    throw asStartupFault(error, dataDir)
  }
}

async function startLocked(
  dataDir: string,
  options: { log: Log; settings?: Record<string, string> },
  release: () => Promise<void>,
): Promise<EmbeddedServer> {
  const cluster = await locateCluster(dataDir)
  const binaries = await findBinaries({ forOthers: cluster.user !== undefined })
  const settings = { ...serverSettings, ...options.settings }
  const supervisor = new Supervisor({ cluster, settings, binaries, log: options.log })
  await supervisor.endEarlier()
  await checkSpace(cluster)
  await checkVersion(cluster, binaries)
  if (!existsSync(cluster.directory)) await initializeCluster(cluster, binaries, { durable: settings.fsync === 'on' })
  const socket = await socketDirectory(cluster.directory)
  const end = async () => {
    await supervisor.stop()
    await socket.remove()
  }
  const config = await connection(cluster, socket.path)
  try {
    await supervisor.start()
    await createDatabase(config)
  } catch (error) {
    await end()
    throw error
  }
  return {
    config,
    version: binaries.version,
    get pid() {
      return supervisor.pid
    },
    async stop() {
      await end()
      await release()
    },
  }
}

/** How a tool reaches the server that another Tocsin runs on a data directory. `close` when done. */
export async function reachRunning(dataDir: string): Promise<{ config: pg.ClientConfig; close(): Promise<void> }> {
  const cluster = await locateCluster(resolve(dataDir))
  const socket = await socketDirectory(cluster.directory)
  return { config: await connection(cluster, socket.path), close: socket.remove }
}

/**
 * End the server that a killed Tocsin left on a data directory, without starting a new one. For tests and tools: a start does it by itself.
 */
export async function endOrphan(dataDir: string): Promise<'none-found' | 'ended'> {
  return endServer((await locateCluster(dataDir)).name)
}

async function checkSpace(cluster: Cluster): Promise<void> {
  const { bavail, bsize } = await statfs(cluster.dataDir)
  const [free, needed] = [bavail * bsize, existsSync(cluster.directory) ? restartBytesMin : freshBytesMin]
  if (free >= needed) return
  const mega = (bytes: number) => Math.floor(bytes / 1024 / 1024)
  throw new StartupFault(
    'disk-full',
    `The file system of ${cluster.dataDir} has ${mega(free)} MB free; starting needs ${mega(needed)} MB. ` +
      'Free some space, or set TOCSIN_DATA_DIR to a larger file system.',
  )
}

async function connection(cluster: Cluster, host: string): Promise<pg.ClientConfig> {
  const password = await readFile(passwordPath(cluster), 'utf8')
  return { host, port: Number(serverSettings.port), user: role, password, database, ssl: false }
}

/**
 * The server names its socket relative to its own directory, so its path may have any length. Ours may not: a long one is reached over a link
 * in a private directory.
 */
async function socketDirectory(directory: string): Promise<{ path: string; remove: () => Promise<void> }> {
  if (Buffer.byteLength(join(directory, '.s.PGSQL.5432')) <= socketPathBytesMax) {
    return { path: directory, remove: async () => {} }
  }
  const short = await mkdtemp(join(tmpdir(), 'tocsin-'))
  await symlink(directory, join(short, 's'))
  return { path: join(short, 's'), remove: () => rm(short, { recursive: true, force: true }) }
}

async function createDatabase(config: pg.ClientConfig): Promise<void> {
  const client = new pg.Client({ ...config, database: 'postgres' })
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database])
    if (rowCount === 0) await client.query(`create database ${database}`)
  } finally {
    await client.end()
  }
}

import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  open,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { lockDataDir } from '../lock.ts'
import { errnoOf, StartupFault } from '../startup-fault.ts'
import { type Binaries, findBinaries } from './binaries.ts'
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

/** nobody: PostgreSQL refuses to run as root. */
const unprivileged = { uid: 65534, gid: 65534 }
const role = 'tocsin'
const database = 'tocsin'
/** What a new cluster, its first log files and a little traffic need. */
const freshBytesMin = 256 * 1024 * 1024
/** Two files of the server's log: with less it cannot start after a crash. */
const restartBytesMin = 32 * 1024 * 1024
/** A socket's address has room for 108 bytes on Linux and 104 elsewhere, with its final zero; unix(7). */
const socketPathBytesMax = 103

/** Where everything is. */
export type Cluster = {
  dataDir: string
  /** PostgreSQL's own directory. */
  directory: string
  log: string
  /** Who runs the server: someone else when we are root, else ourselves. */
  user: { uid: number; gid: number } | undefined
  /** The same for every server on this directory, and for no other. */
  name: string
}

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
  await prepareDataDir(dataDir)
  const lock = await lockDataDir(dataDir)
  try {
    return await startLocked(dataDir, options, lock.release)
  } catch (error) {
    await lock.release()
    throw meaning(error, dataDir)
  }
}

async function startLocked(
  dataDir: string,
  options: { log: Log; settings?: Record<string, string> },
  release: () => Promise<void>,
): Promise<EmbeddedServer> {
  const cluster = await locate(dataDir)
  const binaries = await findBinaries({ forOthers: cluster.user !== undefined })
  const settings = { ...serverSettings, ...options.settings }
  const supervisor = new Supervisor({ cluster, settings, binaries, log: options.log })
  await supervisor.endEarlier()
  await checkSpace(cluster)
  await checkVersion(cluster, binaries)
  if (!existsSync(cluster.directory)) await initialize(cluster, binaries)
  const socket = await socketDirectory(cluster.directory)
  await supervisor.start()
  const config = await connection(cluster, socket.path)
  const stop = async () => {
    await supervisor.stop()
    await socket.remove()
    await release()
  }
  try {
    await createDatabase(config)
  } catch (error) {
    await supervisor.stop()
    throw error
  }
  return {
    config,
    version: binaries.version,
    get pid() {
      return supervisor.pid
    },
    stop,
  }
}

async function prepareDataDir(dataDir: string): Promise<void> {
  try {
    const made = await mkdir(dataDir, { recursive: true, mode: 0o700 })
    if (made !== undefined) await chmod(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700)
    const probe = join(dataDir, `probe.${randomBytes(6).toString('hex')}`)
    await writeFile(probe, 'x', { flag: 'wx' })
    await rm(probe)
  } catch (error) {
    throw meaning(error, dataDir)
  }
}

async function locate(dataDir: string): Promise<Cluster> {
  const directory = join(dataDir, 'postgres')
  const { dev, ino } = await stat(dataDir)
  const id = createHash('sha256').update(`${dataDir} ${dev} ${ino}`).digest('hex').slice(0, 16)
  const user = process.getuid?.() === 0 ? await ownerFor(directory) : undefined
  return { dataDir, directory, log: join(dataDir, 'postgres.log'), user, name: `tocsin-${id}` }
}

/** As root, a cluster that an ordinary user made is run as that user: PostgreSQL wants to own its files. */
async function ownerFor(directory: string): Promise<{ uid: number; gid: number }> {
  const found = await stat(directory).catch(() => undefined)
  return found && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : unprivileged
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

async function checkVersion(cluster: Cluster, binaries: Binaries): Promise<void> {
  if (!existsSync(cluster.directory)) return
  const found = (await readFile(join(cluster.directory, 'PG_VERSION'), 'utf8').catch(() => 'an unknown version')).trim()
  if (found === String(binaries.major)) return
  throw new StartupFault(
    'postgres-wrong-version',
    `${cluster.directory} was made by PostgreSQL ${found}; this release of Tocsin runs PostgreSQL ${binaries.major}. Run the release that made ` +
      'it, or move the data with pg_dump and pg_restore, or start with an empty TOCSIN_DATA_DIR.',
  )
}

/** In a directory beside it, renamed when whole: a crash anywhere before the rename leaves nothing that a start would take for a cluster. */
async function initialize(cluster: Cluster, binaries: Binaries): Promise<void> {
  const unfinished = `${cluster.directory}.unfinished`
  const passwordFile = passwordPath(cluster)
  await rm(unfinished, { recursive: true, force: true })
  await rm(passwordFile, { force: true })
  await mkdir(unfinished, { mode: 0o700 })
  const pwfile = `${unfinished}.password`
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  await writeFile(pwfile, await readFile(passwordFile), { mode: 0o600 })
  if (cluster.user) for (const path of [unfinished, pwfile]) await chown(path, cluster.user.uid, cluster.user.gid)
  await runInitdb(cluster, binaries, { directory: unfinished, pwfile })
  await rm(pwfile)
  await rename(unfinished, cluster.directory)
  await syncDirectory(cluster.dataDir)
}

/**
 * Builtin locale: the same order of strings on every machine. Run inside the directory and told so by /proc/self/cwd, see `Supervisor`.
 */
async function runInitdb(
  cluster: Cluster,
  binaries: Binaries,
  { directory, pwfile }: { directory: string; pwfile: string },
): Promise<void> {
  const place = cluster.user ? '/proc/self/cwd' : directory
  const password = cluster.user ? `/proc/self/cwd/../${pwfile.slice(dirname(pwfile).length + 1)}` : pwfile
  const auth = ['--username', role, '--auth', 'scram-sha-256', '--pwfile', password]
  const form = ['--encoding', 'UTF8', '--locale-provider', 'builtin', '--locale', 'C.UTF-8', '--no-instructions']
  try {
    await promisify(execFile)(binaries.initdb, ['--pgdata', place, ...auth, ...form], {
      cwd: directory,
      env: serverEnvironment,
      ...cluster.user,
    })
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    throw notStartable(cluster, `initdb failed: ${output || error}`)
  }
}

/** Nothing of ours: PG* variables and credentials would reach the server. */
export const serverEnvironment = { LC_ALL: 'C', PATH: '/usr/bin:/bin' }

export function notStartable(cluster: Cluster, found: string): StartupFault {
  if (/No space left on device|Disk quota exceeded/.test(found)) return diskFull(cluster.dataDir)
  return new StartupFault(
    'postgres-not-startable',
    `The embedded PostgreSQL does not start. ${found}\nIts log is ${cluster.log}. ` +
      'Mend what it names, or set DATABASE_URL to a PostgreSQL server (16 or newer).',
  )
}

const passwordPath = (cluster: Cluster): string => join(cluster.dataDir, 'postgres.password')

async function connection(cluster: Cluster, host: string): Promise<pg.ClientConfig> {
  const password = await readFile(passwordPath(cluster), 'utf8')
  return { host, port: Number(serverSettings['port']), user: role, password, database, ssl: false }
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

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync()
  await handle.close()
}

/** Faults of the file system, as what they mean for a start. */
function meaning(error: unknown, dataDir: string): unknown {
  const code = errnoOf(error)
  if (error instanceof StartupFault || code === undefined) return error
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(dataDir)
  if (!['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code)) return error
  const who = process.getuid === undefined ? 'this user' : `user id ${process.getuid()}`
  return new StartupFault(
    'data-dir-not-writable',
    `${dataDir} cannot be used as data directory: ${(error as Error).message}. It must be a directory that ${who} may write. ` +
      'Change its owner or mode, or set TOCSIN_DATA_DIR to another directory.',
    { cause: error },
  )
}

const diskFull = (dataDir: string): StartupFault =>
  new StartupFault(
    'disk-full',
    `The file system of ${dataDir} is full. Free some space, or set TOCSIN_DATA_DIR to a larger file system.`,
  )

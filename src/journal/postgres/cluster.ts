import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { diskFull } from '../data-dir.ts'
import { StartupFault } from '../startup-fault.ts'
import type { Binaries } from './binaries.ts'

/** nobody: PostgreSQL refuses to run as root. */
const unprivileged = { uid: 65534, gid: 65534 }
export const role = 'tocsin'

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

export async function locateCluster(dir: string): Promise<Cluster> {
  const dataDir = resolve(dir)
  const directory = join(dataDir, 'postgres')
  // Not by its path: the same directory may be reached by several.
  const { dev, ino } = await stat(dataDir)
  const id = createHash('sha256').update(`${dev} ${ino}`).digest('hex').slice(0, 16)
  const user = process.getuid?.() === 0 ? await ownerFor(directory) : undefined
  return { dataDir, directory, log: join(dataDir, 'postgres.log'), user, name: `tocsin-${id}` }
}

/** As root, a cluster that an ordinary user made is run as that user: PostgreSQL wants to own its files. */
async function ownerFor(directory: string): Promise<{ uid: number; gid: number }> {
  const found = await stat(directory).catch(() => undefined)
  return found && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : unprivileged
}

export async function checkVersion(cluster: Cluster, binaries: Binaries): Promise<void> {
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
export async function initializeCluster(
  cluster: Cluster,
  binaries: Binaries,
  { durable }: { durable: boolean },
): Promise<void> {
  const nursery = `${cluster.directory}.unfinished`
  const [data, pwfile] = [join(nursery, 'data'), join(nursery, 'password')]
  const password = randomBytes(24).toString('base64url')
  await rm(nursery, { recursive: true, force: true })
  for (const path of [nursery, data]) await mkdir(path, { mode: 0o700 })
  await writeFile(pwfile, password, { mode: 0o600 })
  if (cluster.user) for (const path of [nursery, data, pwfile]) await chown(path, cluster.user.uid, cluster.user.gid)
  await runInitdb(cluster, binaries, { directory: data, durable })
  await writeFile(passwordPath(cluster), password, { mode: 0o600, flush: true })
  await rename(data, cluster.directory)
  await syncDirectory(cluster.dataDir)
  await rm(nursery, { recursive: true, force: true })
}

/** Builtin locale: the same order of strings on every machine. */
async function runInitdb(
  cluster: Cluster,
  binaries: Binaries,
  { directory, durable }: { directory: string; durable: boolean },
): Promise<void> {
  const place = placeOf(cluster, directory)
  const auth = ['--username', role, '--auth', 'scram-sha-256', '--pwfile', `${place}/../password`]
  const form = ['--encoding', 'UTF8', '--locale-provider', 'builtin', '--locale', 'C.UTF-8', '--no-instructions']
  const sync = durable ? [] : ['--no-sync']
  try {
    await promisify(execFile)(binaries.initdb, ['--pgdata', place, ...auth, ...form, ...sync], {
      cwd: directory,
      env: serverEnvironment,
      ...cluster.user,
    })
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    throw notStartable(cluster, `initdb failed: ${output || error}`)
  }
}

/**
 * How the server's user finds a directory that is the server's working directory. Tocsin as root hands it over as such, since the other user
 * may have no right to pass the directories above it, as below /root; /proc/self/cwd leads there without passing them.
 */
export function placeOf(cluster: Cluster, directory: string = cluster.directory): string {
  return cluster.user && process.platform === 'linux' ? '/proc/self/cwd' : directory
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

export const passwordPath = (cluster: Cluster): string => join(cluster.dataDir, 'postgres.password')

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync()
  await handle.close()
}

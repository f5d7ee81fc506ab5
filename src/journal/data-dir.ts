import { randomBytes } from 'node:crypto'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DataDirLock, lockDataDir } from './lock.ts'
import { errnoOf, StartupFault } from './startup-fault.ts'

/**
 * Make the data directory if it is not there, see that we can write to it, and take it for this process. Throws `StartupFault`
 * `data-dir-not-writable`, `data-dir-in-use` or `disk-full`. `startEmbedded` does it by itself; with a server of one's own it is called alone.
 */
export async function openDataDir(dataDir: string): Promise<DataDirLock> {
  try {
    await prepareDataDir(dataDir)
    return await lockDataDir(dataDir)
  } catch (error) {
    throw asStartupFault(error, dataDir)
  }
}

async function prepareDataDir(dataDir: string): Promise<void> {
  const made = await mkdir(dataDir, { recursive: true, mode: 0o700 })
  if (made !== undefined) await chmod(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700)
  const probe = join(dataDir, `probe.${randomBytes(6).toString('hex')}`)
  await writeFile(probe, 'x', { flag: 'wx' })
  await rm(probe)
}

/** Faults of the file system, as what they mean for a start. */
export function asStartupFault(error: unknown, dataDir: string): unknown {
  const code = errnoOf(error)
  if (error instanceof StartupFault || code === undefined) return error
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(dataDir)
  if (!['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOENT'].includes(code)) return error
  const who = process.getuid === undefined ? 'this user' : `user id ${process.getuid()}`
  return new StartupFault(
    'data-dir-not-writable',
    `${dataDir} cannot be used as data directory: ${(error as Error).message}. It must be a directory that ${who} may write. ` +
      'Change its owner or mode, or set TOCSIN_DATA_DIR to another directory.',
    { cause: error },
  )
}

export const diskFull = (dataDir: string): StartupFault =>
  new StartupFault(
    'disk-full',
    `The file system of ${dataDir} is full. Free some space, or set TOCSIN_DATA_DIR to a larger file system.`,
  )

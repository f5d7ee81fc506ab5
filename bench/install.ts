// The peers from npm have a package of their own in this folder; the product does not depend on them.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './processes.ts'

export const benchFolder = import.meta.dirname
const installed = join(benchFolder, 'node_modules', 'Haraka', 'package.json')
let asked: Promise<string | undefined> | undefined

/** `npm ci` in this folder unless that was done. Returns why the peers cannot be had, or nothing. */
export function installPeers(): Promise<string | undefined> {
  asked ??= install()
  return asked
}

async function install(): Promise<string | undefined> {
  if (existsSync(installed)) return undefined
  process.stderr.write('installing the peers (npm ci in bench/) …\n')
  try {
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: benchFolder })
    return undefined
  } catch (error) {
    return `the peers could not be installed: ${(error as Error).message}`
  }
}

// Tocsin, as a user starts it: the launcher, the embedded PostgreSQL, the committed bench configuration.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Relay, RelayContestant, Surroundings } from '../contestant.ts'
import { benchFolder } from '../install.ts'
import { freePort, start, stop, until } from '../processes.ts'
import { processesNaming } from '../usage.ts'

const startSecondsMax = 60
const probeMsMax = 1_000
const root = join(benchFolder, '..')

export interface RunningTocsin extends Relay {
  url: string
  apiKey: string
  adminKey: string
}

async function ready(url: string) {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(probeMsMax) })
    return answer.status === 200
  } catch {
    return false // not listening yet
  }
}

/** Nothing of the caller's own Tocsin reaches the one that is measured. */
function cleanEnvironment() {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('TOCSIN_') && name !== 'DATABASE_URL')
  return Object.fromEntries(own)
}

async function startTocsin({ directory, sinkPort }: Surroundings): Promise<RunningTocsin> {
  const [httpPort, smtpPort] = [await freePort(), await freePort()]
  const dataDirectory = join(directory, 'data')
  const [apiKey, adminKey] = ['bench-sending-key-000000000000000', 'bench-operator-key-00000000000000']
  const env = {
    ...cleanEnvironment(),
    TOCSIN_DATA_DIR: dataDirectory,
    TOCSIN_HTTP_PORT: `${httpPort}`,
    TOCSIN_SMTP_PORT: `${smtpPort}`,
    TOCSIN_UPSTREAM: `smtp://127.0.0.1:${sinkPort}`,
    TOCSIN_CONFIG: join(benchFolder, 'tocsin.bench.config.ts'),
    TOCSIN_API_KEY: apiKey,
    TOCSIN_ADMIN_KEY: adminKey,
    TOCSIN_FROM: 'no-reply@example.org',
  }
  const launcher = start(process.execPath, [join(root, 'bin/tocsin.js'), 'up'], { env, cwd: directory })
  const url = `http://127.0.0.1:${httpPort}`
  await until('Tocsin', () => ready(url), startSecondsMax, launcher)
  // PostgreSQL runs in a session of its own, and is found by its data directory.
  const roots = () => [launcher.pid, ...processesNaming(dataDirectory)]
  return { url, apiKey, adminKey, smtpPort, roots, stop: () => stop(launcher) }
}

export const tocsin: RelayContestant & { start: (at: Surroundings) => Promise<RunningTocsin> } = {
  name: 'tocsin',
  about: 'Tocsin with its embedded PostgreSQL, decided and durable before 250',
  absence: async () =>
    existsSync(join(root, 'src/cli/tocsin.ts')) ? undefined : 'this checkout has no src/cli/tocsin.ts to start',
  start: startTocsin,
}

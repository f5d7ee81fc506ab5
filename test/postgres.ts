/**
 * Real PostgreSQL for tests. Importing this file is enough: the server starts with the first database that a test asks for, and ends with the
 * test file.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll } from 'vitest'
import { type EmbeddedServer, endOrphan, startEmbedded } from '../src/journal/postgres/embedded.ts'
import { migrate } from '../src/journal/postgres/migrate.ts'

const prefix = 'tocsin-test-'
const template = 'template_tocsin'
/** Nothing that is tested here outlives a power cut. What is tested about crashes starts a server of its own, with the real settings. */
const settings = { fsync: 'off', shared_buffers: '32MB', max_wal_size: '256MB', min_wal_size: '64MB' }

export const quiet = { info: () => {}, warn: () => {}, error: () => {} }

let server: Promise<EmbeddedServer> | undefined
let databases = 0

/** A directory of this process under the system's temporary one; removed with the test file, or by a later run when this one is killed. */
export function freshDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
  directories.push(path)
  return path
}
const directories: string[] = []

/** The server of this test file. */
export function testServer(): Promise<EmbeddedServer> {
  return (server ??= start())
}

/** A database of one's own with the newest schema; cloned, so it is there in some 50 ms. */
export async function freshDatabase(): Promise<pg.ClientConfig> {
  const { config } = await testServer()
  const database = `test_${++databases}`
  await execute(config, `create database ${database} template ${template}`)
  return { ...config, database }
}

/** A database without any table. */
export async function emptyDatabase(): Promise<pg.ClientConfig> {
  const { config } = await testServer()
  const database = `test_${++databases}`
  await execute(config, `create database ${database}`)
  return { ...config, database }
}

/** One statement on a connection of its own. */
export async function execute(config: pg.ClientConfig, text: string, values: unknown[] = []): Promise<pg.QueryResult> {
  const client = new pg.Client(config)
  client.on('error', () => {}) // The query reports it.
  await client.connect()
  try {
    return await client.query(text, values)
  } finally {
    await client.end()
  }
}

async function start(): Promise<EmbeddedServer> {
  await sweep()
  const started = await startEmbedded({ dataDir: freshDirectory(), log: quiet, settings })
  await execute(started.config, `create database ${template}`)
  await migrate({ ...started.config, database: template })
  return started
}

/** What killed runs left. */
async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter(name => name.startsWith(prefix))) {
    if (isRunning(Number.parseInt(name.slice(prefix.length), 10))) continue
    const path = join(tmpdir(), name)
    await endOrphan(path).catch(() => {}) // Another run sweeps it as well.
    rmSync(path, { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

afterAll(async () => {
  await (await server)?.stop()
  for (const path of directories) rmSync(path, { recursive: true, force: true })
})

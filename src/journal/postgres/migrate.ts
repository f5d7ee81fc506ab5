import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'
import { StartupFault } from '../startup-fault.ts'

const sqlDirectory = new URL('../../../sql/', import.meta.url)

/** Any number will do, as long as it is the same for every Tocsin on a database. */
const migrationLock = 7_367_283_001

const takeMigrationLock = 'select pg_advisory_lock($1)'
const createMigrationTable = `
  create table if not exists migration (
    number integer primary key,
    name text not null,
    applied_at timestamptz not null default now()
  )`
const appliedMigrations = 'select coalesce(max(number), 0) as number from migration'
const recordMigration = 'insert into migration (number, name) values ($1, $2)'

export type Migration = { number: number; name: string; sql: string }

/**
 * Bring a database to the newest schema. Forward only; each file runs in its own transaction, and an advisory lock makes a second Tocsin wait.
 * Gives the names of the files that ran. Throws `StartupFault` `schema-too-new` when the database is ahead of this release.
 */
export async function migrate(config: pg.ClientConfig, migrations?: Migration[]): Promise<string[]> {
  const known = migrations ?? (await readMigrations())
  const client = new pg.Client(config)
  client.on('error', () => {}) // Its query reports the same loss.
  await client.connect()
  try {
    await client.query(takeMigrationLock, [migrationLock])
    await client.query(createMigrationTable)
    return await applyMissing(client, known)
  } finally {
    await client.end() // Gives the lock back.
  }
}

/** The migrations in a folder, `NNNN-name.sql`, numbered from 1 without gaps. */
export async function readMigrations(directory: URL = sqlDirectory): Promise<Migration[]> {
  const names = (await readdir(directory)).filter(name => /^\d{4}-[a-z0-9-]+\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(name.slice(0, 4))
      if (number !== index + 1)
        throw new Error(`sql/${name}: migrations are numbered without gaps; expected ${index + 1}`)
      return { number, name, sql: await readFile(new URL(name, directory), 'utf8') }
    }),
  )
}

async function applyMissing(client: pg.Client, known: Migration[]): Promise<string[]> {
  const { rows } = await client.query<{ number: number }>(appliedMigrations)
  const applied = rows[0]?.number ?? 0
  if (applied > known.length) {
    throw new StartupFault(
      'schema-too-new',
      `The database has schema ${applied}, this release of Tocsin knows up to ${known.length}. ` +
        'A newer Tocsin has used this database: run that release, or restore a backup from before it.',
    )
  }
  const missing = known.slice(applied)
  for (const migration of missing) await apply(client, migration)
  return missing.map(migration => migration.name)
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin')
  try {
    await client.query(migration.sql)
    await client.query(recordMigration, [migration.number, migration.name])
    await client.query('commit') // A crash before this line leaves the schema as it was; the next start tries again.
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw new Error(`sql/${migration.name} failed`, { cause: error })
  }
}

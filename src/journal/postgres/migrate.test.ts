import { readFile, writeFile } from 'node:fs/promises'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { emptyDatabase, execute, freshDatabase } from '../../../test/postgres.ts'
import { migrate, readMigrations } from './migrate.ts'
import { dumpSchema } from './schema.ts'

const schemaFile = new URL('../../../sql/schema.sql', import.meta.url)

describe('migrations', () => {
  it('lead to sql/schema.sql; UPDATE_SCHEMA=1 rewrites it', async () => {
    const client = new pg.Client(await freshDatabase())
    await client.connect()
    const dump = await dumpSchema(client)
    await client.end()
    if (process.env.UPDATE_SCHEMA === '1') await writeFile(schemaFile, dump)
    expect(dump, 'the schema differs from sql/schema.sql: look at both, then run this test with UPDATE_SCHEMA=1').toBe(
      await readFile(schemaFile, 'utf8'),
    )
  })

  it('run once, in order, also when several start at once', async () => {
    const config = await emptyDatabase()
    const names = (await readMigrations()).map(migration => migration.name)
    const runs = await Promise.all([migrate(config), migrate(config), migrate(config)])
    expect(runs.sort((a, b) => b.length - a.length)).toEqual([names, [], []])
    expect(await migrate(config)).toEqual([])
    const { rows } = await execute(config, 'select name from migration order by number')
    expect(rows.map(row => row.name)).toEqual(names)
  })

  it('that fail leave the schema as it was, and are named', async () => {
    const config = await emptyDatabase()
    const good = { number: 1, name: '0001-good.sql', sql: 'create table good ()' }
    const bad = { number: 2, name: '0002-bad.sql', sql: 'create table half (); select nonsense' }
    await expect(migrate(config, [good, bad])).rejects.toThrow('sql/0002-bad.sql failed')
    const tables = `select relname from pg_class where relname in ('good', 'half')`
    expect((await execute(config, tables)).rows).toEqual([{ relname: 'good' }])
    expect(await migrate(config, [good, { ...bad, sql: 'create table half ()' }])).toEqual(['0002-bad.sql'])
  })

  it('refuse a schema from a newer release', async () => {
    const config = await freshDatabase()
    await execute(config, `insert into migration (number, name) values (9999, '9999-later.sql')`)
    await expect(migrate(config)).rejects.toMatchObject({ name: 'StartupFault', code: 'schema-too-new' })
  })
})

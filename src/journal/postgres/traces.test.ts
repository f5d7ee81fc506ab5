import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute, freshDirectory, quiet } from '../../../test/postgres.ts'
import { type EmbeddedServer, startEmbedded } from './embedded.ts'
import { migrate } from './migrate.ts'
import { removeTraces, Traces } from './traces.ts'

/** The files under a directory that hold some bytes. */
function filesWith(directory: string, wanted: Buffer): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map(name => join(directory, name))
    .filter(path => statSync(path, { throwIfNoEntry: false })?.isFile() && readFileSync(path).includes(wanted))
}

describe('erased keys', () => {
  const dataDir = freshDirectory()
  let server: EmbeddedServer
  const query = (text: string, values: unknown[] = []) => execute(server.config, text, values)

  beforeAll(async () => {
    // Recycling is what keeps old bytes; room for it, and no checkpoint of its own accord.
    server = await startEmbedded({ dataDir, log: quiet, settings: { min_wal_size: '160MB', shared_buffers: '32MB' } })
    await migrate(server.config)
  })
  afterAll(() => server?.stop())

  // A page of one key, one beyond what fits a row, and one of a large batch.
  const sizes = [60, 5000, 64_028]
  it('are in no file of the database once their traces were removed, and others still are', async () => {
    const old = sizes.map(size => randomBytes(size))
    const others = sizes.map(size => randomBytes(size))
    const insert = 'insert into subject_keys (partition, position, keys) values (0, $1, $2)'
    for (const [i, keys] of old.entries()) await query(insert, [i + 1, keys])
    for (const [i, keys] of others.entries()) await query(insert, [i + 11, keys])
    // Files of the log come to be laid by for use again, with the keys in them.
    await query('checkpoint')
    for (let i = 0; i < 4; i++) {
      await query('select pg_current_xact_id()')
      await query('select pg_switch_wal()')
    }
    await query('checkpoint')
    for (const [i, keys] of old.entries())
      await query('update subject_keys set keys = $2 where position = $1', [i + 1, randomBytes(keys.length)])
    await query('checkpoint')
    await query('vacuum subject_keys')
    await query('checkpoint')
    const piece = (bytes: Buffer) => bytes.subarray(0, 48)
    // The test can fail: they are there, in spite of the vacuum.
    for (const keys of old) expect(filesWith(dataDir, piece(keys))).not.toEqual([])

    await removeTraces(server.config, { ownServer: true })
    for (const keys of old)
      for (const at of [0, keys.length / 2, keys.length - 48])
        expect(filesWith(dataDir, keys.subarray(at, at + 48))).toEqual([])
    const { rows } = await query('select keys from subject_keys where position > 10 order by position')
    expect(rows.map(({ keys }) => keys)).toEqual(others)
    expect((await query('show wal_recycle')).rows[0].wal_recycle).toBe('on')
  }, 60_000)

  it('can be written over a server of one’s own too, whose log is left alone', async () => {
    await removeTraces(server.config, { ownServer: false })
    expect(Number((await query('select count(*) from subject_keys')).rows[0].count)).toBe(2 * sizes.length)
  })
})

describe('traces', () => {
  it('are removed one run at a time, once for all who asked meanwhile, and the mark goes with the last', async () => {
    const dataDir = freshDirectory()
    const gates: (() => void)[] = []
    let [runs, underWay, most] = [0, 0, 0]
    const traces = new Traces(dataDir, async () => {
      runs++
      most = Math.max(most, ++underWay)
      await new Promise<void>(resolve => gates.push(resolve))
      underWay--
    })
    expect(traces.isDue).toBe(false)
    await traces.expect()
    expect(new Traces(dataDir, async () => {}).isDue).toBe(true)
    const first = traces.remove()
    await new Promise(resolve => setImmediate(resolve))
    const later = [traces.remove(), traces.remove()]
    gates.shift()!()
    await first
    expect(traces.isDue).toBe(true)
    await new Promise(resolve => setImmediate(resolve))
    gates.shift()!()
    await Promise.all(later)
    expect({ runs, most, isDue: traces.isDue }).toEqual({ runs: 2, most: 1, isDue: false })
  })

  it('stay due when they could not be removed', async () => {
    const traces = new Traces(freshDirectory(), () => Promise.reject(new Error('away')))
    await traces.expect()
    await expect(traces.remove()).rejects.toThrow('away')
    expect(traces.isDue).toBe(true)
  })
})

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type pg from 'pg'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { execute, freshDatabase } from '../../../test/postgres.ts'
import { genesisHash } from '../chain.ts'
import type { Batch } from '../journal.ts'
import { PostgresJournal } from './journal.ts'

const batch: Batch = { at: 1, events: Buffer.from('[1]'), sealed: Buffer.alloc(0), keys: Buffer.alloc(0) }
const first = { expected: 0, hash: genesisHash() }
const unavailable = { name: 'JournalUnavailable' }

/** A wire between journal and server that can be cut: on the next request, on the next reply, or at once. */
class Wire {
  cutOn: 'nothing' | 'request' | 'reply' = 'nothing'
  #refusing = false
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async to(config: pg.ClientConfig): Promise<{ wire: Wire; config: pg.ClientConfig }> {
    const server = createServer()
    const wire = new Wire(server)
    server.on('connection', near => wire.#join(near, connect(`${config.host}/.s.PGSQL.${config.port}`)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { wire, config: { ...config, host: '127.0.0.1', port: (server.address() as AddressInfo).port } }
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.cutOn = 'nothing'
  }

  refuse(refusing: boolean): void {
    this.#refusing = refusing
    if (refusing) this.cut()
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
  }

  #join(near: Socket, far: Socket): void {
    for (const socket of [near, far]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => [near, far].map(other => other.destroy()))
    }
    if (this.#refusing) near.destroy()
    near.on('data', bytes => (this.cutOn === 'request' ? this.cut() : far.write(bytes)))
    far.on('data', bytes => (this.cutOn === 'reply' ? this.cut() : near.write(bytes)))
  }
}

describe('PostgreSQL journal, when the world fails', () => {
  let direct: pg.ClientConfig
  let wire: Wire
  let journal: PostgresJournal

  beforeEach(async () => {
    direct = await freshDatabase()
    const wired = await Wire.to(direct)
    wire = wired.wire
    journal = new PostgresJournal(wired.config)
  })
  afterEach(async () => {
    await journal.close()
    await wire.close()
  })

  it('a lost request: unavailable, nothing written, and the same append goes through afterwards', async () => {
    const claim = await journal.claim(0)
    wire.cutOn = 'request'
    await expect(journal.append(claim, first, batch)).rejects.toMatchObject(unavailable)
    expect(await journal.head(0)).toEqual({ position: 0, epoch: 1 })
    expect(await journal.append(claim, first, batch)).toMatchObject({ status: 'appended' })
  })

  it('a lost reply: unavailable, written, and the head says so', async () => {
    const claim = await journal.claim(0)
    wire.cutOn = 'reply'
    await expect(journal.append(claim, first, batch)).rejects.toMatchObject(unavailable)
    expect(await journal.head(0)).toEqual({ position: 1, epoch: 1 })
    expect(await journal.append(claim, first, batch)).toEqual({ status: 'conflict' })
  })

  it('many who ask for the head after a loss share one settlement, and none of them the connection of the appends', async () => {
    const claim = await journal.claim(0)
    const warnings: string[] = []
    const hear = ({ message }: Error) => void warnings.push(message)
    process.on('warning', hear)
    wire.cutOn = 'reply'
    await expect(journal.append(claim, first, batch)).rejects.toMatchObject(unavailable)
    const heads = await Promise.all(Array.from({ length: 8 }, () => journal.head(0)))
    expect(heads).toEqual(Array(8).fill({ position: 1, epoch: 1 }))
    await new Promise(resolve => setImmediate(resolve)) // Warnings come a turn later.
    process.off('warning', hear)
    expect(warnings).toEqual([])
  })

  it.each(['head', 'claim'] as const)('an append still under way is over before %s answers', async ask => {
    const claim = await journal.claim(0)
    const blocker = new Client(direct)
    await blocker.connect()
    await blocker.query('begin')
    await blocker.query('select from partition where id = 0 for update')
    const appending = journal.append(claim, first, batch)
    const lost = expect(appending).rejects.toMatchObject(unavailable)
    await untilBlocked(direct)
    wire.cut()
    await lost
    const settled = ask === 'head' ? journal.head(0) : journal.claim(0)
    // The claim waits for the row; the head must not, or it could not be asked while the row is held.
    if (ask === 'head') await settled
    await blocker.query('commit')
    await blocker.end()
    const answer = await settled
    const rows = (await execute(direct, 'select from journal')).rowCount
    expect('head' in answer ? answer.head : answer.position).toBe(rows)
    if (ask === 'head') expect(rows).toBe(0)
  })

  it('no server: unavailable for everything, and it serves again by itself', async () => {
    const claim = await journal.claim(0)
    wire.refuse(true)
    const asks = [
      () => journal.claim(0),
      () => journal.append(claim, first, batch),
      () => journal.head(0),
      () => journal.read(0, { from: 0, limit: 1 }),
      () => journal.sealed(0, 1),
      () => journal.replaceKeys(0, 1, Buffer.from('k')),
      () => journal.saveSnapshot(0, 0, [], { whole: true }),
      () => journal.loadSnapshot(0),
    ]
    for (const ask of asks) await expect(ask()).rejects.toMatchObject(unavailable)
    wire.refuse(false)
    expect(await journal.append(claim, first, batch)).toMatchObject({ status: 'appended' })
    expect(await journal.read(0, { from: 0, limit: 1 })).toHaveLength(1)
  })

  it('sessions ended by the server while idle', async () => {
    const claim = await journal.claim(0)
    await journal.read(0, { from: 0, limit: 1 })
    const end =
      'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()'
    expect((await execute(direct, end, [direct.database])).rowCount).toBe(2)
    const appended = await journal.append(claim, first, batch).catch(() => journal.append(claim, first, batch))
    expect(appended).toMatchObject({ status: 'appended' })
  })

  it('a snapshot cut half way leaves the one before', async () => {
    await journal.saveSnapshot(0, 1, [{ page: 'a', bytes: Buffer.from('1') }], { whole: true })
    const blocker = new Client(direct)
    await blocker.connect()
    await blocker.query('begin')
    await blocker.query(`insert into snapshot_page values (0, 'c', '')`)
    const pages = ['a', 'b', 'c'].map(page => ({ page, bytes: Buffer.from('2') }))
    const lost = expect(journal.saveSnapshot(0, 2, pages, { whole: true })).rejects.toMatchObject(unavailable)
    await untilBlocked(direct)
    wire.cut()
    await lost
    await blocker.query('rollback')
    await blocker.end()
    expect(await journal.loadSnapshot(0)).toEqual({ position: 1, pages: [{ page: 'a', bytes: Buffer.from('1') }] })
  })

  it('after close: unavailable', async () => {
    await journal.close()
    await expect(journal.claim(0)).rejects.toMatchObject(unavailable)
    await expect(journal.head(0)).rejects.toMatchObject(unavailable)
  })
})

describe('PostgreSQL journal', () => {
  it('ends a read before its events exceed 16 MB, never before the first', async () => {
    const journal = new PostgresJournal(await freshDatabase())
    const claim = await journal.claim(0)
    let [expected, hash] = [claim.head, claim.headHash]
    for (const mega of [9, 9, 20, 1]) {
      const appended = await journal.append(
        claim,
        { expected, hash },
        { ...batch, events: Buffer.alloc(mega * 1024 * 1024, 'x') },
      )
      if (appended.status === 'conflict') throw new Error('conflict')
      expected += 1
      hash = appended.hash
    }
    const positions = async (from: number) => (await journal.read(0, { from, limit: 9 })).map(entry => entry.position)
    expect(await positions(0)).toEqual([1, 2])
    expect(await positions(2)).toEqual([3])
    expect(await positions(3)).toEqual([4])
    await journal.close()
  })

  it('stores bytes outside the row and as they are', async () => {
    const config = await freshDatabase()
    const journal = new PostgresJournal(config)
    const claim = await journal.claim(0)
    await journal.append(claim, first, { ...batch, sealed: Buffer.alloc(1_000_000) })
    const stored = await execute(config, 'select pg_column_size(sealed)::integer as bytes from journal')
    expect(stored.rows[0].bytes).toBe(1_000_000)
    await journal.close()
  })

  it('a fault of ours is no outage', async () => {
    const config = await freshDatabase()
    await execute(config, 'drop table journal')
    const journal = new PostgresJournal(config)
    const claim = await journal.claim(0)
    await expect(journal.append(claim, first, batch)).rejects.toMatchObject({ code: '42P01' })
    await journal.close()
  })
})

async function untilBlocked(config: pg.ClientConfig): Promise<void> {
  const blocked = `select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'`
  while ((await execute(config, blocked, [config.database])).rowCount === 0) await new Promise(setImmediate)
}

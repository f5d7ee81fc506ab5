import pg from 'pg'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Core } from '../../test/core.ts'
import { freshDatabase } from '../../test/postgres.ts'
import type { Event } from '../core/events.ts'
import { MemoryJournal, MemoryStore } from '../journal/memory/journal.ts'
import { Random } from '../std/random.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { followLedger, type LedgerFollowing, type LedgerFollowOptions } from './follow.ts'
import type { LedgerKey } from './keys.ts'
import { newSigner, openNote } from './note.ts'
import { rootAt } from './prove.ts'
import { LedgerStore } from './store.ts'
import { LogWriter } from './writer.ts'

const signer = newSigner('log.example.org')
const keys = (): LedgerKey[] => [{ number: 1, verifier: signer, signer, from: 0 }]

const seed = Date.now() % 1_000_000
console.info(`seed ${seed}`)

/** A journal of batches of some messages, with a seal now and then; `changed` replaces the batches from one on. */
async function journalOf(batches: number, salt: string) {
  const random = new Random(seed)
  const core = new Core()
  const memory = new MemoryJournal(new MemoryStore())
  let claim = await memory.claim(0)
  for (let i = 0; i < batches; i++) {
    const from = core.events.length
    const count = Math.floor(random.uniform() * 60)
    for (let n = 0; n < count; n++) core.send({ class: 'other', to: `p${i}-${n}@example.org` })
    if (i % 5 === 0) core.do({ type: 'SealRegister', salt: Buffer.from(`${salt}${i}`).toString('base64url') })
    const events: Event[] = core.events.slice(from)
    const batch = {
      at: core.at,
      events: Buffer.from(JSON.stringify(events)),
      sealed: new Uint8Array(),
      keys: new Uint8Array(),
    }
    const appended = await memory.append(claim, { expected: claim.head, hash: claim.headHash }, batch)
    if (appended.status === 'conflict') throw new Error('nobody else writes here')
    claim = { ...claim, head: claim.head + 1, headHash: appended.hash }
    core.wait(1000)
  }
  return { journal: memory, head: claim.head, leaves: core.state.register.leaves }
}

const empty = { tile: async () => undefined, bundle: async () => undefined }

/** The roots at the seals, made in one go in memory. */
async function rootsOf(journal: MemoryJournal, head: number) {
  const writer = await LogWriter.at({ size: 0 }, empty)
  for (const entry of await journal.read(0, { from: 0, limit: head }))
    writer.take(JSON.parse(Buffer.from(entry.events).toString()), entry)
  return writer.written().seals
}

const following: LedgerFollowing[] = []
const pools: pg.Pool[] = []
afterEach(async () => {
  for (const one of following.splice(0)) await one.stop()
  for (const pool of pools.splice(0)) await pool.end()
})

async function store() {
  const pool = new pg.Pool({ ...(await freshDatabase()), max: 3 })
  pool.on('error', () => {}) // It says that it has ended before its connections have.
  pools.push(pool)
  return { pool, store: new LedgerStore(pool, 0) }
}

async function start(options: Pick<LedgerFollowOptions, 'store' | 'journal'> & Partial<LedgerFollowOptions>) {
  const notes: string[] = []
  const one = await followLedger({
    keys,
    witness: { load: () => notes.at(-1), save: note => void notes.push(note) },
    now: () => 0,
    failed: error => {
      throw error
    },
    moved: () => {},
    restMs: 20,
    retryMs: 10,
    entriesMax: 7,
    ...options,
  })
  following.push(one)
  return one
}

const reached = (one: LedgerFollowing, head: number) =>
  vi.waitFor(() => expect(one.cursor().position).toBe(head), { timeout: 20_000, interval: 20 })

describe('a log that is followed', () => {
  it('is the same whatever fails on the way, and however often it starts anew', async () => {
    const { journal, head, leaves } = await journalOf(60, 'a')
    const { pool, store: log } = await store()
    const random = new Random(seed + 1)
    let faults = 0
    // Half of the commits fail: before they take effect, or after, unheard.
    class LossyStore extends LedgerStore {
      override async write(...given: Parameters<LedgerStore['write']>) {
        const fate = random.uniform()
        if (fate < 0.5) faults++
        if (fate < 0.25) throw new Error('lost on its way')
        const written = await super.write(...given)
        if (fate < 0.5) throw new Error('done, and nobody heard')
        return written
      }
    }
    const lossy = new LossyStore(pool, 0)
    const one = await start({ store: lossy, journal, failed: () => {} })
    await reached(one, head)
    await one.stop()
    expect(faults).toBeGreaterThan(0)
    expect(one.cursor()).toEqual({ position: head, size: leaves })
    const expected = await rootsOf(journal, head)
    const signed = await log.checkpoints(0, 1000)
    expect(signed.map(({ size, position, at }) => ({ size, position, at }))).toEqual(
      expected.map(({ root: _, ...seal }) => seal),
    )
    for (const [i, { note, size }] of signed.entries()) {
      const { root } = parseCheckpoint(openNote(note, [signer]).text)
      expect(root).toEqual(Buffer.from(expected[i]!.root))
      expect(Buffer.from(await rootAt(size, wanted => log.tiles(wanted)))).toEqual(root)
    }
    const { rows } = await pool.query('select sum(octet_length(leaves)) / 32 as leaves from ledger_bundle')
    expect(Number(rows[0].leaves)).toBe(leaves)
  }, 60_000)

  it('is left alone by a second follower, who then goes on from it', async () => {
    const { journal, head, leaves } = await journalOf(30, 'a')
    const { store: log } = await store()
    const two = await Promise.all([0, 1].map(() => start({ store: log, journal, failed: () => {} })))
    for (const one of two) await reached(one, head)
    expect((await log.cursor()).size).toBe(leaves)
    const size = (await log.newest())!.size
    const expected = (await rootsOf(journal, head)).at(-1)!
    expect(Buffer.from(await rootAt(size, wanted => log.tiles(wanted)))).toEqual(Buffer.from(expected.root))
  }, 30_000)

  it('can be made again from the journal, and what was signed stays as it was', async () => {
    const { journal, head } = await journalOf(30, 'a')
    const { store: log } = await store()
    await reached(await start({ store: log, journal }), head)
    await following.pop()!.stop()
    const before = await log.checkpoints(0, 1000)
    await log.clear()
    await reached(await start({ store: log, journal }), head)
    expect(await log.checkpoints(0, 1000)).toEqual(before)
  }, 30_000)

  it('signs nothing for a journal that was put back and went on otherwise', async () => {
    const [first, other] = [await journalOf(30, 'a'), await journalOf(31, 'b')]
    const notes: string[] = []
    const witness = { load: () => notes.at(-1), save: (note: string) => void notes.push(note) }
    const { store: log } = await store()
    await reached(await start({ store: log, journal: first.journal, witness }), first.head)
    await following.pop()!.stop()
    // The database came from a backup: it has nothing of it. What was signed last lies elsewhere.
    const { store: restored } = await store()
    const failures: unknown[] = []
    await start({
      store: restored,
      journal: other.journal,
      witness,
      failed: error => void failures.push(error),
      entriesMax: 100,
    })
    await vi.waitFor(() => expect(failures).not.toEqual([]), { timeout: 10_000 })
    expect(String(failures[0])).toContain('not the one that was signed before')
    expect(await restored.newest()).toBeUndefined()
    expect(notes.at(-1)).toBe((await log.newest())!.note)
  }, 30_000)
})

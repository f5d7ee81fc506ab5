import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { freshDatabase } from '../../test/postgres.ts'
import { chainHash, genesisHash } from './chain.ts'
import type { Batch, Claim, Journal } from './journal.ts'
import { MemoryJournal, MemoryStore } from './memory/journal.ts'
import { PostgresJournal } from './postgres/journal.ts'

/** What every engine must do. `open` gives another journal on the same store, as another process would have it. */
const engines: { engine: string; fresh: () => Promise<() => Journal> }[] = [
  {
    engine: 'memory',
    fresh: async () => {
      const store = new MemoryStore()
      return () => new MemoryJournal(store)
    },
  },
  {
    engine: 'PostgreSQL',
    fresh: async () => {
      const config = await freshDatabase()
      return () => new PostgresJournal(config)
    },
  },
]

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const hex = (found: Uint8Array): string => Buffer.from(found).toString('hex')
const batch = (at: number, some: Partial<Batch> = {}): Batch => ({
  at,
  events: bytes(`[${at}]`),
  sealed: new Uint8Array(),
  keys: new Uint8Array(),
  ...some,
})

async function appendAll(journal: Journal, claim: Claim, batches: Batch[]): Promise<Uint8Array> {
  let [expected, hash] = [claim.head, claim.headHash]
  for (const next of batches) {
    const appended = await journal.append(claim, { expected, hash }, next)
    if (appended.status === 'conflict') throw new Error(`conflict at ${expected}`)
    expected += 1
    hash = appended.hash
  }
  return hash
}

describe.each(engines)('$engine journal', ({ fresh }) => {
  const opened: Journal[] = []
  const store = async (): Promise<() => Journal> => {
    const open = await fresh()
    return () => {
      opened.push(open())
      return opened.at(-1)!
    }
  }
  afterEach(async () => {
    for (const journal of opened.splice(0)) await journal.close()
  })

  it('begins empty, at epoch 1, with the genesis hash', async () => {
    const journal = (await store())()
    expect(await journal.head(3)).toEqual({ position: 0, epoch: 0 })
    const claim = await journal.claim(3)
    expect({ ...claim, headHash: hex(claim.headHash) }).toEqual({
      partition: 3,
      epoch: 1,
      head: 0,
      headHash: '00'.repeat(32),
      lastAt: 0,
    })
    expect(await journal.read(3, { from: 0, limit: 10 })).toEqual([])
    expect(await journal.sealed(3, 1)).toBeUndefined()
    expect(await journal.loadSnapshot(3)).toBeUndefined()
  })

  it('gives back what was appended, chained, also after it was opened again', async () => {
    const open = await store()
    const journal = open()
    const first = batch(10, { sealed: bytes('ciphertext'), keys: bytes('wrapped') })
    const head = await appendAll(journal, await journal.claim(0), [first, batch(10), batch(11)])
    await journal.close()
    const again = open()
    const claim = await again.claim(0)
    expect(claim).toMatchObject({ epoch: 2, head: 3, lastAt: 11 })
    expect(hex(claim.headHash)).toBe(hex(head))
    const entries = await again.read(0, { from: 0, limit: 10 })
    expect(entries.map(({ position, at, events }) => [position, at, new TextDecoder().decode(events)])).toEqual([
      [1, 10, '[10]'],
      [2, 10, '[10]'],
      [3, 11, '[11]'],
    ])
    let before = genesisHash()
    for (const entry of entries) {
      const kept = (await again.sealed(0, entry.position))!
      before = chainHash(before, { ...entry, sealed: kept.sealed })
      expect(hex(entry.hash)).toBe(hex(before))
    }
    const kept = (await again.sealed(0, 1))!
    expect([hex(kept.sealed), hex(kept.keys)]).toEqual([hex(first.sealed), hex(first.keys)])
    expect((await again.sealed(0, 2))!.keys.length).toBe(0)
    expect(await again.sealed(0, 4)).toBeUndefined()
  })

  it('keeps any bytes', async () => {
    const journal = (await store())()
    const claim = await journal.claim(0)
    const all = Uint8Array.from({ length: 256 }, (_, index) => index)
    await appendAll(journal, claim, [batch(1, { events: all, sealed: all, keys: all })])
    const [entry] = await journal.read(0, { from: 0, limit: 1 })
    const kept = (await journal.sealed(0, 1))!
    expect([entry!.events, kept.sealed, kept.keys].map(hex)).toEqual([hex(all), hex(all), hex(all)])
  })

  it('reads in order behind a position, up to the limit', async () => {
    const journal = (await store())()
    await appendAll(journal, await journal.claim(0), [batch(1), batch(2), batch(3), batch(4)])
    const positions = async (from: number, limit: number) =>
      (await journal.read(0, { from, limit })).map(entry => entry.position)
    expect(await positions(0, 2)).toEqual([1, 2])
    expect(await positions(2, 2)).toEqual([3, 4])
    expect(await positions(3, 9)).toEqual([4])
    expect(await positions(4, 9)).toEqual([])
  })

  it('says conflict, and writes nothing, when head, hash or epoch are not as expected', async () => {
    const open = await store()
    const [old, young] = [open(), open()]
    const claim = await old.claim(0)
    const hash = await appendAll(old, claim, [batch(1)])
    const refused = async (journal: Journal, epoch: number, expected: number, after: Uint8Array) =>
      expect(await journal.append({ partition: 0, epoch }, { expected, hash: after }, batch(9))).toEqual({
        status: 'conflict',
      })
    await refused(old, claim.epoch, 0, genesisHash())
    await refused(old, claim.epoch, 2, hash)
    await refused(old, claim.epoch, 1, genesisHash())
    const taken = await young.claim(0)
    await refused(old, claim.epoch, 1, hash)
    expect(await young.head(0)).toEqual({ position: 1, epoch: 2 })
    await appendAll(young, taken, [batch(2)])
    await refused(old, claim.epoch, 1, hash)
    expect(await old.head(0)).toEqual({ position: 2, epoch: 2 })
    expect(await old.read(0, { from: 0, limit: 9 })).toHaveLength(2)
  })

  it('lets exactly one of two appends behind the same head through', async () => {
    const open = await store()
    const [one, two] = [open(), open()]
    const claim = await one.claim(0)
    const after = { expected: 0, hash: genesisHash() }
    const results = await Promise.all([one.append(claim, after, batch(1)), two.append(claim, after, batch(2))])
    expect(results.map(result => result.status).sort()).toEqual(['appended', 'conflict'])
    expect(await one.head(0)).toEqual({ position: 1, epoch: 1 })
  })

  it('keeps partitions apart', async () => {
    const journal = (await store())()
    const [first, second] = [await journal.claim(1), await journal.claim(2)]
    await Promise.all([appendAll(journal, first, [batch(1), batch(2)]), appendAll(journal, second, [batch(3)])])
    expect(await journal.head(1)).toEqual({ position: 2, epoch: 1 })
    expect(await journal.head(2)).toEqual({ position: 1, epoch: 1 })
    expect((await journal.read(2, { from: 0, limit: 9 })).map(entry => entry.at)).toEqual([3])
  })

  it('shows a concurrent reader every position, in order', async () => {
    const open = await store()
    const [writer, reader] = [open(), open()]
    const claim = await writer.claim(0)
    const total = 100
    const writing = appendAll(
      writer,
      claim,
      Array.from({ length: total }, (_, index) => batch(index)),
    )
    const seen: number[] = []
    while (seen.length < total) {
      const entries = await reader.read(0, { from: seen.at(-1) ?? 0, limit: 7 })
      seen.push(...entries.map(entry => entry.position))
      await new Promise(setImmediate)
    }
    await writing
    expect(seen).toEqual(Array.from({ length: total }, (_, index) => index + 1))
  })

  it('replaces the keys of a batch without touching the chain', async () => {
    const journal = (await store())()
    const hash = await appendAll(journal, await journal.claim(0), [batch(1, { keys: bytes('old') }), batch(2)])
    await journal.replaceKeys(0, 1, bytes('new'))
    expect(hex((await journal.sealed(0, 1))!.keys)).toBe(hex(bytes('new')))
    expect(hex((await journal.claim(0)).headHash)).toBe(hex(hash))
    await expect(journal.replaceKeys(0, 2, bytes('x'))).rejects.toThrow('keys are replaced only')
  })

  it('keeps the newest snapshot, page by page', async () => {
    const journal = (await store())()
    const page = (name: string, text: string) => ({ page: name, bytes: bytes(text) })
    const loaded = async () => {
      const snapshot = await journal.loadSnapshot(0)
      return (
        snapshot && [
          snapshot.position,
          snapshot.pages.map(found => [found.page, new TextDecoder().decode(found.bytes)]),
        ]
      )
    }
    await journal.saveSnapshot(0, 5, [page('caps/1', 'a'), page('caps/0', 'b')], { whole: true })
    await journal.saveSnapshot(0, 7, [page('caps/1', 'c'), page('Z', '')], { whole: false })
    expect(await loaded()).toEqual([7, [['Z', ''], ['caps/0', 'b'], ['caps/1', 'c']]]) // biome-ignore format: a table
    await journal.saveSnapshot(0, 6, [page('caps/0', 'late')], { whole: true })
    expect(await loaded()).toEqual([7, [['Z', ''], ['caps/0', 'b'], ['caps/1', 'c']]]) // biome-ignore format: a table
    await journal.saveSnapshot(0, 9, [page('caps/2', 'd')], { whole: true })
    expect(await loaded()).toEqual([9, [['caps/2', 'd']]])
    await journal.saveSnapshot(0, 9, [], { whole: true })
    expect(await loaded()).toEqual([9, []])
  })
})

describe('memory journal', () => {
  it('says unavailable for a lost request, which wrote nothing, and a lost reply, which did; the head tells', async () => {
    const store = new MemoryStore()
    const fates = ['lost-request', 'lost-reply', 'ok'] as const
    let next = 0
    const journal = new MemoryJournal(store, { beforeAppend: () => fates[next++]! })
    const claim = await journal.claim(0)
    const after = { expected: 0, hash: genesisHash() }
    await expect(journal.append(claim, after, batch(1))).rejects.toMatchObject({ name: 'JournalUnavailable' })
    expect((await journal.head(0)).position).toBe(0)
    await expect(journal.append(claim, after, batch(1))).rejects.toMatchObject({ name: 'JournalUnavailable' })
    expect((await journal.head(0)).position).toBe(1)
    expect(await journal.append(claim, after, batch(1))).toEqual({ status: 'conflict' })
  })

  it('behaves as PostgreSQL does, whatever is asked of it', async () => {
    const config = await freshDatabase()
    const ask = fc.oneof(
      fc.record({ ask: fc.constant('claim' as const) }),
      fc.record({ ask: fc.constant('append' as const), epochBack: fc.nat(1), headBack: fc.nat(1), text: fc.string() }),
      fc.record({ ask: fc.constant('read' as const), from: fc.nat(5), limit: fc.nat(5) }),
    )
    let partition = 0
    const postgres = new PostgresJournal(config)
    await fc.assert(
      fc.asyncProperty(fc.array(ask, { maxLength: 12 }), async asks => {
        partition += 1
        const answers = []
        for (const journal of [new MemoryJournal(), postgres]) answers.push(await play(journal, partition, asks))
        expect(answers[1]).toEqual(answers[0])
      }),
      { numRuns: 40 },
    )
    await postgres.close()
  })
})

type Ask =
  | { ask: 'claim' }
  | { ask: 'append'; epochBack: number; headBack: number; text: string }
  | { ask: 'read'; from: number; limit: number }

async function play(journal: Journal, partition: number, asks: Ask[]): Promise<unknown[]> {
  let claim = await journal.claim(partition)
  const hashes = [claim.headHash]
  const answers: unknown[] = []
  for (const ask of asks) {
    if (ask.ask === 'claim') {
      claim = await journal.claim(partition)
      answers.push([claim.epoch, claim.head, hex(claim.headHash), claim.lastAt])
    } else if (ask.ask === 'append') {
      const expected = Math.max(0, hashes.length - 1 - ask.headBack)
      const some = batch(hashes.length, { sealed: bytes(ask.text) })
      const epoch = claim.epoch - ask.epochBack
      const appended = await journal.append({ partition, epoch }, { expected, hash: hashes[expected]! }, some)
      if (appended.status === 'appended') hashes.push(appended.hash)
      answers.push(appended.status === 'appended' ? hex(appended.hash) : 'conflict')
    } else {
      const entries = await journal.read(partition, ask)
      answers.push(entries.map(entry => [entry.position, entry.at, hex(entry.hash), hex(entry.events)]))
    }
  }
  return answers
}

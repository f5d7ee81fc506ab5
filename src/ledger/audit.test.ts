import { describe, expect, it } from 'vitest'
import { Core } from '../../test/core.ts'
import type { Event } from '../core/events.ts'
import { chainHash, chainHashOfDigests, genesisHash } from '../journal/chain.ts'
import { Random } from '../std/random.ts'
import { type AuditReport, type AuditRow, type AuditSource, audit } from './audit.ts'
import { signCheckpoint } from './checkpoint.ts'
import { sha256 } from './hashing.ts'
import { newSigner } from './note.ts'
import type { Cursor, StoredCheckpoint } from './store.ts'
import { LogWriter } from './writer.ts'

const origin = 'log.example.org'
const signer = newSigner(origin)
const seed = Date.now() % 1_000_000
console.info(`seed ${seed}`)

const empty = { tile: async () => undefined, bundle: async () => undefined }

type Row = { position: number; at: number; hash: Uint8Array; events: Uint8Array; sealed: Uint8Array }

/** Everything that is stored, as plain values: to be copied, and changed. */
type Stored = {
  rows: Row[]
  head: { position: number; hash: Uint8Array; at: number }
  cursor: Cursor
  tiles: Map<string, Uint8Array>
  bundles: Map<number, Uint8Array>
  checkpoints: StoredCheckpoint[]
  batches: { position: number; first: number }[]
}

/** Rows of batches with some messages each, sealed now and then. */
function rowsOf(batches: number, random: Random): Row[] {
  const core = new Core()
  let [from, hash]: [number, Uint8Array] = [0, genesisHash()]
  return Array.from({ length: batches }, (_, i) => {
    const count = random.integer(0, 60)
    for (let n = 0; n < count; n++) core.send({ class: 'other', to: `p${i}-${n}@example.org` })
    const salt = Buffer.from(sha256(Buffer.from(`${i}`))).toString('base64url')
    if (i % 4 === 3) core.do({ type: 'SealRegister', salt })
    const events = core.events.slice(from).map(withCommitment)
    from = core.events.length
    core.wait(1000)
    const row = { position: i + 1, at: core.at, events: bytesOf(events), sealed: Buffer.from(`sealed ${i}`) }
    hash = chainHash(hash, row)
    return { ...row, hash }
  })
}

/** As the shell makes them; the core’s tests have shorter ones. */
function withCommitment(event: Event): Event {
  if (event.type !== 'MessageDecided') return event
  const commitment = Buffer.from(sha256(Buffer.from(event.message.id))).toString('base64url')
  return { ...event, message: { ...event.message, commitment, sealed: { offset: 0, length: 3, page: 1, slot: 0 } } }
}

const bytesOf = (events: readonly Event[]): Uint8Array => Buffer.from(JSON.stringify(events))
const eventsOf = (row: Row): Event[] => JSON.parse(Buffer.from(row.events).toString()) as Event[]

/** The log of some rows, as the follower makes it; it stops before the last `behind` rows. */
async function storedOf(rows: Row[], behind = 2): Promise<Stored> {
  const writer = await LogWriter.at({ size: 0 }, empty)
  for (const row of rows.slice(0, rows.length - behind)) writer.take(eventsOf(row), row)
  const { tiles, bundles, batches, seals } = writer.written()
  const last = rows.at(-1)!
  return {
    rows,
    head: { position: last.position, hash: last.hash, at: last.at },
    cursor: { position: rows.length - behind, size: writer.size },
    // The last writing of a tile is the one that stays.
    tiles: new Map(tiles.map(({ level, number, hashes }) => [`${level}/${number}`, hashes])),
    bundles: new Map(bundles.map(({ number, leaves }) => [number, leaves])),
    checkpoints: seals.map(({ root, ...seal }) => ({
      ...seal,
      note: signCheckpoint({ origin, size: seal.size, root }, [signer]),
    })),
    batches,
  }
}

function sourceOf(stored: Stored): AuditSource {
  const each = async function* <T>(all: readonly T[]) {
    yield* all
  }
  return {
    partition: 0,
    head: async () => stored.head,
    cursor: async () => stored.cursor,
    rows: () =>
      each(
        stored.rows.map(
          ({ sealed, ...row }): AuditRow => ({ ...row, sealedHash: sha256(sealed), sealedBytes: sealed.length }),
        ),
      ),
    tiles: async wanted =>
      wanted.flatMap(({ level, number }) => {
        const hashes = stored.tiles.get(`${level}/${number}`)
        return hashes ? [{ level, number, hashes }] : []
      }),
    bundle: async number => stored.bundles.get(number),
    checkpoints: () => each(stored.checkpoints),
    batches: () => each(stored.batches),
  }
}

const look = (stored: Stored, kept: string[] = []): Promise<AuditReport> =>
  audit(sourceOf(stored), { chain: chainHashOfDigests, origin, known: [signer], kept })

/** A copy that may be changed. */
const copyOf = (stored: Stored): Stored => structuredClone(stored)

/** The rows again from one on, chained as if nothing had been: what somebody does who can write the whole database. */
function rechained(rows: Row[], from: number): Row[] {
  let hash = from === 0 ? genesisHash() : rows[from - 1]!.hash
  return rows.map((row, i) => {
    if (i < from) return row
    hash = chainHash(hash, row)
    return { ...row, hash }
  })
}

const rows = rowsOf(32, new Random(seed))
const whole = await storedOf(rows)
/** A batch in the middle of the log with a message, and one of its messages. */
const middle = rows.findIndex(
  (row, i) => i > 8 && eventsOf(row).filter(({ type }) => type === 'MessageDecided').length > 2,
)
const place = eventsOf(rows[middle]!).findIndex(({ type }) => type === 'MessageDecided')
const decided = eventsOf(rows[middle]!)[place] as Extract<Event, { type: 'MessageDecided' }>
const sealedRow = rows.findIndex((row, i) => i > middle && eventsOf(row).some(({ type }) => type === 'RegisterSealed'))
const sealAt = whole.checkpoints.findIndex(({ position }) => position === sealedRow + 1)

function changedEvents(stored: Stored, change: (events: Event[]) => Event[]): void {
  stored.rows[middle]!.events = bytesOf(change(eventsOf(stored.rows[middle]!)))
}

const withOutcome = (events: Event[]): Event[] =>
  events.map((event, i) => (i === place ? ({ ...event, outcome: 'suppress' } as Event) : event))

type Tampering = [
  what: string,
  change: (stored: Stored) => void | Promise<void>,
  found: { kind: string; position: number; event?: number; message?: string },
]
const here = middle + 1
const message = { event: place + 1, message: decided.message.id }

const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))

const tamperings: Tampering[] = [
  ['an outcome', stored => changedEvents(stored, withOutcome), { kind: 'journal.hash', position: here, ...message }],
  [
    'a byte of the sealed',
    stored => void (stored.rows[middle]!.sealed = flipped(rows[middle]!.sealed, 2)),
    { kind: 'journal.hash', position: here },
  ],
  [
    'a byte of a hash',
    stored => void (stored.rows[middle]!.hash = flipped(rows[middle]!.hash, 31)),
    { kind: 'journal.hash', position: here },
  ],
  ['an instant', stored => void stored.rows[middle]!.at++, { kind: 'journal.hash', position: here, ...message }],
  [
    'an instant, to before the batch before',
    stored => void (stored.rows[middle]!.at -= 5000),
    { kind: 'journal.time', position: here },
  ],
  ['a batch, dropped', stored => void stored.rows.splice(middle, 1), { kind: 'journal.position', position: here }],
  [
    'a batch, dropped, and the rest moved up',
    stored => {
      stored.rows.splice(middle, 1)
      for (const row of stored.rows.slice(middle)) row.position--
    },
    { kind: 'journal.hash', position: here },
  ],
  [
    'two batches, in each other’s place',
    stored => {
      const [a, b] = [stored.rows[middle]!, stored.rows[middle + 1]!]
      stored.rows.splice(middle, 2, { ...b, position: a.position }, { ...a, position: b.position })
    },
    { kind: 'journal.hash', position: here },
  ],
  [
    'a batch, twice',
    stored => void stored.rows.splice(middle, 0, stored.rows[middle]!),
    { kind: 'journal.position', position: here + 1 },
  ],
  ['the first batch, dropped', stored => void stored.rows.shift(), { kind: 'journal.position', position: 1 }],
  ['the end, cut off', stored => void stored.rows.splice(-1), { kind: 'journal.truncated', position: rows.length }],
  [
    'the end, cut off, and the head put back',
    stored => {
      stored.rows.splice(-10)
      const { position, hash, at } = stored.rows.at(-1)!
      stored.head = { position, hash, at }
    },
    { kind: 'journal.truncated', position: rows.length - 9 },
  ],
  [
    'the head, put back',
    stored => {
      const { position, hash, at } = stored.rows.at(-2)!
      stored.head = { position, hash, at }
    },
    { kind: 'journal.head', position: rows.length - 1 },
  ],
  [
    'events that are no JSON',
    stored => void (stored.rows[middle]!.events = Buffer.from('[')),
    { kind: 'journal.hash', position: here },
  ],
  [
    'a type of event, chained anew',
    stored => {
      changedEvents(stored, events =>
        events.map((event, i) => (i === place ? ({ ...event, type: 'MessageAsserted' } as never) : event)),
      )
      stored.rows = rechained(stored.rows, middle)
    },
    { kind: 'journal.format', position: here, event: place + 1 },
  ],
  [
    'the ciphertexts, cut short and chained anew',
    stored => {
      stored.rows[middle]!.sealed = new Uint8Array(1)
      stored.rows = rechained(stored.rows, middle)
    },
    { kind: 'journal.sealed', position: here, ...message },
  ],
  [
    'an outcome, chained anew: a fork',
    stored => {
      changedEvents(stored, withOutcome)
      stored.rows = rechained(stored.rows, middle)
    },
    { kind: 'register.leaf', position: here, ...message },
  ],
  [
    'a message, left out and chained anew',
    stored => {
      changedEvents(stored, events => events.filter((_, i) => i !== place))
      stored.rows = rechained(stored.rows, middle)
    },
    { kind: 'register.leaf', position: here },
  ],
  [
    'a fork with its log made anew',
    async stored => {
      changedEvents(stored, withOutcome)
      const { checkpoints: _, ...forged } = await storedOf(rechained(stored.rows, middle))
      Object.assign(stored, forged)
    },
    { kind: 'checkpoint.root', position: sealedRow + 1 },
  ],
  [
    'a fork with its log made anew and signed by another key',
    async stored => {
      changedEvents(stored, withOutcome)
      const stranger = newSigner(origin)
      const forged = await storedOf(rechained(stored.rows, middle))
      const notes = forged.checkpoints.map(one => ({
        ...one,
        note: one.note.replace(
          /— .*\n$/,
          signCheckpoint({ origin, size: one.size, root: new Uint8Array(32) }, [stranger]).split('\n\n')[1]!,
        ),
      }))
      Object.assign(stored, forged, { checkpoints: notes })
    },
    { kind: 'checkpoint.signature', position: whole.checkpoints[0]!.position },
  ],
  [
    'a leaf',
    stored => void stored.bundles.set(0, flipped(whole.bundles.get(0)!, 32 * 3 + 5)),
    { kind: 'register.leaf', position: positionOfLeaf(3) },
  ],
  [
    'a bundle, dropped',
    stored => void stored.bundles.delete(1),
    { kind: 'register.bundle', position: positionOfLeaf(256) },
  ],
  [
    'a tile of leaves',
    stored => void stored.tiles.set('0/1', flipped(whole.tiles.get('0/1')!, 100)),
    { kind: 'register.tile', position: positionOfLeaf(511) },
  ],
  [
    'a tile, dropped',
    stored => void stored.tiles.delete('0/0'),
    { kind: 'register.tile', position: positionOfLeaf(255) },
  ],
  [
    'the tile of the upper level',
    stored => void stored.tiles.set('1/0', flipped(whole.tiles.get('1/0')!, 0)),
    { kind: 'register.tile', position: rows.length - 2 },
  ],
  [
    'where a batch lies in the log',
    stored => void stored.batches[3]!.first++,
    { kind: 'register.batch', position: whole.batches[3]!.position },
  ],
  ['how far the log is', stored => void stored.cursor.size--, { kind: 'register.cursor', position: rows.length - 2 }],
  [
    'how far the log is, to nothing',
    stored => void (stored.cursor = { position: 0, size: 0 }),
    { kind: 'register.cursor', position: 0 },
  ],
  [
    'a checkpoint, dropped',
    stored => void stored.checkpoints.splice(sealAt, 1),
    { kind: 'checkpoint.missing', position: sealedRow + 1 },
  ],
  [
    'the last checkpoint, dropped',
    stored => void stored.checkpoints.pop(),
    { kind: 'checkpoint.missing', position: whole.checkpoints.at(-1)!.position },
  ],
  [
    'two checkpoints, in each other’s place',
    stored => {
      const [a, b] = [stored.checkpoints[sealAt]!, stored.checkpoints[sealAt + 1]!]
      ;[a.note, b.note] = [b.note, a.note]
    },
    { kind: 'checkpoint.malformed', position: sealedRow + 1 },
  ],
  [
    'a checkpoint that was never sealed',
    stored => void stored.checkpoints.splice(1, 0, { ...whole.checkpoints[0]!, size: whole.checkpoints[0]!.size + 1 }),
    { kind: 'checkpoint.unknown', position: whole.checkpoints[1]!.position },
  ],
  [
    'a checkpoint beyond the end',
    stored => void stored.checkpoints.push({ ...whole.checkpoints[0]!, size: 1_000_192 }),
    { kind: 'journal.truncated', position: rows.length + 1 },
  ],
  [
    'the size in a seal, chained anew',
    stored => {
      const row = stored.rows[sealedRow]!
      row.events = bytesOf(
        eventsOf(row).map(event => (event.type === 'RegisterSealed' ? { ...event, size: event.size + 256 } : event)),
      )
      stored.rows = rechained(stored.rows, sealedRow)
    },
    {
      kind: 'register.seal',
      position: sealedRow + 1,
      event: eventsOf(rows[sealedRow]!).findIndex(({ type }) => type === 'RegisterSealed') + 1,
    },
  ],
]

/** The batch that a leaf comes from. */
function positionOfLeaf(index: number): number {
  return whole.batches.findLast(({ first }) => first <= index)!.position
}

describe('a journal and its log', () => {
  it('as they were written have no finding', async () => {
    const report = await look(whole)
    expect(report.finding).toBeUndefined()
    expect(report).toMatchObject({ batches: 32, checkpoints: whole.checkpoints.length })
    expect(whole.checkpoints.length).toBeGreaterThan(4)
  })

  it('continue the checkpoints that somebody has kept', async () => {
    const kept = whole.checkpoints.map(({ note }) => note)
    expect((await look(whole, kept)).finding).toBeUndefined()
  })

  it.each(tamperings)('with %s changed: found', async (_what, change, expected) => {
    const stored = copyOf(whole)
    await change(stored)
    const { finding } = await look(stored)
    expect(finding).toMatchObject({ partition: 0, ...expected })
  })

  it('rewritten whole, keys included, are found by a checkpoint that was kept', async () => {
    const stored = copyOf(whole)
    changedEvents(stored, withOutcome)
    const forged = await storedOf(rechained(stored.rows, middle))
    expect((await look(forged)).finding).toBeUndefined()
    const kept = whole.checkpoints[sealAt]!.note
    expect((await look(forged, [kept])).finding).toMatchObject({ kind: 'checkpoint.root', position: sealedRow + 1 })
  })

  it('cut off with all that was signed are found by a checkpoint that was kept', async () => {
    const forged = await storedOf(rows.slice(0, 12))
    const kept = whole.checkpoints.at(-1)!.note
    expect((await look(forged)).finding).toBeUndefined()
    expect((await look(forged, [kept])).finding).toMatchObject({ kind: 'journal.truncated' })
  })

  it('emptied of all that was made and signed are found by a checkpoint that was kept', async () => {
    const stored = copyOf(whole)
    const kept = stored.checkpoints.at(-1)!
    Object.assign(stored, {
      cursor: { position: 0, size: 0 },
      checkpoints: [],
      batches: [],
      tiles: new Map(),
      bundles: new Map(),
    })
    expect((await look(stored, [kept.note])).finding).toMatchObject({
      kind: 'checkpoint.missing',
      position: kept.position,
    })
  })

  it('with a place noted for leaves that there are not: found', async () => {
    const stored = copyOf(whole)
    stored.batches.push({ position: stored.cursor.position + 1, first: stored.cursor.size })
    expect((await look(stored)).finding).toMatchObject({ kind: 'register.batch' })
  })

  it('two checkpoints of one size with different roots: somebody has signed twice', async () => {
    const { size } = whole.checkpoints[0]!
    const other = signCheckpoint({ origin, size, root: new Uint8Array(32) }, [signer])
    expect((await look(whole, [whole.checkpoints[0]!.note, other])).finding).toMatchObject({ kind: 'checkpoint.root' })
  })
})

describe('any one bit', () => {
  it('of journal, tiles, bundles and notes, and it is found', async () => {
    const random = new Random(seed + 1)
    const pick = <T>(all: readonly T[]): T => all[random.integer(0, all.length)]!
    for (let run = 0; run < 150; run++) {
      const stored = copyOf(whole)
      const bytes = pick<() => { bytes: Uint8Array; at: string }>([
        () => ({ bytes: pick(stored.rows).events, at: 'events' }),
        () => ({ bytes: pick(stored.rows).sealed, at: 'sealed' }),
        () => ({ bytes: pick(stored.rows).hash, at: 'hash' }),
        () => ({ bytes: pick([...stored.tiles.values()]), at: 'tile' }),
        () => ({ bytes: pick([...stored.bundles.values()]), at: 'bundle' }),
        () => ({ bytes: stored.head.hash, at: 'head' }),
      ])()
      const at = random.integer(0, bytes.bytes.length)
      bytes.bytes[at]! ^= 1 << random.integer(0, 8)
      expect((await look(stored)).finding, `seed ${seed}, run ${run}: ${bytes.at} byte ${at}`).toBeDefined()
    }
  }, 60_000)
})

import type { Event } from '../core/events.ts'
import type { Journal } from '../journal/journal.ts'
import { type Checkpoint, parseCheckpoint, signCheckpoint } from './checkpoint.ts'
import { isEqual } from './hashing.ts'
import type { LedgerKey } from './keys.ts'
import { signersAt } from './keys.ts'
import { SealFault } from './leaf.ts'
import { rootAt } from './prove.ts'
import type { Cursor, LedgerStore, StoredCheckpoint, Stretch } from './store.ts'
import type { tilesFor } from './tiles.ts'
import { LogWriter, type Sealed, type Taken } from './writer.ts'

// Follows a partition of the journal and keeps its log: tiles, bundles, and a signed checkpoint at each seal. The log is behind the journal by
// a moment and delays nobody.

export type LedgerJournal = Pick<Journal, 'read'>

/** The last checkpoint that was signed, kept apart from the database: a database that was put back from a backup does not have it. */
export type Witness = { load(): string | undefined; save(note: string): void }

export type LedgerFollowOptions = {
  store: LedgerStore
  journal: LedgerJournal
  /** The keys as they are now; asked at each seal. */
  keys(now: number): LedgerKey[]
  witness: Witness
  now(): number
  entriesMax?: number
  restMs?: number
  retryMs?: number
  failed(error: unknown): void
  /** Called whenever the log has grown. */
  moved(cursor: Cursor): void
}

/** The journal no longer says what a checkpoint was signed for. Nothing is signed until it does. */
export class LogForked extends Error {
  override readonly name = 'LogForked'
  constructor(size: number) {
    super(
      `the register's log of ${size} leaves is not the one that was signed before: the journal was changed or put back`,
    )
  }
}

const entriesMaxDefault = 256
const restMsDefault = 500
const retryMsDefault = 2000
const faultyMs = 60_000

export type LedgerFollowing = {
  cursor(): Cursor
  /** Cuts the rest short. */
  wake(): void
  stop(): Promise<void>
}

/** Follows until stopped. Whatever fails is reported and tried again from what the database has. */
export async function followLedger(options: LedgerFollowOptions): Promise<LedgerFollowing> {
  const { store, journal, failed, moved, restMs = restMsDefault, retryMs = retryMsDefault } = options
  const entriesMax = options.entriesMax ?? entriesMaxDefault
  let cursor = await store.cursor()
  let writer = await LogWriter.at(cursor, store)
  let stopped = false
  const rest = sleeper()

  async function stretch(): Promise<boolean> {
    const entries = await journal.read(store.partition, { from: cursor.position, limit: entriesMax })
    const last = entries.at(-1)
    if (last === undefined) return false
    for (const entry of entries) {
      writer.take(JSON.parse(Buffer.from(entry.events).toString()) as Event[], entry)
      await turn()
    }
    const to = { position: last.position, size: writer.size }
    const written = await signed(options, writer.written())
    if (!(await store.write(cursor, to, written))) throw new Error('another follower has written the register')
    const newest = written.checkpoints.at(-1)
    // After the commit: a crash in between leaves a witness that is older, and the database has the rest.
    if (newest) options.witness.save(newest.note)
    cursor = to
    moved(cursor)
    return entries.length === entriesMax
  }

  async function run(): Promise<void> {
    while (!stopped)
      try {
        if (!(await stretch())) await rest.sleep(restMs)
      } catch (error) {
        failed(error)
        // What does not mend itself is said now and then, not all the time.
        await rest.sleep(error instanceof LogForked || error instanceof SealFault ? faultyMs : retryMs)
        if (!stopped) await resume().catch(failed)
      }
  }

  async function resume(): Promise<void> {
    cursor = await store.cursor()
    writer = await LogWriter.at(cursor, store)
  }

  const running = run()
  return {
    cursor: () => cursor,
    wake: () => rest.wake(),
    async stop() {
      stopped = true
      rest.wake()
      await running
    },
  }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** The seals of a stretch as checkpoints; those that were signed before are left as they are. Throws `LogForked`. */
async function signed(options: LedgerFollowOptions, { seals, ...rest }: Taken): Promise<Stretch> {
  if (seals.length === 0) return { ...rest, checkpoints: [] }
  const before = await signedBefore(options)
  if (before) await checkAgainst(before, seals, rest, options.store)
  const fresh = seals.filter(({ size }) => before === undefined || size > before.size)
  if (fresh.length === 0) return { ...rest, checkpoints: [] }
  const keys = options.keys(options.now())
  await options.store.writeKeys(keys)
  const signers = signersAt(keys, options.now())
  const origin = keys.at(-1)!.verifier.name
  const checkpoints = fresh.map(
    ({ root, ...seal }): StoredCheckpoint => ({
      ...seal,
      note: signCheckpoint({ origin, size: seal.size, root }, signers),
    }),
  )
  return { ...rest, checkpoints }
}

/** The largest checkpoint that was ever signed here, as far as database and data directory know. */
async function signedBefore({ store, witness }: LedgerFollowOptions): Promise<Checkpoint | undefined> {
  const notes = [(await store.newest())?.note, witness.load()].filter(note => note !== undefined)
  // Our own files: whether their signatures hold is for those who verify.
  const all = notes.map(note => parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1)))
  return all.toSorted((a, b) => b.size - a.size)[0]
}

/** What was signed before must be a beginning of the log as it is now. */
async function checkAgainst(
  before: Checkpoint,
  seals: Sealed[],
  written: Pick<Taken, 'tiles'>,
  store: LedgerStore,
): Promise<void> {
  const same = seals.find(({ size }) => size === before.size)
  if (same) return assertSame(before, same.root)
  const largest = seals.at(-1)!
  if (largest.size < before.size) return // Made again from the beginning, or put back: nothing is signed until it is as long.
  const root = await rootAt(before.size, async wanted => [
    ...(await store.tiles(wanted)).filter(one => !written.tiles.some(now => isSamePlace(one, now))),
    ...written.tiles.filter(one => wanted.some(place => isSamePlace(one, place))),
  ])
  assertSame(before, root)
}

type Place = ReturnType<typeof tilesFor>[number]
const isSamePlace = (a: Place, b: Place): boolean => a.level === b.level && a.number === b.number

function assertSame({ size, root }: Checkpoint, found: Uint8Array): void {
  if (!isEqual(root, found)) throw new LogForked(size)
}

/** A sleep that can be cut short; a wake before the sleep is remembered. */
function sleeper() {
  let awake = false
  let cut: (() => void) | undefined
  return {
    async sleep(ms: number): Promise<void> {
      if (!awake)
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, ms)
          cut = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      awake = false
      cut = undefined
    },
    wake(): void {
      awake = true
      cut?.()
    },
  }
}

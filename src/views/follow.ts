import type pg from 'pg'
import type { Event } from '../core/events.ts'
import type { Hash64 } from '../std/hash64.ts'
import { type AlarmChange, isAboutAlarms, writeAlarms } from './alarms.ts'
import { type Changes, note } from './changes.ts'
import { type MarkChange, markOf, writeMarks } from './marks.ts'
import { type CodeOf, cursorMoved, type Touched, writeChanged, writeCounts, writeDecided, writeHolds } from './rows.ts'

// Follows a partition of the journal and keeps the register's tables up with it. It shares the processor with the relay, so it works in
// stretches: what is decided and delivered within one is written once, and between two of them it rests, unless a reader is waiting.

/** What the register needs of a journal. */
export type JournalReader = {
  head(partition: number): Promise<{ position: number }>
  read(partition: number, range: { from: number; limit: number }): Promise<JournalEntry[]>
}

export type JournalEntry = { position: number; at: number; events: Uint8Array }

export type FollowOptions = {
  /** Entries read at once. */
  entriesMax: number
  /** Bytes of events merged and written at once; one entry may have more. */
  stretchBytesMax: number
  /** Rest between two stretches, ms. */
  restMs: number
  /** After a failure of the world, ms. */
  retryMs: number
  failed(error: unknown): void
  /** Called whenever the register shows more. */
  moved(position: number): void
  codeOf: CodeOf
}

export const followDefaults: FollowOptions = {
  entriesMax: 128,
  // Some 3,000 messages. All of a stretch is alive together, and what is alive costs the collector: 1 µs a message with 16 MB at once.
  stretchBytesMax: 2 * 1024 * 1024,
  restMs: 250,
  retryMs: 1000,
  failed: () => {},
  moved: () => {},
  codeOf: () => undefined,
}

export type Following = {
  /** The register shows everything up to this position. */
  position(): number
  /** True once the position is reached; false when that took longer than `waitMsMax`. */
  reached(position: number, waitMsMax: number): Promise<boolean>
  /** Cuts the rest short: somebody waits. */
  wake(): void
  stop(): Promise<void>
}

/** How far the register is, and who waits for it to get further. */
export class Progress {
  position: number
  #waiters: { position: number; resolve(): void }[] = []

  constructor(position: number) {
    this.position = position
  }

  moveTo(position: number): void {
    this.position = position
    for (const waiter of this.#waiters) if (waiter.position <= position) waiter.resolve()
    this.#waiters = this.#waiters.filter(waiter => waiter.position > position)
  }

  /** True once the position is reached; false after `waitMsMax`. */
  reached(wanted: number, waitMsMax: number): Promise<boolean> {
    if (this.position >= wanted) return Promise.resolve(true)
    return new Promise(resolve => {
      const timer = setTimeout(() => resolve(this.position >= wanted), waitMsMax)
      const settled = () => {
        clearTimeout(timer)
        resolve(true)
      }
      this.#waiters.push({ position: wanted, resolve: settled })
    })
  }
}

const insertCursor =
  'insert into register_cursor (partition, position) values ($1, 0) on conflict (partition) do nothing'
const selectCursor = 'select position::float8 as position from register_cursor where partition = $1'

const markErased = `
  update register_message set erased = true
  where partition = $1 and (account = $2 or address = $2) and positions[1] <= $3`

/** Where the register stands in a partition. */
export async function loadCursor(pool: pg.Pool, partition: number): Promise<number> {
  await pool.query(insertCursor, [partition])
  const { rows } = await pool.query<{ position: number }>(selectCursor, [partition])
  return rows[0]!.position
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** How many of the first entries have at most so many bytes of events together; one at least. */
function countWithin(entries: readonly JournalEntry[], bytesMax: number): number {
  let bytes = 0
  const over = entries.findIndex(({ events }) => (bytes += events.length) > bytesMax)
  return over < 0 ? entries.length : Math.max(over, 1)
}

/** Persons who were erased: whatever was decided for them up to the position can no longer be read. */
export type Erasure = { subject: Hash64; position: number }

/** What a stretch writes. */
export type Collected = { changes: Changes; erasures: Erasure[]; alarms: AlarmChange[]; marks: MarkChange[] }

/** Merges entries to changes; other work gets its turn between two entries. */
export async function collect(entries: readonly JournalEntry[]): Promise<Collected> {
  const changes: Changes = new Map()
  const erasures: Erasure[] = []
  const alarms: AlarmChange[] = []
  const marks: MarkChange[] = []
  for (const entry of entries) {
    const { buffer, byteOffset, byteLength } = entry.events
    const events = JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8')) as Event[]
    for (const event of events) {
      note(changes, event, entry)
      if (isAboutAlarms(event)) alarms.push({ event, at: entry.at })
      const mark = markOf(event)
      if (mark) marks.push(mark)
      if (event.type === 'SubjectErased') erasures.push({ subject: event.subject, position: entry.position })
    }
    await turn()
  }
  return { changes, erasures, alarms, marks }
}

/**
 * Writes one stretch: rows, holds, counts and cursor in one commit. False when the cursor is no longer at `from`: somebody else has written
 * this stretch, and nothing was changed. A crash before the commit leaves the register as it was; the stretch is read again.
 */
export async function apply(
  pool: pg.Pool,
  partition: number,
  from: number,
  to: number,
  { changes, erasures, alarms, marks }: Collected,
  codeOf: CodeOf = followDefaults.codeOf,
): Promise<boolean> {
  const client = await pool.connect()
  try {
    // The register can be rebuilt: a power cut may take its last commits, cursor included.
    await client.query('begin; set local synchronous_commit = off')
    const moved = await cursorMoved(client, partition, from, to)
    if (moved) await write(client, partition, [...changes.values()], codeOf)
    if (moved) await writeAlarms(client, partition, alarms)
    if (moved) await writeMarks(client, marks)
    if (moved)
      for (const { subject, position } of erasures) await client.query(markErased, [partition, subject, position])
    await client.query(moved ? 'commit' : 'rollback')
    client.release()
    return moved
  } catch (error) {
    client.release(true) // Closing the connection rolls back.
    throw error
  }
}

async function write(client: pg.ClientBase, partition: number, changes: Change[], codeOf: CodeOf): Promise<void> {
  const decided = changes.filter(change => change.decided !== undefined)
  await writeDecided(client, partition, decided, codeOf)
  const touched = new Map<string, Touched>()
  const changed = await writeChanged(
    client,
    changes.filter(change => change.decided === undefined),
  )
  for (const row of changed) touched.set(row.id, row)
  for (const { id, lane, decided: first } of decided)
    touched.set(id, { id, class: first!.message.class, lane: lane!, at: first!.at })
  await writeHolds(client, changes, touched)
  await writeCounts(client, partition, changes, touched)
}

type Change = Changes extends Map<unknown, infer C> ? C : never

/** Follows until stopped. A failure of database or journal is reported and tried again; a fault of ours is reported and tried again as well, for
 * the register is derived, and the gate must not stop with it. */
export async function follow(
  pool: pg.Pool,
  journal: JournalReader,
  partition: number,
  options: FollowOptions,
): Promise<Following> {
  const progress = new Progress(await loadCursor(pool, partition))
  let stopped = false
  const rest = sleeper()
  /** Read, and not yet written. */
  let ahead: JournalEntry[] = []

  /** One commit of the register; false when there was nothing more to write. */
  async function stretch(): Promise<boolean> {
    const from = progress.position
    const entries = ahead.length > 0 ? ahead : await journal.read(partition, { from, limit: options.entriesMax })
    const whole = entries.length === options.entriesMax
    ahead = []
    const now = entries.slice(0, countWithin(entries, options.stretchBytesMax))
    const last = now.at(-1)
    if (last === undefined) return false
    const moved = await apply(pool, partition, from, last.position, await collect(now), options.codeOf)
    if (moved) ahead = entries.slice(now.length)
    progress.moveTo(moved ? last.position : await loadCursor(pool, partition))
    options.moved(progress.position)
    return whole || ahead.length > 0 || !moved
  }

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        const more = await stretch()
        if (more) await turn()
        else await rest.sleep(options.restMs)
      } catch (error) {
        options.failed(error)
        await rest.sleep(options.retryMs)
        progress.position = await loadCursor(pool, partition).catch(() => progress.position)
      }
    }
  }

  const running = run()
  return {
    position: () => progress.position,
    wake: () => rest.wake(),
    reached(wanted, waitMsMax) {
      if (progress.position < wanted) rest.wake()
      return progress.reached(wanted, waitMsMax)
    },
    async stop() {
      stopped = true
      rest.wake()
      await running
    },
  }
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

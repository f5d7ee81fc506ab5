import type pg from 'pg'
import type { Event, MessageId } from '../../core/events.ts'
import { probeClass } from '../../core/policy.ts'
import type { Journal } from '../../journal/journal.ts'
import { type News, newsBody, newsOf } from './alarms.ts'
import { bodyOf, type Change, changesOf, type Known } from './changes.ts'
import { loadCursor, loadKnown, type Noted, type Stretch, writeStretch } from './outbox.ts'
import { newsOfPeople } from './people.ts'
import { sleeper } from './sleeper.ts'

// Follows a partition of the journal and puts what webhooks shall tell into the outbox. It shares the processor with the relay, so it works in
// stretches and rests between them.

export type JournalReader = Pick<Journal, 'head' | 'read'>
type Entries = Awaited<ReturnType<JournalReader['read']>>

export type FollowLimits = {
  /** Entries read at once. */
  entriesMax: number
  /** Rest when the head was reached. */
  restMs: number
  /** After a failure of database or journal. */
  retryMs: number
}
export const followLimits: FollowLimits = { entriesMax: 128, restMs: 250, retryMs: 1000 }

/** A change of a message, or news of a detector or of people, and its place; the ordinal counts them in an entry, so a second reading gives the same. */
export type Placed = { told: Told; position: number; ordinal: number; at: number }
type Told = { change: Change } | { news: News }

function toldOf(event: Event): Told[] {
  const news = newsOf(event) ?? newsOfPeople(event)
  return news ? [{ news }] : changesOf(event).map(change => ({ change }))
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** The changes of some entries; other work gets its turn between two of them. */
export async function collect(entries: Entries): Promise<Placed[]> {
  const placed: Placed[] = []
  for (const { position, at, events } of entries) {
    const text = Buffer.from(events.buffer, events.byteOffset, events.byteLength).toString('utf8')
    const all = (JSON.parse(text) as Event[]).flatMap(toldOf)
    all.forEach((told, ordinal) => void placed.push({ told, position, ordinal, at }))
    await turn()
  }
  return placed
}

/** Messages whose earlier events are not among the changes. */
export function strangers(placed: readonly Placed[]): MessageId[] {
  const met = new Set<MessageId>()
  const strange = new Set<MessageId>()
  for (const { told } of placed) {
    if (!('change' in told)) continue
    const { change } = told
    if (change.name === 'decided') met.add(change.id)
    else if (!met.has(change.id)) strange.add(change.id)
  }
  return [...strange]
}

/** What a stretch writes. The webhook's id holds the message's, so it is unique in the world, and its place, so it is the same when read again. */
export function stretchOf(
  placed: readonly Placed[],
  loaded: ReadonlyMap<MessageId, Known>,
): Omit<Stretch, 'from' | 'to'> {
  const open = new Map<MessageId, Partial<Known>>(loaded)
  const ended: MessageId[] = []
  const noted: Noted[] = placed.flatMap(({ told, position, ordinal, at }): Noted[] => {
    const place = { position, ordinal, at }
    if ('news' in told) return [{ ...place, id: newsId(place), body: newsBody(told.news, at) }]
    const { change } = told
    const known = { ...open.get(change.id), ...change.learned }
    if (change.ends) open.delete(change.id)
    else open.set(change.id, known)
    if (change.ends && loaded.has(change.id)) ended.push(change.id)
    // Nobody waits for news of a probe.
    if (known.class === probeClass) return []
    return [{ ...place, id: `${change.id}_${position}_${ordinal}`, body: bodyOf(change, known, at) }]
  })
  return { noted, open, ended }
}

/** News is about no one message; its instant to the millisecond tells it from that of another installation. */
const newsId = ({ position, ordinal, at }: { position: number; ordinal: number; at: number }): string =>
  `news_${at}_${position}_${ordinal}`

export type FollowOptions = {
  pool: pg.Pool
  journal: JournalReader
  partition: number
  limits: FollowLimits
  /** Rows were added, by endpoint. */
  added(rows: ReadonlyMap<number, number>): void
  /** False ends it: nobody is left to follow for. */
  isWanted(): boolean
  /** Database or journal failed, or we are wrong; the stretch is tried again, for the gate must not stop with it. */
  failed(error: unknown): void
}

export type Following = { position(): number; stop(): Promise<void> }

/** Follows until stopped. */
export async function follow(options: FollowOptions): Promise<Following> {
  const { pool, journal, partition, limits } = options
  const rest = sleeper()
  let position = await loadCursor(pool, partition)
  let stopped = false

  /** Whether there is more. */
  async function stretch(): Promise<boolean> {
    const entries = await journal.read(partition, { from: position, limit: limits.entriesMax })
    const to = entries.at(-1)?.position
    if (to === undefined) return false
    const placed = await collect(entries)
    const loaded = await loadKnown(pool, strangers(placed))
    const added = await writeStretch(pool, partition, { from: position, to, ...stretchOf(placed, loaded) })
    position = added ? to : await loadCursor(pool, partition)
    if (added) options.added(added)
    return entries.length === limits.entriesMax || !added
  }

  async function run(): Promise<void> {
    while (!stopped && options.isWanted()) {
      try {
        const more = await stretch()
        if (more) await turn()
        else await rest.sleep(limits.restMs)
      } catch (error) {
        options.failed(error)
        await rest.sleep(limits.retryMs)
        position = await loadCursor(pool, partition).catch(() => position)
      }
    }
  }

  const running = run()
  return {
    position: () => position,
    async stop() {
      stopped = true
      rest.wake()
      await running
    },
  }
}

import type pg from 'pg'
import type { Event, MessageFacts, MessageId, Outcome, Sealed } from '../core/events.ts'
import { type Lane, probeClass } from '../core/policy.ts'
import type { ReasonCode } from '../core/reasons.ts'
import type { Hash64 } from '../std/hash64.ts'
import { type AlarmQuery, type AlarmRecord, listAlarms } from './alarms.ts'
import { concerns, type Measure, type State } from './changes.ts'
import { type ConfirmationRecord, confirmationsOf } from './confirmations.ts'
import { type Following, type FollowOptions, follow, followDefaults, type JournalReader } from './follow.ts'
import { templateInPlace } from './places.ts'
import { hourMs } from './rows.ts'

// The register: what became of every message. Derived from the journal; reads wait until it shows all that was durable when they were asked.

export type MessageRecord = {
  id: MessageId
  partition: number
  application: string
  class: string
  account: Hash64
  mailbox: Hash64
  address: Hash64
  lane: Lane
  state: State
  first: Outcome
  outcome: Outcome
  reasons: ReasonCode[]
  via: MessageFacts['via']
  template: string | null
  upstream: string
  attempts: number
  erased: boolean
  at: number
  updatedAt: number
  expiresAt: number
  /** Where the ciphertext lies: in the batch at `decidedAt`, the first of the message's positions. */
  sealed: Sealed
  decidedAt: number
  /** Source of its cause; `null` or empty without one. */
  source: string | null
  /** 0 leaves first; `null` where it was decided before this was kept. */
  priority: number | null
}

/** One event of a message, as it stands in the journal. */
export type TimelineEntry = { at: number; position: number; event: Event }

export type MessageHistory = { message: MessageRecord; timeline: TimelineEntry[]; truncated: boolean; stale: boolean }

/** Instants in ms: `from` inclusive, `to` exclusive. `cursor` is `next` of the page before. */
export type ListQuery = {
  account?: Hash64
  class?: string
  outcome?: Outcome
  application?: string
  from?: number
  to?: number
  cursor?: string
  limit: number
}
/** Of what waits. `from` and `to` as above; `template` without its version; empty texts for none. */
export type HoldsQuery = {
  class?: string
  lane?: Lane
  source?: string
  template?: string
  reason?: ReasonCode
  application?: string
  from?: number
  to?: number
  cursor?: string
  limit: number
}
export type Page = { items: MessageRecord[]; next?: string; stale: boolean }

export type ClassCounts = {
  lastHour: Partial<Record<Measure, number>>
  lastDay: Partial<Record<Measure, number>>
  held: number
}

export type Register = {
  /** Starts to follow a partition. `from`: 0 drops what is shown of all partitions and begins anew; absent: where it left off. */
  follow(journal: JournalReader, partition: number, from?: 0): Promise<Following>
  /** True once the register shows what was durable at the call; false after `waitMsMax`. */
  reached(waitMsMax?: number): Promise<boolean>
  /** `application` hides the messages of the others. */
  message(id: string, application?: string): Promise<MessageHistory | undefined>
  /** Newest first. `undefined` when the cursor is not one of ours. */
  list(query: ListQuery): Promise<Page | undefined>
  /** What waits for a person or its cause, oldest first. */
  holds(query: HoldsQuery): Promise<Page | undefined>
  /** What the detectors noticed, newest first. `undefined` when the cursor is not one of ours. */
  alarms(query: AlarmQuery): Promise<{ items: AlarmRecord[]; next?: string; stale: boolean } | undefined>
  /** What waits for the word of an account's holder. */
  confirmations(query: {
    account: Hash64
    application: string
    now: number
  }): Promise<{ items: ConfirmationRecord[]; stale: boolean }>
  counts(now: number): Promise<{ classes: Record<string, ClassCounts>; stale: boolean }>
  stop(): Promise<void>
}

/** A read that the register cannot serve in time says that it is stale instead of waiting longer. */
export const reachedWaitMsMax = 2000
export const timelineEntriesMax = 200

const columns = `
  id, partition, application, class, account, mailbox, address, lane, state, first, outcome, reasons, via, template, upstream, attempts, erased,
  at::float8 as at, updated_at::float8 as "updatedAt", expires_at::float8 as "expiresAt", sealed_offset, sealed_length, key_page, key_slot,
  positions[1]::float8 as "decidedAt", source, priority`

type Row = Omit<MessageRecord, 'sealed'> & {
  sealed_offset: number
  sealed_length: number
  key_page: number
  key_slot: number
}

function record(row: Row): MessageRecord {
  const { sealed_offset: offset, sealed_length: length, key_page: page, key_slot: slot, ...rest } = row
  return { ...rest, sealed: { offset, length, page, slot } }
}

/** Follows a partition somewhere else than in this thread: see `followApart`. */
export type Follower = (partition: number) => Promise<Following>

/** Reads are served from `pool`. Partitions are followed by `follower`, or else in this thread. */
export function openRegister(
  pool: pg.Pool,
  { follower, ...options }: Partial<FollowOptions> & { follower?: Follower } = {},
): Register {
  const followed = new Map<number, { journal: JournalReader; following: Following }>()

  async function reached(waitMsMax = reachedWaitMsMax): Promise<boolean> {
    const all = [...followed].map(async ([partition, { journal, following }]) => {
      const { position } = await journal.head(partition)
      return following.reached(position, waitMsMax)
    })
    return (await Promise.all(all)).every(Boolean)
  }

  return {
    reached,
    async follow(journal, partition, from) {
      if (from === 0) await dropAll(pool)
      const following = follower
        ? await follower(partition)
        : await follow(pool, journal, partition, { ...followDefaults, ...options })
      followed.set(partition, { journal, following })
      return following
    },
    async message(id, application) {
      const stale = !(await reached())
      const found = await selectMessage(pool, id, application)
      if (found === undefined) return undefined
      const journal = followed.get(found.message.partition)?.journal
      const positions = found.positions.slice(0, timelineEntriesMax)
      const timeline = journal === undefined ? [] : await timelineOf(journal, found.message, positions)
      return { message: found.message, timeline, truncated: positions.length < found.positions.length, stale }
    },
    async list(query) {
      const after = parseCursor(query.cursor)
      if (after === 'malformed') return undefined
      const stale = !(await reached())
      return { ...pageOf(await selectMessages(pool, query, after), query.limit), stale }
    },
    async holds(query) {
      const after = parseCursor(query.cursor)
      if (after === 'malformed') return undefined
      const stale = !(await reached())
      return { ...pageOf(await selectHolds(pool, query, after), query.limit), stale }
    },
    async alarms(query) {
      const stale = !(await reached())
      const page = await listAlarms(pool, query)
      return page && { ...page, stale }
    },
    async confirmations(query) {
      const stale = !(await reached())
      return { items: await confirmationsOf(pool, query), stale }
    },
    async counts(now) {
      const stale = !(await reached())
      return { classes: await selectCounts(pool, now), stale }
    },
    async stop() {
      await Promise.all([...followed.values()].map(({ following }) => following.stop()))
    },
  }
}

const dropEverything = 'truncate register_cursor, register_message, register_hold, register_count, register_alarm'

async function dropAll(pool: pg.Pool): Promise<void> {
  await pool.query(dropEverything)
}

const selectOne = `
  select ${columns}, positions::text[] as positions from register_message
  where id = $1 and ($2::text is null or application = $2)`

async function selectMessage(pool: pg.Pool, id: string, application?: string) {
  const { rows } = await pool.query<Row & { positions: string[] }>({
    name: 'register-select-message',
    text: selectOne,
    values: [id, application ?? null],
  })
  if (rows[0] === undefined) return undefined
  const { positions, ...row } = rows[0]
  return { message: record(row), positions: positions.map(Number) }
}

async function timelineOf(
  journal: JournalReader,
  message: MessageRecord,
  positions: number[],
): Promise<TimelineEntry[]> {
  const timeline: TimelineEntry[] = []
  for (const position of positions) {
    const [entry] = await journal.read(message.partition, { from: position - 1, limit: 1 })
    if (entry === undefined) continue
    const events = JSON.parse(Buffer.from(entry.events).toString('utf8')) as Event[]
    for (const event of events) if (concerns(event, message.id)) timeline.push({ at: entry.at, position, event })
  }
  return timeline
}

type After = { at: number; id: string }

function parseCursor(text: string | undefined): After | undefined | 'malformed' {
  if (text === undefined) return undefined
  const parts = /^(\d{1,15})_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(
    Buffer.from(text, 'base64url').toString('latin1'),
  )
  return parts === null ? 'malformed' : { at: Number(parts[1]), id: parts[2]! }
}

function pageOf(rows: MessageRecord[], limit: number): { items: MessageRecord[]; next?: string } {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  if (rows.length <= limit || last === undefined) return { items }
  return { items, next: Buffer.from(`${last.at}_${last.id}`, 'latin1').toString('base64url') }
}

/** The conditions that a query names, with their values; the planner sees only what is asked for. */
function conditions(pairs: [string, unknown][]): { where: string; values: unknown[] } {
  const asked = pairs.filter(([, value]) => value !== undefined)
  const where = asked.map(([text], i) => text.replace('?', `$${i + 1}`)).join(' and ')
  return { where: where === '' ? 'true' : where, values: asked.map(([, value]) => value) }
}

async function selectMessages(pool: pg.Pool, query: ListQuery, after: After | undefined): Promise<MessageRecord[]> {
  const { where, values } = conditions([
    ['account = ?', query.account],
    ['class = ?', query.class],
    // Probes are shown to those who ask for them.
    ['class <> ?', query.class === undefined ? probeClass : undefined],
    ['outcome = ?', query.outcome],
    ['application = ?', query.application],
    ['at >= ?', query.from],
    ['at < ?', query.to],
  ])
  const behind = after === undefined ? 'true' : `(at, id) < ($${values.length + 1}, $${values.length + 2}::uuid)`
  if (after !== undefined) values.push(after.at, after.id)
  const text = `select ${columns} from register_message where ${where} and ${behind} order by register_message.at desc, id desc limit $${values.length + 1}`
  const { rows } = await pool.query<Row>(text, [...values, query.limit + 1])
  return rows.map(record)
}

async function selectHolds(pool: pg.Pool, query: HoldsQuery, after: After | undefined): Promise<MessageRecord[]> {
  const { where, values } = conditions([
    ['held_class = ?', query.class],
    ['application = ?', query.application],
    ['lane = ?', query.lane],
    ["coalesce(source, '') = ?", query.source],
    [`${templateInPlace} = ?`, query.template],
    ['? = any (reasons)', query.reason],
    ['decided_at >= ?', query.from],
    ['decided_at < ?', query.to],
  ])
  const behind =
    after === undefined ? 'true' : `(decided_at, id) > ($${values.length + 1}, $${values.length + 2}::uuid)`
  if (after !== undefined) values.push(after.at, after.id)
  const text = `
    select ${columns} from register_hold join register_message using (id)
    where ${where} and ${behind} order by decided_at, id limit $${values.length + 1}`
  const { rows } = await pool.query<Row>(text, [...values, query.limit + 1])
  return rows.map(record)
}

const selectCount = `
  select class, measure, sum(messages)::float8 as day, coalesce(sum(messages) filter (where hour >= $2), 0)::float8 as hour
  from register_count where hour >= $1 group by class, measure`
const selectHeld = 'select held_class as class, count(*)::float8 as held from register_hold group by held_class'

async function selectCounts(pool: pg.Pool, now: number): Promise<Record<string, ClassCounts>> {
  const hour = Math.floor(now / hourMs)
  const classes: Record<string, ClassCounts> = Object.create(null)
  const of = (name: string) => (classes[name] ??= { lastHour: {}, lastDay: {}, held: 0 })
  const counts = await pool.query<{ class: string; measure: Measure; day: number; hour: number }>(selectCount, [
    hour - 23,
    hour - 1,
  ])
  for (const row of counts.rows) {
    of(row.class).lastDay[row.measure] = row.day
    if (row.hour > 0) of(row.class).lastHour[row.measure] = row.hour
  }
  const held = await pool.query<{ class: string; held: number }>(selectHeld)
  for (const row of held.rows) of(row.class).held = row.held
  return classes
}

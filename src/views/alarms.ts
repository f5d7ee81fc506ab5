import type pg from 'pg'
import type { Alarm } from '../core/alarms.ts'
import type { Event, MessageId } from '../core/events.ts'
import type { Scope } from '../core/scope.ts'

// Alarms as people look them up, and whether the breaker that one has opened still holds. They are few: one statement an event.

export type BreakerPhase = 'open' | 'half-open' | 'closed'

/** `clearedAt`: what it told of had been good again for a while. Instants in ms. */
export type AlarmRecord = Alarm & {
  partition: number
  at: number
  breaker?: { phase: BreakerPhase; trips: number; endsAt?: number }
  clearedAt?: number
}

export type AlarmQuery = { class?: string; level?: Alarm['level']; cursor?: string; limit: number }

/** What a stretch of the journal says of alarms and breakers, in order. */
export type AlarmChange = { event: AlarmEvent; at: number }

type AlarmEvent = Extract<
  Event,
  { type: 'AlarmRaised' | 'AlarmCleared' | 'BreakerOpened' | 'BreakerHalfOpened' | 'BreakerClosed' }
>

export function isAboutAlarms(event: Event): event is AlarmEvent {
  switch (event.type) {
    case 'AlarmRaised':
    case 'AlarmCleared':
    case 'BreakerOpened':
    case 'BreakerHalfOpened':
    case 'BreakerClosed':
      return true
    default:
      return false
  }
}

/** One text for one scope. */
const scopeText = ({ class: name, lane, source, template }: Scope): string =>
  JSON.stringify([name, lane ?? null, source ?? null, template ?? null])

const insertAlarm = `
  insert into register_alarm (partition, id, at, level, detector, class, lane, source, template, numbers, messages, change)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (partition, id) do nothing`
const openBreaker = `
  update register_alarm set scope = $3, phase = 'open', trips = $4, ends_at = $5 where partition = $1 and id = $2`
const halfOpenBreaker = `
  update register_alarm set phase = 'half-open', ends_at = $3 where partition = $1 and scope = $2 and phase = 'open'`
const closeBreaker = `
  update register_alarm set phase = 'closed', ends_at = null where partition = $1 and scope = $2 and phase <> 'closed'`
const clearAlarm = 'update register_alarm set cleared_at = $3 where partition = $1 and id = $2'

/** Within the commit that moves the cursor. */
export async function writeAlarms(
  client: pg.ClientBase,
  partition: number,
  changes: readonly AlarmChange[],
): Promise<void> {
  for (const { event, at } of changes) await writeAlarm(client, partition, event, at)
}

async function writeAlarm(client: pg.ClientBase, partition: number, event: AlarmEvent, at: number): Promise<void> {
  switch (event.type) {
    case 'AlarmRaised': {
      const { id, level, detector, class: name, lane, source, template, numbers, messages, change } = event.alarm
      const place = [name, lane, source, template]
      const values = [
        partition,
        id,
        at,
        level,
        detector,
        ...place,
        JSON.stringify(numbers),
        messages,
        change ? JSON.stringify(change) : null,
      ]
      await client.query(insertAlarm, values)
      return
    }
    case 'AlarmCleared':
      await client.query(clearAlarm, [partition, event.alarm, at])
      return
    case 'BreakerOpened': {
      // One that opens again stands with the alarm that opened it last.
      const scope = scopeText(event.scope)
      await client.query(closeBreaker, [partition, scope])
      await client.query(openBreaker, [partition, event.alarm, scope, event.trips, event.endsAt])
      return
    }
    case 'BreakerHalfOpened':
      await client.query(halfOpenBreaker, [partition, scopeText(event.scope), event.endsAt])
      return
    case 'BreakerClosed':
      await client.query(closeBreaker, [partition, scopeText(event.scope)])
  }
}

type After = { at: number; partition: number; id: number }

function parseCursor(text: string | undefined): After | undefined | 'malformed' {
  if (text === undefined) return undefined
  const parts = /^(\d{1,15})_(\d{1,9})_(\d{1,15})$/.exec(Buffer.from(text, 'base64url').toString('latin1'))
  if (parts === null) return 'malformed'
  const [at, partition, id] = parts.slice(1).map(Number) as [number, number, number]
  return { at, partition, id }
}

const selectAlarms = `
  select partition, id::float8 as id, at::float8 as at, level, detector, class, lane, source, template, numbers, messages, change, phase, trips,
    ends_at::float8 as "endsAt", cleared_at::float8 as "clearedAt"
  from register_alarm
  where ($1::text is null or class = $1) and ($2::text is null or level = $2)
    and ($3::bigint is null or (at, partition, id) < ($3, $4::int, $5::bigint))
  order by register_alarm.at desc, partition desc, register_alarm.id desc limit $6`

type Row = Omit<AlarmRecord, 'numbers' | 'breaker' | 'clearedAt' | 'change'> & {
  numbers: string
  change: string | null
  messages: MessageId[]
  phase: BreakerPhase | null
  trips: number | null
  endsAt: number | null
  clearedAt: number | null
}

/** Newest first. `undefined` when the cursor is not one of ours. */
export async function listAlarms(
  pool: pg.Pool,
  query: AlarmQuery,
): Promise<{ items: AlarmRecord[]; next?: string } | undefined> {
  const after = parseCursor(query.cursor)
  if (after === 'malformed') return undefined
  const behind = after ? [after.at, after.partition, after.id] : [null, null, null]
  const values = [query.class ?? null, query.level ?? null, ...behind, query.limit + 1]
  const { rows } = await pool.query<Row>({ name: 'register-select-alarms', text: selectAlarms, values })
  const items = rows.slice(0, query.limit).map(record)
  const last = items.at(-1)
  if (rows.length <= query.limit || !last) return { items }
  return { items, next: Buffer.from(`${last.at}_${last.partition}_${last.id}`, 'latin1').toString('base64url') }
}

function record({ numbers, change, phase, trips, endsAt, clearedAt, ...rest }: Row): AlarmRecord {
  const alarm: AlarmRecord = { ...rest, numbers: JSON.parse(numbers) as Record<string, number> }
  if (change !== null) alarm.change = JSON.parse(change) as NonNullable<Alarm['change']>
  if (phase !== null) alarm.breaker = endsAt === null ? { phase, trips: trips! } : { phase, trips: trips!, endsAt }
  if (clearedAt !== null) alarm.clearedAt = clearedAt
  return alarm
}

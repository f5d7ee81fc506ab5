import type pg from 'pg'
import type { MessageId } from '../core/events.ts'
import type { Lane } from '../core/policy.ts'
import { assert } from '../std/assert.ts'
import { type Change, type Measure, waits } from './changes.ts'

// The statements that write the register, each for many rows at once. The array literals are written here, because the driver's own way of
// quoting costs more than the rest of the row.

const quoted = /[\s"\\{},]|^$|^null$/i

const element = (value: string): string =>
  quoted.test(value) ? `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : value

type Scalar = string | number | boolean | undefined

/** A PostgreSQL array literal of one column. */
export function column(values: readonly Scalar[]): string {
  let text = '{'
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (i > 0) text += ','
    text += value === undefined ? 'NULL' : typeof value === 'string' ? element(value) : String(value)
  }
  return `${text}}`
}

const moveCursor = `
  update register_cursor set position = $3 where partition = $1 and position = $2`

/** Fences: of two that follow one partition only one moves the cursor, and only together with its rows. */
export async function cursorMoved(
  client: pg.ClientBase,
  partition: number,
  from: number,
  to: number,
): Promise<boolean> {
  const moved = await client.query({ name: 'register-move-cursor', text: moveCursor, values: [partition, from, to] })
  return moved.rowCount === 1
}

const insertMessages = `
  insert into register_message (
    partition, id, application, class, account, mailbox, address, lane, state, first, outcome, reasons, via, template, upstream, attempts,
    erased, at, updated_at, expires_at, sealed_offset, sealed_length, key_page, key_slot, positions, campaign, ordinal, source,
    priority, sent_at, cause, code)
  select $1, id, application, class, account, mailbox, address, lane, state, first, outcome, string_to_array(reasons, ' '), via, template,
    upstream, attempts, erased, at, updated_at, expires_at, sealed_offset, sealed_length, key_page, key_slot,
    string_to_array(positions, ' ')::bigint[], campaign, ordinal, source, priority, sent_at,
    cause, code
  from unnest(
    $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
    $13::text[], $14::text[], $15::text[], $16::int[], $17::bool[], $18::bigint[], $19::bigint[], $20::bigint[], $21::int[], $22::int[],
    $23::int[], $24::int[], $25::text[], $26::uuid[], $27::int[], $28::text[], $29::int[],
    $30::bigint[], $31::text[], $32::bigint[]
  ) as added (
    id, application, class, account, mailbox, address, lane, state, first, outcome, reasons, via, template, upstream, attempts, erased, at,
    updated_at, expires_at, sealed_offset, sealed_length, key_page, key_slot, positions, campaign, ordinal, source,
    priority, sent_at, cause, code)
  on conflict (id) do nothing`

const templateText = (template: { name: string; version?: string } | undefined): string | undefined =>
  template === undefined || template.version === undefined ? template?.name : `${template.name}@${template.version}`

/** The number of a message's code, or `undefined` where codes are not kept. */
export type CodeOf = (id: MessageId) => string | undefined

export async function writeDecided(
  client: pg.ClientBase,
  partition: number,
  changes: readonly Change[],
  codeOf: CodeOf,
): Promise<void> {
  if (changes.length === 0) return
  const of = (value: (change: Change, decided: NonNullable<Change['decided']>) => Scalar) =>
    column(changes.map(change => value(change, change.decided!)))
  await client.query({
    name: 'register-insert-messages',
    text: insertMessages,
    values: [
      partition,
      of(change => change.id),
      of((_, { message }) => message.application),
      of((_, { message }) => message.class),
      of((_, { account }) => account),
      of((_, { message }) => message.mailbox),
      of((_, { message }) => message.address),
      of(change => change.lane),
      of(change => change.state),
      of((_, { first }) => first),
      of(change => change.outcome),
      of(change => change.reasons!.join(' ')),
      of((_, { message }) => message.via),
      of((_, { message }) => templateText(message.template)),
      of(change => change.upstream),
      of(change => change.attempts ?? 0),
      of(change => change.erased ?? false),
      of((_, { at }) => at),
      of(change => change.at),
      of((_, { expiresAt }) => expiresAt),
      of((_, { message }) => message.sealed.offset),
      of((_, { message }) => message.sealed.length),
      of((_, { message }) => message.sealed.page),
      of((_, { message }) => message.sealed.slot),
      of(change => change.positions.join(' ')),
      of((_, { message }) => message.campaign?.id),
      of((_, { message }) => message.campaign?.ordinal),
      of(change => change.source),
      of((_, { priority }) => priority),
      of(change => change.sentAt),
      of(change => change.cause),
      of(change => codeOf(change.id)),
    ],
  })
}

const updateMessages = `
  update register_message m set
    state = coalesce(c.state, m.state),
    outcome = coalesce(c.outcome, m.outcome),
    reasons = case when c.reasons is null then m.reasons else string_to_array(c.reasons, ' ') end,
    lane = coalesce(c.lane, m.lane),
    upstream = coalesce(c.upstream, m.upstream),
    source = coalesce(c.source, m.source),
    attempts = coalesce(c.attempts, m.attempts),
    erased = c.erased or m.erased,
    sent_at = coalesce(m.sent_at, c.sent_at),
    cause = coalesce(c.cause, m.cause),
    updated_at = c.at,
    positions = m.positions || string_to_array(c.positions, ' ')::bigint[]
  from unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::bool[], $9::bigint[], $10::text[], $11::text[],
    $12::bigint[], $13::text[]
  ) as c (id, state, outcome, reasons, lane, upstream, attempts, erased, at, positions, source, sent_at, cause)
  join register_message before on before.id = c.id
  where m.id = c.id
  returning m.id, m.class, before.lane, m.at::float8 as at`

/** `lane`: as it was before this stretch. */
export type Touched = { id: string; class: string; lane: Lane; at: number }

/** Changes messages of earlier stretches; gives back what the counts and holds need to know about each. */
export async function writeChanged(client: pg.ClientBase, changes: readonly Change[]): Promise<Touched[]> {
  if (changes.length === 0) return []
  const of = (value: (change: Change) => Scalar) => column(changes.map(value))
  const { rows } = await client.query<Touched>({
    name: 'register-update-messages',
    text: updateMessages,
    values: [
      of(change => change.id),
      of(change => change.state),
      of(change => change.outcome),
      of(change => change.reasons?.join(' ')),
      of(change => change.lane),
      of(change => change.upstream),
      of(change => change.attempts),
      of(change => change.erased ?? false),
      of(change => change.at),
      of(change => change.positions.join(' ')),
      of(change => change.source),
      of(change => change.sentAt),
      of(change => change.cause),
    ],
  })
  assert(rows.length === changes.length, 'a change concerns a message that was decided before')
  return rows
}

const insertHolds = `
  insert into register_hold (id, held_class, decided_at)
  select id, class, at from unnest($1::uuid[], $2::text[], $3::bigint[]) as added (id, class, at)
  on conflict (id) do nothing`
const deleteHolds = 'delete from register_hold where id = any ($1::uuid[])'

/** `touched` names class and time of every changed message, whichever statement wrote it. */
export async function writeHolds(
  client: pg.ClientBase,
  changes: readonly Change[],
  touched: Map<string, Touched>,
): Promise<void> {
  const held: Touched[] = []
  const freed: string[] = []
  for (const change of changes) {
    if (change.state === undefined) continue
    if (waits[change.state]) held.push(touched.get(change.id)!)
    else if (change.decided === undefined) freed.push(change.id)
  }
  if (held.length > 0)
    await client.query({
      name: 'register-insert-holds',
      text: insertHolds,
      values: [column(held.map(row => row.id)), column(held.map(row => row.class)), column(held.map(row => row.at))],
    })
  if (freed.length > 0)
    await client.query({ name: 'register-delete-holds', text: deleteHolds, values: [column(freed)] })
}

const addCounts = `
  insert into register_count (partition, hour, class, lane, measure, messages)
  select $1, hour, class, lane, measure, messages
  from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[]) as added (hour, class, lane, measure, messages)
  on conflict (partition, hour, class, lane, measure) do update set messages = register_count.messages + excluded.messages`

export const hourMs = 3_600_000

type Count = { hour: number; class: string; lane: Lane; measure: Measure; messages: number }

export async function writeCounts(
  client: pg.ClientBase,
  partition: number,
  changes: readonly Change[],
  touched: Map<string, Touched>,
): Promise<void> {
  const counts = new Map<string, Count>()
  for (const change of changes) {
    const row = touched.get(change.id)!
    for (const { measure, at, lane = row.lane } of change.measures) {
      const hour = Math.floor(at / hourMs)
      const key = `${hour} ${lane} ${measure} ${row.class}`
      const count = counts.get(key)
      if (count === undefined) counts.set(key, { hour, class: row.class, lane, measure, messages: 1 })
      else count.messages++
    }
  }
  if (counts.size === 0) return
  const list = [...counts.values()]
  const of = (value: (count: Count) => Scalar) => column(list.map(value))
  await client.query({
    name: 'register-add-counts',
    text: addCounts,
    values: [partition, of(c => c.hour), of(c => c.class), of(c => c.lane), of(c => c.measure), of(c => c.messages)],
  })
}

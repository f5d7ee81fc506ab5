import type pg from 'pg'
import type { MessageId } from '../core/events.ts'
import type { Lane } from '../core/policy.ts'
import { learntPrefix, type Place } from '../core/scope.ts'
import type { Hash64 } from '../std/hash64.ts'
import type { Register } from './register.ts'
import { StaleRegister } from './stale.ts'

/**
 * Where the keys of everything lie that was sealed for a person, by account and by address, up to a position of the journal. Throws
 * `StaleRegister` when the register does not get that far in time: what it does not show it cannot name.
 */
export async function* keyPlacesOf(
  register: Pick<Register, 'reached'>,
  pool: pg.Pool,
  subject: Hash64,
  upTo: number,
): AsyncGenerator<{ page: number; slot: number; id: MessageId }> {
  if (!(await register.reached(reachedWaitMsMax))) throw new StaleRegister()
  let after: string | undefined
  for (;;) {
    const { rows } = await pool.query<Row>(selectPlaces, [subject, after ?? null, rowsMax, upTo])
    for (const { id, page, slot } of rows) yield { id, page: Number(page), slot }
    after = rows.at(-1)?.id
    if (rows.length < rowsMax) return
  }
}

type Row = { id: MessageId; page: string; slot: number }

const rowsMax = 1000
const reachedWaitMsMax = 30_000

const selectPlaces = `
  select id, key_page as page, key_slot as slot from register_message
  where (account = $1 or address = $1) and positions[1] <= $4 and ($2::uuid is null or id > $2)
  order by id limit $3`

/** Where a message stands or stood, the mailbox that it is for, and the campaign that it belongs to. */
export type Standing = { about: Place; mailbox?: Hash64; campaign?: { id: string; ordinal: number } }

/**
 * Where messages stand, all in one query; those that the register does not know are left out. What it does not show at once it is given a moment
 * to read: a report about a message may follow on its heels.
 */
export async function standingsOf(
  register: Pick<Register, 'reached'>,
  pool: pg.Pool,
  ids: readonly MessageId[],
): Promise<Map<MessageId, Standing>> {
  const standings = await selectStandings(pool, ids)
  const missing = ids.filter(id => !standings.has(id))
  if (missing.length === 0) return standings
  await register.reached()
  for (const [id, standing] of await selectStandings(pool, missing)) standings.set(id, standing)
  return standings
}

type StandingRow = {
  id: MessageId
  class: string
  lane: Lane
  mailbox: Hash64
  source: string
  template: string
  campaign: string | null
  ordinal: number | null
}

/** The template of a message's place, as `templateIn` has it. The column has `name@version`; a name has no at sign. */
export const templateInPlace = `(case when template is null or starts_with(template, '${learntPrefix}') then '' else split_part(template, '@', 1) end)`

const standing = `
  select id, class, lane, mailbox, coalesce(source, '') as source, ${templateInPlace} as template, campaign, ordinal
  from register_message where id = any ($1::uuid[])`

async function selectStandings(pool: pg.Pool, ids: readonly MessageId[]): Promise<Map<MessageId, Standing>> {
  const { rows } = await pool.query<StandingRow>({ name: 'register-select-standings', text: standing, values: [ids] })
  return new Map(
    rows.map(({ id, class: name, lane, mailbox, source, template, campaign, ordinal }) => {
      const about: Place = { class: name, lane, source, template }
      return [id, { about, mailbox, ...(campaign !== null && { campaign: { id: campaign, ordinal: ordinal ?? 0 } }) }]
    }),
  )
}

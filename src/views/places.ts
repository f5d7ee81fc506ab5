import type pg from 'pg'
import type { MessageId } from '../core/events.ts'
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

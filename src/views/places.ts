import type pg from 'pg'
import type { MessageId } from '../core/events.ts'
import type { Hash64 } from '../std/hash64.ts'

/** Where the keys of everything that was ever sealed for a person lie: by account, by mailbox and by address. */
export async function* keyPlacesOf(
  pool: pg.Pool,
  subject: Hash64,
): AsyncGenerator<{ page: number; slot: number; id: MessageId }> {
  let after: string | undefined
  for (;;) {
    const { rows } = await pool.query<{ id: MessageId; page: string; slot: number }>(selectPlaces, [
      subject,
      after ?? null,
      rowsMax,
    ])
    for (const { id, page, slot } of rows) yield { id, page: Number(page), slot }
    after = rows.at(-1)?.id
    if (rows.length < rowsMax) return
  }
}

const rowsMax = 1000

const selectPlaces = `
  select id, key_page as page, key_slot as slot from register_message
  where (account = $1 or address = $1) and ($2::uuid is null or id > $2)
  order by id limit $3`

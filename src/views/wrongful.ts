import type pg from 'pg'
import type { MessageId, Sealed } from '../core/events.ts'
import type { Hash64 } from '../std/hash64.ts'
import type { State } from './changes.ts'
import { templateInPlace } from './places.ts'
import type { Register } from './register.ts'
import { StaleRegister } from './stale.ts'

/** A set of messages: by id, or by where they stood and when they were decided (ms; `from` inclusive, `to` exclusive). */
export type WrongfulQuery =
  | { ids: string[] }
  | { class: string; from: number; to: number; lane?: string; source?: string; template?: string }

/** What is needed of a message to write to whoever got it. */
export type Wrongful = {
  id: MessageId
  class: string
  state: State
  account: Hash64
  mailbox: Hash64
  address: Hash64
  erased: boolean
  at: number
  sealed: Sealed
  decidedAt: number
}

const rowsMax = 10_000
const reachedWaitMsMax = 30_000

/** All of the set, oldest first, page by page. Throws `StaleRegister`: what the register does not show yet cannot be corrected. */
export async function* wrongfulMessages(
  register: Pick<Register, 'reached'>,
  pool: pg.Pool,
  query: WrongfulQuery,
): AsyncGenerator<Wrongful[]> {
  if (!(await register.reached(reachedWaitMsMax))) throw new StaleRegister()
  if ('ids' in query) {
    for (let i = 0; i < query.ids.length; i += rowsMax)
      yield (await pool.query<Row>(selectByIds, [query.ids.slice(i, i + rowsMax)])).rows.map(wrongful)
    return
  }
  const { class: name, from, to, lane = null, source = null, template = null } = query
  let after: { at: number; id: string } = { at: from, id: '00000000-0000-0000-0000-000000000000' }
  for (;;) {
    const values = [name, to, lane, source, template, after.at, after.id, rowsMax]
    const { rows } = await pool.query<Row>(selectByPlace, values)
    yield rows.map(wrongful)
    if (rows.length < rowsMax) return
    after = rows.at(-1)!
  }
}

/** When each of these mailboxes got its last correction, or will get it, ms; absent for those that got none since. */
export async function correctionsSince(pool: pg.Pool, since: number): Promise<Map<Hash64, number>> {
  const { rows } = await pool.query<{ mailbox: Hash64; at: number }>(selectCorrected, [since])
  return new Map(rows.map(({ mailbox, at }) => [mailbox, at]))
}

type Row = Omit<Wrongful, 'sealed'> & { offset: number; length: number; page: number; slot: number }

const wrongful = ({ offset, length, page, slot, ...rest }: Row): Wrongful => ({
  ...rest,
  sealed: { offset, length, page, slot },
})

const columns = `
  id, class, state, account, mailbox, address, erased, at::float8 as at, sealed_offset as "offset", sealed_length as "length",
  key_page as page, key_slot as slot, positions[1]::float8 as "decidedAt"`
const selectByIds = `
  select ${columns} from register_message where id = any ($1::uuid[]) and class <> 'correction' order by register_message.at, id`
const selectByPlace = `
  select ${columns} from register_message
  where class = $1 and at < $2 and (at, id) > ($6, $7::uuid) and ($3::text is null or lane = $3)
    and ($4::text is null or coalesce(source, '') = $4) and ($5::text is null or ${templateInPlace} = $5)
    and via not in ('notice', 'probe')
  order by register_message.at, id limit $8`
const selectCorrected = `
  select mailbox, max(at)::float8 as at from register_message
  where class = 'correction' and at >= $1 and state in ('delivered', 'queued', 'unknown') group by mailbox`

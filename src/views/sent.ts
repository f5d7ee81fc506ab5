import type pg from 'pg'
import type { MessageFacts, MessageId, Sealed } from '../core/events.ts'
import type { Lane } from '../core/policy.ts'
import { probeClass } from '../core/policy.ts'
import type { Hash64 } from '../std/hash64.ts'

/** A message that was handed over, or may have been, as whoever verifies it is answered from. `marks`: bits of `marks.ts`. Instants in ms. */
export type SentRecord = {
  id: MessageId
  class: string
  lane: Lane
  address: Hash64
  via: MessageFacts['via']
  sentAt: number
  marks: number
  erased: boolean
  /** Whether an event was reported that justifies it, so that something is known of who asked for it. */
  isCaused: boolean
  sealed: Sealed
  decidedAt: number
}

/** As many codes are looked up at once, always: an answer takes the same look at an index whatever is asked. */
export const codesAtOnce = 4
/** The number of no code. */
const noCode = '-1'

const selectByCode = `
  select id, class, lane, address, via, sent_at::float8 as "sentAt", marks, erased, cause is not null as "isCaused",
    sealed_offset as "offset", sealed_length as "length", key_page as page, key_slot as slot, positions[1]::float8 as "decidedAt"
  from register_message where code = any ($1::bigint[]) and sent_at is not null and class <> '${probeClass}' limit 16`

type Row = Omit<SentRecord, 'sealed'> & Sealed

/** What was sent with one of these codes (numbers of `std/message-code.ts`); two messages may have one code by chance. */
export async function sentByCode(pool: pg.Pool, codes: readonly string[]): Promise<SentRecord[]> {
  const asked = Array.from({ length: codesAtOnce }, (_, i) => codes[i] ?? noCode)
  const { rows } = await pool.query<Row>({ name: 'register-select-by-code', text: selectByCode, values: [asked] })
  return rows.map(({ offset, length, page, slot, ...rest }) => ({ ...rest, sealed: { offset, length, page, slot } }))
}

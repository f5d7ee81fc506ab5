import type pg from 'pg'
import type { MessageId } from '../core/events.ts'
import type { Hash64 } from '../std/hash64.ts'

/** A message that waits for the word of its account's holder. Instants in ms. */
export type ConfirmationRecord = { id: MessageId; class: string; at: number; expiresAt: number }

/** An honest person asks a few times; the newest are worth showing. */
const shownMax = 20

const selectWaiting = `
  select id, class, register_message.at::float8 as at, expires_at::float8 as "expiresAt" from register_message
  where account = $1 and application = $2 and outcome = 'confirm' and state = 'waiting' and expires_at > $3 and not erased
  order by register_message.at desc, id desc limit ${shownMax}`

/** What an application may ask an account's holder about now, newest first. An account that nobody knows takes the same one look at an index. */
export async function confirmationsOf(
  pool: pg.Pool,
  { account, application, now }: { account: Hash64; application: string; now: number },
): Promise<ConfirmationRecord[]> {
  const values = [account, application, now]
  return (await pool.query<ConfirmationRecord>({ name: 'register-select-confirmations', text: selectWaiting, values }))
    .rows
}

import type pg from 'pg'
import type { Event, MessageId, MessageMark } from '../core/events.ts'
import type { Hash64 } from '../std/hash64.ts'
import { column } from './rows.ts'

// What becomes known of a message after it was sent: what its holder did with it, what was reported, what people found out. Kept as bits beside
// the message, for whoever asks whether the mail is genuine.

export const marks = {
  /** The holder finished what the message was for. */
  completed: 1,
  /** The holder, or the site on its behalf, says that it was not asked for. */
  reported: 2,
  'sent-in-error': 4,
  'asked-by-someone-else': 8,
} as const

/** Which messages get which bits, and lose which. A completed reset may name the message, or only its cause. */
export type MarkChange = {
  set: number
  clear: number
} & ({ messages: readonly MessageId[] } | { cause: Hash64; account: Hash64 })

/** What an event says of messages that were sent; most say nothing. */
export function markOf(event: Event): MarkChange | undefined {
  if (event.type === 'MessagesMarked') return { messages: event.messages, ...bitsOf(event.mark) }
  if (event.type !== 'SignalReported') return undefined
  const { signal } = event
  const message = 'message' in signal && isId(signal.message) ? signal.message : undefined
  if (signal.kind === 'reset-completed') {
    const completed = { set: marks.completed, clear: 0 }
    if (message !== undefined) return { ...completed, messages: [message] }
    return signal.cause === undefined ? undefined : { ...completed, cause: signal.cause, account: signal.account }
  }
  if (signal.kind === 'reported' && signal.report === 'not-requested' && message !== undefined)
    return { set: marks.reported, clear: 0, messages: [message] }
  return undefined
}

/** What the journal of an early version has may be no id, and would stop the register. */
const isId = (text: string | undefined): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text ?? '')

/** What was found out replaces what was found out before. */
const bitsOf = (mark: MessageMark): { set: number; clear: number } => ({
  set: mark === 'none' ? 0 : marks[mark],
  clear: marks['sent-in-error'] | marks['asked-by-someone-else'],
})

const updateById = `
  update register_message m set marks = (m.marks & ~c.gone) | c.new
  from unnest($1::uuid[], $2::int[], $3::int[]) as c (id, new, gone) where m.id = c.id`
const updateByCause = `
  update register_message m set marks = m.marks | c.new
  from unnest($1::text[], $2::text[], $3::int[]) as c (account, cause, new) where m.account = c.account and m.cause = c.cause`

/** Within the commit that moves the cursor. Messages that are not there are left out: whoever reports may have been told wrong. */
export async function writeMarks(client: pg.ClientBase, changes: readonly MarkChange[]): Promise<void> {
  const byId = new Map<MessageId, { set: number; clear: number }>()
  const byCause = changes.filter(change => 'cause' in change)
  for (const change of changes)
    if ('messages' in change) for (const id of change.messages) byId.set(id, joined(byId.get(id), change))
  if (byId.size > 0) {
    const bits = [...byId.values()]
    const values = [
      column([...byId.keys()]),
      column(bits.map(({ set }) => set)),
      column(bits.map(({ clear }) => clear)),
    ]
    await client.query({ name: 'register-mark-messages', text: updateById, values })
  }
  if (byCause.length > 0) {
    const of = (value: (change: (typeof byCause)[number]) => string | number) => column(byCause.map(value))
    const values = [of(({ account }) => account), of(({ cause }) => cause), of(({ set }) => set)]
    await client.query({ name: 'register-mark-causes', text: updateByCause, values })
  }
}

/** Two changes of one message, the second after the first. */
const joined = (
  first: { set: number; clear: number } | undefined,
  { set, clear }: { set: number; clear: number },
): { set: number; clear: number } => ({
  set: ((first?.set ?? 0) & ~clear) | set,
  clear: (first?.clear ?? 0) | clear,
})

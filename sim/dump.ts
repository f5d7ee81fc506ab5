import type { Event } from '../src/core/events.ts'
import { fold } from '../src/core/fold.ts'
import { judge } from '../src/core/gate.ts'
import type { LiveMessage } from '../src/core/messages.ts'
import { silenceToJson } from '../src/core/silence.ts'
import { restore } from '../src/core/snapshot.ts'
import { newState, type State } from '../src/core/state.ts'
import { streamsToJson } from '../src/core/streams.ts'
import type { Entry } from '../src/journal/journal.ts'
import type { MemoryStore } from '../src/journal/memory/journal.ts'
import type { Table } from '../src/std/table.ts'

/** The whole state as text, the same for equal states whatever the capacity of their tables. */
export function dump(state: State): string {
  const {
    messages,
    streaks,
    allowance,
    leases,
    campaigns,
    proposals,
    streams,
    repeats,
    caps,
    ledger,
    networks,
    recent,
    signals,
    suppressions,
    brake,
    lateness,
    silence,
    ...plain
  } = state
  const tables = {
    repeats,
    caps,
    ...ledger,
    networks,
    recent,
    signals,
    suppressions,
    ...brake.tables,
    handed: lateness.handed,
  }
  const live = [...messages.all()].sort((a, b) => (a.facts.id < b.facts.id ? -1 : 1))
  const { accounts, ...numbers } = leases.toJSON() as { accounts: [string, unknown][] }
  return JSON.stringify({
    ...plain,
    turn: messages.turn,
    held: messages.heldCount,
    live: live.map(message => sortedKeys(message)),
    leases: { ...numbers, accounts: sorted(accounts) },
    streams: streamsToJson(streams),
    streaks: sorted(streaks),
    allowance: sorted(allowance),
    campaigns: sorted(campaigns),
    brake: brake.books,
    lateness: lateness.tracks,
    silence: silenceToJson(silence),
    proposals: [...proposals].map(([, proposal]) => sortedKeys(proposal)),
    tables: Object.entries(tables).map(([name, table]) => [name, rowsOf(table)]),
    decisions: decisions(state, live.slice(0, 3)),
  })
}

const sorted = (entries: Iterable<readonly [string, unknown]>): unknown[] =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : 1))

const sortedKeys = (value: object): unknown => Object.fromEntries(sorted(Object.entries(value)) as [string, unknown][])

function rowsOf(table: Table): string[] {
  const rows: string[] = []
  const width = table.rowWords
  table.each((words, at) => rows.push(words.subarray(at, at + width).join(' ')))
  return rows.sort()
}

/** What would be decided now for some requests. */
function decisions(state: State, probes: LiveMessage[]): unknown {
  return Object.entries(state.policy.classes).flatMap(([name, policy]) =>
    probes.map(({ facts }) => {
      const { reasons, outcome, lane, cause } = judge(state, { ...facts, class: name }, policy, { now: state.at })
      return [name, outcome, lane, cause, reasons]
    }),
  )
}

/** The state that a journal amounts to, from its first batch or from its snapshot. */
export function folded(store: MemoryStore, partition: number, from: 'scratch' | 'snapshot'): State {
  const { rows, snapshot } = store.partitions.get(partition) ?? { rows: [] as Entry[], snapshot: undefined }
  const start = from === 'snapshot' ? snapshot : undefined
  const state = start ? restore([...start.pages].map(([page, bytes]) => ({ page, bytes }))) : newState()
  for (const entry of rows.slice(start?.position ?? 0))
    for (const event of eventsOf(entry)) fold(state, event, { position: entry.position, at: entry.at })
  return state
}

export const eventsOf = (entry: Pick<Entry, 'events'>): Event[] =>
  JSON.parse(Buffer.from(entry.events).toString()) as Event[]

import { assert } from '../std/assert.ts'
import type { Table } from '../std/table.ts'
import type { Captured, Page } from './capture.ts'
import { Demand } from './demand.ts'
import { Leases } from './leases.ts'
import type { LiveMessage } from './messages.ts'
import { silenceFromJson, silenceToJson } from './silence.ts'
import { newState, type State } from './state.ts'
import { streamsFromJson, streamsToJson } from './streams.ts'
import { Templates } from './templates.ts'

/**
 * A snapshot is the state as pages: the shards of the tables, the buckets of the live messages and one small page for the rest. A capture
 * stands for the instant at which it began; pages are taken one at a time between the commands, so that it never stops the world.
 */
const tablesOf = ({
  repeats,
  caps,
  ledger,
  networks,
  recent,
  signals,
  suppressions,
  brake,
  lateness,
}: State): Record<string, Table> => ({
  repeats,
  caps,
  ...ledger,
  networks,
  recent,
  signals,
  suppressions,
  ...brake.tables,
  handed: lateness.handed,
})

/** Goes up when pages, rows or codes that lie in them change their shape: a snapshot of another form is left, and the journal read anew. */
const form = 7

/** Whether the pages are of a snapshot that this version can read. */
export function isReadable(pages: readonly Page[]): boolean {
  const rest = pages.find(({ page }) => page === 'rest')
  return rest !== undefined && JSON.parse(decoder.decode(rest.bytes)).form === form
}

const partsOf = (state: State): Captured[] => [state.messages, ...Object.values(tablesOf(state))]

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Starts a capture of all pages, or of those that changed since the last one; `next` gives them one by one. */
export function beginCapture(state: State, options: { whole: boolean }): { next(): Page | undefined } {
  const rest: Page = { page: 'rest', bytes: encoder.encode(JSON.stringify(restOf(state))) }
  const parts = partsOf(state)
  for (const part of parts) part.beginCapture(options)
  let pending: Page | undefined = rest
  return {
    next() {
      if (pending) {
        const page = pending
        pending = undefined
        return page
      }
      for (let part = parts[0]; part; part = parts[0]) {
        const page = part.nextPage()
        if (page) return page
        parts.shift()
      }
      return undefined
    },
  }
}

function restOf({
  policy,
  configHash,
  leases,
  register,
  demand,
  streaks,
  heartbeat,
  allowance,
  stops,
  campaigns,
  proposals,
  brake,
  lateness,
  silence,
  alarms,
  sources,
  streams,
  announced,
  usual,
  templates,
  approved,
  folded,
  at,
  messages,
}: State): unknown {
  return {
    form,
    policy,
    configHash,
    leases,
    register,
    demand,
    streaks: [...streaks],
    heartbeat,
    allowance: [...allowance],
    stops,
    campaigns: [...campaigns],
    proposals: [...proposals],
    brake: brake.books,
    lateness: lateness.tracks,
    silence: silenceToJson(silence),
    alarms,
    sources,
    streams: streamsToJson(streams),
    announced,
    usual,
    templates: templates.toJSON(),
    approved,
    folded,
    at,
    turn: messages.turn,
  }
}

/** The state that the pages were taken from; they are readable. */
export function restore(pages: Page[]): State {
  const state = newState()
  const tables = tablesOf(state)
  const messages: LiveMessage[][] = []
  let turn = 0
  for (const { page, bytes } of pages) {
    const [part, index] = page.split('/') as [string, string | undefined]
    if (part === 'rest') turn = restoreRest(state, JSON.parse(decoder.decode(bytes)))
    else if (part === 'messages') messages.push(JSON.parse(decoder.decode(bytes)))
    else {
      assert(tables[part], `a snapshot has only pages that are known, found ${part}`)
      tables[part].restore(Number(index), bytes)
    }
  }
  state.messages.restore(messages)
  state.messages.turn = turn
  return state
}

// biome-ignore lint/suspicious/noExplicitAny: our own JSON, written by restOf
function restoreRest(state: State, rest: any): number {
  const { policy, configHash, heartbeat, stops, alarms, sources, announced, usual, approved, folded, at } = rest
  const plain = { policy, configHash, heartbeat, stops, alarms, sources, announced, usual, approved, folded, at }
  Object.assign(state, plain)
  state.streams = streamsFromJson(rest.streams)
  state.leases = Leases.from(rest.leases)
  state.demand = Demand.from(rest.demand)
  state.streaks = new Map(rest.streaks)
  state.allowance = new Map(rest.allowance)
  state.campaigns = new Map(rest.campaigns)
  state.proposals = new Map(rest.proposals)
  state.templates = Templates.from(rest.templates)
  state.brake.books = rest.brake
  state.register = rest.register
  state.lateness.tracks = rest.lateness
  state.silence = silenceFromJson(rest.silence)
  return rest.turn
}

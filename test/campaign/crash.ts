// `npm run campaign:crash -- [--kills N] [--seed N] [--json]`: kill -9, over and over, of a real Tocsin, its real PostgreSQL and a provider, under
// load; then everything is counted. Ends with 1 when something was lost, decided twice or repeated without need.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { generator } from '../../sim/world.ts'
import { Load } from './load.ts'
import { inFlightMax, Parts, type Target } from './parts.ts'

export type CrashReport = {
  name: 'crash'
  kills: number
  byTarget: Record<Target, number>
  /** From the kill to the first acknowledgement of something asked after it, ms. */
  recovery: { p50: number; max: number }
  acknowledged: number
  delivered: number
  /** Of two messages with one cause the second is held; any other lacked a lease. */
  held: { second: number; other: number }
  /** Hand-overs of a mail that the provider had taken before, and the most that one kill brought about. */
  repeated: { total: number; perKillMax: number; window: number }
  lost: string[]
  wrong: string[]
  seconds: number
}

type Taken = { at: number; messageId: string; key: string; recipients: string[] }
type Kill = { at: number; target: Target }

const targets: readonly Target[] = [
  ...(['tocsin', 'tocsin', 'tocsin', 'tocsin', 'both', 'both'] as const),
  ...(['postmaster', 'postmaster', 'postgres', 'postgres', 'upstream', 'upstream'] as const),
]
const recoveryMsMax = 60_000
const drainMsMax = 180_000

export async function crashCampaign({
  kills,
  seed,
  progress = () => {},
}: {
  kills: number
  seed: number
  progress?: (text: string) => void
}): Promise<CrashReport> {
  const began = performance.now()
  const parts = await Parts.start()
  const atExit = () => parts.endNow()
  process.once('exit', atExit)
  const load = new Load(parts)
  try {
    load.start()
    await withinOr(recoveryMsMax, load.acknowledges(), () => `Tocsin did not start:\n${parts.lastWords()}`)
    const { done, recoveries } = await killAll({ parts, load, kills, seed, progress })
    await withinOr(recoveryMsMax, load.stop(), () => `senders hear nothing any more:\n${parts.lastWords()}`)
    const states = await drained(load, progress)
    const taken = readTaken(parts)
    return { ...verdict({ load, states, taken, done, recoveries }), seconds: (performance.now() - began) / 1000 }
  } finally {
    load.giveUp()
    await load.close()
    await parts.close({ keep: process.env.TOCSIN_CAMPAIGN_KEEP === '1' })
    process.off('exit', atExit)
  }
}

async function withinOr<T>(ms: number, promise: Promise<T>, otherwise: () => string): Promise<T> {
  const late = new AbortController()
  const timeout = sleep(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error(otherwise())
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    timeout.catch(() => {})
    late.abort()
  }
}

async function killAll({
  parts,
  load,
  kills,
  seed,
  progress,
}: {
  parts: Parts
  load: Load
  kills: number
  seed: number
  progress: (text: string) => void
}): Promise<{ done: Kill[]; recoveries: number[] }> {
  const random = generator(seed)
  const done: Kill[] = []
  const recoveries: number[] = []
  while (done.length < kills) {
    const target = targets[Math.floor(random() * targets.length)]!
    await sleep(random() * 600)
    if (!parts.kill(target)) continue
    const at = Date.now()
    done.push({ at, target })
    if (done.length % 20 === 0) progress(`${done.length} kills, ${load.ledger.size} acknowledged`)
    // Some come while the one before is still being recovered from.
    if (random() < 0.25 && done.length < kills) continue
    await withinOr(recoveryMsMax, load.acknowledges(), () => `no recovery from ${target}:\n${parts.lastWords()}`)
    recoveries.push(Date.now() - at)
  }
  return { done, recoveries }
}

const ended = new Set(['delivered', 'undeliverable', 'expired', 'suppressed', 'rejected', 'discarded', 'held'])

/** Waits until every acknowledged message is at its end, or held, and says where each stands. */
async function drained(load: Load, progress: (text: string) => void): Promise<Map<string, string>> {
  const states = new Map<string, string>()
  const until = performance.now() + drainMsMax
  const ids = new Set([...load.ledger.values()].map(({ id }) => id))
  for (;;) {
    const left = [...ids].filter(id => !ended.has(states.get(id) ?? ''))
    if (left.length === 0 || performance.now() > until) return states
    progress(`${left.length} of ${ids.size} to look up`)
    for (let i = 0; i < left.length; i += 16)
      await Promise.all(
        left.slice(i, i + 16).map(async id => states.set(id, (await load.state(id)) ?? 'not to be asked')),
      )
    await sleep(300)
  }
}

/** A last line without an end was never answered for. */
const readTaken = ({ taken }: Parts): Taken[] =>
  readFileSync(taken, 'utf8')
    .split('\n')
    .filter(line => line.endsWith('}'))
    .map(line => JSON.parse(line) as Taken)

function verdict({
  load,
  states,
  taken,
  done,
  recoveries,
}: {
  load: Load
  states: Map<string, string>
  taken: Taken[]
  done: Kill[]
  recoveries: number[]
}): Omit<CrashReport, 'seconds'> {
  const copies = groupBy(taken, ({ messageId }) => messageId)
  const byKey = groupBy(taken, ({ key }) => key)
  const lost: string[] = []
  const wrong = [...load.wrong]
  for (const [key, { id }] of load.ledger) {
    const state = states.get(id) ?? ''
    if (!ended.has(state)) lost.push(`${key} (${id}) is ${state}`)
    if (state === 'delivered' && !byKey.has(key)) lost.push(`${key} (${id}) was not delivered`)
  }
  for (const [key, mails] of byKey) {
    if (new Set(mails.map(({ messageId }) => messageId)).size > 1) wrong.push(`${key} was decided twice`)
    if (!load.ledger.has(key)) wrong.push(`${key} was delivered and never acknowledged`)
  }
  for (const keys of load.siblings)
    if (keys.filter(key => byKey.has(key)).length > 1) wrong.push(`${keys} have one cause and were both delivered`)
  const { total, perKillMax, needless } = repeats([...copies.values()], done)
  wrong.push(...needless)
  // Budgets are open here: whoever is held for lack of a lease has lost it in a crash.
  if (held(load, states).other > 0) wrong.push(`${held(load, states).other} messages are held for lack of a lease`)
  if (perKillMax > inFlightMax) wrong.push(`${perKillMax} hand-overs were repeated after one kill`)
  const sorted = recoveries.sort((a, b) => a - b)
  return {
    name: 'crash',
    kills: done.length,
    byTarget: Object.fromEntries(
      [...new Set(targets)].map(target => [target, done.filter(kill => kill.target === target).length]),
    ) as Record<Target, number>,
    recovery: { p50: sorted[sorted.length >> 1] ?? 0, max: sorted.at(-1) ?? 0 },
    acknowledged: load.ledger.size,
    delivered: copies.size,
    held: held(load, states),
    repeated: { total, perKillMax, window: inFlightMax },
    lost,
    wrong,
  }
}

function held(load: Load, states: Map<string, string>): CrashReport['held'] {
  const siblings = new Set(load.siblings.flat())
  const keys = [...load.ledger].filter(([, { id }]) => states.get(id) === 'held').map(([key]) => key)
  const second = keys.filter(key => siblings.has(key)).length
  return { second, other: keys.length - second }
}

/**
 * What lay whole on the line when Tocsin was killed is still taken, a moment later: the provider writes each mail to disk, and may be slow at
 * it. A killed Tocsin needs more than a second to be back, so what is taken within one was sent before.
 */
const underWayMs: Record<Target, number> = { tocsin: 1000, both: 1000, postmaster: 100, postgres: 100, upstream: 100 }

/** A mail that was taken again must have a kill between the two, and each kill may have no more of them than the window holds. */
function repeats(mails: Taken[][], kills: Kill[]): { total: number; perKillMax: number; needless: string[] } {
  const perKill = new Map<Kill, number>()
  const needless: string[] = []
  let total = 0
  for (const copies of mails)
    for (const [i, copy] of copies.entries()) {
      const before = copies[i - 1]
      if (!before) continue
      total++
      const reason = kills.find(({ at, target }) => at >= before.at - underWayMs[target] && at <= copy.at)
      if (reason) perKill.set(reason, (perKill.get(reason) ?? 0) + 1)
      else needless.push(`${copy.key} was handed over again without a kill between`)
    }
  return { total, perKillMax: Math.max(0, ...perKill.values()), needless }
}

function groupBy<T>(list: T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of list) {
    const group = groups.get(keyOf(one))
    if (group) group.push(one)
    else groups.set(keyOf(one), [one])
  }
  return groups
}

function readNumber(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`)
  if (at < 0) return otherwise
  const value = Number(process.argv[at + 1])
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error('usage: node test/campaign/crash.ts [--kills N] [--seed N] [--json]')
  process.exit(2)
}

if (import.meta.main) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(3))
  const report = await crashCampaign({
    kills: readNumber('kills', 1000),
    seed: readNumber('seed', Date.now() % 1_000_000),
    progress: text => console.error(text),
  })
  console.log(process.argv.includes('--json') ? JSON.stringify(report) : report)
  process.exitCode = report.lost.length + report.wrong.length > 0 ? 1 : 0
}

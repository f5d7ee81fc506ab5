// `npm run campaign:crash -- [--kills N] [--seed N] [--json]`: kill -9, over and over, of a real Tocsin, its real PostgreSQL and a provider, under
// load, while people stop, resume, release, and send campaigns and corrections; then everything is counted. Ends with 1 when something was lost,
// decided twice, repeated without need, or handed over against a stop.
import { setTimeout as sleep } from 'node:timers/promises'
import { generator } from '../../sim/world.ts'
import { audit, ended, type Findings, type Kill, readTaken } from './audit.ts'
import { Line } from './line.ts'
import { Load } from './load.ts'
import { Parts, type Target } from './parts.ts'
import { People } from './people.ts'

export type CrashReport = Findings & {
  name: 'crash'
  seed: number
  kills: number
  byTarget: Record<Target, number>
  /** Kills within a few milliseconds of something that a person asked for. */
  atAnAct: number
  /** From the kill to the first acknowledgement of something asked after it, ms. */
  recovery: { p50: number; max: number }
  acknowledged: number
  approvals: People['approvals']
  seconds: number
}

const targets: readonly Target[] = [
  ...(['tocsin', 'tocsin', 'tocsin', 'tocsin', 'both', 'both'] as const),
  ...(['postmaster', 'postmaster', 'postgres', 'postgres', 'upstream', 'upstream'] as const),
]
const recoveryMsMax = 60_000
const drainMsMax = 180_000

type Cast = { parts: Parts; load: Load; people: People; line: Line }
type Killed = { done: Kill[]; recoveries: number[]; atAnAct: number }

export type CampaignOptions = {
  kills: number
  seed: number
  /** Recipients of each of the campaigns that people send. */
  campaignSize: number
  progress?: (text: string) => void
}

export async function crashCampaign(options: CampaignOptions): Promise<CrashReport> {
  const { seed, campaignSize, progress = () => {} } = options
  const began = performance.now()
  const parts = await Parts.start()
  const atExit = () => parts.endNow()
  process.once('exit', atExit)
  const line = new Line(parts)
  const load = new Load(parts, line)
  const people = new People({ parts, line, load, campaignSize })
  const cast = { parts, load, people, line }
  try {
    load.start()
    await withinOr(recoveryMsMax, load.acknowledges(), () => `Tocsin did not start:\n${parts.lastWords()}`)
    people.start()
    const killed = await killAll(cast, options)
    await withinOr(recoveryMsMax, load.stop(), () => `senders hear nothing any more:\n${parts.lastWords()}`)
    progress('the last kill is over; people finish')
    await withinOr(
      drainMsMax,
      people.finish(),
      () => `people cannot finish: ${people.wrong.join('\n')}\n${parts.lastWords()}`,
    )
    const states = await drained(load, progress)
    const findings = audit({ load, people, states, taken: readTaken(parts), kills: killed.done })
    findings.wrong.push(...(await parts.registerFaults()))
    return { ...told(cast, killed), ...findings, seed, seconds: (performance.now() - began) / 1000 }
  } finally {
    load.giveUp()
    people.giveUp()
    await line.close()
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

async function killAll({ parts, load, people }: Cast, options: CampaignOptions): Promise<Killed> {
  const { kills, seed, progress = () => {} } = options
  const random = generator(seed)
  const killed: Killed = { done: [], recoveries: [], atAnAct: 0 }
  const { done, recoveries } = killed
  while (done.length < kills) {
    const target = targets[Math.floor(random() * targets.length)]!
    const [isAtAnAct, pauseMs] = [random() < 0.5, random()]
    if (isAtAnAct) await Promise.race([people.acts(), sleep(2000)]).then(() => sleep(pauseMs * actMsMax))
    else await sleep(pauseMs * 600)
    if (!parts.kill(target)) continue
    const at = Date.now()
    done.push({ at, target })
    if (isAtAnAct) killed.atAnAct++
    if (done.length % 10 === 0) progress(`${done.length} kills, ${load.ledger.size} acknowledged`)
    // Some come while the one before is still being recovered from.
    if (random() < 0.25 && done.length < kills) continue
    await withinOr(recoveryMsMax, load.acknowledges(), () => `no recovery from ${target}:\n${parts.lastWords()}`)
    recoveries.push(Date.now() - at)
    // Time for people to do something.
    if (random() < 0.5) await sleep(random() * 3000)
  }
  return killed
}

/** An act is durable within a few milliseconds: somewhere between its first byte and its answer. */
const actMsMax = 15

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

function told({ load, people }: Cast, { done, recoveries, atAnAct }: Killed) {
  const sorted = recoveries.sort((a, b) => a - b)
  const byTarget = Object.fromEntries(
    [...new Set(targets)].map(target => [target, done.filter(kill => kill.target === target).length]),
  ) as Record<Target, number>
  return {
    name: 'crash' as const,
    kills: done.length,
    byTarget,
    atAnAct,
    recovery: { p50: sorted[sorted.length >> 1] ?? 0, max: sorted.at(-1) ?? 0 },
    acknowledged: load.ledger.size,
    approvals: people.approvals,
  }
}

function readNumber(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`)
  if (at < 0) return otherwise
  const value = Number(process.argv[at + 1])
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error('usage: node test/campaign/crash.ts [--kills N] [--seed N] [--campaign RECIPIENTS] [--json]')
  process.exit(2)
}

if (import.meta.main) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(3))
  const report = await crashCampaign({
    kills: readNumber('kills', 1000),
    seed: readNumber('seed', Date.now() % 1_000_000),
    campaignSize: readNumber('campaign', 3000),
    progress: text => console.error(text),
  })
  console.log(process.argv.includes('--json') ? JSON.stringify(report) : report)
  process.exitCode = report.lost.length + report.wrong.length > 0 ? 1 : 0
}

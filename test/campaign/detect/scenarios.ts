import type { Setting } from '../../../src/cli/replay/replay.ts'
import { type DrillOutcome, playDrill } from '../../../src/cli/replay/score.ts'
import { type Drill, drills, type Parameters } from '../../../src/drills/drill.ts'
import type { Labelled } from '../../../src/drills/trace.ts'
import { parseInstant } from '../../../src/std/instant.ts'
import { hourMs, minuteMs } from './backgrounds.ts'
import { type Spread, spreadOf } from './statistics.ts'

// Drills through the whole gate: what is delivered, who waits, and what is stopped.

export type Causes = Parameters['causes']

/** Whoever reports no causes sends all in the open lane, and has to be given a budget for it: 300 an hour would hold the mail of any day. */
export function settingFor(setting: Setting, causes: Causes): Setting {
  if (causes === 'reported') return setting
  const classes = Object.entries(setting.policy.classes).map(([name, one]) => [
    name,
    { ...one, budgetPerHour: { ...one.budgetPerHour, open: 10_000_000 } },
  ])
  return { ...setting, policy: { ...setting.policy, classes: Object.fromEntries(classes) } }
}

export const drillNamed = (name: string): Drill => {
  const drill = drills.find(one => one.name === name)
  if (!drill) throw new Error(`there is no drill named ${name}`)
  return drill
}

/** So long after the onset a run is broken off: a busy class has as many messages in a minute as a quiet one in days. */
export const horizonOf = (level: number): number => (level > 500 ? minuteMs : level > 10 ? 15 * minuteMs : hourMs)

function brokenOff(drill: Drill, horizonMs: number): Drill {
  const play = function* (parameters: Parameters): Iterable<Labelled> {
    const end = drill.onsetOf(parameters) + horizonMs
    for (const one of drill.play(parameters)) {
      if (parseInstant(one.event.time)! > end) return
      yield one
    }
  }
  return { ...drill, play }
}

export type Played = Pick<
  DrillOutcome,
  'wrongful' | 'honest' | 'stop' | 'duplicatesDelivered' | 'asExpected' | 'warmUp'
>

export function playOne(setting: Setting, { name, seed, level, causes, horizonMs, more = {} }: PlayOptions): Played {
  const drill = drillNamed(name)
  const perMinute = level ?? drill.defaults.perMinute
  const warmUpHours = perMinute > 500 ? 0.02 : drill.defaults.warmUpHours
  const parameters = { ...drill.defaults, seed, causes, perMinute, warmUpHours, ...more }
  const { wrongful, honest, stop, duplicatesDelivered, asExpected, warmUp } = playDrill(
    horizonMs === undefined ? drill : brokenOff(drill, horizonMs),
    parameters,
    settingFor(setting, causes),
  )
  return { wrongful, honest, stop, duplicatesDelivered, asExpected, warmUp }
}
export type PlayOptions = {
  name: string
  seed: number
  level?: number
  causes: Causes
  horizonMs?: number
  more?: Partial<Parameters>
}

export type ScenarioRow = {
  scenario: string
  level: number
  causes: Causes
  seeds: number
  /** Requested by the end of the run. */
  wrongful: number
  delivered: Spread
  neverStopped: number
  /** Breakers before the onset, over all seeds. */
  falseBefore: number
  seconds: Spread
  honestWithheld: Spread
  honestDelayMs: Spread
}

export function measureScenario(
  setting: Setting,
  { name, level, causes, seeds }: { name: string; level: number; causes: Causes; seeds: number[] },
): ScenarioRow {
  const runs = seeds.map(seed => playOne(setting, { name, seed, level, causes, horizonMs: horizonOf(level) }))
  return {
    scenario: name,
    level,
    causes,
    seeds: seeds.length,
    wrongful: spreadOf(runs.map(({ wrongful }) => wrongful.requested)).median,
    delivered: spreadOf(runs.map(({ wrongful }) => wrongful.delivered)),
    neverStopped: runs.filter(({ stop }) => stop.by === 'nothing').length,
    falseBefore: runs.reduce((sum, { stop }) => sum + stop.beforeOnset, 0),
    seconds: spreadOf(runs.flatMap(({ stop }) => stop.seconds ?? [])),
    honestWithheld: spreadOf(runs.map(({ honest }) => honest.requested - honest.delivered)),
    honestDelayMs: {
      median: spreadOf(runs.map(({ honest }) => honest.delayMs.p50)).median,
      p95: spreadOf(runs.map(({ honest }) => honest.delayMs.p95)).median,
      max: spreadOf(runs.map(({ honest }) => honest.delayMs.max)).max,
    },
  }
}

export type DrillRow = { drill: string; causes: Causes; size: number } & Played

/** Every drill once, of at most this size. */
export function* everyDrill(
  setting: Setting,
  { sizeMax, seed, causes }: { sizeMax: number; seed: number; causes: Causes },
) {
  for (const { name, defaults } of drills) {
    const size = Math.min(defaults.size, sizeMax)
    yield { drill: name, causes, size, ...playOne(setting, { name, seed, causes, more: { size } }) } satisfies DrillRow
  }
}

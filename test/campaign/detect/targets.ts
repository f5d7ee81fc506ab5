import type { Setting } from '../../../src/cli/replay/replay.ts'
import { hourMs, minuteMs } from './backgrounds.ts'
import { type Causes, type Played, playOne } from './scenarios.ts'
import type { SendRow } from './sends.ts'
import { spreadOf } from './statistics.ts'

// What docs and design promise, each line with its figure.

export type TargetRow = { target: string; figure: string; met: boolean; seeds: number; why?: string }

const causelessDrills = ['coinbase-2021', 'migration-backfill', 'instagram-2026-template', 'instagram-2026-targeting']
const surges = ['product-launch', 'forced-rotation', 'regional-recovery', 'new-year']
const rateOnly =
  'without causes a surge of people and a mass send differ in nothing that the rate shows; what stops the one stops the other'

type Part = { seeds: number[]; full: boolean; progress(text: string): void }

export function measureTargets(setting: Setting, sends: SendRow[], part: Part): TargetRow[] {
  const rows: TargetRow[] = []
  const add = (row: TargetRow) => {
    rows.push(row)
    part.progress(`${row.met ? 'met   ' : 'MISSED'} ${row.target}: ${row.figure}`)
  }
  const runs = (name: string, causes: Causes, horizonMs?: number, more = {}): Played[] =>
    part.seeds.map(seed =>
      playOne(setting, { name, seed, causes, ...(horizonMs !== undefined && { horizonMs }), more }),
    )
  for (const name of causelessDrills) {
    const figure = spreadOf(runs(name, 'reported', 15 * minuteMs).map(({ wrongful }) => wrongful.delivered))
    add(row(`${name}: at most 3 causeless delivered`, `${told(figure)}`, figure.max <= 3, part))
  }
  for (const one of sends.filter(({ ratio }) => ratio >= 1.5)) add(hidden(one))
  for (const causes of ['reported', 'hidden'] as const)
    for (const name of surges) add(surge(name, causes, runs(name, causes), part))
  for (const each of documented(runs, part)) add(each)
  return rows
}

const told = ({ median, p95, max }: { median: number; p95: number; max: number }) =>
  `${median} (95 %: ${p95}, most ${max})`

const row = (target: string, figure: string, met: boolean, { seeds }: Part, why?: string): TargetRow => ({
  target,
  figure,
  met,
  seeds: seeds.length,
  ...(!met && why !== undefined && { why }),
})

function hidden({ background, level, perSecond, ratio, delivered, bound, seeds, neverStopped }: SendRow): TargetRow {
  const most = 2 * bound + 5
  const met = delivered.median <= most
  return {
    target: `causes hidden, ${background}, ${level}/min, ${perSecond}/s (ρ ${ratio.toFixed(1)}): at most 2 N* + 5 = ${most.toFixed(1)}`,
    figure: `${told(delivered)}${neverStopped > 0 ? `, ${neverStopped} never stopped` : ''}`,
    met,
    seeds,
    ...(!met && {
      why: 'κ = 2 until it is learnt halves ρ, and the scatter of minutes costs ln(1 + k/Λ) a message instead of ln ρ',
    }),
  }
}

function surge(name: string, causes: Causes, runs: Played[], part: Part): TargetRow {
  const quiet = runs.filter(({ stop }) => stop.by !== 'breaker' && stop.beforeOnset === 0).length
  const withheld = spreadOf(runs.map(({ honest }) => 1 - honest.share)).median
  const figure = `${quiet} of ${runs.length} without, ${(100 * withheld).toFixed(2)} % of its mail withheld (median)`
  return row(
    `${name}, causes ${causes}: no hard stop in 95 % of seeds`,
    figure,
    quiet >= 0.95 * runs.length,
    part,
    rateOnly,
  )
}

type Runs = (name: string, causes: Causes, horizonMs?: number, more?: object) => Played[]

function* documented(runs: Runs, part: Part): Iterable<TargetRow> {
  const most = (name: string, causes: Causes, limit: number, horizonMs?: number) => {
    const figure = spreadOf(runs(name, causes, horizonMs).map(({ wrongful }) => wrongful.delivered))
    return row(`${name}, causes ${causes}: at most ${limit} delivered`, told(figure), figure.max <= limit, part)
  }
  // Nothing is different after the first minutes; the whole 83 minutes only when asked for.
  const coinbase = part.full ? undefined : 15 * minuteMs
  yield most('coinbase-2021', 'reported', 0, coinbase)
  yield most('coinbase-2021', 'hidden', 250, coinbase)
  for (const causes of ['reported', 'hidden'] as const) {
    // The first of them shows nobody's address but its own recipient's.
    yield most('lets-encrypt-2016', causes, 1)
    for (const name of ['robinhood-2026', 'fbi-2021', 'hbo-max-2021']) yield most(name, causes, 0, 15 * minuteMs)
  }
  for (const name of ['mautic-2020', 'safebase-2023']) {
    const copies = spreadOf(runs(name, 'reported').map(({ wrongful }) => wrongful.delivered))
    yield row(`${name}: no copy delivered`, told(copies), copies.max === 0, part)
  }
  const capped = runs('zitadel-2026', 'reported', 20 * hourMs)
  const perHour = spreadOf(capped.map(({ wrongful }) => wrongful.delivered))
  yield row(
    'zitadel-2026, first 20 hours: the caps of a mailbox (15 a day), and one notice',
    told(perHour),
    perHour.max <= 16,
    part,
  )
  const flood = runs('reset-flood', 'reported', part.full ? undefined : 5 * minuteMs)
  const share = Math.min(...flood.map(({ honest }) => honest.share))
  const delay = Math.max(...flood.map(({ honest }) => honest.delayMs.p95))
  yield row(
    'reset-flood: 99 % of honest messages delivered, 95 of 100 within 1 s',
    `${(100 * share).toFixed(2)} % at worst, ${delay} ms; ${told(spreadOf(flood.map(({ wrongful }) => wrongful.delivered)))} of the flood`,
    share >= 0.99 && delay < 1_000,
    part,
  )
}

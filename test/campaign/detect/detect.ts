// `npm run campaign:detect -- [options]`: how well the detectors keep their promises, beside the bound, an oracle and what others do.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingOf } from '../../../src/cli/replay/settings.ts'
import { type Background, real, realSeries, synthetic } from './backgrounds.ts'
import { figures } from './figures.ts'
import { comparePeers, type ParetoPoint, type PeerRow, pareto } from './peers.ts'
import { measureQuiet, measureReal, type QuietRow, type RealRow } from './quiet.ts'
import { type DrillRow, everyDrill, measureScenario, type ScenarioRow } from './scenarios.ts'
import { measureSends, type SendRow } from './sends.ts'
import { tables } from './tables.ts'
import { measureTargets, type TargetRow } from './targets.ts'

export type Report = {
  name: 'detect'
  seeds: number[]
  sends: SendRow[]
  quiet: QuietRow[]
  real: RealRow[]
  peers: PeerRow[]
  pareto: ParetoPoint[]
  scenarios: ScenarioRow[]
  targets: TargetRow[]
  drills: DrillRow[]
  cpuSeconds: number
}

export const parts = ['sends', 'quiet', 'real', 'peers', 'scenarios', 'targets', 'drills'] as const
export type Options = {
  seeds: number[]
  levels: number[]
  scenarios: string[]
  parts: readonly string[]
  /** Simulated years of ordinary traffic, over all levels. */
  years: number
  full: boolean
  progress(text: string): void
}

export async function measure(options: Options): Promise<Report> {
  const { seeds, levels, progress } = options
  const has = (part: (typeof parts)[number]) => options.parts.includes(part)
  const series = realSeries()
  if (series.length === 0)
    progress('no real count series beside the repository, ../shared/data/counts: synthetic ones only')
  const backgrounds: Background[] = [
    synthetic(20),
    synthetic(4),
    ...series.filter(({ name }) => realAtLevels.has(name)).map(real),
  ]
  const cpu = process.cpuUsage()
  const sends = has('sends')
    ? each(
        backgrounds,
        levels,
        (one, level) => paces.map(perSecond => measureSends(one, { seeds, level, perSecond })),
        progress,
      )
    : []
  const quiet = has('quiet') ? each(backgrounds, levels, (one, level) => quietOf(one, level, options), progress) : []
  const peerSetting = {
    level: levels.includes(2) ? 2 : levels[0]!,
    seeds,
    days: 365 * Math.min(4, options.years),
    devSeeds: [0, 1],
  }
  const peers = has('peers') ? backgrounds.flatMap(one => comparePeers(one, peerSetting)) : []
  const setting = await settingOf()
  return {
    name: 'detect',
    seeds,
    sends,
    quiet,
    real: has('real') ? series.map(measureReal) : [],
    peers,
    pareto: has('peers') ? pareto(synthetic(20), peerSetting) : [],
    scenarios: has('scenarios') ? scenariosOf(setting, options) : [],
    targets: has('targets') ? measureTargets(setting, sends.filter(isSynthetic), options) : [],
    drills: has('drills') ? drillsOf(setting, options) : [],
    cpuSeconds: Math.round(process.cpuUsage(cpu).user / 1e6),
  }
}

const paces = [0.5, 5, 50]
/** Of the real series, those that are also played at other levels, message by message. */
const realAtLevels = new Set(['worldcup98_per_minute', 'nab_tweets_AAPL'])
const isSynthetic = ({ background }: SendRow): boolean => background === synthetic(20).name

function each<T>(
  backgrounds: Background[],
  levels: number[],
  of: (one: Background, level: number) => T[],
  progress: (text: string) => void,
): T[] {
  return backgrounds.flatMap(one =>
    levels.flatMap(level => {
      progress(`${one.name}, ${level} a minute`)
      return of(one, level)
    }),
  )
}

function quietOf(one: Background, level: number, { years, levels }: Options): QuietRow[] {
  const days = Math.ceil((365 * years) / levels.length / 4)
  return [
    measureQuiet(one, { level, history: 'loaded', days, seed: 1 }),
    measureQuiet(one, { level, history: 'learnt', days: days + 28, seed: 2 }),
  ]
}

const scenariosOf = (setting: Awaited<ReturnType<typeof settingOf>>, { scenarios, levels, seeds, progress }: Options) =>
  scenarios.flatMap(name =>
    levels.flatMap(level =>
      (['reported', 'hidden'] as const).map(causes => {
        progress(`${name}, ${level} a minute, causes ${causes}`)
        return measureScenario(setting, { name, level, causes, seeds })
      }),
    ),
  )

function drillsOf(setting: Awaited<ReturnType<typeof settingOf>>, { seeds, progress }: Options): DrillRow[] {
  const rows: DrillRow[] = []
  for (const causes of ['reported', 'hidden'] as const)
    for (const row of everyDrill(setting, { sizeMax: 2_000, seed: seeds[0]!, causes })) {
      rows.push(row)
      progress(`${row.drill}, causes ${causes}: ${row.asExpected ? 'as expected' : 'NOT as expected'}`)
    }
  return rows
}

const usage = `usage: node test/campaign/detect/detect.ts [--seeds N] [--from N] [--levels A,B] [--scenarios A,B] [--parts A,B] [--years N] [--full] [--plots DIR] [--json]
parts: ${parts.join(', ')}`

function wrongUse(): never {
  console.error(usage)
  process.exit(2)
}

function readList(name: string): string[] | undefined {
  const at = process.argv.indexOf(`--${name}`)
  if (at < 0) return undefined
  return process.argv[at + 1]?.split(',') ?? wrongUse()
}

function readNumber(name: string, otherwise: number): number {
  const given = readList(name)
  const value = given === undefined ? otherwise : Number(given[0])
  return value >= 0 ? value : wrongUse()
}

const scenariosUsual = [
  'wrong-recipient-query',
  'coinbase-2021',
  'migration-backfill',
  'template-misconfiguration',
  'flag-flip',
  'leaked-list',
  'product-launch',
]

async function main(): Promise<void> {
  const from = readNumber('from', 100)
  const chosen = readList('parts') ?? [...parts]
  if (chosen.some(part => !(parts as readonly string[]).includes(part))) wrongUse()
  const report = await measure({
    seeds: Array.from({ length: readNumber('seeds', 100) }, (_, index) => from + index),
    levels: (readList('levels') ?? ['0.1', '2', '60', '2000']).map(Number),
    scenarios: readList('scenarios') ?? scenariosUsual,
    parts: chosen,
    years: readNumber('years', 20),
    full: process.argv.includes('--full'),
    progress: text => console.error(text),
  })
  const plots = readList('plots')?.[0]
  if (plots !== undefined) {
    mkdirSync(plots, { recursive: true })
    for (const { file, svg } of figures(report, realSeries())) writeFileSync(join(plots, file), svg)
  }
  console.log(process.argv.includes('--json') ? JSON.stringify(report) : tables(report))
}

if (import.meta.main) await main()

import { type Drill, drills, type Parameters } from '../drills/drill.ts'
import { instantText } from '../std/instant.ts'
import type { Counts } from './replay/outcomes.ts'
import { Progress } from './replay/progress.ts'
import { countsTable, type LineFile, openOutput, stopSentence } from './replay/report.ts'
import { type DrillOutcome, playDrill } from './replay/score.ts'
import { settingOf } from './replay/settings.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

export const drill: Command = {
  help: `usage: npx tocsin drill NAME [options]
       npx tocsin drill --list [--json]

Makes the events of a scenario (a fault, an attack, a surge of honest people, a documented incident), plays them through the
same code that decides in production, and says how many wrongful messages got out, what stopped them and what honest people
had to wait. Nothing is sent.

  --list               the drills, with what each can be given
  --seed N             another run of the same kind
  --size N             messages of the incident if nothing stops it; 0 is the background alone
  --per-second N       pace of the incident at its height
  --per-minute N       background messages of the drill's first class
  --ramp KIND          step, linear or exponential
  --ramp-seconds N     until the height
  --dispersion N       of the background: size k of its negative binomial law
  --hour N             hour of the week at which it begins, 0 (Monday 00 UTC) to 167
  --causes KIND        reported or hidden
  --warm-up-hours N    background before it begins
  --networks N         from how many networks an outsider acts
  --unknown-share X    share of an outsider's requests that name no account, 0 to below 1
  --policy P           a file like tocsin.config.ts
  --trace OUT          writes the events, for "npx tocsin replay"
  --labels OUT         writes what the core is not told: one line a message, with its id
  --json               one JSON value on stdout

Exit 0 when what was to be stopped was stopped and nothing else, 1 when not.`,
  async run(args) {
    const { values, positionals } = readOptions(args, options)
    if (values.list) return list(values.json, positionals)
    const drill = named(positionals)
    const parameters = parametersOf(drill, values)
    const setting = await settingOf(values.policy)
    const files = { trace: openOutput(values.trace), labels: openOutput(values.labels) }
    const progress = new Progress()
    const outcome = playDrill(drill, parameters, setting, {
      afterEvent: replay => progress.after(replay),
      played: (event, label) => written(files, event as { id: string }, label),
    })
    files.trace?.close()
    files.labels?.close()
    progress.end(outcome.report)
    console.log(values.json ? JSON.stringify(outcome) : told(drill, outcome))
    return outcome.asExpected ? 0 : 1
  },
}

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const
const options = {
  list: flag,
  json: flag,
  policy: text,
  trace: text,
  labels: text,
  seed: text,
  size: text,
  'per-second': text,
  'per-minute': text,
  ramp: text,
  'ramp-seconds': text,
  dispersion: text,
  hour: text,
  causes: text,
  'warm-up-hours': text,
  networks: text,
  'unknown-share': text,
} as const

function written(
  files: { trace: LineFile | undefined; labels: LineFile | undefined },
  event: { id: string },
  label: unknown,
): void {
  files.trace?.write(`${JSON.stringify(event)}\n`)
  if (label !== undefined) files.labels?.write(`${JSON.stringify({ id: event.id, ...(label as object) })}\n`)
}

const nameLength = Math.max(...drills.map(({ name }) => name.length))

function list(json: boolean, positionals: string[]): number {
  if (positionals.length > 0) throw new UsageFault('--list takes no name')
  const told = drills.map(({ name, title, family, row, about, anchor, classes, defaults, expected }) => ({
    name,
    title,
    family,
    ...(row !== undefined && { row }),
    about,
    ...(anchor !== undefined && { anchor }),
    classes,
    expected,
    parameters: defaults,
  }))
  if (json) console.log(JSON.stringify({ drills: told }))
  else
    console.log(
      told.map(({ name, family, title }) => `${name.padEnd(nameLength)}  ${family.padEnd(10)}  ${title}`).join('\n'),
    )
  return 0
}

function named(positionals: string[]): Drill {
  if (positionals.length !== 1) throw new UsageFault('name exactly one drill; --list shows them')
  const drill = drills.find(({ name }) => name === positionals[0])
  if (!drill) throw new UsageFault(`there is no drill "${positionals[0]!.slice(0, 64)}"; --list shows them`)
  return drill
}

type Values = Partial<Record<keyof typeof options, string | boolean>>
type Range = { from: number; to: number; whole: boolean }

const numbers: [option: keyof typeof options, name: keyof Parameters, range: Range, times?: number][] = [
  ['seed', 'seed', { from: 0, to: Number.MAX_SAFE_INTEGER, whole: true }],
  ['size', 'size', { from: 0, to: 100_000_000, whole: true }],
  ['per-second', 'perSecond', { from: 0.0001, to: 1_000_000, whole: false }],
  ['per-minute', 'perMinute', { from: 0.01, to: 1_000_000, whole: false }],
  ['ramp-seconds', 'rampMs', { from: 0, to: 1_000_000, whole: false }, 1000],
  ['dispersion', 'dispersion', { from: 0.01, to: 1_000_000, whole: false }],
  ['hour', 'hour', { from: 0, to: 167, whole: true }],
  ['warm-up-hours', 'warmUpHours', { from: 0, to: 10_000, whole: false }],
  ['networks', 'networks', { from: 1, to: 1_000_000, whole: true }],
  ['unknown-share', 'unknownShare', { from: 0, to: 0.999, whole: false }],
]

/** The drill's own, with what the command line says. */
function parametersOf(drill: Drill, values: Values): Parameters {
  const parameters: Record<string, unknown> = { ...drill.defaults }
  for (const [option, name, { from, to, whole }, times = 1] of numbers) {
    const given = values[option]
    if (given === undefined) continue
    const value = given === '' ? Number.NaN : Number(given)
    if (!(value >= from && value <= to) || (whole && !Number.isInteger(value)))
      throw new UsageFault(`--${option} takes a ${whole ? 'whole number' : 'number'} from ${from} to ${to}`)
    parameters[name] = value * times
  }
  choose(parameters, 'ramp', values.ramp, ['step', 'linear', 'exponential'])
  choose(parameters, 'causes', values.causes, ['reported', 'hidden'])
  return parameters as Parameters
}

function choose(parameters: Record<string, unknown>, name: string, given: unknown, from: string[]): void {
  if (given === undefined) return
  if (!from.includes(given as string)) throw new UsageFault(`--${name} is one of ${from.join(', ')}`)
  parameters[name] = given
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`

function told({ title, about, anchor }: Drill, outcome: DrillOutcome): string {
  const { wrongful, honest, stop, duplicatesDelivered, report, parameters, onset } = outcome
  const sentence = {
    breaker: `It was stopped ${stop.seconds} s after its onset, when ${stop.deliveredBefore} wrongful messages had been delivered.`,
    gate: `No breaker was needed: the checks of the gate let ${stop.deliveredBefore} wrongful messages through.`,
    nothing: 'Nothing was stopped.',
  }[stop.by]
  const wanted = stop.expected ? 'It was to be stopped' : 'Nothing was to be stopped'
  return [
    `${title} (seed ${parameters.seed}, from ${instantText(onset)})`,
    about,
    ...(anchor ? [anchor] : []),
    '',
    countsTable(report),
    '',
    ...(wrongful.requested > 0
      ? [`wrongful: ${wrongful.delivered} of ${wrongful.requested} delivered; ${keptOf(wrongful)}`]
      : []),
    `honest: ${honest.delivered} of ${honest.requested} delivered (${(100 * honest.share).toFixed(2)} %); they waited ${seconds(honest.delayMs.p50)} (median), ${seconds(honest.delayMs.p95)} (95 of 100), ${seconds(honest.delayMs.max)} (longest)`,
    ...(duplicatesDelivered > 0 ? [`duplicates delivered: ${duplicatesDelivered}`] : []),
    '',
    sentence,
    ...report.stops.slice(0, 10).map(stopSentence),
    `${wanted}: ${outcome.asExpected ? 'as expected' : 'NOT as expected'}${stop.beforeOnset > 0 ? `; ${stop.beforeOnset} stops before the onset` : ''}.`,
  ].join('\n')
}

/** What became of those that were kept, without what did not occur. */
const keptOf = ({ held, confirmed, suppressed, rejected, expired }: Counts): string =>
  Object.entries({ held, 'wait for their holder': confirmed, suppressed, rejected, expired })
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ') || 'none kept'

// replay: a drill's trace from a file, played as `npx tocsin replay` plays it: events/s on one core, start of the process aside.

import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { run, temporaryDirectory } from './processes.ts'
import { environment, figures, type Options, type Report, type Result, say, tidy } from './report.ts'

const drillName = 'coinbase-2021'
const seed = 1
/** About two and a half times as many events. */
const incidentSize = 100_000
const pieceBytes = 1024 * 1024
const flags = ['--max-semi-space-size=64']

type Figure = { perSecond: number; cpuUsPerEvent: number; events: number; journalHash: string }

export async function replay(options: Options): Promise<Report> {
  const { path, remove } = temporaryDirectory()
  const file = join(path, 'trace.ndjson')
  const results: Record<string, Result> = {}
  try {
    await writeTrace(file, options.seconds <= 2 ? incidentSize / 5 : incidentSize)
    const rounds: Figure[] = []
    for (let round = 1; round <= options.rounds; round++) {
      const said = await run(process.execPath, [...flags, import.meta.filename, file])
      const figure = JSON.parse(said.split('\n').at(-1) ?? '') as Figure
      say(`round ${round}: ${tidy(figure.perSecond)} events/s, ${tidy(figure.cpuUsPerEvent)} µs CPU an event`)
      rounds.push(figure)
    }
    if (new Set(rounds.map(({ journalHash }) => journalHash)).size > 1)
      throw new Error('two replays of one file differ')
    const { events, journalHash } = rounds[0]!
    const cpuUsPerEvent = figures(rounds.map(figure => figure.cpuUsPerEvent)).median
    const detail = { drill: drillName, seed, events, cpuUsPerEvent, journalHash }
    results.tocsin = { ...figures(rounds.map(({ perSecond }) => perSecond)), detail }
  } catch (error) {
    results.tocsin = { failed: (error as Error).message }
  } finally {
    remove()
  }
  const { rounds } = options
  return { name: 'replay', unit: 'events/s', results, ratios: {}, rounds, environment: await environment() }
}

async function writeTrace(file: string, size: number): Promise<void> {
  const { drills } = await import('../src/drills/drill.ts')
  const drill = drills.find(({ name }) => name === drillName)!
  const out = createWriteStream(file)
  for (const { event } of drill.play({ ...drill.defaults, seed, size }))
    if (!out.write(`${JSON.stringify(event)}\n`)) await once(out, 'drain')
  out.end()
  await once(out, 'finish')
}

async function measure(file: string): Promise<Figure> {
  const [{ Replay }, { settingOf }] = await Promise.all([
    import('../src/cli/replay/replay.ts'),
    import('../src/cli/replay/settings.ts'),
  ])
  const replay = new Replay({ setting: await settingOf() })
  const from = performance.now()
  const before = process.cpuUsage()
  for await (const piece of createReadStream(file, { highWaterMark: pieceBytes })) replay.push(piece as Buffer)
  const { events, journalHash, faultsTotal } = replay.end()
  const { user, system } = process.cpuUsage(before)
  if (faultsTotal > 0) throw new Error(`a drill's trace has no faults, but ${faultsTotal} were found`)
  return {
    perSecond: (events / (performance.now() - from)) * 1000,
    cpuUsPerEvent: (user + system) / events,
    events,
    journalHash,
  }
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await measure(process.argv[2]!))}\n`)

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { Progress } from './replay/progress.ts'
import { Replay, type Report } from './replay/replay.ts'
import {
  cannot,
  comparisonText,
  countsTable,
  decisionLine,
  faultsText,
  openOutput,
  stopSentence,
} from './replay/report.ts'
import { settingOf } from './replay/settings.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

export const replay: Command = {
  help: `usage: npx tocsin replay FILE [--policy P] [--against P2] [--decisions OUT] [--json]

Reads a trace (CloudEvents of types tocsin.*, one JSON object a line; "-" is standard input), plays it in virtual time through
the same code that decides in production, and says what would have been delivered, held and stopped. Nothing is sent.

  --policy P         a file like tocsin.config.ts; without it the configuration of this folder, or that of a fresh install
  --against P2       plays the trace under a second policy too, and says what would have been different
  --decisions OUT    writes one JSON line a message: what was decided, what became of it and when
  --json             one JSON value on stdout

Lines that cannot be used are named, and the rest is used. Exit 0 when the trace was played, 1 when nothing in it could be.`,
  async run(args) {
    const { values, positionals } = readOptions(args, {
      policy: { type: 'string' },
      against: { type: 'string' },
      decisions: { type: 'string' },
      json: { type: 'boolean', default: false },
    })
    if (positionals.length !== 1) throw new UsageFault('name exactly one trace, or - for standard input')
    const setting = await settingOf(values.policy)
    const against = values.against === undefined ? undefined : await settingOf(values.against, '--against')
    const input = await openTrace(positionals[0]!)
    const decisions = openOutput(values.decisions)
    const replay = new Replay({
      setting,
      ...(against && { against }),
      ...(decisions && { ended: decision => decisions.write(decisionLine(decision)) }),
    })
    const report = await playAll(replay, input, positionals[0]!)
    decisions?.close()
    if (values.json) console.log(JSON.stringify(report))
    else console.log(told(report))
    if (report.events > 0) return 0
    console.error(`tocsin replay: ${report.lines === 0 ? 'the trace is empty' : 'nothing in the trace could be used'}`)
    return 1
  },
}

const pieceBytes = 1024 * 1024

async function openTrace(path: string): Promise<Readable> {
  if (path === '-') return process.stdin
  try {
    if ((await stat(path)).isDirectory()) throw new UsageFault(`${path} is a folder; name a file`)
  } catch (error) {
    if (error instanceof UsageFault) throw error
    throw cannot('read', path, error)
  }
  return createReadStream(path, { highWaterMark: pieceBytes })
}

async function playAll(replay: Replay, input: Readable, path: string): Promise<Report> {
  const progress = new Progress()
  try {
    for await (const piece of input) {
      replay.push(piece as Buffer)
      progress.after(replay, { always: true })
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw cannot('read', path, error)
  }
  const report = replay.end()
  progress.end(report)
  return report
}

function told(report: Report): string {
  const { stops, stopsTotal, alarmsTotal, against } = report
  const parts = [countsTable(report)]
  parts.push(stops.length === 0 ? 'Nothing was stopped.' : stops.map(stopSentence).join('\n'))
  if (stopsTotal > stops.length) parts.push(`and ${stopsTotal - stops.length} more stops`)
  if (alarmsTotal > 0) parts.push(`${alarmsTotal} alarms; --json has the numbers behind them.`)
  const faults = faultsText(report)
  if (faults !== '') parts.push(faults)
  if (against) parts.push(comparisonText(against))
  parts.push(`journal ${report.journalHash}`)
  return parts.join('\n\n')
}

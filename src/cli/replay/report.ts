import { closeSync, openSync, writeSync } from 'node:fs'
import { instantText } from '../../std/instant.ts'
import { UsageFault } from '../usage.ts'
import type { StopReport } from './alarms.ts'
import { countedAs, type Decision } from './outcomes.ts'
import type { Played } from './playback.ts'
import type { Report } from './replay.ts'

/** One line of `--decisions`. */
export function decisionLine(decision: Decision): string {
  const { origin, at, class: className, lane, first, outcome, reasons, deliveredAt, repeatOf } = decision
  const line = {
    id: origin.id,
    at: instantText(at),
    class: className,
    lane,
    first,
    // What was let go and stood ready behind a stop at the end was not delivered.
    outcome: countedAs(decision) === 'held' ? 'hold' : outcome,
    delivered: deliveredAt !== undefined,
    reasons,
    ...(deliveredAt !== undefined && { deliveredAt: instantText(deliveredAt) }),
    ...(repeatOf !== undefined && { repeatOf }),
  }
  return `${JSON.stringify(line)}\n`
}

const pieceLengthMax = 256 * 1024

/** A text file that is written in large pieces. Throws what the file system says. */
export class LineFile {
  readonly #file: number
  #piece = ''

  constructor(path: string) {
    this.#file = openSync(path, 'w')
  }

  write(line: string): void {
    this.#piece += line
    if (this.#piece.length >= pieceLengthMax) this.#flush()
  }

  close(): void {
    this.#flush()
    closeSync(this.#file)
  }

  #flush(): void {
    const bytes = Buffer.from(this.#piece)
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
    this.#piece = ''
  }
}

/** The file of an option, when it was given. Throws `UsageFault` when it cannot be written. */
export function openOutput(path: string | undefined): LineFile | undefined {
  if (path === undefined) return undefined
  try {
    return new LineFile(path)
  } catch (error) {
    throw cannot('write', path, error)
  }
}

const reasonsInWords: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not',
  EISDIR: 'it is a folder',
}

export function cannot(what: 'read' | 'write', path: string, error: unknown): UsageFault {
  const { code = '', message } = error as NodeJS.ErrnoException
  return new UsageFault(`cannot ${what} ${path}: ${reasonsInWords[code] ?? message}`)
}

const columns = ['requested', 'delivered', 'held', 'suppressed', 'rejected', 'expired', 'confirmed'] as const

/** The outcome `confirm` in people's words: nothing was sent, the holder of the account is asked in the app. */
const headings: Record<(typeof columns)[number], string> = {
  requested: 'requested',
  delivered: 'delivered',
  held: 'held',
  suppressed: 'suppressed',
  rejected: 'rejected',
  expired: 'expired',
  confirmed: 'to confirm',
}

/** The table of classes for people. */
export function countsTable({ byClass, messages }: Pick<Played, 'byClass' | 'messages'>): string {
  const rows = [
    ['class', ...columns.map(column => headings[column])],
    ...Object.entries(byClass).map(([name, counts]) => rowOf(name, counts)),
  ]
  if (Object.keys(byClass).length !== 1) rows.push(rowOf('all', messages))
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map(row => row[i]!.length)))
  return rows
    .map(row => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '))
    .join('\n')
}

const rowOf = (name: string, counts: Record<(typeof columns)[number], number>): string[] => [
  name,
  ...columns.map(column => String(counts[column])),
]

/** A stop in plain words. */
export function stopSentence({ at, scope, detector, deliveredBefore, trips, closedAt }: StopReport): string {
  const { class: className, lane, source, template } = scope
  const what = [
    lane === undefined ? '' : ` in the ${lane} lane`,
    source === undefined ? '' : source === '' ? ' without a cause' : ` caused by ${source}`,
    template === undefined || template === '' ? '' : ` of template ${template}`,
  ].join('')
  const again = trips > 1 ? ` (for the ${ordinal(trips)} time)` : ''
  const closed = closedAt === undefined ? 'still stopped at the end' : `closed again ${closedAt}`
  return `${at}  ${className}${what} stopped by "${detector}"${again} after ${deliveredBefore} delivered; ${closed}`
}

function ordinal(n: number): string {
  const ending =
    n % 10 === 1 && n % 100 !== 11
      ? 'st'
      : n % 10 === 2 && n % 100 !== 12
        ? 'nd'
        : n % 10 === 3 && n % 100 !== 13
          ? 'rd'
          : 'th'
  return `${n}${ending}`
}

const faultsToldMax = 10

/** What was wrong with the trace; '' when nothing was. */
export function faultsText({ faults, faultsTotal, faultsByCode }: Report): string {
  if (faultsTotal === 0) return ''
  const counts = Object.entries(faultsByCode).map(([code, count]) => `  ${String(count).padStart(7)}  ${code}`)
  const first = faults.slice(0, faultsToldMax).map(({ line, code }) => `  line ${line}: ${code}`)
  return [`${faultsTotal} faults in the trace, see docs/errors.md:`, ...counts, 'The first of them:', ...first].join(
    '\n',
  )
}

/** What the second policy would have changed. */
export function comparisonText(against: NonNullable<Report['against']>): string {
  const { difference, stops } = against
  const lines = ['Under the second policy:', countsTable(against), ...stops.map(stopSentence)]
  for (const [name, { changes }] of Object.entries(difference))
    for (const { first, second, count, examples } of changes)
      lines.push(`${name}: ${count} ${second} instead of ${first}, among them ${examples.join(', ')}`)
  if (Object.keys(difference).length === 0) lines.push('Every message comes to the same end.')
  return lines.join('\n')
}

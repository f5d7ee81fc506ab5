import { isUtf8 } from 'node:buffer'
import type { Label } from '../../drills/trace.ts'
import { type Line, lineCutter } from '../../inbound/http/lines.ts'
import type { Faults, LineFault } from './faults.ts'
import { TimeOrder } from './order.ts'
import { SeenEvents } from './seen.ts'
import { readItem, type TraceItem } from './trace.ts'

export const lineBytesMax = 1024 * 1024

export type ReaderOptions = {
  faults: Faults
  /** An event at its turn. `at` never goes back. */
  take(item: TraceItem, at: number): void
}

const carriageReturn = 13
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])

/** A trace, from bytes or from events that are parsed already, to checked events in the order of time. What is wrong goes to `faults`. */
export class TraceReader {
  /** Lines read, and events taken. */
  lines = 0
  events = 0
  readonly #faults: Faults
  readonly #order: TimeOrder<TraceItem>
  readonly #seen = new SeenEvents()
  readonly #cutter = lineCutter({
    lineBytesMax,
    linesMax: Number.POSITIVE_INFINITY,
    bytesMax: Number.POSITIVE_INFINITY,
  })

  constructor({ faults, take }: ReaderOptions) {
    this.#faults = faults
    this.#order = new TimeOrder<TraceItem>({
      take: (item, at) => {
        this.events++
        take(item, at)
      },
      fault: (line, code) => faults.add(line, code),
    })
  }

  push(piece: Buffer): void {
    for (const line of this.#cutter.push(piece)) this.#line(line, false)
  }

  /** One event that need not be parsed any more. */
  event(value: unknown, label?: Label): void {
    this.#value(value, ++this.lines, label)
  }

  end(): void {
    for (const line of this.#cutter.end()) this.#line(line, true)
    this.#order.end()
  }

  #line(line: Line, isLast: boolean): void {
    const number = ++this.lines
    if (typeof line === 'string') return this.#faults.add(number, 'line.too-long' satisfies LineFault)
    const text = textOf(line, number === 1)
    if (text === undefined) return this.#faults.add(number, isLast ? 'line.truncated' : 'line.not-utf8')
    // An empty line is nothing, and nothing is wrong with it.
    if (text.trim() === '') return
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return this.#faults.add(number, isLast ? 'line.truncated' : 'line.not-json')
    }
    this.#value(value, number)
  }

  #value(value: unknown, line: number, label?: Label): void {
    const read = readItem(value, line)
    if (!read.ok) return this.#faults.add(line, read.code)
    const { item } = read
    if (this.#seen.has(item.source, item.id)) return this.#faults.add(line, 'trace.event-repeated')
    if (label && item.is === 'message') item.label = label
    this.#order.push(item)
  }
}

/** Without a byte order mark and the CR of a CR LF. `undefined` when it is not UTF-8. */
function textOf(line: Buffer, isFirst: boolean): string | undefined {
  if (!isUtf8(line)) return undefined
  const from = isFirst && line.subarray(0, 3).equals(byteOrderMark) ? 3 : 0
  const to = line.at(-1) === carriageReturn ? line.length - 1 : line.length
  return line.toString('utf8', from, to)
}

/** What is wrong with a line before it is an event. */
export type LineFault = 'line.not-utf8' | 'line.not-json' | 'line.truncated' | 'line.too-long'

/** What is wrong with the place of an event in its trace. */
export type OrderFault =
  | 'trace.event-repeated'
  | 'trace.out-of-order'
  | 'trace.too-late'
  | 'trace.from-the-future'
  | 'trace.time-missing'

/** A line of the trace, from 1, and why it was not used, or not as it stands. */
export type Fault = { line: number; code: string }

const faultsOfACodeMax = 1000
const codesMax = 200

/** The faults of a trace: all are counted, the first thousand of each code are named. */
export class Faults {
  readonly #named: Fault[] = []
  readonly #counts = new Map<string, number>()
  #total = 0

  add(line: number, code: string): void {
    this.#total++
    const count = (this.#counts.get(code) ?? 0) + 1
    if (count > 1 || this.#counts.size < codesMax) this.#counts.set(code, count)
    if (count <= faultsOfACodeMax) this.#named.push({ line, code })
  }

  get total(): number {
    return this.#total
  }

  /** By line; what one line has several of, by code. */
  named(): Fault[] {
    return this.#named.toSorted((a, b) => a.line - b.line || (a.code < b.code ? -1 : 1))
  }

  byCode(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

import type { MessageId } from '../../core/events.ts'
import { countedAs, type Decision } from './outcomes.ts'

const examplesMax = 5

/** Messages that came to another end under the second policy: how many, by what became of them under the first and the second, and some of their ids. */
export type Change = { first: string; second: string; count: number; examples: string[] }
export type Difference = Record<
  string,
  { deliveredOnlyByFirst: number; deliveredOnlyBySecond: number; changes: Change[] }
>

/** Brings together what became of each message under two policies. A message waits here from its first end to its second. */
export class Comparison {
  readonly #waiting = new Map<MessageId, { side: 1 | 2; end: string }>()
  readonly #byClass = new Map<string, Map<string, Change>>()

  first(decision: Decision): void {
    this.#ended(decision, 1)
  }

  second(decision: Decision): void {
    this.#ended(decision, 2)
  }

  /** By class, then by ends. */
  difference(): Difference {
    const classes = [...this.#byClass].sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(
      classes.map(([name, changes]) => {
        const list = [...changes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, change]) => change)
        const only = (side: 'first' | 'second') =>
          list.reduce((sum, change) => sum + (change[side] === 'delivered' ? change.count : 0), 0)
        return [name, { deliveredOnlyByFirst: only('first'), deliveredOnlyBySecond: only('second'), changes: list }]
      }),
    )
  }

  #ended(decision: Decision, side: 1 | 2): void {
    const end = decision.repeatOf === undefined ? countedAs(decision) : 'repeated'
    const other = this.#waiting.get(decision.messageId)
    if (other === undefined || other.side === side) {
      this.#waiting.set(decision.messageId, { side, end })
      return
    }
    this.#waiting.delete(decision.messageId)
    if (other.end !== end) this.#changed(decision, side === 2 ? [other.end, end] : [end, other.end])
  }

  #changed({ class: className, origin }: Decision, [first, second]: [string, string]): void {
    let changes = this.#byClass.get(className)
    if (!changes) this.#byClass.set(className, (changes = new Map()))
    const key = `${first} ${second}`
    let change = changes.get(key)
    if (!change) changes.set(key, (change = { first, second, count: 0, examples: [] }))
    change.count++
    if (change.examples.length < examplesMax) change.examples.push(origin.id)
  }
}

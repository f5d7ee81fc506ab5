import { createHash } from 'node:crypto'
import type { Event } from '../../core/events.ts'

const pieceLengthMax = 64 * 1024

/**
 * SHA-256 over the events as the journal would hold them, before encryption: for each its instant in ms, a tab, the event as JSON in the order
 * of its type's fields, a line feed; UTF-8.
 */
export class JournalHash {
  readonly #sha256 = createHash('sha256')
  #piece = ''

  add(event: Event, at: number): void {
    this.#piece += `${at}\t${JSON.stringify(event)}\n`
    if (this.#piece.length < pieceLengthMax) return
    this.#sha256.update(this.#piece)
    this.#piece = ''
  }

  /** Once, at the end. */
  digest(): string {
    return this.#sha256.update(this.#piece).digest('hex')
  }
}

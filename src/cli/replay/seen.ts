import { Table } from '../../std/table.ts'
import { hashWords, words } from './hashing.ts'

const generationMax = 4_000_000

const newGeneration = (): Table => new Table('seen', { rowWords: 2, shardBits: 10 })

/** Which events there have been, by source and id (CloudEvents 1.0.2 §3.1.1): at least the last four million, at most twice as many, in 80 MB. */
export class SeenEvents {
  #newer = newGeneration()
  #older = newGeneration()

  /** Whether the event was there before; from now on it was. */
  has(source: string, id: string): boolean {
    hashWords('event-source', source)
    const { high: sourceHigh, low: sourceLow } = words
    hashWords('event', id)
    const hi = (words.high ^ sourceHigh) >>> 0
    const lo = (words.low ^ sourceLow) >>> 0
    if (this.#older.find(hi, lo) >= 0) return true
    const before = this.#newer.size
    this.#newer.insert(hi, lo)
    if (this.#newer.size === before) return true
    if (this.#newer.size >= generationMax) {
      this.#older = this.#newer
      this.#newer = newGeneration()
    }
    return false
  }
}

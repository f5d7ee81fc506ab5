import { high, low } from '../../std/hash64.ts'
import { Table } from '../../std/table.ts'
import { hash } from './hashing.ts'

const generationMax = 4_000_000

const newGeneration = (): Table => new Table('seen', { rowWords: 2, shardBits: 10 })

/** Which events there have been, by source and id (CloudEvents 1.0.2 §3.1.1): at least the last four million, at most twice as many, in 80 MB. */
export class SeenEvents {
  #newer = newGeneration()
  #older = newGeneration()

  /** Whether the event was there before; from now on it was. */
  has(source: string, id: string): boolean {
    const key = hash('event', `${source}\0${id}`)
    const [hi, lo] = [high(key), low(key)]
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

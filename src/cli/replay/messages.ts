import type { MessageId } from '../../core/events.ts'
import type { Place } from '../../core/scope.ts'
import { Table } from '../../std/table.ts'
import { words as hashed, hashWords, messageIdOf } from './hashing.ts'

/** A row has 24 bytes: key 2, its instant in ms 2, the source of its event 1, where it stood 1. */
const rowWords = 6
const generationMax = 2_000_000
/** Names come from the trace; beyond this many the place of a message is not kept. */
const namesMax = 65_535
const unknown = 0

const newGeneration = (): Table => new Table('messages', { rowWords, shardBits: 10 })

/** Names, or whatever else is few, by number from 1. */
class Numbers<T> {
  readonly #values: (T | undefined)[] = [undefined]
  readonly #numbers = new Map<string, number>()

  numberOf(key: string, value: T): number {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    if (this.#values.length > namesMax) return unknown
    this.#numbers.set(key, this.#values.length)
    return this.#values.push(value) - 1
  }

  at(number: number): T | undefined {
    return this.#values[number]
  }
}

/**
 * The messages of a trace by the ids of their events, for what is said of them later: reports, what providers tell. At least the last two
 * million, at most twice as many, in 120 MB.
 */
export class TraceMessages {
  #newer = newGeneration()
  #older = newGeneration()
  readonly #sources = new Numbers<string>()
  readonly #places = new Numbers<Place>()

  requested(eventId: string, source: string, at: number): void {
    if (this.#newer.size >= generationMax) {
      this.#older = this.#newer
      this.#newer = newGeneration()
    }
    hashWords('message-event', eventId)
    const row = this.#newer.insert(hashed.high, hashed.low)
    const { words } = this.#newer
    words[row + 2] = Math.floor(at / 0x1_0000_0000)
    words[row + 3] = at >>> 0
    words[row + 4] = this.#sources.numberOf(source, source)
    words[row + 5] = unknown
  }

  /** Where the message stood when it was decided. */
  decided(eventId: string, place: Place): void {
    hashWords('message-event', eventId)
    const row = this.#newer.find(hashed.high, hashed.low)
    if (row < 0) return
    const name = `${place.class}\0${place.lane}\0${place.source}\0${place.template}`
    this.#newer.words[row + 5] = this.#places.numberOf(name, place)
  }

  find(eventId: string): { id: MessageId; about?: Place } | undefined {
    hashWords('message-event', eventId)
    for (const table of [this.#newer, this.#older]) {
      const row = table.find(hashed.high, hashed.low)
      if (row < 0) continue
      const { words } = table
      const source = this.#sources.at(words[row + 4]!)
      if (source === undefined) return undefined
      const id = messageIdOf(words[row + 2]! * 0x1_0000_0000 + words[row + 3]!, source, eventId)
      const about = this.#places.at(words[row + 5]!)
      return about ? { id, about } : { id }
    }
    return undefined
  }
}

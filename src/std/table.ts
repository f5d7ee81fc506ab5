import { assert } from './assert.ts'

/**
 * A compact hash table from 64-bit keys to rows of 32-bit words, for millions of entries in a bounded number of bytes.
 *
 * It is cut into shards, for two reasons: a shard grows alone, so that no insertion ever copies more than one shard (a table of ten million
 * rows grows in steps of some thousand rows, well under a millisecond); and a shard is the page of the snapshot, so that only what changed
 * is written and a capture never stops the world.
 *
 * Rows lie in one `Uint32Array` a shard, open addressing with linear probing. `find` and `insert` return the offset of the row in
 * `table.words`, which stays valid until the next call; words 0 and 1 of a row are its key.
 */
const loadMax = 0.82
const growth = 1.12
/** A small shard doubles: by an eighth it would be copied every few rows, and the bytes are nothing beside those of the large ones. */
const growthSmall = 2
const smallRowsMax = 32
const shardRowsMin = 4

type Shard = { words: Uint32Array; rows: number; capacity: number }

const emptyWords = new Uint32Array(0)

export class Table {
  /** The words of the shard that the last `find` or `insert` looked at. */
  words: Uint32Array = emptyWords
  readonly #name: string
  readonly #rowWords: number
  readonly #shardBits: number
  readonly #shards: (Shard | undefined)[]
  readonly #dirty: Uint8Array
  #capturing: Map<number, Uint8Array | undefined> | undefined
  #size = 0

  /** `rowWords` counts the two words of the key. The table has 2^shardBits shards. */
  constructor(name: string, { rowWords, shardBits = 8 }: { rowWords: number; shardBits?: number }) {
    assert(
      rowWords >= 2 && shardBits >= 1 && shardBits <= 16,
      'a table has rows of two words or more and 2 to 65,536 shards',
    )
    this.#name = name
    this.#rowWords = rowWords
    this.#shardBits = shardBits
    this.#shards = new Array(1 << shardBits)
    this.#dirty = new Uint8Array(1 << shardBits)
  }

  get size(): number {
    return this.#size
  }

  get rowWords(): number {
    return this.#rowWords
  }

  get shardCount(): number {
    return this.#shards.length
  }

  /** Bytes held by the rows, free places included. */
  get bytes(): number {
    let total = 0
    for (const shard of this.#shards) total += shard?.words.byteLength ?? 0
    return total
  }

  /** Offset of the row in `words`, or -1. To change the row, use `update` or `insert`: a snapshot relies on it. */
  find(hi: number, lo: number): number {
    const shard = this.#shards[hi >>> (32 - this.#shardBits)]
    if (!shard) return -1
    this.words = shard.words
    const place = probe(shard, this.#rowWords, hi, nonZero(hi, lo))
    return place.found ? place.offset : -1
  }

  /** As `find`, and the caller may change the words behind the key. */
  update(hi: number, lo: number): number {
    const index = hi >>> (32 - this.#shardBits)
    if (!this.#shards[index]) return -1
    this.#touch(index)
    return this.find(hi, lo)
  }

  /** Offset of the row with that key; a new row's words are zero. The caller may change the words behind the key. */
  insert(hi: number, lo: number): number {
    const index = hi >>> (32 - this.#shardBits)
    this.#touch(index)
    lo = nonZero(hi, lo)
    let shard = this.#shards[index]
    if (!shard || shard.rows + 1 > shard.capacity * loadMax) {
      if (shard) {
        const place = probe(shard, this.#rowWords, hi, lo)
        if (place.found) {
          this.words = shard.words
          return place.offset
        }
      }
      shard = this.#grow(index)
    }
    this.words = shard.words
    const place = probe(shard, this.#rowWords, hi, lo)
    if (!place.found) {
      shard.words[place.offset] = hi
      shard.words[place.offset + 1] = lo
      shard.rows++
      this.#size++
    }
    return place.offset
  }

  remove(hi: number, lo: number): boolean {
    const index = hi >>> (32 - this.#shardBits)
    const shard = this.#shards[index]
    if (!shard) return false
    lo = nonZero(hi, lo)
    const place = probe(shard, this.#rowWords, hi, lo)
    if (!place.found) return false
    this.#touch(index)
    closeGap(shard, this.#rowWords, place.offset / this.#rowWords)
    shard.rows--
    this.#size--
    return true
  }

  /** Drop the rows of one shard for which `gone` holds, and give back the space they took. */
  sweep(index: number, gone: (words: Uint32Array, offset: number) => boolean): number {
    const shard = this.#shards[index]
    if (!shard) return 0
    let kept = 0
    eachRow(shard, this.#rowWords, offset => {
      if (!gone(shard.words, offset)) kept++
    })
    const dropped = shard.rows - kept
    if (dropped === 0) return 0
    this.#touch(index)
    this.#size -= dropped
    this.#shards[index] = refill(shard, this.#rowWords, capacityFor(kept), (words, offset) => !gone(words, offset))
    return dropped
  }

  /** Calls `visit` with every row; the order is that of the shards and places, the same for the same history. */
  each(visit: (words: Uint32Array, offset: number) => void): void {
    for (const shard of this.#shards) if (shard) eachRow(shard, this.#rowWords, offset => visit(shard.words, offset))
  }

  /** Start a snapshot of the table as it is now: of all shards, or of those that changed since the last one. */
  beginCapture({ whole }: { whole: boolean }): void {
    const pending = new Map<number, Uint8Array | undefined>()
    for (let i = 0; i < this.#shards.length; i++) {
      if ((whole && this.#shards[i]) || this.#dirty[i]) pending.set(i, undefined)
      this.#dirty[i] = 0
    }
    this.#capturing = pending
  }

  /** The next page of the running capture, or `undefined` when it is complete. Changes made since `beginCapture` are not in it. */
  nextPage(): { page: string; bytes: Uint8Array } | undefined {
    const next = this.#capturing?.entries().next()
    if (!next || next.done) {
      this.#capturing = undefined
      return undefined
    }
    const [index, copy] = next.value
    this.#capturing!.delete(index)
    return { page: `${this.#name}/${index}`, bytes: copy ?? this.#bytesOf(index) }
  }

  /** Put a page of `nextPage` back. */
  restore(index: number, bytes: Uint8Array): void {
    const words = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
    const capacity = words.length / this.#rowWords
    assert(Number.isInteger(capacity), 'a page holds whole rows')
    const shard: Shard = { words, rows: 0, capacity }
    eachRow(shard, this.#rowWords, () => shard.rows++)
    this.#size += shard.rows - (this.#shards[index]?.rows ?? 0)
    this.#shards[index] = shard
  }

  #bytesOf(index: number): Uint8Array {
    const words = this.#shards[index]?.words ?? emptyWords
    return new Uint8Array(words.buffer.slice(words.byteOffset, words.byteOffset + words.byteLength))
  }

  /** Before a shard changes: copy it if a capture still waits for it as it was. */
  #touch(index: number): void {
    this.#dirty[index] = 1
    const capturing = this.#capturing
    if (capturing?.has(index) && capturing.get(index) === undefined) capturing.set(index, this.#bytesOf(index))
  }

  #grow(index: number): Shard {
    const shard = this.#shards[index] ?? { words: emptyWords, rows: 0, capacity: 0 }
    const grown = refill(shard, this.#rowWords, capacityFor(shard.rows + 1))
    this.#shards[index] = grown
    return grown
  }
}

/** The key 0:0 marks a free place, so it is stored as 0:1. */
const nonZero = (hi: number, lo: number): number => (hi === 0 && lo === 0 ? 1 : lo)

const capacityFor = (rows: number): number =>
  rows === 0 ? 0 : Math.max(shardRowsMin, Math.ceil((rows / loadMax) * (rows <= smallRowsMax ? growthSmall : growth)))

const home = (shard: Shard, lo: number): number => Math.floor((lo / 4294967296) * shard.capacity)

/** Reused for every look-up: an object for each would be most of the cost. */
const place = { found: false, offset: 0 }

function probe(shard: Shard, rowWords: number, hi: number, lo: number): typeof place {
  const { words } = shard
  let at = home(shard, lo)
  for (;;) {
    const offset = at * rowWords
    const hiHere = words[offset]!
    const loHere = words[offset + 1]!
    if (hiHere === hi && loHere === lo) {
      place.found = true
      place.offset = offset
      return place
    }
    if ((hiHere | loHere) === 0) {
      place.found = false
      place.offset = offset
      return place
    }
    if (++at === shard.capacity) at = 0
  }
}

function eachRow(shard: Shard, rowWords: number, visit: (offset: number) => void): void {
  for (let offset = 0; offset < shard.words.length; offset += rowWords)
    if ((shard.words[offset]! | shard.words[offset + 1]!) !== 0) visit(offset)
}

/** The rows of a shard, or those that `keep` holds for, in a new one. Copies word by word: a subarray for each row would cost as much again. */
function refill(
  from: Shard,
  rowWords: number,
  capacity: number,
  keep?: (words: Uint32Array, offset: number) => boolean,
): Shard {
  const shard: Shard = { words: new Uint32Array(capacity * rowWords), rows: 0, capacity }
  const { words } = from
  for (let offset = 0; offset < words.length; offset += rowWords) {
    if ((words[offset]! | words[offset + 1]!) === 0 || (keep && !keep(words, offset))) continue
    const to = probe(shard, rowWords, words[offset]!, words[offset + 1]!).offset
    for (let i = 0; i < rowWords; i++) shard.words[to + i] = words[offset + i]!
    shard.rows++
  }
  return shard
}

/** Deletion without tombstones: move back each follower that would no longer be found (Knuth, vol. 3, 6.4, algorithm R). */
function closeGap(shard: Shard, rowWords: number, gap: number): void {
  const { words, capacity } = shard
  let at = gap
  for (;;) {
    at = at + 1 === capacity ? 0 : at + 1
    const offset = at * rowWords
    if ((words[offset]! | words[offset + 1]!) === 0) break
    const wanted = home(shard, words[offset + 1]!)
    const staysReachable = gap <= at ? gap < wanted && wanted <= at : gap < wanted || wanted <= at
    if (staysReachable) continue
    words.copyWithin(gap * rowWords, offset, offset + rowWords)
    gap = at
  }
  words.fill(0, gap * rowWords, (gap + 1) * rowWords)
}

import { Table } from '../std/table.ts'

/**
 * What the watch over the brake remembers, in a bounded number of bytes: so many sets of so many places, one row of a table each; a new entry
 * of a full set takes the place of the one that matters least. What is pushed out is forgotten, so that a fault may be seen later or not at
 * all; never is one seen that is none.
 *
 * | table          | entry                                          | sets × places    | bytes at most | keeps               |
 * |----------------|------------------------------------------------|------------------|---------------|---------------------|
 * | brakeUsed      | key 2, until when (s) 1                        | 16,384 × 10      | 2.6 million   | the newest          |
 * | brakeMailboxes | 22 bits of mailbox and lane, 10 of their count | 16,384 × 29      | 2.6 million   | the largest of hour |
 *
 * A row of the second begins with its clock hour. Of two mailboxes in a set one in four million pairs look the same and are counted
 * together: of three million mailboxes in an hour, some twenty are with another.
 */
export type BrakeMemory = { brakeUsed: Table; brakeMailboxes: Table }

const setBits = 14
const rowWords = 32
const useWords = 3
const firstUse = 2
const hourAt = 2
const firstCount = 3
const countBits = 10
/** Counts go no further; a mailbox that may have more in an hour is not judged. */
export const countMax = (1 << countBits) - 1

/** As few shards as grow by some hundred rows at a time. */
export const newBrakeMemory = (): BrakeMemory => ({
  brakeUsed: new Table('brakeUsed', { rowWords, shardBits: 8 }),
  brakeMailboxes: new Table('brakeMailboxes', { rowWords, shardBits: 8 }),
})

/** The set of a key by the upper bits of its first word; a row's own key says which. */
const setWord = (hi: number): number => ((hi >>> (32 - setBits)) << (32 - setBits)) >>> 0
const setTag = (set: number): number => Math.imul((set >>> (32 - setBits)) + 1, 0x9e3779b1) >>> 0

/** Until when (s) the key is used; 0 when nobody knows of it. */
export function usedUntil({ brakeUsed }: BrakeMemory, hi: number, lo: number): number {
  const set = setWord(hi)
  const row = brakeUsed.find(set, setTag(set))
  if (row < 0) return 0
  const { words } = brakeUsed
  for (let at = row + firstUse; at < row + rowWords; at += useWords)
    if (words[at] === hi && words[at + 1] === lo) return words[at + 2]!
  return 0
}

/** Answers until when (s) it was used before. */
export function use({ brakeUsed }: BrakeMemory, hi: number, lo: number, until: number): number {
  const set = setWord(hi)
  const row = brakeUsed.insert(set, setTag(set))
  const { words } = brakeUsed
  let oldest = row + firstUse
  for (let at = row + firstUse; at < row + rowWords; at += useWords) {
    if (words[at] === hi && words[at + 1] === lo) {
      const before = words[at + 2]!
      words[at + 2] = until
      return before
    }
    if (words[at + 2]! < words[oldest + 2]!) oldest = at
  }
  words[oldest] = hi
  words[oldest + 1] = lo
  words[oldest + 2] = until
  return 0
}

export function unuse({ brakeUsed }: BrakeMemory, hi: number, lo: number): void {
  const set = setWord(hi)
  if (brakeUsed.find(set, setTag(set)) < 0) return
  const row = brakeUsed.update(set, setTag(set))
  const { words } = brakeUsed
  for (let at = row + firstUse; at < row + rowWords; at += useWords)
    if (words[at] === hi && words[at + 1] === lo) words.fill(0, at, at + useWords)
}

/** Never 0, which is a free place. */
const printOf = (lo: number): number => ((lo >>> countBits) << countBits) >>> 0 || 1 << countBits

/** How many messages the mailbox got in this hour. */
export function countOf({ brakeMailboxes }: BrakeMemory, hi: number, lo: number, hour: number): number {
  const set = setWord(hi)
  const row = brakeMailboxes.find(set, setTag(set))
  const { words } = brakeMailboxes
  if (row < 0 || words[row + hourAt] !== hour) return 0
  const print = printOf(lo)
  for (let at = row + firstCount; at < row + rowWords; at++)
    if ((words[at]! & ~countMax) >>> 0 === print) return words[at]! & countMax
  return 0
}

/** One more; answers how many they are now. */
export function count({ brakeMailboxes }: BrakeMemory, hi: number, lo: number, hour: number): number {
  const set = setWord(hi)
  const row = brakeMailboxes.insert(set, setTag(set))
  const { words } = brakeMailboxes
  if (words[row + hourAt] !== hour) {
    words.fill(0, row + firstCount, row + rowWords)
    words[row + hourAt] = hour
  }
  const print = printOf(lo)
  // Where the search for the least begins differs from mailbox to mailbox, so that those with one message do not push out each other.
  const places = rowWords - firstCount
  const from = (lo & countMax) % places
  let least = -1
  for (let n = 0; n < places; n++) {
    const at = row + firstCount + (from + n < places ? from + n : from + n - places)
    const word = words[at]!
    if ((word & ~countMax) >>> 0 === print) {
      const counted = Math.min(countMax, (word & countMax) + 1)
      words[at] = (print | counted) >>> 0
      return counted
    }
    if (least < 0 || (word & countMax) < (words[least]! & countMax)) least = at
  }
  words[least] = (print | 1) >>> 0
  return 1
}

/** Rows in which nothing is remembered any more. `now` in s. */
export function sweepBrakeMemory(
  { brakeUsed, brakeMailboxes }: BrakeMemory,
  turn: number,
  now: number,
  hour: number,
): void {
  brakeUsed.sweep(turn % brakeUsed.shardCount, (words, row) => {
    for (let at = row + firstUse; at < row + rowWords; at += useWords) if (words[at + 2]! > now) return false
    return true
  })
  brakeMailboxes.sweep(turn % brakeMailboxes.shardCount, (words, row) => words[row + hourAt]! < hour)
}

export function forgetMailboxes({ brakeMailboxes }: BrakeMemory): void {
  for (let shard = 0; shard < brakeMailboxes.shardCount; shard++) brakeMailboxes.sweep(shard, () => true)
}

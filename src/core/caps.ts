import { type Hash64, high, low } from '../std/hash64.ts'
import { Table } from '../std/table.ts'
import { type Cap, type Lane, lanes } from './policy.ts'

/**
 * How many messages a canonical mailbox got, by lane, in an hour and in a day that begin with its first message (check 8). Lanes are
 * counted apart, so that an unknown requester never uses up what a known device or the account's own events may send.
 * A row has 32 bytes: key 2, hour began (min) 1, four counters of 16 bits 2, day began (min) and whether a notice went out 1, counters 2.
 */
const rowWords = 8
const hour = 2
const day = 5
const spanMin = { [hour]: 60, [day]: 24 * 60 } as const
const noticed = 0x8000_0000

export type Caps = Table

export const newCaps = (): Caps => new Table('caps', { rowWords, shardBits: 12 })

const minutes = (at: number): number => Math.floor(at / 60_000)

function countIn(
  words: Uint32Array,
  at: number,
  window: typeof hour | typeof day,
  lane: Lane,
  now: number,
  span: number = spanMin[window],
): number {
  const began = words[at + window]! & ~noticed
  if (minutes(now) - began >= span) return 0
  const index = lanes.indexOf(lane)
  return (words[at + window + 1 + (index >> 1)]! >>> ((index & 1) * 16)) & 0xffff
}

/** `full`: the mailbox has had its share, the message in question aside when it was `counted` in this lane before. `noticeDue`: nobody has told it so in this day. */
export function capState(
  caps: Caps,
  mailbox: Hash64,
  lane: Lane,
  cap: Cap,
  { now, counted = 0 }: { now: number; counted?: number },
): { full: boolean; noticeDue: boolean } {
  const at = caps.find(high(mailbox), low(mailbox))
  if (at < 0) return { full: cap.perHour === 0 || cap.perDay === 0, noticeDue: true }
  const { words } = caps
  return {
    full:
      countIn(words, at, hour, lane, now) - counted >= cap.perHour ||
      countIn(words, at, day, lane, now) - counted >= cap.perDay,
    noticeDue: (words[at + day]! & noticed) === 0 || minutes(now) - (words[at + day]! & ~noticed) >= spanMin[day],
  }
}

/** A job that runs again an hour later, as in the night when clocks change, finds the hour of its first run over to the minute. */
const latelyMin = 120

/** How many messages of a lane the mailbox got lately: in an hour that began less than two hours ago. */
export function countLately(caps: Caps, mailbox: Hash64, lane: Lane, now: number): number {
  const at = caps.find(high(mailbox), low(mailbox))
  return at < 0 ? 0 : countIn(caps.words, at, hour, lane, now, latelyMin)
}

/** Whether the mailbox was written to within the hour, in any lane. */
export function wasWrittenTo(caps: Caps, mailbox: Hash64, now: number): boolean {
  const at = caps.find(high(mailbox), low(mailbox))
  return at >= 0 && lanes.some(lane => countIn(caps.words, at, hour, lane, now) > 0)
}

function increment(words: Uint32Array, at: number, window: typeof hour | typeof day, lane: Lane, now: number): void {
  if (minutes(now) - (words[at + window]! & ~noticed) >= spanMin[window]) {
    words[at + window] = minutes(now)
    words[at + window + 1] = 0
    words[at + window + 2] = 0
  }
  const index = lanes.indexOf(lane)
  if (countIn(words, at, window, lane, now) < 0xffff) words[at + window + 1 + (index >> 1)]! += 1 << ((index & 1) * 16)
}

export function countMessage(caps: Caps, mailbox: Hash64, lane: Lane, now: number): void {
  const at = caps.insert(high(mailbox), low(mailbox))
  increment(caps.words, at, hour, lane, now)
  increment(caps.words, at, day, lane, now)
}

/** The mailbox was told that more was asked for than it is sent. */
export function markNoticed(caps: Caps, mailbox: Hash64, now: number): void {
  const at = caps.insert(high(mailbox), low(mailbox))
  const { words } = caps
  if (minutes(now) - (words[at + day]! & ~noticed) >= spanMin[day]) {
    words[at + day] = minutes(now)
    words.fill(0, at + day + 1, at + day + 3)
  }
  words[at + day]! |= noticed
}

export const sweepCaps = (caps: Caps, shard: number, now: number): number =>
  caps.sweep(shard, (words, at) => minutes(now) - (words[at + day]! & ~noticed) >= spanMin[day])

import { avalanche } from '../std/hash64.ts'
import { Table } from '../std/table.ts'
import type { MessageId } from './events.ts'

/**
 * Where messages of the last hours stood, so that what is said of them later finds its stream. Bounded: when many messages come, fewer hours
 * are remembered, and what is not found here the shell looks up in the register. A row has 16 bytes: id 2; stream 16 bits, agent 5, network 5, marks 2;
 * asked for (s) 1.
 */
const rowWords = 4

export type Recent = Table

export const newRecent = (): Recent => new Table('recent', { rowWords, shardBits: 8 })

/** Marks of a row: each is set once. */
export const finishedMark = 1 << 31
export const reportedMark = 1 << 30

/** Spread, because ids of a trace or a benchmark may be counted instead of drawn. */
function keyOf(id: MessageId): [number, number] {
  const low = Number.parseInt(id.slice(28, 36), 16)
  const high = Number.parseInt(id.slice(19, 23) + id.slice(24, 28), 16)
  const spread = avalanche(low)
  return [avalanche(high ^ spread), spread]
}

/** `at`: when it was asked for, or decided where nobody asked. */
export function remember(
  recent: Recent,
  id: MessageId,
  { stream, agent = 0, network = 0, at: asked }: { stream: number; agent?: number; network?: number; at: number },
): void {
  if (recent.size >= rowsMax) return
  const [hi, lo] = keyOf(id)
  const at = recent.insert(hi, lo)
  recent.words[at + 2] = stream | (agent << 16) | (network << 21)
  recent.words[at + 3] = Math.floor(asked / 1000)
}

export type Recalled = { stream: number; agent: number; network: number; at: number; marked: boolean }

/** The number of the stream of a message, when it was asked for, and whether this mark was set before. Does not set it. */
export function recall(recent: Recent, id: MessageId, mark: number): Recalled | undefined {
  const at = recent.find(...keyOf(id))
  if (at < 0) return undefined
  const word = recent.words[at + 2]!
  return {
    stream: word & 0xffff,
    agent: (word >>> 16) & 31,
    network: (word >>> 21) & 31,
    at: recent.words[at + 3]! * 1000,
    marked: (word & mark) !== 0,
  }
}

export function setMark(recent: Recent, id: MessageId, mark: number): void {
  const at = recent.update(...keyOf(id))
  if (at >= 0) recent.words[at + 2] = (recent.words[at + 2]! | mark) >>> 0
}

const rowsMax = 131_072
const secondsKept = 24 * 3600

export function sweepRecent(recent: Recent, shard: number, now: number): number {
  // From half full on the oldest go the earlier the fuller it is, down to ten minutes.
  const room = 2 * (1 - recent.size / rowsMax)
  const seconds = room >= 1 ? secondsKept : Math.max(600, secondsKept * room)
  return recent.sweep(shard, (words, at) => now / 1000 - words[at + 3]! > seconds)
}

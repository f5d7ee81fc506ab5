import { type Hash64, high, low } from '../std/hash64.ts'
import { Table } from '../std/table.ts'
import type { Answer } from './commands.ts'
import { type MessageFacts, type MessageId, type Outcome, outcomes } from './events.ts'
import { type Lane, lanes } from './policy.ts'
import { fromMask, type ReasonCode, toMask } from './reasons.ts'

/**
 * What was decided for a key, so that the same request gets the same answer (check 1 of the gate). A row has 44 bytes:
 * key 2, content 2, message id 4, outcome 3 bits, lane 2 and the rarer reasons 27, reasons 1, decided at (s) 1.
 */
const rowWords = 11
const content = 2
const id = 4
const answer = 8
const mask = 9
const decidedAt = 10

export type Repeats = Table

export const newRepeats = (): Repeats => new Table('repeats', { rowWords, shardBits: 12 })

export function rememberAnswer(
  table: Repeats,
  facts: MessageFacts,
  decided: { outcome: Outcome; lane: Lane; reasons: ReasonCode[]; at: number },
): void {
  if (!facts.repeat) return
  const at = table.insert(high(facts.repeat.key), low(facts.repeat.key))
  const { words } = table
  words[at + content] = high(facts.repeat.content)
  words[at + content + 1] = low(facts.repeat.content)
  uuidWords(facts.id, words, at + id)
  const { low: common, high: rare } = toMask(decided.reasons)
  words[at + answer] = outcomes.indexOf(decided.outcome) | (lanes.indexOf(decided.lane) << 3) | (rare << 5)
  words[at + mask] = common
  words[at + decidedAt] = decided.at / 1000
}

/** The answer that this request was given before, a conflict when its key stands for another message, or `undefined`. */
export function earlierAnswer(
  table: Repeats,
  repeat: { key: Hash64; content: Hash64 },
  { now, windowMs }: { now: number; windowMs: number },
): Answer | undefined {
  const at = table.find(high(repeat.key), low(repeat.key))
  const { words } = table
  if (at < 0 || now / 1000 - words[at + decidedAt]! > windowMs / 1000) return undefined
  const message = uuidText(words, at + id)
  if (words[at + content] !== high(repeat.content) || words[at + content + 1] !== low(repeat.content))
    return { type: 'conflict', id: message }
  return {
    type: 'decided',
    repeat: true,
    id: message,
    outcome: outcomes[words[at + answer]! & 7]!,
    lane: lanes[(words[at + answer]! >>> 3) & 3]!,
    reasons: fromMask({ low: words[at + mask]!, high: words[at + answer]! >>> 5 }),
  }
}

export const sweepRepeats = (table: Repeats, shard: number, now: number, windowMs: number): number =>
  table.sweep(shard, (words, at) => now / 1000 - words[at + decidedAt]! > windowMs / 1000)

function uuidWords(uuid: MessageId, words: Uint32Array, at: number): void {
  words[at] = Number.parseInt(uuid.slice(0, 8), 16)
  words[at + 1] = Number.parseInt(uuid.slice(9, 13) + uuid.slice(14, 18), 16)
  words[at + 2] = Number.parseInt(uuid.slice(19, 23) + uuid.slice(24, 28), 16)
  words[at + 3] = Number.parseInt(uuid.slice(28, 36), 16)
}

function uuidText(words: Uint32Array, at: number): MessageId {
  let text = ''
  for (let i = 0; i < 4; i++) text += words[at + i]!.toString(16).padStart(8, '0')
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}` as MessageId
}

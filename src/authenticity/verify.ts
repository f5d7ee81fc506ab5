import type { Hash64 } from '../std/hash64.ts'
import { readCode } from '../std/message-code.ts'
import type { SentRecord } from '../views/sent.ts'
import { type Answer, genuine } from './verdict.ts'

/** What the answers are taken from. */
export type VerifierParts = {
  /** Waits until what was just sent can be found, for a bounded time. */
  reached(): Promise<unknown>
  sentByCode(codes: readonly string[]): Promise<SentRecord[]>
  /** Keyed hash of an address; of what is none, the hash of nobody. */
  addressHash(text: string): Hash64
}

/** Answers as soon as it can; whoever hands the answers out lets them leave on a schedule. */
export type Verifier = {
  /** A code is only confirmed together with the address it was sent to. */
  byCode(question: { code: string; recipient: string }): Promise<Answer>
}

export function openVerifier(parts: VerifierParts): Verifier {
  return {
    byCode: question => byCode(parts, question),
  }
}

/** The same work for every question: one hash, one query, one comparison with each row. */
async function byCode(parts: VerifierParts, { code, recipient }: { code: string; recipient: string }): Promise<Answer> {
  const address = parts.addressHash(recipient)
  const number = readCode(code)
  await parts.reached()
  const sent = await parts.sentByCode(number === undefined ? [] : [number])
  const match = sent.find(one => one.address === address)
  return match ? genuine(match) : { verdict: 'unknown' }
}

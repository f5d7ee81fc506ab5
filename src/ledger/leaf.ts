import type { Event } from '../core/events.ts'
import { hmac } from './hashing.ts'

// What the register's log consists of. A leaf is 32 bytes that tell nothing: who has the journal can make them again, with or without the keys of
// the persons; who knows a message's nonce (its content and key) and record can show that it is there; nobody else can guess.

type Decided = Extract<Event, { type: 'MessageDecided' }>

/** What a leaf says of a message. */
export type LeafRecord = {
  id: string
  application: string
  class: string
  lane: string
  outcome: string
  /** Instant of the decision, ms. */
  decidedAt: number
}

export const recordOf = ({ message, lane, outcome }: Decided, decidedAt: number): LeafRecord => ({
  id: message.id,
  application: message.application,
  class: message.class,
  lane,
  outcome,
  decidedAt,
})

const recordForm = 'tocsin/leaf/1'

/** The record as bytes: a JSON array without spaces, in UTF-8. Changes of it get another first element. */
export const recordBytes = ({ id, application, class: className, lane, outcome, decidedAt }: LeafRecord): Uint8Array =>
  Buffer.from(JSON.stringify([recordForm, id, application, className, lane, outcome, decidedAt]))

/** `HMAC-SHA-256(commitment, record)`; the commitment as it stands in the journal, base64url of 32 bytes. */
export const leafOf = (commitment: string, record: LeafRecord): Uint8Array =>
  hmac(Buffer.from(commitment, 'base64url'), recordBytes(record))

/** A leaf that stands for nothing: `HMAC-SHA-256(salt, index)`, the index as 8 bytes, big-endian. The salt is that of its seal. */
export function paddingLeaf(salt: string, index: number): Uint8Array {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(index))
  return hmac(Buffer.from(salt, 'base64url'), message)
}

/** A leaf in its place; `id` is absent for padding. */
export type Leaf = { index: number; data: Uint8Array; id?: string }
export type Seal = { size: number; at: number; position: number }

/** What the log needs of an entry of the journal. */
export type LoggedEntry = { position: number; at: number }

/**
 * The leaves that events bring, in the order of the journal, `size` being how many were before. A seal that does not follow from what was
 * before it is a fault of the journal; throws `SealFault`.
 */
export function* leavesOf(
  events: readonly Event[],
  { position, at }: LoggedEntry,
  size: number,
): Generator<Leaf | Seal> {
  let index = size
  for (const event of events) {
    if (event.type === 'MessageDecided') {
      const { id, commitment } = event.message
      yield { index: index++, data: leafOf(commitment, recordOf(event, at)), id }
    } else if (event.type === 'RegisterSealed') {
      if (event.size !== index + event.padding || !(event.padding > 0)) throw new SealFault(event.size, index)
      while (index < event.size) yield { index, data: paddingLeaf(event.salt, index++) }
      yield { size: event.size, at, position }
    }
  }
}

/** A seal says another size than the journal before it amounts to. */
export class SealFault extends Error {
  override readonly name = 'SealFault'
  constructor(said: number, found: number) {
    super(`a seal makes the register ${said} long, and ${found} leaves were before its padding`)
  }
}

export const isSeal = (one: Leaf | Seal): one is Seal => 'at' in one

import { hash } from 'node:crypto'
import type { Position } from './journal.ts'

/** SHA-256, in bytes. */
export const hashBytes = 32

/** What stands before the first entry of a partition: 32 zero bytes. */
export const genesisHash = (): Uint8Array => new Uint8Array(hashBytes)

/** The part of an entry that its hash covers. The wrapped keys are left out on purpose: erasing a person must not break a proof. */
export type Chained = { position: Position; at: number; events: Uint8Array; sealed: Uint8Array }

/**
 * The hash of an entry: SHA-256 over the hash before it, position and instant (unsigned, 8 bytes, big-endian each), SHA-256 of the events and
 * SHA-256 of the sealed bytes. Every field has a fixed length, so that no two entries have the same preimage. 32 bytes.
 */
export function chainHash(before: Uint8Array, { position, at, events, sealed }: Chained): Uint8Array {
  return chainHashOfDigests(before, { position, at, events: sha256(events), sealed: sha256(sealed) })
}

/** The same, from the SHA-256 of the events and of the sealed bytes. */
export function chainHashOfDigests(before: Uint8Array, entry: Chained): Uint8Array {
  const preimage = Buffer.alloc(4 * hashBytes - 16)
  preimage.set(before, 0)
  preimage.writeBigUInt64BE(BigInt(entry.position), 32)
  preimage.writeBigUInt64BE(BigInt(entry.at), 40)
  preimage.set(entry.events, 48)
  preimage.set(entry.sealed, 80)
  return sha256(preimage)
}

function sha256(bytes: Uint8Array): Uint8Array {
  const digest = hash('sha256', bytes, 'buffer')
  return new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength)
}

import { hash } from 'node:crypto'
import type { Content } from '../core/content.ts'
import { assert } from '../std/assert.ts'
import { random } from './keyring.ts'

/**
 * A content as bytes, ready to be sealed: a nonce of 16 bytes, the length of the head as 32 bits, the head as JSON, and the raw mail if there
 * is one.
 */
const nonceBytes = 16
const lengthBytes = 4

export type Packed = {
  plaintext: Uint8Array
  /** SHA-256 over nonce and content, base64url: the leaf of the register. */
  commitment: string
  /** SHA-256 over the content alone, hex: tells a repeat from another message under the same key. Never leaves the process unkeyed. */
  digest: string
}

export function pack(content: Content): Packed {
  const { raw, ...head } = content
  const json = Buffer.from(JSON.stringify(head))
  const plaintext = Buffer.allocUnsafe(nonceBytes + lengthBytes + json.length + (raw?.length ?? 0))
  plaintext.set(random(nonceBytes))
  plaintext.writeUInt32BE(json.length, nonceBytes)
  json.copy(plaintext, nonceBytes + lengthBytes)
  if (raw) plaintext.set(raw, nonceBytes + lengthBytes + json.length)
  const digest = hash('sha256', plaintext.subarray(nonceBytes), 'hex')
  return { plaintext, digest, commitment: commitmentOf(plaintext.subarray(0, nonceBytes), digest) }
}

/** Two steps, so that the long content is hashed once: SHA-256(nonce ‖ SHA-256(content)). */
function commitmentOf(nonce: Uint8Array, digest: string): string {
  const leaf = Buffer.allocUnsafe(nonceBytes + 32)
  leaf.set(nonce)
  leaf.write(digest, nonceBytes, 'hex')
  return hash('sha256', leaf, 'base64url')
}

export function unpack(plaintext: Uint8Array): Content {
  const bytes = Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength)
  const headEnd = nonceBytes + lengthBytes + bytes.readUInt32BE(nonceBytes)
  assert(headEnd <= bytes.length, 'the head of a content lies within it')
  const content = JSON.parse(bytes.toString('utf8', nonceBytes + lengthBytes, headEnd)) as Content
  if (headEnd < bytes.length) content.raw = bytes.subarray(headEnd)
  return content
}

/** Whether a plaintext is the one that a commitment was made for. */
export function fits(plaintext: Uint8Array, commitment: string): boolean {
  const digest = hash('sha256', plaintext.subarray(nonceBytes), 'hex')
  return commitmentOf(plaintext.subarray(0, nonceBytes), digest) === commitment
}

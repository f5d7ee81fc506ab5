import { hash } from 'node:crypto'
import type { Content } from '../core/content.ts'
import { assert } from '../std/assert.ts'
import { randomInto } from './keyring.ts'

/**
 * A content as bytes, ready to be sealed: a nonce of 16 bytes, the length of the head as 32 bits, the head as JSON, and the raw mail if there
 * is one.
 */
const nonceBytes = 16
const lengthBytes = 4

export type Packed = {
  /** Overwritten by the next call. */
  plaintext: Uint8Array
  /** SHA-256 over nonce and content, base64url: the leaf of the register. */
  commitment: string
  /** SHA-256 over the content alone, hex: tells a repeat from another message under the same key. Never leaves the process unkeyed. */
  digest: string
}

export function pack(content: Content): Packed {
  const { raw } = content
  const json = JSON.stringify(raw ? { ...content, raw: undefined } : content)
  const bytes = workspace(headStart + json.length * 3 + (raw?.length ?? 0))
  randomInto(bytes, nonceBytes)
  const headBytes = bytes.write(json, headStart)
  bytes.writeUInt32BE(headBytes, nonceBytes)
  if (raw) bytes.set(raw, headStart + headBytes)
  const plaintext = bytes.subarray(0, headStart + headBytes + (raw?.length ?? 0))
  const digest = hash('sha256', plaintext.subarray(nonceBytes), 'hex')
  return { plaintext, digest, commitment: commitmentOf(plaintext, digest) }
}

const headStart = nonceBytes + lengthBytes
const workspaceBytes = 64 * 1024
const shared = Buffer.allocUnsafeSlow(workspaceBytes)

/** Most contents fit the one that all share: what is packed is sealed at once. */
const workspace = (bytesMax: number): Buffer => (bytesMax <= workspaceBytes ? shared : Buffer.allocUnsafeSlow(bytesMax))

const leaf = Buffer.alloc(nonceBytes + 32)

/** Two steps, so that the long content is hashed once: SHA-256(nonce ‖ SHA-256(content)). */
function commitmentOf(plaintext: Uint8Array, digest: string): string {
  for (let i = 0; i < nonceBytes; i++) leaf[i] = plaintext[i]!
  leaf.write(digest, nonceBytes, 'hex')
  return hash('sha256', leaf, 'base64url')
}

export function unpack(plaintext: Uint8Array): Content {
  const bytes = Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength)
  const headEnd = headStart + bytes.readUInt32BE(nonceBytes)
  assert(headEnd <= bytes.length, 'the head of a content lies within it')
  const content = JSON.parse(bytes.toString('utf8', headStart, headEnd)) as Content
  if (headEnd < bytes.length) content.raw = bytes.subarray(headEnd)
  return content
}

/** Whether a plaintext is the one that a commitment was made for. */
export function fits(plaintext: Uint8Array, commitment: string): boolean {
  const digest = hash('sha256', plaintext.subarray(nonceBytes), 'hex')
  return commitmentOf(plaintext, digest) === commitment
}

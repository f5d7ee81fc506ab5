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
  /** HMAC-SHA-256 of the content under the nonce, base64url: the key of the leaf in the register. */
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

const blockBytes = 64
const hashBytes = 32
/** Behind the nonce the key has zeros, which leaves the pads. */
const inner = Buffer.alloc(blockBytes + hashBytes, 0x36)
const outer = Buffer.alloc(blockBytes + hashBytes, 0x5c)

/**
 * HMAC-SHA-256(nonce, SHA-256(content)), RFC 2104: the long content is hashed once. Made of two hashes, for an object of the library takes four
 * times as long.
 */
function commitmentOf(plaintext: Uint8Array, digest: string): string {
  for (let i = 0; i < nonceBytes; i++) {
    inner[i] = plaintext[i]! ^ 0x36
    outer[i] = plaintext[i]! ^ 0x5c
  }
  inner.write(digest, blockBytes, 'hex')
  outer.write(hash('sha256', inner, 'binary'), blockBytes, 'latin1')
  return hash('sha256', outer, 'base64url')
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
  return commitmentOf(plaintext, digest) === commitment || firstFormOf(plaintext, digest) === commitment
}

/** As commitments were in the first version: SHA-256(nonce ‖ SHA-256(content)). Journals of then still hold them. */
function firstFormOf(plaintext: Uint8Array, digest: string): string {
  const preimage = Buffer.concat([plaintext.subarray(0, nonceBytes), Buffer.from(digest, 'hex')])
  return hash('sha256', preimage, 'base64url')
}

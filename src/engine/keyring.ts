import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomFillSync,
} from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { MessageId } from '../core/events.ts'
import { assert } from '../std/assert.ts'
import type { Hash64 } from '../std/hash64.ts'
import { codeText } from '../std/message-code.ts'
import { siphash } from '../std/siphash.ts'

/**
 * The installation's secrets, all derived by HKDF (RFC 5869) from one master key of 32 bytes that lies in the data directory, readable by
 * its owner alone. Who has the database without this file has no recipient, no secret and no account.
 */
export type Keyring = {
  /** A keyed hash of a text in a domain of its own (`mailbox`, `account`, …), so that equal texts of different meaning stay apart. */
  hash(domain: string, text: string): Hash64
  /** The code that the recipient can check: 12 letters and digits that cannot be confused, in groups of four. */
  code(id: MessageId): string
  /** The key of the codes alone, as words of SipHash: for the thread that keeps them beside the messages. */
  codeKey: Uint32Array
  /** Encrypts a page of subject keys under the master key. */
  wrap(page: Uint8Array): Uint8Array
  unwrap(wrapped: Uint8Array): Uint8Array
  /** Tells this master key from another, and nothing else about it. */
  check: string
}

const masterBytes = 32
const ivBytes = 12
const tagBytes = 16

export const masterKeyFile = (dataDir: string): string => join(dataDir, 'keys', 'master.key')

/** Reads the master key, or makes one on first start. Throws what the file system says, and when the file is not a key. */
export function openKeyring(dataDir: string): Keyring {
  const path = masterKeyFile(dataDir)
  if (!existsSync(path)) createMasterKey(path)
  const master = readFileSync(path)
  assert(master.length === masterBytes, `${path} holds ${masterBytes} bytes`)
  return keyringOf(master)
}

/** Written aside and renamed, so that a crash leaves either no key or a whole one. */
function createMasterKey(path: string): void {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
  const aside = `${path}.new`
  const file = openSync(aside, 'w', 0o600)
  writeSync(file, randomBytes(masterBytes))
  fsyncSync(file)
  closeSync(file)
  renameSync(aside, path)
}

export function keyringOf(master: Uint8Array): Keyring {
  const derive = (purpose: string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', master, '', `tocsin/${purpose}`, bytes))
  const words = (key: Buffer) => new Uint32Array([0, 4, 8, 12].map(at => key.readUInt32LE(at)))
  const hashKey = words(derive('hash', 16))
  const codeKey = words(derive('code', 16))
  const wrapKey = createSecretKey(derive('wrap', 32))
  return {
    hash: (domain, text) => siphash(hashKey, bytesOf(`${domain}\0${text}`)),
    code: id => codeText(siphash(codeKey, bytesOf(id))),
    codeKey,
    wrap: page => encrypt(wrapKey, page),
    unwrap: wrapped => decrypt(wrapKey, wrapped),
    check: derive('check', 16).toString('hex'),
  }
}

const scratch = Buffer.alloc(1024)

/** The text as UTF-8, in a buffer that the next call overwrites when it is short: what is hashed is not kept. */
function bytesOf(text: string): Uint8Array {
  if (text.length * 3 > scratch.length) return Buffer.from(text)
  return scratch.subarray(0, scratch.write(text))
}

const pool = Buffer.alloc(8192)
let poolAt = pool.length

/** Fills the first `bytes` of a buffer with random bytes, each of them used once, from a pool: one system call for many. */
export function randomInto(target: Uint8Array, bytes = target.length): void {
  assert(bytes <= pool.length, `at most ${pool.length} random bytes at once`)
  if (poolAt + bytes > pool.length) {
    randomFillSync(pool)
    poolAt = 0
  }
  pool.copy(target, 0, poolAt, poolAt + bytes)
  poolAt += bytes
}

const slabBytes = 256 * 1024
let slab = Buffer.allocUnsafeSlow(slabBytes)
let slabAt = 0

/** Ciphertexts live together and end together, with their batch: cut from slabs, they cost the collector one object for hundreds. */
function cut(bytes: number): Buffer {
  if (bytes > slabBytes / 8) return Buffer.allocUnsafeSlow(bytes)
  if (slabAt + bytes > slabBytes) {
    slab = Buffer.allocUnsafeSlow(slabBytes)
    slabAt = 0
  }
  slabAt += bytes
  return slab.subarray(slabAt - bytes, slabAt)
}

const iv = Buffer.alloc(ivBytes)
const boundCharsMax = 36
const boundScratch = Buffer.alloc(boundCharsMax * 3)

/** The bound text as UTF-8, for the moment; nearly always the id of a message. */
function boundBytes(bound: string): Uint8Array {
  if (bound.length > boundCharsMax) return Buffer.from(bound)
  return boundScratch.subarray(0, boundScratch.write(bound))
}

/**
 * AES-256-GCM (NIST SP 800-38D) under a random nonce: nonce, ciphertext, tag. For 1 KB it takes 4 µs, of which encrypting is less than a tenth and
 * the rest is making it. Keys are key objects: from bytes the cipher takes 10 µs more.
 */
export function encrypt(key: KeyObject, plaintext: Uint8Array, bound?: string): Uint8Array {
  const sealed = cut(ivBytes + plaintext.length + tagBytes)
  randomInto(iv)
  iv.copy(sealed)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  if (bound) cipher.setAAD(boundBytes(bound))
  sealed.set(cipher.update(plaintext), ivBytes)
  cipher.final()
  sealed.set(cipher.getAuthTag(), ivBytes + plaintext.length)
  return sealed
}

/** Throws when a single bit was changed, or the key or the bound text is another. */
export function decrypt(key: KeyObject, sealed: Uint8Array, bound?: string): Uint8Array {
  assert(sealed.length >= ivBytes + tagBytes, 'a ciphertext has its nonce and its tag')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, ivBytes))
  if (bound) decipher.setAAD(Buffer.from(bound))
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  const plaintext = decipher.update(sealed.subarray(ivBytes, sealed.length - tagBytes))
  decipher.final()
  return plaintext
}

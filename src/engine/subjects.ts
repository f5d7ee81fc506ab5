import { createSecretKey, type KeyObject } from 'node:crypto'
import { assert } from '../std/assert.ts'
import type { Hash64 } from '../std/hash64.ts'
import { type Keyring, randomInto } from './keyring.ts'

/**
 * Keys per subject. What is personal in the journal is encrypted under a key of its person; erasing that key erases the person. The keys first
 * used in a batch are one page, wrapped under the master key and made durable in the same commit as what they encrypt. A person may come to
 * have several keys over time (one for each time that the cache below had forgotten the last); erasing takes them all.
 */
export type SubjectKey = {
  key: KeyObject
  /** The key itself until it is wrapped, for getting it back out of the object costs as much as making it. */
  bytes: Uint8Array | undefined
  place: { page: number; slot: number } | undefined
}

const keyBytes = 32
/** Persons whose key is kept at hand; between this and half of it, those asked for last. */
const cachedMax = 50_000

/**
 * The keys at hand, in two generations: when the younger is full it becomes the elder, and the elder is dropped. (One map that loses its
 * first entry for each new one walks over all that it has lost before: 10 to 14 µs a message once it was full, in place of 0.2.)
 */
export class Subjects {
  #younger = new Map<Hash64, SubjectKey>()
  #elder = new Map<Hash64, SubjectKey>()

  keyOf(subject: Hash64): SubjectKey {
    const known = this.#younger.get(subject)
    if (known) return known
    const key = this.#elder.get(subject) ?? freshKey()
    if (this.#younger.size >= cachedMax / 2) {
      this.#elder = this.#younger
      this.#younger = new Map()
    }
    this.#younger.set(subject, key)
    return key
  }

  /** After an erasure, and whenever a batch did not become durable: its keys exist nowhere. */
  forgetAll(): void {
    this.#younger = new Map()
    this.#elder = new Map()
  }
}

function freshKey(): SubjectKey {
  const bytes = Buffer.allocUnsafe(keyBytes)
  randomInto(bytes)
  return { key: createSecretKey(bytes), bytes, place: undefined }
}

/** The new keys of one batch. */
export class KeyPage {
  readonly #page: number
  readonly #keys: SubjectKey[] = []

  constructor(page: number) {
    this.#page = page
  }

  /** Where the key lies; a key that no batch has used yet gets its place on this page. */
  place(subject: SubjectKey): { page: number; slot: number } {
    if (!subject.place) {
      subject.place = { page: this.#page, slot: this.#keys.length }
      this.#keys.push(subject)
    }
    return subject.place
  }

  /** The batch does not become durable: its keys have no place. */
  abandon(): void {
    for (const subject of this.#keys) subject.place = undefined
  }

  wrapped(keyring: Keyring): Uint8Array {
    if (this.#keys.length === 0) return new Uint8Array(0)
    const page = Buffer.allocUnsafe(this.#keys.length * keyBytes)
    this.#keys.forEach((subject, slot) => {
      page.set(subject.bytes ?? subject.key.export(), slot * keyBytes)
      subject.bytes = undefined
    })
    return keyring.wrap(page)
  }
}

const erased = new Uint8Array(keyBytes)

/** The key in a slot of a wrapped page, or `undefined` when it was erased. */
export const keyInPage = (keyring: Keyring, wrapped: Uint8Array, slot: number): KeyObject | undefined =>
  keyInUnwrapped(keyring.unwrap(wrapped), slot)

/** The same of a page that was unwrapped before: for two thousand keys that takes longer than all the rest of reading a message. */
export function keyInUnwrapped(page: Uint8Array, slot: number): KeyObject | undefined {
  const key = page.subarray(slot * keyBytes, (slot + 1) * keyBytes)
  assert(key.length === keyBytes, 'a slot lies within its page')
  return Buffer.compare(key, erased) === 0 ? undefined : createSecretKey(key)
}

/** The page without the keys in these slots. */
export function eraseInPage(keyring: Keyring, wrapped: Uint8Array, slots: number[]): Uint8Array {
  const page = Uint8Array.from(keyring.unwrap(wrapped))
  for (const slot of slots) page.fill(0, slot * keyBytes, (slot + 1) * keyBytes)
  return keyring.wrap(page)
}

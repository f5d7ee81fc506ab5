import { createSecretKey, type KeyObject } from 'node:crypto'
import { assert } from '../std/assert.ts'
import type { Hash64 } from '../std/hash64.ts'
import { type Keyring, random } from './keyring.ts'

/**
 * Keys per subject. What is personal in the journal is encrypted under a key of its person; erasing that key erases the person. The keys first
 * used in a batch are one page, wrapped under the master key and made durable in the same commit as what they encrypt. A person may come to
 * have several keys over time (one for each time that the cache below had forgotten the last); erasing takes them all.
 */
export type SubjectKey = { key: KeyObject; place?: { page: number; slot: number } }

const keyBytes = 32
/** Persons whose key is kept at hand. */
const cachedMax = 50_000

export class Subjects {
  readonly #cache = new Map<Hash64, SubjectKey>()

  keyOf(subject: Hash64): SubjectKey {
    const known = this.#cache.get(subject)
    if (known) return known
    const fresh: SubjectKey = { key: createSecretKey(random(keyBytes)) }
    if (this.#cache.size >= cachedMax) this.#cache.delete(this.#cache.keys().next().value!)
    this.#cache.set(subject, fresh)
    return fresh
  }

  /** After an erasure, and whenever a batch did not become durable: its keys exist nowhere. */
  forgetAll(): void {
    this.#cache.clear()
  }
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
    for (const subject of this.#keys) delete subject.place
  }

  wrapped(keyring: Keyring): Uint8Array {
    if (this.#keys.length === 0) return new Uint8Array(0)
    return keyring.wrap(Buffer.concat(this.#keys.map(({ key }) => key.export())))
  }
}

const erased = new Uint8Array(keyBytes)

/** The key in a slot of a wrapped page, or `undefined` when it was erased. */
export function keyInPage(keyring: Keyring, wrapped: Uint8Array, slot: number): KeyObject | undefined {
  const page = keyring.unwrap(wrapped)
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

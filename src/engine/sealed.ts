import type { Content } from '../core/content.ts'
import type { MessageFacts, MessageId } from '../core/events.ts'
import type { Journal } from '../journal/journal.ts'
import { unpack } from './content.ts'
import { decrypt, type Keyring } from './keyring.ts'
import { keyInUnwrapped } from './subjects.ts'

/** Reads sealed contents back from the journal. Neighbours are often read together, so the last few batches are kept at hand. */
export class SealedReader {
  readonly #journal: Journal
  readonly #partition: number
  readonly #keyring: Keyring
  readonly #batches = new Map<number, Promise<Batch | undefined>>()

  constructor(journal: Journal, partition: number, keyring: Keyring) {
    this.#journal = journal
    this.#partition = partition
    this.#keyring = keyring
  }

  /** `undefined` when the person's key was erased. Throws `JournalUnavailable`. */
  async read(facts: Pick<MessageFacts, 'sealed' | 'id'>, position: number): Promise<Content | undefined> {
    const { sealed } = facts
    const [batch, keys] = await Promise.all([this.#batch(position), this.#batch(sealed.page)])
    if (!batch || !keys) return undefined
    keys.page ??= this.#keyring.unwrap(keys.keys)
    const key = keyInUnwrapped(keys.page, sealed.slot)
    const ciphertext = batch.sealed.subarray(sealed.offset, sealed.offset + sealed.length)
    return key && unpack(decrypt(key, ciphertext, sealedUnder(facts.id)))
  }

  forget(): void {
    this.#batches.clear()
  }

  #batch(position: number): Promise<Batch | undefined> {
    const known = this.#batches.get(position)
    if (known) return known
    if (this.#batches.size >= batchesMax) this.#batches.delete(this.#batches.keys().next().value!)
    const batch: Promise<Batch | undefined> = this.#journal.sealed(this.#partition, position)
    this.#batches.set(position, batch)
    batch.catch(() => this.#batches.delete(position))
    return batch
  }
}

/** `page`: its keys, once they were asked for. */
type Batch = { sealed: Uint8Array; keys: Uint8Array; page?: Uint8Array }

/** A ciphertext is bound to the id of its message; a notice reads that of the message it is about. */
const sealedUnder = (id: MessageId): MessageId => `${id.slice(0, 14)}7${id.slice(15)}` as MessageId

const batchesMax = 16

/** Contents of messages that will leave soon, so that they need not be read back; bounded in bytes. */
export class ContentCache {
  readonly #contents = new Map<MessageId, { content: Content; bytes: number }>()
  #bytes = 0

  put(id: MessageId, content: Content, bytes: number): void {
    if (this.#bytes + bytes > bytesMax) return
    this.#contents.set(id, { content, bytes })
    this.#bytes += bytes
  }

  take(id: MessageId): Content | undefined {
    const found = this.#contents.get(id)
    if (!found) return undefined
    this.#contents.delete(id)
    this.#bytes -= found.bytes
    return found.content
  }

  get(id: MessageId): Content | undefined {
    return this.#contents.get(id)?.content
  }

  clear(): void {
    this.#contents.clear()
    this.#bytes = 0
  }
}

const bytesMax = 128 * 1024 * 1024

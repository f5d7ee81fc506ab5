import type { Event } from '../core/events.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { bundleOf } from './entries.ts'
import type { LedgerJournal } from './follow.ts'
import { hashBytes } from './hashing.ts'
import { type LeafRecord, leafOf, recordOf } from './leaf.ts'
import { proveInclusion } from './prove.ts'
import type { LedgerStore, StoredCheckpoint } from './store.ts'
import { type TileName, tileWidth, widthIn } from './tiles.ts'

/** Where a message stands in the log. `not-sealed`: decided, and public with one of the next checkpoints. */
export type MessageProof =
  | { status: 'unknown' }
  | { status: 'not-sealed' }
  | {
      status: 'sealed'
      index: number
      leaf: Uint8Array
      record: LeafRecord
      /** The key of the leaf, base64url, as the journal has it. */
      commitment: string
      /** The newest checkpoint, and the proof that the leaf lies in its tree. */
      checkpoint: StoredCheckpoint
      root: Uint8Array
      proof: Uint8Array[]
    }

/** What of the log others may see: nothing beyond the last checkpoint. */
export class LedgerPublisher {
  readonly #store: LedgerStore
  readonly #journal: LedgerJournal

  constructor(store: LedgerStore, journal: LedgerJournal) {
    this.#store = store
    this.#journal = journal
  }

  /** The newest checkpoint, a signed note; `undefined` before the first seal. */
  checkpoint(): Promise<StoredCheckpoint | undefined> {
    return this.#store.newest()
  }

  /** The bytes of a tile or bundle; `undefined` when the public tree has it not, or not that wide. */
  async tile(name: TileName): Promise<Uint8Array | undefined> {
    const newest = await this.#store.newest()
    if (!newest || name.width > widthIn(newest.size, name)) return undefined
    const { level, number } = name
    const found = level === 'entries' ? await this.#store.bundle(number) : await this.#store.tile(level, number)
    const hashes = found?.subarray(0, name.width * hashBytes)
    if (hashes?.length !== name.width * hashBytes) return undefined
    return level === 'entries' ? bundleOf(hashes) : hashes
  }

  /** Verifier keys, the oldest first. Instants in ms; `until` is absent for the one that signs on. */
  async keys(): Promise<{ verifier: string; from: number; until?: number }[]> {
    const keys = await this.#store.keys()
    return keys.map(({ verifier, from, until }) => ({ verifier, from, ...(until !== null && { until }) }))
  }

  /** The proof of a message that was decided in the batch at `position` of the journal. */
  async proofOf(id: string, position: number): Promise<MessageProof> {
    const [entry] = await this.#journal.read(this.#store.partition, { from: position - 1, limit: 1 })
    if (entry?.position !== position) return { status: 'unknown' }
    const events = JSON.parse(Buffer.from(entry.events).toString()) as Event[]
    const found = placeOf(events, id)
    if (!found) return { status: 'unknown' }
    const [first, checkpoint] = await Promise.all([this.#store.firstOf(position), this.#store.newest()])
    if (first === undefined || !checkpoint || first + found.before >= checkpoint.size) return { status: 'not-sealed' }
    const index = first + found.before
    const { commitment } = found.event.message
    const record = recordOf(found.event, entry.at)
    const proof = await proveInclusion(index, checkpoint.size, wanted => this.#store.tiles(wanted))
    const { root } = parseCheckpoint(checkpoint.note.slice(0, checkpoint.note.lastIndexOf('\n\n') + 1))
    const leaf = leafOf(commitment, record)
    return { status: 'sealed', index, leaf, record, commitment, checkpoint, root, proof }
  }
}

/** The decision of a message among the events of a batch, and how many leaves come before it. */
function placeOf(events: readonly Event[], id: string) {
  let before = 0
  for (const event of events) {
    if (event.type === 'RegisterSealed') before += event.padding
    if (event.type !== 'MessageDecided') continue
    if (event.message.id === id) return { event, before }
    before++
  }
  return undefined
}

/** Whole tiles never change; the others are those of some checkpoint and do not change either, but give way to the whole one. */
export const isWhole = ({ width }: TileName): boolean => width === tileWidth

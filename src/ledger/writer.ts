import type { Event } from '../core/events.ts'
import { hashBytes, leafHash } from './hashing.ts'
import { isSeal, type LoggedEntry, leavesOf } from './leaf.ts'
import type { Cursor } from './store.ts'
import { TileWriter, tileBytes, tileWidth, type Written } from './tiles.ts'

/** Where the log is read from when it goes on. */
export type LogSource = {
  tile(level: number, number: number): Promise<Uint8Array | undefined>
  bundle(number: number): Promise<Uint8Array | undefined>
}

/** A seal, and the root of the log up to it. */
export type Sealed = { size: number; position: number; at: number; root: Uint8Array }

export type Taken = {
  tiles: Written[]
  bundles: { number: number; leaves: Uint8Array }[]
  batches: { position: number; first: number }[]
  seals: Sealed[]
}

/** Makes the log from events in the order of the journal: leaves, tiles, and the roots at its seals. */
export class LogWriter {
  readonly #tiles: TileWriter
  #leaves: Uint8Array
  #whole: Taken['bundles'] = []
  #batches: Taken['batches'] = []
  #seals: Sealed[] = []
  #isDirty = false

  private constructor(tiles: TileWriter, leaves: Uint8Array) {
    this.#tiles = tiles
    this.#leaves = leaves
  }

  static async at({ size }: Pick<Cursor, 'size'>, source: LogSource): Promise<LogWriter> {
    const tiles = await TileWriter.at(size, (level, number) => source.tile(level, number))
    const leaves = new Uint8Array(tileBytes)
    const width = size % tileWidth
    const found = width > 0 ? await source.bundle(Math.floor(size / tileWidth)) : new Uint8Array(0)
    if (!found || found.length < width * hashBytes) throw new Error('a bundle of the register is not there')
    leaves.set(found.subarray(0, width * hashBytes))
    return new LogWriter(tiles, leaves)
  }

  get size(): number {
    return this.#tiles.size
  }

  /** Throws `SealFault` when the journal is not the one that its seals were made for. */
  take(events: readonly Event[], entry: LoggedEntry): void {
    const first = this.size
    for (const one of leavesOf(events, entry, first))
      if (isSeal(one)) this.#seals.push({ ...one, root: this.#tiles.root() })
      else this.append(one.data)
    if (this.size > first) this.#batches.push({ position: entry.position, first })
  }

  append(leaf: Uint8Array): void {
    const offset = this.size % tileWidth
    this.#leaves.set(leaf, offset * hashBytes)
    this.#isDirty = true
    this.#tiles.append(leafHash(leaf))
    if (offset < tileWidth - 1) return
    this.#whole.push({ number: this.size / tileWidth - 1, leaves: this.#leaves })
    this.#leaves = new Uint8Array(tileBytes)
    this.#isDirty = false
  }

  root(): Uint8Array {
    return this.#tiles.root()
  }

  /** What has come since the last call; without `partial`, of tiles and bundles the whole ones only. */
  written({ partial = true }: { partial?: boolean } = {}): Taken {
    const taken = {
      tiles: this.#tiles.take({ partial }),
      bundles: this.#whole,
      batches: this.#batches,
      seals: this.#seals,
    }
    if (partial && this.#isDirty) {
      const width = this.size % tileWidth
      taken.bundles.push({
        number: Math.floor(this.size / tileWidth),
        leaves: this.#leaves.slice(0, width * hashBytes),
      })
    }
    this.#whole = []
    this.#batches = []
    this.#seals = []
    if (partial) this.#isDirty = false
    return taken
  }
}

import { hashOf, type TileOf, tilesFor } from './tiles.ts'
import { consistencyRanges, inclusionRanges, type Range } from './tree.ts'

/** Reads tiles as they are in the tree of some size, all that are named at once; those that are not there are left out. */
export type ReadTiles = (
  wanted: readonly { level: number; number: number }[],
) => Promise<{ level: number; number: number; hashes: Uint8Array }[]>

/** The inclusion proof of a leaf in the tree of that size: RFC 9162 §2.1.3. Throws `TileMissing`. */
export const proveInclusion = (index: number, size: number, read: ReadTiles): Promise<Uint8Array[]> =>
  hashesOf(inclusionRanges(index, size), read)

/** The proof that a tree continues a smaller one, which has leaves: RFC 9162 §2.1.4. Throws `TileMissing`. */
export const proveConsistency = (first: number, second: number, read: ReadTiles): Promise<Uint8Array[]> =>
  hashesOf(consistencyRanges(first, second), read)

/** The root of the tree of that size. Throws `TileMissing`. */
export async function rootAt(size: number, read: ReadTiles): Promise<Uint8Array> {
  const [root] = await hashesOf([{ from: 0, to: size }], read)
  return root!
}

async function hashesOf(ranges: Range[], read: ReadTiles): Promise<Uint8Array[]> {
  const tiles = await read(tilesFor(ranges))
  const found = new Map(tiles.map(({ level, number, hashes }) => [`${level}/${number}`, hashes]))
  const tileOf: TileOf = (level, number) => found.get(`${level}/${number}`)
  return ranges.map(range => hashOf(range, tileOf))
}

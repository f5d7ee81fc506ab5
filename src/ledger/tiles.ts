import { hashBytes, nodeHash } from './hashing.ts'
import { type Node, nodesOf, type Range, rootOf } from './tree.ts'

// C2SP tlog-tiles: the tree as files of up to 256 hashes, each file a subtree of height 8 of which only the lowest row is stored.

export const tileHeight = 8
export const tileWidth = 256
export const tileBytes = tileWidth * hashBytes
/** The highest level that a path may name. */
export const levelMax = 63

/** A tile, or with `level: 'entries'` a bundle of the leaves themselves. `width`: 256 for a whole one. */
export type TileName = { level: number | 'entries'; number: number; width: number }

/** `tile/<L>/<N>[.p/<W>]`: N in groups of three digits, all but the last with an x before them. */
export function tilePath({ level, number, width }: TileName): string {
  const digits = String(number).padStart(Math.ceil(String(number).length / 3) * 3, '0')
  const groups = digits.match(/\d{3}/g)!
  const name = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${level}/${name}${width === tileWidth ? '' : `.p/${width}`}`
}

const pathShape = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/

/** The tile of a path, or `undefined` when it is not exactly how a tile is named. */
export function parseTilePath(path: string): TileName | undefined {
  const [, level, groups, width] = pathShape.exec(path) ?? []
  if (level === undefined || groups === undefined) return undefined
  const name: TileName = {
    level: level === 'entries' ? level : Number(level),
    number: Number(groups.replaceAll(/[x/]/g, '')),
    width: width === undefined ? tileWidth : Number(width),
  }
  if (name.level !== 'entries' && name.level > levelMax) return undefined
  // Also the leading group of zeros, a number too large to be exact, and a partial tile that is none.
  const isNamed = Number.isSafeInteger(name.number) && name.width <= tileWidth && tilePath(name) === path
  return isNamed ? name : undefined
}

/** How many hashes the tile has in a tree of that size; 0 where it has none. */
export function widthIn(size: number, { level, number }: Pick<TileName, 'level' | 'number'>): number {
  const hashes = level === 'entries' || level === 0 ? size : Math.floor(size / tileWidth ** level)
  return Math.max(0, Math.min(tileWidth, hashes - number * tileWidth))
}

/** Where a whole subtree lies: the tile, and the first of its `count` hashes there. */
export function placeIn({ level, index }: Node): { level: number; number: number; offset: number; count: number } {
  const tileLevel = Math.floor(level / tileHeight)
  const count = 2 ** (level - tileLevel * tileHeight)
  const first = index * count
  return { level: tileLevel, number: Math.floor(first / tileWidth), offset: first % tileWidth, count }
}

/** The tiles that the hashes of some ranges are made of, each once. */
export function tilesFor(ranges: readonly Range[]): { level: number; number: number }[] {
  const found = new Map<string, { level: number; number: number }>()
  for (const range of ranges)
    for (const node of nodesOf(range)) {
      const { level, number } = placeIn(node)
      found.set(`${level}/${number}`, { level, number })
    }
  return [...found.values()]
}

/** The hashes of a tile, or `undefined` when there is none. */
export type TileOf = (level: number, number: number) => Uint8Array | undefined

/** The hash over a range; every tile of `tilesFor` must be there, and wide enough. */
export const hashOf = (range: Range, tileOf: TileOf): Uint8Array =>
  rootOf(
    nodesOf(range).map(node => {
      const { level, number, offset, count } = placeIn(node)
      const tile = tileOf(level, number)
      if (!tile || tile.length < (offset + count) * hashBytes) throw new TileMissing(level, number, offset + count)
      return subtree(tile, offset, count)
    }),
  )

/** A tile that the tree must have is not there, or is too narrow. */
export class TileMissing extends Error {
  override readonly name = 'TileMissing'
  constructor(level: number, number: number, width: number) {
    super(`the tile ${number} of level ${level} has not the ${width} hashes that the tree needs`)
  }
}

/** The root over `count` hashes of a tile, a power of two. */
export function subtree(tile: Uint8Array, offset: number, count: number): Uint8Array {
  if (count === 1) return tile.slice(offset * hashBytes, (offset + 1) * hashBytes)
  const left = subtree(tile, offset, count / 2)
  return nodeHash(left, subtree(tile, offset + count / 2, count / 2))
}

/** A tile that was written to since the last `take`. `hashes` are a copy of what it has now. */
export type Written = { level: number; number: number; hashes: Uint8Array }

type Open = { number: number; width: number; hashes: Uint8Array; isDirty: boolean }

/** The right edge of a tree: takes hashes of leaves one by one and gives tiles. */
export class TileWriter {
  readonly #open: Open[] = []
  #size = 0
  #whole: Written[] = []

  /** Goes on behind a tree of that size, whose right edge is `tileOf`. */
  static async at(size: number, tileOf: (level: number, number: number) => Promise<Uint8Array | undefined>) {
    const writer = new TileWriter()
    writer.#size = size
    for (let level = 0; tileWidth ** level <= size; level++) {
      const number = Math.floor(Math.floor(size / tileWidth ** level) / tileWidth)
      const width = widthIn(size, { level, number })
      const hashes = new Uint8Array(tileBytes)
      const found = width > 0 ? await tileOf(level, number) : new Uint8Array(0)
      if (!found || found.length < width * hashBytes) throw new TileMissing(level, number, width)
      hashes.set(found.subarray(0, width * hashBytes))
      writer.#open.push({ number, width, hashes, isDirty: false })
    }
    return writer
  }

  get size(): number {
    return this.#size
  }

  append(hash: Uint8Array): void {
    this.#size++
    this.#put(0, hash)
  }

  #put(level: number, hash: Uint8Array): void {
    const open = (this.#open[level] ??= { number: 0, width: 0, hashes: new Uint8Array(tileBytes), isDirty: false })
    open.hashes.set(hash, open.width * hashBytes)
    open.isDirty = true
    if (++open.width < tileWidth) return
    this.#whole.push({ level, number: open.number, hashes: open.hashes })
    this.#open[level] = { number: open.number + 1, width: 0, hashes: new Uint8Array(tileBytes), isDirty: false }
    this.#put(level + 1, subtree(open.hashes, 0, tileWidth))
  }

  root(): Uint8Array {
    const tileOf: TileOf = (level, number) => {
      const open = this.#open[level]
      return open?.number === number ? open.hashes.subarray(0, open.width * hashBytes) : undefined
    }
    // All whole subtrees of a tree's own range lie at its right edge.
    return hashOf({ from: 0, to: this.#size }, tileOf)
  }

  /** What has changed since the last call: whole tiles, and unless told otherwise the partial ones at the edge. */
  take({ partial = true }: { partial?: boolean } = {}): Written[] {
    const written = this.#whole
    this.#whole = []
    for (const [level, open] of partial ? this.#open.entries() : []) {
      if (!open.isDirty || open.width === 0) continue
      open.isDirty = false
      written.push({ level, number: open.number, hashes: open.hashes.slice(0, open.width * hashBytes) })
    }
    return written
  }
}

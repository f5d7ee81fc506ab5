import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { emptyRoot, leafHash, nodeHash } from './hashing.ts'
import { proveConsistency, proveInclusion, type ReadTiles, rootAt } from './prove.ts'
import { TileMissing, TileWriter, widthIn } from './tiles.ts'
import { consistencyRanges, inclusionRanges, verifyConsistency, verifyInclusion } from './tree.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const leaf = (i: number) => leafHash(Buffer.from(`leaf ${i}`))

/** RFC 9162 §2.1.1, word for word: slow, and nothing of ours in it but the hashes. */
function rootByDefinition(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot()
  if (leaves.length === 1) return leaves[0]!
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return nodeHash(rootByDefinition(leaves.slice(0, k)), rootByDefinition(leaves.slice(k)))
}

/** A tree in memory, read as it is at its size. */
function treeOf(size: number) {
  const writer = new TileWriter()
  const tiles = new Map<string, Uint8Array>()
  const store = () => {
    for (const { level, number, hashes } of writer.take()) tiles.set(`${level}/${number}`, hashes)
  }
  for (let i = 0; i < size; i++) {
    writer.append(leaf(i))
    if (i % 100 === 0) store()
  }
  store()
  const read: ReadTiles = async wanted =>
    wanted.flatMap(({ level, number }) => {
      const hashes = tiles.get(`${level}/${number}`)
      return hashes ? [{ level, number, hashes }] : []
    })
  return { writer, tiles, read }
}

describe('a tree', () => {
  const sizes = [0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 700, 65_535, 65_536, 65_537, 66_000]
  it.each(sizes)('of %i leaves has the root of the definition, from its edge and from its tiles', async size => {
    const { writer, read } = treeOf(size)
    const expected = hex(rootByDefinition(Array.from({ length: size }, (_, i) => leaf(i))))
    expect(hex(writer.root())).toBe(expected)
    expect(hex(await rootAt(size, read))).toBe(expected)
  })

  it('goes on from its tiles as if it had never stopped', async () => {
    for (const size of [0, 1, 255, 256, 300, 65_536, 65_800]) {
      const { tiles } = treeOf(size)
      const resumed = await TileWriter.at(size, async (level, number) => tiles.get(`${level}/${number}`))
      for (let i = size; i < size + 600; i++) resumed.append(leaf(i))
      expect(hex(resumed.root()), `${size}`).toBe(hex(treeOf(size + 600).writer.root()))
    }
  })

  it('has tiles of the widths that the specification gives', () => {
    const { tiles } = treeOf(70_000)
    for (const [name, hashes] of tiles) {
      const [level, number] = name.split('/').map(Number) as [number, number]
      expect(hashes.length / 32, name).toBe(widthIn(70_000, { level, number }))
    }
    expect([...tiles.keys()].filter(name => name.startsWith('0/'))).toHaveLength(274)
    expect(tiles.get('1/1')).toHaveLength(17 * 32)
    expect(tiles.get('2/0')).toHaveLength(32)
  })

  it('does not go on without a tile that it needs', async () => {
    await expect(TileWriter.at(300, async () => undefined)).rejects.toThrow(TileMissing)
    await expect(proveInclusion(3, 300, async () => [])).rejects.toThrow(TileMissing)
  })
})

describe('proofs', () => {
  it('of every leaf and every size up to 70 hold, and none with anything changed', async () => {
    const { read } = treeOf(70)
    const roots = await Promise.all(Array.from({ length: 71 }, (_, size) => rootAt(size, read)))
    for (let size = 1; size <= 70; size++)
      for (let index = 0; index < size; index++) {
        const proof = await proveInclusion(index, size, read)
        const claim = { index, size, leafHash: leaf(index), proof, root: roots[size]! }
        expect(verifyInclusion(claim)).toBe(true)
        expect(verifyInclusion({ ...claim, leafHash: leaf(index + 1) })).toBe(false)
        expect(verifyInclusion({ ...claim, root: roots[size - 1]! })).toBe(false)
        expect(verifyInclusion({ ...claim, proof: [...proof, leaf(0)] })).toBe(false)
        if (proof.length > 0) expect(verifyInclusion({ ...claim, proof: proof.slice(1) })).toBe(false)
      }
    for (let first = 1; first <= 70; first++)
      for (let second = first; second <= 70; second++) {
        const proof = await proveConsistency(first, second, read)
        const claim = {
          first: { size: first, root: roots[first]! },
          second: { size: second, root: roots[second]! },
          proof,
        }
        expect(verifyConsistency(claim)).toBe(true)
        expect(verifyConsistency({ ...claim, first: { size: first, root: leaf(0) } }), `${first} ${second}`).toBe(
          first === 1,
        )
        expect(verifyConsistency({ ...claim, second: { size: second, root: leaf(99) } })).toBe(false)
        expect(verifyConsistency({ ...claim, proof: [...proof, leaf(0)] })).toBe(false)
      }
  })

  it('in a tree over several levels of tiles hold', async () => {
    const { read, writer } = treeOf(66_000)
    const root = writer.root()
    for (const index of [0, 255, 256, 65_535, 65_536, 65_999]) {
      const proof = await proveInclusion(index, 66_000, read)
      expect(verifyInclusion({ index, size: 66_000, leafHash: leaf(index), proof, root })).toBe(true)
    }
    for (const first of [1, 256, 300, 65_536, 65_537])
      expect(
        verifyConsistency({
          first: { size: first, root: await rootAt(first, read) },
          second: { size: 66_000, root },
          proof: await proveConsistency(first, 66_000, read),
        }),
      ).toBe(true)
  })

  it('are not asked for outside of a tree', () => {
    expect(() => inclusionRanges(5, 5)).toThrow(RangeError)
    expect(() => consistencyRanges(0, 5)).toThrow(RangeError)
    expect(() => consistencyRanges(6, 5)).toThrow(RangeError)
  })
})

const folder = new URL('../../../shared/data/merkle/', import.meta.url).pathname
const there = existsSync(folder)
if (!there) console.warn(`skipped: the vectors of RFC 6962 proofs are not at ${folder}`)

const filesIn = (kind: string): string[] =>
  readdirSync(join(folder, kind), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.json'))
    .map(name => join(folder, kind, name))

const bytes = (text: string | null | undefined) => new Uint8Array(Buffer.from(text ?? '', 'base64'))
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

describe.runIf(there)('vectors that others made', () => {
  it('of inclusion: exactly those that should fail do', () => {
    const files = filesIn('inclusion')
    expect(files.length).toBeGreaterThan(90)
    for (const path of files) {
      const { leafIdx: index, treeSize: size, root, leafHash: hash, proof, wantErr } = read(path)
      const claim = { index, size, root: bytes(root), leafHash: bytes(hash), proof: (proof ?? []).map(bytes) }
      expect(verifyInclusion(claim), path).toBe(!wantErr)
    }
  })

  it('of consistency: exactly those that should fail do', () => {
    const files = filesIn('consistency')
    expect(files.length).toBeGreaterThan(90)
    for (const path of files) {
      const { size1, size2, root1, root2, proof, wantErr } = read(path)
      const claim = {
        first: { size: size1, root: bytes(root1) },
        second: { size: size2, root: bytes(root2) },
        proof: (proof ?? []).map(bytes),
      }
      expect(verifyConsistency(claim), path).toBe(!wantErr)
    }
  })
})

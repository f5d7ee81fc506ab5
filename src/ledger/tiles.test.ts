import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { entriesOf } from './entries.ts'
import { leafHash } from './hashing.ts'
import { newSigner, parseVerifier } from './note.ts'
import { proveConsistency, proveInclusion, type ReadTiles, rootAt } from './prove.ts'
import { parseTilePath, type TileName, tilePath, tileWidth, widthIn } from './tiles.ts'
import { verifyConsistency, verifyInclusion } from './tree.ts'

describe('a tile', () => {
  it.each<[TileName, string]>([
    [{ level: 0, number: 0, width: 256 }, 'tile/0/000'],
    [{ level: 0, number: 273, width: 112 }, 'tile/0/273.p/112'],
    [{ level: 2, number: 1_234_067, width: 256 }, 'tile/2/x001/x234/067'],
    [{ level: 'entries', number: 1000, width: 1 }, 'tile/entries/x001/000.p/1'],
    [{ level: 63, number: 999, width: 255 }, 'tile/63/999.p/255'],
  ])('%j is found at %s', (name, path) => {
    expect(tilePath(name)).toBe(path)
    expect(parseTilePath(path)).toEqual(name)
  })

  it.each([
    'tile/0/0',
    'tile/00/000',
    'tile/64/000',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/0/x001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/300',
    'tile/0/000.p/01',
    'tile/0/000/',
    'tile/0/000.p/12\n',
    'tile/0/x999/x999/x999/x999/x999/x999/999',
    'tile/-1/000',
    '/tile/0/000',
  ])('has no other name: %j', path => {
    expect(parseTilePath(path)).toBeUndefined()
  })

  it.each([
    [70_000, 0, 272, 256],
    [70_000, 0, 273, 112],
    [70_000, 0, 274, 0],
    [70_000, 1, 0, 256],
    [70_000, 1, 1, 17],
    [70_000, 2, 0, 1],
    [256, 1, 0, 1],
    [256, 2, 0, 0],
  ])('of a tree of %i at level %i, number %i, is %i wide', (size, level, number, width) => {
    expect(widthIn(size, { level, number })).toBe(width)
  })
})

const folder = new URL('../../../shared/data/merkle/tlog/', import.meta.url).pathname
const there = existsSync(folder)
if (!there) console.warn(`skipped: a log made by others is not at ${folder}`)

describe.runIf(there)('a log that others made', () => {
  const text = (name: string) => readFileSync(join(folder, name), 'utf8')
  const size = 15
  const read: ReadTiles = async wanted =>
    wanted.map(({ level, number }) => {
      const width = widthIn(size, { level, number })
      return { level, number, hashes: readFileSync(join(folder, tilePath({ level, number, width }))) }
    })
  const known = there ? [parseVerifier(text('vkey').trim())] : []
  const open = (name: string): Checkpoint => openCheckpoint(text(name), { origin: known[0]!.name, known })

  it('has checkpoints whose signatures, roots and consistency are as we find them', async () => {
    const names = readdirSync(folder).filter(name => name.startsWith('checkpoint'))
    expect(names).toHaveLength(17)
    const all = names.map(open).toSorted((a, b) => a.size - b.size)
    for (const { size, root } of all) expect(Buffer.from(await rootAt(size, read))).toEqual(root)
    for (const first of all)
      for (const second of all.filter(({ size }) => first.size > 0 && size > first.size))
        expect(verifyConsistency({ first, second, proof: await proveConsistency(first.size, second.size, read) })).toBe(
          true,
        )
  })

  it('has its entries as leaves', async () => {
    const { root } = open('checkpoint')
    const bundle = readFileSync(join(folder, tilePath({ level: 'entries', number: 0, width: size })))
    const entries = entriesOf(bundle)!
    expect(entries).toHaveLength(size)
    for (const [index, entry] of entries.entries()) {
      const proof = await proveInclusion(index, size, read)
      expect(verifyInclusion({ index, size, leafHash: leafHash(entry), proof, root })).toBe(true)
    }
  })

  it('is not opened by the key of another', () => {
    const stranger = newSigner(known[0]!.name)
    const asked = { origin: stranger.name, known: [stranger] }
    expect(() => openCheckpoint(text('checkpoint'), asked)).toThrow('no key that is known')
  })
})

describe('a bundle of entries', () => {
  it('that ends within an entry is none', () => {
    expect(entriesOf(Buffer.from('0002abcd0001', 'hex'))).toBeUndefined()
    expect(entriesOf(Buffer.from('00', 'hex'))).toBeUndefined()
    expect(entriesOf(Buffer.from('0002abcd0000', 'hex'))).toEqual([Buffer.from('abcd', 'hex'), Buffer.alloc(0)])
  })
  it('has at most as many entries as a tile is wide', () => {
    expect(entriesOf(Buffer.alloc(2 * tileWidth))).toHaveLength(tileWidth)
    expect(entriesOf(Buffer.alloc(2 * tileWidth + 2))).toBeUndefined()
  })
})

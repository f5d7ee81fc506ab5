import { beforeAll, describe, expect, it, vi } from 'vitest'
import { openCheckpoint } from '../src/ledger/checkpoint.ts'
import { entriesOf } from '../src/ledger/entries.ts'
import { leafHash } from '../src/ledger/hashing.ts'
import { leafOf } from '../src/ledger/leaf.ts'
import { parseVerifier } from '../src/ledger/note.ts'
import { proveConsistency, rootAt } from '../src/ledger/prove.ts'
import { tilePath, tileWidth, widthIn } from '../src/ledger/tiles.ts'
import { verifyConsistency, verifyInclusion } from '../src/ledger/tree.ts'
import { adminKey, openHouse, Product } from './product.ts'

// The register's log as the world sees it, over the whole product on a real database.

const everyMs = 1000
let product: Product

beforeAll(async () => {
  product = await Product.start({ config: { ...openHouse, ledger: { origin: 'log.example.org/ledger', everyMs } } })
})

const publicly = async (path: string) => {
  const response = await fetch(`${product.running.httpUrl}/ledger/${path}`)
  return { status: response.status, headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) }
}
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

async function keys() {
  const { keys } = JSON.parse(text((await publicly('keys')).bytes)) as { keys: { verifier: string }[] }
  return keys.map(({ verifier }) => parseVerifier(verifier))
}

async function checkpoint() {
  const { status, bytes } = await publicly('checkpoint')
  expect(status).toBe(200)
  return openCheckpoint(text(bytes), { origin: 'log.example.org/ledger', known: await keys() })
}

/** Tiles of the public tree of that size, as any client fetches them. */
const tilesAt = (size: number) => async (wanted: readonly { level: number; number: number }[]) =>
  Promise.all(
    wanted.map(async ({ level, number }) => {
      const width = widthIn(size, { level, number })
      const { bytes, status } = await publicly(tilePath({ level, number, width }))
      expect(status, `${level}/${number}`).toBe(200)
      return { level, number, hashes: bytes }
    }),
  )

const sealedBehind = (size: number) =>
  vi.waitFor(
    async () => {
      const now = await checkpoint()
      if (now.size <= size) throw new Error(`no checkpoint behind ${size} yet`)
      return now
    },
    { timeout: 10_000, interval: 100 },
  )

const message = (n: number) => ({
  class: 'other',
  account: `a${n}`,
  recipient: { email: `p${n}@example.net` },
  subject: 's',
  text: `${n}`,
})

type Proof = {
  status: string
  index: number
  size: number
  leaf: string
  proof: string[]
  record: Parameters<typeof leafOf>[1]
  commitment: string
  checkpoint: string
}

async function proofOf(id: unknown, key = adminKey): Promise<Proof> {
  return (await product.ask(`/v1/messages/${id}/proof`, { key })).body as unknown as Proof
}

describe('the public log', () => {
  it('has a checkpoint from the beginning, padded to whole tiles, and grows although nobody is written to', async () => {
    const first = await sealedBehind(0)
    expect(first.size % tileWidth).toBe(0)
    const second = await sealedBehind(first.size)
    expect(second.size - first.size).toBe(tileWidth)
    const proof = await proveConsistency(first.size, second.size, tilesAt(second.size))
    expect(verifyConsistency({ first, second, proof })).toBe(true)
  })

  it('has every message as a leaf that its journal says, with a proof', async () => {
    const ids: unknown[] = []
    for (let n = 0; n < 20; n++) ids.push((await product.send(message(n))).body.id)
    const before = await proofOf(ids[0])
    expect(['not-sealed', 'sealed']).toContain(before.status)
    for (const id of ids)
      await vi.waitFor(async () => expect((await proofOf(id)).status).toBe('sealed'), {
        timeout: 10_000,
        interval: 100,
      })
    const known = await keys()
    for (const id of ids) {
      const { index, leaf, proof, record, commitment, checkpoint: note, size } = await proofOf(id)
      const { root, size: signed } = openCheckpoint(note, { origin: 'log.example.org/ledger', known })
      expect(size).toBe(signed)
      expect(record).toMatchObject({ id, class: 'other', application: 'default' })
      const data = Buffer.from(leaf, 'base64')
      expect(Buffer.from(leafOf(commitment, record))).toEqual(data)
      const hashes = proof.map(one => new Uint8Array(Buffer.from(one, 'base64')))
      expect(verifyInclusion({ index, size, leafHash: leafHash(data), proof: hashes, root })).toBe(true)
      const bundle = await publicly(tilePath({ level: 'entries', number: Math.floor(index / 256), width: 256 }))
      expect(Buffer.from(entriesOf(bundle.bytes)![index % 256]!)).toEqual(data)
    }
  }, 30_000)

  it('is what its tiles amount to, and its tiles are what its entries do', async () => {
    const { size, root } = await checkpoint()
    const read = tilesAt(size)
    expect(Buffer.from(await rootAt(size, read))).toEqual(root)
    for (let number = 0; number < size / tileWidth; number++) {
      const [tile] = await read([{ level: 0, number }])
      const bundle = await publicly(tilePath({ level: 'entries', number, width: tileWidth }))
      const hashes = Buffer.concat(entriesOf(bundle.bytes)!.map(leafHash))
      expect(Buffer.compare(hashes, tile!.hashes)).toBe(0)
    }
  })

  it('shows nothing beyond its checkpoint, and no other names', async () => {
    const { size } = await checkpoint()
    const tiles = size / tileWidth
    const ahead = 1000 // More than the clock brings while this test runs.
    for (const path of [
      `tile/0/${String(tiles + ahead).padStart(6, '0')}`,
      tilePath({ level: 0, number: tiles + ahead, width: 1 }),
      tilePath({ level: 'entries', number: tiles + ahead, width: 1 }),
      tilePath({ level: 1, number: 0, width: 255 }),
      tilePath({ level: 1, number: 0, width: 256 }),
      tilePath({ level: 2, number: 0, width: 1 }),
      'tile/0/0',
      'tile/0/000.p/256',
      'tile/00/000',
      'tile/0/x000/000',
      'tile/',
      'checkpoint/',
    ])
      expect((await publicly(path)).status, path).toBe(404)
  })

  it('may be cached: tiles for ever, the checkpoint for seconds', async () => {
    const tile = await publicly('tile/0/000')
    expect(tile.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(tile.headers.get('content-type')).toBe('application/octet-stream')
    expect(tile.bytes).toHaveLength(8192)
    const note = await publicly('checkpoint')
    expect(note.headers.get('cache-control')).toBe('public, max-age=5')
    expect(note.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  })

  it('is described with everything else', async () => {
    const { paths } = (await product.ask('/openapi.json')).body as {
      paths: Record<string, { get?: { parameters?: { name: string }[] } }>
    }
    for (const path of ['/ledger/checkpoint', '/ledger/keys', '/v1/messages/{id}/proof'])
      expect(paths[path]?.get, path).toBeDefined()
    const tile = Object.entries(paths).find(([path]) => path.startsWith('/ledger/tile/'))!
    expect(tile[1].get!.parameters!.map(({ name }) => `{${name}}`)).toEqual([tile[0].slice('/ledger/tile/'.length)])
  })

  it('proves messages to those who may read them only', async () => {
    expect((await product.ask('/v1/messages/01890000-0000-7000-8000-000000000001/proof')).status).toBe(404)
    expect((await product.ask('/v1/messages/nonsense/proof')).status).toBe(404)
    const response = await fetch(`${product.running.httpUrl}/v1/messages/01890000-0000-7000-8000-000000000001/proof`)
    expect(response.status).toBe(401)
  })

  it('goes on where it was after a restart, and stays the same log', async () => {
    const before = await checkpoint()
    await product.restart()
    const after = await sealedBehind(before.size)
    const proof = await proveConsistency(before.size, after.size, tilesAt(after.size))
    expect(verifyConsistency({ first: before, second: after, proof })).toBe(true)
  })
})

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { reachRunning } from '../src/journal/postgres/embedded.ts'
import { parseCheckpoint } from '../src/ledger/checkpoint.ts'
import { leafHash } from '../src/ledger/hashing.ts'
import { leafOf } from '../src/ledger/leaf.ts'
import { verifyInclusion } from '../src/ledger/tree.ts'
import { freshDirectory } from './postgres.ts'
import { adminKey, apiKey, openHouse, ProductProcess } from './product.ts'
import { root } from './sources.ts'

// A person is erased from a running Tocsin with its own database: what is left of them in any file of it, and what their proofs say.

const directory = freshDirectory()
const dataDir = join(directory, 'data')
const address = 'zebulon.quagga@erasure.example'
let product: ProductProcess

beforeAll(async () => {
  const config = { ...openHouse, ledger: { everyMs: 1000 } }
  product = await ProductProcess.start(directory, { config })
}, 60_000)

const ask = async (path: string, init: RequestInit = {}, key = adminKey) => {
  const response = await fetch(product.httpUrl + path, { ...init, headers: { authorization: `Bearer ${key}` } })
  return { status: response.status, body: response.status === 204 ? {} : await response.json() }
}

/** Files under the data directory that hold some bytes, the log lines of the process aside. */
const filesWith = (wanted: Buffer | string): string[] =>
  readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    .map(name => join(dataDir, name))
    .filter(path => statSync(path, { throwIfNoEntry: false })?.isFile())
    .filter(path => existsSync(path) && readFileSync(path).includes(wanted))

async function query<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
  const { config, close } = await reachRunning(dataDir)
  const client = new pg.Client(config)
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
    await close()
  }
}

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

const proofOf = (id: string) =>
  vi.waitFor(
    async () => {
      const { body } = await ask(`/v1/messages/${id}/proof`)
      if ((body as Proof).status !== 'sealed') throw new Error('not sealed yet')
      return body as Proof
    },
    { timeout: 15_000, interval: 100 },
  )

function holds({ index, size, leaf, proof, record, commitment, checkpoint }: Proof): boolean {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))
  const isOwn = Buffer.compare(leafOf(commitment, record), bytes(leaf)) === 0
  const { root } = parseCheckpoint(checkpoint.slice(0, checkpoint.lastIndexOf('\n\n') + 1))
  return isOwn && verifyInclusion({ index, size, leafHash: leafHash(bytes(leaf)), proof: proof.map(bytes), root })
}

describe('a person who is erased', () => {
  it('is in no file of the database, nor is their key, and every proof of theirs holds', async () => {
    const ids: string[] = []
    for (const n of [1, 2, 3]) {
      const message = {
        class: 'other',
        account: 'zebulon',
        recipient: { email: address },
        subject: `n ${n}`,
        text: address,
      }
      ids.push(((await (await product.send(message)).json()) as { id: string }).id)
      await product.send({ ...message, account: 'other', recipient: { email: `other${n}@erasure.example` }, text: 'x' })
    }
    const before = await Promise.all(ids.map(proofOf))
    for (const proof of before) expect(holds(proof)).toBe(true)
    const pages = await query<{ keys: Buffer; position: number }>(
      `select keys, position from subject_keys where position in (select key_page from register_message where id in ('${ids.join("','")}'))`,
    )
    await query('checkpoint')
    expect(pages.length).toBeGreaterThan(0)
    // Local mailbox: the mail itself. Database: the wrapped key. The search finds what is there.
    expect(filesWith(address)).not.toEqual([])
    for (const { keys } of pages) expect(filesWith(keys)).not.toEqual([])

    const { status } = await ask('/v1/accounts/zebulon', { method: 'DELETE' })
    expect(status).toBeLessThan(300)

    expect(filesWith(address)).toEqual([])
    for (const { keys } of pages) expect(filesWith(keys)).toEqual([])
    expect(existsSync(join(dataDir, 'erasing'))).toBe(false)
    for (const [i, id] of ids.entries()) {
      const after = await proofOf(id)
      expect(after.leaf).toBe(before[i]!.leaf)
      expect(holds(after)).toBe(true)
    }
    // Others go on, and are readable still.
    const others = (await ask('/v1/messages?limit=50&class=other', {}, apiKey)).body as {
      items: { id: string; erased: boolean }[]
    }
    expect(
      others.items
        .filter(({ erased }) => erased)
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...ids].sort())
    const again = await product.send({
      class: 'other',
      recipient: { email: 'new@erasure.example' },
      subject: 's',
      text: 't',
    })
    expect(again.status).toBe(202)
  }, 60_000)

  it('leaves a journal and a register in which all is right, and an export without a trace', async () => {
    const environment = { PATH: process.env.PATH!, TOCSIN_DATA_DIR: dataDir }
    const tocsin = (...args: string[]) =>
      spawnSync(process.execPath, ['src/cli/tocsin.ts', ...args], { cwd: root, env: environment, encoding: 'utf8' })
    const { status, stdout } = tocsin('verify', 'ledger', '--json')
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('"ok":true') })
    const copy = join(dataDir, 'export')
    expect(tocsin('ledger', 'export', copy).status).toBe(0)
    expect(filesWith(address)).toEqual([])
    await product.stop()
    const stopped = tocsin('verify', 'ledger', '--json')
    expect({ status: stopped.status, out: stopped.stdout }).toEqual({
      status: 0,
      out: expect.stringContaining('"ok":true'),
    })
  }, 60_000)
})

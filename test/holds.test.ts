import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { makeOperatorKey } from '../src/inbound/keys.ts'
import { freshDirectory } from './postgres.ts'
import { adminKey, apiKey, openHouse, Product, ProductProcess } from './product.ts'
import { startSink } from './sink.ts'

const json = { 'content-type': 'application/json' }

type Proposal = {
  id: string
  state: string
  count: number
  digest: string
  sample: { id: string; class: string }[]
  approvedBy?: string
  progress: { done: number; total: number; refused: Record<string, number>; waiting: Record<string, number> }
}

async function post<T>(url: string, path: string, key: string, body?: object): Promise<{ status: number; body: T }> {
  const headers = { authorization: `Bearer ${key}`, ...(body && json) }
  const response = await fetch(url + path, { method: 'POST', headers, ...(body && { body: JSON.stringify(body) }) })
  return { status: response.status, body: (await response.json()) as T }
}

async function proposals(url: string): Promise<Proposal[]> {
  const response = await fetch(`${url}/v1/proposals`, { headers: { authorization: `Bearer ${adminKey}` } })
  return ((await response.json()) as { items: Proposal[] }).items
}

async function send(url: string, count: number, offset = 0): Promise<void> {
  const line = (n: number) =>
    JSON.stringify({
      class: 'other',
      recipient: { email: `p${n}@people.test` },
      from: 'app@example.org',
      subject: `${n}`,
      text: 'y',
    })
  const response = await fetch(`${url}/v1/messages/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/x-ndjson' },
    body: Array.from({ length: count }, (_, n) => line(offset + n)).join('\n'),
  })
  const outcomes = (await response.text())
    .split('\n')
    .filter(Boolean)
    .map(text => JSON.parse(text).outcome)
  expect(outcomes).toEqual(Array(count).fill('hold'))
}

const attachedTo = (dataDir: string): string => JSON.parse(readFileSync(join(dataDir, 'attach.json'), 'utf8')).token

it('many held messages go on the word of two people, and only those that were meant', async () => {
  const ana = makeOperatorKey()
  const config = { ...openHouse, operators: [{ name: 'Ana', keyHash: ana.keyHash }] }
  const sink = await startSink()
  const product = await Product.start({ config, upstreams: [sink.port] })
  const url = product.running.httpUrl
  await post(url, '/v1/classes/other/pause', adminKey, { reason: 'a flood' })
  await send(url, 450)

  const listed = await product.ask('/v1/holds?class=other&reason=breaker.open&lane=open&template=&limit=3', {
    key: adminKey,
  })
  expect(listed.body.items).toHaveLength(3)
  const [held] = listed.body.items as Record<string, unknown>[]
  expect(held).toMatchObject({ state: 'held', priority: 1, since: held!.at, expiresAt: expect.any(String) })
  for (const none of ['reason=cap.mailbox', 'lane=reserved', 'source=web', 'template=code', 'to=2020-01-01T00:00:00Z'])
    expect((await product.ask(`/v1/holds?${none}`, { key: adminKey })).body.items).toEqual([])

  const made = await post<Proposal>(url, '/v1/holds/release', adminKey, {
    query: { class: 'other' },
    reason: 'all is well',
  })
  expect(made).toMatchObject({
    status: 202,
    body: { state: 'open', count: 450, digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
  })
  expect(made.body.sample).toHaveLength(10)
  await send(url, 50, 450)
  await post(url, '/v1/classes/other/resume', adminKey, {})
  const { id } = made.body
  for (const same of [adminKey, attachedTo(join(product.dataDir, 'data'))])
    expect(await post(url, `/v1/proposals/${id}/approve`, same)).toMatchObject({
      status: 403,
      body: { code: 'approval.same-person' },
    })
  expect(sink.mails).toHaveLength(0)

  expect(await post(url, `/v1/proposals/${id}/approve`, ana.key)).toMatchObject({
    status: 200,
    body: { approvedBy: 'Ana' },
  })
  await sink.until(450)
  await vi.waitFor(async () =>
    expect((await proposals(url))[0]).toMatchObject({ state: 'completed', progress: { done: 450, total: 450 } }),
  )
  await product.settled()
  const subjects = sink.mails.map(({ data }) => Number(/^subject: (\d+)/im.exec(data.toString())![1]))
  expect(subjects.sort((a, b) => a - b)).toEqual(Array.from({ length: 450 }, (_, n) => n))

  const junk = await post<Proposal>(url, '/v1/holds/discard', ana.key, { query: {}, reason: 'junk' })
  expect(junk.body.count).toBe(50)
  expect(
    (await post(url, `/v1/proposals/${junk.body.id}/approve`, attachedTo(join(product.dataDir, 'data')))).status,
  ).toBe(200)
  await vi.waitFor(async () =>
    expect((await proposals(url))[0]).toMatchObject({ state: 'completed', progress: { done: 50 } }),
  )
  expect((await product.settled()).discarded).toBe(50)
  expect((await post<{ code: string }>(url, '/v1/holds/release', adminKey, { query: {}, reason: 'x' })).body.code).toBe(
    'proposal.empty',
  )
  await sink.close()
}, 60_000)

it('a release of many that is killed again and again loses nothing and repeats nothing beyond the window', async () => {
  const ana = makeOperatorKey()
  const inFlightMax = 16
  const config = { ...openHouse, inFlightMax, operators: [{ name: 'Ana', keyHash: ana.keyHash }] }
  const sink = await startSink()
  const directory = freshDirectory()
  const options = { config, upstreams: [sink.port], env: { TOCSIN_LOG: 'warn' } }
  let product = await ProductProcess.start(directory, options)
  await post(product.httpUrl, '/v1/classes/other/pause', adminKey, { reason: 'a flood' })
  const total = 3000
  await send(product.httpUrl, total)
  await post(product.httpUrl, '/v1/classes/other/resume', adminKey, {})
  const made = await post<Proposal>(product.httpUrl, '/v1/holds/release', adminKey, {
    query: {},
    reason: 'all is well',
  })
  await post(product.httpUrl, `/v1/proposals/${made.body.id}/approve`, ana.key)
  const kills = 4
  for (let i = 1; i <= kills; i++) {
    await sink.until(Math.min(total - 1, sink.mails.length + 150 * i))
    await product.kill()
    product = await ProductProcess.start(directory, options)
  }
  await vi.waitFor(
    async () =>
      expect((await proposals(product.httpUrl))[0]).toMatchObject({
        state: 'completed',
        progress: { done: total, refused: {} },
      }),
    { timeout: 30_000, interval: 200 },
  )
  await sink.until(total)
  await vi.waitFor(() => expect(new Set(messageIds(sink.mails)).size).toBe(total), { timeout: 20_000 })
  await product.stop()
  const repeated = sink.mails.length - total
  console.log(`a release of ${total}, killed ${kills} times: ${repeated} repeated, of at most ${kills * inFlightMax}`)
  expect(repeated).toBeLessThanOrEqual(kills * inFlightMax)
  await sink.close()
}, 120_000)

const messageIds = (mails: { data: Buffer }[]): string[] =>
  mails.map(({ data }) => /^message-id:[ \t]*(\S+)/im.exec(data.toString('latin1'))![1]!)

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { freshDirectory } from './postgres.ts'
import { adminKey, openHouse, ProductProcess, SmtpClient } from './product.ts'
import { type Sink, startSink } from './sink.ts'

// A stop under load, over SMTP and HTTP at once, against Tocsin as a user runs it: what the provider still gets, and that a resume neither
// loses nor repeats anything. The provider is slow, so that a backlog stands behind the window when the stop comes.

const inFlightMax = 32
const sendersMax = 12
const cli = join(import.meta.dirname, '..', 'src', 'cli', 'tocsin.ts')

/** Senders that go on until they are told to end; who was promised what, by recipient. */
class Load {
  readonly promised = new Map<string, { id: string; outcome: string }>()
  readonly #product: ProductProcess
  #ended = false
  #number = 0
  readonly #running: Promise<void>[]

  constructor(product: ProductProcess) {
    this.#product = product
    this.#running = Array.from({ length: sendersMax }, (_, i) => (i % 2 === 0 ? this.#http() : this.#smtp()))
  }

  async #http(): Promise<void> {
    while (!this.#ended) {
      const email = `h${++this.#number}@people.test`
      const message = { class: 'other', recipient: { email }, from: 'app@example.org', subject: 'x', text: 'y' }
      const response = await this.#product.send(message)
      const { id, outcome } = (await response.json()) as { id: string; outcome: string }
      this.promised.set(email, { id, outcome })
    }
  }

  async #smtp(): Promise<void> {
    const client = await SmtpClient.open(this.#product.smtpPort)
    while (!this.#ended) {
      const to = `s${++this.#number}@people.test`
      const reply = await client.mail('Subject: x\r\n\r\ny\r\n', { to })
      const [, id, outcome] = /^250 2\.0\.0 (\S+) (\S+)/.exec(reply)!
      this.promised.set(to, { id: id!, outcome: outcome! })
    }
    client.close()
  }

  async end(): Promise<void> {
    this.#ended = true
    await Promise.all(this.#running)
  }
}

type Stop = (product: ProductProcess, dataDir: string) => Promise<number>

const byApi: Stop = async product => {
  const response = await fetch(`${product.httpUrl}/v1/classes/other/pause`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: '{"reason":"a flood"}',
  })
  expect(response.status).toBe(200)
  return ((await response.json()) as { handedOver: number }).handedOver
}

const byCli: Stop = async (_, dataDir) => {
  const child = spawn(process.execPath, [cli, 'pause', 'other', '--reason', 'a flood', '--json'], {
    env: { PATH: process.env.PATH, TOCSIN_DATA_DIR: dataDir },
  })
  let said = ''
  child.stdout.on('data', chunk => {
    said += chunk
  })
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
  return JSON.parse(said).handedOver
}

/** The provider: 30 ms a mail, so some 500 a second over its connections; when each mail was taken, by recipient. */
async function slowProvider(): Promise<{ sink: Sink; takenAt: number[] }> {
  const takenAt: number[] = []
  const sink = await startSink(at => {
    if (at !== 'end') return undefined
    return new Promise(resolve => {
      setTimeout(() => {
        takenAt.push(performance.now())
        resolve(undefined)
      }, 30)
    })
  })
  return { sink, takenAt }
}

const messageIdsOf = ({ mails }: Sink): string[] =>
  mails.map(({ data }) => /^message-id:[ \t]*(\S+)/im.exec(data.toString('latin1'))![1]!)

async function states(product: ProductProcess): Promise<Record<string, number>> {
  const headers = { authorization: `Bearer ${adminKey}` }
  const text = await (await fetch(`${product.httpUrl}/v1/classes/other`, { headers })).text()
  const { counts, stale } = JSON.parse(text) as {
    counts: { held: number; lastDay: Record<string, number> }
    stale: boolean
  }
  if (stale) throw new Error('the register is behind')
  return { held: counts.held, delivered: counts.lastDay.delivered ?? 0 }
}

const post = (product: ProductProcess, path: string, key: string, body?: object): Promise<Response> =>
  fetch(product.httpUrl + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })

it.each([
  ['the API', byApi],
  ['the command line', byCli],
])(
  'a stop by %s under load is exact',
  async (by, stop) => {
    const { sink, takenAt } = await slowProvider()
    const directory = freshDirectory()
    const config = { ...openHouse, inFlightMax }
    const product = await ProductProcess.start(directory, {
      config,
      upstreams: [sink.port],
      env: { TOCSIN_LOG: 'warn' },
    })
    const load = new Load(product)
    await sink.until(300)

    const handedOver = await stop(product, join(directory, 'data'))
    const stoppedAt = performance.now()
    const before = takenAt.length
    const promisedBefore = load.promised.size
    // The load goes on against the stop.
    await vi.waitFor(() => expect(load.promised.size).toBeGreaterThan(promisedBefore + 300), { timeout: 20_000 })
    await load.end()
    await vi.waitFor(() => expect(performance.now() - stoppedAt).toBeGreaterThan(2000), { timeout: 5000 })
    const after = takenAt.length - before
    const lastMs = Math.max(0, takenAt.at(-1)! - stoppedAt)
    const waiting =
      [...load.promised.values()].filter(({ outcome }) => /deliver/i.test(outcome)).length - takenAt.length
    console.log(
      `stop by ${by}: ${handedOver} under way when it was acknowledged, ${after} taken after it, the last ${Math.round(lastMs)} ms after; ${waiting} kept back behind the window`,
    )
    expect(after).toBeLessThanOrEqual(handedOver)
    expect(handedOver).toBeLessThanOrEqual(inFlightMax)
    expect(lastMs).toBeLessThan(1000)
    // Without a backlog the test would prove little.
    expect(waiting).toBeGreaterThan(0)

    expect((await post(product, '/v1/classes/other/resume', adminKey, {})).status).toBe(200)
    const held = [...load.promised.values()].filter(({ outcome }) => /hold/i.test(outcome))
    const settled = { held: held.length, delivered: load.promised.size - held.length }
    await vi.waitFor(async () => expect(await states(product)).toEqual(settled), { timeout: 30_000, interval: 200 })
    for (const { id } of held.slice(0, 20))
      expect((await post(product, `/v1/holds/${id}/release`, adminKey)).status).toBe(200)
    await sink.until(settled.delivered + Math.min(20, held.length))
    await vi.waitFor(async () => expect((await states(product)).held).toBe(Math.max(0, held.length - 20)), {
      timeout: 10_000,
    })

    const taken = messageIdsOf(sink)
    expect(new Set(taken).size).toBe(taken.length)
    const recipients = new Set(sink.mails.map(({ to }) => /<(.*)>/.exec(to[0]!)![1]!))
    expect(recipients.size).toBe(taken.length)
    for (const [to, { outcome }] of load.promised) if (/deliver/i.test(outcome)) expect(recipients).toContain(to)
    await product.stop()
    await sink.close()
  },
  90_000,
)

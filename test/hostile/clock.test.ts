import { afterEach, expect, it, vi } from 'vitest'
import { causeKey, openHouse, Product } from '../product.ts'
import { type Sink, startSink } from '../sink.ts'

// The machine's clock is set an hour back, or forward, while messages wait: no wait is frozen, no expired secret leaves, and no instant in the
// journal lies before the one before it.

const hour = 3_600_000
const now = Date.now.bind(Date)
let sink: Sink
afterEach(async () => {
  vi.restoreAllMocks()
  await sink.close()
})

const setClock = (byMs: number) => void vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs)

/** The first try for `later` is deferred, and every try for `never`, until `takes` says otherwise. */
async function opened() {
  const world = { takes: false, tries: 0 }
  sink = await startSink((at, { to }) => {
    const address = to.join()
    if (at !== 'RCPT' || world.takes) return undefined
    if (address.includes('never') || (address.includes('later') && world.tries++ === 0)) return '451 4.3.2 not now\r\n'
    return undefined
  })
  const classes = {
    ...openHouse.classes,
    other: { ...openHouse.classes!.other!, deliveryMs: 0 },
    'password-reset': { causes: { requirement: 'required' as const } },
  }
  const product = await Product.start({ config: { ...openHouse, classes }, upstreams: [sink.port] })
  return { world, product }
}

async function ask(product: Product, to: string, change: object = {}): Promise<{ id: string; outcome: string }> {
  const message = {
    class: 'other',
    account: to,
    recipient: { email: `${to}@example.net` },
    subject: to,
    text: 'Hello',
    ...change,
  }
  const { status, body } = await product.send(message)
  expect(status).toBe(202)
  return body as { id: string; outcome: string }
}

const comesTo = (product: Product, { id }: { id: string }, state: string, timeout = 10_000) =>
  vi.waitFor(async () => expect((await product.ask(`/v1/messages/${id}`)).body).toMatchObject({ state }), {
    timeout,
    interval: 50,
  })

async function expectOrderedJournal(product: Product): Promise<number[]> {
  const { rows } = await product.query('select at from journal where partition = 0 order by position')
  const instants = rows.map(({ at }) => Number(at))
  expect(instants).toEqual([...instants].sort((a, b) => a - b))
  return instants
}

const sentTo = (name: string) => sink.mails.filter(({ to }) => to[0]!.includes(name))

it('set back an hour', async () => {
  const { product, world } = await opened()
  const waiting = await ask(product, 'waiting', { class: 'password-reset' })
  const served = await ask(product, 'served', { class: 'password-reset' })
  const later = await ask(product, 'later')
  const never = await ask(product, 'never', { expiresAt: new Date(now() + 3000).toISOString() })
  await vi.waitFor(() => expect(world.tries).toBe(1))
  setClock(-hour)

  const fresh = await ask(product, 'fresh')
  // The web tier runs on another machine, whose clock is right.
  const event = {
    specversion: '1.0',
    id: 'c1',
    source: 'web',
    type: 'tocsin.reset.requested',
    subject: 'served',
    time: new Date(now()).toISOString(),
    data: { known: true, trust: 'session' },
  }
  const reported = await product.ask('/v1/events', {
    method: 'POST',
    key: causeKey,
    body: JSON.stringify(event),
    headers: { 'content-type': 'application/cloudevents+json' },
  })
  expect(reported.body).toMatchObject({ accepted: 1 })
  await comesTo(product, fresh, 'delivered')
  await comesTo(product, served, 'delivered')
  await comesTo(product, later, 'delivered')
  await comesTo(product, never, 'expired')
  await comesTo(product, waiting, 'held')
  world.takes = true

  await product.restart()
  const again = await ask(product, 'again')
  await comesTo(product, again, 'delivered')
  expect(sentTo('never')).toHaveLength(0)
  expect(['fresh', 'served', 'later', 'again'].map(name => sentTo(name).length)).toEqual([1, 1, 1, 1])
  const instants = await expectOrderedJournal(product)
  expect(instants.at(-1)).toBeGreaterThan(now() - 60_000)
})

it('set forward an hour, and right again', async () => {
  const { product, world } = await opened()
  const waiting = await ask(product, 'waiting', { class: 'password-reset' })
  const later = await ask(product, 'later')
  const never = await ask(product, 'never', { expiresAt: new Date(now() + hour / 2).toISOString() })
  await vi.waitFor(() => expect(world.tries).toBe(1))
  setClock(hour)

  await comesTo(product, waiting, 'expired') // A reset is worth nothing an hour later.
  await comesTo(product, never, 'expired')
  await comesTo(product, later, 'delivered')
  world.takes = true
  const during = await ask(product, 'during')
  setClock(0)
  const after = await ask(product, 'after')
  const brief = await ask(product, 'brief', { expiresAt: new Date(now() + 2000).toISOString() })
  expect(brief.outcome, 'on the safe side').toBe('expire')
  await product.restart()
  const again = await ask(product, 'again')
  for (const one of [during, after, again]) await comesTo(product, one, 'delivered')
  expect(['never', 'waiting', 'brief'].map(name => sentTo(name).length)).toEqual([0, 0, 0])
  expect(['later', 'during', 'after', 'again'].map(name => sentTo(name).length)).toEqual([1, 1, 1, 1])
  await expectOrderedJournal(product)
})

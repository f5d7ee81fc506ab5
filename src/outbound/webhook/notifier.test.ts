import { createHmac } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshDatabase } from '../../../test/postgres.ts'
import type { Event, MessageId, Outcome } from '../../core/events.ts'
import { MemoryJournal } from '../../journal/memory/journal.ts'
import type { Hash64 } from '../../std/hash64.ts'
import { newsNames } from './alarms.ts'
import { changeNames, changesOf, replyCodes, typeOf } from './changes.ts'
import { collect, strangers, stretchOf } from './follower.ts'
import { type Notifier, type NotifierOptions, startNotifier, urlHashOf } from './notifier.ts'
import { writeStretch } from './outbox.ts'
import { generateWebhookKeys } from './sign.ts'

const start = Date.UTC(2026, 0, 8, 12)
const personal = 'fe11fe11fe11fe11' as Hash64
/** Real sockets and a real database answer when they do; no test waits for a time of day. */
const until = (condition: () => boolean | Promise<boolean>) =>
  expect.poll(condition, { interval: 5, timeout: 5000 }).toBe(true)
const messageId = (n: number) => `01890000-0000-7000-8000-${n.toString(16).padStart(12, '0')}` as MessageId

const decided = (n: number, outcome: Outcome = 'deliver'): Event => ({
  type: 'MessageDecided',
  message: {
    id: messageId(n),
    application: 'shop',
    class: 'password-reset',
    account: personal,
    mailbox: personal,
    address: personal,
    repeat: { key: personal, content: personal },
    cause: personal,
    bytes: 100,
    commitment: 'commitment-of-the-person',
    sealed: { offset: 0, length: 7, page: 1, slot: 2 },
    via: 'http',
  },
  outcome,
  reasons: outcome === 'deliver' ? [] : ['cause.missing'],
  lane: 'open',
  priority: 0,
  cause: personal,
  account: personal,
  expiresAt: start + 1000,
  upstream: 'first',
})
const delivered = (n: number): Event => ({
  type: 'MessageDelivered',
  id: messageId(n),
  upstream: 'first',
  attempt: 1,
  reply: '250 2.1.5 ok ada@example.org',
})
const released = (n: number): Event => ({
  type: 'MessageReleased',
  id: messageId(n),
  reasons: ['hold.released'],
  lane: 'reserved',
  by: 'ada',
})
const deferral = { upstream: 'first', attempt: 2, reply: 'rcpt: 4xx 451 4.3.0 ada@example.org', nextAt: start + 5000 }

/** Each kind of event that is about a message, and what is told of it beyond id, application and class. */
const told: [Event, string, object][] = [
  [decided(1, 'hold'), 'decided', { lane: 'open', outcome: 'hold', reasons: [{ code: 'cause.missing' }] }],
  [released(1), 'released', { lane: 'reserved', outcome: 'deliver', reasons: [{ code: 'hold.released' }] }],
  [
    { type: 'HandoverDeferred', id: messageId(1), ...deferral, nextUpstream: 'second' },
    'deferred',
    { attempt: 2, upstream: 'first', reply: '451 4.3.0', nextAt: '2026-01-08T12:00:05.000Z', outcome: 'deliver' },
  ],
  [{ type: 'HandoverUnknown', id: messageId(1), ...deferral, reply: 'timeout' }, 'unknown', { attempt: 2 }],
  [{ type: 'MessageHeld', id: messageId(1), reasons: ['budget.exhausted'] }, 'held', { outcome: 'hold' }],
  [
    { type: 'MessageHeld', id: messageId(1), reasons: ['breaker.open'], outcome: 'confirm' },
    'held',
    { outcome: 'confirm' },
  ],
  [
    { type: 'MessageUndeliverable', id: messageId(1), ...deferral, reasons: ['delivery.rejected'] },
    'undeliverable',
    { reasons: [{ code: 'delivery.rejected' }] },
  ],
  [decided(2), 'decided', { outcome: 'deliver', reasons: [] }],
  [delivered(2), 'delivered', { attempt: 1, upstream: 'first', reply: '250 2.1.5' }],
  [decided(3, 'hold'), 'decided', {}],
  [{ type: 'MessageRejected', id: messageId(3), reasons: ['cause.missing'] }, 'rejected', { outcome: 'reject' }],
  [decided(4, 'hold'), 'decided', {}],
  [
    { type: 'MessageDiscarded', id: messageId(4), by: 'ada', reason: 'Ada asked by telephone' },
    'discarded',
    { reasons: [{ code: 'hold.discarded' }] },
  ],
  [decided(5, 'confirm'), 'decided', {}],
  [{ type: 'MessageExpired', id: messageId(5), reasons: ['secret.expired'] }, 'expired', { outcome: 'expire' }],
  [decided(6, 'hold'), 'decided', {}],
  [{ type: 'SubjectErased', subject: personal, by: 'ada', messages: [messageId(6)] }, 'erased', {}],
]

const scope = { class: 'password-reset', lane: 'open', source: '', template: 't' } as const
const alarm = { ...scope, id: 3, level: 'hard', detector: 'causeless', numbers: { causeless: 5 } } as const

/** What is told beside messages. */
const news: [Event, string, object][] = [
  [
    { type: 'AlarmRaised', alarm: { ...alarm, messages: [messageId(1)] } },
    'alarm.raised',
    { ...alarm, messages: [messageId(1)], detail: 'Messages go out that no reported event explains.' },
  ],
  [
    { type: 'BreakerOpened', scope, alarm: 3, reason: 'causeless', trips: 1, endsAt: start + 60_000 },
    'breaker.opened',
    { ...scope, alarm: 3, detector: 'causeless', trips: 1, endsAt: '2026-01-08T12:01:00.000Z' },
  ],
  [
    { type: 'BreakerHalfOpened', scope, endsAt: start + 60_000 },
    'breaker.half-opened',
    { ...scope, endsAt: '2026-01-08T12:01:00.000Z' },
  ],
  [{ type: 'BreakerClosed', scope, by: 'ada' }, 'breaker.closed', scope],
  [
    { type: 'AlarmCleared', alarm: 3, class: 'other', lane: 'open', source: '', detector: 'late' },
    'alarm.cleared',
    { id: 3, class: 'other', lane: 'open', source: '', detector: 'late' },
  ],
]

type Received = { id: string; type: string; timestamp: string; data: Record<string, unknown>; at: number; body: string }
type Receiver = { url: string; secret: string; received: Received[]; connections(): number }

describe('webhooks for changes of messages', () => {
  let config: pg.ClientConfig
  let pool: pg.Pool
  let journal: MemoryJournal
  let claim: Awaited<ReturnType<MemoryJournal['claim']>>
  let after: { expected: number; hash: Uint8Array }
  let now: number
  let looks: number
  let warnings: { fields: object; text: string }[]
  const servers: http.Server[] = []
  const notifiers: Notifier[] = []

  beforeEach(async () => {
    config = await freshDatabase()
    pool = open()
    journal = new MemoryJournal()
    claim = await journal.claim(0)
    after = { expected: 0, hash: claim.headHash }
    now = start
    looks = 0
    warnings = []
  })
  afterEach(async () => {
    for (const notifier of notifiers.splice(0)) await notifier.stop()
    for (const server of servers.splice(0)) {
      server.close()
      server.closeAllConnections()
    }
    await pool.end()
  })

  function open(): pg.Pool {
    const opened = new pg.Pool({ ...config, max: 4 })
    opened.on('error', () => {})
    return opened
  }

  async function happen(...events: Event[]): Promise<void> {
    const batch = { at: start, events: Buffer.from(JSON.stringify(events)), sealed: Buffer.of(), keys: Buffer.of() }
    const appended = await journal.append(claim, after, batch)
    if (appended.status === 'appended') after = { expected: after.expected + 1, hash: appended.hash }
  }

  /** Answers 200 unless told otherwise; checks every signature by the words of the specification, not by our code. */
  async function receiver(answer: (nth: number) => number | Promise<number> = () => 200): Promise<Receiver> {
    const secret = generateWebhookKeys().symmetric
    const received: Received[] = []
    let connections = 0
    const server = http.createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers
      const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
      const expected = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')
      if (signature !== `v1,${expected}`) return response.writeHead(401).end()
      received.push({ ...JSON.parse(body), id, at: Number(at), body })
      response.writeHead(await answer(received.length)).end()
    })
    server.on('connection', () => void connections++)
    servers.push(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=hidden`
    return { url, secret, received, connections: () => connections }
  }

  async function notify(receivers: Pick<Receiver, 'url' | 'secret'>[], part: Partial<NotifierOptions> = {}) {
    const notifier = await startNotifier({
      webhooks: receivers.map(({ url, secret }) => ({ url, secret, allowPrivate: true })),
      pool,
      journal,
      partition: 0,
      log: { info: () => {}, warn: (fields, text) => void warnings.push({ fields, text }) },
      surroundings: { now: look, random: () => 0.5 },
      ...part,
      limits: { restMs: 10, idleMs: 10, retryMs: 10, ...part.limits },
    })
    notifiers.push(notifier)
    return notifier
  }

  const rows = async () => (await pool.query('select attempts from webhook_outbox order by position, ordinal')).rows
  const drained = () => until(async () => (await rows()).length === 0)
  function look(): number {
    looks += 1
    return now
  }

  /** The clock was looked at often enough for several rounds, so what has not happened does not happen at this instant. */
  async function settled(): Promise<void> {
    const before = looks
    await until(() => looks > before + 50)
  }
  const idsOf = (receiver: Receiver) => receiver.received.map(({ data }) => data.id)

  it('tell type, instant, id and codes of every change, in order and signed, and nothing about a person', async () => {
    const one = await receiver()
    const notifier = await notify([one], { limits: { requestsMax: 1 } })
    for (const [event] of told) await happen(event)
    await until(() => one.received.length === told.length)
    one.received.forEach(({ type, timestamp, data, body, id }, i) => {
      const [event, name, expected] = told[i]!
      expect({ type, timestamp }).toEqual({ type: typeOf(name as never), timestamp: '2026-01-08T12:00:00.000Z' })
      expect(data).toMatchObject({ application: 'shop', class: 'password-reset', ...expected })
      expect(data.id).toBe(changesOf(event)[0]!.id)
      expect(id).toBe(`${data.id}_${i + 1}_0`)
      expect(body).not.toMatch(/fe11|ada|example|commitment|telephone/i)
    })
    expect(new Set(told.map(([, name]) => name))).toEqual(new Set(changeNames))
    await drained()
    await until(() => notifier.endpoints()[0]!.pending === 0)
    expect((await pool.query('select id from webhook_message')).rows, 'nothing is kept of what has ended').toEqual([])
  })

  it('tell what the detectors noticed and what becomes of their breakers, and by whom nothing', async () => {
    const one = await receiver()
    await notify([one], { limits: { requestsMax: 1 } })
    for (const [event] of news) await happen(event, decided(1))
    await until(() => one.received.length === 2 * news.length)
    const heard = one.received.filter(({ type }) => !type.includes('.message.'))
    expect(heard.map(({ type, data }) => [type, data])).toEqual(
      news.map(([, name, data]) => [`dev.tocsin.${name}.v1`, data]),
    )
    expect(new Set(news.map(([, name]) => name))).toEqual(new Set(newsNames))
    expect(new Set(one.received.map(({ id }) => id)).size).toBe(one.received.length)
    expect(one.received.map(({ body }) => body).join()).not.toContain('ada')
  })

  it('say the class of a message that was decided before a restart', async () => {
    const one = await receiver()
    const notifier = await notify([one])
    await happen(decided(1, 'hold'))
    await until(() => one.received.length === 1)
    await notifier.stop()
    await happen(released(1), delivered(1))
    await notify([one])
    await until(() => one.received.length === 3)
    expect(one.received[2]!.data).toMatchObject({ class: 'password-reset', lane: 'reserved', outcome: 'deliver' })
    expect((await pool.query('select id from webhook_message')).rows, 'it has ended').toEqual([])
  })

  it('begin with now for a new address, go on for one that stays, and forget one that is gone', async () => {
    const [old, stays, added] = [await receiver(() => 500), await receiver(), await receiver()]
    await happen(decided(1))
    const first = await notify([old, stays])
    expect(first.position()).toBe(1)
    await happen(decided(2))
    await until(() => stays.received.length === 1 && old.received.length === 1)
    await first.stop()
    await happen(decided(3))
    const second = await notify([stays, added])
    await happen(decided(4))
    await until(() => stays.received.length === 3 && added.received.length === 1)
    expect([idsOf(old), idsOf(stays).sort(), idsOf(added)]).toEqual([
      [messageId(2)],
      [messageId(2), messageId(3), messageId(4)],
      [messageId(4)],
    ])
    await drained()
    await second.stop()
    await notify([])
    expect((await pool.query('select * from webhook_endpoint')).rows).toEqual([])
  })

  it('come again with the same id and body after a crash between sending and recording', async () => {
    let alive = true
    const one = await receiver(() => {
      alive = false
      return 200
    })
    const whileAlive = async <T>(work: () => Promise<T>): Promise<T> => {
      if (alive) return work()
      throw new Error('the database is out of reach')
    }
    const dying = {
      query: (query: string, values: unknown[]) => whileAlive(() => pool.query(query, values)),
      connect: () => whileAlive(() => pool.connect()),
    } as unknown as pg.Pool
    await notify([one], { pool: dying })
    await happen(decided(1), decided(2))
    await until(() => one.received.length === 2)
    await notifiers.pop()!.stop()
    expect(await rows()).toEqual([{ attempts: 0 }, { attempts: 0 }])
    await notify([one])
    await until(() => one.received.length === 4)
    const seen = (from: number) =>
      one.received
        .slice(from, from + 2)
        .map(({ id, body }) => `${id} ${body}`)
        .sort()
    expect(seen(2)).toEqual(seen(0))
    await drained()
  })

  it('are the same when a stretch is read again', async () => {
    for (const [event] of told) await happen(event, event)
    const read = async () => {
      const placed = await collect(await journal.read(0, { from: 0, limit: 100 }))
      expect(strangers(placed)).toEqual([])
      return stretchOf(placed, new Map())
    }
    const { noted } = await read()
    expect((await read()).noted).toEqual(noted)
    expect(new Set(noted.map(({ id }) => id)).size).toBe(2 * told.length)
  })

  it('are written by one follower only: a second one at the same place writes nothing', async () => {
    await happen(decided(1, 'hold'))
    await notify([await receiver(() => 500)])
    const stretch = { from: 1, to: 2, noted: [], open: new Map(), ended: [] }
    expect(await writeStretch(pool, 0, stretch)).toEqual(new Map())
    const placed = { position: 2, ordinal: 0, id: 'again', at: start, body: '{}' }
    expect(await writeStretch(pool, 0, { ...stretch, noted: [placed] })).toBeUndefined()
    expect(await rows()).toEqual([])
  })

  it('are tried again on the schedule, signed anew for the instant of the attempt', async () => {
    const one = await receiver(nth => (nth < 3 ? 500 : 204))
    await notify([one])
    await happen(decided(1))
    const failedTimes = (n: number) => until(async () => (await rows())[0]?.attempts === n)
    await failedTimes(1)
    now += 4_999
    await settled()
    expect(one.received.length).toBe(1)
    now += 1_001 + 1_000 // 5 s and at most a fifth of it.
    await failedTimes(2)
    now += 6 * 60_000
    await drained()
    const [first, second, third] = one.received
    expect([second!.id, third!.id]).toEqual([first!.id, first!.id])
    expect([second!.body, third!.body]).toEqual([first!.body, first!.body])
    expect(one.received.map(({ at }) => at - start / 1000)).toEqual([0, 7, 367])
  })

  it('are given up, counted, after the last attempt of the schedule', async () => {
    const one = await receiver(() => 400)
    const metrics = new Registry()
    await notify([one], { metrics, limits: { outboxMsMax: Number.MAX_SAFE_INTEGER } })
    await happen(decided(1))
    for (let attempt = 1; attempt < 10; attempt++) {
      await until(async () => (await rows())[0]?.attempts === attempt)
      now += 30 * 3_600_000
    }
    await drained()
    expect(one.received.length).toBe(10)
    const endpoint = urlHashOf(one.url).slice(0, 12)
    await until(() => warnings.some(({ text }) => text === 'webhooks were given up'))
    expect(warnings.at(-1)).toEqual({ fields: { endpoint, rows: 1, why: 'attempts' }, text: 'webhooks were given up' })
    const text = await metrics.metrics()
    expect(text).toContain(`tocsin_webhook_given_up_total{endpoint="${endpoint}",why="attempts"} 1`)
    expect(text).toContain(`tocsin_webhook_attempts_total{endpoint="${endpoint}",outcome="deferred"} 10`)
    expect(text).toContain(`tocsin_webhook_pending{endpoint="${endpoint}"} 0`)
    expect(text).not.toContain('hidden')
  })

  it('an endpoint that fails in a row rests, is tried with one row, and gets the rest when it is back', async () => {
    let broken = true
    const one = await receiver(() => (broken ? 503 : 200))
    await notify([one], { limits: { requestsMax: 2 } })
    await happen(...Array.from({ length: 6 }, (_, n) => decided(n)))
    await until(() => one.received.length >= 2)
    await settled()
    const tried = one.received.length
    expect(tried, 'one may have been under way beside the second failure').toBeLessThanOrEqual(3)
    await settled()
    expect(one.received.length).toBe(tried)
    now += 3_000
    await until(() => one.received.length === tried + 1)
    await settled()
    expect(one.received.length).toBe(tried + 1)
    broken = false
    now += 60_000
    await drained()
    expect(new Set(idsOf(one)).size).toBe(6)
    expect(warnings.map(({ text }) => text)).toEqual(['a webhook cannot be delivered; it rests and is tried again'])
    expect(warnings.every(({ fields }) => !JSON.stringify(fields).includes('hidden'))).toBe(true)
  })

  /** A receiver that can go down, connections and all, and come back at the same port. */
  async function unsteady() {
    const one = await receiver()
    const server = servers.at(-1)!
    const { port } = new URL(one.url)
    return {
      ...one,
      async down() {
        const closed = new Promise(resolve => server.close(resolve))
        server.closeAllConnections()
        await closed
      },
      up: () => new Promise<void>(resolve => server.listen(Number(port), '127.0.0.1', resolve)),
    }
  }

  it('wait out an outage: eight failures together are one rest, a probe goes, then all at once and off schedule', async () => {
    const one = await unsteady()
    const metrics = new Registry()
    await notify([one], { metrics })
    await happen(decided(0))
    await until(() => one.received.length === 1)
    await drained()
    await one.down()
    const failed = async () =>
      Number(/attempts_total\{[^}]*(?:deferred|unknown)"\} (\d+)/.exec(await metrics.metrics())?.[1] ?? 0)
    await happen(...Array.from({ length: 30 }, (_, n) => decided(n + 1)))
    await until(async () => (await failed()) > 0)
    await settled()
    const together = await failed()
    expect(together, 'those that were under way').toBeLessThanOrEqual(8)
    for (const [probe, restMs] of [750, 1500].entries()) {
      now += restMs - 1
      await settled()
      expect(await failed(), 'it rests').toBe(together + probe)
      now += 1
      await until(async () => (await failed()) === together + probe + 1)
      await settled()
    }
    expect(await rows(), 'no attempt was used up').toEqual(Array.from({ length: 30 }, () => ({ attempts: 0 })))
    await one.up()
    now += 3000
    await drained()
    expect(new Set(idsOf(one)).size).toBe(31)
    expect(one.received.length).toBe(31)
  })

  it('rest for half a minute at most, however long the outage', async () => {
    const one = await unsteady()
    await notify([one])
    await one.down()
    await happen(decided(1))
    for (let probe = 0; probe < 9; probe++) {
      now += 30_000
      await settled()
    }
    await one.up()
    now += 30_000
    await drained()
    expect(idsOf(one)).toEqual([messageId(1)])
  })

  it('a row that the receiver drops every time goes by the schedule, and the others arrive', async () => {
    const one = await receiver()
    const [server] = servers
    const handle = server!.listeners('request')[0] as http.RequestListener
    server!.removeAllListeners('request')
    server!.on('request', (request, response) => {
      if (String(request.headers['webhook-id']).startsWith(messageId(3))) request.socket.destroy()
      else handle(request, response)
    })
    await notify([one])
    for (let n = 0; n < 3; n++) {
      await happen(...Array.from({ length: 4 }, (_, i) => decided(3 + 4 * n + i)))
      await until(async () => {
        now += 1000
        await settled()
        return (await rows()).length === 1
      })
    }
    expect(new Set(idsOf(one)).size).toBe(11)
    await until(async () => {
      now += 1000
      return (await rows())[0]!.attempts > 0
    })
  })

  it('go one by one to a receiver that serves one connection until it ends', async () => {
    const one = await receiver()
    const [server] = servers
    const waiting: (() => void)[] = []
    let served: unknown
    const handle = server!.listeners('request')[0] as http.RequestListener
    server!.removeAllListeners('request')
    server!.on('connection', socket => {
      served ??= socket
      socket.on('close', () => {
        if (served !== socket) return
        served = undefined
        for (const again of waiting.splice(0)) again()
      })
    })
    server!.on('request', (request, response) => {
      const serve = () => {
        if (request.socket.destroyed) return
        served ??= request.socket
        if (served === request.socket) handle(request, response)
        else waiting.push(serve)
      }
      serve()
    })
    await notify([one], { limits: { requestsMax: 8, requestMsMax: 100, pageRowsMax: 16 } })
    await happen(...Array.from({ length: 100 }, (_, n) => decided(n)))
    await until(async () => {
      now += 1000
      await settled()
      return (await rows()).length === 0
    })
    expect(new Set(idsOf(one)).size).toBe(100)
  })

  it('share few connections', async () => {
    const one = await receiver()
    await notify([one], { limits: { requestsMax: 4 } })
    for (let n = 0; n < 20; n++) await happen(...Array.from({ length: 20 }, (_, i) => decided(20 * n + i)))
    await until(() => one.received.length === 400)
    expect(one.connections()).toBeLessThanOrEqual(4)
  })

  it('beyond the limits of the outbox the oldest are given up, with a count', async () => {
    const one = await receiver(() => 503)
    const notifier = await notify([one], { limits: { requestsMax: 1, outboxRowsMax: 3, checkMs: 0 } })
    await happen(...Array.from({ length: 8 }, (_, n) => decided(n)))
    await until(async () => (await rows()).length === 3)
    const ordinals = 'select ordinal from webhook_outbox order by ordinal'
    expect((await pool.query(ordinals)).rows).toEqual([{ ordinal: 5 }, { ordinal: 6 }, { ordinal: 7 }])
    await until(() => notifier.endpoints()[0]!.pending === 3)
    now += 6 * 24 * 3_600_000
    await drained()
    const given = () => warnings.filter(({ text }) => text === 'webhooks were given up').map(({ fields }) => fields)
    await until(() => given().length >= 2)
    expect(given().at(0)).toMatchObject({ rows: 5, why: 'rows' })
    expect(given().at(-1)).toMatchObject({ rows: 3, why: 'age' })
  })

  it('410 ends an endpoint, also after a restart, and nobody else', async () => {
    const [gone, stays] = [await receiver(() => 410), await receiver()]
    const notifier = await notify([gone, stays], { limits: { requestsMax: 2 } })
    await happen(...Array.from({ length: 6 }, (_, n) => decided(n)))
    await until(() => stays.received.length === 6 && notifier.endpoints().some(({ disabled }) => disabled))
    await happen(decided(6))
    await until(() => stays.received.length === 7)
    await drained()
    await notifier.stop()
    await happen(decided(7))
    const again = await notify([gone, stays])
    await until(() => stays.received.length === 8)
    expect(gone.received.length, 'those under way at once').toBeLessThanOrEqual(2)
    expect(again.endpoints().map(({ disabled }) => disabled)).toEqual([true, false])
    await drained()
    expect(warnings.map(({ text }) => text)).toEqual([
      'a webhook is off: its receiver has answered 410 Gone',
      'webhooks were given up',
      'a webhook is off: its receiver has answered 410 Gone',
    ])
  })

  it.each([['http:'], ['https:']])('do not reach a private address by %s unless it is allowed', async scheme => {
    const one = await receiver()
    const webhook = { url: one.url.replace('http:', scheme), secret: one.secret }
    await notify([], { webhooks: [webhook] })
    await happen(decided(1))
    await until(async () => (await rows())[0]?.attempts === 1)
    expect(one.connections()).toBe(0)
    const reason = scheme === 'http:' ? 'scheme' : 'address-not-public'
    expect(warnings).toMatchObject([
      { fields: { reason }, text: 'a webhook cannot be delivered; it rests and is tried again' },
    ])
  })

  it('do not start with a secret that cannot sign, and do not say it', async () => {
    const webhooks = [{ url: 'https://example.org/', secret: 'whsec_c2hvcnQ=' }]
    await expect(notify([], { webhooks })).rejects.toThrow(
      /^webhooks\[0\]\.secret cannot be used \(secret-length\)(?!.*c2hv)/,
    )
  })
})

describe('the codes of a reply', () => {
  it.each([
    ['250 2.1.5 ok', '250 2.1.5'],
    ['250 queued', '250'],
    ['final: 550 5.1.1 no such user ada@example.org', '550 5.1.1'],
    ['rcpt: 4xx 451 4.3.0 later', '451 4.3.0'],
    ['timeout', undefined],
    ['connect: connect', undefined],
    ['2501 Main Street', undefined],
    ['ada@example.org 250', undefined],
  ])('%s', (reply, codes) => {
    expect(replyCodes(reply)).toBe(codes)
  })
})

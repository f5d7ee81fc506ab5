import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { ConfigFile } from '../src/config.ts'
import { makeOperatorKey } from '../src/inbound/keys.ts'
import { freshDirectory } from './postgres.ts'
import { type Answer, adminKey, causeKey, openHouse, Product, ProductProcess, type SmtpClient } from './product.ts'
import { type Sink, startSink } from './sink.ts'

// A wrongful mass send against the whole product: what still reaches the provider, what is stopped, who goes on, and the way back. In most
// tests the budget is as wide as it gets, so that it is the detectors that stop.

const json = { 'content-type': 'application/json' }
const open = { budgetPerHour: { open: 1_000_000 } }
const ana = makeOperatorKey()

const expected: ConfigFile = {
  ...openHouse,
  operators: [{ name: 'Ana', keyHash: ana.keyHash }],
  classes: {
    'password-reset': { ...open, causes: { requirement: 'expected' } },
    'credential-changed': { ...open, causes: { requirement: 'expected' } },
    other: open,
  },
  detection: { softHoldMs: 2000 },
}

/** What a test asks of the product, in few words; in this process or in one of its own. */
class Site {
  url: () => string
  #events = 0
  constructor(url: () => string) {
    this.url = url
  }

  async ask(path: string, { key = adminKey, body }: { key?: string; body?: unknown } = {}): Promise<Answer> {
    const response = await fetch(this.url() + path, {
      headers: { authorization: `Bearer ${key}`, ...(body !== undefined && json) },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: JSON.parse(text || 'null'), text }
  }

  /** Events of the web tier, or with another key of somebody else. */
  async report(type: string, subject: string, data: object, key = causeKey): Promise<string> {
    const id = `event-${++this.#events}`
    const event = { specversion: '1.0', id, source: '/web', type: `tocsin.${type}`, subject, data }
    const { body } = await this.ask('/v1/events', { key, body: [event] })
    expect(body).toEqual({ accepted: 1, rejected: [] })
    return id
  }

  baseline(className: string, lane: string, perHour: number): Promise<string> {
    const data = { class: className, lane, ratePerHourOfWeek: Array(168).fill(perHour) }
    return this.report('baseline.loaded', 'x', data, adminKey)
  }

  /** A reset that somebody asked for; what the sender was answered. */
  async caused(n: number | string, { trust = 'unknown', requester = {} } = {}): Promise<Record<string, unknown>> {
    const account = `account-${n}`
    const id = await this.report('reset.requested', account, { known: true, trust, requester })
    return (await this.send({ ...reset(n), account, cause: { id } })).body
  }

  send(message: object): Promise<Answer> {
    return this.ask('/v1/messages', { key: 'key-that-sends', body: message })
  }

  async classOf(name: string): Promise<Record<string, unknown>> {
    const { body } = await this.ask('/v1/classes')
    return (body.items as Record<string, unknown>[]).find(one => one.name === name)!
  }

  async alarms(): Promise<Record<string, unknown>[]> {
    return (await this.ask('/v1/alarms')).body.items as Record<string, unknown>[]
  }

  async holds(query = ''): Promise<Record<string, unknown>[]> {
    return (await this.ask(`/v1/holds?limit=200${query}`)).body.items as Record<string, unknown>[]
  }

  async state(id: unknown): Promise<unknown> {
    return (await this.ask(`/v1/messages/${id}`)).body.state
  }
}

const emailOf = (n: number | string) => `person${n}@people.test`

const reset = (n: number | string) => ({
  class: 'password-reset',
  recipient: { email: emailOf(n) },
  from: 'app@example.org',
  subject: 'Reset',
  text: `Follow ${n}.`,
})

const smtpReset = (n: number | string) => `X-Tocsin-Class: password-reset\r\nSubject: Reset\r\n\r\nFollow ${n}.\r\n`

async function started(config: ConfigFile): Promise<{ product: Product; site: Site; sink: Sink }> {
  const sink = await startSink()
  const product = await Product.start({ config, upstreams: [sink.port] })
  onTestFinished(() => Promise.all([product.stop(), sink.close()]).then(() => {}))
  return { product, site: new Site(() => product.running.httpUrl), sink }
}

const recipientsOf = (sink: Sink): string[] => sink.mails.flatMap(({ to }) => to.map(path => path.slice(1, -1)))
const reached = (sink: Sink, prefix: string): number =>
  recipientsOf(sink).filter(email => email.startsWith(prefix)).length

const soon = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 25_000, interval: 50 })

/** A receiver of webhooks; what it was told beside changes of messages. */
async function receiver(): Promise<{ url: string; told: { type: string; data: Record<string, unknown> }[] }> {
  const told: { type: string; data: Record<string, unknown> }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    response.end()
    const one = JSON.parse(body) as (typeof told)[number]
    if (/alarm|breaker/.test(one.type)) told.push(one)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, told }
}

const smtpTo = async (client: SmtpClient, who: string): Promise<string> =>
  client.mail(smtpReset(who), { to: emailOf(who) })

it('a mass send without causes reaches at most three people; who asked is served meanwhile, and people let it go on', async () => {
  const hook = await receiver()
  const webhooks = [{ url: hook.url, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', allowPrivate: true }]
  const { product, site, sink } = await started({ ...expected, webhooks })
  for (let n = 0; n < 30; n++) expect((await site.caused(`a${n}`)).outcome).toBe('deliver')
  await sink.until(30)

  const client = await product.smtp()
  const [byHttp, bySmtp] = await Promise.all([
    Promise.all(Array.from({ length: 100 }, (_, n) => site.send({ ...reset(`h${n}`), account: `account-h${n}` }))),
    (async () => {
      const replies: string[] = []
      for (let n = 0; n < 100; n++) replies.push(await smtpTo(client, `s${n}`))
      return replies
    })(),
  ])
  client.close()
  expect(new Set(byHttp.map(({ status }) => status))).toEqual(new Set([202]))
  expect(new Set(bySmtp.map(reply => reply.slice(0, 9)))).toEqual(new Set(['250 2.0.0']))
  for (let n = 0; n < 10; n++) expect((await site.caused(`b${n}`)).outcome).toBe('deliver')

  const place = { lane: 'open', source: '', template: '' }
  const breaker = await soon(async () => {
    const { stops } = (await site.classOf('password-reset')) as { stops: Record<string, unknown>[] }
    expect(stops).toHaveLength(1)
    return stops[0]!
  })
  expect(breaker).toMatchObject({ ...place, by: 'detector', reason: 'causeless', phase: 'open' })
  for (let n = 0; n < 10; n++) expect((await site.caused(`c${n}`)).outcome).toBe('deliver')
  await product.settled()
  const wrongful = reached(sink, 'personh') + reached(sink, 'persons')
  console.log(`a mass send of 200 without causes: ${wrongful} reached people`)
  expect(wrongful).toBeLessThanOrEqual(3)
  expect(['a', 'b', 'c'].map(which => reached(sink, `person${which}`))).toEqual([30, 10, 10])
  await toldOf(site, hook.told, place)
  await letGo(site, sink, place, 200 - wrongful)
}, 90_000)

async function toldOf(site: Site, told: { type: string; data: object }[], place: object): Promise<void> {
  const [alarm] = await site.alarms()
  expect(alarm).toMatchObject({
    ...place,
    class: 'password-reset',
    level: 'hard',
    detector: 'causeless',
    breaker: { phase: 'open', holds: true, trips: 1 },
  })
  expect((alarm!.messages as string[]).length).toBeGreaterThanOrEqual(2)
  await soon(async () => {
    const hard = told.find(
      ({ type, data }) => type === 'dev.tocsin.alarm.raised.v1' && 'level' in data && data.level === 'hard',
    )
    expect(hard?.data).toMatchObject({ ...place, detector: 'causeless', id: alarm!.id })
    const opened = told.filter(({ type }) => type === 'dev.tocsin.breaker.opened.v1')
    expect(opened.map(({ data }) => data)).toMatchObject([{ ...place, class: 'password-reset', detector: 'causeless' }])
  })
}

/** A person closes the breaker and lets one go, and two people the rest. */
async function letGo(site: Site, sink: Sink, place: object, count: number): Promise<void> {
  const wider = await site.ask('/v1/classes/password-reset/resume', { body: {} })
  expect(wider).toMatchObject({ status: 409, body: { code: 'stop.unknown', stops: [{ ...place, by: 'detector' }] } })
  expect((await site.ask('/v1/classes/password-reset/resume', { body: place })).status).toBe(200)
  expect((await site.classOf('password-reset')).stops).toEqual([])
  const before = sink.mails.length
  const holds = await soon(async () => {
    const found = await site.holds('&class=password-reset')
    expect(found).toHaveLength(count)
    return found
  })
  expect((await site.ask(`/v1/holds/${holds[0]!.id}/release`, { body: {} })).status).toBe(200)
  await sink.until(before + 1)
  const query = { class: 'password-reset', reason: 'breaker.open' }
  const { body } = await site.ask('/v1/holds/release', { body: { query, reason: 'they were meant' } })
  const { id, count: rest } = body as { id: string; count: number }
  expect((await site.ask(`/v1/proposals/${id}/approve`, { key: ana.key, body: {} })).status).toBe(200)
  await sink.until(before + 1 + rest)
  expect(rest).toBe(count - 1)
}

/** Resets that go to people who did not ask for them, and say so. */
async function unwanted(site: Site, sink: Sink): Promise<void> {
  await site.baseline('password-reset', 'open', 3600)
  const sent: string[] = []
  for (let n = 0; n < 40; n++) sent.push((await site.caused(`a${n}`)).id as string)
  await sink.until(40)
  for (const message of sent.slice(0, 8))
    await site.report('report.received', 'x', { kind: 'not-requested', message, from: 'someone@people.test' })
}

it('while a breaker holds what unknown places ask for, the account itself confirms, and known devices go on', async () => {
  const { product, site, sink } = await started(expected)
  await unwanted(site, sink)
  const stopped = await site.caused('victim')
  expect(stopped).toMatchObject({ outcome: 'confirm', lane: 'open', reasons: [{ code: 'breaker.open' }] })
  const { stops } = (await site.classOf('password-reset')) as { stops: object[] }
  expect(stops).toMatchObject([{ lane: 'open', source: '/web', template: '', reason: 'reported', phase: 'open' }])
  expect(await site.caused('known', { trust: 'session' })).toMatchObject({ outcome: 'deliver', lane: 'reserved' })
  await sink.until(41)

  const waiting = await soon(async () => {
    const { body } = await product.ask('/v1/accounts/account-victim/confirmations')
    expect(body.items).toHaveLength(1)
    return body.items as { id: string }[]
  })
  expect(waiting[0]!.id).toBe(stopped.id)
  const confirmed = await site.ask(`/v1/messages/${stopped.id}/confirm`, {
    key: 'key-that-sends',
    body: { by: 'session' },
  })
  expect(confirmed.body).toEqual({ done: true })
  await sink.until(42)
  expect(recipientsOf(sink).slice(-2)).toEqual([emailOf('known'), emailOf('victim')])
  // Nobody else's word was heard.
  expect(await site.caused('other')).toMatchObject({ outcome: 'confirm' })
})

it('a network that asks for many accounts is held first, and nobody else is', async () => {
  const perHour = 5
  const { site, sink } = await started({ ...expected, requesters: { perHour } })
  const outcomes: Record<string, unknown[]> = { flood: [], others: [] }
  for (let n = 0; n < 30; n++) {
    outcomes.flood!.push((await site.caused(`f${n}`, { requester: { ip: `192.0.2.${n}`, agent: 'curl/8.5' } })).outcome)
    const others = { requester: { ip: `198.51.${n}.7`, agent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' } }
    outcomes.others!.push((await site.caused(`o${n}`, others)).outcome)
  }
  const held = outcomes.flood!.filter(outcome => outcome !== 'deliver').length
  console.log(`one network asked for 30 accounts: ${held} of its requests were held, 0 of 30 others`)
  expect(outcomes.flood).toEqual([...Array(perHour).fill('deliver'), ...Array(30 - perHour).fill('confirm')])
  expect(outcomes.others).toEqual(Array(30).fill('deliver'))
  await sink.until(30 + perHour)
  expect([reached(sink, 'personf'), reached(sink, 'persono')]).toEqual([perHour, 30])
  expect((await site.classOf('password-reset')).stops).toEqual([])
  const alarms = await soon(async () => {
    const found = await site.alarms()
    expect(found).toHaveLength(1)
    return found
  })
  const [{ requests, perHourMax }] = alarms.map(({ numbers }) => numbers) as [Record<string, number>]
  expect(alarms[0]).toMatchObject({ detector: 'requester-concentrated', level: 'notice', lane: 'open', source: '/web' })
  expect([requests, perHourMax]).toEqual([perHour + 1, perHour])
  // Those of the network are not lost: the accounts may confirm.
  const { items } = (await site.ask('/v1/accounts/account-f20/confirmations', { key: 'key-that-sends' })).body
  expect(items).toHaveLength(1)
})

it('where no causes are reported, a flood over SMTP is stopped by its rate after some tens', async () => {
  const { product, site, sink } = await started(expected)
  await site.baseline('other', 'open', 60)
  const clients = await Promise.all(Array.from({ length: 4 }, () => product.smtp()))
  const replies: string[] = []
  // Of no order: the alphabet has a test of its own.
  const who = (n: number) => `${(n * 7919) % 2003}`
  await Promise.all(
    clients.map(async (client, i) => {
      for (let n = i; n < 1000; n += clients.length)
        replies.push(await client.mail(`Subject: News\r\n\r\nSome, ${n}.\r\n`, { to: emailOf(who(n)) }))
      client.close()
    }),
  )
  expect(replies.filter(reply => reply.startsWith('250')).length).toBe(1000)
  await product.settled()
  const { stops } = (await site.classOf('other')) as { stops: object[] }
  expect(stops).toMatchObject([{ lane: 'open', source: '', template: '', reason: 'rate', phase: 'open' }])
  const { numbers } = (await site.alarms()).find(({ level }) => level === 'hard')!
  console.log(`a flood of 1000 against one a minute: ${sink.mails.length} reached people, ${JSON.stringify(numbers)}`)
  expect(sink.mails.length).toBeLessThan(100)
})

it('a breaker and what waits on soft evidence are the same after kill -9', async () => {
  const sink = await startSink()
  const directory = freshDirectory()
  const config = { ...expected, detection: { softHoldMs: 3_600_000 } }
  const options = { config, upstreams: [sink.port], env: { TOCSIN_LOG: 'warn' } }
  let product = await ProductProcess.start(directory, options)
  const site = new Site(() => product.httpUrl)
  for (let n = 0; n < 25; n++) await site.caused(`a${n}`)
  for (let n = 0; n < 25; n++) await changed(site, n)
  const wrongful = await Promise.all(
    Array.from({ length: 20 }, (_, n) => site.send({ ...reset(`w${n}`), account: `w${n}` })),
  )
  const soft = await softHold(site)
  await soon(async () => {
    expect((await site.classOf('password-reset')).stops).toHaveLength(1)
    for (const { body } of wrongful) expect(await site.state(body.id)).toMatch(/^(held|delivered)$/)
  })
  const before = await picture(site, [...wrongful.map(({ body }) => body.id), ...soft])
  const count = sink.mails.length

  await product.kill()
  product = await ProductProcess.start(directory, options)
  expect(await picture(site, [...wrongful.map(({ body }) => body.id), ...soft])).toEqual(before)
  expect((await site.send({ ...reset('again'), account: 'again' })).body).toMatchObject({ outcome: 'hold' })
  // What comes after the restart confirms the soft evidence from before it.
  for (let n = 0; n < 3; n++) await changeless(site, `z${n}`)
  await soon(async () => {
    const { stops } = (await site.classOf('credential-changed')) as { stops: object[] }
    expect(stops).toMatchObject([{ reason: 'causeless', phase: 'open' }])
    for (const id of soft) expect(await site.state(id)).toBe('held')
  })
  const { id } = (await site.caused('after')) as { id: string }
  await soon(async () => expect(await site.state(id)).toBe('delivered'))
  expect(sink.mails.length).toBe(count + 1)
  await product.stop()
  await sink.close()
}, 90_000)

it('the canaries of a breaker stay used after kill -9', async () => {
  const sink = await startSink()
  const directory = freshDirectory()
  const hour = 3_600_000
  const breakers = { openMs: 1000, trialMs: hour, canaries: 2, canaryIntervalMs: hour }
  const options = { config: { ...expected, breakers }, upstreams: [sink.port], env: { TOCSIN_LOG: 'warn' } }
  let product = await ProductProcess.start(directory, options)
  const site = new Site(() => product.httpUrl)
  await unwanted(site, sink)
  expect((await site.caused('b')).outcome).toBe('confirm')
  const phase = async () => ((await site.classOf('password-reset')).stops as { phase: string }[])[0]?.phase
  await soon(async () => expect(await phase()).toBe('half-open'))
  const { id, outcome } = await site.caused('c0')
  expect(outcome).toBe('deliver')
  // Killed before its end is durable it would go once more, under the same Message-ID.
  await soon(async () => expect(await site.state(id)).toBe('delivered'))

  await product.kill()
  product = await ProductProcess.start(directory, options)
  expect(await phase()).toBe('half-open')
  const outcomes: unknown[] = []
  for (let n = 1; n < 5; n++) outcomes.push((await site.caused(`c${n}`)).outcome)
  expect(outcomes).toEqual(['deliver', 'confirm', 'confirm', 'confirm'])
  await sink.until(42)
  expect(recipientsOf(sink).slice(40)).toEqual([emailOf('c0'), emailOf('c1')])
  await product.stop()
  await sink.close()
}, 90_000)

const change = (n: number | string) => ({
  ...reset(n),
  class: 'credential-changed',
  account: `account-${n}`,
  subject: 'Your password was changed',
})

async function changed(site: Site, n: number): Promise<void> {
  const id = await site.report('credential.changed', `account-c${n}`, { kind: 'password' })
  expect((await site.send({ ...change(`c${n}`), cause: { id } })).body.outcome).toBe('deliver')
}

const changeless = (site: Site, n: string) => site.send({ ...change(n), account: `account-${n}` })

/** Two messages without causes: the first goes, as one may always be odd, and the second waits on soft evidence. */
async function softHold(site: Site): Promise<string[]> {
  const sent = [await changeless(site, 'y0'), await changeless(site, 'y1')].map(({ body }) => body.id as string)
  await soon(async () => {
    expect(await site.state(sent[0])).toBe('delivered')
    const { state, reasons } = (await site.ask(`/v1/messages/${sent[1]}`)).body
    expect(state).toBe('waiting')
    expect((reasons as { code: string }[]).map(({ code }) => code)).toContain('evidence.soft')
  })
  return sent.slice(1)
}

async function picture(site: Site, ids: unknown[]): Promise<object> {
  const [reset, change] = [await site.classOf('password-reset'), await site.classOf('credential-changed')]
  const messages: object[] = []
  for (const id of ids) {
    const { state, outcome, reasons } = (await site.ask(`/v1/messages/${id}`)).body
    messages.push({ state, outcome, reasons })
  }
  const alarms = (await site.alarms()).map(({ id, detector, level, breaker }) => ({ id, detector, level, breaker }))
  return { stops: [reset.stops, change.stops], messages, alarms }
}

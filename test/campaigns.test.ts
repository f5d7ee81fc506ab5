import { expect, it, onTestFinished, vi } from 'vitest'
import { makeOperatorKey } from '../src/inbound/keys.ts'
import { type Answer, adminKey, causeKey, openHouse, Product } from './product.ts'
import { type SinkScript, startSink } from './sink.ts'

const [ana, ben] = [makeOperatorKey(), makeOperatorKey()]
const operators = [
  { name: 'Ana', keyHash: ana.keyHash },
  { name: 'Ben', keyHash: ben.keyHash },
]
const day = 24 * 3_600_000
const json = { 'content-type': 'application/json' }
const ndjson = { 'content-type': 'application/x-ndjson' }

const emailOf = (n: number) => `person${n}@example.org`
const linesOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) =>
    JSON.stringify({ account: `account-${from + i}`, recipient: { email: emailOf(from + i) } }),
  ).join('\n')

const body = (part: object = {}) => ({
  class: 'forced-reset',
  title: 'Rotation in November',
  content: { subject: 'Choose a new password', text: 'Passwords from before 2 November no longer work.' },
  question: { text: 'From before which day do passwords no longer work?', accepted: ['2 November', '2. 11.'] },
  stages: [{ share: 1 }],
  expiresAt: new Date(Date.now() + day).toISOString(),
  ...part,
})

/** Two operators, an upstream that keeps every mail, and what is asked of campaigns in few words. */
class Desk {
  readonly product: Product
  readonly sink: Awaited<ReturnType<typeof startSink>>
  constructor(product: Product, sink: Desk['sink']) {
    this.product = product
    this.sink = sink
  }

  static async open(script?: SinkScript, config: object = {}): Promise<Desk> {
    const sink = await startSink(script)
    const product = await Product.start({ config: { ...openHouse, operators, ...config }, upstreams: [sink.port] })
    onTestFinished(() => Promise.all([product.stop(), sink.close()]).then(() => {}))
    return new Desk(product, sink)
  }

  post(path: string, given: unknown = undefined, key = ana.key, method = 'POST'): Promise<Answer> {
    const init = given === undefined ? {} : { body: JSON.stringify(given), headers: json }
    return this.product.ask(`/v1/${path}`, { method, key, ...init })
  }
  async draft(part: object = {}): Promise<string> {
    const { status, body: answer } = await this.post('campaigns', body(part))
    expect([status, answer.code]).toEqual([201, undefined])
    return answer.id as string
  }
  upload(id: string, lines: string, query = ''): Promise<Answer> {
    const init = { method: 'PUT', key: ana.key, body: lines, headers: ndjson }
    return this.product.ask(`/v1/campaigns/${id}/audience${query}`, init)
  }
  async view(id: string): Promise<Record<string, unknown>> {
    return (await this.product.ask(`/v1/campaigns/${id}`, { key: ana.key })).body
  }
  async approve(id: string, { key = ben.key, answer = ' 2  november', ...part }: Record<string, string> = {}) {
    const { contentHash, audienceHash } = await this.view(id)
    return this.post(`campaigns/${id}/approve`, { contentHash, audienceHash, answer, ...part }, key)
  }
  async started(count: number, part: object = {}): Promise<string> {
    const id = await this.draft(part)
    expect((await this.upload(id, linesOf(0, count))).body.accepted).toBe(count)
    expect((await this.approve(id)).status).toBe(200)
    expect((await this.post(`campaigns/${id}/start`)).status).toBe(200)
    return id
  }
  until(id: string, part: object): Promise<Record<string, unknown>> {
    return vi.waitFor(
      async () => {
        const view = await this.view(id)
        expect(view).toMatchObject(part)
        return view
      },
      { timeout: 20_000, interval: 30 },
    )
  }
  recipients(): string[] {
    return this.sink.mails.flatMap(({ to }) => to.map(path => path.slice(1, -1))).sort()
  }
}

const all = (count: number) => Array.from({ length: count }, (_, n) => emailOf(n)).sort()

it('from a draft to the last mail: everybody once, and nobody approves unread or alone', async () => {
  const desk = await Desk.open()
  const id = await desk.draft({ stages: [{ messages: 5, pauseMs: 300 }, { share: 0.5, pauseMs: 300 }, { share: 1 }] })
  const lines = `${linesOf(0, 40)}\n{"recipient":{"email":"PERSON3+x@example.org"}}\n{"recipient":{"email":"nobody"}}\n\n`
  const { body: uploaded } = await desk.upload(id, lines)
  expect(uploaded).toMatchObject({ accepted: 41, duplicates: 0, refused: 2, testAddresses: 41 })
  // Gmail's dots aside, who is one mailbox is for canonicalMailbox to say: here the same address twice is.
  const { body: again } = await desk.upload(id, `${linesOf(0, 40)}\n${linesOf(7, 9)}\n{"recipient":{"email":"nobody"}}`)
  expect(again).toMatchObject({
    accepted: 40,
    duplicates: 2,
    duplicateLines: [41, 42],
    refusedLines: [{ line: 43, code: 'mailbox.no-at-sign' }],
  })
  const { body: dry } = await desk.product.ask(`/v1/campaigns/${id}/dry-run`, { key: ben.key })
  expect(dry).toMatchObject({ recipients: 40, duplicates: 2, refused: 1, capped: 0, content: body().content })
  expect((dry.samples as unknown[]).length).toBe(3)
  expect(dry.stages).toMatchObject([{ upTo: 5 }, { upTo: 20 }, { upTo: 40 }])

  const refusals = [
    [await desk.approve(id, { key: ana.key }), 403, 'approval.same-person'],
    [await desk.approve(id, { answer: 'yes' }), 409, 'approval.wrong-answer'],
    [await desk.approve(id, { contentHash: '0'.repeat(64) }), 409, 'approval.void'],
    [await desk.approve(id, { audienceHash: '0'.repeat(64) }), 409, 'approval.void'],
    [await desk.post(`campaigns/${id}/start`), 409, 'campaign.not-approved'],
  ] as const
  for (const [answer, status, code] of refusals) expect([answer.status, answer.body.code]).toEqual([status, code])
  expect((await desk.approve(id)).status).toBe(200)
  expect((await desk.post(`campaigns/${id}/start`)).status).toBe(200)
  const ended = await desk.until(id, { status: 'ended' })
  expect(ended).toMatchObject({ ended: { how: 'completed' }, asked: 40, counts: { deliver: 40, delivered: 40 } })
  expect((ended.stages as { counts: object }[]).map(({ counts }) => counts)).toMatchObject([
    { delivered: 5 },
    { delivered: 15 },
    { delivered: 20 },
  ])
  expect(desk.recipients()).toEqual(all(40))
  const journal = (await desk.product.query('select events from journal')).rows
    .map(({ events }) => String(events))
    .join()
  expect(journal).toContain('approval.wrong-answer')
  expect(journal).not.toMatch(/person\d+@|Passwords from before|2 November/)
  const left = await desk.product.query('select count(*)::int as rows from campaign_recipient')
  await vi.waitFor(async () => {
    const { rows } = await desk.product.query('select key from campaign')
    expect([rows[0].key, left.rows[0].rows]).toEqual([null, 0])
  })
})

it('one byte or one recipient more voids what was approved, also behind the back', async () => {
  const desk = await Desk.open()
  const id = await desk.draft()
  await desk.upload(id, linesOf(0, 10))
  const before = await desk.view(id)
  const start = async () => (await desk.post(`campaigns/${id}/start`)).body.code ?? 'started'
  await desk.approve(id)
  const changed = await desk.post(
    `campaigns/${id}`,
    body({ content: { subject: 'Choose a new password', text: 'Passwords from before 2 November no longer work' } }),
    ana.key,
    'PUT',
  )
  expect([changed.status, changed.body.status, await start()]).toEqual([200, 'sealed', 'campaign.not-approved'])
  expect(changed.body.contentHash).not.toBe(before.contentHash)
  await desk.approve(id)
  await desk.upload(id, linesOf(10, 11), '?append=true')
  const after = await desk.view(id)
  expect([after.recipients, after.audienceHash === before.audienceHash, await start()]).toEqual([
    11,
    false,
    'campaign.not-approved',
  ])
  expect((await desk.approve(id, { audienceHash: String(before.audienceHash) })).body.code).toBe('approval.void')
  // The order of the lines is nobody's concern.
  await desk.upload(id, linesOf(0, 11).split('\n').reverse().join('\n'))
  expect((await desk.view(id)).audienceHash).toBe(after.audienceHash)
  await desk.approve(id)
  await desk.product.query(
    `update campaign_recipient set address = '0000000000000000' where mailbox = (select min(mailbox) from campaign_recipient)`,
  )
  expect(await start()).toBe('approval.void')
  expect(desk.recipients()).toEqual([])
})

it('the first operator is one person by key and by command line', async () => {
  const desk = await Desk.open()
  const { body: drafted } = await desk.post(
    'campaigns',
    { ...body(), audience: [{ recipient: { email: emailOf(1) } }] },
    adminKey,
  )
  const { token } = JSON.parse(
    await (await import('node:fs/promises')).readFile(`${desk.product.dataDir}/data/attach.json`, 'utf8'),
  )
  const answer = await desk.approve(drafted.id as string, { key: token })
  expect([answer.status, answer.body.code]).toEqual([403, 'approval.same-person'])
})

it('a pause holds within what is with the world; going on after it and after a restart neither repeats nor loses', async () => {
  let isSlow = false
  const waiting: (() => void)[] = []
  const desk = await Desk.open(at =>
    isSlow && at === 'end' ? new Promise(resolve => waiting.push(() => resolve(undefined))) : undefined,
  )
  const id = await desk.started(3000)
  await desk.until(id, {}).then(() => desk.sink.until(200))
  isSlow = true
  const { status, body: paused } = await desk.post(`campaigns/${id}/pause`, { reason: 'a look' })
  expect([status, (paused.handedOver as number) <= 64]).toEqual([200, true])
  isSlow = false
  for (const go of waiting.splice(0)) go()
  const still = await desk.until(id, { status: 'paused', inFlight: 0, paused: { by: 'Ana', reason: 'a look' } })
  const count = desk.sink.mails.length
  await desk.product.restart()
  expect([desk.sink.mails.length, (await desk.view(id)).asked]).toEqual([count, still.asked])
  expect((await desk.post(`campaigns/${id}/resume`)).body).toEqual({ status: 'running', awaitsSecondPerson: false })
  await desk.sink.until(1500)
  await desk.product.restart() // While it runs.
  await desk.until(id, { status: 'ended', counts: { delivered: 3000 } })
  expect(desk.recipients()).toEqual(all(3000))
})

it('halts by itself on bounces, with the numbers, and goes on by the word of two', async () => {
  let refuses = true
  const desk = await Desk.open(at => (refuses && at === 'RCPT' ? '550 5.1.1 no such user\r\n' : undefined))
  const id = await desk.started(200, { halts: { bounces: { min: 10, rate: 0.1 } } })
  const halted = await desk.until(id, { status: 'halted' })
  expect(halted.halted).toMatchObject({ finding: { what: 'bounces', stage: 0, min: 10, rate: 0.1 } })
  refuses = false
  const resume = async (key: string) => {
    const { status, body: answer } = await desk.post(`campaigns/${id}/resume`, undefined, key)
    return [status, answer.code ?? answer.status]
  }
  expect(await resume(ana.key)).toEqual([200, 'halted'])
  expect(await resume(ana.key)).toEqual([403, 'approval.same-person'])
  expect(await resume(ben.key)).toEqual([200, 'running'])
  const { counts } = await desk.until(id, { status: 'ended' })
  const { delivered = 0, undeliverable = 0 } = counts as Record<string, number>
  expect(delivered + undeliverable).toBe(200)
  expect(desk.sink.mails.length).toBe(delivered)
})

it('halts on what recipients report about messages that have long left', async () => {
  const desk = await Desk.open()
  const halts = { reports: { min: 3, rate: 0.1 } }
  const id = await desk.started(100, { halts, stages: [{ messages: 10, pauseMs: 600_000 }, { share: 1 }] })
  await desk.until(id, { asked: 10, counts: { delivered: 10 } })
  const { rows } = await vi.waitFor(async () => {
    const found = await desk.product.query(
      `select id from register_message where campaign = '${id}' and state = 'delivered'`,
    )
    expect(found.rows.length).toBe(10)
    return found
  })
  const report = (n: number, type: string, data: object) =>
    desk.product.ask('/v1/events', {
      method: 'POST',
      key: causeKey,
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({
        specversion: '1.0',
        id: `signal-${n}`,
        source: 'support',
        type: `tocsin.${type}`,
        time: new Date().toISOString(),
        subject: 'account-1',
        data: { message: rows[n].id, ...data },
      }),
    })
  expect((await report(0, 'reset.completed', {})).body).toEqual({ accepted: 1, rejected: [] })
  for (const n of [1, 2]) await report(n, 'report.received', { kind: 'phishing' })
  await desk.until(id, { status: 'running', counts: { completed: 1, reports: 2 } })
  await report(3, 'report.received', { kind: 'question' })
  await report(4, 'report.received', { kind: 'not-requested' })
  const { halted } = await desk.until(id, { status: 'halted', counts: { completed: 1, reports: 3 } })
  expect(halted).toMatchObject({ finding: { what: 'reports', stage: 0, count: 3, of: 10, min: 3, rate: 0.1 } })
  expect(desk.sink.mails.length).toBe(10)
})

it('whoever is erased before their turn is passed over', async () => {
  const desk = await Desk.open()
  const id = await desk.draft()
  await desk.upload(id, linesOf(0, 20))
  await desk.approve(id)
  await desk.post('accounts/account-7', undefined, ana.key, 'DELETE')
  expect((await desk.post(`campaigns/${id}/start`)).status).toBe(200)
  await desk.until(id, { status: 'ended', counts: { delivered: 19, skipped: 1 } })
  expect(desk.recipients()).toEqual(all(20).filter(email => email !== emailOf(7)))
})

it('names every fault of a draft, and what is not there', async () => {
  const desk = await Desk.open()
  const { status, body: answer } = await desk.post('campaigns', {
    ...body(),
    content: { template: 'rotation@', subject: 'x', from: 'nobody' },
    stages: [{ messages: 1, share: 1 }, { messages: 5 }, { messages: 5 }, { share: 0.5 }],
    expiresAt: '2020-01-01T00:00:00Z',
  })
  expect(status).toBe(422)
  expect(
    (answer.faults as { pointer: string; code: string }[]).map(({ pointer, code }) => `${pointer} ${code}`),
  ).toEqual([
    '/content/from mailbox.no-at-sign',
    '/content/subject content.two-kinds',
    '/content/template template.malformed',
    '/expiresAt field.in-the-past',
    '/stages/0 stage.one-size',
    '/stages/2 campaign.stage-adds-nobody',
    '/stages/3 campaign.stage-adds-nobody',
    '/stages/3 stage.not-all',
  ])
  const wrongClass = await desk.post('campaigns', body({ class: 'password-reset' }))
  expect([wrongClass.status, wrongClass.body.code]).toEqual([422, 'campaign.class-not-for-campaigns'])
  const nothing = await desk.post('campaigns/0198f1d2-0000-7000-8000-000000000000/start')
  expect([nothing.status, nothing.body.code]).toEqual([404, 'campaign.unknown'])
  expect((await desk.product.ask('/v1/campaigns')).status).toBe(403)
})

it('writes each message from the approved template, with the values and in the language of its recipient', async () => {
  const desk = await Desk.open(undefined, { classes: { ...openHouse.classes, 'forced-reset': { mode: 'observe' } } })
  const mjml =
    '<mjml><mj-body><mj-section><mj-column><mj-text>{{ name }}, {{ until }}</mj-text></mj-column></mj-section></mj-body></mjml>'
  const says = (word: string) => ({ subject: `${word} {{ name }}`, text: '{{ name }}, {{ until }}, {{ code }}', mjml })
  const source = {
    class: 'forced-reset',
    slots: {
      name: { type: 'name', control: 'user', required: true },
      until: { type: 'text', control: 'trusted', required: true },
    },
    locales: { en: says('Hello'), de: says('Hallo') },
  }
  const despite = { despite: 'a test' }
  const missing = await desk.post('campaigns', body({ content: { template: 'rotation' } }))
  expect(missing).toMatchObject({ status: 409, body: { code: 'campaign.template-not-approved' } })
  const { body: drafted } = await desk.post('templates/rotation', source, ana.key, 'PUT')
  await desk.post('templates/rotation/versions/1/submit', despite)
  await desk.post('templates/rotation/versions/1/approve', { hash: drafted.hash, ...despite }, ben.key)

  const id = await desk.draft({ content: { template: 'rotation', slots: { until: 'by Friday' } } })
  const line = (n: number, rest: object) => JSON.stringify({ recipient: { email: emailOf(n) }, ...rest })
  const lines = [
    line(1, { slots: { name: "Seán O'Brien <3" } }),
    line(2, { slots: { name: 'Anna' }, locale: 'de-AT' }),
    line(3, {}),
    line(4, { slots: { name: 'Bob', colour: 'red' } }),
  ]
  const first = await desk.upload(id, lines.join('\n'))
  expect(first.body).toMatchObject({
    accepted: 2,
    refusedLines: [
      { line: 3, code: 'slot.missing' },
      { line: 4, code: 'slot.unknown' },
    ],
  })
  const again = await desk.upload(id, [line(1, { slots: { name: 'Mallory' } }), lines[1]].join('\n'))
  expect(again.body.audienceHash).not.toBe(first.body.audienceHash)
  const { body: same } = await desk.upload(id, lines.join('\n'))
  expect(same.audienceHash).toBe(first.body.audienceHash)
  const run = (await desk.product.ask(`/v1/campaigns/${id}/dry-run`, { key: ana.key })).body
  expect(run.content).toMatchObject({ template: 'rotation@1', subject: expect.stringMatching(/^H(?:e|a)llo /) })
  const approval = { contentHash: run.contentHash, audienceHash: run.audienceHash, answer: '2 November' }
  expect((await desk.post(`campaigns/${id}/approve`, approval, ben.key)).status).toBe(200)
  expect((await desk.post(`campaigns/${id}/start`)).status).toBe(200)
  await desk.until(id, { status: 'ended', counts: { delivered: 2 } })
  const mails = desk.sink.mails.map(({ data }) => String(data).replaceAll('=\r\n', ''))
  const english = mails.find(mail => mail.includes(emailOf(1)))!
  expect(english).toContain('by Friday')
  expect(english).toContain('&lt;3')
  expect(mails.find(mail => mail.includes(emailOf(2)))).toMatch(/Subject: Hallo Anna/)
})

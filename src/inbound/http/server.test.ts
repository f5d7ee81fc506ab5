import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../core/alarms.ts'
import type { Register } from '../../views/register.ts'
import { check } from './check.ts'
import {
  AlarmPage,
  bodyDepthMax,
  contentBytesMax,
  MessageDecision,
  messageBodyBytesMax,
  Problem,
  slotsMax,
} from './contract.ts'
import { depthGauge } from './metrics.ts'
import { type ProblemCode, problems } from './problems.ts'
import { bearer, emptyRegister, httpOver, idOf, keyTable, message } from './test-ports.ts'

const problem = check(Problem)

async function refused(
  bench: ReturnType<typeof httpOver>,
  request: object,
): Promise<{ status: number; code: string; faults: string[][] }> {
  const response = await bench.app.inject({ method: 'POST', url: '/v1/messages', headers: bearer('send'), ...request })
  const body = response.json()
  expect(problem.accepts(body)).toBe(true)
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(body.status).toBe(response.statusCode)
  const faults = (body.faults ?? []) as { pointer: string; code: string }[]
  return { status: response.statusCode, code: body.code, faults: faults.map(fault => [fault.pointer, fault.code]) }
}

const postJson = (payload: object | string, headers: object = {}) => ({
  headers: { ...bearer('send'), 'content-type': 'application/json', ...headers },
  payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
})

describe('POST /v1/messages', () => {
  it('answers 202 with the decision, and gives the intake what was asked', async () => {
    const { app, intake } = httpOver()
    const payload = message({
      from: 'Shop <shop@example.org>',
      html: '<p>x</p>',
      cause: { id: 'c-1' },
      expiresAt: '2026-01-08T01:00:00+01:00',
      channels: ['email'],
      environment: 'staging',
    })
    const response = await app.inject({
      method: 'POST',
      url: '/v1/messages',
      ...postJson(payload, { 'idempotency-key': 'k' }),
    })
    expect(response.statusCode).toBe(202)
    expect(check(MessageDecision).accepts(response.json())).toBe(true)
    const mailbox = (local: string) => ({ local, domain: 'example.org', address: `${local}@example.org` })
    expect(intake.requests).toEqual([
      {
        application: { name: 'shop' },
        request: {
          class: 'password-reset',
          account: 'account-1',
          recipient: mailbox('someone'),
          from: { name: 'Shop', mailbox: mailbox('shop') },
          content: { kind: 'parts', subject: 'Reset your password', text: 'Follow the link.', html: '<p>x</p>' },
          cause: 'c-1',
          expiresAt: Date.UTC(2026, 0, 8),
          environment: 'staging',
          idempotencyKey: 'k',
        },
      },
    ])
  })

  it('takes the build of the sender, for one message and for a batch', async () => {
    const { app, intake } = httpOver()
    const line = JSON.stringify(message())
    const ndjson = { ...bearer('send'), 'content-type': 'application/x-ndjson', 'tocsin-build': 'r8' }
    await app.inject({ method: 'POST', url: '/v1/messages', ...postJson(line, { 'tocsin-build': 'r7' }) })
    await app.inject({ method: 'POST', url: '/v1/messages/batch', headers: ndjson, payload: `${line}\n` })
    await app.inject({ method: 'POST', url: '/v1/messages', ...postJson(line) })
    expect(intake.requests.map(({ request }) => request.build)).toEqual(['r7', 'r8', undefined])
    const faults = await refused(httpOver(), postJson(line, { 'tocsin-build': 'x'.repeat(129) }))
    expect(faults).toEqual({ status: 422, code: 'message.invalid', faults: [['', 'build.malformed']] })
  })

  it('takes a template with its slots', async () => {
    const { app, intake } = httpOver()
    const { subject, text, ...rest } = message({ template: 'reset@3', slots: { link: 'https://example.org/x' } })
    const response = await app.inject({ method: 'POST', url: '/v1/messages', ...postJson(rest) })
    expect(response.statusCode, `${subject} ${text} left out`).toBe(202)
    expect(intake.requests[0]?.request.content).toEqual({
      kind: 'template',
      name: 'reset',
      version: '3',
      slots: { link: 'https://example.org/x' },
    })
  })

  it('names every fault at once', async () => {
    const bench = httpOver()
    const faults = await refused(
      bench,
      postJson(
        {
          class: 'no-such',
          account: '',
          recipient: { email: 'a@example.org,b@example.org', name: 'x' },
          from: 'nobody',
          slots: { ok: 'x', '1': 'y', big: 5 },
          text: 'a\0b',
          html: '\ud800',
          cause: {},
          expiresAt: 'tomorrow',
          channels: ['email', 'push'],
          extra: 1,
        },
        { 'idempotency-key': 'k'.repeat(256) },
      ),
    )
    expect(faults).toMatchObject({ status: 422, code: 'message.invalid' })
    expect(new Set(faults.faults.map(fault => fault.join(' ')))).toEqual(
      new Set([
        '/class class.unknown',
        '/account field.too-short',
        '/recipient/name field.unknown',
        '/recipient/email mailbox.several-addresses',
        '/from mailbox.no-at-sign',
        '/slots/1 field.unknown',
        '/slots/big field.wrong-type',
        '/slots content.slots-without-template',
        '/subject field.missing',
        '/text text.nul',
        '/html text.lone-surrogate',
        '/cause/id field.missing',
        '/expiresAt field.not-an-instant',
        '/channels/1 channel.not-available',
        '/extra field.unknown',
        ' idempotency.key-malformed',
      ]),
    )
    expect(bench.intake.calls).toEqual([])
  })

  const rows: [string, object | string, object, number, string, string[][]][] = [
    ['no body', '', {}, 400, 'body.empty', []],
    ['no JSON', '{"class":', {}, 400, 'body.not-json', []],
    ['a list', [message()], {}, 422, 'message.invalid', [['', 'field.wrong-type']]],
    ['null', 'null', {}, 422, 'message.invalid', [['', 'field.wrong-type']]],
    [
      'a prototype',
      `{"__proto__":{"class":"other"},${JSON.stringify(message()).slice(1)}`,
      {},
      422,
      'message.invalid',
      [['/__proto__', 'field.unknown']],
    ],
    [
      'a constructor',
      { ...message(), constructor: { prototype: {} } },
      {},
      422,
      'message.invalid',
      [['/constructor', 'field.unknown']],
    ],
    [
      'a slot called __proto__',
      `{"class":"other","recipient":{"email":"a@example.org"},"template":"t","slots":{"__proto__":"x"}}`,
      {},
      422,
      'message.invalid',
      [['/slots/__proto__', 'field.unknown']],
    ],
    [
      'a slot called constructor',
      { class: 'other', recipient: { email: 'a@example.org' }, template: 't', slots: { constructor: 'x' } },
      {},
      422,
      'message.invalid',
      [['/slots/constructor', 'slot.name-not-allowed']],
    ],
    [
      'too many slots',
      {
        class: 'other',
        recipient: { email: 'a@example.org' },
        template: 't',
        slots: Object.fromEntries(Array.from({ length: slotsMax + 1 }, (_, i) => [`s${i}`, ''])),
      },
      {},
      422,
      'message.invalid',
      [['/slots', 'field.too-long']],
    ],
    ['deep JSON', `${'['.repeat(bodyDepthMax + 2)}${']'.repeat(bodyDepthMax + 2)}`, {}, 400, 'body.too-deep', []],
    ['a million brackets', `${'['.repeat(500_000)}${']'.repeat(500_000)}`, {}, 400, 'body.too-deep', []],
    ['a huge body', `{"text":"${'x'.repeat(messageBodyBytesMax)}"}`, {}, 413, 'body.too-large', []],
    [
      'too much text',
      message({ text: 'x'.repeat(contentBytesMax + 1) }),
      {},
      422,
      'message.invalid',
      [['/text', 'field.too-long']],
    ],
    [
      'too many bytes of text',
      message({ text: 'é'.repeat(contentBytesMax / 2 + 1) }),
      {},
      422,
      'message.invalid',
      [['/text', 'field.too-long']],
    ],
    [
      'too much together',
      message({ text: 'x'.repeat(contentBytesMax - 5), html: '<p>x</p>' }),
      {},
      422,
      'message.invalid',
      [['/html', 'content.too-large']],
    ],
    [
      'a line break in the subject',
      message({ subject: 'a\r\nBcc: b@example.org' }),
      {},
      422,
      'message.invalid',
      [['/subject', 'text.control-character']],
    ],
    [
      'a NUL in the account',
      message({ account: 'a\0' }),
      {},
      422,
      'message.invalid',
      [['/account', 'text.control-character']],
    ],
    [
      'a template and a text',
      message({ template: 't' }),
      {},
      422,
      'message.invalid',
      [
        ['/subject', 'content.two-kinds'],
        ['/text', 'content.two-kinds'],
      ],
    ],
    [
      'a template without a name',
      { class: 'other', recipient: { email: 'a@example.org' }, template: '@1' },
      {},
      422,
      'message.invalid',
      [['/template', 'template.malformed']],
    ],
    [
      'two recipients',
      message({ recipient: { email: ['a@example.org', 'b@example.org'] } }),
      {},
      422,
      'message.invalid',
      [['/recipient/email', 'field.wrong-type']],
    ],
    [
      'a recipient with a command',
      message({ recipient: { email: 'b@example.org>\r\nRCPT TO:<c@example.net' } }),
      {},
      422,
      'message.invalid',
      [['/recipient/email', 'mailbox.line-break']],
    ],
    [
      'another media type',
      'class=other',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'body.media-type',
      [],
    ],
    ['no media type', 'x', { 'content-type': '' }, 415, 'body.media-type', []],
    ['another charset', message(), { 'content-type': 'application/json; charset=utf-16' }, 415, 'body.media-type', []],
  ]
  it.each(rows)('refuses %s', async (_, payload, headers, status, code, faults) => {
    const bench = httpOver()
    expect(await refused(bench, postJson(payload, headers))).toEqual({ status, code, faults })
    expect(bench.intake.calls).toEqual([])
  })

  it('refuses what is not UTF-8', async () => {
    const bench = httpOver()
    const payload = Buffer.concat([Buffer.from('{"class":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')])
    expect(await refused(bench, { ...postJson(''), payload })).toMatchObject({ status: 400, code: 'body.not-utf8' })
  })

  it('answers a repeat with 200 and the same bytes, another body under the key with 409', async () => {
    const { app } = httpOver()
    const post = (payload: object) =>
      app.inject({ method: 'POST', url: '/v1/messages', ...postJson(payload, { 'idempotency-key': 'k-1' }) })
    const [first, second, other] = [
      await post(message()),
      await post(message()),
      await post(message({ text: 'other' })),
    ]
    expect([first.statusCode, second.statusCode, other.statusCode]).toEqual([202, 200, 409])
    expect(second.body).toBe(first.body)
    expect(other.json()).toMatchObject({ code: 'idempotency.key-reused', id: first.json().id })
  })

  it('answers 503 with Retry-After when nothing can be made durable', async () => {
    const bench = httpOver()
    bench.intake.unavailableFrom = 0
    const response = await bench.app.inject({ method: 'POST', url: '/v1/messages', ...postJson(message()) })
    expect(response.statusCode).toBe(503)
    expect(response.headers['retry-after']).toBe('1')
    expect(response.json()).toMatchObject({ code: 'journal.unavailable' })
    expect(response.json()).not.toHaveProperty('id')
  })

  it('keeps a key to its classes and senders', async () => {
    const bench = httpOver()
    const as = (part: object) => ({
      ...postJson(message({ class: 'other', ...part })),
      headers: { ...bearer('narrow'), 'content-type': 'application/json' },
    })
    expect((await refused(bench, as({ class: 'password-reset' }))).faults).toEqual([['/class', 'class.not-allowed']])
    expect((await refused(bench, as({ from: 'b@example.org' }))).faults).toEqual([['/from', 'sender.not-allowed']])
    for (const from of ['a@example.org', 'anyone@example.net', 'A <a@example.org>'])
      expect((await bench.app.inject({ method: 'POST', url: '/v1/messages', ...as({ from }) })).statusCode, from).toBe(
        202,
      )
  })
})

describe('POST /v1/events', () => {
  const event = {
    specversion: '1.0',
    id: 'e-1',
    source: '/web',
    type: 'tocsin.reset.requested',
    subject: 'a',
    data: { known: true },
  }
  const post = (app: ReturnType<typeof httpOver>['app'], type: string, payload: unknown, headers: object = {}) =>
    app.inject({
      method: 'POST',
      url: '/v1/events',
      headers: { ...bearer('causes'), 'content-type': type, ...headers },
      payload: JSON.stringify(payload),
    })

  const refused = (index: number, code: string) =>
    expect.objectContaining({ index, code, detail: expect.stringMatching(/\.$/) })

  it('takes one, a list, and binary mode', async () => {
    const { app, intake } = httpOver()
    const type = 'application/cloudevents+json'
    const one = await post(app, type, event)
    expect([one.statusCode, one.json()]).toEqual([202, { accepted: 1, rejected: [] }])
    const bad = { ...event, id: '' }
    const message = { ...event, type: 'tocsin.message.requested' }
    const many = await post(app, 'application/cloudevents-batch+json', [event, bad, event, message])
    expect(many.json()).toEqual({
      accepted: 2,
      rejected: [
        { index: 1, code: 'event.id', pointer: '/id', detail: expect.stringMatching(/^Send .+\.$/) },
        { index: 3, code: 'event.type-not-taken-here', pointer: '/type', detail: expect.stringMatching(/^Send .+\.$/) },
      ],
    })
    expect((await post(app, 'application/json', [event])).json()).toEqual({ accepted: 1, rejected: [] })
    const ce = {
      'ce-specversion': '1.0',
      'ce-id': 'e-2',
      'ce-source': '/web',
      'ce-type': 'tocsin.login.failed',
      'ce-subject': 'a',
    }
    expect((await post(app, 'application/json', { ip: '192.0.2.1' }, ce)).json()).toEqual({ accepted: 1, rejected: [] })
    expect(intake.reported).toHaveLength(5)
    expect(intake.reported.at(-1)).toMatchObject({ kind: 'login.failed', id: 'e-2', occurredAt: Date.UTC(2026, 0, 8) })
  })

  const rates = Array(168).fill(1)
  const period = { from: '2026-01-08T00:00:00Z', until: '2026-01-09T00:00:00Z' }

  // An operator says by name that more mail is in order; what people and machines did comes from the tier that saw it.
  it.each<[string, object, string[]]>([
    ['reset.requested', { known: true }, ['causes']],
    ['link.followed', {}, ['causes']],
    ['report.received', { kind: 'question' }, ['causes']],
    ['change.applied', { kind: 'deploy', service: 'mailer' }, ['causes', 'operate']],
    ['campaign.announced', { class: 'other', audienceSize: 5, ...period }, ['operate']],
    ['baseline.loaded', { class: 'other', ratePerHourOfWeek: rates }, ['operate']],
    ['no.such', {}, []],
  ])('takes %s from whoever may say so', async (type, data, allowed) => {
    for (const token of ['causes', 'operate']) {
      const { app, intake } = httpOver()
      const reported = { ...event, type: `tocsin.${type}`, data }
      const { accepted, rejected } = (await post(app, 'application/json', reported, bearer(token))).json()
      const taken = allowed.includes(token)
      const refusal = type === 'no.such' && token === 'causes' ? 'event.type-unknown' : 'event.not-for-this-key'
      expect([token, accepted, rejected]).toEqual([token, taken ? 1 : 0, taken ? [] : [refused(0, refusal)]])
      const [seen] = intake.reported
      expect(seen && 'by' in seen ? seen.by : undefined).toBe(taken && token === 'operate' ? 'operator' : undefined)
    }
  })

  it('takes what is said about a message only under an id of ours', async () => {
    const { app, intake } = httpOver()
    const report = (message: string) => ({
      ...event,
      type: 'tocsin.report.received',
      data: { kind: 'question', message },
    })
    const answer = await post(app, 'application/json', [report(idOf(1).toUpperCase()), report('1'), report('')])
    const rejected = [1, 2].map(index => refused(index, 'event.message'))
    expect(answer.json()).toEqual({ accepted: 1, rejected })
    expect(intake.reported).toHaveLength(1)
  })

  it('places what the gate refuses, and counts repeats as taken', async () => {
    const { app, intake } = httpOver()
    intake.eventAnswer = ({ id }) =>
      id === 'x' ? { status: 'refused', code: 'cause.duplicate-id' } : { status: 'repeat' }
    const response = await post(app, 'application/json', [{ ...event, id: '' }, event, { ...event, id: 'x' }])
    expect(response.json()).toEqual({
      accepted: 1,
      rejected: [refused(0, 'event.id'), refused(2, 'cause.duplicate-id')],
    })
  })

  it.each<[string, unknown, number, string]>([
    ['application/cloudevents+json', [], 422, 'request.invalid'],
    ['application/cloudevents-batch+json', {}, 422, 'request.invalid'],
    ['application/json', Array(10_001).fill(0), 422, 'request.invalid'],
    ['application/json', JSON.parse('['.repeat(40) + ']'.repeat(40)), 400, 'body.too-deep'],
    ['text/plain', {}, 415, 'body.media-type'],
  ])('refuses %s %#', async (type, payload, status, code) => {
    const { app } = httpOver()
    const response = await post(app, type, payload)
    expect([response.statusCode, response.json().code]).toEqual([status, code])
  })
})

describe('operators', () => {
  const operate = (
    app: ReturnType<typeof httpOver>['app'],
    method: 'PUT' | 'POST' | 'DELETE',
    url: string,
    payload?: object,
  ) => app.inject({ method, url, headers: bearer('operate'), ...(payload === undefined ? {} : { payload }) })

  it('change a class by a partial policy, or learn every fault', async () => {
    const { app, operator } = httpOver()
    const done = await operate(app, 'PUT', '/v1/classes/password-reset', {
      mode: 'warn',
      causes: { freshForMs: 1000 },
      budgetPerHour: { open: 5 },
    })
    expect(done.statusCode).toBe(200)
    expect(operator.acts).toEqual([
      {
        act: 'set',
        name: 'password-reset',
        patch: { mode: 'warn', causes: { freshForMs: 1000 }, budgetPerHour: { open: 5 } },
        by: 'operator',
      },
    ])
    const bad = await operate(app, 'PUT', '/v1/classes/password-reset', {
      mode: 'off',
      priority: 7,
      lifetimeMs: -1,
      budgetPerHour: { open: 1.5, shut: 1 },
      causes: { kinds: ['x'] },
      extra: 1,
    })
    expect(bad.statusCode).toBe(422)
    expect(
      bad
        .json()
        .faults.map((fault: { pointer: string }) => fault.pointer)
        .sort(),
    ).toEqual([
      '/budgetPerHour/open',
      '/budgetPerHour/shut',
      '/causes/kinds/0',
      '/extra',
      '/lifetimeMs',
      '/mode',
      '/priority',
    ])
  })

  it('stop and resume, and never wider than asked', async () => {
    const { app, operator } = httpOver()
    const { pause } = operator
    const stopped = await operate(app, 'POST', '/v1/classes/other/pause', {
      reason: 'test',
      lane: 'open',
      until: '2026-01-09T00:00:00Z',
    })
    expect([stopped.statusCode, stopped.json()]).toEqual([200, { handedOver: 3 }])
    expect((await operate(app, 'POST', '/v1/classes/other/resume', { lane: 'open' })).json()).toEqual({ done: true })
    expect(operator.acts).toEqual([
      { act: 'pause', class: 'other', lane: 'open', by: 'operator', reason: 'test', until: Date.UTC(2026, 0, 9) },
      { act: 'resume', class: 'other', lane: 'open', by: 'operator' },
    ])
    const scope = { lane: 'open', source: '', template: 'reset' }
    await operate(app, 'POST', '/v1/classes/other/pause', { reason: 'test', ...scope })
    await operate(app, 'POST', '/v1/classes/other/resume', scope)
    expect(operator.acts.splice(2)).toEqual([
      { act: 'pause', class: 'other', ...scope, by: 'operator', reason: 'test' },
      { act: 'resume', class: 'other', ...scope, by: 'operator' },
    ])
    for (const wrong of [{ until: '2020-01-01T00:00:00Z' }, { lane: 'fast' }, { sauce: 'web' }]) {
      const refused = await operate(app, 'POST', '/v1/classes/other/pause', { reason: 'x', ...wrong })
      expect([refused.statusCode, refused.json().faults.length]).toEqual([422, 1])
    }
    operator.pause = async () => ({ status: 'too-many' })
    expect((await operate(app, 'POST', '/v1/classes/other/pause', { reason: 'x' })).json().code).toBe('stops.too-many')
    operator.pause = pause
    expect((await operate(app, 'POST', '/v1/classes/nope/pause', { reason: 'x' })).json().code).toBe('class.unknown')
    expect((await operate(app, 'POST', '/v1/classes/nope/resume', {})).json().code).toBe('class.unknown')
    expect(operator.acts).toHaveLength(4)
    const held = { lane: 'open', source: '', by: 'detector', reason: 'rate', alarm: 3, phase: 'open' } as const
    operator.resume = async () => ({ status: 'unknown-stop', stops: [{ ...held, since: 0, endsAt: 1000 }] })
    const unknown = await operate(app, 'POST', '/v1/classes/other/resume', {})
    expect([unknown.statusCode, unknown.json()]).toMatchObject([
      409,
      {
        code: 'stop.unknown',
        stops: [{ ...held, since: '1970-01-01T00:00:00.000Z', endsAt: '1970-01-01T00:00:01.000Z' }],
      },
    ])
  })

  it('answer 202 while leases remain', async () => {
    const bench = httpOver()
    bench.operator.pause = async () => ({ status: 'unconfirmed', unconfirmed: [{ lane: 'open', messages: 5 }] })
    const response = await operate(bench.app, 'POST', '/v1/classes/other/pause', { reason: 'x' })
    expect([response.statusCode, response.json()]).toEqual([202, { unconfirmed: [{ lane: 'open', messages: 5 }] }])
  })

  it('release and discard', async () => {
    const { app } = httpOver()
    expect((await operate(app, 'POST', `/v1/holds/${idOf(1)}/release`)).json()).toEqual({ done: true })
    expect((await operate(app, 'POST', `/v1/holds/${idOf(1)}/discard`, { reason: 'spam' })).json()).toEqual({
      done: true,
    })
    expect((await operate(app, 'POST', `/v1/holds/${idOf(2)}/release`)).statusCode).toBe(404)
    expect((await operate(app, 'POST', `/v1/holds/${idOf(2)}/discard`, { reason: 'spam' })).statusCode).toBe(409)
    expect((await operate(app, 'POST', '/v1/holds/none/release')).statusCode).toBe(404)
  })

  it('erase a person, known or not, in the same bytes', async () => {
    const { app, operator } = httpOver()
    const long = encodeURIComponent('é/'.repeat(128))
    const answers = [
      await operate(app, 'DELETE', '/v1/accounts/account-1'),
      await operate(app, 'DELETE', `/v1/accounts/${long}`),
    ]
    expect(answers[1]!.body).toBe(answers[0]!.body)
    expect(operator.acts.at(-1)).toEqual({ act: 'erase', account: 'é/'.repeat(128), by: 'operator' })
  })
})

describe('confirming', () => {
  const url = `/v1/messages/${idOf(1)}/confirm`
  const confirm = (app: ReturnType<typeof httpOver>['app'], payload: object, token = 'send') =>
    app.inject({ method: 'POST', url, ...postJson(payload, bearer(token)) })

  it('lists what waits for the holder of an account, and for one who is not known the same', async () => {
    const asked: unknown[] = []
    const items = [{ id: idOf(1), class: 'password-reset', at: 0, expiresAt: 60_000 }]
    const register: Register = {
      ...emptyRegister(),
      confirmations: async query => {
        asked.push(query)
        return { items: query.account === bench.operator.accountHash('known') ? items : [], stale: false }
      },
    }
    const bench = httpOver({ register })
    const list = (account: string, token = 'send') =>
      bench.app.inject({ url: `/v1/accounts/${account}/confirmations`, headers: bearer(token) })
    const { items: shown } = (await list('known')).json()
    expect(shown).toMatchObject([{ id: idOf(1), class: 'password-reset', expiresAt: '1970-01-01T00:01:00.000Z' }])
    expect(asked).toMatchObject([{ application: 'shop', now: Date.UTC(2026, 0, 8) }])
    const [none, other] = [await list('quiet'), await list('nobody')]
    expect([none.body, none.statusCode]).toEqual([other.body, other.statusCode])
    for (const token of ['read', 'causes', 'operate'])
      expect((await list('known', token)).json().code).toBe('auth.scope-missing')
  })

  it('passes the word of the holder on, with how it is known', async () => {
    const { app, intake } = httpOver()
    const response = await confirm(app, { by: 'session' })
    expect([response.statusCode, response.json()]).toEqual([200, { done: true }])
    expect(intake.confirmed).toEqual([{ application: 'shop', id: idOf(1), by: 'session' }])
    expect((await confirm(app, {})).json().faults).toMatchObject([{ pointer: '/by', code: 'field.missing' }])
    expect((await confirm(app, { by: 'trust me' })).json().faults).toMatchObject([{ code: 'field.not-allowed' }])
    for (const token of ['read', 'causes', 'operate'])
      expect((await confirm(app, { by: 'session' }, token)).json().code).toBe('auth.scope-missing')
    expect(intake.confirmed).toHaveLength(1)
  })

  it.each<
    ['message.unknown' | 'message.not-to-confirm' | 'message.not-live' | 'budget.exhausted', boolean, number, string]
  >([
    ['message.unknown', false, 404, 'message.unknown'],
    ['message.unknown', true, 409, 'message.not-to-confirm'],
    ['message.not-to-confirm', true, 409, 'message.not-to-confirm'],
    ['message.not-live', true, 409, 'message.not-live'],
    ['budget.exhausted', true, 409, 'budget.exhausted'],
  ])('says why not: %s, of a message of its own: %s', async (code, isOwn, status, told) => {
    const found = { message: {}, timeline: [], truncated: false, stale: false } as never
    const register: Register = { ...emptyRegister(), message: async () => (isOwn ? found : undefined) }
    const { app, intake } = httpOver({ register })
    intake.confirmAnswer = { status: 'refused', code }
    const response = await confirm(app, { by: 'session' })
    expect([response.statusCode, response.json().code]).toEqual([status, told])
  })
})

describe('reading', () => {
  const get = (app: ReturnType<typeof httpOver>['app'], url: string, token = 'operate') =>
    app.inject({ url, headers: bearer(token) })

  it('keeps an application to its own messages', async () => {
    const asked: unknown[] = []
    const register = emptyRegister()
    register.list = async query => {
      asked.push(query)
      return { items: [], stale: false }
    }
    register.message = async (...args) => void asked.push(args)
    const { app } = httpOver({ register })
    await get(
      app,
      '/v1/messages?account=a&class=other&outcome=hold&from=2026-01-08T00:00:00Z&to=2026-01-09T00:00:00Z&limit=7',
      'send',
    )
    await get(app, '/v1/messages')
    await get(app, `/v1/messages/${idOf(1).toUpperCase()}`, 'send')
    expect(asked).toEqual([
      {
        limit: 7,
        application: 'shop',
        account: '6120202020202020',
        class: 'other',
        outcome: 'hold',
        from: Date.UTC(2026, 0, 8),
        to: Date.UTC(2026, 0, 9),
      },
      { limit: 50 },
      [idOf(1), 'shop'],
    ])
  })

  it('shows operators what the detectors noticed', async () => {
    const asked: unknown[] = []
    const place = { class: 'other', lane: 'open', source: '', template: 't' } as const
    const alarm: Alarm = {
      ...place,
      id: 7,
      level: 'hard',
      detector: 'rate',
      numbers: { ratio: 9 },
      messages: [idOf(1)],
    }
    const breaker = { phase: 'half-open', trips: 2, endsAt: 60_000 } as const
    const register: Register = {
      ...emptyRegister(),
      alarms: async query => {
        asked.push(query)
        return { items: [{ ...alarm, partition: 0, at: 0, breaker }], next: 'n', stale: false }
      },
    }
    const { app } = httpOver({ register })
    const get = (url: string, key = 'operate') => app.inject({ url, headers: bearer(key) })
    const response = await get('/v1/alarms?class=other&level=hard&limit=1&cursor=c')
    expect(asked).toEqual([{ class: 'other', level: 'hard', limit: 1, cursor: 'c' }])
    expect(check(AlarmPage).accepts(response.json())).toBe(true)
    const at = '1970-01-01T00:00:00.000Z'
    const detail = 'Far more messages are asked for than is usual at this time.'
    const shown = { phase: 'half-open', holds: true, trips: 2, endsAt: '1970-01-01T00:01:00.000Z' }
    expect(response.json()).toEqual({
      items: [{ ...alarm, partition: 0, at, detail, breaker: shown }],
      next: 'n',
      stale: false,
    })
    expect((await get('/v1/alarms?level=loud')).json().faults).toMatchObject([{ code: 'field.not-allowed' }])
    expect((await get('/v1/alarms', 'send')).json().code).toBe('auth.scope-missing')
  })

  it('refuses a query with all its faults', async () => {
    const { app } = httpOver()
    const response = await get(app, '/v1/messages?outcome=x&limit=0&from=y&no=1&class=a&class=b')
    expect(
      response
        .json()
        .faults.map((fault: { pointer: string }) => fault.pointer)
        .sort(),
    ).toEqual(['/class', '/from', '/limit', '/no', '/outcome'])
    expect((await get(app, '/v1/messages?cursor=zzz')).json().code).toBe('cursor.malformed')
    expect((await get(app, '/v1/holds?cursor=zzz')).json().code).toBe('cursor.malformed')
    expect((await get(app, '/v1/holds?class=nope')).json()).toMatchObject({ status: 404, code: 'class.unknown' })
  })

  it('gives nothing for an account that is not known, nor for a message of another', async () => {
    const { app } = httpOver()
    const [known, unknown] = [await get(app, '/v1/messages?account=a'), await get(app, '/v1/messages?account=b')]
    expect(unknown.body).toBe(known.body)
    expect((await get(app, `/v1/messages/${idOf(5)}`)).body).toBe((await get(app, `/v1/messages/${idOf(6)}`)).body)
  })

  it('shows classes with live counts', async () => {
    const register = emptyRegister()
    register.counts = async () => ({
      classes: { other: { lastHour: { hold: 2 }, lastDay: { hold: 3 }, held: 1 } },
      stale: false,
    })
    const { app } = httpOver({ register })
    expect((await get(app, '/v1/classes/other')).json()).toMatchObject({
      name: 'other',
      counts: { held: 1, lastHour: { hold: 2 } },
    })
    expect((await get(app, '/v1/classes')).json().items).toHaveLength(10)
    expect((await get(app, '/v1/classes/nope')).json().code).toBe('class.unknown')
  })

  it('says when the register is away, and says nothing else', async () => {
    const register = emptyRegister()
    register.message = async () => {
      throw Object.assign(new Error('connect to secret@host'), { code: 'ECONNREFUSED' })
    }
    register.list = async () => {
      throw new Error('secret somebody@example.org')
    }
    const { app, logged } = httpOver({ register })
    expect((await get(app, `/v1/messages/${idOf(5)}`)).json()).toMatchObject({
      status: 503,
      code: 'register.unavailable',
    })
    const fault = await get(app, '/v1/messages')
    expect(fault.json()).toEqual({
      type: 'urn:tocsin:problem:internal',
      title: problems.internal[1],
      status: 500,
      code: 'internal',
    })
    expect(JSON.stringify(logged)).not.toContain('secret')
    expect(JSON.stringify(logged)).toContain('server.test.ts')
  })
})

describe('service', () => {
  it('tells health and readiness', async () => {
    const { app } = httpOver({ ready: () => ({ ok: false, why: 'recovering' }) })
    expect((await app.inject('/healthz')).json()).toEqual({ ok: true })
    const ready = await app.inject('/readyz')
    expect([ready.statusCode, ready.json().detail, ready.headers['retry-after']]).toEqual([503, 'recovering', '1'])
  })

  it('counts decisions and durations, and asks queues for their depth', async () => {
    const metrics = new Registry()
    depthGauge(metrics, 'tocsin_queue_depth', 'Waiting', () => ({ outbound: 7 }))
    const { app } = httpOver({ metrics })
    await app.inject({ method: 'POST', url: '/v1/messages', ...postJson(message()) })
    const elsewhere = { url: '/metrics', remoteAddress: '192.0.2.7' }
    expect((await app.inject(elsewhere)).statusCode).toBe(401)
    expect((await app.inject({ url: '/metrics', headers: { host: 'attacker.example' } })).statusCode).toBe(401)
    const { body } = await app.inject({ ...elsewhere, headers: bearer('operate') })
    expect(body).toContain(
      'tocsin_http_decisions_total{class="password-reset",lane="open",outcome="deliver",repeat="false"} 1',
    )
    expect(body).toContain('tocsin_queue_depth{queue="outbound"} 7')
    expect(body).toContain(
      'tocsin_http_request_duration_seconds_count{method="POST",route="/v1/messages",status="202"} 1',
    )
  })

  it('logs the route and nothing of the request', async () => {
    const { app, logged } = httpOver()
    const canary = 'canary-7f3a'
    await app.inject({
      method: 'POST',
      url: `/v1/messages?${canary}=${canary}`,
      ...postJson(message({ account: canary, text: canary }), { 'x-extra': canary, 'idempotency-key': canary }),
    })
    await app.inject({ method: 'POST', url: '/v1/messages', ...postJson(message({ [canary]: canary })) })
    await app.inject({ method: 'DELETE', url: `/v1/accounts/${canary}`, headers: bearer('operate') })
    await app.inject({ url: `/${canary}`, headers: bearer(canary) })
    expect(logged.map(({ fields }) => fields)).toMatchObject([
      { route: '/v1/messages', status: 202, key: 'shop' },
      { route: '/v1/messages', status: 422 },
      { route: '/v1/accounts/:account', status: 200, key: 'operator' },
      { route: 'none', status: 404 },
    ])
    expect(JSON.stringify(logged)).not.toContain(canary)
  })

  it('shows the mailbox on this machine only, whatever name a page brings', async () => {
    const mailbox = {
      render: async ({ path, query }: { path: string; query: URLSearchParams }) => ({
        status: 200,
        headers: { 'content-type': 'text/html' },
        body: `${path} ${query}`,
      }),
    }
    const { app } = httpOver({ mailbox })
    const shown = await app.inject({ url: '/mailbox/m-1?view=text', headers: { host: 'localhost:8080' } })
    expect([shown.statusCode, shown.body]).toEqual([200, '/mailbox/m-1 view=text'])
    expect((await app.inject({ url: '/mailbox', headers: { host: 'rebound.example.net' } })).json().code).toBe(
      'mailbox.loopback-only',
    )
    expect(
      (await app.inject({ url: '/mailbox', headers: { host: 'localhost' }, remoteAddress: '192.0.2.7' })).statusCode,
    ).toBe(403)
    expect((await httpOver().app.inject('/mailbox')).statusCode).toBe(404)
  })
})

describe('the document', () => {
  type Operation = {
    'x-scope'?: string
    security: object[]
    responses: Record<string, unknown>
    parameters?: { name: string; in: string }[]
  }
  const documented = async () => {
    const { app } = httpOver()
    return (await app.inject('/openapi.json')).json() as {
      openapi: string
      paths: Record<string, Record<string, Operation>>
    }
  }

  it('is OpenAPI 3.1, whole and self-contained', async () => {
    const document = await documented()
    expect(document.openapi).toBe('3.1.0')
    expect(JSON.stringify(document)).not.toContain('$ref')
    expect(Object.keys(document.paths).sort()).toEqual([
      '/healthz',
      '/metrics',
      '/openapi.json',
      '/readyz',
      '/v1/accounts/{account}',
      '/v1/accounts/{account}/confirmations',
      '/v1/alarms',
      '/v1/brake/clear',
      '/v1/campaigns',
      '/v1/campaigns/{id}',
      '/v1/campaigns/{id}/approve',
      '/v1/campaigns/{id}/audience',
      '/v1/campaigns/{id}/cancel',
      '/v1/campaigns/{id}/dry-run',
      '/v1/campaigns/{id}/pause',
      '/v1/campaigns/{id}/resume',
      '/v1/campaigns/{id}/start',
      '/v1/classes',
      '/v1/classes/{class}',
      '/v1/classes/{class}/pause',
      '/v1/classes/{class}/resume',
      '/v1/corrections',
      '/v1/domains',
      '/v1/domains/{domain}',
      '/v1/domains/{domain}/audit',
      '/v1/events',
      '/v1/health',
      '/v1/holds',
      '/v1/holds/discard',
      '/v1/holds/release',
      '/v1/holds/{id}/discard',
      '/v1/holds/{id}/release',
      '/v1/marks',
      '/v1/messages',
      '/v1/messages/batch',
      '/v1/messages/{id}',
      '/v1/messages/{id}/confirm',
      '/v1/messages/{id}/findings',
      '/v1/proposals',
      '/v1/proposals/{id}',
      '/v1/proposals/{id}/approve',
      '/v1/proposals/{id}/cancel',
      '/v1/templates',
      '/v1/templates/{name}',
      '/v1/templates/{name}/diff',
      '/v1/templates/{name}/versions/{version}',
      '/v1/templates/{name}/versions/{version}/approve',
      '/v1/templates/{name}/versions/{version}/preview',
      '/v1/templates/{name}/versions/{version}/retire',
      '/v1/templates/{name}/versions/{version}/return',
      '/v1/templates/{name}/versions/{version}/submit',
      '/v1/verify',
    ])
    for (const [path, operations] of Object.entries(document.paths))
      for (const [method, { parameters = [], responses, security }] of Object.entries(operations)) {
        const inPath = parameters.filter(parameter => parameter.in === 'path').map(parameter => parameter.name)
        expect(inPath, `${method} ${path}`).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(match => match[1]))
        expect(Object.keys(responses).length).toBeGreaterThan(0)
        expect(Array.isArray(security)).toBe(true)
      }
  })

  // T25: what each key may do on each route that the document names.
  it('and the scopes agree on every route, for every key', async () => {
    const { paths } = await documented()
    const { app } = httpOver()
    const seen: string[] = []
    for (const [path, operations] of Object.entries(paths))
      for (const [method, { 'x-scope': scope }] of Object.entries(operations))
        for (const token of [undefined, 'unknown', ...Object.keys(keyTable)]) {
          const url = path.replace(/\{id\}/, idOf(1)).replace(/\{\w+\}/, 'other')
          const response = await app.inject({
            method: method.toUpperCase() as 'GET',
            url,
            headers: token === undefined ? {} : bearer(token),
          })
          const code = response.headers['content-type']?.toString().startsWith('application/problem')
            ? response.json().code
            : 'ok'
          const expected = expectedCode(scope, token)
          const row = `${method} ${path} ${token}: ${code}`
          if (expected === 'admitted') expect(code, row).not.toMatch(/^(?:auth|mailbox)\./)
          else expect([response.statusCode, code], row).toEqual([problems[expected][0], expected])
          seen.push(row)
        }
    expect(seen.length).toBe(7 * 57)
  })

  function expectedCode(scope: string | undefined, token: string | undefined): ProblemCode | 'admitted' {
    if (scope === undefined) return 'admitted'
    // Injected requests come from this machine.
    if (token === undefined) return scope === 'local' ? 'admitted' : 'auth.missing'
    const key = keyTable[token]
    if (key === undefined) return 'auth.unknown-key'
    const several: Record<string, string[]> = { report: ['causes', 'operate'], inspect: ['send', 'operate'] }
    const enough = several[scope] ?? [scope === 'local' ? 'operate' : scope]
    return key.scopes.some(has => enough.includes(has)) ? 'admitted' : 'auth.scope-missing'
  }

  it('is tried on a page that loads nothing from elsewhere', async () => {
    const { app } = httpOver()
    const page = await app.inject('/docs/')
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/)
    const loaded = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(match => match[1]!)
    expect(loaded.length).toBeGreaterThan(4)
    for (const url of [...loaded, './static/swagger-initializer.js']) {
      expect(url).toMatch(/^\.\/static\//)
      expect((await app.inject(`/docs/${url.slice(2)}`)).statusCode, url).toBe(200)
    }
    expect((await app.inject('/docs/json')).json().openapi).toBe('3.1.0')
  })

  it('refuses to start with a route that names no scope', async () => {
    const { app } = httpOver()
    expect(() => app.get('/open', () => 'x')).toThrow('names its access')
  })
})

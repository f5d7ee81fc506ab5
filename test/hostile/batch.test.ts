import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Product } from '../product.ts'
import { type Sink, startSink } from '../sink.ts'

// A batch with a fault in each kind of place: every line has its result, in order; the good ones are decided, durable and delivered.

const linesMax = 10_000
const lineBytesMax = 2 * 1024 * 1024
const message = (n: number, change: object = {}): string =>
  JSON.stringify({
    class: 'other',
    recipient: { email: `r${n}@example.net` },
    subject: `No ${n}`,
    text: 'Hello',
    ...change,
  })

/** A line that is refused, with the status and code that it alone would be answered with. */
const faults: [name: string, line: string, status: number, code: string][] = [
  ['not JSON', '{"class":"other",', 400, 'body.not-json'],
  ['two values', `${message(0)} ${message(0)}`, 400, 'body.not-json'],
  ['not UTF-8', 'BYTES', 400, 'body.not-utf8'],
  ['blank', '', 400, 'line.empty'],
  ['white space only', ' \t ', 400, 'body.not-json'],
  ['a list', `[${message(0)}]`, 422, 'message.invalid'],
  ['a number', '7', 422, 'message.invalid'],
  ['null', 'null', 422, 'message.invalid'],
  ['nothing in it', '{}', 422, 'message.invalid'],
  ['unknown class', message(0, { class: 'nothing' }), 422, 'message.invalid'],
  ['a class of every object', message(0, { class: 'constructor' }), 422, 'message.invalid'],
  ['two recipients', message(0, { recipient: { email: 'a@example.net,b@example.net' } }), 422, 'message.invalid'],
  ['wrong type', message(0, { subject: 7 }), 422, 'message.invalid'],
  ['unknown field', message(0, { bcc: 'b@example.net' }), 422, 'message.invalid'],
  ['a subject too long', message(0, { subject: 's'.repeat(999) }), 422, 'message.invalid'],
  ['a text too long', message(0, { text: 't'.repeat(600_000) }), 422, 'message.invalid'],
  ['too deep', `${'['.repeat(5000)}${']'.repeat(5000)}`, 400, 'body.too-deep'],
  ['too long', message(0, { text: 't'.repeat(lineBytesMax) }), 413, 'line.too-long'],
]
const bytesOf = (line: string) => (line === 'BYTES' ? Buffer.from('{"class":"\xff\xfe"}', 'latin1') : Buffer.from(line))
const joined = (lines: string[], end = '\n') => Buffer.concat(lines.flatMap(line => [bytesOf(line), Buffer.from(end)]))

let sink: Sink
let product: Product
beforeAll(async () => {
  sink = await startSink()
  product = await Product.start({ upstreams: [sink.port] })
})
afterAll(() => sink.close())

const subjects = () => sink.mails.map(({ data }) => /^Subject: (.*)\r$/m.exec(data.toString())![1]!)

it('10,000 lines with every fault first, in the middle and last', async () => {
  const at = new Map<number, (typeof faults)[number]>()
  for (const [i, fault] of faults.entries())
    for (const place of [i, linesMax / 2 + i, linesMax - faults.length + i]) at.set(place, fault)
  const lines = Array.from({ length: linesMax }, (_, i) => at.get(i)?.[1] ?? message(i))
  const results = await product.sendBatch(joined(lines))
  expect(results.map(({ index }) => index)).toEqual(lines.map((_, i) => i))
  for (const [i, [name, , status, code]] of at) expect(results[i], `${name} at ${i}`).toMatchObject({ status, code })
  const good = results.filter((_, i) => !at.has(i))
  expect(new Set(good.map(({ status, outcome }) => `${status} ${outcome}`))).toEqual(new Set(['202 deliver']))
  expect(new Set(good.map(({ id }) => id)).size).toBe(linesMax - at.size)
  expect(await product.settled()).toEqual({ delivered: good.length })
  expect(subjects().sort()).toEqual(lines.flatMap((_, i) => (at.has(i) ? [] : [`No ${i}`])).sort())
})

describe('ends of lines', () => {
  it.each([
    ['CR LF', `${message(1)}\r\n${message(2)}\r\n`, [202, 202]],
    ['no last line end', `${message(1)}\n${message(2)}`, [202, 202]],
    ['CR LF and no last line end', `${message(1)}\r\n${message(2)}`, [202, 202]],
    ['an empty last line', `${message(1)}\n\n`, [202, 400]],
    ['an empty first line', `\n${message(1)}\n`, [400, 202]],
    ['a lone CR', `${message(1)}\r${message(2)}\n`, [400]],
    ['a byte order mark', `\ufeff${message(1)}\n`, [400]],
    ['nothing', '', []],
    ['one line end', '\n', [400]],
  ])('%s', async (_, body, statuses) => {
    const results = await product.sendBatch(body)
    expect(results.map(({ status }) => status)).toEqual(statuses)
  })
})

it('the 10,001st line and all behind it are refused, those before are decided', async () => {
  const held = message(0, { class: 'breach-notice' }) // Not delivered, so that the sink is not asked for 10,000 more.
  const results = await product.sendBatch(joined(Array.from({ length: linesMax + 3 }, () => held)))
  expect(results).toHaveLength(linesMax + 1)
  expect(results.slice(0, linesMax).every(({ status, outcome }) => status === 202 && outcome === 'hold')).toBe(true)
  expect(results.at(-1)).toMatchObject({ index: linesMax, status: 413, code: 'batch.too-many-lines' })
})

describe('idempotency keys', () => {
  const key = (name: string) => ({ idempotencyKey: name })

  it('within one batch: the first decides, its repeat has its answer, another body is a conflict', async () => {
    const before = sink.mails.length
    const lines = [
      message(1, key('k1')),
      message(1, key('k1')),
      message(2, key('k1')),
      message(1, { ...key('k1'), class: 'sign-in-alert' }),
      message(1, { ...key('k1'), account: 'another' }),
      message(3, key('k3')),
    ]
    const results = await product.sendBatch(joined(lines))
    expect(results.map(({ status }) => status)).toEqual([202, 200, 409, 409, 202, 202])
    expect(results[1]).toEqual({ ...results[0], index: 1, status: 200 })
    for (const i of [2, 3]) expect(results[i]).toMatchObject({ code: 'idempotency.key-reused', id: results[0]!.id })
    await product.settled()
    expect(sink.mails).toHaveLength(before + 3)
  })

  it('over a restart, in single messages, batches and mails: the same answer, nothing sent twice', async () => {
    const headers = { 'idempotency-key': 'over a restart' }
    const body = JSON.parse(message(5)) as object
    const mail = 'Message-ID: <one@example.org>\r\nSubject: mail\r\n\r\nHello\r\n'
    const keyed = 'X-Tocsin-Idempotency-Key: smtp-key\r\nSubject: keyed\r\n\r\nHello\r\n'
    const sendMail = async (data: string) => {
      const client = await product.smtp()
      const reply = await client.mail(data)
      client.close()
      return reply
    }
    const first = await product.send(body, headers)
    expect(first.status).toBe(202)
    const firstMail = await sendMail(mail)
    const firstKeyed = await sendMail(keyed)
    await product.settled()
    const before = sink.mails.length
    const check = async () => {
      const again = await product.send(body, headers)
      expect(again).toMatchObject({ status: 200, body: first.body })
      const other = await product.send({ ...body, text: 'Other' }, headers)
      expect(other).toMatchObject({ status: 409, body: { code: 'idempotency.key-reused', id: first.body.id } })
      const [line] = await product.sendBatch(message(5, key('over a restart')))
      expect(line).toMatchObject({ status: 200, id: first.body.id })
      expect(await sendMail(mail)).toBe(firstMail)
      expect(await sendMail(keyed)).toBe(firstKeyed)
      expect(await sendMail(keyed.replace('Hello', 'Other'))).toMatch(/^550 5\.7\.1 idempotency\.key-reused/)
    }
    await check()
    await product.restart()
    await check()
    await product.settled()
    expect(sink.mails).toHaveLength(before)
  })
})

it('what is not a batch is refused whole', async () => {
  const post = (type: string, headers: Record<string, string> = {}) =>
    product.ask('/v1/messages/batch', {
      method: 'POST',
      body: message(1),
      headers: { 'content-type': type, ...headers },
    })
  expect(await post('text/plain')).toMatchObject({ status: 415, body: { code: 'body.media-type' } })
  expect(await post('application/json')).toMatchObject({ status: 415, body: { code: 'body.media-type' } })
  expect(await post('application/x-ndjson; charset=utf-16')).toMatchObject({ status: 415 })
  expect(await post('application/x-ndjson', { 'idempotency-key': 'k' })).toMatchObject({
    status: 400,
    body: { code: 'idempotency.header-not-for-batch' },
  })
})

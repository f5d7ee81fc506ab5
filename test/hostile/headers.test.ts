import PostalMime from 'postal-mime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Product } from '../product.ts'
import { bareLineBreaks, type Sink, startSink } from '../sink.ts'

// Header injection: whatever stands in a field that a user may have filled in, the mail has the header fields that it always has, and goes to
// the one recipient.

const breaks: [name: string, text: string][] = [
  ['CR LF', '\r\n'],
  ['LF', '\n'],
  ['CR', '\r'],
  ['LF CR', '\n\r'],
  ['CR LF and a blank', '\r\n '],
  ['CR LF and a tab', '\r\n\t'],
  ['an empty line', '\r\n\r\n'],
  ['NUL', '\0'],
  ['vertical tab', '\v'],
  ['form feed', '\f'],
  ['NEL', '\u0085'],
  ['LINE SEPARATOR', '\u2028'],
  ['PARAGRAPH SEPARATOR', '\u2029'],
  ['half-width CR and LF of Latin-1 readers', '\u560d\u560a'],
  ['an encoded word', '=?utf-8?Q?=0D=0A?='],
  ['an encoded word in base64', '=?utf-8?B?DQo=?='],
  ['percent-encoding', '%0d%0a'],
  ['escapes', '\\r\\n'],
  ['HTML entities', '&#13;&#10;'],
]
const injected = 'Bcc: victim@example.net'

/** Fields of a message that become, or could become, part of a header. */
const places: [place: string, pointer: string | undefined, put: (text: string) => object][] = [
  ['the subject', '/subject', text => ({ subject: text })],
  ['the name of the sender', '/from', text => ({ from: `"${text}" <app@example.org>` })],
  ['the unquoted name of the sender', '/from', text => ({ from: `${text} <app@example.org>` })],
  ['the address of the sender', '/from', text => ({ from: `app@example.org${text}` })],
  ['the recipient', '/recipient/email', text => ({ recipient: { email: `someone@example.net${text}` } })],
  ['the account', '/account', text => ({ account: text })],
  ['the cause', '/cause/id', text => ({ cause: { id: text } })],
  ['the class', '/class', text => ({ class: `other${text}` })],
  ['the environment', '/environment', text => ({ environment: text })],
  ['the text', '/text', text => ({ text })],
  ['the HTML', '/html', text => ({ html: `<p title="${text}">${text}</p>` })],
]

const base = { class: 'other', recipient: { email: 'someone@example.net' }, subject: 'Hello', text: 'Hello' }
const fieldsAlways = [
  'content-transfer-encoding',
  'content-type',
  'date',
  'from',
  'message-id',
  'mime-version',
  'subject',
  'to',
  'tocsin-code',
]

let sink: Sink
let product: Product
beforeAll(async () => {
  sink = await startSink()
  product = await Product.start({ upstreams: [sink.port] })
})
afterAll(() => sink.close())

const headerOf = (data: Buffer): string => data.toString('latin1').split('\r\n\r\n')[0]!
const fieldsOf = (data: Buffer): string[] =>
  headerOf(data)
    .split(/\r\n(?![ \t])/)
    .map(line => line.slice(0, line.indexOf(':')).toLowerCase())
    .sort()

describe.each(places)('over HTTP, in %s', (place, pointer, put) => {
  it.each(breaks)('%s: refused, or the header is as always', async (_, text) => {
    const before = sink.mails.length
    const change = put(`a${text}${injected}`)
    const answer = await product.send({ ...base, ...change })
    if (answer.status === 422) {
      expect(answer.body).toMatchObject({
        code: 'message.invalid',
        faults: expect.arrayContaining([expect.objectContaining({ pointer })]),
      })
      expect(answer.text).not.toContain('victim')
      return
    }
    expect(answer.status).toBe(202)
    await sink.until(before + 1)
    const { to, data } = sink.mails[before]!
    expect(to).toEqual(['<someone@example.net>'])
    if (!('html' in change)) expect(fieldsOf(data)).toEqual(fieldsAlways)
    expect(headerOf(data)).toMatch(/^[\x20-\x7e\r\n\t]*$/)
    expect(bareLineBreaks(data)).toBe(0)
    const parsed = await PostalMime.parse(data)
    expect(parsed.bcc).toBeUndefined()
    expect(parsed.to).toEqual([{ address: 'someone@example.net', name: '' }])
    expect(parsed.from?.address).toMatch(/^(?:app@example\.org|security@localhost)$/)
    if (place === 'the subject') expect(parsed.subject, 'what is read is what was written').toBe(`a${text}${injected}`)
  })
})

it.each(breaks)('over HTTP, in the idempotency key of a line: %s', async (_, text) => {
  const [line] = await product.sendBatch(JSON.stringify({ ...base, idempotencyKey: `a${text}${injected}` }))
  expect([202, 422]).toContain(line!.status)
})

it.each([
  'X-Injected',
  'Bcc',
  'constructor',
  '__proto__',
  'a: b\r\nc',
])('over HTTP, the slot %j is no header field', async slot => {
  const body = `{"class":"other","recipient":{"email":"someone@example.net"},"template":"t","slots":{${JSON.stringify(slot)}:"v\\r\\n${injected}"}}`
  const answer = await product.ask('/v1/messages', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  })
  expect([202, 422]).toContain(answer.status)
  if (answer.status !== 202) return
  expect(answer.body).toMatchObject({ outcome: 'hold' })
  expect(answer.body.reasons).toContainEqual(expect.objectContaining({ code: 'template.unknown' }))
})

describe('over SMTP', () => {
  const body = 'From: app@example.org\r\nSubject: Hello\r\n\r\nHello\r\n'

  it.each([
    ['a repeated field of ours', 'X-Tocsin-Class: other\r\nX-Tocsin-Class: password-reset\r\n', 'header-repeated'],
    ['an unknown field of ours', 'X-Tocsin-Foo: other\r\n', 'header-unknown'],
    ['a blank before the colon', 'X-Tocsin-Class : other\r\n', 'header-name-malformed'],
    ['a fold with an empty line', 'X-Tocsin-Class: other\r\n \r\n', 'header-folding-malformed'],
    ['behind a line that is no field', 'no field\r\nX-Tocsin-Class: other\r\n', 'header-misplaced'],
    ['an encoded word', 'X-Tocsin-Account: =?utf-8?q?a=0d=0a?= b\r\n', 'header-character'],
    ['bytes beyond ASCII', 'X-Tocsin-Account: \xc3\xa9\r\n', 'header-character'],
    ['a time that is none', 'X-Tocsin-Expires: tomorrow\r\n', 'header-character'],
    ['an empty value', 'X-Tocsin-Cause:\r\n', 'header-empty'],
    ['300 characters', `X-Tocsin-Idempotency-Key: ${'a'.repeat(300)}\r\n`, 'header-too-long'],
  ])('%s: refused with its code', async (_, header, code) => {
    const client = await product.smtp()
    expect(await client.mail(header + body)).toMatch(new RegExp(`^550 5\\.6\\.0 ${code} `))
    client.close()
  })

  it.each([
    ['in our case', 'X-Tocsin-Class: other\r\nX-Tocsin-Account: a1\r\nX-Tocsin-Idempotency-Key: k1\r\n'],
    ['in another case', 'x-TOCSIN-class: other\r\nX-TOCSIN-ACCOUNT: a1\r\nx-tocsin-idempotency-key: k2\r\n'],
    ['folded', 'X-Tocsin-Class:\r\n other\r\nX-Tocsin-Account:\r\n\ta1\r\nX-Tocsin-Idempotency-Key: k3\r\n'],
    [
      'with every kind of Bcc',
      'Bcc: v@example.net\r\nBCC : w@example.net,\r\n x@example.net\r\nbcc\t:\r\n y@example.net\r\n',
    ],
  ])('our fields and Bcc are removed: %s', async (_, header) => {
    const before = sink.mails.length
    const client = await product.smtp()
    expect(await client.mail(header + body)).toMatch(/^250 /)
    await sink.until(before + 1)
    const { to, data } = sink.mails[before]!
    expect(to).toEqual(['<someone@example.net>'])
    // Only as a field: the ids in other fields are hexadecimal, and now and then have these very letters.
    expect(data.toString('latin1')).not.toMatch(/^bcc|x-tocsin|\b[vwxy]@example\.net/im)
    expect(fieldsOf(data)).toEqual(['date', 'from', 'message-id', 'received', 'subject', 'tocsin-code'])
    client.close()
  })

  it.each([
    'MAIL FROM:<app@example.org\r',
    'MAIL FROM:<app@example.org>\rRCPT TO:<victim@example.net>',
    'MAIL FROM:<app@example.org>\nRCPT TO:<victim@example.net>',
    'MAIL FROM:<app@example.org>\0',
    'MAIL FROM:<app@example.org> AUTH=<x>\x0bRCPT TO:<victim@example.net>',
    'EHLO a\rb',
  ])('%j is no command', async line => {
    const client = await product.smtp()
    expect(await client.say(line)).toMatch(/^5\d\d 5\./)
    client.close()
  })
})

it('nobody but the one recipient was written to', async () => {
  await product.settled()
  expect(new Set(sink.mails.flatMap(({ to }) => to))).toEqual(new Set(['<someone@example.net>']))
  for (const octets of sink.octets) expect(bareLineBreaks(Buffer.concat(octets))).toBe(0)
})

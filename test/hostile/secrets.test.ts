import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, testServer } from '../postgres.ts'
import { adminKey, apiKey, causeKey, openHouse, Product, smtpPassword } from '../product.ts'
import { type Sink, startSink } from '../sink.ts'

// Secrets and addresses stay where they belong: not in a log, and in the database only encrypted. Each canary is a text that stands nowhere else.

const canaries = {
  address: 'canary.address.7f3a',
  refusedAddress: 'canary.refused.9b2c',
  token: 'CANARY-TOKEN-51d0',
  subject: 'CANARY-SUBJECT-8e44',
  name: 'CANARY-NAME-03ab',
  account: 'canary-account-66f1',
  cause: 'canary-cause-2a9e',
  key: 'canary-key-c7d5',
  slot: 'CANARY-SLOT-4410',
  sender: 'canary.sender.d2f8',
  bounce: 'canary.bounce.1b77',
}
/** What would end a log line, color a terminal, or look like a line of its own. */
const spoiled = '\u001b[31m\r\n{"level":60,"msg":"forged"}\u2028'
const userAgent = 'canary-agent-95c3'

let sink: Sink
let product: Product
beforeAll(async () => {
  sink = await startSink((at, { to }) =>
    at === 'RCPT' && to.some(one => one.includes('bounce')) ? `550 5.1.1 ${to.join()} is unknown\r\n` : undefined,
  )
  product = await Product.start({ config: openHouse, upstreams: [sink.port] })
})
afterAll(() => sink.close())

const inBase64 = (text: string) =>
  [0, 1, 2].map(shift =>
    Buffer.from(' '.repeat(shift) + text)
      .toString('base64')
      .slice(4, -4),
  )
/** The ways in which a text could lie about: as it is, in capitals, base64 at each alignment, hex, percent-encoded. */
const formsOf = (text: string): string[] => [
  text,
  text.toUpperCase(),
  text.toLowerCase(),
  ...inBase64(text),
  Buffer.from(text).toString('hex'),
]
const wanted = Object.entries(canaries).flatMap(([name, text]) => formsOf(text).map(form => [name, form] as const))

function found(where: string, bytes: Buffer): string[] {
  return wanted.filter(([, form]) => bytes.includes(form)).map(([name]) => `${name} in ${where}`)
}

function filesUnder(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })) return []
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
}

it('everything that Tocsin is told, in good and bad requests', async () => {
  const { address, refusedAddress, token, subject, name, account, cause, key, slot, sender, bounce } = canaries
  const message = {
    class: 'other',
    account,
    recipient: { email: `${address}@example.net` },
    from: `${name} <${sender}@example.org>`,
    subject: `Reset ${subject}`,
    text: `https://example.org/reset/${token}`,
    cause: { id: cause },
  }
  const headers = { 'idempotency-key': key, 'user-agent': userAgent }
  expect((await product.send(message, headers)).status).toBe(202)
  expect((await product.send(message, headers)).status).toBe(200)
  expect((await product.send({ ...message, text: token }, headers)).status).toBe(409)
  expect((await product.send({ ...message, recipient: { email: `${bounce}@example.net` } })).status).toBe(202)
  expect(
    (await product.send({ class: 'other', recipient: message.recipient, template: 'a', slots: { code: slot } })).status,
  ).toBe(202)
  // Refused, with the canaries where a careless error message would quote them.
  for (const bad of [
    { ...message, recipient: { email: `${refusedAddress}@@example.net${spoiled}` } },
    { ...message, subject: subject + spoiled },
    { ...message, account: account + spoiled },
    { ...message, [token]: token },
    { ...message, class: token },
    { ...message, from: `${name}${spoiled} <${sender}>` },
  ])
    expect((await product.send(bad, headers)).status).toBe(422)
  const json = { 'content-type': 'application/json' }
  expect((await product.ask('/v1/messages', { method: 'POST', body: `{"a": ${token}`, headers: json })).status).toBe(
    400,
  )
  expect((await product.ask(`/v1/messages/${encodeURIComponent(token + spoiled)}?${address}`)).status).toBe(404)
  expect((await product.ask('/v1/messages', { key: token })).status).toBe(401)
  expect((await product.ask(`/${token}`, { method: 'DELETE' })).status).toBe(404)
  await product.sendBatch(`${token}\n${JSON.stringify({ ...message, subject: `${subject}${spoiled}` })}\n`)
  const event = {
    specversion: '1.0',
    id: cause,
    source: 'web',
    type: 'tocsin.reset.requested',
    time: new Date().toISOString(),
    subject: account,
    data: {
      known: true,
      requester: { ip: '192.0.2.1', session: token },
      trust: 'session',
      recipients: [{ email: `${address}@example.net` }],
    },
  }
  for (const one of [event, { ...event, id: token + spoiled }, { ...event, subject: { a: token } }])
    await product.ask('/v1/events', {
      method: 'POST',
      key: causeKey,
      body: JSON.stringify(one),
      headers: { 'content-type': 'application/cloudevents+json' },
    })
})

it('and over SMTP', async () => {
  const { address, refusedAddress, token, subject, account, key, sender } = canaries
  const mail = `X-Tocsin-Account: ${account}\r\nX-Tocsin-Idempotency-Key: ${key}-2\r\nFrom: <${sender}@example.org>\r\nSubject: ${subject}\r\n\r\n${token}\r\n`
  const client = await product.smtp()
  const to = `${address}@example.net`
  expect(await client.mail(mail, { from: `${sender}@example.org`, to })).toMatch(/^250 /)
  expect(await client.mail(mail.replace(token, `${token} other`), { to })).toMatch(/^550 /)
  expect(await client.mail(`X-Tocsin-${token}: ${token}\x1b[31m\r\n${mail}`, { to })).toMatch(/^550 /)
  for (const line of [
    `RCPT TO:<${refusedAddress}@@example.net>`,
    `${token} \x1b[31m`,
    `MAIL FROM:<${token}>\x1b`,
    `AUTH PLAIN ${Buffer.from(`\0${account}\0${token}`).toString('base64')}`,
  ])
    expect(await client.say(line)).toMatch(/^5/)
  client.close()
})

it('no log line holds any of it, and each is one line of JSON', async () => {
  const states = await product.settled()
  expect(states).toMatchObject({ undeliverable: 1 })
  expect(sink.mails.some(({ data }) => data.includes(canaries.token))).toBe(true)
  await product.restart()
  expect(product.logs.length).toBeGreaterThan(10)
  for (const line of product.logs) {
    expect(() => JSON.parse(line), line).not.toThrow()
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]|forged/)
    expect(line).not.toContain('example.net')
    expect(line).not.toContain(userAgent)
  }
  const all = Buffer.from(product.logs.join('\n'))
  expect(found('the log', all)).toEqual([])
  for (const secret of [apiKey, causeKey, adminKey, smtpPassword]) expect(all.includes(secret)).toBe(false)
})

it.runIf(process.platform === 'linux')(
  'no file of the database holds any of it in plain, nor any file of the data directory',
  {
    timeout: 60_000,
  },
  async () => {
    await execute(product.database, 'checkpoint')
    const directory = readlinkSync(`/proc/${(await testServer()).pid}/cwd`)
    const files = [...filesUnder(directory), ...filesUnder(join(product.dataDir, 'data'))]
    expect(
      files.filter(path => /pg_wal\/0/.test(path)).length,
      'the log of the database is among them',
    ).toBeGreaterThan(0)
    expect(files.filter(path => /keys/.test(path)).length).toBeGreaterThan(0)
    const hits = files.flatMap(path => found(path, readFileSync(path)))
    expect(hits).toEqual([])
    const plain = files.filter(path => readFileSync(path).includes('MessageDecided'))
    expect(plain.length, 'the search finds what is there').toBeGreaterThan(0)
    for (const path of filesUnder(join(product.dataDir, 'data')))
      for (const secret of [apiKey, causeKey, adminKey, smtpPassword])
        expect(readFileSync(path).includes(secret), path).toBe(false)
  },
)

it('answers and metrics tell no address', async () => {
  const { body } = await product.ask('/v1/messages?limit=50')
  const metrics = await product.ask('/metrics', { key: adminKey })
  const classes = await product.ask('/v1/classes', { key: adminKey })
  const pages = Buffer.from([JSON.stringify(body), metrics.text, classes.text].join('\n'))
  expect(pages.length).toBeGreaterThan(1000)
  expect(found('an answer', pages)).toEqual([])
  for (const { id } of (body as { items: { id: string }[] }).items) {
    const detail = await product.ask(`/v1/messages/${id}`)
    expect(found(`the timeline of ${id}: ${detail.text}`, Buffer.from(detail.text))).toEqual([])
  }
})

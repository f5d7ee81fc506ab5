import { expect, it, onTestFinished } from 'vitest'
import type { Config, ConfigFile } from '../src/config.ts'
import { makeOperatorKey } from '../src/inbound/keys.ts'
import { type Answer, apiKey, causeKey, openHouse, Product, type SmtpClient } from './product.ts'
import { realValues } from './real-values.ts'
import { startSink } from './sink.ts'

// What incidents looked like, sent through the whole product: over HTTP and SMTP, to a real upstream that keeps every mail.

const [ana, ben] = [makeOperatorKey(), makeOperatorKey()]
const operators = [
  { name: 'Ana', keyHash: ana.keyHash },
  { name: 'Ben', keyHash: ben.keyHash },
]

/** Enforced, with room for all that is sent here, and no detector that stops it first. */
const config = {
  ...openHouse,
  operators,
  classes: {
    other: { mode: 'enforce', budgetPerHour: { open: 1_000_000 } },
    pinned: { mode: 'enforce', content: 'approved-only', budgetPerHour: { open: 1_000_000 } },
  },
  detection: { softDays: 1e6, hardDays: 1e6 },
} as unknown as ConfigFile & Config

async function open(part: object = {}) {
  const sink = await startSink()
  const product = await Product.start({ config: { ...config, ...part }, upstreams: [sink.port] })
  const client = await product.smtp()
  onTestFinished(async () => {
    client.close()
    await product.stop()
    await sink.close()
  })
  const ofMail = async (mail: string, to = 'someone@example.net', className = 'other') => {
    const reply = await client.mail(`X-Tocsin-Class: ${className}\r\nFrom: app@example.org\r\n${mail}`, { to })
    const [, id = '', outcome] = /^250 2\.0\.0 (\S+) (\S+)/.exec(reply) ?? []
    return { reply, outcome, reasons: await reasonsOf(product, id) }
  }
  const ofMessage = async (message: object): Promise<Judged> => {
    const body = { class: 'other', from: 'app@example.org', recipient: { email: 'someone@example.net' }, ...message }
    return judged(await product.send(body))
  }
  return { product, sink, client, ofMail, ofMessage }
}

type Judged = { outcome: unknown; reasons: string[] }

const judged = ({ body }: Answer): Judged => ({
  outcome: body.outcome,
  reasons: ((body.reasons as { code: string }[] | undefined) ?? []).map(({ code }) => code),
})

async function reasonsOf(product: Product, id: string): Promise<string[]> {
  return judged(await product.ask(`/v1/messages/${id}`)).reasons
}

const utf8 = (text: string): string => Buffer.from(text).toString('latin1')

it('Let’s Encrypt, 2016: each mail has the addresses of all before it; the first leaves, the second does not', async () => {
  const { sink, ofMail, ofMessage } = await open()
  const people = Array.from({ length: 20 }, (_, n) => `person${n}@mail${n % 7}.example.net`)
  for (const [n, person] of people.entries()) {
    const text = `${people.slice(0, n).join('\r\n')}\r\n\r\nDear subscriber, our agreement changes.\r\n`
    const byMail = await ofMail(`To: ${person}\r\nSubject: Our agreement\r\n\r\n${text}`, person)
    const byCall = await ofMessage({
      recipient: { email: person.replace('person', 'api') },
      subject: 'Our agreement',
      text,
    })
    if (n === 0) expect([byMail.outcome, byCall.outcome]).toEqual(['deliver', 'deliver'])
    else
      for (const one of [byMail, byCall]) {
        expect(one.outcome).toBe('hold')
        expect(one.reasons).toContain('content.other-address')
      }
  }
  await sink.until(2)
  expect(sink.mails.flatMap(({ to }) => to).sort()).toEqual(['<api0@mail0.example.net>', '<person0@mail0.example.net>'])
})

const robinhood = 'Pixel 8<br><br><b>Unusual activity.</b> <a href="https://rbhd-review.example.com/">Review now</a>'

it('Robinhood, 2026: a device name with markup stays here, or stays a name', async () => {
  const { sink, product, ofMail, ofMessage } = await open()
  const html = `<p>New sign-in</p><p>Device: ${robinhood}</p>`
  const mail = `Subject: New sign-in\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${html}\r\n`
  expect(await ofMail(mail)).toMatchObject({ outcome: 'hold', reasons: ['content.link'] })
  expect(await ofMessage({ subject: 'New sign-in', html })).toEqual({ outcome: 'hold', reasons: ['content.link'] })

  // In a template without anything to show in its place, it holds.
  const template = {
    class: 'other',
    slots: { device: { type: 'device', control: 'user', required: true } },
    locales: {
      en: {
        subject: 'New sign-in',
        text: 'New sign-in on {{ device }}.',
        mjml: '<mjml><mj-body><mj-section><mj-column><mj-text>New sign-in on {{ device }}.</mj-text></mj-column></mj-section></mj-body></mjml>',
      },
    },
  }
  const ask = (path: string, key: string, body: unknown, method = 'POST') =>
    product.ask(`/v1/templates/${path}`, {
      method,
      key,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
  const despite = 'a test of values'
  const { hash } = (await ask('alert', ana.key, template, 'PUT')).body
  expect((await ask('alert/versions/1/submit', ana.key, { despite })).status).toBe(200)
  expect((await ask('alert/versions/1/approve', ben.key, { hash, despite })).status).toBe(200)
  const alert = (device: string) => ofMessage({ template: 'alert', slots: { device } })
  expect(await alert('Pixel 8 <3')).toEqual({ outcome: 'deliver', reasons: [] })
  for (const device of [robinhood, 'evil.com', 'call +1 800 555 1234', 'ann@example.com'])
    expect((await alert(device)).reasons, device).toContain('content.slot-active')

  await sink.until(1)
  expect(sink.mails.map(({ data }) => data.toString('latin1')).join()).not.toMatch(/rbhd|evil\.com|800 555/)
  expect(sink.mails).toHaveLength(1)
})

it('HBO Max, 2021: the mail of an integration test', async () => {
  const { sink, ofMail, ofMessage } = await open()
  const [subject, text] = ['Integration Test Email #1', 'This template is used by integration tests only.']
  const held = { outcome: 'hold', reasons: ['content.test-material'] }
  expect(await ofMail(`Subject: ${subject}\r\n\r\n${text}\r\n`)).toMatchObject(held)
  expect(await ofMessage({ subject, text })).toEqual(held)
  expect(sink.mails).toEqual([])
})

it('FBI, 2021: where templates are demanded, what a client writes is none', async () => {
  const { sink, ofMail, ofMessage } = await open()
  const subject = 'Urgent: Threat actor in systems'
  const text = 'Our intelligence monitoring indicates exfiltration of several of your virtualized clusters.'
  const held = { outcome: 'hold', reasons: ['content.inline-not-allowed'] }
  expect(await ofMail(`Subject: ${subject}\r\n\r\n${text}\r\n`, 'ciso@example.net', 'pinned')).toMatchObject(held)
  expect(await ofMessage({ class: 'pinned', subject, text })).toEqual(held)
  expect(sink.mails).toEqual([])
})

const boundary = 'Content-Type: multipart/mixed; boundary=b\r\n'

it('broken and boundless mails are answered in time, and held', async () => {
  const { sink, client, ofMail } = await open()
  const encoded = Buffer.from('x').toString('base64')
  for (const mail of [
    `Content-Type: text/html\r\nContent-Type: text/plain\r\n\r\nx\r\n`,
    `${boundary}Content-Type: text/plain\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n`,
    `Content-Type: multipart/mixed; boundary=b; boundary=c\r\n\r\n--b\r\n\r\nx\r\n--c\r\n\r\ny\r\n`,
    `Content-Transfer-Encoding: base64\r\n\r\n${encoded}=${encoded}*\r\n`,
    `Content-Type: text/plain; charset=utf-7\r\n\r\n+ADw-a+AD4-\r\n`,
    `${boundary}\r\n${'--b\r\n\r\n\r\n'.repeat(5000)}--b--\r\n`,
    `${boundary}\r\n--b\r\n${'Content-Type: message/rfc822\r\n\r\n'.repeat(300)}x\r\n--b--\r\n`,
    `Subject: ${'=?utf-8?q?x?=\r\n '.repeat(990)}x\r\nX: ${'=?utf-8?q?x?= '.repeat(3000)}\r\nTo: x\r\n\r\n`,
    `Content-Type: text/html\r\n\r\n${'<b>x\r\n'.repeat(400_000)}\r\n`,
  ]) {
    const from = performance.now()
    const { outcome, reasons } = await ofMail(mail)
    expect(
      [outcome, reasons.includes('content.unreadable') || reasons.includes('content.recipients')],
      mail.slice(0, 60),
    ).toEqual(['hold', true])
    expect(performance.now() - from, mail.slice(0, 60)).toBeLessThan(5000)
  }
  expect(await client.mail('From: app@example.org\r\nSubject: Fine\r\n\r\nFine.\r\n')).toMatch(/deliver$/)
  await sink.until(1)
})

it('names and devices of people hold nothing, over both ways', async () => {
  const { product, ofMail } = await open()
  const seed = 90_125
  console.log('seed', seed)
  const values = realValues(seed, 400)
  const lines = values.map((value, n) =>
    JSON.stringify({
      class: 'other',
      from: 'app@example.org',
      recipient: { email: `p${n}@example.net` },
      subject: 'New sign-in',
      text: `Hello ${value},\n\na new sign-in from ${value}. https://example.org/security`,
    }),
  )
  const results = await product.sendBatch(lines.join('\n'))
  const found = results.flatMap(({ reasons }, n) =>
    (reasons as { code: string }[]).some(({ code }) => code.startsWith('content.')) ? [values[n]] : [],
  )
  expect(found).toEqual([])
  for (const value of values.slice(0, 60)) {
    const body = utf8(`Hello ${value},\r\n\r\na new sign-in.\r\n`)
    const { reasons } = await ofMail(
      `Subject: Hello\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${body}`,
    )
    expect(
      reasons.filter(code => code.startsWith('content.')),
      value,
    ).toEqual([])
  }
})

it('where mail stays on this machine, a first try goes and is remarked on', async () => {
  const product = await Product.start({ config: { trustedNetworks: ['127.0.0.0/8'] } })
  const client: SmtpClient = await product.smtp()
  onTestFinished(() => client.close())
  const swaks =
    'Date: Tue, 24 Nov 2026 18:00:00 +0000\r\nTo: you@example.org\r\nFrom: app@example.org\r\nSubject: test Tue, 24 Nov 2026 18:00:00 +0000\r\nMessage-Id: <20261124180000.000042@host>\r\n\r\nThis is a test mailing\r\n'
  const reply = await client.mail(swaks, { to: 'you@example.org' })
  expect(reply).toMatch(/ deliver$/)
  expect(await reasonsOf(product, reply.split(' ')[2]!)).toContain('content.test-material')
})

it('a campaign is looked at as every message is', async () => {
  const { product, sink } = await open({ classes: { ...config.classes, 'forced-reset': { mode: 'enforce' } } })
  const json = { 'content-type': 'application/json' }
  const post = (path: string, body: unknown, key = ana.key) =>
    product.ask(`/v1/campaigns${path}`, { method: 'POST', key, body: JSON.stringify(body), headers: json })
  const draft = await post('', {
    class: 'forced-reset',
    title: 'Rotation',
    content: { from: 'app@example.org', subject: 'Choose a new password', text: 'Go to https://evil.com/reset' },
    question: { text: 'Sure?', accepted: ['yes'] },
    stages: [{ share: 1 }],
    expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
  })
  const id = draft.body.id as string
  const lines = Array.from({ length: 5 }, (_, n) =>
    JSON.stringify({ account: `a${n}`, recipient: { email: `p${n}@example.net` } }),
  )
  await product.ask(`/v1/campaigns/${id}/audience`, {
    method: 'PUT',
    key: ana.key,
    body: lines.join('\n'),
    headers: { 'content-type': 'application/x-ndjson' },
  })
  const { contentHash, audienceHash } = (await product.ask(`/v1/campaigns/${id}`, { key: ana.key })).body
  expect((await post(`/${id}/approve`, { contentHash, audienceHash, answer: 'yes' }, ben.key)).status).toBe(200)
  expect((await product.ask(`/v1/campaigns/${id}/start`, { method: 'POST', key: ana.key })).status).toBe(200)
  await expect
    .poll(async () => (await product.ask('/v1/holds', { key: ana.key })).text, { timeout: 15_000 })
    .toContain('content.link')
  expect(sink.mails).toEqual([])
})

it('who decides about a held message sees what was found in it, and where', async () => {
  const { product, ofMail, ofMessage } = await open()
  const findings = (id: unknown, key: string) => product.ask(`/v1/messages/${id}/findings`, { key })
  const send = async (message: object) =>
    (await product.send({ class: 'other', from: 'app@example.org', recipient: { email: 'a@example.net' }, ...message }))
      .body.id
  const link = { code: 'content.link', where: 'html', what: 'review.example.com', shown: 'example.org' }
  const address = { code: 'content.other-address', where: 'subject', what: 'ann@example.com' }
  const html = '<a href="https://review.example.com/">https://example.org</a>'
  const id = await send({ subject: 'For ann@example.com', html, account: 'account-1' })
  expect((await findings(id, ana.key)).body).toEqual({ findings: [address, link] })
  // The application is not told whom it mixed up.
  expect((await findings(id, apiKey)).body).toEqual({ findings: [{ ...address, what: 'a…@example.com' }, link] })
  expect(await findings(id, causeKey)).toMatchObject({ status: 403, body: { code: 'auth.scope-missing' } })
  const unknown = await findings('01890000-0000-7000-8000-000000000000', ana.key)
  expect(unknown).toMatchObject({ status: 404, body: { code: 'message.unknown' } })
  // Also a whole mail, and one that is larger than what is looked at in this thread.
  const { reply } = await ofMail(`To: ann@example.com\r\nSubject: x\r\n\r\n${'x '.repeat(20_000)}\r\nevil.com/y\r\n`)
  expect((await findings(/ (\S+) hold/.exec(reply)![1], ana.key)).body.findings).toEqual([
    { code: 'content.recipients', where: 'to', what: 'to' },
    { code: 'content.link', where: 'text', what: 'evil.com' },
  ])
  expect((await ofMessage({ subject: 'A sign-in', text: 'Hello.' })).outcome).toBe('deliver')
  expect((await product.ask('/v1/accounts/account-1', { method: 'DELETE', key: ana.key })).status).toBeLessThan(300)
  expect(await findings(id, ana.key)).toMatchObject({ status: 410, body: { code: 'message.erased' } })
})

import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiKey, causeKey, openHouse, Product, SmtpClient, smtpPassword, smtpUser } from '../product.ts'
import { type Sink, startSink } from '../sink.ts'

// No open relay: nobody sends without a credential, and with one only from the senders and in the classes that it is bound to.

const bound = {
  ...openHouse,
  trustedNetworks: [],
  application: { senders: ['app@example.org', '@shop.example.org'], classes: ['other', 'sign-in-alert'] },
}
const mail = 'From: app@example.org\r\nSubject: Hello\r\n\r\nHello\r\n'
const plain = (text: string) => Buffer.from(text).toString('base64')

let sink: Sink
let product: Product
beforeAll(async () => {
  sink = await startSink()
  product = await Product.start({ config: bound, upstreams: [sink.port], env: { TOCSIN_HOST: '0.0.0.0' } })
})
afterAll(() => sink.close())

describe('without a credential', () => {
  it.each([
    'MAIL FROM:<app@example.org>',
    'MAIL FROM:<>',
    'RCPT TO:<a@example.net>',
    'DATA',
    'VRFY a@example.net',
  ])('%s: 530', async line => {
    const client = await product.smtp()
    expect(await client.say(line)).toMatch(/^530 5\.7\.0 /)
    client.close()
  })

  it.each([
    ['a wrong password', `AUTH PLAIN ${plain(`\0${smtpUser}\0wrong`)}`, /^535 5\.7\.8 /],
    ['an unknown user', `AUTH PLAIN ${plain(`\0nobody\0${smtpPassword}`)}`, /^535 5\.7\.8 /],
    [
      'the password of another case',
      `AUTH PLAIN ${plain(`\0${smtpUser}\0${smtpPassword.toUpperCase()}`)}`,
      /^535 5\.7\.8 /,
    ],
    ['an empty user and password', `AUTH PLAIN ${plain('\0\0')}`, /^5(?:35 5\.7\.8|01 5\.5\.[24]) /],
    ['an empty password', `AUTH PLAIN ${plain(`\0${smtpUser}\0`)}`, /^5(?:35 5\.7\.8|01 5\.5\.[24]) /],
    ['nothing', 'AUTH PLAIN =', /^5(?:35 5\.7\.8|01 5\.5\.[24]) /],
    ['a NUL too many', `AUTH PLAIN ${plain(`\0${smtpUser}\0${smtpPassword}\0`)}`, /^5(?:35 5\.7\.8|01 5\.5\.[24]) /],
    [
      'someone else to act as',
      `AUTH PLAIN ${plain(`admin\0${smtpUser}\0${smtpPassword}`)}`,
      /^5(?:35 5\.7\.8|01 5\.5\.[24]) /,
    ],
    ['no base64', 'AUTH PLAIN ****', /^501 5\.5\.[24] /],
    ['another mechanism', 'AUTH CRAM-MD5', /^504 5\.5\.4 /],
    ['a bearer key', `AUTH XOAUTH2 ${plain(`user=${smtpUser}\x01auth=Bearer ${apiKey}\x01\x01`)}`, /^504 5\.5\.4 /],
    ['the API key for a password', `AUTH PLAIN ${plain(`\0${smtpUser}\0${apiKey}`)}`, /^535 5\.7\.8 /],
  ])('AUTH with %s: refused, and nothing can be sent', async (_, line, expected) => {
    const client = await product.smtp()
    expect(await client.say(line)).toMatch(expected)
    expect(await client.say('MAIL FROM:<app@example.org>')).toMatch(/^530 5\.7\.0 /)
    client.close()
  })

  it('AUTH LOGIN with empty lines: refused', async () => {
    const client = await product.smtp()
    expect(await client.say('AUTH LOGIN')).toMatch(/^334 /)
    expect(await client.say('')).toMatch(/^(?:334|5\d\d) /)
    const end = await client.say('')
    expect(end).toMatch(/^5\d\d 5\./)
    expect(await client.say('MAIL FROM:<app@example.org>')).toMatch(/^530 5\.7\.0 /)
    client.close()
  })

  it('three wrong passwords end the connection', async () => {
    const client = await product.smtp()
    for (const _ of [1, 2, 3]) expect(await client.login(smtpUser, 'wrong')).toMatch(/^535 /)
    expect(await client.reply()).toMatch(/^421 4\.7\.0 /)
    client.close()
  })
})

const outside = Object.values(networkInterfaces())
  .flat()
  .find(one => one && !one.internal && one.family === 'IPv4')?.address

describe.runIf(outside)(
  `from an address that is not this machine's own (${outside ? 'there is one' : 'this machine has none'})`,
  () => {
    const open = async () => {
      const client = new SmtpClient(connect({ host: outside!, port: product.running.smtpPort }))
      await client.reply()
      return client
    }

    it('AUTH is neither offered nor taken before TLS', async () => {
      const client = await open()
      await client.say('EHLO client.example.org')
      expect(await client.login()).toMatch(/^5(?:38 5\.7\.11|30 5\.7\.0|03 5\.5\.1) /)
      expect(await client.say('MAIL FROM:<app@example.org>')).toMatch(/^530 5\.7\.0 /)
      client.close()
    })

    it('AUTH is taken over TLS, and what was sent ahead of it in plaintext is forgotten', async () => {
      const client = await open()
      await client.say('EHLO client.example.org')
      client.write('STARTTLS\r\nMAIL FROM:<evil@example.org>\r\n')
      expect(await client.reply()).toMatch(/^220 /)
      client.socket.removeAllListeners('data')
      const broken = new Promise<string>(resolve => {
        const secure = connectTls({ socket: client.socket, rejectUnauthorized: false })
        secure.on('error', () => resolve('broken'))
        secure.on('secureConnect', async () => {
          const inside = new SmtpClient(secure)
          await inside.say('EHLO client.example.org')
          resolve(await inside.say('RCPT TO:<victim@example.net>'))
        })
      })
      expect(await broken).toMatch(/^(?:broken|5\d\d )/)
      client.close()
    })
  },
)

describe('with a credential', () => {
  const send = async (data: string, envelope: { from?: string; to?: string } = {}) => {
    const client = await product.smtp()
    expect(await client.login()).toMatch(/^235 /)
    const reply = await client.mail(data, envelope)
    client.close()
    return reply
  }

  it.each([
    ['a bound sender', mail, {}],
    ['an address of a bound domain', mail.replace('app@', 'Any.One@Shop.'), { from: 'bounce@shop.example.org' }],
    ['a bound class', `X-Tocsin-Class: sign-in-alert\r\n${mail}`, {}],
  ] as const)('%s: sent', async (_, data, envelope) => {
    expect(await send(data, envelope)).toMatch(/^250 /)
  })

  it.each([
    ['another sender in the envelope', mail, { from: 'app@evil.test' }, 'sender.not-allowed'],
    ['another sender in From', mail.replace('example.org', 'evil.test'), {}, 'sender.not-allowed'],
    ['a subdomain of the sender', mail.replace('example.org', 'sub.example.org'), {}, 'sender.not-allowed'],
    ['a domain that ends like the bound one', mail.replace('app@', 'app@evil'), {}, 'sender.not-allowed'],
    [
      'two senders in From',
      mail.replace('app@example.org', 'app@example.org, ceo@evil.test'),
      {},
      'sender.not-allowed',
    ],
    ['two From fields', `From: app@example.org\r\n${mail.replace('app@', 'ceo@')}`, {}, 'sender.not-allowed'],
    ['no From', 'Subject: Hello\r\n\r\nHello\r\n', {}, 'sender.not-allowed'],
    [
      'a name that looks like an address',
      mail.replace('app@example.org', '"app@example.org" <ceo@evil.test>'),
      {},
      'sender.not-allowed',
    ],
    [
      'a comment that looks like an address',
      mail.replace('app@example.org', 'ceo@evil.test (app@example.org)'),
      {},
      'sender.not-allowed',
    ],
    ['a group', mail.replace('app@example.org', 'app@example.org:ceo@evil.test;'), {}, 'sender.not-allowed'],
    ['another class', `X-Tocsin-Class: breach-notice\r\n${mail}`, {}, 'class.not-allowed'],
    ['an unknown class', `X-Tocsin-Class: nothing\r\n${mail}`, {}, 'class.unknown'],
    ['a class of every object', `X-Tocsin-Class: constructor\r\n${mail}`, {}, 'class.unknown'],
  ] as const)('%s: 550 5.7.1', async (_, data, envelope, code) => {
    expect(await send(data, envelope)).toMatch(new RegExp(`^550 5\\.7\\.1 ${code.replace('.', '\\.')}: `))
  })

  it.each([
    'a%evil.test@example.net',
    'evil.test!a@example.net',
    '@evil.test:a@example.net',
    '"a@evil.test"@example.net',
    'a@evil.test@example.net',
  ])('no routing by the recipient %s', async to => {
    expect(await send(mail, { to })).toMatch(/^553 5\.1\.3 /)
  })
})

describe('over HTTP', () => {
  const message = {
    class: 'other',
    recipient: { email: 'someone@example.net' },
    from: 'app@example.org',
    subject: 'Hello',
    text: 'Hello',
  }

  it.each([
    ['no key', '', 401, 'auth.missing'],
    ['an unknown key', 'unknown', 401, 'auth.unknown-key'],
    ['the key of the cause source', causeKey, 403, 'auth.scope-missing'],
    ['the key of every object', 'constructor', 401, 'auth.unknown-key'],
  ])('%s', async (_, key, status, code) => {
    const headers = key === '' ? { authorization: '' } : {}
    const body = JSON.stringify(message)
    const answer = await product.ask('/v1/messages', {
      method: 'POST',
      key,
      body,
      headers: { 'content-type': 'application/json', ...headers },
    })
    expect(answer).toMatchObject({ status, body: { code } })
  })

  it.each([
    ['another sender', { from: 'app@evil.test' }, 'sender.not-allowed'],
    ['a name that looks like the sender', { from: '"app@example.org" <ceo@evil.test>' }, 'mailbox.name-character'],
    ['a subdomain', { from: 'app@sub.example.org' }, 'sender.not-allowed'],
    ['another class', { class: 'breach-notice' }, 'class.not-allowed'],
  ])('%s: refused', async (_, change, code) => {
    expect(await product.send({ ...message, ...change })).toMatchObject({ status: 422, body: { faults: [{ code }] } })
  })

  it.each([
    'app@example.org',
    'app@EXAMPLE.org',
    'App@example.org',
    'Shop <any@shop.example.org>',
  ])('%s is a bound sender, as over SMTP', async from => {
    expect((await product.send({ ...message, from })).status).toBe(202)
  })

  it('a key that sends reports no causes', async () => {
    const answer = await product.ask('/v1/events', {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    expect(answer).toMatchObject({ status: 403, body: { code: 'auth.scope-missing' } })
  })
})

it('only what was allowed went out, to the one recipient', async () => {
  const states = await product.settled()
  expect(states).toEqual({ delivered: sink.mails.length })
  expect(new Set(sink.mails.flatMap(({ to }) => to))).toEqual(new Set(['<someone@example.net>']))
  for (const { from, data } of sink.mails) {
    expect(from).toMatch(/@(?:shop\.)?example\.org>/)
    expect(data.toString()).toMatch(/^From: .*@(?:shop\.)?example\.org>?\r$/im)
  }
})

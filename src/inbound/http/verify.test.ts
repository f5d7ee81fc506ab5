import { describe, expect, it } from 'vitest'
import { httpOver, nothingVerified } from './test-ports.ts'

const question = { code: '0000-0000-0000', recipient: 'ann@example.org' }

describe('how often may be asked', () => {
  it('is bounded for all, with one answer for everybody', async () => {
    const { app } = httpOver()
    const ask = () => app.inject({ method: 'POST', url: '/v1/verify', payload: question })
    const answers = await Promise.all(Array.from({ length: 400 }, ask))
    const refused = answers.filter(({ statusCode }) => statusCode === 429)
    expect(refused).toHaveLength(100)
    expect(new Set(refused.map(({ headers, body }) => `${headers['retry-after']} ${body}`)).size).toBe(1)
    expect(refused[0]!.headers['retry-after']).toBe('30')
    expect(refused[0]!.json()).toMatchObject({ status: 429, code: 'rate.limited' })
    const page = await app.inject({ method: 'POST', url: '/verify', headers: form, payload: 'code=1&recipient=2' })
    expect([page.statusCode, page.headers['retry-after']]).toEqual([429, '30'])
  })

  it('is bounded for a network, and what a stranger says of whom it asks for counts for nothing', async () => {
    const { app } = httpOver()
    const ask = (n: number) =>
      app.inject({
        method: 'POST',
        url: '/v1/verify',
        payload: question,
        remoteAddress: `192.0.2.${n}`,
        headers: { 'x-forwarded-for': `198.51.${n}.1` },
      })
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => ask(n)))
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(30)
    const other = await app.inject({
      method: 'POST',
      url: '/v1/verify',
      payload: question,
      remoteAddress: '203.0.113.1',
    })
    expect(other.statusCode).toBe(200)
  })

  it('counts the clients of a proxy that is trusted', async () => {
    const verify = { ...nothingVerified, isTrustedProxy: (address: string) => address === '192.0.2.1' }
    const { app } = httpOver({ verify })
    const ask = (client: string) =>
      app.inject({
        method: 'POST',
        url: '/v1/verify',
        payload: question,
        remoteAddress: '192.0.2.1',
        headers: { 'x-forwarded-for': client },
      })
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask('198.51.100.1')))
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(30)
    expect((await ask('203.0.113.1')).statusCode).toBe(200)
  })

  it('makes a large mail several questions', async () => {
    const { app } = httpOver()
    const payload = { mail: 'x'.repeat(640 * 1024) }
    const ask = () => app.inject({ method: 'POST', url: '/v1/verify', payload, remoteAddress: '192.0.2.1' })
    expect([(await ask()).statusCode, (await ask()).statusCode, (await ask()).statusCode]).toEqual([200, 200, 429])
  })
})

const form = { 'content-type': 'application/x-www-form-urlencoded' }

describe('what is asked', () => {
  it('reaches the verifier as bytes, whatever the media type', async () => {
    const asked: unknown[] = []
    const { app } = httpOver({
      verify: {
        ...nothingVerified,
        answer: async (one, language) => {
          asked.push([one.kind, one.kind === 'mail' ? [...one.data] : one.code, one.recipient, language])
          return { verdict: 'unknown', advice: '' }
        },
      },
    })
    const url = '/v1/verify'
    const mail = Buffer.from([0x41, 0xe4, 0x0d, 0x0a])
    const raw = { 'content-type': 'message/rfc822', 'accept-language': 'de' }
    await app.inject({ method: 'POST', url: `${url}?recipient=ann@example.org`, headers: raw, payload: mail })
    await app.inject({ method: 'POST', url, payload: { mail: 'Aä' } })
    await app.inject({ method: 'POST', url, payload: question })
    expect(asked).toEqual([
      ['mail', [0x41, 0xe4, 0x0d, 0x0a], 'ann@example.org', 'de'],
      ['mail', [0x41, 0xc3, 0xa4], undefined, undefined],
      ['code', '0000-0000-0000', 'ann@example.org', undefined],
    ])
  })

  it('is refused when it is too large, or of another type', async () => {
    const { app } = httpOver()
    const post = async (payload: object | string, type = 'application/json') =>
      (await app.inject({ method: 'POST', url: '/v1/verify', headers: { 'content-type': type }, payload })).statusCode
    expect(await post({ mail: 'ä'.repeat(600 * 1024) })).toBe(413)
    expect(await post({ mail: 'x'.repeat(1024 * 1024 + 1) })).toBe(422)
    expect(await post('x', 'text/plain')).toBe(415)
    expect(await post('', 'message/rfc822')).toBe(422)
  })
})

import crypto from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Line } from '../fetch.ts'
import {
  attemptDelaysMs,
  lineTo,
  nextAttemptDelayMs,
  post as postBy,
  type WebhookEndpoint,
  type WebhookEvent,
} from './send.ts'
import { generateWebhookKeys, webhookHeaders, webhookPublicKey, webhookSecretFault } from './sign.ts'

describe('signing', () => {
  // The vector of the Standard Webhooks libraries.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' }

  it('agrees with the published vector', () => {
    expect(webhookHeaders({ symmetric: [secret], asymmetric: [] }, message)).toEqual({
      'webhook-id': message.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  it('signs with every key of both kinds', () => {
    const keys = generateWebhookKeys()
    const headers = webhookHeaders({ symmetric: [secret, keys.symmetric], asymmetric: [keys.asymmetric] }, message)
    const [first, second, third] = headers['webhook-signature']!.split(' ')
    expect([first, second].every(one => one!.startsWith('v1,'))).toBe(true)
    const raw = Buffer.from(keys.publicKey.slice('whpk_'.length), 'base64')
    const key = crypto.createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
      format: 'jwk',
    })
    const content = Buffer.from(`${message.id}.${message.timestamp}.${message.body}`)
    expect(crypto.verify(null, content, key, Buffer.from(third!.slice('v1a,'.length), 'base64'))).toBe(true)
    expect(webhookPublicKey(keys.asymmetric)).toBe(keys.publicKey)
  })

  it('asserts an id without a dot', () => {
    expect(() => webhookHeaders({ symmetric: [secret], asymmetric: [] }, { ...message, id: 'a.b' })).toThrow(
      'a webhook id',
    )
  })

  it.each([
    [secret, undefined],
    ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'secret-prefix'],
    ['whsec_***', 'secret-base64'],
    ['whsec_c2hvcnQ=', 'secret-length'],
    ['whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'secret-length'],
  ])('%s: %s', (text, fault) => {
    expect(webhookSecretFault(text)).toBe(fault)
  })
})

describe('when to try again', () => {
  it('grows, carries jitter, is the same for the same seed, and ends', () => {
    const delays = attemptDelaysMs.map((_, attempt) => nextAttemptDelayMs(attempt, 'seed')!)
    expect(delays[0]).toBe(0)
    delays.forEach((delay, at) => {
      expect(delay).toBeGreaterThanOrEqual(attemptDelaysMs[at]!)
      expect(delay).toBeLessThanOrEqual(attemptDelaysMs[at]! * 1.2)
    })
    expect(nextAttemptDelayMs(3, 'seed')).toBe(delays[3])
    expect(nextAttemptDelayMs(3, 'other')).not.toBe(delays[3])
    expect(nextAttemptDelayMs(attemptDelaysMs.length, 'seed')).toBeUndefined()
  })
})

describe('sending', () => {
  const servers: http.Server[] = []
  const lines: Line[] = []
  afterEach(async () => {
    for (const line of lines.splice(0)) await line.close()
    for (const server of servers.splice(0)) {
      server.close()
      server.closeAllConnections()
    }
  })

  async function endpoint(handle: http.RequestListener) {
    const server = http.createServer(handle)
    servers.push(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const keys = { symmetric: [generateWebhookKeys().symmetric], asymmetric: [] }
    const { port } = server.address() as AddressInfo
    return { url: `http://127.0.0.1:${port}/hook`, keys, allow: { http: true, loopback: true } }
  }
  function post(target: WebhookEndpoint, event: WebhookEvent, now: number) {
    const line = lineTo(target, { requestsMax: 1, requestMsMax: 5000 })
    lines.push(line)
    return postBy(line, target, event, now)
  }
  const event = { id: 'msg_1', type: 'message.held', timestamp: '2026-11-22T00:00:00Z', data: { id: 'x' } }

  it.each([
    [200, { status: 'accepted', code: 200 }],
    [204, { status: 'accepted', code: 204 }],
    [301, { status: 'deferred', reason: 'answer', code: 301 }],
    [404, { status: 'deferred', reason: 'answer', code: 404 }],
    [410, { status: 'rejected', code: 410 }],
    [429, { status: 'deferred', reason: 'answer', code: 429, retryAfterMs: 7000 }],
    [500, { status: 'deferred', reason: 'answer', code: 500 }],
  ])('%i', async (code, outcome) => {
    const target = await endpoint((_request, response) => {
      response.writeHead(code, { location: 'http://127.0.0.1:1/', ...(code === 429 && { 'retry-after': '7' }) }).end()
    })
    expect(await post(target, event, 1_000)).toEqual(outcome)
  })

  it('sends type, timestamp and data, signed as they are', async () => {
    const { promise, resolve } = Promise.withResolvers<{ headers: http.IncomingHttpHeaders; body: string }>()
    const target = await endpoint(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      response.end()
      resolve({ headers: request.headers, body })
    })
    await post(target, event, 1_614_265_330_999)
    const { headers, body } = await promise
    expect(JSON.parse(body)).toEqual({ type: event.type, timestamp: event.timestamp, data: event.data })
    expect(headers).toMatchObject(webhookHeaders(target.keys, { id: 'msg_1', timestamp: 1_614_265_330, body }))
  })

  it('does not know what became of a request that got no answer', async () => {
    const target = await endpoint(request => request.socket.destroy())
    expect(await post(target, event, 1)).toEqual({ status: 'unknown', reason: 'lost' })
  })

  it('knows that nothing arrived where nobody listens', async () => {
    const target = await endpoint(() => {})
    await new Promise(resolve => servers[0]!.close(resolve))
    expect(await post(target, event, 1)).toEqual({
      status: 'deferred',
      reason: 'ECONNREFUSED',
      unreachable: true,
    })
  })
})

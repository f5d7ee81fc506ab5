import http from 'node:http'
import type { AddressInfo } from 'node:net'
import zlib from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { isReachable, Line, type LineOptions, lineMsMax, outgoing } from './fetch.ts'

let server: http.Server
let port: number
let hits = 0
let connections = 0
beforeAll(async () => {
  server = http.createServer((request, response) => {
    hits++
    if (request.url === '/slow') response.write('x')
    else if (request.url === '/endless') {
      response.on('error', () => {})
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', more)
      more()
    } else if (request.url === '/bomb') {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(zlib.gzipSync(Buffer.alloc(10_000_000)))
    } else if (request.url === '/redirect') response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end()
    else response.end('hello')
  })
  server.on('connection', () => void connections++)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

const allow = { http: true, loopback: true }
const here = (path: string) => `http://127.0.0.1:${port}${path}`

describe('what is not reached', () => {
  it.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://0/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://100.64.0.1/',
    'https://255.255.255.255/',
    'https://224.0.0.1/',
    'https://[ff02::1]/',
  ])('%s', async url => {
    expect(await outgoing({ url })).toEqual({ status: 'blocked', reason: 'address-not-public' })
  })

  it.each([
    ['http://example.org/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['https://user:pass@example.org/', 'credentials-in-address'],
    ['https://example.org:25/', 'port'],
    ['https://example.org:22/', 'port'],
    ['nonsense', 'not-an-address'],
  ])('%s: %s', async (url, reason) => {
    expect(await outgoing({ url })).toEqual({ status: 'blocked', reason })
  })

  it.each([
    ['a name with a private address', ['127.0.0.1']],
    ['a name with a public and a private address', ['192.0.43.8', '10.0.0.1']],
    ['a name with an IPv4 address in IPv6 clothes', ['::ffff:169.254.169.254']],
  ])('%s', async (_, addresses) => {
    const before = hits
    const url = `http://rebind.test:${port}/`
    const answer = await outgoing({ url, allow: { http: true }, resolve: async () => addresses })
    expect(answer).toEqual({ status: 'blocked', reason: 'address-not-public' })
    expect(hits).toBe(before)
  })

  it('a name that answers differently the second time is asked once only', async () => {
    let asked = 0
    const resolve = async () => (asked++ === 0 ? ['127.0.0.1'] : ['10.0.0.1'])
    const answer = await outgoing({ url: `http://rebind.test:${port}/`, allow, resolve })
    expect(answer).toMatchObject({ status: 'answered', code: 200 })
    expect(asked).toBe(1)
  })

  it('a private address needs its own permission', () => {
    expect(isReachable('10.0.0.1', { loopback: true })).toBe(false)
    expect(isReachable('10.0.0.1', { private: true })).toBe(true)
    expect(isReachable('169.254.169.254', { private: true, loopback: true })).toBe(false)
    expect(isReachable('192.0.43.8')).toBe(true)
    expect(isReachable('not an address')).toBe(false)
  })
})

describe('what comes back', () => {
  it('is bounded in bytes', async () => {
    const answer = await outgoing({ url: here('/endless'), allow, responseBytesMax: 1000 })
    expect(answer.status === 'answered' && answer.body.length).toBe(1000)
  })

  it('is bounded in time', async () => {
    expect(await outgoing({ url: here('/slow'), allow, msMax: 80 })).toEqual({ status: 'unknown', reason: 'timeout' })
  })

  it('is not unpacked', async () => {
    const answer = await outgoing({ url: here('/bomb'), allow })
    expect(answer.status === 'answered' && answer.body.length).toBeLessThan(20_000)
  })

  it('is the redirect itself', async () => {
    const before = hits
    expect(await outgoing({ url: here('/redirect'), allow })).toMatchObject({ status: 'answered', code: 302 })
    expect(hits).toBe(before + 1)
  })

  it('says when there is no such name', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }))
    expect(await outgoing({ url: 'https://none.test/', resolve })).toEqual({
      status: 'unreachable',
      reason: 'ENOTFOUND',
    })
  })
})

describe('a line', () => {
  const lines: Line[] = []
  afterEach(async () => {
    for (const line of lines.splice(0)) await line.close()
  })
  function open(options: Partial<LineOptions> = {}): Line {
    const line = new Line({ connectionsMax: 2, allow, ...options })
    lines.push(line)
    return line
  }
  const named = (path = '/') => `http://rebind.test:${port}${path}`

  it('keeps its connections, and asks for the name once for each', async () => {
    let asked = 0
    const resolve = async () => {
      asked++
      return ['127.0.0.1']
    }
    const line = open({ resolve })
    const before = connections
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all([1, 2, 3, 4].map(() => line.ask({ url: named() })))
      expect(answers.map(answer => answer.status)).toEqual(Array(4).fill('answered'))
    }
    expect(connections - before).toBe(2)
    expect(asked).toBe(2)
  })

  it('checks the name again for a new connection: one that is private by then is not reached', async () => {
    const answers = [['127.0.0.1'], ['10.0.0.1']]
    const line = open({ connectionsMax: 1, resolve: async () => answers.shift()! })
    expect(await line.ask({ url: named() })).toMatchObject({ status: 'answered' })
    const before = hits
    server.closeAllConnections()
    await expect
      .poll(() => line.ask({ url: named() }), { timeout: 3000 })
      .toEqual({ status: 'blocked', reason: 'address-not-public' })
    expect(hits).toBe(before)
    expect(answers).toEqual([])
  })

  it('begins anew after a minute, with a check', async () => {
    let now = 0
    let addresses = ['127.0.0.1']
    const line = open({ connectionsMax: 1, now: () => now, resolve: async () => addresses })
    await line.ask({ url: named() })
    addresses = ['169.254.169.254']
    now = lineMsMax - 1
    expect(await line.ask({ url: named() }), 'the connection of the first check').toMatchObject({ status: 'answered' })
    now = lineMsMax
    expect(await line.ask({ url: named() })).toEqual({ status: 'blocked', reason: 'address-not-public' })
  })

  it('is as strict as a single request', async () => {
    const line = open({ allow: {} })
    expect(await line.ask({ url: here('/') })).toEqual({ status: 'blocked', reason: 'scheme' })
    expect(await line.ask({ url: `https://127.0.0.1:${port}/` })).toMatchObject({ reason: 'address-not-public' })
    const allowed = open({ msMax: 80 })
    expect(await allowed.ask({ url: here('/redirect') })).toMatchObject({ status: 'answered', code: 302 })
    expect(await allowed.ask({ url: here('/slow') })).toEqual({ status: 'unknown', reason: 'timeout' })
  })

  it('gives up the connection of an answer that was cut off, and no other', async () => {
    const line = open({ connectionsMax: 1 })
    const before = connections
    await line.ask({ url: here('/') })
    const cut = await line.ask({ url: here('/endless'), responseBytesMax: 1000 })
    expect(cut.status === 'answered' && cut.body.length).toBe(1000)
    expect(await line.ask({ url: here('/') })).toMatchObject({ status: 'answered', code: 200 })
    expect(connections - before).toBe(2)
  })
})

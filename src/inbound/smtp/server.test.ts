import { Buffer } from 'node:buffer'
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import nodemailer from 'nodemailer'
import { afterEach, describe, expect, it } from 'vitest'
import { selfSigned } from './certificate.ts'
import { type Envelope, type Reply, type SmtpOptions, type SmtpServer, startSmtp } from './server.ts'

type Got = { client: string; envelope: Envelope; text: string }

const accepted: Reply = { code: 250, enhanced: '2.0.0', text: 'id deliver' }
const tls = selfSigned('mx.example.org', Date.now())
const run = promisify(execFile)

const servers: SmtpServer[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(servers.splice(0).map(server => server.close(0)))
})

async function started(
  options: Partial<SmtpOptions<string>> = {},
): Promise<{ port: number; got: Got[]; server: SmtpServer; faults: object[] }> {
  const got: Got[] = []
  const faults: object[] = []
  const server = await startSmtp<string>({
    host: '127.0.0.1',
    port: 0,
    hostname: 'mx.example.org',
    trusted: () => 'shop',
    authenticate: async (user, password) => (user === 'jane' && password === 'pencil' ? 'shop' : undefined),
    accept: async (client, envelope, data) => {
      got.push({ client, envelope, text: data.toString('latin1') })
      return accepted
    },
    log: { info() {}, warn: fields => void faults.push(fields) },
    ...options,
  })
  servers.push(server)
  return { port: server.port, got, server, faults }
}

// A client that sends what it is told and gives the reply lines as they come.
class Client {
  readonly socket: Socket
  text = ''
  readonly closed: Promise<unknown>
  #wake = () => {}

  constructor(socket: Socket) {
    this.socket = socket
    sockets.push(socket)
    this.closed = once(socket, 'close')
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => this.#wake())
    socket.on('data', chunk => {
      this.text += chunk.toString('latin1')
      this.#wake()
    })
  }

  send(text: string | Buffer): this {
    this.socket.write(text)
    return this
  }

  // Waits for the next last line of a reply that the pattern fits.
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = new RegExp(`^${pattern.source}.*\r\n`, 'm').exec(this.text)
      if (found !== null) {
        this.text = this.text.slice(found.index + found[0].length)
        return found[0].trim()
      }
      if (this.socket.destroyed) throw new Error(`closed while waiting for ${pattern}: ${JSON.stringify(this.text)}`)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}

async function client(port: number): Promise<Client> {
  const made = new Client(connect({ host: '127.0.0.1', port }))
  await made.until(/220 /)
  made.send('EHLO client.example.org\r\n')
  await made.until(/250 ENH/)
  return made
}

const begin = 'MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n'
const mail = 'Subject: x\r\n\r\nhello\r\n.\r\n'

describe('a conversation over a socket', () => {
  it('delivers to accept what was sent, with the envelope', async () => {
    const { port, got } = await started()
    const c = await client(port)
    expect(await c.send(begin + mail).until(/250 2\.0\.0 id/)).toBe('250 2.0.0 id deliver')
    expect(got).toMatchObject([
      {
        client: 'shop',
        envelope: {
          from: { address: 'a@example.org' },
          to: { address: 'b@example.net' },
          remoteAddress: '127.0.0.1',
          tls: false,
          helo: 'client.example.org',
        },
        text: 'Subject: x\r\n\r\nhello\r\n',
      },
    ])
    await c.send('QUIT\r\n').until(/221 2\.0\.0/)
    await c.closed
  })

  it('answers ten thousand pipelined commands in order, while each mail waits for its answer', async () => {
    let count = 0
    const accept = async () => {
      await new Promise(resolve => setImmediate(resolve))
      return { ...accepted, text: `mail ${++count}` }
    }
    const { port } = await started({ accept })
    const c = await client(port)
    c.send((begin + mail).repeat(2500))
    await c.until(/250 2\.0\.0 mail 2500/)
    expect(count).toBe(2500)
  })

  it('answers a client that has already ended its side', async () => {
    const { port, got } = await started()
    const c = await client(port)
    c.socket.end(begin + mail)
    await c.until(/250 2\.0\.0 id/)
    await c.closed
    expect(got).toHaveLength(1)
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('the journal is away'))],
    [
      'throws',
      () => {
        throw new Error('broken')
      },
    ],
    ['would break the protocol', async () => ({ code: 250, enhanced: '2.0.0', text: 'ok\r\n250 2.0.0 injected' })],
  ])('says 451 when accept %s', async (_what, accept) => {
    const { port, faults } = await started({ accept })
    const c = await client(port)
    expect(await c.send(begin + mail).until(/4\d\d /)).toMatch(/^451 4\.3\.0 /)
    expect(faults).toHaveLength(1)
  })

  it('cuts a reply that is too long for a line', async () => {
    const { port } = await started({ accept: async () => ({ code: 550, enhanced: '5.6.0', text: 'x'.repeat(1000) }) })
    const c = await client(port)
    expect(await c.send(begin + mail).until(/5\d\d /)).toBe(`550 5.6.0 ${'x'.repeat(400)}`)
  })

  it('says 454 when nobody can say whether a password is right', async () => {
    const { port } = await started({ trusted: () => undefined, authenticate: () => Promise.reject(new Error('away')) })
    const c = await client(port)
    expect(await c.send('AUTH PLAIN AGEAYg==\r\n').until(/\d{3} /)).toMatch(/^454 4\.7\.0 /)
  })

  it('names the port and the setting when the port is taken', async () => {
    const { port } = await started()
    await expect(started({ port })).rejects.toMatchObject({
      code: 'port-in-use',
      message: expect.stringMatching(new RegExp(`${port}.*TOCSIN_SMTP_PORT`)),
    })
  })
})

describe('STARTTLS', () => {
  async function secured(c: Client): Promise<Client> {
    await c.send('STARTTLS\r\nMAIL FROM:<injected@example.org>\r\n').until(/220 2\.0\.0/)
    c.socket.removeAllListeners('data')
    const socket = connectTls({ socket: c.socket, ca: tls.cert, servername: 'mx.example.org' })
    await once(socket, 'secureConnect')
    return new Client(socket)
  }

  it('verifies, and runs nothing that was sent before the handshake', async () => {
    const { port, got } = await started({ tls })
    const c = await secured(await client(port))
    await c.send('RCPT TO:<b@example.net>\r\n').until(/503 5\.5\.1 Send MAIL/)
    await c.send('EHLO again.example.org\r\n').until(/250 ENH/)
    await c.send(begin + mail).until(/250 2\.0\.0 id/)
    expect(c.text).toBe('')
    expect(got).toMatchObject([
      { envelope: { tls: true, helo: 'again.example.org', from: { address: 'a@example.org' } } },
    ])
  })

  it('breaks off when plain text comes in the place of the handshake', async () => {
    const { port, got } = await started({ tls })
    const c = await client(port)
    await c.send('STARTTLS\r\n').until(/220 2\.0\.0/)
    c.send(`EHLO x\r\n${begin}${mail}`)
    await c.closed
    expect(got).toEqual([])
  })

  it('carries large mails and survives a client that vanishes', async () => {
    const { port, got } = await started({ tls })
    const lost = await secured(await client(port))
    lost.send(`EHLO a\r\n${begin}half a mail`)
    await lost.until(/354 /)
    lost.socket.destroy()
    const c = await secured(await client(port))
    c.send(`EHLO a\r\n${begin}\r\n${`${'x'.repeat(76)}\r\n`.repeat(50_000)}.\r\n`)
    await c.until(/250 2\.0\.0 id/)
    expect(got.map(({ text }) => text.length)).toEqual([2 + 78 * 50_000])
  })
})

describe('clients that we did not write', () => {
  const python = ['python3', '/usr/bin/python3'].find(path => spawnSync(path, ['-c', 'import smtplib']).status === 0)
  const swaks = spawnSync('swaks', ['--version']).status === 0
  const noPython = python === undefined ? ' (skipped: there is no python3 with smtplib)' : ''
  const noSwaks = swaks ? '' : ' (skipped: there is no swaks)'

  it('nodemailer over STARTTLS with a password', async () => {
    const { port, got } = await started({ tls, trusted: () => undefined })
    const transport = nodemailer.createTransport({
      host: '127.0.0.1',
      port,
      requireTLS: true,
      auth: { user: 'jane', pass: 'pencil' },
      tls: { ca: tls.cert, servername: 'localhost' },
    })
    const sent = await transport.sendMail({
      from: 'a@example.org',
      to: 'b@example.net',
      subject: 'grüße',
      text: '.dot\n..dots\nü\n',
    })
    expect(sent.response).toBe('250 2.0.0 id deliver')
    expect(got).toMatchObject([{ envelope: { tls: true }, text: expect.stringContaining('.dot\r\n..dots\r\n') }])
    await expect(
      nodemailer
        .createTransport({
          host: '127.0.0.1',
          port,
          auth: { user: 'jane', pass: 'wrong' },
          tls: { rejectUnauthorized: false },
        })
        .sendMail({ from: 'a@example.org', to: 'b@example.net', text: 'x' }),
    ).rejects.toMatchObject({ responseCode: 535 })
  })

  it.skipIf(noPython !== '')(`smtplib over STARTTLS with a password${noPython}`, async () => {
    const { port, got } = await started({ tls, trusted: () => undefined })
    const script = `
import smtplib
with smtplib.SMTP('127.0.0.1', ${port}) as s:
    s.starttls()
    s.login('jane', 'pencil')
    print(s.sendmail('a@example.org', ['b@example.net', 'c@example.net'], 'Subject: x\\r\\n\\r\\n.\\r\\nend'))
`
    const { stdout } = await run(python!, ['-c', script])
    expect(stdout).toContain('452')
    expect(got.map(({ text }) => text)).toEqual(['Subject: x\r\n\r\n.\r\nend\r\n'])
  })

  it.skipIf(!swaks)(`swaks with each mechanism${noSwaks}`, async () => {
    const { port, got } = await started({ tls, trusted: () => undefined })
    for (const mechanism of ['PLAIN', 'LOGIN']) {
      const common = [
        '--server',
        `127.0.0.1:${port}`,
        '--from',
        'a@example.org',
        '--to',
        'b@example.net',
        '--helo',
        'c.example.org',
      ]
      await run('swaks', [...common, '--auth', mechanism, '--auth-user', 'jane', '--auth-password', 'pencil'])
    }
    expect(got).toHaveLength(2)
  })
})

describe('bounds', () => {
  it('refuses a mail of 26 MB with 552 and takes the next', async () => {
    const { port, got } = await started()
    const c = await client(port)
    c.send(begin)
      .send(Buffer.alloc(26 * 1024 * 1024, `\r\n${'x'.repeat(76)}`))
      .send('\r\n.\r\n')
    expect(await c.until(/5\d\d /)).toMatch(/^552 5\.3\.4 /)
    await c.send(begin + mail).until(/250 2\.0\.0 id/)
    expect(got).toHaveLength(1)
  })

  it('refuses a mail of 1.2 million parts within two seconds and without keeping it', async () => {
    const { port } = await started()
    const c = await client(port)
    const bomb = Buffer.from(`\r\n${'--b\r\n\r\nx\r\n'.repeat(1_200_000)}.\r\n`)
    const before = process.memoryUsage().rss
    const start = performance.now()
    expect(
      await c
        .send(begin)
        .send(bomb)
        .until(/5\d\d /),
    ).toMatch(/^554 5\.6\.0 /)
    expect(performance.now() - start).toBeLessThan(2000)
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
  })

  it.each([
    ['an idle client', { commandMs: 300 }, '', ''],
    ['half a command', { commandMs: 300 }, '', 'NOO'],
    ['a mail that stops', { dataMs: 300 }, begin, 'x'],
    ['a mail that drips', { mailMs: 200, dataMs: 10_000 }, begin, 'drip'],
    ['a command that drips', { commandMs: 200 }, '', 'drip'],
  ])('closes on %s', async (_what, timeouts, first, then) => {
    const { port } = await started({ timeouts })
    const c = await client(port)
    c.send(first)
    const drip = then === 'drip' ? setInterval(() => c.send('x'), 20) : undefined
    if (drip === undefined) c.send(then)
    expect(await c.until(/421 /)).toBe('421 4.4.2 Too slow, closing')
    clearInterval(drip)
    c.socket.end()
    await c.closed
  })

  it('turns away connections beyond the limits, and takes new ones when old ones are gone', async () => {
    const { port } = await started({ connectionsPerAddressMax: 2 })
    const first = await client(port)
    await client(port)
    const third = new Client(connect({ host: '127.0.0.1', port }))
    expect(await third.until(/\d{3} /)).toMatch(/^421 4\.7\.0 /)
    first.send('QUIT\r\n')
    await first.closed
    await expect
      .poll(
        () =>
          client(port).then(
            () => 'open',
            () => 'refused',
          ),
        { interval: 5 },
      )
      .toBe('open')
  })

  it('gives up the largest mail when only half-read ones fill the memory', async () => {
    const { port, got } = await started({ inFlightBytesMax: 300_000 })
    const [large, small] = [await client(port), await client(port)]
    await large.send(begin).until(/354 /)
    await small.send(begin).until(/354 /)
    large.send(Buffer.alloc(350_000, `\r\n${'x'.repeat(78)}`))
    small.send(Buffer.alloc(50_000, `\r\n${'x'.repeat(78)}`))
    large.send('\r\n.\r\n')
    expect(await large.until(/\d{3} /)).toMatch(/^452 4\.3\.1 /)
    await small.send('\r\n.\r\n').until(/250 2\.0\.0 id/)
    await large.send(begin + mail).until(/250 2\.0\.0 id/)
    expect(got.map(({ text }) => text.length > 40_000)).toEqual([true, false])
  })

  it('stops reading while mails in memory wait for their answers, and loses none', async () => {
    let waiting: (() => void)[] = []
    const accept = () => new Promise<Reply>(resolve => waiting.push(() => resolve(accepted)))
    const { port } = await started({ accept, inFlightBytesMax: 100_000 })
    const clients = await Promise.all(Array.from({ length: 4 }, () => client(port)))
    const text = `${begin}\r\n${`${'x'.repeat(78)}\r\n`.repeat(500)}.\r\n`
    for (const c of clients) c.send(text)
    let most = 0
    let answered = 0
    while (answered < clients.length) {
      await expect.poll(() => waiting.length, { interval: 2 }).toBeGreaterThan(0)
      most = Math.max(most, waiting.length)
      const answer = waiting
      waiting = []
      answered += answer.length
      for (const go of answer) go()
    }
    const replies = await Promise.all(clients.map(c => c.until(/(250 2\.0\.0|452 )/)))
    expect(replies).toEqual(new Array(4).fill('250 2.0.0 id deliver'))
    expect(most).toBeLessThan(4)
  })
})

describe('closing', () => {
  it('tells idle clients, answers the mail that was begun, takes no other', async () => {
    const { port, server, got } = await started()
    const [idle, busy] = [await client(port), await client(port)]
    await busy.send(begin).until(/354 /)
    const closed = server.close(5000)
    expect(await idle.until(/421 /)).toBe('421 4.3.2 Shutting down')
    await idle.closed
    busy.send(mail + begin)
    await busy.until(/250 2\.0\.0 id/)
    expect(await busy.until(/421 /)).toBe('421 4.3.2 Shutting down')
    await closed
    expect(got).toHaveLength(1)
    await expect(once(connect({ host: '127.0.0.1', port }), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('cuts what is not done in time', async () => {
    const { port, server } = await started({ accept: () => new Promise(() => {}) })
    const c = await client(port)
    await c.send(begin + mail).until(/354 /)
    await server.close(20)
    await c.closed
    expect(c.text).toBe('')
  })
})

import { SMTPServer } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'
import type { Mailbox } from '../../std/mailbox.ts'
import type { HandoverOutcome } from './outcome.ts'
import { EmailPool, type PoolOptions } from './pool.ts'
import { type Action, type Step, scriptedServer, standardOffers } from './scripted-server.ts'
import type { Upstream } from './upstream.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function mailbox(address: string): Mailbox {
  const at = address.lastIndexOf('@')
  return { local: address.slice(0, at), domain: address.slice(at + 1), address } as Mailbox
}

const from = mailbox('noreply@example.org')
const to = mailbox('alice@example.net')
const body = Buffer.from('Subject: hello\r\n\r\nHello.\r\n')
const mail = (id: string, data = body) => ({ id, from, to, data })

function poolFor(port: number, options: Partial<PoolOptions> = {}, upstream: Partial<Upstream> = {}): EmailPool {
  const pool = new EmailPool({
    upstreams: [
      { id: 'up', host: '127.0.0.1', port, tls: 'opportunistic', verify: false, name: 'client.test', ...upstream },
    ],
    connectionsMax: 1,
    backOffMs: { min: 200, max: 200 },
    random: () => 0.5,
    ...options,
  })
  closers.push(() => pool.close())
  return pool
}

async function serve(script?: (step: Step) => Action, offers?: string[]) {
  const server = await scriptedServer(script, offers)
  closers.push(server.close)
  return server
}

describe('a mail that goes well', () => {
  it('is one pipelined transaction with exactly the given paths, and the same bytes arrive', async () => {
    const server = await serve()
    const outcome = await poolFor(server.port).send('up', mail('1'))
    expect(outcome).toEqual({ status: 'accepted', code: 250, text: '2.0.0 taken' })
    expect(server.lines).toEqual([
      'EHLO client.test',
      `MAIL FROM:<noreply@example.org> SIZE=${body.length}`,
      'RCPT TO:<alice@example.net>',
      'DATA',
    ])
    expect(server.received[0]!.data).toEqual(body)
  })

  it('goes one command at a time where pipelining is not offered', async () => {
    const server = await serve(undefined, [])
    const pool = poolFor(server.port)
    const outcomes = await Promise.all([pool.send('up', mail('1')), pool.send('up', mail('2'))])
    expect(outcomes.map(outcome => outcome.status)).toEqual(['accepted', 'accepted'])
    expect(server.received).toHaveLength(2)
    const packets = server.octets[0]!.map(String)
    expect(packets.filter(packet => packet === 'RCPT TO:<alice@example.net>\r\n')).toHaveLength(2)
    expect(packets.filter(packet => packet === 'DATA\r\n')).toHaveLength(2)
  })

  it('uses the null sender', async () => {
    const server = await serve()
    await poolFor(server.port).send('up', { ...mail('1'), from: null })
    expect(server.lines[1]).toBe(`MAIL FROM:<> SIZE=${body.length}`)
  })

  it('keeps the order, on one connection, with the commands of the next mail in the packet of the last', async () => {
    const server = await serve()
    const pool = poolFor(server.port)
    const data = (i: number) => Buffer.from(`Subject: ${i}\r\n\r\n.dot\r\n..two\r\n`)
    const outcomes = await Promise.all(Array.from({ length: 200 }, (_, i) => pool.send('up', mail(`${i}`, data(i)))))
    expect(outcomes.every(outcome => outcome.status === 'accepted')).toBe(true)
    expect(server.received.map(got => got.data.toString())).toEqual(
      Array.from({ length: 200 }, (_, i) => data(i).toString()),
    )
    expect(server.received.every(got => got.to.length === 1)).toBe(true)
    expect(server.octets).toHaveLength(1)
    expect(Buffer.concat(server.octets[0]!).toString()).toContain('\r\n.\r\nMAIL FROM:')
  })

  it('sends a large mail whole', async () => {
    const server = await serve()
    const data = Buffer.from(`Subject: large\r\n\r\n${'.x'.repeat(30)}\r\n`.repeat(20_000))
    expect((await poolFor(server.port).send('up', mail('1', data))).status).toBe('accepted')
    expect(server.received[0]!.data.equals(data)).toBe(true)
  })

  it('says goodbye after the agreed number of mails and goes on over a new connection', async () => {
    const server = await serve()
    const pool = poolFor(server.port, { mailsPerConnectionMax: 2 })
    await Promise.all(['1', '2', '3', '4', '5'].map(id => pool.send('up', mail(id))))
    await pool.drain()
    expect(server.received).toHaveLength(5)
    expect(server.octets).toHaveLength(3)
    expect(server.lines.filter(line => line === 'QUIT').length).toBeGreaterThanOrEqual(2)
  })

  it('leaves here what may no longer leave by the time that a connection is free', async () => {
    let stopped = false
    const server = await serve(step => {
      if (step.at === 'final') stopped = true
      return undefined
    })
    const pool = poolFor(server.port, { mailsPerConnectionMax: 1 })
    const asked: string[] = []
    const send = (id: string) => pool.send('up', { ...mail(id), mayLeave: () => asked.push(id) > 0 && !stopped })
    const outcomes = await Promise.all(['1', '2', '3'].map(send))
    expect(outcomes.map(outcome => outcome.status)).toEqual(['accepted', 'withdrawn', 'withdrawn'])
    expect(asked).toEqual(['1', '2', '3'])
    expect(server.received).toHaveLength(1)
    expect(server.lines.filter(line => line.startsWith('MAIL'))).toHaveLength(1)
    expect(pool.health()[0]!.counters).toMatchObject({ accepted: 1, withdrawn: 2 })
  })

  it('closes a connection that nobody needs', async () => {
    const server = await serve()
    const pool = poolFor(server.port, { idleMsMax: 40 })
    await pool.send('up', mail('1'))
    await expect.poll(() => server.lines.at(-1)).toBe('QUIT')
    expect(pool.health()[0]!.connections).toEqual({ busy: 0, idle: 0, opening: 0 })
  })
})

type Row = { when: string; script: (step: Step) => Action; offers?: string[]; yields: Partial<HandoverOutcome> }
const at = (place: Step['at'], action: Action) => (step: Step) => (step.at === place ? action : undefined)
const deferred = (stage: string, reason: string) => ({ status: 'deferred', stage, reason }) as Partial<HandoverOutcome>
const rejected = (stage: string, code: number) => ({ status: 'rejected', stage, code }) as Partial<HandoverOutcome>
const unknown = (reason: string) => ({ status: 'unknown', reason }) as Partial<HandoverOutcome>

const rows: Row[] = [
  { when: 'no greeting comes', script: at('greeting', 'hang'), yields: deferred('greeting', 'connect') },
  {
    when: 'the greeting refuses',
    script: at('greeting', { say: '554 no\r\n' }),
    yields: deferred('greeting', 'connect'),
  },
  {
    when: 'the greeting is not SMTP',
    script: at('greeting', { say: 'HTTP/1.1 400\r\n' }),
    yields: deferred('greeting', 'protocol'),
  },
  {
    when: 'the greeting never ends',
    script: at('greeting', { say: '220-x\r\n'.repeat(200) }),
    yields: deferred('greeting', 'protocol'),
  },
  {
    when: 'a line never ends',
    script: at('greeting', { say: `220 ${'x'.repeat(9_000)}` }),
    yields: deferred('greeting', 'protocol'),
  },
  { when: 'EHLO hangs', script: at('ehlo', 'hang'), yields: deferred('ehlo', 'connect') },
  { when: 'EHLO is dropped', script: at('ehlo', 'drop'), yields: deferred('ehlo', 'connect') },
  { when: 'MAIL is put off', script: at('mail', { say: '451 4.3.0 later\r\n' }), yields: deferred('mail', '4xx') },
  { when: 'MAIL is refused', script: at('mail', { say: '550 5.7.1 no\r\n' }), yields: rejected('mail', 550) },
  { when: 'MAIL wants a login', script: at('mail', { say: '530 5.7.0 login\r\n' }), yields: deferred('mail', 'auth') },
  { when: 'MAIL hangs', script: at('mail', 'hang'), yields: deferred('mail', 'timeout') },
  { when: 'MAIL is answered by 354', script: at('mail', { say: '354 ?\r\n' }), yields: deferred('mail', 'protocol') },
  { when: 'RCPT is refused', script: at('rcpt', { say: '550 5.1.1 no such user\r\n' }), yields: rejected('rcpt', 550) },
  { when: 'RCPT is put off', script: at('rcpt', { say: '450 4.2.1 greylisted\r\n' }), yields: deferred('rcpt', '4xx') },
  { when: 'RCPT is dropped', script: at('rcpt', 'drop'), yields: deferred('rcpt', 'lost') },
  {
    when: '421 to RCPT',
    script: at('rcpt', { say: '421 4.3.2 going\r\n', thenDrop: true }),
    yields: { ...deferred('rcpt', '4xx'), code: 421 },
  },
  { when: 'DATA is refused', script: at('data', { say: '554 5.5.1 no\r\n' }), yields: rejected('data', 554) },
  { when: 'DATA is dropped', script: at('data', 'drop'), yields: deferred('data', 'lost') },
  { when: 'DATA hangs', script: at('data', 'hang'), yields: deferred('data', 'timeout') },
  {
    when: 'DATA is answered by 250',
    script: at('data', { say: '250 sure\r\n' }),
    yields: deferred('data', 'protocol'),
  },
  {
    when: 'the final answer comes ahead of the mail',
    script: at('data', { say: '354 go\r\n250 ok\r\n' }),
    yields: deferred('data', 'protocol'),
  },
  { when: 'the connection drops after the dot', script: at('final', 'drop'), yields: unknown('lost') },
  { when: 'no answer comes after the dot', script: at('final', 'hang'), yields: unknown('timeout') },
  { when: 'garbage comes after the dot', script: at('final', { say: '\0\xff\r\n' }), yields: unknown('protocol') },
  {
    when: 'half an answer comes after the dot',
    script: at('final', { say: '250-2.0.0 ta', thenDrop: true }),
    yields: unknown('lost'),
  },
  {
    when: 'a huge answer comes after the dot',
    script: at('final', { say: `250 ${'x'.repeat(100_000)}\r\n` }),
    yields: unknown('protocol'),
  },
  { when: '354 comes after the dot', script: at('final', { say: '354 more\r\n' }), yields: unknown('protocol') },
  {
    when: 'the mail is refused after the dot',
    script: at('final', { say: '554 5.7.1 spam\r\n' }),
    yields: rejected('final', 554),
  },
  {
    when: 'the mail is put off after the dot',
    script: at('final', { say: '452 4.3.1 full\r\n' }),
    yields: deferred('final', '4xx'),
  },
  {
    when: '421 comes after the dot',
    script: at('final', { say: '421 4.3.2 going\r\n' }),
    yields: { ...deferred('final', '4xx'), code: 421 },
  },
  {
    when: 'a multi-line yes comes after the dot',
    script: at('final', { say: '250-2.0.0 one\r\n250-2.0.0 two\r\n250 2.0.0 three\n' }),
    yields: { status: 'accepted', code: 250, text: '2.0.0 one 2.0.0 two 2.0.0 three' },
  },
  {
    when: 'codes differ within an answer',
    script: at('final', { say: '250-one\r\n550 two\r\n' }),
    yields: unknown('protocol'),
  },
  { when: 'no login is offered', script: () => undefined, yields: { status: 'accepted' } },
]

const quick = { greeting: 60, ehlo: 60, mail: 60, rcpt: 60, data: 60, final: 60 }

describe('an upstream that misbehaves', () => {
  it.each(rows)('$when', async ({ script, offers, yields }) => {
    const server = await serve(script, offers)
    const pool = poolFor(server.port, { timeouts: quick })
    expect(await pool.send('up', mail('1'))).toMatchObject(yields)
  })

  it.each(rows.filter(row => row.offers === undefined))('$when, without pipelining', async ({ script, yields }) => {
    const server = await serve(script, ['8BITMIME'])
    expect(await poolFor(server.port, { timeouts: quick }).send('up', mail('1'))).toMatchObject(yields)
  })

  it('does not send a mail to a server that wants one after refusing its recipient', async () => {
    const server = await serve(at('rcpt', { say: '550 5.1.1 no\r\n' }))
    const outcome = await poolFor(server.port).send('up', mail('1'))
    expect(outcome.status).toBe('rejected')
    expect(Buffer.concat(server.octets[0]!).toString()).not.toContain('Hello.')
    expect(server.received).toEqual([])
  })

  it('resets after a refused recipient, and the next mail has only its own', async () => {
    const refuseFirst = (step: Step): Action => {
      if (step.mail !== 1) return undefined
      if (step.at === 'rcpt') return { say: '550 5.1.1 no\r\n' }
      return step.at === 'data' ? { say: '554 5.5.1 no valid recipients\r\n' } : undefined
    }
    const server = await serve(refuseFirst)
    const pool = poolFor(server.port)
    const first = pool.send('up', { ...mail('1'), to: mailbox('gone@example.net') })
    expect((await first).status).toBe('rejected')
    expect((await pool.send('up', mail('2'))).status).toBe('accepted')
    expect(server.lines).toContain('RSET')
    expect(server.lines.indexOf('RSET')).toBeLessThan(server.lines.lastIndexOf('RCPT TO:<alice@example.net>'))
    expect(server.octets).toHaveLength(1)
  })

  it('moves a mail to a new connection when a kept one turns out to be dead, and nothing is sent twice', async () => {
    const server = await serve(step => (step.connection === 1 && step.mail === 2 ? 'drop' : undefined))
    const pool = poolFor(server.port)
    expect((await pool.send('up', mail('1'))).status).toBe('accepted')
    expect((await pool.send('up', mail('2'))).status).toBe('accepted')
    expect(server.received).toHaveLength(2)
    expect(pool.health()[0]!.counters.moved).toBe(1)
  })

  it('moves a mail on when the server ends a long session with 421', async () => {
    const server = await serve(step =>
      step.at === 'mail' && step.mail === 2 ? { say: '421 4.7.0 enough\r\n', thenDrop: true } : undefined,
    )
    const pool = poolFor(server.port)
    const outcomes = await Promise.all(['1', '2'].map(id => pool.send('up', mail(id))))
    expect(outcomes.map(outcome => outcome.status)).toEqual(['accepted', 'accepted'])
    expect(server.received).toHaveLength(2)
  })

  it('leaves only the mail unknown whose end was sent, and hands its chained follower over elsewhere', async () => {
    const server = await serve(step => (step.connection === 1 && step.at === 'final' ? 'drop' : undefined))
    const pool = poolFor(server.port)
    const outcomes = await Promise.all(
      ['1', '2', '3'].map(id => pool.send('up', mail(id, Buffer.from(`X: ${id}\r\n\r\n`)))),
    )
    expect(outcomes.map(outcome => outcome.status)).toEqual(['unknown', 'accepted', 'accepted'])
    expect(server.received.map(got => got.data.toString())).toEqual(['X: 1\r\n\r\n', 'X: 2\r\n\r\n', 'X: 3\r\n\r\n'])
  })

  it('is deferred, not unknown, when a large mail breaks off before its end', async () => {
    const server = await serve(
      step => (step.at === 'data' ? { say: '354 go\r\n', thenStall: true } : undefined),
      [...standardOffers.slice(0, 2), 'SIZE'],
    )
    const data = Buffer.from(`Subject: x\r\n\r\n${`${'y'.repeat(98)}\r\n`.repeat(200_000)}`)
    const sending = poolFor(server.port).send('up', mail('1', data))
    await expect.poll(() => server.lines.at(-1)).toBe('DATA')
    for (const socket of server.sockets) socket.destroy()
    expect(await sending).toMatchObject({ status: 'deferred', stage: 'body' })
  })

  it('never tells an address that the upstream repeats', async () => {
    const server = await serve(
      at('rcpt', {
        say: '550-5.1.1 <ALICE@example.net>: no\r\n550 5.1.1 alice%40example.net, bounce-alice=example.net@list.test\r\n',
      }),
    )
    const outcome = await poolFor(server.port).send('up', mail('1'))
    expect(JSON.stringify(outcome).toLowerCase()).not.toContain('alice')
    expect(JSON.stringify(outcome)).not.toContain('list.test')
  })

  it('keeps texts short and printable', async () => {
    const server = await serve(at('final', { say: `250 \x1b[31mred\x07 ${'long '.repeat(200)}\r\n` }))
    const outcome = await poolFor(server.port).send('up', mail('1'))
    expect(outcome).toMatchObject({ status: 'accepted', text: expect.stringMatching(/^[\x20-\x7e]{199}…$/) })
  })
})

describe('what is refused here', () => {
  it('eight-bit mail to a server without 8BITMIME', async () => {
    const server = await serve(undefined, ['PIPELINING'])
    const outcome = await poolFor(server.port).send('up', mail('1', Buffer.from('Subject: x\r\n\r\nGrüße\r\n')))
    expect(outcome).toMatchObject({ status: 'rejected', enhanced: '5.6.3', text: 'upstream-without-8bitmime' })
    expect(server.lines).toEqual(['EHLO client.test'])
  })

  it('declares eight-bit mail where it may be sent', async () => {
    const server = await serve()
    await poolFor(server.port).send('up', mail('1', Buffer.from('Subject: x\r\n\r\nGrüße\r\n')))
    expect(server.lines[1]).toMatch(/ BODY=8BITMIME$/)
  })

  it('a mail larger than the server takes', async () => {
    const server = await serve(undefined, ['PIPELINING', 'SIZE 20'])
    expect(await poolFor(server.port).send('up', mail('1'))).toMatchObject({ status: 'rejected', enhanced: '5.3.4' })
  })

  it.each([
    'alice@example.net>\r\nRCPT TO:<eve@evil.test',
    'alice@example.net eve@evil.test',
    'alice@example.net\0',
    'alice@example.net<eve@evil.test',
    'alice@ex。ample.net',
    'alïce@example.net',
    'alice\u2028@example.net',
    'alice\x7f@example.net',
  ])('an address that is no path: %j', async address => {
    const server = await serve()
    const sending = poolFor(server.port).send('up', { ...mail('1'), to: mailbox(address) })
    await expect(sending).rejects.toThrow('an address on the wire')
    expect(server.lines.filter(line => line.startsWith('RCPT'))).toEqual([])
  })

  it('takes a quoted local part with a space as it is', async () => {
    const server = await serve()
    await poolFor(server.port).send('up', { ...mail('1'), to: mailbox('"al ice"@example.net') })
    expect(server.lines[2]).toBe('RCPT TO:<"al ice"@example.net>')
  })

  it('an upstream that is not configured', async () => {
    await expect(async () => poolFor(1).send('other', mail('1'))).rejects.toThrow('the upstream is configured')
  })
})

describe('an upstream that cannot be reached', () => {
  it('is left alone during the back-off and then probed once', async () => {
    let down = true
    const server = await serve(step => (down && step.at === 'greeting' ? 'drop' : undefined))
    const pool = poolFor(server.port, { connectionsMax: 4 })
    const first = await Promise.all(['1', '2', '3', '4'].map(id => pool.send('up', mail(id))))
    expect(first.every(outcome => outcome.status === 'deferred' && outcome.reason === 'connect')).toBe(true)
    const attempts = server.octets.length
    const next = await pool.send('up', mail('5'))
    expect(next).toMatchObject({ status: 'deferred', reason: 'connect', retryAfterMs: expect.any(Number) })
    expect(server.octets).toHaveLength(attempts)
    expect(pool.health()[0]).toMatchObject({ status: 'down', lastFailure: { stage: 'greeting', reason: 'connect' } })
    down = false
    await expect.poll(() => pool.health()[0]!.retryAfterMs).toBe(0)
    const probes = await Promise.all(['6', '7'].map(id => pool.send('up', mail(id))))
    expect(probes.map(outcome => outcome.status)).toEqual(['accepted', 'deferred'])
    expect(server.octets).toHaveLength(attempts + 1)
    expect(pool.health()[0]!.status).toBe('up')
  })

  it('a closed port is a deferral', async () => {
    const server = await scriptedServer()
    await server.close()
    expect(await poolFor(server.port).send('up', mail('1'))).toMatchObject({
      status: 'deferred',
      stage: 'connect',
      reason: 'connect',
      text: 'ECONNREFUSED',
    })
  })

  it('goes on with the connections that it has when it is given no more', async () => {
    const server = await serve(step =>
      step.at === 'greeting' && step.connection > 1 ? { say: '421 4.7.0 too many\r\n', thenDrop: true } : undefined,
    )
    const pool = poolFor(server.port, { connectionsMax: 4 })
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, i) => pool.send('up', mail(`${i}`))))
    expect(outcomes.map(outcome => outcome.status)).toEqual(Array.from({ length: 20 }, () => 'accepted'))
  })
})

describe('ending', () => {
  it('drain finishes what was begun and defers what comes later', async () => {
    const server = await serve()
    const pool = poolFor(server.port)
    const sending = ['1', '2', '3'].map(id => pool.send('up', mail(id)))
    const drained = pool.drain()
    expect(await pool.send('up', mail('4'))).toMatchObject({ status: 'deferred', reason: 'closed' })
    await drained
    expect((await Promise.all(sending)).map(outcome => outcome.status)).toEqual(['accepted', 'accepted', 'accepted'])
    await expect.poll(() => server.lines.at(-1)).toBe('QUIT')
  })

  it('close settles everything', async () => {
    const server = await serve(at('final', 'hang'))
    const pool = poolFor(server.port)
    const sending = ['1', '2'].map(id => pool.send('up', mail(id)))
    await expect.poll(() => server.received.length).toBe(1)
    pool.close()
    expect((await Promise.all(sending)).map(outcome => outcome.status)).toEqual(['unknown', 'deferred'])
  })
})

type Login = { user: string; password: string }
async function smtpServer(options: object = {}) {
  const got: { to: string[]; data: Buffer; user: unknown; secure: boolean }[] = []
  const server = new SMTPServer({
    logger: false,
    hideSize: true,
    authOptional: true,
    onAuth: (auth, _session, done) =>
      auth.username === 'app' && auth.password === 'a:b@c,%' ? done(null, { user: 'app' }) : done(new Error('no')),
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', chunk => chunks.push(chunk))
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(rcpt => rcpt.address)
        got.push({ to, data: Buffer.concat(chunks), user: session.user, secure: session.secure })
        done()
      })
    },
    ...options,
  })
  // A client that turns away from a certificate is an error for the server.
  server.on('error', () => {})
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  closers.push(() => new Promise<void>(resolve => server.close(() => resolve())))
  return { port: (server.server.address() as { port: number }).port, got }
}

const login: Login = { user: 'app', password: 'a:b@c,%' }

describe('against smtp-server', () => {
  it.each([{ authMethods: ['PLAIN'] }, { authMethods: ['LOGIN'] }])('STARTTLS, then $authMethods', async options => {
    const { port, got } = await smtpServer(options)
    const pool = poolFor(port, {}, { tls: 'required', credentials: login })
    const outcomes = await Promise.all(['1', '2', '3'].map(id => pool.send('up', mail(id))))
    expect(outcomes.map(outcome => outcome.status)).toEqual(['accepted', 'accepted', 'accepted'])
    expect(got.map(({ user, secure, data }) => ({ user, secure, same: data.equals(body) }))).toEqual(
      Array.from({ length: 3 }, () => ({ user: 'app', secure: true, same: true })),
    )
  })

  it('implicit TLS', async () => {
    const { port, got } = await smtpServer({ secure: true })
    expect((await poolFor(port, {}, { tls: 'implicit' }).send('up', mail('1'))).status).toBe('accepted')
    expect(got[0]!.secure).toBe(true)
  })

  it.each([
    { tls: 'required' as const },
    { tls: 'implicit' as const },
  ])('refuses a certificate that nobody vouches for: $tls', async ({ tls }) => {
    const { port, got } = await smtpServer({ secure: tls === 'implicit' })
    const outcome = await poolFor(port, {}, { tls, verify: true }).send('up', mail('1'))
    expect(outcome).toMatchObject({ status: 'deferred', text: expect.stringMatching(/CERT/) })
    expect(got).toEqual([])
  })

  it('TLS required and not offered', async () => {
    const { port } = await smtpServer({ hideSTARTTLS: true })
    const outcome = await poolFor(port, {}, { tls: 'required' }).send('up', mail('1'))
    expect(outcome).toMatchObject({ status: 'deferred', stage: 'tls', reason: 'tls' })
  })

  it('a wrong password is a deferral that says nothing of it, and is not tried again at once', async () => {
    const { port, got } = await smtpServer()
    const pool = poolFor(port, {}, { credentials: { user: 'app', password: 'hunter2' } })
    const outcomes = [await pool.send('up', mail('1')), await pool.send('up', mail('2'))]
    expect(outcomes).toMatchObject([{ status: 'deferred', stage: 'auth', reason: 'auth' }, { reason: 'auth' }])
    expect(JSON.stringify([outcomes, pool.health()])).not.toMatch(/hunter2|aHVudGVy/)
    expect(got).toEqual([])
  })
})

describe('STARTTLS injection', () => {
  it('stops at plaintext behind the go-ahead', async () => {
    const server = await serve(at('starttls', { say: '220 go\r\n250 injected\r\n' }), [...standardOffers, 'STARTTLS'])
    const outcome = await poolFor(server.port).send('up', mail('1'))
    expect(outcome).toMatchObject({ status: 'deferred', stage: 'tls', reason: 'protocol' })
    expect(server.received).toEqual([])
  })

  it('never sends credentials in plaintext to another machine', async () => {
    const server = await serve(undefined, [...standardOffers, 'AUTH PLAIN LOGIN'])
    // 0.0.0.0 reaches this machine here, and is not an address of the loopback.
    const pool = poolFor(server.port, {}, { host: '0.0.0.0', credentials: login })
    expect(await pool.send('up', mail('1'))).toMatchObject({ status: 'deferred', stage: 'auth', reason: 'tls' })
    expect(server.lines.some(line => line.startsWith('AUTH'))).toBe(false)
  })
})

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import fs from 'node:path'
import fc from 'fast-check'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseMailbox } from '../../std/mailbox.ts'
import { EmailPool } from './pool.ts'
import { scriptedServer } from './scripted-server.ts'
import { canonicalLines, toWire } from './wire.ts'

/** Everything that some server once took for the end of a mail. */
const endings = [
  '\r\n.\r\n',
  '\n.\n',
  '\n.\r\n',
  '\r\n.\n',
  '\r.\r',
  '\r.\r\n',
  '\r\n.\r',
  '\r.\n',
  '\n.\r',
  '\r\r\n.\r\r\n',
  '\r\n\0.\r\n',
  '\r\n.\0\r\n',
  '\n\n.\r\r\n',
]
const smuggled =
  'MAIL FROM:<eve@evil.test>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\nSubject: two\r\n\r\nsmuggled\r\n.\r\n'
const mailWith = (ending: string) => Buffer.from(`Subject: one\r\n\r\nhello${ending}${smuggled}QUIT\r\n`, 'latin1')

const from = { local: 'a', domain: 'example.org', address: 'a@example.org' }
const to = { local: 'b', domain: 'example.net', address: 'b@example.net' }

function poolFor(port: number): EmailPool {
  return new EmailPool({
    upstreams: [{ id: 'up', host: '127.0.0.1', port, tls: 'off', verify: false }],
    connectionsMax: 1,
  })
}

describe('a mail that pretends to end early', () => {
  it('does not reach the wire with a bare CR or LF in it', async () => {
    const server = await scriptedServer()
    const pool = poolFor(server.port)
    for (const ending of endings) {
      const data = mailWith(ending)
      const bare = /\r(?!\n)|(?<!\r)\n/.test(data.toString('latin1'))
      const outcome = await pool.send('up', { id: ending, from, to, data })
      expect(outcome.status).toBe(bare ? 'rejected' : 'accepted')
    }
    expect(server.received).toHaveLength(3)
    expect(server.received.every(got => got.to.length === 1)).toBe(true)
    pool.close()
    await server.close()
  })

  it('is one mail at smtp-server', async () => {
    const got: string[][] = []
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, session, done) {
        stream.resume()
        stream.on('end', () => {
          got.push(session.envelope.rcptTo.map(rcpt => rcpt.address))
          done()
        })
      },
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
    const pool = poolFor((server.server.address() as net.AddressInfo).port)
    for (const ending of endings) {
      const outcome = await pool.send('up', { id: ending, from, to, data: canonicalLines(mailWith(ending)) })
      expect(outcome.status).toBe('accepted')
    }
    expect(got).toEqual(endings.map(() => ['b@example.net']))
    pool.close()
    await new Promise<void>(resolve => server.close(() => resolve()))
  })

  const hasSmtpSink = spawnSync('sh', ['-c', 'command -v smtp-sink']).status === 0
  it.skipIf(!hasSmtpSink)('is one mail at smtp-sink (skipped where Postfix is not installed)', async () => {
    const folder = mkdtempSync(fs.join(os.tmpdir(), 'tocsin-sink-'))
    const port = await freePort()
    const user = process.getuid?.() === 0 ? ['-u', 'root'] : []
    const sink = spawn('smtp-sink', [...user, '-d', `${folder}/`, `127.0.0.1:${port}`, '10'], { stdio: 'ignore' })
    try {
      await expect.poll(() => reachable(port)).toBe(true)
      const pool = poolFor(port)
      for (const ending of endings) {
        const outcome = await pool.send('up', { id: ending, from, to, data: canonicalLines(mailWith(ending)) })
        expect(outcome.status).toBe('accepted')
      }
      pool.close()
      const files = readdirSync(folder).map(name => readFileSync(fs.join(folder, name), 'latin1'))
      const recipients = files.join('').match(/^X-Rcpt-Args:.*$/gm)
      expect(recipients).toEqual(endings.map(() => 'X-Rcpt-Args: <b@example.net>'))
    } finally {
      sink.kill()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise<void>(resolve => server.close(() => resolve()))
  return port
}

function reachable(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = net.connect(port, '127.0.0.1')
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

const piece = fc.constantFrom(
  '\r\n',
  '.',
  '\r\n.',
  '\r\n.\r\n',
  'text',
  '..',
  'MAIL FROM:<x@evil.test>',
  ' ',
  'é',
  '\0',
  'DATA',
)
const loosePiece = fc.oneof(piece, fc.constantFrom('\r', '\n', '\n.\n', '\r.\r'))

describe('toWire', () => {
  it('shares the bytes when nothing has to be stuffed', () => {
    const data = Buffer.from('Subject: x\r\n\r\nbody. with dots.\r\n')
    const wire = toWire(data)
    expect(wire.status === 'ready' && wire.bytes === data).toBe(true)
  })

  it('ends in CRLF, has no line of a lone dot, and comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 40 }), pieces => {
        const data = Buffer.from(pieces.join(''))
        const wire = toWire(data)
        if (wire.status !== 'ready') throw new Error('clean lines are ready')
        const text = wire.bytes.toString('latin1')
        expect(`\r\n${text}`.includes('\r\n.\r\n')).toBe(false)
        expect(text.endsWith('\r\n')).toBe(true)
        const ended = data.toString('latin1').endsWith('\n') ? '' : '\r\n'
        expect(text.replaceAll(/(^|\r\n)\./g, '$1')).toBe(data.toString('latin1') + ended)
        expect(wire.eightBit).toBe(data.some(byte => byte > 127))
      }),
    )
  })

  it('refuses exactly what has a bare CR or LF, and canonicalLines mends it', () => {
    fc.assert(
      fc.property(fc.array(loosePiece, { minLength: 1, maxLength: 30 }), pieces => {
        const data = Buffer.from(pieces.join(''))
        const bare = /\r(?!\n)|(?<!\r)\n/.test(data.toString('latin1'))
        expect(toWire(data).status).toBe(bare ? 'fault' : 'ready')
        const mended = canonicalLines(data)
        expect(toWire(mended).status).toBe('ready')
        expect(mended === data).toBe(!bare)
        expect(mended.toString('latin1')).toBe(data.toString('latin1').replaceAll(/\r\n|\r|\n/g, '\r\n'))
      }),
    )
  })
})

describe('the recipient on the wire', () => {
  let server: Awaited<ReturnType<typeof scriptedServer>>
  let pool: EmailPool
  beforeAll(async () => {
    server = await scriptedServer()
    pool = poolFor(server.port)
  })
  afterAll(async () => {
    pool.close()
    await server.close()
  })

  it.each([
    'b@ok.test',
    'b@ok.test,c@evil.test',
    '"b@ok.test,c"@evil.test',
    'b@ok.test>\r\nRCPT TO:<c@evil.test',
    'b@ok。test',
    'b＠ok.test',
    'b%ok.test@evil.test',
    '@relay.test:b@ok.test',
    'b(comment)@ok.test',
    'group:b@ok.test,c@evil.test;',
    '"b\\"@ok.test',
    '"b c"@ok.test',
    'b@ok.test\0@evil.test',
    'b\u202e@ok.test',
    'b@[127.0.0.1]',
    'B+tag@OK.test',
    'b@bücher.test',
  ])('is the parsed mailbox or nothing: %j', async text => {
    const parsed = parseMailbox(text)
    if (!parsed.ok) return expect(parsed.code).toMatch(/^[a-z-]+$/)
    const before = server.lines.length
    const outcome = await pool.send('up', { id: text, from, to: parsed.mailbox, data: Buffer.from('X: y\r\n\r\n') })
    expect(outcome.status).toBe('accepted')
    const issued = server.lines.slice(before).filter(line => /^RCPT/i.test(line))
    expect(issued).toEqual([`RCPT TO:<${parsed.mailbox.address}>`])
    expect(server.received.at(-1)!.to).toEqual(issued)
  })
})

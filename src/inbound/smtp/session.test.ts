import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DataLimits, DataReader, defaultDataLimits } from './data.ts'
import { Session, type SessionEvent } from './session.ts'

type Mail = { from: string | null; to: string; text: string }
type Talk = { replies: string[]; mails: Mail[]; ended: string | undefined }
type Given = { client?: string; tls?: boolean; plainAuth?: boolean; limits?: Partial<DataLimits>; room?: boolean }

const bytes = (text: string) => Buffer.from(text, 'latin1')
const codes = (talk: Talk) => talk.replies.map(line => line.slice(0, 3)).join(' ')

// Feeds the chunks and answers every event at once: mails with 250, jane's password is "pencil".
function talk(chunks: (string | Buffer)[], given: Given = { client: 'shop' }): Talk {
  const session = new Session<string>({
    hostname: 'mx.example.org',
    remoteAddress: '127.0.0.1',
    limits: { ...defaultDataLimits, ...given.limits },
    tlsAvailable: given.tls ?? false,
    plainAuthAllowed: given.plainAuth ?? true,
    client: given.client,
    roomForMail: () => given.room ?? true,
  })
  const mails: Mail[] = []
  let ended: string | undefined
  let replies = ''
  const follow = (event: SessionEvent<string> | undefined) => {
    while (event !== undefined && ended === undefined) {
      if (event.type === 'MailReceived') {
        mails.push({
          from: event.envelope.from?.address ?? null,
          to: event.envelope.to.address,
          text: event.data.toString('latin1'),
        })
        event = session.answer({ code: 250, enhanced: '2.0.0', text: `mail ${mails.length}` })
      } else if (event.type === 'CredentialGiven') {
        event = session.authenticated(
          event.user === 'jane' && event.password === 'pencil' ? { client: 'shop' } : undefined,
        )
      } else if (event.type === 'TlsRequested') {
        session.secured()
        event = undefined
      } else ended = event.reason
    }
    replies += session.takeReplies()
  }
  for (const chunk of chunks) follow(session.feed(typeof chunk === 'string' ? bytes(chunk) : chunk))
  return { replies: replies.split('\r\n').slice(1, -1), mails, ended }
}

const hello = 'EHLO client.example.org\r\n'
const begin = 'MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n'
const base64 = (text: string) => Buffer.from(text).toString('base64')

function said(commands: string, given?: Given): string {
  const { replies } = talk([hello + commands], given)
  return replies.filter(line => !/^250[- ](?!\d\.)(mx|PIPE|SIZE|8BIT|START|AUTH|ENH)/.test(line)).join('\n')
}

describe('commands', () => {
  it('offers only what is tested', () => {
    const offered = (given: Given) => talk([hello], given).replies.map(line => line.slice(4))
    const always = ['mx.example.org', 'PIPELINING', 'SIZE 26214400', '8BITMIME']
    expect(offered({ plainAuth: false })).toEqual([...always, 'ENHANCEDSTATUSCODES'])
    expect(offered({ plainAuth: false, tls: true })).toEqual([...always, 'STARTTLS', 'ENHANCEDSTATUSCODES'])
    expect(offered({ plainAuth: true })).toEqual([...always, 'AUTH PLAIN LOGIN', 'ENHANCEDSTATUSCODES'])
  })

  it.each([
    ['MAIL FROM:<a@example.org>', '250 2.1.0'],
    ['mail from:<a@example.org>', '250 2.1.0'],
    ['MAIL FROM: <a@example.org>', '250 2.1.0'],
    ['MAIL FROM:<>', '250 2.1.0'],
    ['MAIL FROM:<a@example.org> SIZE=4096 BODY=8BITMIME AUTH=<>', '250 2.1.0'],
    ['MAIL FROM:<a@example.org> SIZE=26214401', '552 5.3.4'],
    ['MAIL FROM:<a@example.org> SIZE=99999999999999999999', '552 5.3.4'],
    ['MAIL FROM:<a@example.org> SIZE=-1', '501 5.5.4'],
    ['MAIL FROM:<a@example.org> SIZE=1 SIZE=1', '501 5.5.4'],
    ['MAIL FROM:<a@example.org> BODY=BINARYMIME', '501 5.5.4'],
    ['MAIL FROM:<a@example.org> SMTPUTF8', '555 5.5.4'],
    ['MAIL FROM:<a@example.org>SIZE=1', '501 5.5.4'],
    ['MAIL FROM:a@example.org', '501 5.5.4'],
    ['MAIL FROM:<a@example.org> <b@example.org>', '555 5.5.4'],
    ['MAIL FROM:<a@example.org><b@example.org>', '501 5.5.4'],
    ['MAIL', '501 5.5.4'],
    ['MAIL FROM:<a>', '553 5.1.7'],
    ['MAIL FROM:<\xc3\xbc@example.org>', '553 5.6.7'],
    ['RCPT TO:<b@example.net>', '503 5.5.1'],
    ['DATA', '503 5.5.1'],
    ['NOOP', '250 2.0.0'],
    ['NOOP anything', '250 2.0.0'],
    ['RSET', '250 2.0.0'],
    ['RSET now', '501 5.5.4'],
    ['VRFY jane', '252 2.5.2'],
    ['EXPN all', '500 5.5.2'],
    ['HELO', '501 5.5.4'],
    ['EHLO a b', '501 5.5.4'],
    ['', '500 5.5.2'],
    ['NO\0OP', '500 5.5.2'],
    ['NO\rOP', '500 5.5.2'],
    ['N\xc3\xb6OP', '500 5.5.2'],
    [`NOOP ${'x'.repeat(505)}`, '250 2.0.0'],
    [`NOOP ${'x'.repeat(506)}`, '500 5.5.2'],
    [`MAIL FROM:<a@example.org> AUTH=${'x'.repeat(600)}`, '250 2.1.0'],
    ['x'.repeat(100_000), '500 5.5.2'],
    ['STARTTLS', '502 5.5.1'],
    ['QUIT', '221 2.0.0'],
    ['QUIT now', '501 5.5.4'],
    ['BDAT 10 LAST', '421 4.7.0'],
    ['GET / HTTP/1.1', '421 4.7.0'],
    ['POST / HTTP/1.1', '421 4.7.0'],
  ])('%j → %s', (command, expected) => {
    expect(said(`${command}\r\n`)).toMatch(new RegExp(`^${expected.replaceAll('.', '\\.')}[^\n]*$`))
  })

  it.each([
    ['<b@example.net>', '250 2.1.5'],
    ['<b@example.net> NOTIFY=NEVER', '555 5.5.4'],
    ['<>', '553 5.1.3 empty'],
    ['<postmaster>', '553 5.1.3 no-at-sign'],
    ['<b%example.com@example.net>', '553 5.1.3 percent-hack'],
    ['<@relay.test:b@example.net>', '553 5.1.3 source-route'],
    ['<example.com!b@example.net>', '553 5.1.3 bang-path'],
    ['<"b@example.com,c"@example.net>', '553 5.1.3 quoted-character'],
    ['<b@example.net,c@example.net>', '553 5.1.3 several-addresses'],
    ['<b@[127.0.0.1]>', '553 5.1.3 address-literal'],
    ['<b@example.net', '501 5.5.4'],
    ['b@example.net', '501 5.5.4'],
    ['<b@example.net>>', '501 5.5.4'],
    ['<b@b\xc3\xbccher.example>', '553 5.6.7'],
  ])('RCPT TO:%s → %s', (path, expected) => {
    expect(said(`MAIL FROM:<>\r\nRCPT TO:${path}\r\n`).split('\n')[1]).toContain(expected)
  })

  it('takes exactly one recipient, and the mail goes to the first', () => {
    const result = talk([
      hello,
      'MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<c@example.net>\r\nDATA\r\nx\r\n.\r\n',
    ])
    expect(codes(result)).toMatch(/250 250 452 354 250$/)
    expect(result.mails).toEqual([{ from: 'a@example.org', to: 'b@example.net', text: 'x\r\n' }])
  })

  it('refuses lines that end with a bare LF', () => {
    expect(said('NOOP\nNOOP\r\n')).toBe('500 5.5.2 Lines end with CR LF\n250 2.0.0 Ok')
  })

  it.each([
    ['errors', 'BAD\r\n'.repeat(100), 20],
    ['commands without a mail', 'NOOP\r\n'.repeat(10_000), 999],
  ])('ends after too many %s', (_what, commands, repliesBefore) => {
    const result = talk([hello, commands])
    expect(result.ended).toBe('abuse')
    expect(result.replies.at(-1)).toMatch(/^421 4\.7\.0 Too many/)
    expect(result.replies.filter(line => !/^250[- ](?!\d\.)/.test(line)).length).toBe(repliesBefore + 1)
  })

  it('keeps the order of replies and mails over ten thousand pipelined commands', () => {
    const mail = (i: number) => `MAIL FROM:<a${i}@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n${i}\r\n.\r\n`
    const result = talk([hello, Array.from({ length: 3334 }, (_, i) => mail(i)).join('')])
    expect(result.mails.map(({ text }) => Number(text))).toEqual(Array.from({ length: 3334 }, (_, i) => i))
    expect(codes(result).endsWith(' 250 250 354 250'.repeat(3334))).toBe(true)
  })

  it('forgets a mail on RSET and on EHLO', () => {
    for (const reset of ['RSET\r\n', hello]) {
      const result = talk([hello, 'MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\n', reset, 'DATA\r\n'])
      expect(result.replies.at(-1)).toBe('503 5.5.1 Send MAIL first')
    }
  })
})

describe('who may send', () => {
  const stranger: Given = {}

  it.each([
    ['MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n', '530 530 530'],
    ['MAIL FROM:<a@example.org> AUTH=<>\r\n', '530'],
    ['VRFY a\r\n', '530'],
    [`AUTH PLAIN ${base64('\0jane\0pencil')}\r\nMAIL FROM:<a@example.org>\r\n`, '235 250'],
    [`AUTH PLAIN ${base64('jane\0jane\0pencil')}\r\n`, '235'],
    [`AUTH PLAIN ${base64('root\0jane\0pencil')}\r\nMAIL FROM:<a@example.org>\r\n`, '535 530'],
    [`AUTH PLAIN ${base64('\0jane\0wrong')}\r\nMAIL FROM:<a@example.org>\r\n`, '535 530'],
    [`AUTH PLAIN ${base64('\0\0')}\r\nMAIL FROM:<a@example.org>\r\n`, '535 530'],
    ['AUTH PLAIN =\r\n', '501'],
    ['AUTH PLAIN !!!!\r\n', '501'],
    [`AUTH PLAIN ${base64('\0jane')}\r\n`, '501'],
    [`AUTH PLAIN\r\n${base64('\0jane\0pencil')}\r\nMAIL FROM:<a@example.org>\r\n`, '334 235 250'],
    ['AUTH PLAIN\r\n*\r\nMAIL FROM:<a@example.org>\r\n', '334 501 530'],
    ['AUTH PLAIN\r\n\r\n', '334 501'],
    [`AUTH LOGIN\r\n${base64('jane')}\r\n${base64('pencil')}\r\n`, '334 334 235'],
    [`auth login ${base64('jane')}\r\n${base64('pencil')}\r\n`, '334 235'],
    [`AUTH LOGIN\r\n${base64('jane')}\r\n${base64('wrong')}\r\n`, '334 334 535'],
    ['AUTH LOGIN\r\n=\r\n=\r\n', '334 334 535'],
    [`AUTH LOGIN\r\n${base64('jane')}\r\n*\r\nNOOP\r\n`, '334 334 501 250'],
    ['AUTH LOGIN\r\nnot base64\r\n', '334 501'],
    [`AUTH LOGIN\r\n${'A'.repeat(12_284)}\r\n`, '334 334'],
    [`AUTH LOGIN\r\n${'A'.repeat(20_000)}\r\nNOOP\r\n`, '334 500 250'],
    ['AUTH CRAM-MD5\r\n', '504'],
    ['AUTH\r\n', '504'],
    [`AUTH PLAIN ${base64('\0jane\0pencil')}\r\nAUTH PLAIN x\r\n`, '235 503'],
    [`${`AUTH PLAIN ${base64('\0jane\0wrong')}\r\n`.repeat(5)}NOOP\r\n`, '535 535 535 421'],
  ])('%j → %s', (commands, expected) => {
    expect(
      said(commands, stranger)
        .replace(/^(\d+).*$/gm, '$1')
        .replaceAll('\n', ' '),
    ).toBe(expected)
  })

  it('asks for TLS before a password', () => {
    expect(said(`AUTH PLAIN ${base64('\0jane\0pencil')}\r\n`, { plainAuth: false, tls: true })).toMatch(/^538 5\.7\.11/)
  })

  it('discards what was sent behind STARTTLS, and forgets the login and the greeting', () => {
    const given = { tls: true }
    const before = `${hello}AUTH PLAIN ${base64('\0jane\0pencil')}\r\nSTARTTLS\r\n${hello}MAIL FROM:<injected@example.org>\r\n`
    const result = talk(
      [before, 'MAIL FROM:<a@example.org>\r\n', `${hello}MAIL FROM:<a@example.org>\r\nSTARTTLS\r\n`],
      given,
    )
    const atTls = result.replies.indexOf('220 2.0.0 Ready to start TLS')
    const behind = result.replies.slice(atTls + 1)
    expect(behind[0]).toMatch(/^530 /)
    expect(behind).not.toContain('250-STARTTLS')
    expect(behind).toContain('250-AUTH PLAIN LOGIN')
    expect(behind.slice(-2)).toEqual(['530 5.7.0 Authentication required', '503 5.5.1 TLS is already in use'])
  })
})

describe('the end of data', () => {
  const smuggled = 'MAIL FROM:<evil@example.org>\r\nRCPT TO:<c@example.net>\r\nDATA\r\nsmuggled'
  const variants = [
    '\n.\n',
    '\r\n.\n',
    '\n.\r\n',
    '\r.\r',
    '\r.\r\n',
    '\r\n.\r',
    '\n.\r',
    '\r.\n',
    '\r\n.\r\r\n',
    '\r\n.\n\r\n',
    '\n\r.\r\n',
    '\r\n\0.\r\n',
    '\r\n.\0\r\n',
    '\0\r\n.\0',
    '\r\n.\r\0\n',
    '\r\0\n.\r\n',
  ]

  it.each(variants)('%j does not end a mail: one in, none out', variant => {
    const wire = `${hello}${begin}first${variant}${smuggled}\r\n.\r\n${begin}next\r\n.\r\n`
    const whole = talk([wire])
    expect(codes(whole)).toMatch(/250 250 354 550 250 250 354 250$/)
    expect(whole.replies.find(line => line.startsWith('550'))).toMatch(/^550 5\.6\.11 /)
    expect(whole.mails.map(({ text }) => text)).toEqual(['next\r\n'])
    expect(talk(wire.split('').map(bytes))).toEqual(whole)
  })

  it.each(['\r\n..\r\n', '\r\n. \r\n', '\r\n.x\r\n', ' .\r\n'])('%j is text', variant => {
    const wire = `${hello}${begin}first${variant}${smuggled}\r\n.\r\n`
    expect(talk([wire]).mails).toHaveLength(1)
  })

  it('unstuffs dots', () => {
    const text = '..\r\na.\r\n...b\r\n.c\r\n\r\n..\r\n'
    expect(talk([hello, begin, text, '.\r\n']).mails[0]?.text).toBe('.\r\na.\r\n..b\r\nc\r\n\r\n.\r\n')
    expect(talk([hello, begin, '.\r\n']).mails[0]?.text).toBe('')
  })

  it('agrees with the definition on every text, and loses no byte', () => {
    const text = fc.array(fc.constantFrom('\r', '\n', '.', '\r\n', '\r\n.', '\r\n.\r\n', '-', '--', 'a', '\0', 'bc'), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(text, tokens => {
        const data = tokens.join('')
        const end = `\r\n${data}`.indexOf('\r\n.\r\n')
        const reader = new DataReader(defaultDataLimits)
        expect(reader.read(bytes(data), 0)).toBe(end === -1 ? -1 : end + 3)
        if (end === -1) return
        const mail = data.slice(0, end)
        const clean = !/\r(?!\n)|(?<!\r)\n|\0/.test(mail)
        expect(reader.fault === undefined).toBe(clean)
        if (clean) expect(reader.take().toString('latin1')).toBe(mail.replace(/^\./, '').replaceAll('\r\n.', '\r\n'))
      }),
      { numRuns: 3000 },
    )
  })
})

describe('limits of a mail', () => {
  const limits: Partial<DataLimits> = {
    mailBytesMax: 100,
    lineBytesMax: 50,
    headerBytesMax: 60,
    headerLinesMax: 3,
    boundaryLinesMax: 2,
  }
  const line = (length: number) => `${'x'.repeat(length)}\r\n`

  it.each([
    ['98 bytes and CR LF', `\r\n${line(46)}${line(48)}`, '250 2.0.0'],
    ['one byte more', `\r\n${line(46)}${line(49)}`, '552 5.3.4'],
    ['stuffed dots do not count', `\r\n${line(46)}..${line(46).slice(0, -2)}x\r\n`, '250 2.0.0'],
    ['a line at its limit', `\r\n${line(50)}`, '250 2.0.0'],
    ['a line beyond it', `\r\n${line(51)}`, '554 5.6.0'],
    ['three header lines', `${line(1).repeat(3)}\r\n`, '250 2.0.0'],
    ['four', `${line(1).repeat(4)}\r\n`, '554 5.6.0'],
    ['60 bytes of header', `${line(28)}${line(28)}\r\n`, '250 2.0.0'],
    ['61', `${line(28)}${line(29)}\r\n`, '554 5.6.0'],
    ['two boundary lines', '\r\n--a\r\n-b\r\n--a--\r\n', '250 2.0.0'],
    ['three', '\r\n--a\r\n--b\r\n--a--\r\n', '554 5.6.0'],
    ['three with stuffed dots', '\r\n.--a\r\n.--b\r\n.--a--\r\n', '554 5.6.0'],
    ['too large and a bare LF', `\r\n\n${line(40)}${line(40)}${line(40)}`, '552 5.3.4'],
  ])('%s', (_what, text, expected) => {
    const wire = `${hello}${begin}${text}.\r\n`
    const result = talk([wire], { client: 'shop', limits })
    expect(result.replies.at(-1)).toContain(expected)
    expect(talk(wire.split('').map(bytes), { client: 'shop', limits })).toEqual(result)
  })

  it('cuts off who sends far more than allowed', () => {
    const block = Buffer.alloc(1024 * 1024, 'x')
    const result = talk([hello, begin, ...new Array<Buffer>(12).fill(block)], { client: 'shop', limits })
    expect(result.ended).toBe('abuse')
    expect(result.replies.at(-1)).toMatch(/^552 5\.3\.4/)
  })

  it('has no 354 while memory is short', () => {
    expect(talk([hello, begin], { client: 'shop', room: false }).replies.at(-1)).toMatch(/^452 4\.3\.1/)
  })

  it('is whole when it comes byte by byte', () => {
    const reader = new DataReader(defaultDataLimits)
    const text = bytes(`\r\n${`${'x'.repeat(78)}\r\n`.repeat(2000)}`)
    for (let i = 0; i < text.length; i++) reader.read(Buffer.from(text.subarray(i, i + 1)), 0)
    expect(reader.read(bytes('.\r\n'), 0)).toBe(3)
    expect(reader.take().equals(text)).toBe(true)
  })
})

describe('cut anywhere', () => {
  const piece = fc.constantFrom(
    hello,
    'HELO a\r\n',
    begin,
    'MAIL FROM:<a@example.org>\r\n',
    'RCPT TO:<b@example.net>\r\n',
    'DATA\r\n',
    'text\r\n',
    '.\r\n',
    '\r\n.\r\n',
    '..\r\n',
    '\r',
    '\n',
    '.',
    '\0',
    '--',
    'RSET\r\n',
    'NOOP\n',
    'STARTTLS\r\n',
    `AUTH PLAIN ${base64('\0jane\0pencil')}\r\n`,
    'AUTH LOGIN\r\n',
    `${base64('jane')}\r\n`,
    '*\r\n',
    'QUIT\r\n',
    'x'.repeat(600),
    'y'.repeat(13_000),
  )

  // Without TLS: how much is discarded behind STARTTLS is a matter of time by design.
  it('the same bytes give the same replies and mails', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (pieces, sizes) => {
          const wire = bytes(hello + pieces.join(''))
          const chunks: Buffer[] = []
          for (let at = 0; at < wire.length; ) {
            const size = sizes.next().value
            chunks.push(wire.subarray(at, at + size))
            at += size
          }
          const given = { client: 'shop', limits: { mailBytesMax: 2000 } }
          expect(talk(chunks, given)).toEqual(talk([wire], given))
        },
      ),
      { numRuns: 400 },
    )
  })
})

import childProcess from 'node:child_process'
import fc from 'fast-check'
import PostalMime, { decodeWords } from 'postal-mime'
import { describe, expect, it } from 'vitest'
import { type Composition, compose, oneLine } from './compose.ts'
import { addHeaders, headerOf } from './fields.ts'
import { toWire } from './wire.ts'

const alice = { mailbox: { local: 'alice', domain: 'example.net', address: 'alice@example.net' } }
const base: Composition = {
  from: { name: 'Example, Inc.', mailbox: { local: 'noreply', domain: 'example.org', address: 'noreply@example.org' } },
  to: alice,
  subject: 'Reset your password',
  text: 'Hello',
  html: '<p>Hello</p>',
  date: Date.UTC(2026, 10, 22, 20, 43, 27),
  messageId: '<0198c0de-0000-7000-8000-000000000001@example.org>',
}

async function raw(change: Partial<Composition> = {}): Promise<Buffer> {
  const composed = await compose({ ...base, ...change })
  if (composed.status !== 'composed') throw new Error(`refused: ${composed.faults.map(fault => fault.code).join()}`)
  return composed.raw
}

const names = (data: Buffer) => [...headerOf(data).matchAll(/^([^\s:]+):/gm)].map(found => found[1]!.toLowerCase())

describe('compose', () => {
  it('makes the same bytes of the same mail', async () => {
    expect((await raw()).equals(await raw())).toBe(true)
    expect((await raw()).equals(await raw({ messageId: '<2@example.org>' }))).toBe(false)
  })

  it('writes the given Message-ID and Date and one recipient', async () => {
    const header = headerOf(await raw())
    expect(header).toContain('Message-ID: <0198c0de-0000-7000-8000-000000000001@example.org>\r\n')
    expect(header).toContain('Date: Sun, 22 Nov 2026 20:43:27 +0000\r\n')
    expect(header).toContain('To: alice@example.net\r\n')
    expect(header).toContain('From: "Example, Inc." <noreply@example.org>\r\n')
  })

  it('comes back as it was, over seven bits and clean lines, whatever is in it', async () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 200 })
      .map(value => value.replaceAll('\r', '').replaceAll('\0', ''))
    await fc.assert(
      fc.asyncProperty(text, text, async (body, subject) => {
        const data = await raw({ text: `${body}\n.\nend`, subject: oneLine(subject) })
        const wire = toWire(data)
        expect(wire).toMatchObject({ status: 'ready', eightBit: false })
        const parsed = await PostalMime.parse(data)
        expect(parsed.text?.replaceAll('\r\n', '\n').trimEnd()).toBe(`${body}\n.\nend`.trimEnd())
        expect(parsed.to?.map(one => one.address)).toEqual(['alice@example.net'])
      }),
      { numRuns: 100 },
    )
  })

  it.each(['\r', '\n', '\r\n', '\r.\r', '\n.\r\n', '\r\r\n'])('takes %j for the end of a line', async end => {
    const data = await raw({ text: `one${end}two`, html: `<p>one${end}two</p>` })
    expect(toWire(data).status).toBe('ready')
    const expected = `one${end}two`.replaceAll(/\r\n?/g, '\n')
    expect((await PostalMime.parse(data)).text?.replaceAll('\r\n', '\n').trimEnd()).toBe(expected)
  })

  it('reads no file and no address on the network', async () => {
    const text = { path: '/etc/hostname' } as unknown as string
    await expect(raw({ text })).rejects.toThrow()
    await expect(raw({ html: { href: 'http://127.0.0.1:1/' } as unknown as string })).rejects.toThrow()
  })
})

/** What readers, relays and mail stores stumble over, between any other characters. */
const awkward = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r',
        '\n',
        '\r\n',
        '\n\n',
        '\n.\n',
        '\nFrom ',
        ' \n',
        '\t\n',
        ' ',
        '  ',
        '=',
        '=\n',
        '=20',
        '"',
        '\\',
      ),
      fc.constantFrom(
        '=?utf-8?Q?a?=',
        '=?',
        '?=',
        '\n--',
        '=_',
        '@',
        '<a@evil.test>',
        ',',
        '_',
        'ü',
        '\u0301',
        '日本語',
      ),
      fc.constantFrom(
        '\u202eabc\u202c',
        'שלום',
        '👩‍👩‍👧',
        '\ud83d',
        '\ude00',
        '\u00a0',
        '\0',
        '\x7f',
        'a'.repeat(80),
        'word '.repeat(200),
      ),
      fc.string(),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 12 },
  )
  .map(parts => parts.join(''))
const awkwardLine = (charsMax: number) =>
  fc
    .tuple(fc.nat(2), awkward, fc.nat(2))
    .map(([before, text, after]) => `${' '.repeat(before)}${oneLine(text)}${' '.repeat(after)}`.slice(0, charsMax))

const letterOf = fc
  .record({
    subject: awkwardLine(998),
    name: awkwardLine(256),
    note: awkwardLine(998),
    text: fc.option(awkward, { nil: undefined }),
    html: fc.option(awkward, { nil: undefined }),
  })
  .map(({ text, html, ...rest }) => ({
    ...rest,
    ...(text !== undefined && { text }),
    ...(html !== undefined && { html }),
    ...(text === undefined && html === undefined && { text: '' }),
  }))
type Letter = { subject: string; name: string; note: string; text?: string; html?: string }

async function written({ subject, name, note, text, html }: Letter): Promise<Buffer> {
  const { text: _, html: __, ...rest } = base
  const mail = { ...rest, subject, to: { ...alice, name }, headers: [['X-Note', note]] as const }
  const composed = await compose({
    ...mail,
    ...(text !== undefined && { text }),
    ...(html !== undefined && { html }),
  })
  if (composed.status !== 'composed') throw new Error(`refused: ${composed.faults.map(fault => fault.code).join()}`)
  return composed.raw
}

/** A text as a reader is to see it. The last line of the only part always ends, as every mail does. */
function received(text: string | undefined, isOnly: boolean): string | undefined {
  const lines = text?.toWellFormed().replaceAll(/\r\n?|\n/g, '\r\n')
  return isOnly && lines && !lines.endsWith('\r\n') ? `${lines}\r\n` : lines
}

/** A part decoded by the letter of RFC 2045 §6.7 and §6.8, without a library that might forgive. */
function decoded(part: string): string {
  const at = part.indexOf('\r\n\r\n')
  const body = part.slice(at + 4)
  const encoding = /^Content-Transfer-Encoding: (.*)$/m.exec(part.slice(0, at + 2))?.[1]
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString()
  if (encoding === '7bit') return body
  const bytes = body
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number(`0x${hex}`)))
  return Buffer.from(bytes, 'latin1').toString()
}

function partsOf(data: Buffer): string[] {
  const mail = data.toString('latin1')
  const mark = /boundary="([^"]+)"/.exec(headerOf(data))?.[1]
  return mark ? mail.split(`\r\n--${mark}--\r\n`)[0]!.split(`\r\n--${mark}\r\n`).slice(1) : [mail]
}

const runs = { numRuns: 300 }

describe('any mail', () => {
  it('has parts that decode to exactly what was given', async () => {
    await fc.assert(
      fc.asyncProperty(letterOf, async letter => {
        const given = [letter.text, letter.html].filter(text => text !== undefined)
        const parts = partsOf(await written(letter)).map(decoded)
        if (given.length === 2) expect(parts).toEqual(given.map(text => received(text, false)))
        else expect([received(given[0], false), received(given[0], true)]).toContain(parts[0])
      }),
      runs,
    )
  })

  it('comes back through a parser as it was', async () => {
    // The parser ends each line by LF, the last one too, and takes a byte order mark at the start for none of the text.
    const expectRead = (read: string | undefined, given: string) => {
      const lines = received(given, false)!
        .replaceAll('\r\n', '\n')
        .replace(/^\ufeff/, '')
      expect([lines, `${lines}\n`]).toContain((read ?? '').replaceAll('\r\n', '\n'))
    }
    const unmarked = (text: string) => text.toWellFormed().replaceAll('\ufeff', '')
    await fc.assert(
      fc.asyncProperty(letterOf, async letter => {
        const { subject, name, note } = letter
        const header = { subject: unmarked(subject), name: unmarked(name), note: unmarked(note) }
        const parsed = await PostalMime.parse(await written({ ...letter, ...header }))
        expect(parsed.subject ?? '').toBe(header.subject)
        expect(parsed.to).toEqual([{ address: alice.mailbox.address, name: header.name }])
        expect(decodeWords(parsed.headers.find(({ key }) => key === 'x-note')!.value)).toBe(header.note)
        if (letter.text !== undefined) expectRead(parsed.text, letter.text)
        if (letter.html !== undefined) expectRead(parsed.html, letter.html)
        expect(parsed.attachments).toEqual([])
      }),
      runs,
    )
  })

  it('is clean on the wire, and the same each time', async () => {
    await fc.assert(
      fc.asyncProperty(letterOf, async letter => {
        const data = await written(letter)
        expect(data.equals(await written(letter))).toBe(true)
        expect(toWire(data)).toMatchObject({ status: 'ready', eightBit: false })
        expect(data.toString('latin1')).toMatch(/^[\t\r\n\x20-\x7e]*\r\n$/)
        for (const line of data.toString('latin1').split('\r\n')) {
          expect(line.length).toBeLessThanOrEqual(998)
          expect(line).not.toMatch(/^From |[ \t]$/)
        }
        for (const line of headerOf(data)
          .split('\r\n')
          .filter(line => line.length > 78)) {
          expect(line, 'only what cannot be folded is longer').toMatch(/^(?:[\w-]+:)? +[^ ]+$/)
        }
        expect(names(data)).toEqual([
          ...['from', 'to', ...(letter.subject === '' ? [] : ['subject'])],
          ...['message-id', 'date', 'x-note', 'mime-version', 'content-type'],
          ...(partsOf(data).length === 1 ? ['content-transfer-encoding'] : []),
        ])
      }),
      runs,
    )
  })

  it('takes another boundary where the text has the usual one', async () => {
    const usual = /boundary="([^"]+)"/.exec(headerOf(await raw()))![1]!
    const text = `--${usual}\r\nContent-Type: text/html\r\n\r\n<p>not ours</p>\r\n--${usual}--\r\n`
    const data = await raw({ text })
    expect(partsOf(data).map(decoded)).toEqual([text, base.html])
    expect(headerOf(data)).not.toContain(usual)
  })
})

const readByPython = `
import base64, email, email.policy, json, sys
from email.header import decode_header, make_header
def name(field):
    # Not display_name: its whitespace between encoded words depends on the version.
    return str(make_header(decode_header(email.utils.parseaddr(field.replace('\\r\\n', ''))[0])))
def body(mail, kind):
    for part in mail.walk():
        if part.get_content_type() == kind: return base64.b64encode(part.get_payload(decode=True)).decode()
def read(raw):
    mail = email.message_from_bytes(base64.b64decode(raw), policy=email.policy.default)
    return {
        'subject': mail['subject'] or '',
        'name': name(email.message_from_bytes(base64.b64decode(raw))['to']),
        'addresses': [one.addr_spec for one in mail['to'].addresses],
        'note': mail['x-note'],
        'text': body(mail, 'text/plain'),
        'html': body(mail, 'text/html'),
        'defects': [str(defect) for part in mail.walk() for defect in part.defects],
    }
json.dump([read(raw) for raw in json.load(sys.stdin)], sys.stdout)
`
const python = childProcess.spawnSync('python3', ['--version'])
const noPython = python.status === 0 ? '' : ' (skipped: there is no python3 for a second opinion)'
const samples = 200

describe.runIf(noPython === '')(`any mail${noPython}`, () => {
  it('comes back through the parser of another language', async () => {
    const letters = fc.array(letterOf, { minLength: samples, maxLength: samples, size: 'max' })
    await fc.assert(
      fc.asyncProperty(letters, async letters => {
        const mails = await Promise.all(letters.map(written))
        const input = JSON.stringify(mails.map(mail => mail.toString('base64')))
        const answer = childProcess.spawnSync('python3', ['-c', readByPython], { input, maxBuffer: 1 << 28 })
        expect(answer.stderr.toString()).toBe('')
        const read = JSON.parse(answer.stdout.toString()) as Record<string, string | null>[]
        for (const [at, { subject, name, note, text, html }] of letters.entries()) {
          const { text: textRead, html: htmlRead, ...rest } = read[at]!
          expect(rest).toEqual({
            ...{ subject: subject.toWellFormed(), name: name.toWellFormed(), note: note.toWellFormed() },
            ...{ addresses: [alice.mailbox.address], defects: [] },
          })
          for (const [given, found] of [
            [text, textRead],
            [html, htmlRead],
          ] as const) {
            const isOnly = text === undefined || html === undefined
            const bytes = found == null ? undefined : Buffer.from(found, 'base64').toString()
            expect([received(given, false), received(given, isOnly)]).toContain(bytes)
          }
        }
      }),
      { numRuns: 1, endOnFailure: true },
    )
  })
})

const vectors = [
  'x\r\nBcc: eve@evil.test',
  'x\nBcc: eve@evil.test',
  'x\rBcc: eve@evil.test',
  'x\r\n\r\nbody',
  'x\0Bcc: eve@evil.test',
  'x\r\n Bcc: eve@evil.test',
  'x\u2028Bcc: eve@evil.test',
  'x\u2029Bcc: eve@evil.test',
  'x\u0085Bcc: eve@evil.test',
  'x\x0bBcc: eve@evil.test',
]
const inert = [
  '=?utf-8?Q?x=0D=0ABcc:_eve@evil.test?=',
  '=?utf-8?B?eA0KQmNjOiBldmVAZXZpbC50ZXN0?=',
  'x%0d%0aBcc: eve@evil.test',
  'x\\r\\nBcc: eve@evil.test',
]

describe('header injection', () => {
  it.each(vectors)('is refused in subject, name and header: %j', async vector => {
    const faults = async (change: Partial<Composition>) => {
      const composed = await compose({ ...base, ...change })
      return composed.status === 'refused' ? composed.faults.map(fault => fault.code) : []
    }
    expect(await faults({ subject: vector })).toEqual(['subject'])
    expect(await faults({ to: { ...alice, name: vector } })).toEqual(['name'])
    expect(await faults({ headers: [['X-Note', vector]] })).toEqual(['header-value'])
    expect(await faults({ headers: [[vector, 'y']] })).toEqual(['header-name'])
    expect(await faults({ messageId: `<${vector}@example.org>` })).toEqual(['message-id'])
  })

  it.each([...vectors.map(oneLine), ...inert])('makes no new header: %j', async text => {
    const usual = names(await raw({ headers: [['X-Note', 'y']] }))
    const data = await raw({
      subject: text,
      to: { ...alice, name: text.replaceAll('@', '') },
      headers: [['X-Note', text]],
    })
    expect(names(data)).toEqual(usual)
    const parsed = await PostalMime.parse(data)
    expect(parsed.bcc).toBeUndefined()
    expect(parsed.to?.map(one => one.address)).toEqual(['alice@example.net'])
  })

  it.each([
    'Bcc',
    'to',
    'Resent-To',
    'Content-Type',
    'Return-Path',
    'X Note',
    '',
  ])('takes no header called %j', async name => {
    expect((await compose({ ...base, headers: [[name, 'eve@evil.test']] })).status).toBe('refused')
  })
})

describe('addHeaders', () => {
  const mail = Buffer.from('Subject: x\r\n\r\nGrüße\r\n')

  it('puts fields in front and leaves every byte behind them', () => {
    const out = addHeaders(mail, [['Tocsin-Code', 'ABCD-1234']])
    expect(out.toString()).toBe(`Tocsin-Code: ABCD-1234\r\n${mail}`)
  })

  it('adds Message-ID and Date where there are none', () => {
    const missing = { messageId: '<1@example.org>', date: 0 }
    expect(addHeaders(mail, [], missing).toString()).toBe(
      `Message-ID: <1@example.org>\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\n${mail}`,
    )
    const complete = Buffer.from('message-id: <2@example.org>\r\nDATE : x\r\n\r\n')
    expect(addHeaders(complete, [], missing)).toBe(complete)
    const inBody = Buffer.from('Subject: x\r\n\r\nDate: y\r\nMessage-ID: z\r\n')
    expect(names(addHeaders(inBody, [], missing))).toEqual(['message-id', 'date', 'subject'])
    expect(addHeaders(Buffer.from('\r\nbody'), [], missing).toString()).toMatch(/\+0000\r\n\r\nbody$/)
  })

  it.each([...vectors.filter(vector => vector !== ''), 'é'])('asserts against %j', vector => {
    expect(() => addHeaders(mail, [['Tocsin-Code', vector]])).toThrow('printable ASCII')
    expect(() => addHeaders(mail, [[vector, 'x']])).toThrow('letters, digits')
  })
})

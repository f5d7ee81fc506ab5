import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressesOf } from '../../std/address-list.ts'
import { parseMailbox } from '../../std/mailbox.ts'
import { headerFaults, readHeaders } from './headers.ts'

const parsed = parseMailbox('jane@example.net')
if (!parsed.ok) throw new Error('the recipient of these tests must parse')
const recipient = parsed.mailbox

const read = (text: string) => readHeaders(Buffer.from(text, 'utf8'), recipient)
const header = (...lines: string[]) => read(`${lines.join('\r\n')}\r\n\r\nbody\r\n`)
const left = (...lines: string[]) => header(...lines).data.toString('utf8')
const faults = (...lines: string[]) => header(...lines).faults.map(({ code, field }) => `${code} ${field}`)

describe('facts', () => {
  it('are read as written, unfolded', () => {
    const facts = header(
      'Received: by one',
      'received: by two',
      'From: "Shop, Inc." <shop@example.org>',
      'To: Jane <jane@example.net>,\r\n JANE@example.net (herself), other@example.net',
      'Cc: group: one@example.net, <two@example.net>;',
      'Subject: =?utf-8?q?x?= grüße\r\n  folded',
      'Message-Id: <1@example.org>',
      'Content-Type: multipart/mixed;\r\n\tboundary=b',
    )
    expect(facts).toMatchObject({
      from: ['shop@example.org'],
      to: ['jane@example.net', 'JANE@example.net', 'other@example.net'],
      cc: ['one@example.net', 'two@example.net'],
      otherRecipients: 3,
      subject: '=?utf-8?q?x?= grüße  folded',
      messageId: '<1@example.org>',
      contentType: 'multipart/mixed;\tboundary=b',
      hops: 2,
      repeated: [],
      malformedLines: 0,
      faults: [],
      instructions: {},
    })
  })

  it('are there for what has no header, no body or no end', () => {
    expect(read('')).toMatchObject({ from: [], bodyAt: 0 })
    expect(read('\r\nbody\r\n')).toMatchObject({ from: [], bodyAt: 2 })
    expect(read('\r\nFrom: a@example.org\r\n\r\n')).toMatchObject({ from: [] })
    expect(read('Subject: x\r\n')).toMatchObject({ subject: 'x', bodyAt: 12 })
    expect(read('Subject: x')).toMatchObject({ subject: 'x', bodyAt: 10 })
    expect(read('Subject: x\r\n\r\nbody')).toMatchObject({ bodyAt: 14 })
    expect(read('Bcc: x\r\nSubject: x\r\n\r\nbody')).toMatchObject({ bodyAt: 14 })
  })

  it('count what is odd', () => {
    expect(
      header('From me Mon Jan  1', ' folded first', 'no field', 'To: jane@example.net', 'to : b@example.net'),
    ).toMatchObject({
      malformedLines: 2,
      repeated: ['to'],
      to: ['jane@example.net', 'b@example.net'],
      otherRecipients: 1,
    })
  })
})

describe('instructions', () => {
  it('are read and removed, and every other byte is left', () => {
    const facts = header(
      'Subject: x',
      'X-Tocsin-Class: password-reset',
      'x-tocsin-cause: 0190-ab',
      'X-TOCSIN-ACCOUNT:\r\n  user/17  ',
      'bcc: hidden@example.net,\r\n\tmore@example.net',
      'X-Tocsin-Idempotency-Key: k 1'.replace(' 1', '1'),
      'X-Tocsin-Expires: 2026-01-02T03:04:05+01:00',
      'X-Other: kept \t\r\n  as it is',
    )
    expect(facts.faults).toEqual([])
    expect(facts.instructions).toEqual({
      class: 'password-reset',
      cause: '0190-ab',
      account: 'user/17',
      idempotencyKey: 'k1',
      expiresAt: Date.UTC(2026, 0, 2, 2, 4, 5),
    })
    expect(facts.data.toString()).toBe('Subject: x\r\nX-Other: kept \t\r\n  as it is\r\n\r\nbody\r\n')
    expect(facts.data.subarray(facts.bodyAt).toString()).toBe('body\r\n')
  })

  it('leave the buffer alone when there are none', () => {
    const mail = Buffer.from('Subject: x\r\n\r\nX-Tocsin-Class: in-the-body\r\nBcc: x\r\n')
    const facts = readHeaders(mail, recipient)
    expect(facts.data).toBe(mail)
    expect(facts.instructions).toEqual({})
  })

  it('are removed when they are the whole header', () => {
    expect(left('X-Tocsin-Class: other')).toBe('\r\nbody\r\n')
    expect(read('Bcc: x\r\n').data.toString()).toBe('')
  })

  it.each([
    [['X-Tocsin-Class: a', 'x-tocsin-class: a'], ['header-repeated X-Tocsin-Class']],
    [['X-Tocsin-Klass: a'], ['header-unknown X-Tocsin-Klass']],
    [['X-Tocsin-Class : a'], ['header-name-malformed X-Tocsin-Class']],
    [['X-Tocsin-Class\t: a'], ['header-name-malformed X-Tocsin-Class']],
    [['no field', 'X-Tocsin-Class: a'], ['header-misplaced X-Tocsin-Class']],
    [['X-Tocsin-Class: a\r\n \r\n b'], ['header-folding-malformed X-Tocsin-Class']],
    [['X-Tocsin-Class: a\r\n '], ['header-folding-malformed X-Tocsin-Class']],
    [['X-Tocsin-Class:'], ['header-empty X-Tocsin-Class']],
    [['X-Tocsin-Class: A'], ['header-character X-Tocsin-Class']],
    [['X-Tocsin-Account: a b'], ['header-character X-Tocsin-Account']],
    [['X-Tocsin-Account: ü'], ['header-character X-Tocsin-Account']],
    [['X-Tocsin-Cause: =?utf-8?q?=0D=0ABcc:_x?= y'], ['header-character X-Tocsin-Cause']],
    [[`X-Tocsin-Account: ${'a'.repeat(256)}`], []],
    [[`X-Tocsin-Account: ${'a'.repeat(257)}`], ['header-too-long X-Tocsin-Account']],
    [['X-Tocsin-Expires: tomorrow'], ['header-character X-Tocsin-Expires']],
    [['X-Tocsin-Expires: 2026-01-02'], ['header-time-malformed X-Tocsin-Expires']],
    [['X-Tocsin-Expires: 2026-13-02T00:00:00Z'], ['header-time-malformed X-Tocsin-Expires']],
    [
      ['X-Tocsin-Class: A', 'X-Tocsin-Cause:', 'X-Tocsin-Nope: 1', 'X-Tocsin-Cause: 2'],
      [
        'header-character X-Tocsin-Class',
        'header-empty X-Tocsin-Cause',
        'header-unknown X-Tocsin-Nope',
        'header-repeated X-Tocsin-Cause',
      ],
    ],
  ])('%j → %j', (lines, expected) => {
    expect(faults(...lines)).toEqual(expected)
    expect(left(...lines)).not.toMatch(/x-tocsin/i)
    for (const { code, detail } of header(...lines).faults) expect(detail).toBe(headerFaults[code])
  })

  it('leave no Bcc in any spelling', () => {
    expect(left('BCC: a@example.net', 'Bcc : b@example.net\r\n c@example.net', 'Subject: x')).toBe(
      'Subject: x\r\n\r\nbody\r\n',
    )
  })
})

describe('properties', () => {
  const name = fc.constantFrom(
    'Subject',
    'X-Tocsin-Class',
    'x-tocsin-Cause',
    'Bcc',
    'To',
    'Bcc ',
    'X-Tocsin-Account\t',
    'Received',
    'no field',
    ' fold',
    'X',
  )
  const value = fc.stringMatching(/^[ -~\t]{0,20}(\r\n[ \t][ -~]{0,10})?$/)
  const field = fc.tuple(name, value).map(([n, v]) => (n === 'no field' ? n : `${n}:${v}`))

  it('what is left has no instruction and no Bcc, is in order, and reading it again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 12 }), fc.string(), (fields, body) => {
        const mail = Buffer.from(`${fields.map(line => `${line}\r\n`).join('')}\r\n${body}`)
        const facts = readHeaders(mail, recipient)
        const again = readHeaders(facts.data, recipient)
        expect(again.data).toBe(facts.data)
        expect(again.instructions).toEqual({})
        expect(
          facts.data
            .subarray(facts.bodyAt)
            .equals(
              mail.subarray(mail.indexOf('\r\n\r\n') === -1 || fields.length === 0 ? 2 : mail.indexOf('\r\n\r\n') + 4),
            ),
        ).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('addresses of a list', () => {
  it.each([
    ['a@example.org', ['a@example.org']],
    ['A <a@example.org>, b@example.org', ['a@example.org', 'b@example.org']],
    ['"x, y <z@example.org>" <a@example.org>', ['a@example.org']],
    ['a@example.org (c, d@example.org (nested) \\) )', ['a@example.org']],
    ['undisclosed-recipients:;', []],
    ['g: a@example.org, b@example.org;, c@example.org', ['a@example.org', 'b@example.org', 'c@example.org']],
    ['<@relay.test:a@example.org>', ['@relay.test:a@example.org']],
    ['a@example.org <b@example.org> c@example.org', ['b@example.org']],
    ['"b@ok.test,c"@evil.test', ['"b@ok.test,c"@evil.test']],
    ['<a@example.org', ['a@example.org']],
    ['"unclosed <a@example.org>, b@example.org', ['"unclosed <a@example.org>, b@example.org']],
    [' , ,', []],
    ['<>', []],
  ])('%j → %j', (list, addresses) => {
    expect(addressesOf(list)).toEqual(addresses)
  })
})

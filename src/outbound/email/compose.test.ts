import fc from 'fast-check'
import PostalMime from 'postal-mime'
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

  it.each(['Bcc', 'to', 'Resent-To', 'Content-Type', 'Return-Path', 'X Note', ''])(
    'takes no header called %j',
    async name => {
      expect((await compose({ ...base, headers: [[name, 'eve@evil.test']] })).status).toBe('refused')
    },
  )
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

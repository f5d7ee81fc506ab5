import { join } from 'node:path'
import PostalMime from 'postal-mime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Keyring, openKeyring } from '../../src/engine/keyring.ts'
import { openHouse, Product } from '../product.ts'
import { type Sink, startSink } from '../sink.ts'

// Recipient confusion: what was authorized is what RCPT says, whatever two readers could make of the text. Each text is either refused, or
// exactly this address is written to and no other.

type Row = [name: string, text: string, addressOrCode: string]

const exact: Row[] = [
  ['plain', 'b@ok.test', 'b@ok.test'],
  ['capitals', 'B@OK.TEST', 'B@ok.test'],
  ['a tag', 'b+tag@ok.test', 'b+tag@ok.test'],
  ['signs that shells and old mailers read', "|b'c$`{d}@ok.test", "|b'c$`{d}@ok.test"],
  ['an encoded word for a name', '=?utf-8?q?b=40evil.test?=@ok.test', '=?utf-8?q?b=40evil.test?=@ok.test'],
  ['an option of sendmail', '-oQ/tmp@ok.test', '-oQ/tmp@ok.test'],
  ['needless quotes', '"b"@ok.test', 'b@ok.test'],
  ['needed quotes', '"b c"@ok.test', '"b c"@ok.test'],
  ['an A-label', 'b@xn--bcher-kva.test', 'b@xn--bcher-kva.test'],
  ['a U-label', 'b@bücher.test', 'b@xn--bcher-kva.test'],
]
const refused: Row[] = [
  ['nothing', ' ', 'white-space'],
  ['two by a comma', 'b@ok.test,c@evil.test', 'several-addresses'],
  ['two by a semicolon', 'b@ok.test;c@evil.test', 'several-addresses'],
  ['two by a space', 'b@ok.test c@evil.test', 'white-space'],
  ['two by a tab', 'b@ok.test\tc@evil.test', 'control-character'],
  ['quotes around a comma', '"b@ok.test,c"@evil.test', 'quoted-character'],
  ['quotes around a bracket', '"b@ok.test>,<c"@evil.test', 'quoted-character'],
  ['quotes within quotes', '"b\\"@evil.test\\""@ok.test', 'quoted-character'],
  ['two at signs', 'b@ok.test@evil.test', 'several-at-signs'],
  ['a comment', 'b(c@evil.test)@ok.test', 'comment'],
  ['a comment behind', 'b@ok.test(c@evil.test)', 'comment'],
  ['a group', 'all:b@ok.test,c@evil.test;', 'group'],
  ['an empty group', 'undisclosed-recipients:;', 'group'],
  ['a percent-hack', 'b%evil.test@ok.test', 'percent-hack'],
  ['a bang path', 'evil.test!b@ok.test', 'bang-path'],
  ['a source route', '@evil.test:b@ok.test', 'source-route'],
  ['a NUL', 'b@ok.test\0.evil.test', 'control-character'],
  ['a bidi override', 'b@ok.test\u202e', 'bidi-control'],
  ['a zero-width space', 'b\u200b@ok.test', 'invisible-character'],
  ['a soft hyphen', 'b@o\u00adk.test', 'invisible-character'],
  ['an ideographic dot', 'b@ok。test', 'look-alike-separator'],
  ['a fullwidth dot', 'b@ok．test', 'look-alike-separator'],
  ['a fullwidth at sign', 'b＠evil.test@ok.test', 'look-alike-separator'],
  ['a letter beyond ASCII before the at sign', 'é@ok.test', 'local-not-ascii'],
  ['sharp s, of which there are two readings', 'b@faß.test', 'domain-ambiguous'],
  ['a root dot', 'b@ok.test.', 'domain-empty-label'],
  ['an address literal', 'b@[127.0.0.1]', 'address-literal'],
  ['a bare IP address', 'b@127.0.0.1', 'domain-numeric'],
  ['two dots', 'b..c@ok.test', 'local-dots'],
  ['65 bytes before the at sign', `${'b'.repeat(65)}@ok.test`, 'local-too-long'],
  ['255 bytes', `bc@${'a.'.repeat(124)}test`, 'too-long'],
  ['a domain of 298 bytes', `b@${'a.'.repeat(147)}test`, 'domain-too-long'],
]
/** What cannot even be written within the angle brackets of RCPT, or would be two commands. */
const overHttpOnly: Row[] = [
  ['a command behind', 'b@ok.test>\r\nRCPT TO:<c@evil.test', 'line-break'],
  ['a line feed', 'b@ok.test\n', 'line-break'],
  ['a carriage return', 'b@ok.test\r', 'line-break'],
  ['a line separator', 'b@ok.test\u2028', 'line-break'],
  ['a lone surrogate', 'b\ud800@ok.test', 'not-unicode'],
  ['angle brackets', '<b@ok.test>', 'display-name'],
  ['a name', 'B <b@ok.test>', 'display-name'],
  ['an address for a name', '"b@ok.test" <c@evil.test>', 'display-name'],
]

let sink: Sink
let product: Product
let keyring: Keyring
beforeAll(async () => {
  sink = await startSink()
  product = await Product.start({ upstreams: [sink.port] })
  keyring = openKeyring(join(product.dataDir, 'data'))
})
afterAll(() => sink.close())

/** What was authorized, as the test reads it; compared at the end with what the register says. */
const authorized = new Map<string, string>()

/** One mail came out, to this address alone. */
async function expectOneTo(address: string, id: string, before: number): Promise<void> {
  authorized.set(id, address)
  await sink.until(before + 1)
  const { to, data } = sink.mails[before]!
  expect(to).toEqual([`<${address}>`])
  const { to: shown, cc, bcc } = await PostalMime.parse(data)
  if (shown) expect(shown.map(({ address: one }) => one)).toEqual([address])
  expect([cc, bcc]).toEqual([undefined, undefined])
}

describe('recipients over HTTP', () => {
  const messageTo = (email: string) => ({ class: 'other', recipient: { email }, subject: 'Hello', text: 'Hello' })

  it.each(exact)('%s: exactly this address', async (_, email, address) => {
    const before = sink.mails.length
    const answer = await product.send(messageTo(email))
    expect(answer).toMatchObject({ status: 202, body: { outcome: 'deliver' } })
    await expectOneTo(address, answer.body.id as string, before)
  })

  it.each([...refused, ...overHttpOnly])('%s: refused', async (_, email, code) => {
    const answer = await product.send(messageTo(email))
    expect(answer.status).toBe(422)
    expect(answer.body).toMatchObject({ faults: [{ pointer: '/recipient/email', code: `mailbox.${code}` }] })
    expect(answer.text).not.toContain('evil.test')
  })

  it.each([
    ['a list', [{ email: 'b@ok.test' }]],
    ['two in a list', [{ email: 'b@ok.test' }, { email: 'c@evil.test' }]],
    ['a list of addresses', { email: ['b@ok.test', 'c@evil.test'] }],
    ['an object', { email: { address: 'b@ok.test' } }],
    ['a second field', { email: 'b@ok.test', cc: 'c@evil.test' }],
    ['a text', 'b@ok.test'],
    ['a number', { email: 7 }],
  ])('%s instead of one recipient: refused', async (_, recipient) => {
    expect(await product.send({ ...messageTo('x'), recipient })).toMatchObject({ status: 422 })
  })

  it('the last of two fields of the same name does not slip past a check of the first', async () => {
    const before = sink.mails.length
    const body = `{"class":"other","recipient":{"email":"b@ok.test","email":"c@ok.test"},"subject":"s","text":"t"}`
    const answer = await product.ask('/v1/messages', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
    if (answer.status === 202) await expectOneTo('c@ok.test', answer.body.id as string, before)
    else expect(answer.status).toBe(400)
  })
})

describe('recipients over SMTP', () => {
  const mail = 'Subject: Hello\r\n\r\nHello\r\n'
  const bytes = (text: string) => Buffer.from(text).toString('latin1')

  it.each(
    exact.filter(([, text]) => !/[^\x20-\x7e]/.test(text)),
  )('%s: exactly this address', async (_, to, address) => {
    const before = sink.mails.length
    const client = await product.smtp()
    const [, , id, outcome] = (await client.mail(mail, { to })).split(' ')
    expect(outcome).toBe('deliver')
    await expectOneTo(address, id!, before)
    client.close()
  })

  it.each([...refused, ...exact.filter(([, text]) => /[^\x20-\x7e]/.test(text))])('%s: refused', async (_, to) => {
    const before = sink.mails.length
    const client = await product.smtp()
    expect(await client.mail(mail, { to: bytes(to) })).toMatch(
      /^5(?:53 5\.(?:1\.3|6\.7)|00 5\.5\.2|01 5\.5\.4|55 5\.5\.4) /,
    )
    expect(await client.mail(mail)).toMatch(/^250 /)
    await sink.until(before + 1)
    expect(sink.mails.at(-1)!.to).toEqual(['<someone@example.net>'])
    client.close()
  })

  it.each([
    'RCPT TO:<b@ok.test>,<c@evil.test>',
    'RCPT TO:<b@ok.test> <c@evil.test>',
    'RCPT TO:b@ok.test',
    'RCPT TO:<b@ok.test> ORCPT=rfc822;c@evil.test',
    'RCPT TO:"b" <b@ok.test>',
    'RCPT TO:<<b@ok.test>>',
    'RCPT TO:<>',
  ])('%s: refused', async line => {
    const client = await product.smtp()
    await client.say('MAIL FROM:<app@example.org>')
    expect(await client.say(line)).toMatch(/^5\d\d 5\./)
    expect(await client.say('DATA')).toMatch(/^554 5\.5\.1 /)
    client.close()
  })

  it('a second recipient is told to come in another mail, and the first alone gets this one', async () => {
    const before = sink.mails.length
    const client = await product.smtp()
    await client.say('MAIL FROM:<app@example.org>')
    expect(await client.say('RCPT TO:<b@ok.test>')).toMatch(/^250 /)
    for (const to of ['c@evil.test', 'b@ok.test']) expect(await client.say(`RCPT TO:<${to}>`)).toMatch(/^452 4\.5\.3 /)
    await client.say('DATA')
    client.write(`To: c@evil.test, b@ok.test\r\nBcc: d@evil.test\r\n${mail}.\r\n`)
    expect(await client.reply()).toMatch(/^250 /)
    await sink.until(before + 1)
    expect(sink.mails.slice(before).map(({ to }) => to)).toEqual([['<b@ok.test>']])
    expect(sink.mails.at(-1)!.data.toString()).not.toContain('d@evil.test')
    client.close()
  })
})

it('the register knows each by the address that RCPT had, and no mail went to anyone else', async () => {
  const states = await product.settled()
  expect(states).toEqual({ delivered: sink.mails.length })
  const { rows } = await product.query('select id, address from register_message')
  const known = new Map(rows.map(({ id, address }) => [id, address]))
  expect(authorized.size).toBeGreaterThan(exact.length)
  for (const [id, address] of authorized)
    expect(known.get(id), address).toBe(keyring.hash('address', address.toLowerCase()))
  const written = sink.mails.flatMap(({ to }) => to)
  const expected = [...authorized.values(), 'someone@example.net', 'b@ok.test'].map(address => `<${address}>`)
  expect(new Set(written)).toEqual(new Set(expected))
  expect(written).toHaveLength(states.delivered!)
})

describe('caps count the mailbox, however it is written', () => {
  const perHour = 3
  const groups: [name: string, sameMailbox: string[]][] = [
    [
      'dots, tags and case at Gmail',
      [
        'some.one@gmail.com',
        'someone+a@gmail.com',
        'S.O.meOne@gmail.com',
        'someone@googlemail.com',
        '"someone"@gmail.com',
        'someone+b.c@GoogleMail.com',
      ],
    ],
    ['case', ['reader@ok.test', 'Reader@ok.test', 'READER@OK.TEST', 'reader@Ok.Test', '"reader"@ok.test']],
    [
      'both forms of a domain',
      ['b@bücher.test', 'b@xn--bcher-kva.test', 'B@xn--bcher-kva.test', 'b@XN--BCHER-KVA.test', '"b"@bücher.test'],
    ],
  ]

  it.each(groups)('%s: one share for all, each delivered to the very address', async (_, addresses) => {
    const out = await startSink()
    const capped = { ...openHouse, classes: {}, caps: { open: { perHour, perDay: perHour } } }
    const guarded = await Product.start({ config: capped, upstreams: [out.port] })
    const outcomes: unknown[] = []
    const expected: string[] = []
    for (const [i, email] of addresses.entries()) {
      // Another account, another class and another protocol are no way around.
      const ascii = !/[^\x20-\x7e]/.test(email)
      if (i % 2 === 1 && ascii) {
        const client = await guarded.smtp()
        outcomes.push(
          (await client.mail(`X-Tocsin-Account: a${i}\r\nSubject: ${i}\r\n\r\n${i}\r\n`, { to: email })).split(' ')[3],
        )
        client.close()
      } else {
        const message = { class: i % 3 === 0 ? 'other' : 'sign-in-alert', account: `a${i}`, recipient: { email } }
        outcomes.push((await guarded.send({ ...message, subject: `${i}`, text: `${i}` })).body.outcome)
      }
      const at = email.lastIndexOf('@')
      const local = email.slice(0, at).replaceAll('"', '')
      const domain = email
        .slice(at + 1)
        .toLowerCase()
        .replace('bücher', 'xn--bcher-kva')
      if (i < perHour) expected.push(`<${local}@${domain}>`)
    }
    expect(outcomes).toEqual(addresses.map((_, i) => (i < perHour ? 'deliver' : 'suppress')))
    await guarded.settled()
    const notices = out.mails.filter(({ data }) => !/^Subject: \d\r$/m.test(data.toString()))
    expect(
      out.mails
        .filter(mail => !notices.includes(mail))
        .flatMap(({ to }) => to)
        .sort(),
    ).toEqual(expected.sort())
    expect(notices).toHaveLength(1)
    await out.close()
  })

  it('what are different mailboxes elsewhere have a share each', async () => {
    const out = await startSink()
    const capped = { ...openHouse, classes: {}, caps: { open: { perHour: 1, perDay: 1 } } }
    const guarded = await Product.start({ config: capped, upstreams: [out.port] })
    for (const email of ['a.b@ok.test', 'ab@ok.test', 'ab@other.test', 'ab+c@ok.test'])
      expect((await guarded.send({ class: 'other', recipient: { email }, subject: 's', text: 't' })).body.outcome).toBe(
        'deliver',
      )
    await out.close()
  })
})

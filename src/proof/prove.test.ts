import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { realValues } from '../../test/real-values.ts'
import type { ContentFinding } from '../core/content.ts'
import { type Mailbox, parseMailbox } from '../std/mailbox.ts'
import { builtInTemplates } from '../templates/builtin/builtin.ts'
import { compile } from '../templates/compile.ts'
import { sampleSets } from '../templates/lint/template.ts'
import { parseTemplate } from '../templates/parse.ts'
import { htmlEscaped, render } from '../templates/render.ts'
import { type Expectations, type Material, prove, type SlotValue } from './prove.ts'
import { isInert } from './values.ts'

const mailbox = (address: string): Mailbox => {
  const parsed = parseMailbox(address)
  if (!parsed.ok) throw new Error(parsed.code)
  return parsed.mailbox
}

const expected: Expectations = {
  recipient: mailbox('you@example.net'),
  sender: mailbox('app@example.org'),
  hosts: ['status.partner.example', '*.cdn.example.com'],
  addresses: 'own',
}

const found = (material: Material, expectations: Partial<Expectations> = {}): ContentFinding[] =>
  prove(material, { ...expected, ...expectations }).findings

const text = (said: string, subject = 'Your account'): Material => ({ kind: 'parts', subject, text: said })
const html = (said: string): Material => ({ kind: 'parts', subject: 'Your account', html: said })
const raw = (...lines: string[]): Material => ({
  kind: 'raw',
  data: Buffer.from(['From: App <app@example.org>', ...lines].join('\r\n')),
})
const file = (type: string): Material =>
  raw(`Content-Type: ${type}`, 'Content-Disposition: attachment', '', '<a href="https://evil.com">')

describe('other people', () => {
  it.each<[string, Material, ContentFinding[]]>([
    ['nobody', text('Hello.'), []],
    ['the recipient', text('For YOU@example.net.'), []],
    ['the sender', text('Ask app@example.org or help@support.example.org.'), []],
    ['a host of the policy', text('Ask help@status.partner.example.'), []],
    ['somebody', text('For ann@example.com'), ['content.other-address']],
    ['somebody in the subject', text('x', 'For ann@example.com'), ['content.other-address']],
    ['somebody in HTML', html('<p>ann@example.com'), ['content.other-address']],
    ['somebody across tags', html('<p>ann<b>@exa</b>mple<!-- x -->.com'), ['content.other-address']],
    ['somebody in references', html('<p>ann&#64;example&period;com'), ['content.other-address']],
    ['somebody in hexadecimal', html('<p>ann&#x40;example.com'), ['content.other-address']],
    ['somebody by name', html('<p>ann&commat;example.com'), ['content.other-address']],
    ['somebody in a comment', html('<!-- ann@example.com -->'), ['content.other-address']],
    ['somebody hidden', html('<p style="display:none">ann@example.com'), ['content.other-address']],
    ['somebody in an alternative text', html('<img alt="ann@example.com">'), ['content.other-address']],
    ['somebody in a link', html('<a href="https://example.org/?e=ann%40example.com">x</a>'), ['content.other-address']],
    [
      'somebody encoded twice',
      html('<a href="https://example.org/?e=ann%2540example.com">x</a>'),
      ['content.other-address'],
    ],
    ['somebody to answer', raw('Reply-To: Support <ann@example.com>', '', 'Hello'), ['content.other-address']],
    ['the sender to answer', raw('Reply-To: help@example.org', '', 'Hello'), []],
    ['somebody to report to', raw('Disposition-Notification-To: ann@example.com', '', 'x'), ['content.other-address']],
    ['somebody to write to', html('<a href="mailto:ann@example.com">x</a>'), ['content.other-address']],
    ['somebody in letters that look alike', text('ann＠example．com'), ['content.other-address']],
    ['somebody with what cannot be seen', text('an\u200bn@exam\u00adple.com'), ['content.other-address']],
    ['somebody at an international domain', text('ann@bücher.de'), ['content.other-address']],
    ['handles, media and ids', html('<style>@media print{}</style>@ann <img src="cid:x@y.com">'), []],
  ])('%s', (_, material, findings) => expect(found(material)).toEqual(findings))

  it('are strangers to one another at a shared suffix, and at a host where everybody has a mailbox', () => {
    expect(found(text('ann@b.github.io'), { sender: mailbox('app@a.github.io') })).toEqual(['content.other-address'])
    expect(found(text('ann@x.a.github.io'), { sender: mailbox('app@a.github.io') })).toEqual([])
    expect(found(text('ann@gmail.com'), { sender: mailbox('app@gmail.com') })).toEqual(['content.other-address'])
    expect(found(text('a.pp@gmail.com'), { sender: mailbox('app@gmail.com') })).toEqual([])
  })

  it('may be named where the class says so, the account has them, or a slot is for one', () => {
    const said = text('Your new address: ann@example.com')
    const slot: SlotValue = { name: 'new', value: 'ann@example.com', control: 'trusted', type: 'address' }
    expect(found(said, { addresses: 'any' })).toEqual([])
    expect(found(said, { known: [mailbox('Ann@example.com')] })).toEqual([])
    expect(found(said, { slots: [slot] })).toEqual([])
    expect(found(said, { slots: [{ ...slot, type: 'text' }] })).toEqual(['content.other-address'])
  })

  it('are mentioned, also where they may be', () => {
    const said = text('ann@example.com, help@example.org, you@example.net, app@example.org, Bob+x@gmail.com')
    expect(prove(said, { ...expected, addresses: 'any' })).toEqual({
      findings: [],
      mentions: ['ann@example.com', 'help@example.org', 'bob@gmail.com'],
    })
    expect(prove(raw('', 'cc ann@example.com'), expected).mentions).toEqual(['ann@example.com'])
  })

  it.each<[string, string[], ContentFinding[]]>([
    ['none', [], []],
    ['the recipient', ['To: You <you@example.net>'], []],
    ['the recipient in another spelling', ['To: YOU@EXAMPLE.NET'], []],
    ['undisclosed', ['To: undisclosed-recipients:;'], []],
    ['another', ['To: ann@example.com'], ['content.recipients']],
    ['another beside', ['To: you@example.net, ann@example.com'], ['content.recipients']],
    ['another in Cc', ['To: you@example.net', 'Cc: ann@example.com'], ['content.recipients']],
    ['another in Bcc', ['Bcc: ann@example.com'], ['content.recipients']],
    ['another in Resent-To', ['Resent-To: ann@example.com'], ['content.recipients']],
    ['another in a group', ['To: team: you@example.net, ann@example.com;'], ['content.recipients']],
    ['what is no address', ['To: everybody'], ['content.recipients']],
    ['another as a name', ['To: =?utf-8?q?ann=40example.com?= <you@example.net>'], ['content.other-address']],
    ['another as a name in quotes', ['To: "ann@example.com" <you@example.net>'], ['content.other-address']],
    ['To twice', ['To: you@example.net', 'To: you@example.net'], ['content.unreadable']],
  ])('in the fields of a mail: %s', (_, fields, findings) =>
    expect(found(raw('Subject: Hello', ...fields, '', 'Hello.'))).toEqual(findings))
})

it('the name of an author is no other address', () => {
  const mail = (from: string) => prove({ kind: 'raw', data: Buffer.from(`From: ${from}\r\n\r\nx`) }, expected).findings
  expect(mail('"Example Support" <app@example.org>')).toEqual([])
  expect(mail('"help@example.org" <app@example.org>')).toEqual([])
  expect(mail('"security@bank.com" <app@example.org>')).toEqual(['content.other-address'])
  expect(mail('=?utf-8?q?security=40bank=2Ecom?= <app@example.org>')).toEqual(['content.other-address'])
})

describe('links', () => {
  const link = (href: string, shown = 'Sign in') => html(`<p><a href="${href}">${shown}</a></p>`)
  it.each<[string, Material]>([
    ['of the sender', link('https://example.org/reset?token=abc')],
    ['of the sender, below', link('https://login.example.org:8443/#x')],
    ['of the policy', link('https://status.partner.example/')],
    ['to pictures of the policy', html('<img src="https://img.cdn.example.com/x.png">')],
    ['in text', text('Follow https://example.org/reset/abc.')],
    ['with a query', link('https://example.org/?a=1&amp;b=2&next=/home')],
    ['with the sender’s redirect', link('https://example.org/r?u=https%3A%2F%2Fwww.example.org%2Fx')],
    ['a fragment', link('#top')],
    ['a part', html('<img src="cid:logo@example.org">')],
    ['an embedded picture', html('<img src="data:image/png;base64,AAAA">')],
    ['to be called', link('tel:+41441234567')],
    ['to write to', link('mailto:help@example.org')],
    ['with its own address shown', link('https://example.org/reset?token=abc', 'https://example.org/reset')],
    ['with its host shown', link('https://login.example.org/', 'example.org')],
    ['upper case', link('HTTPS://EXAMPLE.ORG/')],
    ['a final dot', link('https://example.org./')],
    ['a sentence without a space', text('It is done.It was you.To undo it, sign in.')],
    ['versions and file names', text('Chrome 120.0.6099.230, Node 24.21.0, logo.png, a.m., e.g. this, 3.5 MB')],
    ['an XML namespace', html('<html xmlns="http://www.w3.org/1999/xhtml"><!DOCTYPE x "http://www.w3.org/TR/x.dtd">')],
    ['structured data', html('<script type="application/ld+json">{"@type":"x"}</script>')],
  ])('let through: %s', (_, material) => expect(found(material)).toEqual([]))

  it.each<[string, Material]>([
    ['another host', link('https://evil.com/')],
    ['another host in text', text('Follow https://evil.com/x')],
    ['another host in the subject', text('x', 'See https://evil.com')],
    ['a bare host in text', text('Go to evil.com now')],
    ['a bare host in HTML', html('<p>Go to evil.com now')],
    ['a host that begins like ours', link('https://example.org.evil.com/')],
    ['a host that ends like ours', link('https://evilexample.org/')],
    ['user info', link('https://example.org@evil.com/')],
    ['user info before our own host', link('https://evil.com@example.org/')],
    ['user info with a backslash', link('https://evil.com\\@example.org/')],
    ['letters that look alike', link('https://exаmple.org/')],
    ['an A-label', link('https://xn--exmple-4nf.org/')],
    ['backslashes', link('https:\\\\evil.com')],
    ['backslashes to our own host', link('https:\\\\example.org/')],
    ['slashes alone', link('//evil.com/')],
    ['slash and backslash', link('/\\evil.com/')],
    ['no slashes', link('https:evil.com')],
    ['three slashes', link('https:///evil.com')],
    ['a host without a scheme', link('evil.com/login')],
    ['a base', html('<base href="https://evil.com/"><a href="/reset">x</a>')],
    ['javascript', link('javascript:alert(1)')],
    ['javascript in mixed case', link('JaVaScRiPt:alert(1)')],
    ['javascript with a tab', link('java\tscript:alert(1)')],
    ['javascript with a line break', link('java&#10;script:alert(1)')],
    ['javascript behind control characters', link('\u0001javascript:alert(1)')],
    ['javascript in references', link('&#106;avascript&colon;alert(1)')],
    ['a tab in the scheme', link('ht\ttps://evil.com/')],
    ['data', link('data:text/html,x')],
    ['a picture with scripts', html('<img src="data:image/svg+xml,x">')],
    ['vbscript', link('vbscript:x')],
    ['another scheme', link('myapp://reset')],
    ['a file', link('file:///etc/passwd')],
    ['a host in hexadecimal', link('https://%65vil.com/')],
    ['a host encoded twice', link('https://%2565vil.com/')],
    ['our own host encoded', link('https://%65xample.org/')],
    ['an address in numbers', link('http://203.0.113.7/')],
    ['a decimal address', link('http://3405803783/')],
    ['an octal address', link('http://0313.0.0161.07/')],
    ['a hexadecimal address', link('http://0xcb007107/')],
    ['an IPv6 address', link('http://[2001:db8::1]/')],
    ['this machine', link('http://localhost/')],
    ['a redirect', link('https://example.org/r?u=https://evil.com/')],
    ['a redirect, encoded', link('https://example.org/r?u=https%3A%2F%2Fevil.com')],
    ['a redirect without scheme', link('https://example.org/r?u=//evil.com')],
    ['a fragment that redirects', link('https://example.org/#https://evil.com')],
    ['another picture', html('<img src="https://evil.com/x.png">')],
    ['another picture in a set', html('<img srcset="https://example.org/a.png 1x, https://evil.com/b.png 2x">')],
    ['a background', html('<td background="https://evil.com/x.png">')],
    ['a style', html('<div style="background:url(https://evil.com/x)">')],
    ['a style in quotes', html(`<style>p{background:url( "https://evil.com/x" )}</style>`)],
    ['a style with escapes', html('<style>p{background:\\75 rl(https://evil.com/x)}</style>')],
    ['an import', html('<style>@import "https://evil.com/x.css";</style>')],
    ['a style sheet', html('<link rel="stylesheet" href="https://evil.com/x.css">')],
    ['a form', html('<form action="https://evil.com/"><input name="password"></form>')],
    ['a button', html('<form><button formaction="https://evil.com/">x</button></form>')],
    ['a refresh', html('<meta http-equiv="Refresh" content="0; url=https://evil.com/">')],
    ['a script', html('<script src="https://example.org/x.js"></script>')],
    ['a handler', html('<img src="cid:x" onerror="alert(1)">')],
    ['a frame', html('<iframe src="https://example.org/"></iframe>')],
    ['a link for Outlook', html('<!--[if mso]><a href="https://evil.com">x</a><![endif]-->')],
    ['an area', html('<map><area href="https://evil.com"></map>')],
    ['a link without end', html('<a href="https://evil.com')],
    ['another host shown', link('https://example.org/x', 'https://bank.example.com/')],
    ['another host shown, bare', link('https://example.org/x', 'www.bank.com')],
    [
      'another host shown in a layout',
      html('<td style="font-size:0px"><a href="https://example.org/" style="font-size:13px">bank.com</a>'),
    ],
    ['a host in a preheader', html('<div style="display:none">Go to evil.com</div>')],
    ['another host shown across tags', link('https://status.partner.example/', 'exam<b>ple</b>.org')],
    ['a host shown that is not to be called', link('tel:+41441234567', 'example.org')],
    [
      'a link in an attachment',
      raw('Content-Type: text/html', 'Content-Disposition: attachment', '', '<a href="https://evil.com">'),
    ],
    ['a link in a file that is a page', file('application/octet-stream; name="a.html"')],
    ['a link in a file that says it is one', file('application/html')],
    ['a link in XML', file('application/xml')],
    ['a link in a file that is a picture', file('application/octet-stream; name=a.SVG')],
    [
      'a link in a message of another kind',
      raw('Content-Type: message/news', '', 'Subject: x', '', 'https://evil.com'),
    ],
    ['a link in SVG', html('<svg><style><a href=https://evil.com>x</a></style></svg>')],
    ['a button of the mailbox', raw('List-Unsubscribe: <https://evil.com/u>', '', 'Hello')],
    ['a link in an enclosed mail', raw('Content-Type: message/rfc822', '', 'Subject: x', '', 'https://evil.com')],
    [
      'a link in base64',
      raw('Content-Transfer-Encoding: base64', '', Buffer.from('https://evil.com').toString('base64')),
    ],
    ['a link in quoted-printable', raw('Content-Transfer-Encoding: quoted-printable', '', 'https:=2F=2Fevil=', '.com')],
    ['a link in UTF-16 letters', text('ｈｔｔｐｓ：／／ｅｖｉｌ．ｃｏｍ')],
  ])('held: %s', (_, material) => expect(found(material)).toContain('content.link'))

  it('of this machine are fine where the sender is', () => {
    const sender = mailbox('security@localhost')
    for (const url of [
      'http://localhost:3000/x',
      'http://127.0.0.1:8080/',
      'http://[::1]:3000/',
      'http://app.localhost/',
    ])
      expect(found(link(url), { sender }), url).toEqual([])
    expect(found(link('https://evil.com'), { sender })).toEqual(['content.link'])
  })

  it('of any host are fine where nobody has said who sends, the deceptive aside', () => {
    const { sender: _, ...unknown } = expected
    const of = (href: string) => prove(link(href), unknown).findings
    expect(of('https://example.com/reset')).toEqual([])
    for (const href of ['https://a@example.com/', 'javascript:x', 'http://203.0.113.7/'])
      expect(of(href), href).toContain('content.link')
  })

  it('of a mail without an author lead nowhere, and of two authors the first counts', () => {
    const { sender: _, ...unknown } = expected
    const mail = (from: string) =>
      prove({ kind: 'raw', data: Buffer.from(`${from}\r\nhttps://evil.com/`) }, unknown).findings
    expect(mail('Subject: x\r\n')).toEqual(['content.link'])
    expect(mail('From: nobody\r\n')).toEqual(['content.link'])
    expect(mail('From: a@evil.com\r\n')).toEqual([])
    expect(mail('From: app@example.org, a@evil.com\r\n')).toEqual(['content.link'])
  })

  it('are judged by the From of a mail, not by its envelope', () => {
    const mail = raw('', 'https://bounces.example.com/')
    expect(found(mail, { sender: mailbox('b@bounces.example.com') })).toEqual(['content.link'])
  })
})

describe('values', () => {
  const slot = (value: string, part: Partial<SlotValue> = {}): SlotValue => ({
    name: 'device',
    value,
    control: 'user',
    type: 'device',
    ...part,
  })
  it('that users control bring nothing along', () => {
    const said = text('Sign-in from a new device.')
    expect(found(said, { slots: [slot("Ann's iPhone <3")] })).toEqual([])
    expect(found(said, { slots: [slot('Pixel <a href=x>Secure</a>')] })).toEqual(['content.slot-active'])
    expect(found(said, { slots: [slot('evil.com')] })).toEqual(['content.slot-active'])
    expect(found(said, { slots: [slot('evil.com', { control: 'trusted' })] })).toEqual([])
    const address = slot('ann@example.com', { type: 'address' })
    expect(found(said, { slots: [address] })).toEqual(['content.slot-active'])
    expect(found(said, { slots: [address], known: [mailbox('ann@example.com')] })).toEqual([])
    expect(found(said, { slots: [slot('you@example.net', { type: 'address' })] })).toEqual([])
  })

  // 2026: a device name with markup became a link in a genuine sign-in alert.
  it('in a mail that is already rendered show themselves by where they lead', () => {
    const name = 'Pixel<br><a href="https://robinhood-review.example.com/">Review activity now</a>'
    const mail = raw('Subject: New sign-in', 'Content-Type: text/html', '', `<p>Device: ${name}</p>`)
    expect(found(mail)).toEqual(['content.link'])
    expect(found(text('New sign-in'), { slots: [slot(name)] })).toEqual(['content.slot-active'])
  })

  it('of 20,000 real names and devices hold no mail that has them', () => {
    const seed = 4711
    console.log('seed', seed)
    const held = realValues(seed, 20_000).flatMap(value => {
      const page = `<html><body><p>Hello ${htmlEscaped(value)},</p><p>A new sign-in from <b>${htmlEscaped(value)}</b>.</p><a href="https://example.org/x">That was not me</a></body></html>`
      const body = `Hello ${value},\n\na new sign-in from ${value}.\nThat was not you? https://example.org/x\n`
      const lines = [
        'To: you@example.net',
        `Subject: =?utf-8?B?${Buffer.from(`Sign-in from ${value}`).toString('base64')}?=`,
        'MIME-Version: 1.0',
        'Content-Type: multipart/alternative; boundary=b1',
        '',
        '--b1',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: base64',
        '',
        Buffer.from(body).toString('base64'),
        '--b1',
        'Content-Type: text/html; charset=utf-8',
        '',
        page,
        '--b1--',
      ]
      const findings = [
        ...found(raw(...lines)),
        ...found({ kind: 'parts', subject: `From ${value}`, text: body, html: page }),
      ]
      return findings.length > 0 ? [`${findings.join(' ')}: ${value}`] : []
    })
    expect(held.slice(0, 20)).toEqual([])
  })
})

describe.each(builtInTemplates.map(input => [input.name, input] as const))('the template %s', (_, input) => {
  it('has nothing against it, in any language, with any of its values', async () => {
    const parsed = parseTemplate(input)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
    const made = await compile(parsed.source)
    if (!made.ok) throw new Error(JSON.stringify(made.faults))
    const { compiled } = made
    for (const locale of Object.keys(compiled.locales))
      for (const values of sampleSets(compiled.slots)) {
        const { rendered } = render(compiled, locale, values, { code: 'ABCD-EFGH-JKMN', isInert })
        const { subject, text, html } = rendered
        const slots = Object.entries(values).map(([name, value]) => ({ name, value, ...compiled.slots[name]! }))
        const material = { kind: 'parts', subject, text, html } as const
        expect(found(material, { slots, approved: { subject, text, html } }), JSON.stringify(values)).toEqual([])
      }
  })
})

describe('what was approved', () => {
  it('is what is there, byte for byte', () => {
    const approved = { subject: 'Your account', text: 'Hello Ann' }
    expect(found(text('Hello Ann'), { approved })).toEqual([])
    expect(found(text('Hello Bob'), { approved })).toEqual(['content.not-as-approved'])
    expect(found(text('Hello Ann', 'Yours'), { approved })).toEqual(['content.not-as-approved'])
    expect(found({ kind: 'parts', subject: 'Your account', text: 'Hello Ann', html: '' }, { approved })).toEqual([
      'content.not-as-approved',
    ])
  })
})

describe('the incidents', () => {
  it('HBO Max, 2021: the mail of an integration test', () => {
    const mail = raw('Subject: Integration Test Email #1', '', 'This template is used by integration tests only.')
    expect(found(mail)).toEqual(['content.test-material'])
  })

  it('variables in what mail programs show beside the subject', () => {
    expect(found(html('<div style="display:none;max-height:0px">Hello {{name}}</div>'))).toEqual([
      'content.test-material',
    ])
  })

  // A genuine sender, a subject and a text that anybody could choose: the bytes alone show nothing, for there is neither a link nor an address.
  it('FBI, 2021: nothing in the bytes; where a template is registered, they are not its', () => {
    const said =
      'Our intelligence monitoring indicates exfiltration of several of your virtualized clusters. Stay safe.'
    const subject = 'Urgent: Threat actor in systems'
    expect(found(text(said, subject))).toEqual([])
    const approved = { subject: 'Your code', text: 'Your code is 482913.' }
    expect(found(text(said, subject), { approved })).toEqual(['content.not-as-approved'])
  })

  // Each mail began with the addresses of all who had had one before.
  it('Let’s Encrypt, 2016: the second mail', () => {
    const before = (count: number) => Array.from({ length: count }, (_, i) => `person${i}@mail${i}.example`).join('\n')
    const mail = (count: number) =>
      prove(text(`${before(count)}\n\nDear subscriber, we are updating our agreement.`), expected)
    expect(mail(0)).toEqual({ findings: [], mentions: [] })
    expect(mail(1)).toEqual({ findings: ['content.other-address'], mentions: ['person0@mail0.example'] })
    expect(mail(7618).findings).toEqual(['content.other-address'])
  })
})

describe('whatever the bytes', () => {
  const piece = fc.constantFrom(
    ...[
      '\r\n',
      '--b',
      '--b--',
      '=?utf-8?q?',
      '?=',
      '@',
      '.',
      '//',
      'https:',
      'evil.com',
      'ann',
      '<',
      '>',
      '<a href="',
      '"',
      "'",
      '&#',
      ';',
      '%40',
      '%',
    ],
    ...[
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n',
      'Content-Type: text/html\r\n\r\n',
      '<style>',
      'url(',
      '<!--[if mso]>',
      '-->',
      '{{',
      '}}',
      '\0',
      '\\',
      'é',
      '\u200b',
      '文',
    ],
  )
  it('it answers, and the findings stand in their order, each once', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 150 }), fc.boolean(), (pieces, isRaw) => {
        const said = pieces.join('')
        const material: Material = isRaw
          ? raw(said)
          : { kind: 'parts', subject: said.slice(0, 100), text: said, html: said }
        const { findings, mentions } = prove(material, {
          ...expected,
          slots: [{ name: 'x', value: said, control: 'user', type: 'text' }],
        })
        expect(new Set(findings).size).toBe(findings.length)
        expect(mentions.length).toBeLessThanOrEqual(8)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    '@a',
    '.a',
    'a.co ',
    '://',
    '<',
    '<a href=x>',
    '<!--',
    '&#64;',
    '{{',
    '[',
    '%',
    'url(',
    '\\',
    '"',
    '\u200b.',
    '文.',
    'a@b.co ',
    '+4',
    '1-',
    '(800) ',
    'call ',
  ])('it takes time by the byte: %j', piece => {
    const time = (length: number): number => {
      const said = piece.repeat(Math.ceil(length / piece.length))
      const before = process.threadCpuUsage()
      found(
        { kind: 'parts', subject: '', text: said, html: said },
        { slots: [{ name: 'x', value: said.slice(0, 4000), control: 'user', type: 'text' }] },
      )
      const { user, system } = process.threadCpuUsage(before)
      return (user + system) / 1000
    }
    time(20_000)
    expect(time(400_000)).toBeLessThan(60 * time(20_000) + 150)
  })
})

describe('what was found, and where', () => {
  const slot = { name: 'device', value: '<b>evil.com', control: 'user', type: 'device' } as const
  it.each<[string, Material, Partial<Expectations>, object[]]>([
    ['nothing', text('Hello.'), {}, []],
    ['a bare host', text('See evil.com/x now'), {}, [{ code: 'content.link', where: 'text', what: 'evil.com' }]],
    [
      'each host once, wherever it is',
      html('<a href="https://b.example/1">x</a><a href="https://b.example/2">x</a><a href="https://c.example">x</a>'),
      {},
      [
        { code: 'content.link', where: 'html', what: 'b.example' },
        { code: 'content.link', where: 'html', what: 'c.example' },
      ],
    ],
    [
      'a link that shows another host',
      html('<a href="https://evil.com/">https://app.example.org</a>'),
      {},
      [{ code: 'content.link', where: 'html', what: 'evil.com', shown: 'app.example.org' }],
    ],
    [
      'a host behind a redirect',
      html('<a href="https://example.org/?next=https://evil.com/">x</a>'),
      {},
      [
        {
          code: 'content.link',
          where: 'html',
          what: 'evil.com',
          why: 'is where a link to example.org leads on to',
        },
      ],
    ],
    [
      'a link that hides its host',
      text('https://example.org@evil.com/'),
      { addresses: 'any' },
      [{ code: 'content.link', where: 'text', what: 'https://example.org@evil.com/', why: 'hides where it leads' }],
    ],
    [
      'addresses',
      text('For ann@example.com and you@example.net', 'For bob@example.com'),
      {},
      [
        { code: 'content.other-address', where: 'subject', what: 'bob@example.com' },
        { code: 'content.other-address', where: 'text', what: 'ann@example.com' },
      ],
    ],
    ['addresses that may be named', text('For ann@example.com'), { addresses: 'any' }, []],
    [
      'fields',
      raw('To: you@example.net', 'Cc: ann@example.com', 'Reply-To: eve@evil.com', '', 'Hello.'),
      {},
      [
        { code: 'content.recipients', where: 'to', what: 'cc' },
        { code: 'content.other-address', where: 'header', what: 'eve@evil.com' },
      ],
    ],
    [
      'a slot',
      text('A new sign-in'),
      { slots: [slot] },
      [{ code: 'content.slot-active', where: 'slot', what: 'device', why: 'its value brings markup, link' }],
    ],
    [
      'words of a test, in each place',
      text('Hello {{name}}', '[TEST] Hello'),
      {},
      [
        { code: 'content.test-material', where: 'subject', what: '[TEST]' },
        { code: 'content.test-material', where: 'text', what: '{{name}}' },
      ],
    ],
  ])('%s', (_name, material, expectations, details) => {
    const asked = { ...expected, ...expectations }
    const { details: told, ...proof } = prove(material, { ...asked, details: true })
    expect(told).toEqual(details)
    expect(proof).toEqual(prove(material, asked))
  })

  it('of many, the first twenty', () => {
    const many = Array.from({ length: 30 }, (_, n) => `https://host${n}.example.com/`).join(' ')
    const { details } = prove(text(many), { ...expected, details: true })
    expect(details).toHaveLength(20)
  })
})

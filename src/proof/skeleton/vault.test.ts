import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escaped, mailTemplates, Values } from '../../../test/mail-templates.ts'
import { readMail } from '../read-mail.ts'
import { type Look, lookOf } from './look.ts'
import { canonicalSkeleton, shownSkeleton } from './skeleton.ts'
import { keyedTokenHash } from './token-hash.ts'
import { type Learnt, type Recognition, Vault, type VaultLimits, type VaultOptions } from './vault.ts'

const options: VaultOptions = {
  hash: keyedTokenHash(0x12345678, 0x0badcafe),
  digest: text => hash('sha256', text, 'base64url'),
}

/** An application whose mails all go to different people, unless said. */
class Sender {
  readonly vault: Vault
  #mails = 0

  constructor(limits: Partial<VaultLimits> = {}) {
    this.vault = new Vault({ ...options, limits })
  }

  send(look: Look, { class: className = 'other', recipient = '' } = {}): Recognition {
    const n = ++this.#mails
    return this.vault.see({
      application: 'shop',
      class: className,
      recipient: recipient || `r${n}`,
      look,
      at: n * 1000,
    })
  }

  learn(look: () => Look, mailsMax = 100): Learnt {
    for (let n = 1; n <= mailsMax; n++) {
      const { learnt } = this.send(look())
      if (learnt) return learnt
    }
    throw new Error(`nothing was learnt from ${mailsMax} mails`)
  }
}

describe('a template', () => {
  it.each(Object.entries(mailTemplates))('%s is learnt, and what comes then is known', (_, template) => {
    const sender = new Sender()
    const values = new Values(1)
    const learnt = sender.learn(() => template(values))
    for (let i = 0; i < 200; i++) {
      const { template: shown } = sender.send(template(values))
      expect(shown).toEqual({ name: learnt.name, version: '1', hash: learnt.hash })
    }
  })

  // Whoever may name a device could else, with one mail, have telephone numbers pass in everybody's.
  it.each<[string, (n: number) => boolean, boolean]>([
    ['one in five has none', n => n % 5 === 1, false],
    ['most have', n => n % 5 !== 1, true],
    ['the first has', n => n === 1, false],
  ])('has values with a telephone number where most have one: %s', (_, isLive, expected) => {
    let n = 0
    const { skeleton } = new Sender().learn(() => {
      const device = `Phone${'abcdefghijklmnopqrstuvwxyz'[++n % 26]}`
      const value = isLive(n) ? `${device} call +49 30 12345${100 + n}` : device
      return {
        subject: 'New sign-in',
        text: `Somebody has signed in to your account from ${value} just now, was it you?\n`,
      }
    })
    const gaps = skeleton.parts.flatMap(({ pieces }) => pieces.flatMap(piece => ('gap' in piece ? [piece.gap] : [])))
    expect(gaps.some(({ active }) => active === true)).toBe(expected)
  })

  it('is shown to people with its fixed words and the kinds of its values', () => {
    const values = new Values(2)
    const { name, version, skeleton } = new Sender().learn(() => mailTemplates['sign-in']!(values))
    expect([name, version]).toEqual(['learnt:shop:other:1', '1'])
    expect(shownSkeleton(skeleton)).toMatchObject({
      subject: 'New sign-in from ‹text›',
      text: 'Hello ‹text›,\n\nyour account was used to sign in.\n\nDevice: ‹text›\nPlace: ‹text›\nAddress: ‹ip›\nTime: ‹time›\n\nIf this was not you, end all sessions at https://shop.example/security and change your password.',
    })
  })

  it('needs five different recipients, however many mails there are', () => {
    const sender = new Sender()
    const values = new Values(3)
    for (let i = 0; i < 60; i++)
      expect(sender.send(mailTemplates.reset!(values), { recipient: `r${i % 4}` }).learnt).toBeUndefined()
    expect(sender.send(mailTemplates.reset!(values), { recipient: 'r5' }).learnt?.mails).toBe(61)
  })

  it('of a sender that wraps is one template, wherever the lines end', () => {
    const values = new Values(4)
    const { skeleton } = new Sender().learn(() => mailTemplates.wrapped!(values))
    expect(skeleton.parts.find(({ part }) => part === 'text')!.wrapped).toBe(true)
  })

  it('has the same hash, whatever the first mails had in their gaps', () => {
    const hashes = [11, 12, 13, 14].map(seed => {
      const values = new Values(seed)
      return new Sender().learn(() => mailTemplates.recovery!(values)).hash
    })
    expect(new Set(hashes).size).toBe(1)
  })
})

describe('false alarms', () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  it(`twenty templates of one class mixed, 1,000 mails after learning: none changed (seed ${seed})`, () => {
    const templates = Object.values(mailTemplates)
    expect(templates.length).toBe(20)
    const sender = new Sender()
    const values = new Values(seed)
    for (let i = 0; i < 4000; i++) sender.send(values.pick(templates)(values))
    const strange: unknown[] = []
    for (let i = 0; i < 1000; i++) {
      const look = values.pick(templates)(values)
      const { template } = sender.send(look)
      if (!template || template.version === 'unlearnt') strange.push([look.subject, template])
    }
    expect(strange).toEqual([])
    expect(new Set(sender.vault.learnt().map(({ name }) => name)).size).toBeLessThanOrEqual(20)
  })
})

type Tampering = [given: string, then: string, (look: Look) => Look]
const html = (change: (html: string) => string) => (look: Look) => ({ ...look, html: change(look.html!) })
const text = (change: (text: string) => string) => (look: Look) => ({ ...look, text: change(look.text!) })

const tamperings: Tampering[] = [
  [
    'the host of a link',
    'A link that led to shop.example leads to evil.example now.',
    html(h => h.replace('https://shop.example/reset', 'https://evil.example/reset')),
  ],
  [
    'the host of a link in the text',
    'A link that led to shop.example leads to sh0p.example now.',
    text(t => t.replace('//shop.example', '//sh0p.example')),
  ],
  [
    'a host that hides before an @',
    'A link that led to shop.example leads to evil.example now.',
    html(h => h.replace('//shop.example/reset', '//shop.example@evil.example/reset')),
  ],
  [
    'http for https',
    'A link to shop.example is not https any more.',
    html(h => h.replace('https://shop.example/reset', 'http://shop.example/reset')),
  ],
  [
    'the path',
    'The path or the query of a link to shop.example is another one.',
    html(h => h.replace('/reset/', '/redirect/')),
  ],
  [
    'a parameter more',
    'The path or the query of a link to shop.example is another one.',
    html(h => h.replace(/(reset\/[^"]*)"/, '$1?next=//evil"')),
  ],
  [
    'a sentence more',
    '4 words were put in behind “your password stays as it is.”: “….”.',
    text(t => t.replace('as it is.\n', 'as it is. Call us right now.\n')),
  ],
  [
    'a sentence less',
    'These words are gone: “If this was not you, you need not do anything: your password stays as it is.”.',
    text(t => t.replace(/If this was not you.*\n/, '')),
  ],
  ['a word changed', '“within 30”', text(t => t.replace('within 30 minutes', 'before 90 minutes'))],
  [
    'the subject',
    'The subject was “Reset your password at Shop” and is “… your account at Shop”',
    look => ({ ...look, subject: 'Suspend your account at Shop' }),
  ],
  [
    'the sender',
    'The sender was “Shop <no-reply@shop.example>” and is “Shop <…@evil.example>” now.',
    look => ({ ...look, from: 'Shop <no-reply@evil.example>' }),
  ],
  [
    'a tracking pixel',
    'A tracking pixel from track.evil.example was put in: an image that nobody can see.',
    html(h => h.replace('</body>', '<img src="https://track.evil.example/o/8a7b" width="1" height="1"></body>')),
  ],
  [
    'a hidden image',
    'A tracking pixel from evil.example was put in: an image that nobody can see.',
    html(h => h.replace('</body>', '<img style="display:none" src="https://evil.example/o.gif"></body>')),
  ],
  ['a script', 'A script was put in.', html(h => h.replace('</body>', '<script>alert(1)</script></body>'))],
  ['a handler', 'The attribute onclick appeared.', html(h => h.replace('<a class="b"', '<a class="b" onclick="x()"'))],
  [
    'a form',
    'A <form> was put in.',
    html(h => h.replace('</body>', '<form action="https://evil.example"></form></body>')),
  ],
  [
    'a style',
    'The value of an attribute style is another one.',
    html(h => h.replace('padding:24px', 'padding:24px;display:none')),
  ],
  [
    'a style sheet',
    'The content of a style or script element is another one.',
    html(h => h.replace('.b{color:#fff', '.b{color:red')),
  ],
  ['no text part', 'The text part is gone.', ({ text: _, ...look }) => look],
  ['markup in a value', 'A <b> was put in.', html(h => h.replace('<p>Hello ', '<p>Hello <b>you</b> '))],
  [
    'a link in a value',
    'A link to evil.example was put in.',
    html(h => h.replace('<p>Hello ', '<p>Hello <a href="https://evil.example">you</a> ')),
  ],
  [
    'an address more',
    'An address at evil.example was put in.',
    text(t => t.replace('Yours, Shop', 'Yours, Shop help@evil.example')),
  ],
  [
    'a comment for Outlook',
    'A link to evil.example was put in.',
    html(h => h.replace('<!--[if mso]></td>', '<!--[if mso]><a href="https://evil.example">x</a></td>')),
  ],
  ['text in other signs', 'Signs are other ones', text(t => t.replace('minutes:', 'minutes\u200b:'))],
]

describe('tampering is found and named', () => {
  const values = new Values(5)
  const sender = new Sender()
  const { name } = sender.learn(() => mailTemplates.reset!(values))

  it.each(tamperings)('%s: %s', (_, then, change) => {
    const look = mailTemplates.reset!(values)
    const tampered = change(look)
    expect(tampered).not.toEqual(look)
    const { template } = sender.send(tampered)
    expect(template).toMatchObject({ name, version: 'unlearnt' })
    const found = sender.vault.changesUnderway(name).find(one => one.look === template!.hash)!
    expect(found.changes.map(change => change.text).join('\n')).toContain(then)
    expect(sender.send(mailTemplates.reset!(values)).template?.version).toBe('1')
  })

  it('and when enough people got it, is offered as the next version, which says what is other', () => {
    const again = () => tamperings[6]![2](mailTemplates.reset!(values))
    const next = sender.learn(again)
    expect([next.name, next.version, next.comparedTo]).toEqual([name, '2', '1'])
    expect(next.changes.map(({ text: sentence }) => sentence)).toEqual([
      '4 words were put in behind “your password stays as it is.”: “Call us right now.”.',
    ])
    expect(sender.send(again()).template?.version).toBe('2')
    expect(sender.send(mailTemplates.reset!(values)).template?.version).toBe('1')
  })
})

describe('what is personal', () => {
  /** A mail with secrets in every place where values stand. */
  const look = (secret: string, shared: string): Look => ({
    from: `${secret}a via Shop <no-reply@shop.example>`,
    subject: `Hello ${secret}b, news for ${shared}`,
    text: `Hello ${secret}c,\n\nyour device ${secret}d in ${shared} was seen. Code ${secret}e, write to ${secret}f@example.org or see https://shop.example/u/${secret}g?x=${secret}h for more about it.\n\nThe people of Shop`,
    html: `<p title="${secret}i">Hello ${escaped(secret)}j</p><img src="https://${secret}k.static.example/x.png" alt="${secret}l"><!-- ${secret}m --><style>.${secret}n{}</style><p>your device was seen, and that is all about it</p>`,
  })

  it('is never written down: a value that fewer than five people got is neither shown nor stored', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ person: fc.nat(12), shared: fc.nat(6) }), { minLength: 20, maxLength: 120 }),
        mails => {
          const sender = new Sender({ stableMailsMin: 3 })
          const people = new Map<string, Set<number>>()
          for (const { person, shared } of mails) {
            const mine = `Secret${person}q`
            const ours = `Common${shared}q`
            for (const value of [mine, ours]) people.set(value, (people.get(value) ?? new Set()).add(person))
            sender.send(look(mine, ours), { recipient: `r${person}` })
          }
          const { vault } = sender
          const underway = vault.learnt().flatMap(({ name }) => vault.changesUnderway(name))
          const plain = JSON.stringify([vault.learnt(), underway, vault.changedStates()])
          for (const [value, who] of people) if (who.size < 5) expect(plain).not.toContain(value)
        },
      ),
      { numRuns: 60, seed: Math.floor(Math.random() * 2 ** 31), verbose: 1 },
    )
  })

  it('is masked where a change is told of', () => {
    const values = new Values(6)
    const sender = new Sender()
    const { name } = sender.learn(() => mailTemplates.code!(values))
    const mail = mailTemplates.code!(values)
    sender.send({
      ...mail,
      text: `${mail.text} Your neighbor Gundula Gause, gundula@example.org, +49 30 901820, reads https://gundula.blog.example/secret/path.`,
    })
    const told = JSON.stringify(sender.vault.changesUnderway(name))
    expect(told).toContain('blog.example')
    expect(told).not.toMatch(/gundula|Gause|901820|secret/i)
  })
})

describe('the same mail, packed otherwise', () => {
  const values = new Values(7)
  const header = (look: Look) => [
    `From: ${look.from}`,
    `Subject: ${look.subject}`,
    'MIME-Version: 1.0',
    'To: a@example.org',
  ]
  const part = (type: string, body: string, encoding: string) => [
    `Content-Type: ${type}; charset=utf-8`,
    `Content-Transfer-Encoding: ${encoding}`,
    '',
    encoding === 'base64' ? wrapAt(Buffer.from(body).toString('base64')) : quoted(body),
  ]
  const wrapAt = (base64: string) => base64.replace(/.{76}/g, '$&\r\n')
  const quoted = (body: string) =>
    [...Buffer.from(body)]
      .map(byte =>
        byte === 10
          ? '\r\n'
          : byte > 126 || byte < 32 || byte === 61
            ? `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
            : String.fromCharCode(byte),
      )
      .join('')
      .replace(/[^\r\n]{70}/g, (line, at, whole: string) =>
        /=.?$/.test(line) ? line : whole[at + 70] === '\r' ? line : `${line}=\r\n`,
      )
  const packed = (look: Look, encoding: string): Look => {
    const boundary = `b${values.token(12)}`
    const parts = [part('text/plain', look.text!, encoding), part('text/html', look.html!, encoding)]
    const mail = [
      ...header(look),
      `Content-Type: multipart/alternative; boundary="${boundary}"`,
      '',
      ...parts.flatMap(one => [`--${boundary}`, ...one]),
      `--${boundary}--`,
      '',
    ]
    const read = readMail(Buffer.from(mail.join('\r\n')))
    if (!read.ok) throw new Error(read.fault)
    return lookOf(read.mail)
  }

  it('has the same skeleton', () => {
    const sender = new Sender()
    const learnt = sender.learn(() => packed(mailTemplates.reset!(values), 'base64'))
    for (let i = 0; i < 20; i++)
      expect(sender.send(packed(mailTemplates.reset!(values), 'quoted-printable')).template?.hash).toBe(learnt.hash)
    const other = new Sender().learn(() => packed(mailTemplates.reset!(values), 'quoted-printable'))
    expect(other.hash).toBe(learnt.hash)
  })
})

describe('a restart', () => {
  it('keeps what was learnt and goes on with what is being learnt', () => {
    const values = new Values(8)
    const before = new Sender()
    const learnt = before.learn(() => mailTemplates.reset!(values))
    for (let i = 0; i < 6; i++) before.send(mailTemplates.code!(values))
    const states = JSON.parse(JSON.stringify(before.vault.changedStates())) as ReturnType<Vault['changedStates']>
    const rows = JSON.parse(JSON.stringify(before.vault.learnt())) as Learnt[]
    expect(before.vault.changedStates()).toEqual([])

    const after = new Sender()
    for (const row of rows) after.vault.restore({ ...row })
    for (const { state, ...key } of states) after.vault.restoreState(key, state)
    expect(after.send(mailTemplates.reset!(values)).template).toEqual({
      name: learnt.name,
      version: '1',
      hash: learnt.hash,
    })
    const next = after.learn(() => mailTemplates.code!(values))
    expect(next.mails).toBeGreaterThan(6)
    expect(next.name).toBe('learnt:shop:other:2')
    expect(after.vault.find(learnt.name, '1')?.hash).toBe(options.digest(canonicalSkeleton(learnt.skeleton)))
  })
})

describe('a hostile sender', () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  it(`fills nothing but its own places (seed ${seed})`, () => {
    const values = new Values(seed)
    const sender = new Sender({ tokensUnderwayMax: 20_000 })
    const learnt = sender.learn(() => mailTemplates.code!(values), 20)
    for (let i = 0; i < 300; i++) {
      const words = Array.from({ length: values.below(4000) }, () => values.token(6)).join(' ')
      sender.send(
        { subject: values.token(20), text: words, html: `<p>${words}`.repeat(1 + values.below(2)) },
        { class: `c${i % 40}` },
      )
    }
    const underway = sender.vault.changedStates().map(({ state }) => state.underway)
    expect(underway.flat().reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(20_000 + 12_000)
    expect(sender.send(mailTemplates.code!(values)).template?.hash).toBe(learnt.hash)
  })

  it(`is answered whatever it sends (seed ${seed})`, () => {
    const values = new Values(seed)
    const pieces = [
      '<',
      '>',
      '"',
      "'",
      '<a href=',
      '<!--',
      '-->',
      '<style>',
      '&amp;',
      'https://',
      '@',
      '\n\n',
      '\r',
      '\0',
      '\ud800',
      '🎉',
      '12:30',
      'May 3',
      ' ',
      'a',
      '=',
      '</',
      '<![endif]-->',
      '2026',
      '::',
      '%00',
      '\u202e',
    ]
    const junk = () => Array.from({ length: values.below(200) }, () => values.pick(pieces)).join('')
    const sender = new Sender({ recipientsMin: 1, stableMailsMin: 1 })
    for (let i = 0; i < 400; i++) sender.send({ from: junk(), subject: junk(), text: junk(), html: junk() })
    for (let i = 0; i < 400; i++)
      sender.send({
        subject: 'a b c d',
        text: `one two three ${junk()} four five six`,
        html: `<p>one two three ${junk()} four`,
      })
  })

  it('cannot make it slow', () => {
    const sender = new Sender()
    const long = [
      'a '.repeat(2900),
      '<a '.repeat(60_000),
      '"'.repeat(200_000),
      'x@'.repeat(50_000),
      '1:'.repeat(50_000),
      '<!--'.repeat(40_000),
      `<style>${'<style>'.repeat(30_000)}`,
      'http://'.repeat(30_000),
      'a.'.repeat(60_000),
      'May 3 '.repeat(1900),
    ]
    const started = performance.now()
    for (const body of long)
      for (let i = 0; i < 4; i++) sender.send({ subject: `s ${i}`, text: `${body}${i}`, html: `${i}${body}` })
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})

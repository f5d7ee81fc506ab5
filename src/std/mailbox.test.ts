import { domainToASCII } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalMailbox, type Mailbox, mailboxFaults, parseAddressHeader, parseMailbox } from './mailbox.ts'

function addressOf(text: string): string {
  const parsed = parseMailbox(text)
  return parsed.ok ? parsed.mailbox.address : `refused: ${parsed.code}`
}

function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text)
  if (!parsed.ok) throw new Error(`${parsed.code}`)
  return parsed.mailbox
}

const a = (count: number) => 'a'.repeat(count)
const longDomain = (count: number) => `${`${a(50)}.`.repeat(10).slice(0, count - 4)}.org`

describe('one address, or a refusal with its code', () => {
  it.each([
    // as written
    ['jane@example.org', 'jane@example.org'],
    ['Jane.Doe+tag@Example.ORG', 'Jane.Doe+tag@example.org'],
    ["o'neil_#$&*/=?^`{|}~-@example.org", "o'neil_#$&*/=?^`{|}~-@example.org"],
    ['a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'],
    ['a@1.2.x1', 'a@1.2.x1'],
    ['root@localhost', 'root@localhost'],
    [`${a(64)}@example.org`, `${a(64)}@example.org`],
    [`a@${a(63)}.org`, `a@${a(63)}.org`],
    // quoted: the shortest form
    ['"jane"@example.org', 'jane@example.org'],
    ['"j\\a\\ne"@example.org', 'jane@example.org'],
    ['"jane doe"@example.org', '"jane doe"@example.org'],
    ['"jane..doe"@example.org', '"jane..doe"@example.org'],
    ['".jane"@example.org', '".jane"@example.org'],
    ['"b@ok.test,c"@evil.test', 'refused: quoted-character'],
    ['"a\\"b"@example.org', 'refused: quoted-character'],
    ['"a%b"@example.org', 'refused: quoted-character'],
    ['"a>b"@example.org', 'refused: quoted-character'],
    ['""@example.org', 'refused: local-empty'],
    ['"ü"@example.org', 'refused: local-not-ascii'],
    [`"${a(32)} ${a(31)}"@example.org`, 'refused: local-too-long'],
    ['"a"b@example.org', 'refused: local-character'],
    ['"a@example.org', 'refused: local-character'],
    ['"a" @example.org', 'refused: white-space'],
    // international
    ['a@bücher.example', 'a@xn--bcher-kva.example'],
    ['a@BÜCHER.example', 'a@xn--bcher-kva.example'],
    ['a@bu\u0308cher.example', 'a@xn--bcher-kva.example'],
    ['a@例え.テスト', 'a@xn--r8jz45g.xn--zckzah'],
    ['a@почта.рф', 'a@xn--80a1acny.xn--p1ai'],
    ['a@straße.example', 'refused: domain-ambiguous'],
    ['a@λόγος.example', 'refused: domain-ambiguous'],
    ['a@ｅxample.org', 'refused: domain-ambiguous'],
    ['a@exam\u0301ple.o℡rg', 'refused: domain-ambiguous'],
    ['a@💩.example', 'refused: domain-character'],
    ['a@\u0301x.example', 'refused: domain-character'],
    ['a@ü-.example', 'refused: domain-hyphen'],
    ['ü@example.org', 'refused: local-not-ascii'],
    [`a@${'ü'.repeat(63)}.org`, 'refused: domain-label-too-long'],
    // look-alikes and the invisible
    ['b@ok。test', 'refused: look-alike-separator'],
    ['b@ok．test', 'refused: look-alike-separator'],
    ['b@ok｡test', 'refused: look-alike-separator'],
    ['b＠ok.test', 'refused: look-alike-separator'],
    ['b@ok.test\u202e', 'refused: bidi-control'],
    ['\u200eb@ok.test', 'refused: bidi-control'],
    ['b@o\u200dk.test', 'refused: invisible-character'],
    ['b@o\u00adk.test', 'refused: invisible-character'],
    ['b@ok.test\ud800', 'refused: not-unicode'],
    // more than one address
    ['b@ok.test,c@evil.test', 'refused: several-addresses'],
    ['b@ok.test;c@evil.test', 'refused: several-addresses'],
    ['b@ok.test, c@evil.test', 'refused: several-addresses'],
    ['b@ok.test c@evil.test', 'refused: white-space'],
    ['b@ok.test@evil.test', 'refused: several-at-signs'],
    ['b@ok.test>\r\nRCPT TO:<c@evil.test', 'refused: line-break'],
    ['b@ok.test\nc@evil.test', 'refused: line-break'],
    ['b@ok.test\r', 'refused: line-break'],
    ['b@ok.test\u2028', 'refused: line-break'],
    ['b@ok.test\0', 'refused: control-character'],
    ['b@ok.test\0@evil.test', 'refused: control-character'],
    ['b\t@ok.test', 'refused: control-character'],
    // other forms
    ['<b@ok.test>', 'refused: display-name'],
    ['Bob <b@ok.test>', 'refused: display-name'],
    ['b@ok.test>', 'refused: display-name'],
    ['b(c)@ok.test', 'refused: comment'],
    ['b@ok.test (c)', 'refused: comment'],
    ['friends: b@ok.test;', 'refused: group'],
    ['friends:b@ok.test,c@ok.test;', 'refused: group'],
    ['@relay.test:b@ok.test', 'refused: source-route'],
    ['@relay.test,@two.test:b@ok.test', 'refused: source-route'],
    ['b%evil.test@ok.test', 'refused: percent-hack'],
    ['evil.test!b@ok.test', 'refused: bang-path'],
    ['mailto:b@ok.test', 'refused: group'],
    ['b@[127.0.0.1]', 'refused: address-literal'],
    ['b@[IPv6:::1]', 'refused: address-literal'],
    ['b@127.0.0.1', 'refused: domain-numeric'],
    ['b@example.123', 'refused: domain-numeric'],
    [' b@ok.test', 'refused: white-space'],
    ['b@ok.test ', 'refused: white-space'],
    ['b@ok.test\u00a0', 'refused: white-space'],
    // malformed
    ['', 'refused: empty'],
    ['b', 'refused: no-at-sign'],
    ['@', 'refused: source-route'],
    ['b@', 'refused: domain-empty'],
    ['@ok.test', 'refused: source-route'],
    ['.b@ok.test', 'refused: local-dots'],
    ['b.@ok.test', 'refused: local-dots'],
    ['b..c@ok.test', 'refused: local-dots'],
    ['b\\c@ok.test', 'refused: local-character'],
    ['b[c]@ok.test', 'refused: local-character'],
    ['b@ok', 'refused: domain-not-qualified'],
    ['b@.ok.test', 'refused: domain-empty-label'],
    ['b@ok..test', 'refused: domain-empty-label'],
    ['b@ok.test.', 'refused: domain-empty-label'],
    ['b@-ok.test', 'refused: domain-hyphen'],
    ['b@ok-.test', 'refused: domain-hyphen'],
    ['b@o_k.test', 'refused: domain-character'],
    ['b@ok.test/', 'refused: domain-character'],
    ['b@ok.test"', 'refused: domain-character'],
    [`${a(65)}@example.org`, 'refused: local-too-long'],
    [`a@${a(64)}.org`, 'refused: domain-label-too-long'],
    [`${a(64)}@${longDomain(189)}`, `${a(64)}@${longDomain(189)}`],
    [`${a(64)}@${longDomain(190)}`, 'refused: too-long'],
    [`a@${longDomain(256)}`, 'refused: domain-too-long'],
    [a(100_000), 'refused: too-long'],
  ])('%j', (text, expected) => {
    expect(addressOf(text)).toBe(expected)
  })

  it('says what is wrong without repeating the address', () => {
    const parsed = parseMailbox('secret.person@ok')
    expect(parsed).toEqual({ ok: false, code: 'domain-not-qualified', detail: mailboxFaults['domain-not-qualified'] })
    expect(JSON.stringify(parsed)).not.toContain('secret')
  })
})

describe('properties', () => {
  const awkward = fc.stringMatching(/^[a-z0-9."\\@%!<>(),:;[\] \r\n\0\t+_üß。\u202e-]{0,40}$/)
  const near = fc.tuple(awkward, awkward).map(([local, domain]) => `${local}@${domain}.example.org`)

  it('what is accepted parses to itself and holds no byte that means something on the wire', () => {
    fc.assert(
      fc.property(fc.oneof(awkward, near, fc.string({ unit: 'binary' }), fc.emailAddress()), text => {
        const parsed = parseMailbox(text)
        if (!parsed.ok) return
        const { address, local, domain } = parsed.mailbox
        expect(address).toBe(`${local}@${domain}`)
        expect(address).toMatch(/^[\x20-\x7e]+$/)
        expect(address).not.toMatch(/[<>,;:()[\]\\%!]/)
        expect(address.indexOf('@')).toBe(address.lastIndexOf('@'))
        expect(address.length).toBeLessThanOrEqual(254)
        expect(parseMailbox(address)).toEqual(parsed)
      }),
      { numRuns: 2000 },
    )
  })

  it('a U-label becomes the A-label that ICU computes, or is refused', () => {
    const label = fc.stringMatching(/^[a-zäöüéñçøåłžабвгдежзиклмнопαβγδε日本語中文한국אבגدرة]{1,20}$/)
    fc.assert(
      fc.property(label, text => {
        const parsed = parseMailbox(`a@x${text}.example`)
        const icu = domainToASCII(`x${text}.example`)
        // ICU also applies rules between characters (right-to-left, joiners), where it yields nothing; those labels exist in no zone.
        if (parsed.ok && icu !== '') expect(parsed.mailbox.domain).toBe(icu)
        if (!parsed.ok) expect(parsed.code).toBe('domain-label-too-long')
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a name with its address', () => {
  it.each([
    ['a@ok.test', undefined, 'a@ok.test'],
    ['<a@ok.test>', undefined, 'a@ok.test'],
    ['Example <a@ok.test>', 'Example', 'a@ok.test'],
    ['J. Doe <a@ok.test>', 'J. Doe', 'a@ok.test'],
    ['"Doe, J." <a@ok.test>', 'Doe, J.', 'a@ok.test'],
    ['"say \\"hi\\"" <a@ok.test>', 'say "hi"', 'a@ok.test'],
    ['❤\ufe0f Shop <a@ok.test>', '❤\ufe0f Shop', 'a@ok.test'],
    ['Bücher <a@bücher.example>', 'Bücher', 'a@xn--bcher-kva.example'],
  ])('%s', (text, name, address) => {
    const parsed = parseAddressHeader(text)
    expect(parsed.ok && [parsed.name, parsed.mailbox.address]).toEqual([name, address])
  })

  it.each([
    ['A <a@ok.test>, B <b@ok.test>', 'name-character'],
    ['A <a@ok.test> B', 'angle-brackets'],
    ['a@ok.test <b@ok.test>', 'name-character'],
    ['"a@ok.test" <b@ok.test>', 'name-character'],
    ['A <a@ok.test', 'angle-brackets'],
    ['A\r\nBcc: x <a@ok.test>', 'line-break'],
    ['A\u202e <a@ok.test>', 'bidi-control'],
    ['=?utf-8?q?=0D=0A?= <a@ok.test>', 'name-character'],
    ['group: A <a@ok.test>;', 'angle-brackets'],
    ['A (c) <a@ok.test>', 'name-character'],
    ['" " <a@ok.test>', 'name-character'],
    [`${'n'.repeat(257)} <a@ok.test>`, 'name-too-long'],
    ['A <>', 'empty'],
  ])('%j is refused', (text, code) => {
    expect(parseAddressHeader(text)).toMatchObject({ ok: false, code })
  })
})

describe('one key for all spellings of a mailbox', () => {
  it.each([
    ['Jane.Doe+x@Gmail.com', 'janedoe@gmail.com'],
    ['janedoe@googlemail.com', 'janedoe@gmail.com'],
    ['"jane.doe"@gmail.com', 'janedoe@gmail.com'],
    ['"jane..doe+y"@gmail.com', 'janedoe@gmail.com'],
    ['+x@gmail.com', '+x@gmail.com'],
    ['Jane+a@Outlook.com', 'jane@outlook.com'],
    ['jane+a@proton.me', 'jane@proton.me'],
    ['jane.doe@outlook.com', 'jane.doe@outlook.com'],
    ['Jane+a@example.org', 'jane+a@example.org'],
    ['"Jane"@example.org', 'jane@example.org'],
    ['jane@BÜCHER.example', 'jane@xn--bcher-kva.example'],
  ])('%s', (text, key) => {
    expect(canonicalMailbox(mailbox(text))).toBe(key)
  })

  it('does not change when only case changes', () => {
    fc.assert(
      fc.property(fc.emailAddress(), text => {
        const lower = parseMailbox(text.toLowerCase())
        const capital = parseMailbox(text.toUpperCase())
        if (lower.ok && capital.ok) expect(canonicalMailbox(capital.mailbox)).toBe(canonicalMailbox(lower.mailbox))
        expect(lower.ok).toBe(capital.ok)
      }),
    )
  })
})

describe('cost', () => {
  it('is well under a microsecond for a common address', () => {
    const addresses = Array.from({ length: 1000 }, (_, i) => `person${i}.surname+tag@mail${i}.example.org`)
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < 50; round++) {
      const start = performance.now()
      for (const address of addresses) parseMailbox(address)
      best = Math.min(best, performance.now() - start)
    }
    expect(best / addresses.length).toBeLessThan(0.001)
  })
})

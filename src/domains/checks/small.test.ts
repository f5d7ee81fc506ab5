import { describe, expect, it } from 'vitest'
import type { Zone } from '../test-zone.ts'
import { checkAlignment } from './alignment.ts'
import { checkBimi } from './bimi.ts'
import { checkLookalikes } from './lookalikes.ts'
import { checkPtr, checkSenderSpf } from './sender.ts'
import { codesIn, findingsIn } from './test-check.ts'
import { checkTlsRpt } from './tls-rpt.ts'

const domain = 'example.org'
const dmarc = (record: string): Zone => ({ '_dmarc.example.org': { txt: [record] } })

describe('TLS reporting', () => {
  const zone = (...txt: string[]): Zone => ({ '_smtp._tls.example.org': { txt } })
  const codes = (given: Zone, lost: readonly string[] = []) =>
    codesIn(given, 'tls-rpt.cannot-tell', dns => checkTlsRpt(dns, { domain }), lost)

  it.each<[given: string, zone: Zone, then: string[]]>([
    ['an address', zone('v=TLSRPTv1; rua=mailto:t@example.org'), ['tls-rpt.ok']],
    ['two of them', zone('v=TLSRPTv1;rua=mailto:t@example.org,https://example.net/t;'), ['tls-rpt.ok']],
    ['spaces around the comma', zone('v=TLSRPTv1; rua=mailto:t@example.org , mailto:u@example.org'), ['tls-rpt.ok']],
    ['no record', {}, ['tls-rpt.missing']],
    [
      'two records',
      zone('v=TLSRPTv1; rua=mailto:a@b.example', 'v=TLSRPTv1; rua=mailto:c@b.example'),
      ['tls-rpt.several-records'],
    ],
    ['no address', zone('v=TLSRPTv1'), ['tls-rpt.syntax']],
    ['an address without scheme', zone('v=TLSRPTv1; rua=t@example.org'), ['tls-rpt.syntax']],
    ['plain http', zone('v=TLSRPTv1; rua=http://example.org/'), ['tls-rpt.syntax']],
  ])('%s', async (_, given, then) => {
    expect(await codes(given)).toEqual(then)
  })

  it('lost: cannot tell', async () => {
    const lost = ['TXT _smtp._tls.example.org']
    expect(await codes(zone('v=TLSRPTv1; rua=mailto:t@example.org'), lost)).toEqual(['tls-rpt.cannot-tell'])
  })
})

describe('BIMI', () => {
  const enforced = dmarc('v=DMARC1; p=reject; rua=mailto:r@example.org')
  const full = 'v=BIMI1; l=https://example.org/l.svg; a=https://example.org/v.pem'
  const zone = (record: string, policy = enforced): Zone => ({
    'default._bimi.example.org': { txt: [record] },
    ...policy,
  })
  const codes = (given: Zone, lost: readonly string[] = []) =>
    codesIn(given, 'bimi.cannot-tell', dns => checkBimi(dns, { domain }), lost)

  it.each<[given: string, zone: Zone, then: string[]]>([
    ['logo and certificate', zone(full), ['bimi.ok']],
    ['no record', enforced, ['bimi.missing']],
    ['a refusal to have one', zone('v=BIMI1; l=; a='), ['bimi.declined']],
    ['two records', { ...enforced, 'default._bimi.example.org': { txt: [full, full] } }, ['bimi.several-records']],
    ['no logo', zone('v=BIMI1; a=https://example.org/v.pem'), ['bimi.syntax']],
    ['http', zone('v=BIMI1; l=http://example.org/l.svg; a=https://example.org/v.pem'), ['bimi.logo-not-https']],
    [
      'a picture of another kind',
      zone('v=BIMI1; l=https://example.org/l.png; a=https://example.org/v.pem'),
      ['bimi.logo-not-svg'],
    ],
    ['no certificate', zone('v=BIMI1; l=https://example.org/l.svg'), ['bimi.ok', 'bimi.no-certificate']],
    [
      'a certificate over http',
      zone('v=BIMI1; l=https://example.org/l.svg; a=http://example.org/v.pem'),
      ['bimi.certificate-not-https'],
    ],
    [
      'a certificate that is no PEM',
      zone('v=BIMI1; l=https://example.org/l.svg; a=https://example.org/v.der'),
      ['bimi.certificate-not-pem'],
    ],
    ['no DMARC', zone(full, {}), ['bimi.dmarc-not-enforced']],
    [
      'DMARC that asks for nothing',
      zone(full, dmarc('v=DMARC1; p=none; rua=mailto:r@example.org')),
      ['bimi.dmarc-not-enforced'],
    ],
    [
      'DMARC in testing',
      zone(full, dmarc('v=DMARC1; p=reject; t=y; rua=mailto:r@example.org')),
      ['bimi.dmarc-not-enforced'],
    ],
    [
      'DMARC without subdomains',
      zone(full, dmarc('v=DMARC1; p=reject; sp=none; rua=mailto:r@example.org')),
      ['bimi.dmarc-not-enforced'],
    ],
  ])('%s', async (_, given, then) => {
    expect(await codes(given)).toEqual(then)
  })

  it.each(['TXT default._bimi.example.org', 'TXT _dmarc.example.org'])('lost, %s: cannot tell', async lost => {
    expect(await codes(zone(full), [lost])).toEqual(['bimi.cannot-tell'])
  })
})

describe('alignment', () => {
  type Given = Parameters<typeof checkAlignment>[1]
  const relaxed = dmarc('v=DMARC1; p=reject; rua=mailto:r@example.org')
  const strict = dmarc('v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:r@example.org')
  const given: Given = { from: domain, signing: [domain], returnPath: domain }
  const both = ['alignment.dkim-ok', 'alignment.spf-ok']
  it.each<[given: string, zone: Zone, more: Partial<Given>, then: string[]]>([
    ['all the same', relaxed, {}, both],
    ['subdomains', relaxed, { signing: ['m.example.org'], returnPath: 'b.example.org' }, both],
    ['subdomains, strictly', strict, { signing: ['m.example.org'] }, ['alignment.dkim', 'alignment.spf-ok']],
    ['bounces elsewhere', relaxed, { returnPath: 'example.net' }, ['alignment.dkim-ok', 'alignment.spf']],
    ['signed elsewhere', relaxed, { signing: ['example.net'] }, ['alignment.dkim', 'alignment.spf-ok']],
    ['one of two signatures', relaxed, { signing: ['example.net', domain] }, both],
    [
      'both elsewhere',
      relaxed,
      { signing: ['example.net'], returnPath: 'example.net' },
      ['alignment.dkim', 'alignment.spf', 'alignment.none'],
    ],
    [
      'a neighbour below a public suffix',
      { ...relaxed, '_dmarc.org': { txt: ['v=DMARC1; p=none; psd=y'] } },
      { signing: ['other.org'] },
      ['alignment.dkim', 'alignment.spf-ok'],
    ],
  ])('%s', async (_, zone, more, then) => {
    const run = codesIn(zone, 'alignment.cannot-tell', dns => checkAlignment(dns, { ...given, ...more }))
    expect(await run).toEqual(then)
  })

  it('lost: cannot tell', async () => {
    const lost = ['TXT _dmarc.example.org']
    expect(await codesIn(relaxed, 'alignment.cannot-tell', dns => checkAlignment(dns, given), lost)).toEqual([
      'alignment.cannot-tell',
    ])
  })
})

describe('a sending address', () => {
  const reverse = '1.2.0.192.in-addr.arpa'
  const six = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'
  it.each<[given: string, zone: Zone, ip: string, then: string[]]>([
    [
      'a name that leads back',
      { [reverse]: { ptr: ['mx.example.org'] }, 'mx.example.org': { a: ['192.0.2.1'] } },
      '192.0.2.1',
      ['ptr.ok'],
    ],
    [
      'the same with IPv6',
      { [six]: { ptr: ['mx.example.org'] }, 'mx.example.org': { aaaa: ['2001:db8:0::1'] } },
      '2001:db8::1',
      ['ptr.ok'],
    ],
    [
      'a name that leads elsewhere',
      { [reverse]: { ptr: ['mx.example.org'] }, 'mx.example.org': { a: ['192.0.2.2'] } },
      '192.0.2.1',
      ['ptr.not-confirmed'],
    ],
    ['no name', {}, '192.0.2.1', ['ptr.missing']],
  ])('%s', async (_, zone, ip, then) => {
    expect(await codesIn(zone, 'ptr.cannot-tell', dns => checkPtr(dns, { domain, ip }))).toEqual(then)
  })

  it('a lost name: cannot tell', async () => {
    const run = codesIn({}, 'ptr.cannot-tell', dns => checkPtr(dns, { domain, ip: '192.0.2.1' }), [`PTR ${reverse}`])
    expect(await run).toEqual(['ptr.cannot-tell'])
  })

  it.each<[ip: string, then: string[]]>([
    ['192.0.2.1', ['spf.sender-passes']],
    ['192.0.2.2', ['spf.sender-fails']],
  ])('%s and SPF', async (ip, then) => {
    const zone: Zone = { [domain]: { txt: ['v=spf1 ip4:192.0.2.1 -all'] } }
    expect(await codesIn(zone, 'spf.cannot-tell', dns => checkSenderSpf(dns, { domain, ip }))).toEqual(then)
  })
})

describe('look-alikes', () => {
  const codes = (zone: Zone, lost: readonly string[] = []) =>
    codesIn(zone, 'lookalike.cannot-tell', dns => checkLookalikes(dns, { domain: 'mail.example.org' }), lost)

  it.each<[given: string, zone: Zone, then: string[]]>([
    ['none is registered', {}, ['lookalike.none']],
    ['one is registered', { 'examp1e.org': { ns: ['a.example.net'] } }, ['lookalike.registered']],
  ])('%s', async (_, zone, then) => {
    expect(await codes(zone)).toEqual(then)
  })

  it('lost: cannot tell', async () => {
    expect(await codes({}, ['NS examp1e.org'])).toEqual(['lookalike.cannot-tell'])
  })

  it('says which take mail', async () => {
    const zone: Zone = {
      'examp1e.org': { ns: ['a.example.net'], mx: [[0, '.']] },
      'example.com': { ns: ['a.example.net'], mx: [[10, 'mx.example.net']] },
    }
    const run = findingsIn(zone, 'lookalike.cannot-tell', dns => checkLookalikes(dns, { domain }))
    expect((await run)[0]?.found).toMatch(/^2 of \d+ tried, 1 take mail: example.com \(takes mail\), examp1e.org$/)
  })
})

import { describe, expect, it } from 'vitest'
import { dmarcPolicy, organizationOf, spfVerdict } from './mailauth.ts'
import { type Zone, zoneDns } from './test-zone.ts'

// Not a test of mailauth: cases in the manner of RFC 7208 and RFC 9989, to see that it is given our DNS as it expects it.

const spf = (zone: Zone, ip: string, lost?: string) =>
  spfVerdict(
    zoneDns(zone, question => (question === lost ? 'timeout' : undefined)),
    { domain: 'example.org', ip },
  )
const at = (text: string, more: Zone = {}): Zone => ({ 'example.org': { txt: [text] }, ...more })

describe('mailauth with our DNS: SPF', () => {
  it.each<[given: string, zone: Zone, ip: string, then: string]>([
    ['no such domain', {}, '192.0.2.1', 'none'],
    ['a domain without texts', { 'example.org': { a: ['192.0.2.1'] } }, '192.0.2.1', 'none'],
    ['two records', { 'example.org': { txt: ['v=spf1 -all', 'v=spf1 ~all'] } }, '192.0.2.1', 'permerror'],
    [
      'a record in several strings',
      { 'example.org': { txt: [['v=spf1 ip4:192.', '0.2.1 -all']] } },
      '192.0.2.1',
      'pass',
    ],
    [
      'an address of its own',
      at('v=spf1 a -all', { 'example.org': { txt: ['v=spf1 a -all'], a: ['192.0.2.7'] } }),
      '192.0.2.7',
      'pass',
    ],
    [
      'IPv6 of its own',
      { 'example.org': { txt: ['v=spf1 a//64 -all'], aaaa: ['2001:db8::1'] } },
      '2001:db8::2',
      'pass',
    ],
    [
      'its mail servers',
      {
        'example.org': { txt: ['v=spf1 mx -all'], mx: [[10, 'mx.example.org']] },
        'mx.example.org': { a: ['192.0.2.9'] },
      },
      '192.0.2.9',
      'pass',
    ],
    ['nobody else', at('v=spf1 ip4:192.0.2.1 -all'), '192.0.2.2', 'fail'],
    ['softly', at('v=spf1 ip4:192.0.2.1 ~all'), '192.0.2.2', 'softfail'],
    [
      'an include that passes',
      at('v=spf1 include:i.example.net -all', { 'i.example.net': { txt: ['v=spf1 ip4:192.0.2.3 -all'] } }),
      '192.0.2.3',
      'pass',
    ],
    ['an include of nothing', at('v=spf1 include:i.example.net -all'), '192.0.2.3', 'permerror'],
    [
      'a redirect',
      at('v=spf1 redirect=i.example.net', { 'i.example.net': { txt: ['v=spf1 -all'] } }),
      '192.0.2.3',
      'fail',
    ],
    [
      'exists by a macro',
      at('v=spf1 exists:%{ir}.l.example.net -all', { '3.2.0.192.l.example.net': { a: ['127.0.0.2'] } }),
      '192.0.2.3',
      'pass',
    ],
    [
      'a name that leads back',
      at('v=spf1 ptr -all', {
        '3.2.0.192.in-addr.arpa': { ptr: ['h.example.org'] },
        'h.example.org': { a: ['192.0.2.3'] },
      }),
      '192.0.2.3',
      'pass',
    ],
    [
      'eleven look-ups',
      at(`v=spf1 ${'a:h.example.net '.repeat(11)}-all`, { 'h.example.net': { a: ['192.0.2.200'] } }),
      '192.0.2.3',
      'permerror',
    ],
    [
      'three that lead to nothing',
      at('v=spf1 a:x.example.net a:y.example.net a:z.example.net -all'),
      '192.0.2.3',
      'permerror',
    ],
    [
      'an alias',
      at('v=spf1 a:al.example.net -all', {
        'al.example.net': { cname: ['h.example.net'] },
        'h.example.net': { a: ['192.0.2.3'] },
      }),
      '192.0.2.3',
      'pass',
    ],
  ])('%s', async (_, zone, ip, then) => {
    expect((await spf(zone, ip)).result).toBe(then)
  })

  it.each(['TXT example.org', 'A h.example.net'])('lost, %s: an error of the moment', async lost => {
    const zone = at('v=spf1 a:h.example.net -all', { 'h.example.net': { a: ['192.0.2.3'] } })
    expect((await spf(zone, '192.0.2.3', lost)).result).toBe('temperror')
  })
})

describe('mailauth with our DNS: DMARC', () => {
  const reject = 'v=DMARC1; p=reject; sp=quarantine; np=none'
  const zone: Zone = {
    '_dmarc.example.org': { txt: [reject] },
    'a.b.c.d.e.f.g.h.example.org': { a: ['192.0.2.1'] },
    'there.example.org': { mx: [[10, 'mx.example.org']] },
    '_dmarc.own.example.org': { txt: ['v=DMARC1; p=none; psd=n'] },
    '_dmarc.bank': { txt: ['v=DMARC1; p=reject; psd=y'] },
    '_dmarc.two.example': { txt: ['v=DMARC1; p=none', 'v=DMARC1; p=reject'] },
    '_dmarc.test.example': { txt: ['v=DMARC1; p=reject; t=y'] },
  }
  it.each([
    ['its own record', 'example.org', 'reject', 'example.org'],
    ['a subdomain that exists', 'there.example.org', 'quarantine', 'example.org'],
    ['a subdomain that does not', 'gone.example.org', 'none', 'example.org'],
    ['eight labels below', 'a.b.c.d.e.f.g.h.example.org', 'quarantine', 'example.org'],
    ['a subdomain of its own organization', 'own.example.org', 'none', 'own.example.org'],
    ['the policy of a public suffix', 'new.bank', 'reject', 'bank'],
    ['a test', 'test.example', 'quarantine', 'test.example'],
  ])('%s', async (_, domain, policy, policyDomain) => {
    expect(await dmarcPolicy(zoneDns(zone), domain)).toMatchObject({ status: 'policy', policy, policyDomain })
  })

  it.each([['two.example'], ['nothing.example']])('%s has none', async domain => {
    expect(await dmarcPolicy(zoneDns(zone), domain)).toEqual({ status: 'none' })
  })

  it('a lost record is no missing one', async () => {
    const dns = zoneDns(zone, question => (question === 'TXT _dmarc.there.example.org' ? 'timeout' : undefined))
    expect(await dmarcPolicy(dns, 'there.example.org')).toEqual({ status: 'lost' })
  })

  it.each([
    ['x.example.org', 'example.org'],
    ['x.new.bank', 'new.bank'],
    ['x.own.example.org', 'own.example.org'],
    ['nothing.example', 'nothing.example'],
  ])('the organization of %s is %s', async (domain, then) => {
    expect(await organizationOf(zoneDns(zone), domain)).toBe(then)
  })
})

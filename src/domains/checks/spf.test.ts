import { describe, expect, it } from 'vitest'
import { Asking } from '../asking.ts'
import { checked } from '../finding.ts'
import { type Zone, zoneDns } from '../test-zone.ts'
import { checkSpf } from './spf.ts'

const domain = 'example.org'

async function codesOf(zone: Zone, lost: readonly string[] = []): Promise<string[]> {
  return (await findingsOf(zone, lost)).map(({ code }) => code)
}

function findingsOf(zone: Zone, lost: readonly string[] = []) {
  const asking = new Asking(zoneDns(zone, question => (lost.includes(question) ? 'servfail' : undefined)))
  return checked(asking, { name: domain, unknown: 'spf.cannot-tell' }, dns => checkSpf(dns, { domain, senders: [] }))
}

const record = (text: string, more: Zone = {}): Zone => ({ [domain]: { txt: ['other=1', text] }, ...more })
const includes = (count: number) => Array.from({ length: count }, (_, i) => `include:i${i}.example.net`).join(' ')
const included = (count: number, text = 'v=spf1 ip4:192.0.2.1 -all'): Zone =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`i${i}.example.net`, { txt: [text] }]))
const mxZone = (count: number): Zone => ({
  'many.example.net': { mx: Array.from({ length: count }, (_, i) => [10, `m${i}.example.net`] as const) },
})
const long = `v=spf1 ${Array.from({ length: 30 }, (_, i) => `ip4:192.0.2.${i}`).join(' ')} -all`
const wide = 'v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all'

describe('SPF', () => {
  it.each<[given: string, zone: Zone, then: string[]]>([
    ['a plain record', record('v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all'), ['spf.ok']],
    ['upper case', record('V=SPF1 IP4:192.0.2.0/24 -ALL'), ['spf.ok']],
    ['no record', { [domain]: { txt: ['hello'] } }, ['spf.missing']],
    ['another version', record('v=spf10 -all'), ['spf.missing']],
    ['no texts at all', { [domain]: { mx: [[10, 'mx.example.org']] } }, ['spf.missing']],
    ['two records', { [domain]: { txt: ['v=spf1 mx -all', 'v=spf1 a -all'] } }, ['spf.several-records']],
    ['a misspelt term', record('v=spf1 ipv4:192.0.2.1 -all'), ['spf.syntax']],
    ['a prefix too long', record('v=spf1 ip4:192.0.2.1/33 -all'), ['spf.syntax']],
    ['an include without a name', record('v=spf1 include: -all'), ['spf.syntax']],
    [
      'a colon and a slash in a name',
      record('v=spf1 exists:foo:bar/baz.example.net a:%{d1r/}.example.net/24 -all'),
      ['spf.ok', 'spf.depends-on-message'],
    ],
    ['a prefix behind an include', record('v=spf1 include:a.example.net/24 -all'), ['spf.syntax']],
    ['a slash without a prefix', record('v=spf1 ip4:192.0.2.1/ -all'), ['spf.syntax']],
    ['redirect twice', record('v=spf1 redirect=a.example redirect=b.example'), ['spf.syntax']],
    ['a macro of explanations', record('v=spf1 exists:%{t}.example.net -all'), ['spf.syntax']],
    ['a long record', record(long), ['spf.too-long']],
    ['ten look-ups', record(`v=spf1 ${includes(10)} -all`, included(10)), ['spf.ok', 'spf.near-lookup-limit']],
    ['eight look-ups', record(`v=spf1 ${includes(8)} -all`, included(8)), ['spf.ok']],
    ['eleven look-ups', record(`v=spf1 ${includes(11)} -all`, included(11)), ['spf.too-many-lookups']],
    [
      'eleven look-ups in the depth',
      record('v=spf1 include:i0.example.net include:i0.example.net -all', {
        'i0.example.net': {
          txt: ['v=spf1 a:h.example.net a:h.example.net a:h.example.net a:h.example.net a:h.example.net ?all'],
        },
        'h.example.net': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] },
      }),
      ['spf.too-many-lookups'],
    ],
    [
      'three that lead to nothing',
      record('v=spf1 a:x.example.net a:y.example.net exists:z.example.net -all'),
      ['spf.too-many-voids'],
    ],
    ['two that lead to nothing', record('v=spf1 a:x.example.net mx:y.example.net -all'), ['spf.ok']],
    [
      'three without IPv6',
      record('v=spf1 a:x.example.net a:y.example.net a:z.example.net -all', {
        'x.example.net': { a: ['192.0.2.1'] },
        'y.example.net': { a: ['192.0.2.2'] },
        'z.example.net': { a: ['192.0.2.3'] },
      }),
      ['spf.voids-in-one-family'],
    ],
    ['eleven mail servers', record('v=spf1 mx:many.example.net -all', mxZone(11)), ['spf.too-many-mx']],
    ['ten mail servers', record('v=spf1 mx:many.example.net -all', mxZone(10)), ['spf.ok']],
    ['+all', record('v=spf1 +all'), ['spf.passes-everyone']],
    ['all without a sign', record('v=spf1 mx:many.example.net all', mxZone(1)), ['spf.passes-everyone']],
    ['everything as a network', record('v=spf1 ip4:0.0.0.0/0 -all'), ['spf.passes-everyone']],
    ['everything in two networks', record(wide), ['spf.passes-everyone']],
    ['everything of IPv6', record('v=spf1 ip6:::/0 -all'), ['spf.passes-everyone']],
    [
      'an a with prefix 0',
      record('v=spf1 a:h.example.net/0 -all', { 'h.example.net': { a: ['192.0.2.1'], aaaa: ['::1'] } }),
      ['spf.passes-everyone'],
    ],
    [
      'an exists that always is',
      record('v=spf1 exists:h.example.net -all', { 'h.example.net': { a: ['127.0.0.2'] } }),
      ['spf.passes-everyone'],
    ],
    [
      'an include of +all',
      record('v=spf1 include:i0.example.net -all', included(1, 'v=spf1 +all')),
      ['spf.include-passes-everyone'],
    ],
    [
      'an include of everything as networks',
      record('v=spf1 include:i0.example.net -all', included(1, wide)),
      ['spf.passes-everyone'],
    ],
    [
      'a refusal by an include of +all',
      record('v=spf1 -include:i0.example.net ip4:192.0.2.1 -all', included(1, 'v=spf1 +all')),
      ['spf.ok'],
    ],
    ['an include of ?all', record('v=spf1 include:i0.example.net -all', included(1, 'v=spf1 ?all')), ['spf.ok']],
    ['a network of /7', record('v=spf1 ip4:10.0.0.0/7 -all'), ['spf.network-too-wide']],
    ['?all', record('v=spf1 ip4:192.0.2.1 ?all'), ['spf.neutral-all']],
    ['~all', record('v=spf1 ip4:192.0.2.1 ~all'), ['spf.ok', 'spf.softfail']],
    ['no end', record('v=spf1 ip4:192.0.2.1'), ['spf.no-all']],
    ['a redirect as the end', record('v=spf1 redirect=i0.example.net', included(1)), ['spf.ok']],
    ['ptr', record('v=spf1 ptr -all'), ['spf.ptr']],
    ['an include of nothing', record('v=spf1 include:none.example.net -all'), ['spf.include-broken']],
    [
      'an include of two records',
      record('v=spf1 include:i0.example.net -all', { 'i0.example.net': { txt: ['v=spf1 -all', 'v=spf1 ~all'] } }),
      ['spf.include-broken'],
    ],
    [
      'an include with a fault',
      record('v=spf1 include:i0.example.net -all', included(1, 'v=spf1 foo')),
      ['spf.include-broken'],
    ],
    ['an include of itself', record('v=spf1 include:example.org -all'), ['spf.loop']],
    [
      'a circle of three',
      record('v=spf1 include:i0.example.net -all', {
        'i0.example.net': { txt: ['v=spf1 include:i1.example.net -all'] },
        'i1.example.net': { txt: ['v=spf1 redirect=example.org'] },
      }),
      ['spf.loop'],
    ],
    ['terms behind all', record('v=spf1 ip4:192.0.2.1 -all ip4:192.0.2.2'), ['spf.ok', 'spf.ignored-terms']],
    [
      'a term that depends on the message',
      record('v=spf1 exists:%{i}.x.example.net -all'),
      ['spf.ok', 'spf.depends-on-message'],
    ],
    ['an include that depends on the message', record('v=spf1 include:%{l}.x.example.net -all'), ['spf.cannot-tell']],
    [
      'the domain by its macro',
      record('v=spf1 include:i0.%{d} -all', { 'i0.example.org': { txt: ['v=spf1 ip4:192.0.2.1 -all'] } }),
      ['spf.ok'],
    ],
  ])('%s', async (_, zone, then) => {
    expect(await codesOf(zone)).toEqual(then)
  })

  it.each<[given: string, zone: Zone, lost: string, then: string[]]>([
    ['the record is lost', record('v=spf1 -all'), 'TXT example.org', ['spf.cannot-tell']],
    [
      'an include is lost',
      record('v=spf1 include:i0.example.net -all', included(1)),
      'TXT i0.example.net',
      ['spf.cannot-tell'],
    ],
    [
      'an address is lost',
      record('v=spf1 a:h.example.net ~all'),
      'AAAA h.example.net',
      ['spf.softfail', 'spf.cannot-tell'],
    ],
    [
      'what is bad without the lost is bad',
      record('v=spf1 include:i0.example.net +all', included(1)),
      'TXT i0.example.net',
      ['spf.passes-everyone', 'spf.cannot-tell'],
    ],
  ])('%s: nothing is called good', async (_, zone, lost, then) => {
    expect(await codesOf(zone, [lost])).toEqual(then)
  })

  it.each<[zone: Zone, publish: string]>([
    [{ [domain]: { txt: ['v=spf1 mx -all', 'v=spf1 a mx ~all'] } }, 'v=spf1 mx a -all'],
    [record('v=spf1 ip4:192.0.2.1 +all'), 'v=spf1 ip4:192.0.2.1 -all'],
    [record('v=spf1 ip4:192.0.2.1 ?all'), 'v=spf1 ip4:192.0.2.1 -all'],
    [record('v=spf1 include:none.example.net ptr ip4:192.0.2.1 ?all ip4:192.0.2.2'), 'v=spf1 ip4:192.0.2.1 -all'],
    [record('v=spf1 include:none.example.net mx -all', mxZone(0)), 'v=spf1 mx -all'],
    [
      record('v=spf1 a:x.example.net mx:y.example.net ip4:192.0.2.1 exists:z.example.net -all'),
      'v=spf1 ip4:192.0.2.1 -all',
    ],
    [
      record('v=spf1 a:x.example.net a:y.example.net a:z.example.net a:h.example.net -all', {
        'h.example.net': { a: ['192.0.2.1'] },
      }),
      'v=spf1 a:h.example.net -all',
    ],
    [record('v=spf1 ip4:192.0.2.1 ptr:example.org -all'), 'v=spf1 ip4:192.0.2.1 -all'],
    [
      record('v=spf1 include:i0.example.net ip4:192.0.2.1 -all', included(1, 'v=spf1 all')),
      'v=spf1 ip4:192.0.2.1 -all',
    ],
  ])('says what to publish: %#', async (zone, value) => {
    const [first] = await findingsOf(zone)
    expect(first?.publish).toEqual([{ name: domain, type: 'TXT', value }])
  })

  it('names what each term of the record costs', async () => {
    const inner = 'v=spf1 a:h.example.net a:h.example.net a:h.example.net a:h.example.net -all'
    const hosts = { 'h.example.net': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] } }
    const [first] = await findingsOf(record(`v=spf1 ${includes(3)} -all`, { ...included(3, inner), ...hosts }))
    expect(first?.found).toBe(
      '15 look-ups: include:i0.example.net: 5, include:i1.example.net: 5, include:i2.example.net: 5',
    )
  })
})

describe('hostile SPF', () => {
  it('an include bomb costs few questions', async () => {
    const bomb: Zone = {}
    for (let i = 0; i < 40; i++)
      bomb[`i${i}.example.net`] = { txt: [`v=spf1 include:i${i + 1}.example.net include:i${i + 1}.example.net -all`] }
    const dns = zoneDns(record('v=spf1 include:i0.example.net include:i0.example.net -all', bomb))
    const asking = new Asking(dns)
    const found = await checkSpf(asking.view().dns, { domain, senders: [] })
    expect(found.map(({ code }) => code)).toContain('spf.too-many-lookups')
    expect(dns.asked.length).toBeLessThan(50)
  })

  it('a record of 60,000 characters is read in no time', async () => {
    const text = `v=spf1 ${'a:h.example.net '.repeat(3700)}-all`
    const startedAt = performance.now()
    expect(await codesOf(record(text))).toContain('spf.too-many-lookups')
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })

  it('ten thousand texts are not taken for an answer', async () => {
    const texts = Array.from({ length: 10_000 }, (_, i) => `text ${i}`)
    expect(await codesOf({ [domain]: { txt: [...texts, 'v=spf1 -all'] } })).toEqual(['spf.cannot-tell'])
  })

  it('shows nothing of a record that a terminal would obey', async () => {
    const [first] = await findingsOf(record('v=spf1 \u001b[2J\u202e -all'))
    expect(first?.found).toMatch(/^[\x20-\x7e]+$/)
  })
})

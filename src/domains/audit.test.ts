import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { filesUnder, read } from '../../test/sources.ts'
import { type AuditRequest, audit, needsAttention, type Report, tally } from './audit.ts'
import type { Fetched } from './checks/mta-sts.ts'
import type { Dns } from './dns.ts'
import { type FindingCode, rules } from './rules.ts'
import { type Loss, type Zone, zoneDns } from './test-zone.ts'

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
const policy = 'version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmax_age: 604800\r\n'

/** Everything is as it should be. */
const good: Zone = {
  'example.org': {
    txt: ['v=spf1 include:spf.example.net a:out.example.org -all'],
    mx: [[10, 'mx.example.org']],
    ns: ['ns.example.net'],
  },
  'spf.example.net': { txt: ['v=spf1 ip4:192.0.2.0/24 -all'] },
  'out.example.org': { a: ['198.51.100.1'], aaaa: ['2001:db8::1'] },
  'mx.example.org': { a: ['198.51.100.2'], aaaa: ['2001:db8::2'] },
  's._domainkey.example.org': { txt: [`v=DKIM1; p=${key}`] },
  '_dmarc.example.org': { txt: ['v=DMARC1; p=reject; rua=mailto:r@reports.example.net'] },
  'example.org._report._dmarc.reports.example.net': { txt: ['v=DMARC1'] },
  '_mta-sts.example.org': { txt: ['v=STSv1; id=1'] },
  'mta-sts.example.org': { a: ['198.51.100.3'] },
  '_smtp._tls.example.org': { txt: ['v=TLSRPTv1; rua=mailto:t@example.org'] },
  'default._bimi.example.org': { txt: ['v=BIMI1; l=https://example.org/l.svg; a=https://example.org/v.pem'] },
  '1.100.51.198.in-addr.arpa': { ptr: ['out.example.org'] },
}

const request: AuditRequest = {
  domain: 'example.org',
  selectors: [{ selector: 's', publicKey: key }],
  returnPath: 'bounce.example.org',
  senders: ['198.51.100.1'],
  lookalikes: true,
  now: 0,
}
const zone: Zone = { ...good, 'bounce.example.org': { txt: ['v=spf1 ip4:198.51.100.1 -all'] } }

const fetched: Fetched = {
  status: 'answered',
  code: 200,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from(policy),
}

const auditOf = (given: Zone, lose: Loss = () => undefined, more: Partial<AuditRequest> = {}): Promise<Report> =>
  audit({ ...request, ...more }, { dns: zoneDns(given, lose), fetch: async () => fetched })

const okCodes = (report: Report) => report.findings.filter(({ severity }) => severity === 'ok').map(({ code }) => code)

describe('the audit', () => {
  it('finds everything right where everything is', async () => {
    const report = await auditOf(zone)
    expect(report.findings.map(({ code }) => code)).toEqual([
      'domain.ok',
      'spf.ok',
      'spf.sender-passes',
      'ptr.ok',
      'dkim.ok',
      'dmarc.ok',
      'alignment.dkim-ok',
      'alignment.spf-ok',
      'mx.ok',
      'mta-sts.ok',
      'tls-rpt.ok',
      'bimi.ok',
      'lookalike.none',
    ])
    expect(needsAttention(report)).toBe(false)
    expect(tally(report)).toEqual({ error: 0, warning: 0, 'cannot-tell': 0, notice: 0, ok: 13 })
  })

  it('tells what it watches, and leaves out what was lost', async () => {
    const names = ({ records }: Report) => records.map(({ name, type, values }) => `${type} ${name} ${values.length}`)
    expect(names(await auditOf(zone))).toEqual([
      'TXT example.org 1',
      'TXT _dmarc.example.org 1',
      'TXT _mta-sts.example.org 1',
      'TXT _smtp._tls.example.org 1',
      'TXT default._bimi.example.org 1',
      'TXT s._domainkey.example.org 1',
      'MX example.org 1',
      'NS example.org 1',
    ])
    const lost = await auditOf(zone, question => (question === 'TXT _dmarc.example.org' ? 'timeout' : undefined))
    expect(names(lost)).not.toContain('TXT _dmarc.example.org 1')
    expect(lost.records).toHaveLength(7)
  })

  it('says of a domain that is not there nothing else', async () => {
    const report = await auditOf({ org: { ns: ['a.example'] } })
    expect(report.findings.map(({ code }) => code)).toEqual(['domain.not-found'])
  })

  it.each<[given: string, zone: Zone, then: string]>([
    ['a resolver that knows nothing at all', {}, 'domain.resolver-blind'],
    ['a resolver that knows the root', { '.': { ns: ['a.root.example'] } }, 'domain.not-found'],
  ])('%s says that a domain is not there', async (_, given, then) => {
    const report = await auditOf(given)
    expect(report.findings.map(({ code }) => code)).toEqual([then])
    expect(report.records).toHaveLength(then === 'domain.not-found' ? 8 : 0)
    expect(needsAttention(report)).toBe(true)
  })

  it('an alias is told', async () => {
    const report = await auditOf({
      'example.org': { cname: ['other.example'] },
      'other.example': { txt: ['v=spf1 -all'] },
    })
    expect(report.findings.map(({ code }) => code)).toContain('domain.alias')
  })

  it('gives every finding its section, and a text that can be shown', async () => {
    const report = await auditOf({ 'example.org': { txt: ['v=spf1 \u001b[31m+all'], mx: [[10, 'in.example.org']] } })
    expect(report.findings.length).toBeGreaterThan(5)
    for (const { code, section, detail, found } of report.findings) {
      expect([code, section]).toEqual([code, rules[code][1]])
      expect(`${detail}${found ?? ''}`).toMatch(/^[\x20-\x7e§…]+$/)
    }
  })
})

/** What each good word rests on, by hand: the questions that must have been answered before it may be said. */
const spfRests = ['TXT example.org', 'TXT spf.example.net', 'A out.example.org', 'AAAA out.example.org']
const walk = ['TXT _dmarc.example.org', 'TXT _dmarc.org']
const restsOn: Partial<Record<FindingCode, readonly string[]>> = {
  'domain.ok': ['TXT example.org'],
  'spf.ok': spfRests,
  'spf.sender-passes': ['TXT bounce.example.org'],
  'ptr.ok': ['PTR 1.100.51.198.in-addr.arpa', 'A out.example.org'],
  'dkim.ok': ['TXT s._domainkey.example.org'],
  'dmarc.ok': [...walk, 'TXT example.org._report._dmarc.reports.example.net'],
  'alignment.dkim-ok': walk,
  'alignment.spf-ok': [...walk, 'TXT _dmarc.bounce.example.org'],
  'mx.ok': ['MX example.org', 'CNAME mx.example.org', 'A mx.example.org', 'AAAA mx.example.org'],
  'mta-sts.ok': ['MX example.org', 'TXT _mta-sts.example.org', 'A mta-sts.example.org'],
  'tls-rpt.ok': ['TXT _smtp._tls.example.org'],
  'bimi.ok': ['TXT default._bimi.example.org', ...walk],
  'lookalike.none': ['NS examp1e.org', 'NS example.com'],
}
const seed = 20261124

describe('what could not be found out', () => {
  it.each(
    Object.entries(restsOn).flatMap(([code, questions]) => questions.map(question => [code, question] as const)),
  )('is never %s without %s', async (code, question) => {
    for (const answer of ['servfail', 'timeout'] as const) {
      const report = await auditOf(zone, asked => (asked === question ? answer : undefined))
      expect(okCodes(report)).not.toContain(code)
      expect(needsAttention(report)).toBe(true)
    }
  })

  it(`whatever is lost, nothing that rests on it is called good (seed ${seed})`, async () => {
    const dns = zoneDns(zone)
    await audit(request, { dns, fetch: async () => fetched })
    const questions = [...new Set(dns.asked)]
    const loss = fc.array(
      fc.tuple(fc.constantFrom(...questions), fc.constantFrom('servfail' as const, 'timeout' as const)),
      { maxLength: 40 },
    )
    await fc.assert(
      fc.asyncProperty(loss, async pairs => {
        const lost = new Map(pairs)
        const report = await auditOf(zone, question => lost.get(question))
        for (const code of okCodes(report))
          expect(
            restsOn[code]?.filter(question => lost.has(question)),
            `${code} with ${[...lost.keys()].join(', ')}`,
          ).toEqual([])
      }),
      { seed, numRuns: 60 },
    )
  })

  it.each([
    'servfail',
    'timeout',
  ] as const)('a zone that is only %s has nothing wrong and nothing right', async answer => {
    const report = await auditOf(zone, () => answer)
    expect(report.findings.map(({ code }) => code)).toContain('domain.cannot-tell')
    expect([...new Set(report.findings.map(({ severity }) => severity))]).toEqual(['cannot-tell'])
    expect(report.records).toEqual([])
  })
})

describe('what is to be published', () => {
  /** The zone with the records that a report says; a text takes the place of those of its kind. */
  const repaired = (given: Zone, { findings }: Report): Zone => {
    const next: Record<string, Zone[string]> = { ...given }
    for (const { name, type, value } of findings.flatMap(({ publish = [] }) => publish)) {
      const kind = name.includes('._domainkey.') ? '' : value.slice(0, 5).toLowerCase()
      const others =
        (next[name]?.txt as string[] | undefined)?.filter(text => !text.toLowerCase().startsWith(kind)) ?? []
      const [preference, exchange = ''] = value.split(' ')
      if (type === 'TXT') next[name] = { ...next[name], txt: [...others, value] }
      else if (type === 'MX') next[name] = { ...next[name], mx: [[Number(preference), exchange]] }
      else next[name] = { ...next[name], [type.toLowerCase()]: [value] }
    }
    return next
  }
  const broken: [given: string, zone: Zone][] = [
    [
      'nothing is there',
      { 'example.org': { mx: [[10, 'mx.example.org']] }, 'mx.example.org': { a: ['198.51.100.2'] } },
    ],
    [
      'two of each',
      {
        'example.org': { txt: ['v=spf1 mx -all', 'v=spf1 ip4:198.51.100.1 ~all', 'x=1'], mx: [[10, 'mx.example.org']] },
        '_dmarc.example.org': { txt: ['v=DMARC1; p=reject; rua=mailto:a@example.org', 'v=DMARC1; p=none'] },
        '_mta-sts.example.org': { txt: ['v=STSv1; id=1', 'v=STSv1; id=2'] },
        '_smtp._tls.example.org': {
          txt: ['v=TLSRPTv1; rua=mailto:a@example.org', 'v=TLSRPTv1; rua=mailto:b@example.org'],
        },
        's._domainkey.example.org': { txt: ['v=DKIM1; p=', 'x'] },
        'mx.example.org': { a: ['198.51.100.2'] },
      },
    ],
    [
      'all of it is malformed',
      {
        'example.org': {
          txt: ['v=spf1 ipv4:1.2.3.4 redirect= +all'],
          mx: [
            [0, '.'],
            [5, 'al.example.org'],
          ],
        },
        'al.example.org': { cname: ['mx.example.org'] },
        'mx.example.org': { a: ['198.51.100.2'] },
        '_dmarc.example.org': { txt: ['v=DMARC1; p=refuse; p=none; sp'] },
        '_mta-sts.example.org': { txt: ['v=STSv1; id=a-b'] },
        '_smtp._tls.example.org': { txt: ['v=TLSRPTv1; rua=nobody'] },
        's._domainkey.example.org': { txt: ['v=DKIM2; p=x'] },
      },
    ],
    [
      'all of it is weak',
      {
        'example.org': {
          txt: ['v=spf1 ptr a:x.test mx:y.test exists:z.test include:open.test include:gone.test ?all mx'],
          mx: [[10, 'mx.example.org']],
        },
        'open.test': { txt: ['v=spf1 all'] },
        'mx.example.org': { a: ['198.51.100.2'] },
        '_dmarc.example.org': {
          txt: ['v=DMARC1; p=quarantine; sp=none; np=none; t=y; psd=y; pct=5; rua=mailto:a@b.test!5k'],
        },
      },
    ],
  ]
  /** What takes more than a record, or what a first record leaves for later. */
  const open = [
    /^lookalike/,
    /^domain/,
    /^bimi/,
    /^mta-sts\.policy-missing/,
    /^dmarc\.policy-none/,
    /^spf\.(?:softfail|sender-fails|passes-everyone)/,
    /^alignment/,
    /^dkim\.only/,
  ]

  it.each(broken)('where %s, it mends what it stands with', async (_, given) => {
    let report = await auditOf(given)
    let now = given
    // A record that could not be read hides what is wrong with what it says.
    for (let round = 0; round < 3; round++) {
      const wanted = report.findings.filter(({ publish }) => publish).map(({ code }) => code)
      now = repaired(now, report)
      report = await auditOf(now)
      const left = report.findings.map(({ code }) => code).filter(code => wanted.includes(code))
      expect(left.filter(code => !open.some(pattern => pattern.test(code)))).toEqual([])
    }
    const bad = report.findings.filter(({ severity }) => severity === 'error' || severity === 'warning')
    expect(bad.map(({ code }) => code).filter(code => !open.some(pattern => pattern.test(code)))).toEqual([])
  })
})

describe('hostile zones', () => {
  /** A zone that answers anything with the same. */
  const wild = (txt: string[], counted = { asked: 0 }): Dns & { counted: { asked: number } } => {
    const yes = async <T>(records: T[]) => {
      counted.asked++
      return { status: 'records' as const, records }
    }
    return {
      counted,
      txt: () => yes(txt.map(text => [text])),
      mx: name => yes(Array.from({ length: 50 }, (_, i) => ({ preference: i, exchange: `x${i}.${name.slice(-100)}` }))),
      a: () => yes(['192.0.2.1']),
      aaaa: () => yes(['2001:db8::1']),
      cname: name => yes([`x.${name.slice(-100)}`]),
      ns: () => yes(['ns.example.org']),
      ptr: name => yes([`x.${name.slice(-100)}`]),
    }
  }
  it.each([
    ['SPF without end', ['v=spf1 include:a.%{d} include:b.%{d} redirect=c.%{d}']],
    ['policies everywhere', ['v=DMARC1; p=none; rua=mailto:a@a.example,mailto:b@b.example,mailto:c@c.example']],
    ['tags without end', [`v=DMARC1; ${'x=y; '.repeat(12_000)}`]],
    ['keys without end', [`v=DKIM1; p=${'A'.repeat(60_000)}`]],
    ['nothing but semicolons', [';'.repeat(60_000)]],
    ['spaces within a policy', [`v=DMARC1; p=a${' '.repeat(60_000)}b`]],
    ['spaces within a record of TLS reports', [`v=TLSRPTv1; rua=mailto:a@b.example${' '.repeat(60_000)}b`]],
    ['spaces within MTA-STS', [`v=STSv1; id=1${' '.repeat(60_000)}b`]],
    ['spaces within BIMI', [`v=BIMI1; l=a${' '.repeat(60_000)}b`]],
    ['spaces within a key', [`v=DKIM1; p=a${' '.repeat(60_000)}b`]],
    ['macros that do not end', [`v=spf1 exists:${'%{s1'.repeat(15_000)} -all`]],
    ['slashes', [`v=spf1 a:${'/1'.repeat(30_000)} -all`]],
    ['digits', [`v=spf1 ip4:1.2.3.4/${'1'.repeat(60_000)} -all`]],
    ['dots', [`v=spf1 include:${'a.'.repeat(30_000)} -all`]],
    ['spaces', [`v=spf1${' '.repeat(60_000)}`]],
    ['many texts', Array.from({ length: 10_000 }, (_, i) => `v=spf1 ${i}`)],
    ['a record of TLS reports', [`v=TLSRPTv1; rua=${'mailto:a@b.example,'.repeat(3000)}`]],
    ['fields of MTA-STS', [`v=STSv1; ${'a=b; '.repeat(12_000)}`]],
    ['a field of MTA-STS', [`v=STSv1; id=1; ${'a'.repeat(60_000)}`]],
  ])('%s: a bounded number of questions and seconds', async (_, txt) => {
    const dns = wild(txt)
    const startedAt = performance.now()
    await audit(request, { dns, fetch: async () => fetched })
    expect(dns.counted.asked).toBeLessThanOrEqual(600)
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })

  it('a fetch that never ends is the business of the fetch: the rest is said', async () => {
    const unknown: Fetched = { status: 'unknown', reason: 'timeout' }
    const report = await audit(request, { dns: zoneDns(zone), fetch: async () => unknown })
    expect(report.findings.map(({ code }) => code)).toContain('mta-sts.cannot-tell')
    expect(report.findings.map(({ code }) => code)).toContain('lookalike.none')
  })
})

describe('the rules', () => {
  it('each stands in a test', () => {
    const tests = filesUnder('src/domains')
      .filter(path => path.endsWith('.test.ts'))
      .map(read)
      .join('\n')
    expect(Object.keys(rules).filter(code => !tests.includes(`'${code}'`))).toEqual([])
  })
})

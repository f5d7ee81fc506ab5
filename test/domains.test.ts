import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolverDns } from '../src/domains/resolver.ts'
import type { Zone } from '../src/domains/test-zone.ts'
import { type Dnsmasq, dnsmasqMissing, startDnsmasq } from './dnsmasq.ts'
import { eventually, run, startTocsin, type TestTocsin } from './examples/tocsin.ts'
import { freshDirectory } from './postgres.ts'
import { root } from './sources.ts'

// The audit against a DNS server that we did not write, over UDP and TCP.

if (dnsmasqMissing) console.log(`skipped: ${dnsmasqMissing}`)

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' })
const manyTexts = Array.from({ length: 60 }, (_, i) => `text ${i} ${'x'.repeat(60)}`)

const good: Zone = {
  'example.org': {
    txt: ['v=spf1 ip4:192.0.2.1 include:spf.example.net -all', 'other'],
    mx: [[10, 'mx.example.org']],
    ns: ['ns.example.net'],
  },
  'spf.example.net': { txt: [['v=spf1 ip4:198.51.', '100.0/24 -all']] },
  'mx.example.org': { a: ['192.0.2.2'], aaaa: ['2001:db8::2'] },
  's._domainkey.example.org': { txt: [`v=DKIM1; p=${key.toString('base64')}`] },
  '_dmarc.example.org': { txt: ['v=DMARC1; p=reject; rua=mailto:r@example.org'] },
  '1.2.0.192.in-addr.arpa': { ptr: ['out.example.org'] },
  'out.example.org': { a: ['192.0.2.1'] },
  'many.example.org': { txt: manyTexts },
  'alias.example.org': { cname: ['mx.example.org'] },
}

type Ended = { status: number | null; stdout: string; stderr: string }

function tocsin(args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, 'bin/tocsin.js'), ...args], {
    cwd: freshDirectory(),
    env: { PATH: process.env.PATH },
  })
  const ended: Ended = { status: null, stdout: '', stderr: '' }
  child.stdout.on('data', piece => (ended.stdout += piece))
  child.stderr.on('data', piece => (ended.stderr += piece))
  return new Promise(resolve => child.on('close', status => resolve({ ...ended, status })))
}

describe.skipIf(dnsmasqMissing)('with a real DNS server', () => {
  let dnsmasq: Dnsmasq
  beforeAll(async () => {
    dnsmasq = await startDnsmasq(good)
  })
  afterAll(() => dnsmasq?.stop())

  const audit = (...args: string[]) => tocsin(['audit', 'domain', 'example.org', '--server', dnsmasq.server, ...args])

  it('the resolver tells the answers apart', async () => {
    const dns = resolverDns({ servers: [dnsmasq.server] })
    const records = (...list: unknown[]) => ({ status: 'records', records: list })
    expect(await dns.txt('spf.example.net')).toEqual(records(['v=spf1 ip4:198.51.', '100.0/24 -all']))
    expect(await dns.mx('example.org')).toEqual(records({ preference: 10, exchange: 'mx.example.org' }))
    expect(await dns.a('alias.example.org')).toEqual(records('192.0.2.2'))
    expect(await dns.aaaa('mx.example.org')).toEqual(records('2001:db8::2'))
    expect(await dns.cname('alias.example.org')).toEqual(records('mx.example.org'))
    expect(await dns.ns('example.org')).toEqual(records('ns.example.net'))
    expect(await dns.ptr('1.2.0.192.in-addr.arpa')).toEqual(records('out.example.org'))
    expect(await dns.txt('mx.example.org')).toEqual({ status: 'nodata' })
    expect(await dns.txt('gone.example.org')).toEqual({ status: 'nxdomain' })
    const many = await dns.txt('many.example.org')
    expect(many.status === 'records' && many.records.length).toBe(manyTexts.length)
  })

  it('a resolver that nobody stands behind times out', async () => {
    const dns = resolverDns({ servers: ['127.0.0.1:1'], tryMsMax: 100, tries: 1 })
    expect(await dns.txt('example.org')).toMatchObject({ status: 'timeout' })
  })

  it('a domain where all is well ends with 0', async () => {
    const { status, stdout, stderr } = await audit('--selector', 's', '--ip', '192.0.2.1')
    expect(stdout).toMatch(/^example\.org: 0 errors, 0 warnings, 0 cannot tell, \d+ notices, \d+ ok; \d+ questions\n/)
    for (const code of ['spf.ok', 'spf.sender-passes', 'ptr.ok', 'dkim.ok', 'dmarc.ok', 'mx.ok', 'lookalike.none'])
      expect(stdout).toContain(`\nok           ${code}`)
    expect(stderr).toContain('looking at DMARC\n')
    expect(status).toBe(0)
  })

  it('what is not as it should be ends with 1, and says what to publish', async () => {
    const { status, stdout } = await audit('--selector', 'gone', '--json', '--no-lookalikes')
    const report = JSON.parse(stdout)
    expect(Object.keys(report)).toEqual(['domain', 'at', 'counts', 'findings', 'records', 'questions'])
    expect(report.counts).toMatchObject({ error: 1, warning: 0, 'cannot-tell': 0 })
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        code: 'dkim.key-missing',
        section: 'RFC 6376 §6.1.2',
        name: 'gone._domainkey.example.org',
      }),
    )
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        code: 'tls-rpt.missing',
        publish: [
          { name: '_smtp._tls.example.org', type: 'TXT', value: 'v=TLSRPTv1; rua=mailto:tls-reports@example.org' },
        ],
      }),
    )
    expect(status).toBe(1)
  })

  it('another domain in From is compared', async () => {
    const { stdout } = await audit(
      '--selector',
      's',
      '--from',
      'people@mail.example.org',
      '--return-path',
      'example.net',
      '--no-lookalikes',
    )
    expect(stdout).toMatch(/ok +alignment\.dkim-ok/)
    expect(stdout).toMatch(/notice +alignment\.spf /)
    expect(stdout).toMatch(/ok +dmarc\.ok/)
  })
})

describe('npx tocsin audit', () => {
  it.each([
    ['nothing to audit', ['audit']],
    ['another thing than a domain', ['audit', 'host', 'example.org']],
    ['an address', ['audit', 'domain', '192.0.2.1']],
    ['two domains', ['audit', 'domain', 'a.example', 'b.example']],
    ['a server by name', ['audit', 'domain', 'example.org', '--server', 'ns.example.org']],
    ['a selector that is none', ['audit', 'domain', 'example.org', '--selector', 'a b']],
    ['an address that is none', ['audit', 'domain', 'example.org', '--ip', '192.0.2']],
    ['an option that is none', ['audit', 'domain', 'example.org', '--fast']],
  ])('%s is wrong use', async (_, args) => {
    const { status, stdout, stderr } = await tocsin(args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^tocsin audit: .+\n\nusage: /)
  })

  it('without DNS it cannot tell, and does not take long to say so', async () => {
    const startedAt = performance.now()
    const { status, stdout } = await tocsin(['audit', 'domain', 'example.org', '--server', '127.0.0.1:1'])
    expect(stdout).toMatch(/^example\.org: 0 errors, 0 warnings, \d+ cannot tell, 0 notices, 0 ok;/)
    expect(status).toBe(1)
    expect(performance.now() - startedAt).toBeLessThan(15_000)
  })
})

describe.skipIf(dnsmasqMissing)('the audit in the service', () => {
  let dnsmasq: Dnsmasq
  let tocsin: TestTocsin
  const noticed: { type: string; data: Record<string, unknown> }[] = []
  const receiver = createServer((request, response) => {
    let body = ''
    request.on('data', piece => (body += piece))
    request.on('end', () => {
      noticed.push(JSON.parse(body))
      response.end()
    })
  })

  beforeAll(async () => {
    dnsmasq = await startDnsmasq(good)
    await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve))
    const { port } = receiver.address() as AddressInfo
    tocsin = await startTocsin({
      dns: { servers: [dnsmasq.server] },
      domains: { audited: ['example.org'], selectors: { 'example.org': ['s'] }, lookalikes: false },
      webhooks: [
        {
          url: `http://127.0.0.1:${port}/`,
          secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
          allowPrivate: true,
        },
      ],
    })
  })
  afterAll(async () => {
    await tocsin?.stop()
    receiver.close()
    await dnsmasq?.stop()
  })

  const ask = async (path: string, { method = 'GET', key = tocsin.keys.admin } = {}) => {
    const response = await fetch(tocsin.url + path, { method, headers: { authorization: `Bearer ${key}` } })
    // biome-ignore lint/suspicious/noExplicitAny: answers are compared, not used
    const body = (path === '/metrics' ? await response.text() : await response.json()) as any
    return { status: response.status, body }
  }

  it('audits by itself soon after the start', async () => {
    const found = await eventually(
      () => ask('/v1/domains'),
      ({ body }) => body.items[0].at !== undefined,
      30_000,
    )
    expect(found.body.items).toEqual([
      {
        domain: 'example.org',
        at: expect.any(String),
        counts: { error: 0, warning: 0, 'cannot-tell': 0, notice: 3, ok: 5 },
      },
    ])
    const { status, body } = await ask('/v1/domains/EXAMPLE.org')
    expect(status).toBe(200)
    expect(body.findings.map(({ code }: { code: string }) => code)).toContain('dkim.ok')
    expect(body.records).toContainEqual({
      ...{ name: '_dmarc.example.org', type: 'TXT', values: ['v=DMARC1; p=reject; rua=mailto:r@example.org'] },
      since: body.at,
    })
    expect((await ask('/metrics')).body).toContain('tocsin_domain_findings{domain="example.org",severity="ok"} 5')
  })

  it('the doctor says what was found', async () => {
    const doctor = run('node', ['bin/tocsin.js', 'doctor'], { cwd: root, environment: tocsin.environment })
    expect(await doctor.ended).toBe(0)
    expect(doctor.output()).toMatch(/^ok +domain +example\.org was in order at /m)
  })

  it('tells of a record that has changed: what, from what, to what', async () => {
    const weak = 'v=DMARC1; p=none; rua=mailto:r@example.org'
    await dnsmasq.serve({ ...good, '_dmarc.example.org': { txt: [weak] } })
    const { body } = await ask('/v1/domains/example.org/audit', { method: 'POST' })
    expect(body.counts.warning).toBe(1)
    const change = {
      ...{ domain: 'example.org', name: '_dmarc.example.org', type: 'TXT' },
      ...{ before: ['v=DMARC1; p=reject; rua=mailto:r@example.org'], after: [weak] },
    }
    const { items } = (await eventually(
      () => ask('/v1/alarms').then(answer => answer.body),
      page => page.items.length > 0,
    )) as { items: object[] }
    expect(items).toEqual([expect.objectContaining({ detector: 'domain-changed', level: 'notice', change })])
    await eventually(
      async () => noticed,
      list =>
        list.some(({ type, data }) => type === 'dev.tocsin.alarm.raised.v1' && data.detector === 'domain-changed'),
    )
    expect(noticed.at(-1)?.data.change).toEqual(change)
  })

  it('a DNS server that is away is no change', async () => {
    await dnsmasq.stop()
    const { body } = await ask('/v1/domains/example.org/audit', { method: 'POST' })
    expect(body.counts).toMatchObject({ error: 0, warning: 0, ok: 0 })
    expect(body.records).toEqual([])
    expect((await ask('/v1/alarms')).body.items).toHaveLength(1)
  })

  it.each([
    ['another domain', 'GET', '/v1/domains/example.net', 404, 'domain.unknown'],
    ['an audit of another domain', 'POST', '/v1/domains/example.net/audit', 404, 'domain.unknown'],
    ['what cannot be a domain', 'GET', `/v1/domains/${'x'.repeat(300)}`, 404, 'domain.unknown'],
  ])('%s is not there', async (_, method, path, status, code) => {
    expect(await ask(path, { method })).toMatchObject({ status, body: { code } })
  })

  it.each(['/v1/domains', '/v1/domains/example.org'])('%s is for operators', async path => {
    expect(await ask(path, { key: tocsin.keys.api })).toMatchObject({
      status: 403,
      body: { code: 'auth.scope-missing' },
    })
  })
})

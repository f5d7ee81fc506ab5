import { describe, expect, it } from 'vitest'
import type { Zone } from '../test-zone.ts'
import { checkDmarc } from './dmarc.ts'
import { codesIn, findingsIn } from './test-check.ts'

const org = 'example.org'
const good = 'v=DMARC1; p=reject; rua=mailto:r@example.org'
const zone = (record: string, more: Zone = {}): Zone => ({
  org: { ns: ['a.example'] },
  [org]: { a: ['192.0.2.1'] },
  [`_dmarc.${org}`]: { txt: ['unrelated', record] },
  ...more,
})
const codes = (given: Zone, domain: string, lost: readonly string[] = []) =>
  codesIn(given, 'dmarc.cannot-tell', dns => checkDmarc(dns, { domain }), lost)

describe('DMARC', () => {
  it.each<[given: string, zone: Zone, then: string[]]>([
    ['a policy that refuses', zone(good), ['dmarc.ok']],
    ['no record anywhere', { [org]: { a: ['192.0.2.1'] } }, ['dmarc.missing']],
    ['another text at the name', { [`_dmarc.${org}`]: { txt: ['hello'] } }, ['dmarc.missing']],
    ['two records', { [`_dmarc.${org}`]: { txt: [good, 'v=DMARC1; p=none'] } }, ['dmarc.several-records']],
    ['a word that is no policy', zone('v=DMARC1; p=monitor; rua=mailto:r@example.org'), ['dmarc.syntax']],
    ['no policy', zone('v=DMARC1; rua=mailto:r@example.org'), ['dmarc.syntax']],
    ['a tag twice', zone('v=DMARC1; p=none; p=reject; rua=mailto:r@example.org'), ['dmarc.syntax']],
    ['a version in lower case', zone('v=dmarc1; p=reject; rua=mailto:r@example.org'), ['dmarc.syntax']],
    ['a tag in upper case', zone('v=DMARC1; P=reject; p=reject; rua=mailto:r@example.org'), ['dmarc.syntax']],
    ['reports to what is no URI', zone('v=DMARC1; p=reject; rua=r@example.org'), ['dmarc.syntax']],
    ['something between semicolons', zone('v=DMARC1; p=reject; hello; rua=mailto:r@example.org'), ['dmarc.syntax']],
    ['none', zone('v=DMARC1; p=none; rua=mailto:r@example.org'), ['dmarc.policy-none']],
    ['quarantine', zone('v=DMARC1; p=quarantine; rua=mailto:r@example.org'), ['dmarc.ok', 'dmarc.policy-quarantine']],
    ['subdomains exempt', zone(`${good}; sp=none`), ['dmarc.subdomains-open']],
    ['invented subdomains exempt', zone(`${good}; np=none`), ['dmarc.nonexistent-open']],
    ['subdomains like itself', zone(`${good}; sp=reject; np=reject`), ['dmarc.ok']],
    ['a test', zone(`${good}; t=y`), ['dmarc.testing']],
    ['no test', zone(`${good}; t=n`), ['dmarc.ok']],
    ['a public suffix', zone(`${good}; psd=y`), ['dmarc.public-suffix']],
    ['no public suffix', zone(`${good}; psd=n`), ['dmarc.ok']],
    ['no reports', zone('v=DMARC1; p=reject'), ['dmarc.no-reports']],
    ['a tag that was removed', zone(`${good}; pct=50`), ['dmarc.ok', 'dmarc.obsolete']],
    [
      'a size behind the address',
      zone('v=DMARC1; p=reject; rua=mailto:r@example.org!10m'),
      ['dmarc.ok', 'dmarc.obsolete'],
    ],
    ['a tag that nobody knows', zone(`${good}; xyz=1`), ['dmarc.ok', 'dmarc.unknown-tags']],
    ['reports elsewhere', zone('v=DMARC1; p=reject; rua=mailto:r@reports.example.net'), ['dmarc.report-not-wanted']],
    [
      'reports elsewhere, and wanted there',
      zone('v=DMARC1; p=reject; rua=mailto:r@reports.example.net', {
        'example.org._report._dmarc.reports.example.net': { txt: ['v=DMARC1;'] },
      }),
      ['dmarc.ok'],
    ],
    ['reports to a subdomain', zone('v=DMARC1; p=reject; rua=mailto:r@x.example.org'), ['dmarc.ok']],
  ])('%s', async (_, given, then) => {
    expect(await codes(given, org)).toEqual(then)
  })

  it.each<[given: string, record: string, then: string[]]>([
    ['the policy of the domain above', good, ['dmarc.ok', 'dmarc.inherited']],
    ['its policy for subdomains', `${good}; sp=none`, ['dmarc.inherited', 'dmarc.policy-none']],
    ['its test', `${good}; t=y`, ['dmarc.inherited', 'dmarc.testing']],
  ])('a subdomain: %s', async (_, record, then) => {
    expect(await codes(zone(record, { 'mail.example.org': { a: ['192.0.2.1'] } }), 'mail.example.org')).toEqual(then)
  })

  it.each<[given: string, lost: string, domain: string, then: string[]]>([
    ['the record itself', 'TXT _dmarc.example.org', org, ['dmarc.cannot-tell']],
    ['the record above', 'TXT _dmarc.example.org', 'mail.example.org', ['dmarc.cannot-tell']],
    ['the top of the tree', 'TXT _dmarc.org', org, ['dmarc.cannot-tell']],
    ['whether reports are wanted', 'TXT example.org._report._dmarc.reports.example.net', org, ['dmarc.cannot-tell']],
  ])('lost, %s: nothing is called good', async (_, lost, domain, then) => {
    expect(
      await codes(zone('v=DMARC1; p=reject; rua=mailto:r@reports.example.net'), domain, [lost]).then(found =>
        found.filter(code => code !== 'dmarc.inherited' && code !== 'dmarc.report-not-wanted'),
      ),
    ).toEqual(then)
  })

  it.each([
    ['v=DMARC1; p=none; sp=none; rua=mailto:r@example.org', 'v=DMARC1; p=reject; rua=mailto:r@example.org'],
    ['v=DMARC1; p=none; pct=20', 'v=DMARC1; p=reject; rua=mailto:dmarc-reports@example.org'],
    ['v=DMARC1; p=reject', 'v=DMARC1; p=reject; rua=mailto:dmarc-reports@example.org'],
    ['v=DMARC1; p=reject; pct=50; rua=mailto:r@example.org!1m', 'v=DMARC1; p=reject; rua=mailto:r@example.org'],
    [
      'v=DMARC1; p=reject; t=y; adkim=s; rua=mailto:r@example.org',
      'v=DMARC1; p=reject; adkim=s; rua=mailto:r@example.org',
    ],
    ['v=DMARC1; p=rejct; rua=mailto:r@example.org', 'v=DMARC1; p=none; rua=mailto:dmarc-reports@example.org'],
  ])('for %s it says what to publish', async (record, value) => {
    const findings = await findingsIn(zone(record), 'dmarc.cannot-tell', dns => checkDmarc(dns, { domain: org }))
    expect(findings.find(({ publish }) => publish)?.publish).toEqual([
      { name: '_dmarc.example.org', type: 'TXT', value },
    ])
  })
})

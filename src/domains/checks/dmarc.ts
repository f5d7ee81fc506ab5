import { type DmarcRecord, isDmarcLike, parseDmarc, policyIn, reportHosts, rewritten } from '../dmarc-record.ts'
import { type Dns, recordsOf } from '../dns.ts'
import { type Finding, finding, isBad, txt } from '../finding.ts'
import { type DmarcPolicy, dmarcPolicy, organizationOf } from '../mailauth.ts'
import type { FindingCode } from '../rules.ts'

const reportHostsMax = 10

const recordName = (domain: string): string => `_dmarc.${domain}`

/** The DMARC policy that applies to a domain: its own, or found by the walk up the tree, RFC 9989 §4.10. */
export async function checkDmarc(dns: Dns, { domain }: { domain: string }): Promise<Finding[]> {
  const texts = recordsOf(await dns.txt(recordName(domain)))?.map(strings => strings.join(''))
  if (!texts) return []
  const own = texts.filter(isDmarcLike)
  if (own.length > 1) {
    const publish = txt(recordName(domain), own[0]!)
    return [finding('dmarc.several-records', domain, { found: own.join(' | '), publish })]
  }
  const applied = await dmarcPolicy(dns, domain)
  const findings = own[0] === undefined ? inherited(domain, applied) : ownRecord(domain, own[0])
  const standing =
    own[0] === undefined ? applied.status === 'policy' && applied : { policyDomain: domain, record: own[0] }
  if (standing) findings.push(...(await reportFindings(dns, standing)))
  const isGood = !findings.some(isBad)
  return isGood && standing ? [finding('dmarc.ok', domain, { found: standing.record }), ...findings] : findings
}

const firstRecord = (domain: string): string => `v=DMARC1; p=none; rua=mailto:dmarc-reports@${domain}`

function inherited(domain: string, applied: DmarcPolicy): Finding[] {
  if (applied.status === 'lost') return []
  if (applied.status === 'none')
    return [finding('dmarc.missing', domain, { publish: txt(recordName(domain), firstRecord(domain)) })]
  const { policy, policyDomain, record, isTest } = applied
  const found = `${recordName(policyDomain)}: ${record}`
  const findings = [finding('dmarc.inherited', domain, { found: `${found}; for this domain: ${policy}` })]
  const publish = txt(recordName(domain), `v=DMARC1; p=reject; rua=mailto:dmarc-reports@${domain}`)
  if (policy === 'none' && !isTest) findings.push(finding('dmarc.policy-none', domain, { found, publish }))
  if (isTest) findings.push(finding('dmarc.testing', domain, { found }))
  return findings
}

function ownRecord(domain: string, text: string): Finding[] {
  const record = parseDmarc(text)
  const name = recordName(domain)
  if (record.faults.length > 0) return [syntaxFinding(domain, record)]
  const policy = policyIn(record, 'p')
  const changes: Record<string, string | undefined> = {}
  const codes: [code: FindingCode, found: string][] = []
  const better = (code: FindingCode, found: string, change: Record<string, string | undefined>) => {
    Object.assign(changes, change)
    codes.push([code, found])
  }
  if (policy === 'none')
    better('dmarc.policy-none', 'p=none', { p: 'reject', sp: undefined, np: undefined, t: undefined })
  if (policy === 'quarantine') better('dmarc.policy-quarantine', 'p=quarantine', { p: 'reject' })
  if (policy !== 'none') {
    if (policyIn(record, 'sp') === 'none') better('dmarc.subdomains-open', 'sp=none', { sp: undefined })
    if (policyIn(record, 'np') === 'none') better('dmarc.nonexistent-open', 'np=none', { np: undefined })
    if (record.tags.get('t')?.toLowerCase() === 'y') better('dmarc.testing', 't=y', { t: undefined })
  }
  if (record.tags.get('psd')?.toLowerCase() === 'y') better('dmarc.public-suffix', 'psd=y', { psd: undefined })
  if (!record.tags.has('rua')) better('dmarc.no-reports', text, { rua: `mailto:dmarc-reports@${domain}` })
  if (record.obsolete.length > 0) better('dmarc.obsolete', record.obsolete.join(' | '), {})
  // One record that mends all of it.
  const publish = txt(name, rewritten(record, changes))
  const findings = codes.map(([code, found]) => finding(code, domain, { found, publish }))
  if (record.unknown.length > 0)
    findings.push(finding('dmarc.unknown-tags', domain, { found: record.unknown.join(' | ') }))
  return findings
}

function syntaxFinding(domain: string, { tags, faults }: DmarcRecord): Finding {
  const policy = tags.get('p') ?? ''
  const p = /^(?:quarantine|reject)$/i.test(policy) ? policy : 'none'
  const sane = `v=DMARC1; p=${p}; rua=mailto:dmarc-reports@${domain}`
  return finding('dmarc.syntax', domain, { found: faults.join(' | '), publish: txt(recordName(domain), sane) })
}

/** RFC 9990 §4: who gets reports about another organization's domain says that it wants them. */
async function reportFindings(dns: Dns, { policyDomain, record }: { policyDomain: string; record: string }) {
  const findings: Finding[] = []
  const hosts = reportHosts(parseDmarc(record)).slice(0, reportHostsMax)
  if (hosts.length === 0) return findings
  const home = await organizationOf(dns, policyDomain)
  for (const host of hosts) {
    const away = host === policyDomain ? home : await organizationOf(dns, host)
    if (home === undefined || away === undefined || home === away) continue
    const name = `${policyDomain}._report._dmarc.${host}`
    const texts = recordsOf(await dns.txt(name))?.map(strings => strings.join(''))
    if (texts && !texts.some(isDmarcLike))
      findings.push(finding('dmarc.report-not-wanted', policyDomain, { found: host, publish: txt(name, 'v=DMARC1') }))
  }
  return findings
}

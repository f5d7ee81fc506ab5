import { Asking, type AskingOptions } from './asking.ts'
import { checkAlignment } from './checks/alignment.ts'
import { checkBimi } from './checks/bimi.ts'
import { checkDkim, type DkimSelector } from './checks/dkim.ts'
import { checkDmarc } from './checks/dmarc.ts'
import { checkLookalikes } from './checks/lookalikes.ts'
import { checkMtaSts, type Fetch } from './checks/mta-sts.ts'
import { checkMx } from './checks/mx.ts'
import { checkPtr, checkSenderSpf } from './checks/sender.ts'
import { checkSpf } from './checks/spf.ts'
import { checkTlsRpt } from './checks/tls-rpt.ts'
import { type Dns, isPossibleName, nameOf } from './dns.ts'
import { checked, type Finding, finding } from './finding.ts'
import { type WatchedRecord, watchedRecords } from './records.ts'
import type { FindingCode, Severity } from './rules.ts'

export type AuditRequest = {
  /** As people write it in From, in A-labels. */
  domain: string
  selectors: readonly DkimSelector[]
  /** Where they are not all the domain itself. */
  from?: string
  returnPath?: string
  signing?: readonly string[]
  /** IP addresses that send. */
  senders: readonly string[]
  lookalikes: boolean
  /** Ms. */
  now: number
  seenSince?: (name: string, value: string) => number | undefined
}

export type AuditWorld = {
  dns: Dns
  fetch: Fetch
  limits?: AskingOptions
  /** What is looked at next. */
  progress?: (what: string) => void
}

export type Report = {
  domain: string
  /** Ms. */
  at: number
  findings: Finding[]
  /** What is watched for changes; those that could not be asked are not among it. */
  records: WatchedRecord[]
  questions: number
}

type Part = { what: string; name: string; unknown: FindingCode; run: (dns: Dns) => Promise<Finding[]> }

/** Everything there is to say about how a domain sends mail. It ends within the limits, whatever the zone says, and throws only where we are wrong. */
export async function audit(given: AuditRequest, { dns, fetch, limits, progress }: AuditWorld): Promise<Report> {
  const request = { ...given, domain: nameOf(given.domain) }
  const asking = new Asking(dns, limits)
  const findings: Finding[] = []
  const report = (records: WatchedRecord[]): Report => ({
    domain: request.domain,
    at: request.now,
    findings,
    records,
    questions: asking.questions,
  })
  progress?.('the domain')
  findings.push(
    ...(await checked(asking, of(request, 'domain.cannot-tell'), zone => checkDomain(zone, request.domain))),
  )
  const codes = findings.map(({ code }) => code)
  if (codes.includes('domain.not-found')) return report(await watchedRecords(asking.view().dns, request))
  if (codes.includes('domain.resolver-blind')) return report([])
  for (const { what, name, unknown, run } of partsOf(request, fetch)) {
    progress?.(what)
    findings.push(...(await checked(asking, { name, unknown }, run)))
  }
  return report(await watchedRecords(asking.view().dns, request))
}

const of = ({ domain }: AuditRequest, unknown: FindingCode) => ({ name: domain, unknown })

async function checkDomain(dns: Dns, domain: string): Promise<Finding[]> {
  if (!isPossibleName(domain)) return [finding('domain.not-found', domain)]
  const answers = [await dns.txt(domain), await dns.mx(domain)]
  // Of a name that has something below it some servers wrongly say that it is not there; what one of two has said decides.
  if (answers.every(({ status }) => status === 'nxdomain')) {
    if (await knowsMore(dns, domain)) return [finding('domain.not-found', domain)]
    return [finding('domain.resolver-blind', domain)]
  }
  const alias = await dns.cname(domain)
  if (alias.status === 'records') return [finding('domain.alias', domain, { found: alias.records.join(', ') })]
  return [finding('domain.ok', domain)]
}

/** A resolver without a way out may say of every name that it is not there. Of one that knows a domain above, or the root, it can be believed. */
async function knowsMore(dns: Dns, domain: string): Promise<boolean> {
  const labels = domain.split('.')
  for (let at = 1; at < labels.length; at++) {
    const { status } = await dns.ns(labels.slice(at).join('.'))
    if (status === 'records' || status === 'nodata') return true
  }
  return (await dns.ns('.')).status === 'records'
}

function partsOf(request: AuditRequest, fetch: Fetch): Part[] {
  const { domain, now, senders } = request
  const from = request.from ?? domain
  const returnPath = request.returnPath ?? domain
  const signing = request.signing ?? (request.selectors.length > 0 ? [domain] : [])
  const part = (what: string, unknown: FindingCode, run: Part['run'], name = domain): Part => ({
    what,
    name,
    unknown,
    run,
  })
  const ownName = from === domain && returnPath === domain && signing.every(name => name === domain)
  return [
    part('SPF', 'spf.cannot-tell', dns => checkSpf(dns, { domain, senders })),
    ...senders.map(ip =>
      part(`SPF for ${ip}`, 'spf.cannot-tell', dns => checkSenderSpf(dns, { domain: returnPath, ip })),
    ),
    ...senders.map(ip => part(`the name of ${ip}`, 'ptr.cannot-tell', dns => checkPtr(dns, { domain, ip }), ip)),
    part('DKIM', 'dkim.cannot-tell', dns => checkDkim(dns, request)),
    part('DMARC', 'dmarc.cannot-tell', dns => checkDmarc(dns, { domain: from }), from),
    ...(ownName
      ? []
      : [part('alignment', 'alignment.cannot-tell', dns => checkAlignment(dns, { from, signing, returnPath }), from)]),
    part('mail servers', 'mx.cannot-tell', dns => checkMx(dns, { domain })),
    part('MTA-STS', 'mta-sts.cannot-tell', dns => checkMtaSts(dns, { domain, fetch, now })),
    part('TLS reporting', 'tls-rpt.cannot-tell', dns => checkTlsRpt(dns, { domain })),
    part('BIMI', 'bimi.cannot-tell', dns => checkBimi(dns, { domain: from }), from),
    ...(request.lookalikes
      ? [part('look-alikes', 'lookalike.cannot-tell', dns => checkLookalikes(dns, { domain }))]
      : []),
  ]
}

/** Whether anybody has to look at it: errors, warnings, and what could not be found out. */
export const needsAttention = ({ findings }: Pick<Report, 'findings'>): boolean =>
  findings.some(({ severity }) => severity === 'error' || severity === 'warning' || severity === 'cannot-tell')

export function tally({ findings }: Pick<Report, 'findings'>): Record<Severity, number> {
  const counts: Record<Severity, number> = { error: 0, warning: 0, 'cannot-tell': 0, notice: 0, ok: 0 }
  for (const { severity } of findings) counts[severity]++
  return counts
}

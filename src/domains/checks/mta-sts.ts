import { parsePolicy, validateMx } from 'mailauth/lib/mta-sts.js'
import { type Dns, recordsOf } from '../dns.ts'
import { fieldsOf } from '../fields.ts'
import { type Finding, finding, isBad, txt } from '../finding.ts'
import { mailServersOf } from './mx.ts'

/** What fetching a page led to; `OutgoingAnswer` of the guarded way out is one. */
export type Fetched =
  | { status: 'answered'; code: number; headers: Record<string, string | string[] | undefined>; body: Buffer }
  | { status: 'blocked' | 'unreachable' | 'unknown'; reason: string }

export type Fetch = (url: string) => Promise<Fetched>

export type MtaStsGiven = { domain: string; fetch: Fetch; now: number }

const policyAgeSecondsMin = 86_400

const isRecord = (text: string): boolean => /^v=STSv1\s*(?:;|$)/i.test(text)
/** RFC 8461 §3.1: of several fields `id` the first counts. */
function hasId(record: string): boolean {
  const fields = fieldsOf(record)
  if (fields?.[0]?.join('=') !== 'v=STSv1' || !record.includes(';')) return false
  const id = fields.find(([name]) => name === 'id')?.[1] ?? ''
  return /^[A-Za-z0-9]{1,32}$/.test(id)
}

/** Whether mail to the domain must come over TLS, RFC 8461. */
export async function checkMtaSts(dns: Dns, given: MtaStsGiven): Promise<Finding[]> {
  const { domain, now } = given
  const name = `_mta-sts.${domain}`
  const servers = await mailServersOf(dns, domain)
  if (servers?.isNull) return [finding('mta-sts.not-needed', domain)]
  const texts = recordsOf(await dns.txt(name))?.map(strings => strings.join(''))
  if (!texts) return []
  const records = texts.filter(isRecord)
  const publish = txt(name, `v=STSv1; id=${Math.floor(now / 1000)};`)
  if (records.length === 0) return [finding('mta-sts.missing', domain, { publish })]
  if (records.length > 1)
    return [finding('mta-sts.several-records', domain, { found: records.join(' | '), publish: txt(name, records[0]!) })]
  if (!hasId(records[0]!)) return [finding('mta-sts.record-syntax', domain, { found: records[0]!, publish })]
  const findings = await policyFindings(dns, given, servers?.names)
  const isGood = servers && findings.every(one => !isBad(one) && one.severity !== 'cannot-tell')
  return isGood ? [finding('mta-sts.ok', domain, { found: records[0]! }), ...findings] : findings
}

async function policyFindings(dns: Dns, { domain, fetch }: MtaStsGiven, servers: readonly string[] | undefined) {
  const host = `mta-sts.${domain}`
  const url = `https://${host}/.well-known/mta-sts.txt`
  const [four, six] = await Promise.all([dns.a(host), dns.aaaa(host)])
  const addresses = [recordsOf(four), recordsOf(six)]
  if (addresses.every(list => list?.length === 0))
    return [finding('mta-sts.policy-missing', domain, { found: `${host} has no address` })]
  if (!addresses.some(list => list && list.length > 0)) return []
  const fetched = await fetch(url)
  if (fetched.status !== 'answered') return [unfetched(domain, url, fetched)]
  const { code, headers, body } = fetched
  const found = `${url} answers ${code}`
  if (code >= 300 && code < 400) return [finding('mta-sts.policy-redirected', domain, { found })]
  if (code >= 500) return [finding('mta-sts.cannot-tell', domain, { found })]
  if (code !== 200) return [finding('mta-sts.policy-missing', domain, { found })]
  const type = String(headers['content-type'] ?? 'none')
  const findings = readPolicy(domain, body, servers)
  if (!/^text\/plain\s*(?:;|$)/i.test(type)) findings.push(finding('mta-sts.media-type', domain, { found: type }))
  return findings
}

const certificateFaults = /CERT|SIGNED|UNABLE_TO|ALTNAME/

function unfetched(domain: string, url: string, { reason }: { reason: string }): Finding {
  const code = certificateFaults.test(reason) ? 'mta-sts.policy-certificate' : 'mta-sts.cannot-tell'
  return finding(code, domain, { found: `${url}: ${reason}` })
}

type Policy = { mode?: string; maxAge?: number; mx?: string[] }

function readPolicy(domain: string, body: Buffer, servers: readonly string[] | undefined): Finding[] {
  let policy: Policy
  try {
    policy = parsePolicy(body, { strict: true }) as Policy
  } catch (error) {
    return [finding('mta-sts.policy-syntax', domain, { found: error instanceof Error ? error.message : 'unreadable' })]
  }
  const findings: Finding[] = []
  const { mode, maxAge = 0, mx = [] } = policy
  if (mode === 'none') return [finding('mta-sts.mode-none', domain)]
  if (mode === 'testing') findings.push(finding('mta-sts.testing', domain))
  if (maxAge < policyAgeSecondsMin)
    findings.push(finding('mta-sts.max-age-short', domain, { found: `max_age: ${maxAge} (seconds)` }))
  const missing = servers?.filter(server => !validateMx(server, policy as never).valid) ?? []
  if (missing.length > 0)
    findings.push(finding('mta-sts.mx-not-covered', domain, { found: `${missing.join(', ')} not in ${mx.join(', ')}` }))
  return findings
}

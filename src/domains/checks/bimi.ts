import { parseDmarc, policyIn } from '../dmarc-record.ts'
import { type Dns, recordsOf } from '../dns.ts'
import { type Finding, finding, isBad, txt } from '../finding.ts'
import { dmarcPolicy } from '../mailauth.ts'

const isRecord = (text: string): boolean => /^v\s*=\s*BIMI1\s*(?:;|$)/i.test(text)

/** The record of the logo at the usual selector, and whether anybody would show it. */
export async function checkBimi(dns: Dns, { domain }: { domain: string }): Promise<Finding[]> {
  const name = `default._bimi.${domain}`
  const texts = recordsOf(await dns.txt(name))?.map(strings => strings.join(''))
  if (!texts) return []
  const records = texts.filter(isRecord)
  if (records.length === 0) return [finding('bimi.missing', domain)]
  const found = records.join(' | ')
  if (records.length > 1) return [finding('bimi.several-records', domain, { found, publish: txt(name, records[0]!) })]
  const tags = tagsOf(found)
  const logo = tags.get('l')
  const certificate = tags.get('a') ?? ''
  if (logo === undefined) {
    const publish = txt(name, `v=BIMI1; l=https://${domain}/logo.svg`)
    return [finding('bimi.syntax', domain, { found, publish })]
  }
  if (logo === '' && certificate === '') return [finding('bimi.declined', domain)]
  const findings = [...placeFindings(domain, logo, certificate), ...(await policyFindings(dns, domain))]
  return findings.some(isBad) ? findings : [finding('bimi.ok', domain, { found }), ...findings]
}

function tagsOf(record: string): Map<string, string> {
  const pairs = record.split(';').map(part => /^\s*([a-z]+)\s*=([\s\S]*)$/i.exec(part))
  return new Map(pairs.flatMap(pair => (pair ? [[pair[1]!.toLowerCase(), pair[2]!.trim()] as const] : [])))
}

function placeFindings(domain: string, logo: string, certificate: string): Finding[] {
  const findings: Finding[] = []
  const has = (code: Parameters<typeof finding>[0], found: string) => findings.push(finding(code, domain, { found }))
  if (!isHttps(logo)) has('bimi.logo-not-https', logo)
  else if (!new URL(logo).pathname.toLowerCase().endsWith('.svg')) has('bimi.logo-not-svg', logo)
  if (certificate === '') findings.push(finding('bimi.no-certificate', domain))
  else if (!isHttps(certificate)) has('bimi.certificate-not-https', certificate)
  else if (!new URL(certificate).pathname.toLowerCase().endsWith('.pem')) has('bimi.certificate-not-pem', certificate)
  return findings
}

const isHttps = (text: string): boolean => URL.canParse(text) && new URL(text).protocol === 'https:'

async function policyFindings(dns: Dns, domain: string): Promise<Finding[]> {
  const applied = await dmarcPolicy(dns, domain)
  if (applied.status === 'lost') return []
  if (applied.status === 'none') return [finding('bimi.dmarc-not-enforced', domain, { found: 'no DMARC policy' })]
  const { policy, isTest, record } = applied
  const isOpenBelow = policyIn(parseDmarc(record), 'sp') === 'none'
  if (policy !== 'none' && !isTest && !isOpenBelow) return []
  return [finding('bimi.dmarc-not-enforced', domain, { found: record })]
}

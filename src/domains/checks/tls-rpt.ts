import { type Dns, recordsOf } from '../dns.ts'
import { fieldsOf } from '../fields.ts'
import { type Finding, finding, txt } from '../finding.ts'

const isRecord = (text: string): boolean => /^v=TLSRPTv1\s*(?:;|$)/i.test(text)
const uri = /^(?:mailto:[^@\s,!]+@[a-z0-9.-]+|https:\/\/[^\s,!]+)$/i

/** Where senders report trouble with TLS, RFC 8460. */
export async function checkTlsRpt(dns: Dns, { domain }: { domain: string }): Promise<Finding[]> {
  const name = `_smtp._tls.${domain}`
  const texts = recordsOf(await dns.txt(name))?.map(strings => strings.join(''))
  if (!texts) return []
  const records = texts.filter(isRecord)
  const publish = txt(name, `v=TLSRPTv1; rua=mailto:tls-reports@${domain}`)
  if (records.length === 0) return [finding('tls-rpt.missing', domain, { publish })]
  const found = records.join(' | ')
  if (records.length > 1)
    return [finding('tls-rpt.several-records', domain, { found, publish: txt(name, records[0]!) })]
  // White space may stand around the commas of the list.
  const compact = found
    .split(',')
    .map(part => part.trim())
    .join(',')
  const [version, reports] = fieldsOf(compact) ?? []
  const addresses = reports?.[0] === 'rua' ? reports[1].split(',') : []
  const isWell = version?.[1] === 'TLSRPTv1' && addresses.length > 0 && addresses.every(address => uri.test(address))
  return [isWell ? finding('tls-rpt.ok', domain, { found }) : finding('tls-rpt.syntax', domain, { found, publish })]
}

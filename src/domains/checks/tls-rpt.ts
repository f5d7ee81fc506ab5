import { type Dns, recordsOf } from '../dns.ts'
import { type Finding, finding, txt } from '../finding.ts'

const isRecord = (text: string): boolean => /^v=TLSRPTv1\s*(?:;|$)/i.test(text)
/** RFC 8460 §3: `rua` lists URIs; other fields may follow. */
const recordForm =
  /^v=TLSRPTv1[ \t]*;[ \t]*rua=([^;]+?)[ \t]*(?:;[ \t]*[A-Za-z0-9][\w.-]*=[\x21-\x3a\x3c\x3e-\x7e]+[ \t]*)*;?[ \t]*$/
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
  const addresses = recordForm.exec(found)?.[1]?.split(',') ?? []
  const isWell = addresses.length > 0 && addresses.every(address => uri.test(address.trim()))
  return [isWell ? finding('tls-rpt.ok', domain, { found }) : finding('tls-rpt.syntax', domain, { found, publish })]
}

import { parseIp } from '../../std/ip.ts'
import { type Dns, recordsOf, reverseName } from '../dns.ts'
import { type Finding, finding } from '../finding.ts'
import { spfVerdict } from '../mailauth.ts'

const namesMax = 10

/** Whether an address that sends may do so, by SPF as mailauth evaluates it. */
export async function checkSenderSpf(dns: Dns, { domain, ip }: { domain: string; ip: string }): Promise<Finding[]> {
  const { result, comment } = await spfVerdict(dns, { domain, ip })
  const found = `${ip}: ${result}${comment === '' ? '' : `, ${comment}`}`
  if (result === 'temperror') return [finding('spf.cannot-tell', domain, { found })]
  return [finding(result === 'pass' ? 'spf.sender-passes' : 'spf.sender-fails', domain, { found })]
}

/** Whether an address that sends has a name that leads back to it, RFC 1912 §2.1. */
export async function checkPtr(dns: Dns, { domain, ip }: { domain: string; ip: string }): Promise<Finding[]> {
  const parsed = parseIp(ip)
  if (!parsed) return []
  const reverse = reverseName(parsed)
  const names = recordsOf(await dns.ptr(reverse))
  if (!names) return []
  if (names.length === 0) {
    const name = `mail.${domain}`
    const forth = { name, type: parsed.version === 4 ? 'A' : 'AAAA', value: ip } as const
    return [finding('ptr.missing', ip, { publish: [{ name: reverse, type: 'PTR', value: `${name}.` }, forth] })]
  }
  const forward = parsed.version === 4 ? dns.a : dns.aaaa
  const answers = await Promise.all(names.slice(0, namesMax).map(async name => recordsOf(await forward(name)) ?? []))
  const isConfirmed = answers.flat().some(address => isSame(address, parsed))
  return [finding(isConfirmed ? 'ptr.ok' : 'ptr.not-confirmed', ip, { found: names.join(', ') })]
}

const isSame = (address: string, { words }: { words: readonly number[] }): boolean =>
  parseIp(address)?.words.join() === words.join()

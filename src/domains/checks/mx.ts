import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { type Answer, type Dns, type Mx, recordsOf } from '../dns.ts'
import { type Finding, finding, isBad } from '../finding.ts'

const serversMax = 20

/** How a domain takes mail. `undefined`: nobody could say. */
export type MailServers = { isNull: boolean; names: string[] }

export async function mailServersOf(dns: Dns, domain: string): Promise<MailServers | undefined> {
  const answer = await dns.mx(domain)
  const servers = recordsOf(answer)
  if (!servers) return undefined
  const names = [...new Set(servers.map(({ exchange }) => exchange))]
  return { isNull: names.length === 1 && names[0] === '', names: names.filter(name => name !== '') }
}

/** Where mail to the domain goes, bounces of what it sends among it: RFC 5321 §5.1, RFC 7505. */
export async function checkMx(dns: Dns, { domain }: { domain: string }): Promise<Finding[]> {
  const answer = await dns.mx(domain)
  const servers = recordsOf(answer)
  if (!servers) return []
  if (servers.length === 0) return withoutMx(dns, domain)
  const named = servers.filter(({ exchange }) => exchange !== '')
  if (named.length === 0) return [finding('mx.null', domain)]
  const findings: Finding[] = []
  if (named.length < servers.length) {
    const publish = named.map(({ preference, exchange }) => mx(domain, `${preference} ${exchange}.`))
    findings.push(finding('mx.null-mixed', domain, { found: textOf(servers), publish }))
  }
  const looked = await Promise.all(named.slice(0, serversMax).map(server => checkServer(dns, domain, server)))
  findings.push(...looked.flat())
  return findings.some(isBad) ? findings : [finding('mx.ok', domain, { found: textOf(named) }), ...findings]
}

const mx = (name: string, value: string) => ({ name, type: 'MX', value }) as const

const textOf = (servers: readonly Mx[]): string =>
  servers.map(({ preference, exchange }) => `${preference} ${exchange || '.'}`).join(', ')

async function withoutMx(dns: Dns, domain: string): Promise<Finding[]> {
  const [four, six] = await Promise.all([dns.a(domain), dns.aaaa(domain)])
  if (hasRecords(four) || hasRecords(six)) {
    const found = [...(recordsOf(four) ?? []), ...(recordsOf(six) ?? [])].join(', ')
    return [finding('mx.missing', domain, { found, publish: mx(domain, '0 .') })]
  }
  if (!recordsOf(four) || !recordsOf(six)) return []
  return [finding('mx.unreachable', domain, { publish: mx(domain, '0 .') })]
}

const hasRecords = (answer: Answer<unknown>): boolean => answer.status === 'records'

async function checkServer(dns: Dns, domain: string, { preference, exchange: name }: Mx): Promise<Finding[]> {
  if (isIP(name)) return [finding('mx.target-number', name)]
  const [alias, four, six] = await Promise.all([dns.cname(name), dns.a(name), dns.aaaa(name)])
  const findings: Finding[] = []
  if (alias.status === 'records') {
    const publish = mx(domain, `${preference} ${alias.records[0]}.`)
    findings.push(finding('mx.target-alias', name, { found: alias.records.join(', '), publish }))
  }
  const addresses = [...(recordsOf(four) ?? []), ...(recordsOf(six) ?? [])]
  const unreachable = addresses.filter(address => !isPublic(address))
  if (unreachable.length > 0) findings.push(finding('mx.target-private', name, { found: unreachable.join(', ') }))
  if (recordsOf(four)?.length === 0 && recordsOf(six)?.length === 0) findings.push(finding('mx.target-missing', name))
  return findings
}

/** Networks of documentation (RFC 5737, RFC 3849) count as public: they stand for such. */
const isPublic = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false
  const range = ipaddr.process(address).range()
  return range === 'unicast' || range === 'reserved'
}

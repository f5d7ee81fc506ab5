import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Config } from './config.ts'
import type { AuditRequest, AuditWorld } from './domains/audit.ts'
import type { DkimSelector } from './domains/checks/dkim.ts'
import { type Dns, recordsOf } from './domains/dns.ts'
import { resolverDns } from './domains/resolver.ts'
import { outgoing } from './outbound/fetch.ts'

/** How long the page with the policy of MTA-STS may take. */
const policyMsMax = 5000

/** The DNS of the configuration, or the servers given, and the guarded way to a policy page that somebody else has put there. */
export function auditWorld({ dns: { servers } }: Pick<Config, 'dns'>, given?: readonly string[]): AuditWorld {
  const own = given ?? servers
  const dns = resolverDns(own ? { servers: own } : {})
  const resolve = (host: string) => addressesOf(dns, host)
  return { dns, fetch: url => outgoing({ url, msMax: policyMsMax, ...(own && { resolve }) }) }
}

async function addressesOf(dns: Dns, host: string): Promise<string[]> {
  const [four, six] = await Promise.all([dns.a(host), dns.aaaa(host)])
  return [...(recordsOf(four) ?? []), ...(recordsOf(six) ?? [])]
}

/** What the configuration says of how a domain sends: its selectors with their keys, and who signs for it. */
export async function auditRequest(
  { dkim, domains }: Pick<Config, 'dkim' | 'domains'>,
  domain: string,
  now: number,
): Promise<AuditRequest> {
  const own = dkim.filter(one => one.domain.toLowerCase() === domain)
  const configured = await Promise.all(own.map(async ({ selector, keyFile }) => selectorOf(selector, keyFile)))
  const named = (domains.selectors[domain] ?? []).filter(name => !own.some(({ selector }) => selector === name))
  const selectors = [...configured, ...named.map(selector => ({ selector }))]
  const signing = own.length > 0 ? [domain] : [...new Set(dkim.map(one => one.domain.toLowerCase()))]
  return { domain, selectors, ...(signing.length > 0 && { signing }), senders: [], lookalikes: domains.lookalikes, now }
}

async function selectorOf(selector: string, keyFile: string): Promise<DkimSelector> {
  const key = createPublicKey(await readFile(keyFile, 'utf8'))
  return { selector, publicKey: key.export({ type: 'spki', format: 'der' }).toString('base64') }
}

import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type pg from 'pg'
import type pino from 'pino'
import { Gauge, type Registry } from 'prom-client'
import type { Config } from './config.ts'
import type { RecordChange } from './core/alarms.ts'
import type { AuditRequest, AuditWorld } from './domains/audit.ts'
import type { DkimSelector } from './domains/checks/dkim.ts'
import { type Dns, recordsOf } from './domains/dns.ts'
import { resolverDns } from './domains/resolver.ts'
import { postgresDomains } from './domains/store.ts'
import { DomainWatch } from './domains/watch.ts'
import { act } from './engine/operator.ts'
import { type Partition, PartitionUnavailable } from './engine/partition.ts'
import { machine } from './engine/surroundings.ts'
import { Unavailable } from './inbound/intake.ts'
import { outgoing } from './outbound/fetch.ts'

/** How long the page with the policy of MTA-STS may take. */
const policyMsMax = 5000

/** The DNS of the configuration, or the servers given, and the guarded way to a policy page that somebody else has put there. */
export function auditWorld(
  { dns: { servers } }: Pick<Config, 'dns'>,
  given?: readonly string[],
): AuditWorld & { cancel(): void } {
  const own = given ?? servers
  const dns = resolverDns(own ? { servers: own } : {})
  const resolve = (host: string) => addressesOf(dns, host)
  return { dns, cancel: dns.cancel, fetch: url => outgoing({ url, msMax: policyMsMax, ...(own && { resolve }) }) }
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

/** The audits of the service: on their clock, journalled where a record has changed, measured. */
export async function openDomainWatch(
  config: Config,
  { pool, partition, metrics, log }: { pool: pg.Pool; partition: Partition; metrics: Registry; log: pino.Logger },
  undo: { later(step: () => Promise<unknown>): void },
): Promise<DomainWatch> {
  let isOver = false
  const { cancel, ...world } = auditWorld(config)
  const limits = { isOver: () => isOver }
  const { audited: domains, everyMs } = config.domains
  const watch = new DomainWatch({
    ...{ domains, everyMs, store: postgresDomains(pool), now: Date.now, after: machine.after },
    audit: async (domain, seenSince) => {
      // Not at the start, of which loading it would be a tenth of a second and more.
      const { audit } = await import('./domains/audit.ts')
      return audit({ ...(await auditRequest(config, domain, Date.now())), seenSince }, { ...world, limits })
    },
    changed: change => tell(partition, change, log),
    failed: (domain, error) => log.warn({ domain, reason: messageOf(error) }, 'a domain was not audited'),
  })
  measure(watch, metrics)
  await watch.start()
  undo.later(() => {
    isOver = true
    cancel()
    return watch.stop()
  })
  return watch
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function tell(partition: Partition, change: RecordChange, log: pino.Logger): Promise<void> {
  try {
    await act(partition, { type: 'ReportRecordChange', change })
  } catch (error) {
    if (error instanceof PartitionUnavailable) throw new Unavailable(error.message, { cause: error })
    throw error
  }
  log.warn({ domain: change.domain, record: change.name, type: change.type }, 'a DNS record has changed')
}

function measure(watch: DomainWatch, registry: Registry): void {
  const registers = [registry]
  new Gauge({
    name: 'tocsin_domain_findings',
    help: 'What the last audit of a domain found, by severity',
    labelNames: ['domain', 'severity'],
    registers,
    collect() {
      for (const domain of watch.domains)
        for (const [severity, count] of Object.entries(watch.report(domain)?.counts ?? {}))
          this.set({ domain, severity }, count)
    },
  })
  new Gauge({
    name: 'tocsin_domain_audited_timestamp_seconds',
    help: 'When a domain was audited last',
    labelNames: ['domain'],
    registers,
    collect() {
      for (const domain of watch.domains) {
        const report = watch.report(domain)
        if (report) this.set({ domain }, Date.parse(report.at) / 1000)
      }
    },
  })
}

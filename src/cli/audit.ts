import { isIP } from 'node:net'
import { type Config, ConfigFaults, loadConfig } from '../config.ts'
import { auditRequest, auditWorld } from '../domain-port.ts'
import { type AuditRequest, audit as auditDomain, needsAttention } from '../domains/audit.ts'
import { domainName } from '../domains/name.ts'
import { type ReportView, reportView } from '../domains/report.ts'
import { isServer } from '../domains/resolver.ts'
import { attach, call } from './attach.ts'
import { reportText } from './audit/table.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

const options = {
  selector: { type: 'string', multiple: true },
  from: { type: 'string' },
  'return-path': { type: 'string' },
  ip: { type: 'string', multiple: true },
  server: { type: 'string', multiple: true },
  'no-lookalikes': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

export const audit: Command = {
  help: `usage: npx tocsin audit domain NAME [--selector S]… [--from NAME] [--return-path NAME] [--ip ADDRESS]… [--server IP:PORT]… [--json]

Asks DNS as receivers of mail do, and says what is wrong, where it is written, and the record to publish instead.

  --selector S         a DKIM selector that signs; those of tocsin.config.ts are known
  --from NAME          the domain in From, where it is another: alignment is checked
  --return-path NAME   the domain that bounces go to, where it is another
  --ip ADDRESS         an address that sends: SPF and its name are checked
  --server IP:PORT     the DNS server to ask, in place of TOCSIN_DNS or those of the system
  --no-lookalikes      leaves out names that look like this one
  --json               one JSON value on stdout

Exit 0 when nothing needs attention, 1 when something is wrong, weak, or could not be found out.`,
  async run(args) {
    const { values, positionals } = readOptions(args, options)
    const [what, name, ...more] = positionals
    if (what !== 'domain' || name === undefined || more.length > 0)
      throw new UsageFault('say "audit domain NAME", with one name')
    const servers = values.server ?? []
    for (const server of servers)
      if (!isServer(server)) throw new UsageFault('--server is an IP address, with :PORT behind it if need be')
    const config = await settings()
    const known = await auditRequest(config, domainIn('NAME', name), Date.now())
    const request = { ...requested(known, values), seenSince: await historyOf(known.domain) }
    const world = auditWorld(config, servers.length > 0 ? servers : undefined)
    const report = await auditDomain(request, { ...world, progress })
    progress(undefined)
    const view = reportView(report)
    console.log(values.json ? JSON.stringify(view) : reportText(view))
    return needsAttention(report) ? 1 : 0
  },
}

/** Since when which record is there, as far as a running Tocsin audits the domain: the age of keys is counted from it. */
async function historyOf(domain: string): Promise<NonNullable<AuditRequest['seenSince']>> {
  const attached = await attach()
  const answer =
    'none' in attached
      ? undefined
      : await call(attached, 'GET', `/v1/domains/${domain}`, undefined, {}, historyMsMax).catch(() => undefined)
  const records = answer?.status === 200 ? (answer.body as unknown as ReportView).records : []
  return (name, value) => {
    const since = records.find(record => record.name === name && record.values.includes(value))?.since
    return since === undefined ? undefined : Date.parse(since)
  }
}

const historyMsMax = 2000

type Values = ReturnType<typeof readOptions<typeof options>>['values']

function requested(known: AuditRequest, values: Values): AuditRequest {
  const named = (values.selector ?? [])
    .map(selectorIn)
    .filter(name => !known.selectors.some(one => one.selector === name))
  const selectors = [...known.selectors, ...named.map(selector => ({ selector }))]
  const senders = (values.ip ?? []).map(addressIn)
  return {
    ...known,
    selectors,
    senders,
    lookalikes: known.lookalikes && !values['no-lookalikes'],
    ...(values.from !== undefined && { from: domainIn('--from', domainOf(values.from)) }),
    ...(values['return-path'] !== undefined && {
      returnPath: domainIn('--return-path', domainOf(values['return-path'])),
    }),
    ...(selectors.length > 0 && { signing: [known.domain] }),
  }
}

const domainOf = (text: string): string => text.slice(text.lastIndexOf('@') + 1)

function domainIn(what: string, text: string): string {
  const name = domainName(text)
  if (name === undefined) throw new UsageFault(`${what} is no domain: write it like example.org`)
  return name
}

function selectorIn(text: string): string {
  if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(text) || text.length > 100)
    throw new UsageFault('--selector has letters, digits and hyphens, as in s2026')
  return text.toLowerCase()
}

function addressIn(text: string): string {
  if (isIP(text) === 0) throw new UsageFault('--ip is an IP address')
  return text
}

async function settings(): Promise<Config> {
  try {
    return await loadConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error
    throw new UsageFault(`the settings cannot be used:\n${error.message}`)
  }
}

/** One line that is written over, where somebody watches. */
function progress(what: string | undefined): void {
  if (!process.stderr.isTTY) {
    if (what !== undefined) process.stderr.write(`looking at ${what}\n`)
    return
  }
  process.stderr.write(`\r\u001b[K${what === undefined ? '' : `looking at ${what} …`}`)
}

import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import ipaddr from 'ipaddr.js'
import Type, { type Static } from 'typebox'
import type { Window } from './core/effects.ts'
import { isTakenName } from './core/people.ts'
import {
  type ClassPolicy,
  capMax,
  causeKinds,
  credentialChanges,
  freshClasses,
  freshPolicy,
  isLinkHost,
  lanes,
  modes,
  type Policy,
  probeClass,
  requirements,
} from './core/policy.ts'
import { domainName, isReserved } from './domains/name.ts'
import { isServer } from './domains/resolver.ts'
import { faultsOf } from './inbound/http/faults.ts'
import type { Application } from './inbound/intake.ts'
import type { Operator } from './inbound/keys.ts'
import { parseUpstreams, type Upstream } from './outbound/email/upstream.ts'
import { webhookSecretFault } from './outbound/webhook/sign.ts'
import { canonicalMailbox, type Mailbox, type NamedMailbox, parseAddressHeader, parseMailbox } from './std/mailbox.ts'

/**
 * What an installation is told: by the environment where things are, by `tocsin.config.ts` what is allowed. Read once, checked whole, every
 * fault named at once, then frozen.
 */
export type Config = Readonly<{
  host: string
  httpPort: number
  smtpPort: number
  dataDir: string
  databaseUrl?: string
  upstreams: 'mailbox' | Upstream[]
  keys: { apiKey?: string; causeKey?: string; adminKey?: string; smtpCredential?: string }
  operators: Operator[]
  /** Texts that may correct wrongful messages, approved ahead; `classes` of the wrongful messages, any when absent. */
  correctionTexts: Record<string, { subject: string; text: string; html?: string; classes?: string[] }>
  from?: NamedMailbox
  hostname: string
  trusted(address: string): Application | undefined
  /** Proxies whose word for the address of a client is taken. */
  isTrustedProxy(address: string): boolean
  application: Application
  isAllowListed(mailbox: Mailbox): boolean
  window: Window
  dkim: { domain: string; selector: string; keyFile: string }[]
  /** Keys that sign nothing any more: what they signed is still told to be ours. */
  dkimRetired: Config['dkim']
  webhooks: { url: string; secret: string; allowPrivate?: boolean }[]
  /** Where people may forward a mail to ask about it. */
  report?: { address: Mailbox }
  /** DNS servers in place of the system's. */
  dns: { servers?: string[] }
  /** Which domains are audited, how often, and selectors besides those of `dkim`. */
  domains: { audited: string[]; everyMs: number; selectors: Record<string, string[]>; lookalikes: boolean }
  probe: { everyMs: number; recipient?: Mailbox }
  /** `origin`: name of the register's log, as C2SP tlog-checkpoint has it. */
  ledger: { everyMs: number; origin?: string }
  tls?: { keyFile: string; certFile: string }
  policy: Policy
  policyHash: string
}>

export type ConfigFault = { setting: string; code: string; detail: string }

export class ConfigFaults extends Error {
  override readonly name = 'ConfigFaults'
  readonly faults: ConfigFault[]
  constructor(faults: ConfigFault[]) {
    super(faults.map(({ setting, detail }) => `${setting}: ${detail}`).join('\n'))
    this.faults = faults
  }
}

const closed = { additionalProperties: false }
const oneOf = <T extends string>(names: readonly T[]) => Type.Enum([...names])
const duration = Type.Integer({ minimum: 0, maximum: 365 * 24 * 3_600_000 })
const count = (maximum: number) => Type.Integer({ minimum: 0, maximum })
const name = Type.String({ minLength: 1, maxLength: 64 })
const names = Type.Array(name, { maxItems: 1000 })
const links = Type.Object({ hosts: Type.Array(Type.String({ maxLength: 253 }), { maxItems: 1000 }) }, closed)
const optionalByLane = <T extends Type.TSchema>(schema: T) =>
  Type.Partial(Type.Object({ reserved: schema, open: schema, system: schema, campaign: schema }, closed), closed)

const domain = Type.String({ minLength: 1, maxLength: 253 })
const hourMs = 3_600_000
const auditEveryMsMin = 60_000

/** Six a minute are as many as the class of the probes lets go. */
const probeEveryMsMin = 10_000

/** Settings that are numbers above nothing. */
const positive = <T extends string>(keys: readonly T[]) => {
  const above = Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1e9 }))
  return Type.Object(Object.fromEntries(keys.map(key => [key, above])) as Record<T, typeof above>, closed)
}

/** Headroom below 1 would hold what is expected; the ceiling cannot lie under the floor. */
const budgetsFile = Type.Partial(
  Type.Object(
    {
      headroom: Type.Number({ minimum: 1, maximum: 1000 }),
      timesFloorMax: Type.Number({ minimum: 1, maximum: 1_000_000 }),
    },
    closed,
  ),
  closed,
)

const classFile = Type.Partial(
  Type.Object(
    {
      mode: oneOf(modes),
      causes: Type.Partial(
        Type.Object(
          {
            kinds: Type.Array(oneOf(causeKinds), { maxItems: causeKinds.length }),
            changes: Type.Array(oneOf(credentialChanges), { maxItems: credentialChanges.length }),
            requirement: oneOf(requirements),
            freshForMs: duration,
            whenMissing: oneOf(['hold', 'reject'] as const),
          },
          closed,
        ),
        closed,
      ),
      lane: oneOf(['by-requester', 'system', 'campaign'] as const),
      priority: Type.Enum([0, 1, 2]),
      content: oneOf(['inline', 'approved-only'] as const),
      links,
      addresses: oneOf(['own', 'any'] as const),
      recipients: oneOf(['verified', 'named'] as const),
      whenStopped: oneOf(['confirm', 'hold'] as const),
      lifetimeMs: duration,
      deliveryMs: duration,
      budgetPerHour: optionalByLane(count(1_000_000_000)),
    },
    closed,
  ),
  closed,
)

const webhookFile = Type.Object(
  {
    url: Type.String({ maxLength: 2048 }),
    /** One key or several, separated by spaces: `whsec_` signs v1, `whsk_` signs v1a. */
    secret: Type.String({ maxLength: 2048 }),
    /** For receivers on this machine or in its own network: plain http and private addresses. */
    allowPrivate: Type.Optional(Type.Boolean()),
  },
  closed,
)

const operatorFile = Type.Object(
  {
    /** How the journal names the person. */
    name: Type.String({ minLength: 1, maxLength: 64 }),
    /** SHA-256 of the key, in hex: `npx tocsin operator NAME` makes both. */
    keyHash: Type.String({ minLength: 64, maxLength: 64 }),
  },
  closed,
)

const file = Type.Partial(
  Type.Object(
    {
      /** People who may operate besides the first operator. What needs two people needs one of these. */
      correctionTexts: Type.Record(
        Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }),
        Type.Object(
          {
            subject: Type.String({ minLength: 1, maxLength: 998 }),
            text: Type.String({ minLength: 1, maxLength: 100_000 }),
            html: Type.Optional(Type.String({ minLength: 1, maxLength: 100_000 })),
            classes: Type.Optional(names),
          },
          closed,
        ),
        closed,
      ),
      operators: Type.Array(operatorFile, { maxItems: 200 }),
      /** Networks in CIDR notation whose hosts need no credential; they send as the first application. */
      trustedNetworks: names,
      /** Proxies in front of HTTP whose X-Forwarded-For is believed, for the limits of the public page. */
      trustedProxies: names,
      /** Addresses, or `@domain` for all of a domain, that material from test environments may reach. */
      allowedRecipients: Type.Array(Type.String({ maxLength: 254 }), { maxItems: 10_000 }),
      /** What the first application may do; all of it when absent. */
      application: Type.Partial(
        Type.Object(
          {
            senders: Type.Array(Type.String({ maxLength: 254 }), { maxItems: 1000 }),
            classes: names,
            environment: name,
            appendCode: Type.Boolean(),
            requirements: Type.Record(Type.String(), oneOf(requirements)),
          },
          closed,
        ),
        closed,
      ),
      classes: Type.Record(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }), classFile, closed),
      caps: optionalByLane(
        Type.Partial(Type.Object({ perHour: count(capMax), perDay: count(capMax) }, closed), closed),
      ),
      templates: Type.Record(name, names),
      /** Hosts that links may lead to besides the sender's own domain; `*.` before one stands for all below it. */
      links,
      detection: positive(['softDays', 'hardDays', 'softHoldMs']),
      breakers: positive(['openMs', 'openMsMax', 'trialMs', 'canaries', 'canaryIntervalMs']),
      requesters: positive(['perHour', 'pressedPerHour', 'timesUsual']),
      /** A message that goes the whole way each `everyMs`; to a recipient through the upstreams, else it is kept here. */
      probe: Type.Partial(
        Type.Object(
          {
            recipient: Type.String({ maxLength: 254 }),
            everyMs: Type.Integer({ minimum: probeEveryMsMin, maximum: 3_600_000 }),
          },
          closed,
        ),
        closed,
      ),
      /** The public log of the register: its name, given once for all, and how often it is sealed. */
      ledger: Type.Partial(
        Type.Object(
          {
            origin: Type.String({ minLength: 1, maxLength: 253, pattern: '^[!-*,-~]+$' }),
            everyMs: Type.Integer({ minimum: 1000, maximum: 24 * 3_600_000 }),
          },
          closed,
        ),
        closed,
      ),
      budgets: budgetsFile,
      hostname: domain,
      /** Mail to this address is taken from anybody, checked, recorded and answered. */
      report: Type.Object({ address: Type.String({ maxLength: 254 }) }, closed),
      /** Which DNS servers are asked, `IP` or `IP:PORT`; those of the system when absent. */
      dns: Type.Partial(Type.Object({ servers: Type.Array(name, { minItems: 1, maxItems: 8 }) }, closed), closed),
      /** Domains whose records are audited; those of TOCSIN_FROM and `dkim` when `audited` is absent, none when it is empty. */
      domains: Type.Partial(
        Type.Object(
          {
            audited: Type.Array(domain, { maxItems: 50 }),
            everyMs: Type.Integer({ minimum: auditEveryMsMin, maximum: 30 * 24 * hourMs }),
            selectors: Type.Record(domain, Type.Array(name, { maxItems: 20 })),
            lookalikes: Type.Boolean(),
          },
          closed,
        ),
        closed,
      ),
      inFlightMax: Type.Integer({ minimum: 1, maximum: 10_000 }),
      /** Of a retired key the public half is enough. */
      dkim: Type.Array(
        Type.Object(
          { domain: name, selector: name, keyFile: Type.String(), retired: Type.Optional(Type.Boolean()) },
          closed,
        ),
        { maxItems: 100 },
      ),
      webhooks: Type.Array(webhookFile, {
        maxItems: 20,
      }),
      tls: Type.Object({ keyFile: Type.String(), certFile: Type.String() }, closed),
    },
    closed,
  ),
  closed,
)

/** What `tocsin.config.ts` may hold; every part is optional. */
export type ConfigFile = Static<typeof file>

/** Gives an editor the types of a configuration; changes nothing. */
export const defineConfig = (config: ConfigFile): ConfigFile => config

type Environment = Record<string, string | undefined>

/**
 * Reads the environment and the configuration file; without `file` no folder's file is looked at. `named`: how faults call what names the file.
 * Throws `ConfigFaults` with every fault.
 */
export async function loadConfig(
  environment: Environment,
  { file = true, named = 'TOCSIN_CONFIG' }: { file?: boolean; named?: string } = {},
): Promise<Config> {
  const faults: ConfigFault[] = []
  const found = file ? await readFile(environment.TOCSIN_CONFIG, named, faults) : {}
  const upstreams = readUpstreams(environment.TOCSIN_UPSTREAM ?? 'mailbox:', faults)
  const places = {
    host: environment.TOCSIN_HOST || '127.0.0.1',
    httpPort: readPort(environment, 'TOCSIN_HTTP_PORT', 8080, faults),
    smtpPort: readPort(environment, 'TOCSIN_SMTP_PORT', 2525, faults),
    dataDir: resolve(environment.TOCSIN_DATA_DIR || '.tocsin'),
    ...(environment.DATABASE_URL && { databaseUrl: environment.DATABASE_URL }),
  }
  const from = readFrom(environment.TOCSIN_FROM, faults)
  const policy = policyOf(found, upstreams, faults)
  const application: Application = { name: 'default', ...withoutRequirements(found.application) }
  const trustedNetworks = readNetworks(found.trustedNetworks ?? [], 'trustedNetworks', faults)
  const trustedProxies = readNetworks(found.trustedProxies ?? [], 'trustedProxies', faults)
  const allowed = new Set((found.allowedRecipients ?? []).map(text => allowListKey(text)))
  const inFlightMax = found.inFlightMax ?? 128
  const probe = readProbe(found.probe, faults)
  const report = readReport(found.report, faults)
  const dns = readDns(found.dns, environment.TOCSIN_DNS, faults)
  const domains = readDomains(found, from, faults)
  checkNames(found, policy, faults)
  checkCorrections(found.correctionTexts ?? {}, policy, faults)
  checkOperators(found.operators ?? [], faults)
  checkWebhooks(found.webhooks ?? [], faults)
  checkFiles(found, faults)
  checkLogLevel(environment.TOCSIN_LOG, faults)
  if (faults.length > 0) throw new ConfigFaults(faults)
  return Object.freeze({
    ...places,
    upstreams,
    keys: keysOf(environment),
    operators: found.operators ?? [],
    correctionTexts: (found.correctionTexts ?? {}) as Config['correctionTexts'],
    ...(from && { from }),
    hostname: found.hostname ?? 'localhost',
    trusted: (address: string) => (isTrusted(trustedNetworks, address) ? application : undefined),
    isTrustedProxy: (address: string) => isTrusted(trustedProxies, address),
    application,
    isAllowListed: (mailbox: Mailbox) => allowed.has(canonicalMailbox(mailbox)) || allowed.has(`@${mailbox.domain}`),
    window: { inFlightMax, bulkInFlightMax: Math.ceil(inFlightMax / 2) },
    dkim: (found.dkim ?? []).filter(({ retired }) => !retired),
    dkimRetired: (found.dkim ?? []).filter(({ retired }) => retired),
    webhooks: found.webhooks ?? [],
    dns,
    ...(report && { report }),
    domains,
    probe,
    ledger: { everyMs: 600_000, ...found.ledger },
    ...(found.tls && { tls: found.tls }),
    policy,
    policyHash: createHash('sha256').update(JSON.stringify(policy)).digest('hex'),
  })
}

function withoutRequirements(application: ConfigFile['application']): Omit<Application, 'name'> {
  const { requirements: _, ...rest } = application ?? {}
  return rest as Omit<Application, 'name'>
}

const keysOf = (environment: Environment): Config['keys'] => ({
  ...(environment.TOCSIN_API_KEY && { apiKey: environment.TOCSIN_API_KEY }),
  ...(environment.TOCSIN_CAUSE_KEY && { causeKey: environment.TOCSIN_CAUSE_KEY }),
  ...(environment.TOCSIN_ADMIN_KEY && { adminKey: environment.TOCSIN_ADMIN_KEY }),
  ...(environment.TOCSIN_SMTP_CREDENTIAL && { smtpCredential: environment.TOCSIN_SMTP_CREDENTIAL }),
})

/** The file that TOCSIN_CONFIG names must exist; `tocsin.config.ts` in the current folder may. */
async function readFile(name: string | undefined, setting: string, faults: ConfigFault[]): Promise<ConfigFile> {
  const path = resolve(name || 'tocsin.config.ts')
  if (!existsSync(path)) {
    if (name) faults.push({ setting, code: 'config.not-found', detail: `there is no file ${path}` })
    return {}
  }
  try {
    const module = (await import(pathToFileURL(path).href)) as { default?: unknown }
    const wrong = faultsOf(file, module.default ?? {})
    for (const { pointer, code, detail } of wrong) faults.push({ setting: `${path}#${pointer}`, code, detail })
    return wrong.length > 0 ? {} : ((module.default ?? {}) as ConfigFile)
  } catch (error) {
    const detail = `cannot be read: ${error instanceof Error ? error.message : String(error)}`
    faults.push({ setting: path, code: 'config.not-readable', detail })
    return {}
  }
}

function readPort(environment: Environment, setting: string, otherwise: number, faults: ConfigFault[]): number {
  const text = environment[setting]
  if (!text) return otherwise
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  faults.push({ setting, code: 'config.port', detail: 'a port is a number from 0 (any free one) to 65535' })
  return otherwise
}

function readUpstreams(text: string, faults: ConfigFault[]): Config['upstreams'] {
  const setting = parseUpstreams(text)
  if (setting.status === 'mailbox') return 'mailbox'
  if (setting.status === 'smtp') return setting.upstreams
  for (const { index, code, detail } of setting.faults)
    faults.push({ setting: `TOCSIN_UPSTREAM (entry ${index})`, code, detail })
  return 'mailbox'
}

function readFrom(text: string | undefined, faults: ConfigFault[]): NamedMailbox | undefined {
  if (!text) return undefined
  const parsed = parseAddressHeader(text)
  if (parsed.ok)
    return parsed.name === undefined ? { mailbox: parsed.mailbox } : { name: parsed.name, mailbox: parsed.mailbox }
  faults.push({ setting: 'TOCSIN_FROM', code: parsed.code, detail: parsed.detail })
  return undefined
}

function readProbe(found: ConfigFile['probe'], faults: ConfigFault[]): Config['probe'] {
  const everyMs = found?.everyMs ?? 60_000
  if (found?.recipient === undefined) return { everyMs }
  const parsed = parseMailbox(found.recipient)
  if (parsed.ok) return { everyMs, recipient: parsed.mailbox }
  faults.push(fault('probe/recipient', 'config.probe-recipient', 'give the address of a mailbox of your own'))
  return { everyMs }
}

function readReport(found: ConfigFile['report'], faults: ConfigFault[]): Config['report'] {
  if (!found) return undefined
  const parsed = parseMailbox(found.address)
  if (parsed.ok) return { address: parsed.mailbox }
  faults.push(fault('report/address', 'config.report-address', 'give the address that people forward mails to'))
  return undefined
}

function readDns(found: ConfigFile['dns'], text: string | undefined, faults: ConfigFault[]): Config['dns'] {
  const servers = text ? text.split(',').map(one => one.trim()) : found?.servers
  if (!servers) return {}
  for (const [i, server] of servers.entries())
    if (!isServer(server)) {
      const setting = text ? 'TOCSIN_DNS' : `dns/servers/${i}`
      faults.push(fault(setting, 'config.dns-server', 'a DNS server is an IP address, with :PORT behind it if need be'))
    }
  return { servers }
}

/** Without a setting: the domains that we send from or sign for, as far as anybody outside can ask for them. */
function readDomains({ domains, dkim = [] }: ConfigFile, from: NamedMailbox | undefined, faults: ConfigFault[]) {
  const { everyMs = 6 * hourMs, lookalikes = true } = domains ?? {}
  const own = [...(from ? [from.mailbox.domain] : []), ...dkim.flatMap(one => (one.retired ? [] : [one.domain]))]
  const named = domains?.audited ?? own.filter(one => !isReserved(one.toLowerCase()) && domainName(one) !== undefined)
  const audited = named.map((text, i) => readDomain(`domains/audited/${i}`, text, faults))
  const selectors = Object.entries(domains?.selectors ?? {}).map(
    ([text, list]) => [readDomain(`domains/selectors/${text}`, text, faults), list] as const,
  )
  return { audited: [...new Set(audited)], everyMs, lookalikes, selectors: Object.fromEntries(selectors) }
}

function readDomain(setting: string, text: string, faults: ConfigFault[]): string {
  const name = domainName(text)
  if (name === undefined) faults.push(fault(setting, 'config.domain', 'a domain is written like example.org'))
  return name ?? text
}

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]

function readNetworks(texts: string[], setting: string, faults: ConfigFault[]): Network[] {
  return texts.flatMap((text, i): Network[] => {
    try {
      const whole = isIP(text) === 4 ? `${text}/32` : isIP(text) === 6 ? `${text}/128` : text
      return [ipaddr.parseCIDR(whole)]
    } catch {
      const detail = 'a network is written like 10.0.0.0/8 or fd00::/8'
      faults.push({ setting: `${setting}/${i}`, code: 'config.network', detail })
      return []
    }
  })
}

function isTrusted(networks: Network[], address: string): boolean {
  if (networks.length === 0 || !ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return networks.some(network => network[0].kind() === parsed.kind() && parsed.match(network))
}

/** What `checkNames` refuses stands for nobody. */
function allowListKey(text: string): string {
  if (text.startsWith('@')) return text.toLowerCase()
  const parsed = parseMailbox(text)
  return parsed.ok ? canonicalMailbox(parsed.mailbox) : ''
}

const fault = (setting: string, code: string, detail: string): ConfigFault => ({ setting, code, detail })

/** What is named must exist, and what should be an address must be one. */
function checkNames(
  { application = {}, allowedRecipients = [] }: ConfigFile,
  { classes }: Policy,
  faults: ConfigFault[],
): void {
  for (const [i, className] of (application.classes ?? []).entries())
    if (!Object.hasOwn(classes, className))
      faults.push(fault(`application/classes/${i}`, 'class.unknown', 'there is no such class'))
  for (const [setting, texts] of [
    ['application/senders', application.senders ?? []],
    ['allowedRecipients', allowedRecipients],
  ] as const)
    for (const [i, text] of texts.entries())
      if (!parseMailbox(text.startsWith('@') ? `x${text}` : text).ok)
        faults.push(fault(`${setting}/${i}`, 'config.sender', 'give an address, or @domain for all of a domain'))
}

const personName = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N} .'’_-]*[\p{L}\p{M}\p{N}.])?$/u

/** Two names that differ in case, width or spacing only are one. */
const personKey = (called: string): string => called.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ')

export function operatorNameFault(called: string): { code: string; detail: string } | undefined {
  if (!personName.test(called) || called !== called.normalize('NFC') || called.length > 64)
    return { code: 'config.operator-name', detail: 'a name has up to 64 letters, digits, and spaces between them' }
  if (isTakenName(personKey(called)))
    return { code: 'config.operator-name-taken', detail: 'the name stands for somebody else in the journal' }
  return undefined
}

/** Two people are two names and two keys, for a rule that needs two of them compares names. */
function checkCorrections(
  texts: NonNullable<ConfigFile['correctionTexts']>,
  { classes }: Policy,
  faults: ConfigFault[],
): void {
  for (const [called, { classes: named = [], subject }] of Object.entries(texts)) {
    for (const [i, className] of named.entries())
      if (!Object.hasOwn(classes, className))
        faults.push(fault(`correctionTexts/${called}/classes/${i}`, 'class.unknown', 'there is no such class'))
    if (/[\u0000-\u001f\u007f]/.test(subject))
      faults.push(fault(`correctionTexts/${called}/subject`, 'text.control-character', 'a subject is one line'))
  }
}

function checkOperators(operators: Operator[], faults: ConfigFault[]): void {
  const names = new Set<string>()
  const hashes = new Set<string>()
  for (const [i, { name: called, keyHash }] of operators.entries()) {
    const wrong = operatorNameFault(called)
    if (wrong) faults.push({ setting: `operators/${i}/name`, ...wrong })
    else if (names.has(personKey(called)))
      faults.push(fault(`operators/${i}/name`, 'config.operator-name-taken', 'two people need two names'))
    if (!/^[0-9a-f]{64}$/.test(keyHash))
      faults.push(
        fault(`operators/${i}/keyHash`, 'config.operator-key', 'run "npx tocsin operator NAME" for a key and its hash'),
      )
    else if (hashes.has(keyHash))
      faults.push(fault(`operators/${i}/keyHash`, 'config.operator-key-taken', 'two people need two keys'))
    names.add(personKey(called))
    hashes.add(keyHash)
  }
}

function checkWebhooks(webhooks: Config['webhooks'], faults: ConfigFault[]): void {
  for (const [i, { url, secret, allowPrivate }] of webhooks.entries()) {
    const scheme = URL.canParse(url) ? new URL(url).protocol : ''
    if (scheme !== 'https:' && !(scheme === 'http:' && allowPrivate))
      faults.push(fault(`webhooks/${i}/url`, 'config.webhook-url', 'give an https address, or http with allowPrivate'))
    for (const one of secret.split(' ')) {
      const code = webhookSecretFault(one)
      const detail = 'a secret is whsec_ or whsk_ and base64, as in Standard Webhooks'
      if (code) faults.push(fault(`webhooks/${i}/secret`, `config.webhook-${code}`, detail))
    }
  }
}

/** Key files are read at the start; that they can be is said with everything else. */
function checkFiles({ dkim = [], tls }: ConfigFile, faults: ConfigFault[]): void {
  const files: [string, string][] = dkim.map(({ keyFile }, i) => [`dkim/${i}/keyFile`, keyFile])
  if (tls) files.push(['tls/keyFile', tls.keyFile], ['tls/certFile', tls.certFile])
  for (const [setting, path] of files)
    try {
      accessSync(path, constants.R_OK)
    } catch {
      faults.push(fault(setting, 'config.file-not-readable', `${path} cannot be read`))
    }
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

function checkLogLevel(level: string | undefined, faults: ConfigFault[]): void {
  if (!level || logLevels.includes(level)) return
  faults.push(fault('TOCSIN_LOG', 'config.log-level', `a log level is one of ${logLevels.join(', ')}`))
}

function policyOf(found: ConfigFile, upstreams: Config['upstreams'], faults: ConfigFault[]): Policy {
  const policy = freshPolicy()
  for (const [className, patch] of Object.entries(found.classes ?? {}))
    policy.classes[className] = mergeClass(policy.classes[className] ?? freshClasses().other!, patch as ClassPatchFile)
  for (const lane of lanes) Object.assign(policy.caps[lane], found.caps?.[lane])
  for (const [className, requirement] of Object.entries(found.application?.requirements ?? {})) {
    if (!policy.classes[className])
      faults.push({
        setting: `application/requirements/${className}`,
        code: 'class.unknown',
        detail: 'there is no such class',
      })
    else if (requirement !== 'never' && policy.classes[className].causes.kinds.length === 0)
      faults.push({
        setting: `application/requirements/${className}`,
        code: 'class.causes-missing',
        detail: 'no kind of event can cause this class; name some in its causes.kinds',
      })
    policy.applications.default = {
      requirements: { ...policy.applications.default?.requirements, [className]: requirement },
    }
  }
  policy.templates = { ...found.templates }
  policy.links = { ...policy.links, ...found.links }
  for (const [i, host] of policy.links.hosts.entries())
    if (!isLinkHost(host)) faults.push(fault(`links/hosts/${i}`, 'config.link-host', linkHostAdvice))
  for (const part of ['detection', 'breakers', 'requesters', 'budgets'] as const)
    Object.assign(policy[part], found[part])
  policy.upstreams = upstreams === 'mailbox' ? ['mailbox'] : upstreams.map(({ id }) => id)
  policy.deliversLocally = upstreams === 'mailbox'
  for (const [className, one] of Object.entries(policy.classes)) checkClass(className, one, faults)
  return policy
}

type ClassPatchFile = Partial<Omit<ClassPolicy, 'causes' | 'budgetPerHour'>> & {
  causes?: Partial<ClassPolicy['causes']>
  budgetPerHour?: Partial<ClassPolicy['budgetPerHour']>
}

/** A class with some of its policy changed. */
export function mergeClass(base: ClassPolicy, patch: ClassPatchFile): ClassPolicy {
  const causes = { ...base.causes, ...patch.causes }
  if (patch.causes?.kinds && patch.causes.requirement === undefined && base.causes.requirement === 'never')
    causes.requirement = 'auto'
  return { ...base, ...patch, causes, budgetPerHour: { ...base.budgetPerHour, ...patch.budgetPerHour } }
}

const linkHostAdvice = 'give a host in lower case, such as example.org, or *.example.org for all below it'

/** Faults that only a whole policy shows. */
export function checkClass(className: string, policy: ClassPolicy, faults: ConfigFault[]): void {
  if (className === probeClass)
    faults.push(fault(`classes/${className}/name`, 'class.reserved', 'this name is that of the probes'))
  for (const [i, host] of policy.links.hosts.entries())
    if (!isLinkHost(host))
      faults.push({
        setting: `classes/${className}/links/hosts/${i}`,
        code: 'class.link-host',
        detail: linkHostAdvice,
      })
  if (policy.lifetimeMs <= policy.deliveryMs)
    faults.push({
      setting: `classes/${className}/lifetimeMs`,
      code: 'class.lifetime-too-short',
      detail: 'the lifetime of a message must be longer than its delivery may take',
    })
  if (policy.causes.kinds.length === 0 && policy.causes.requirement !== 'never')
    faults.push({
      setting: `classes/${className}/causes`,
      code: 'class.causes-missing',
      detail: 'a class that requires causes names the kinds of events that can be one',
    })
}

import { isIP } from 'node:net'

/** What is done about TLS on a connection that starts in plaintext. `implicit`: TLS from the first byte (`smtps:`). */
export type TlsMode = 'implicit' | 'required' | 'opportunistic' | 'off'

/** Where mail is handed over. `id` names the upstream in the journal, in metrics and to people; it holds no credential. */
export type Upstream = {
  id: string
  host: string
  port: number
  tls: TlsMode
  /** Whether the server's certificate must be valid for `host`. */
  verify: boolean
  credentials?: { user: string; password: string }
  /** What EHLO says; when absent, the host name of this machine or an address literal. */
  name?: string
  connectionsMax?: number
  mailsPerConnectionMax?: number
  /** PEM certificates trusted besides those of the system's; not settable in the address. */
  ca?: string
}

export type UpstreamFaultCode =
  | 'upstream-empty'
  | 'upstream-not-an-address'
  | 'upstream-scheme'
  | 'upstream-host'
  | 'upstream-port'
  | 'upstream-credentials'
  | 'upstream-path'
  | 'upstream-option-unknown'
  | 'upstream-option-value'
  | 'upstream-plaintext-credentials'
  | 'upstream-duplicate'
  | 'upstream-mailbox-mixed'

/** One thing wrong with the setting. `index` counts the comma-separated entries from 1. Never holds any part of a credential. */
export type UpstreamFault = { index: number; code: UpstreamFaultCode; detail: string }

export type UpstreamSetting =
  | { status: 'mailbox' }
  | { status: 'smtp'; upstreams: Upstream[] }
  | { status: 'faulty'; faults: UpstreamFault[] }

export const connectionsPerUpstreamMax = 256
export const mailsPerConnectionLimitMax = 1_000_000
const optionNames = ['tls', 'verify', 'name', 'connections', 'mails', 'id'] as const
const hostName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i
const upstreamId = /^[a-zA-Z0-9._:[\]-]{1,64}$/
const controls = /[\x00-\x1f\x7f]/

/**
 * Read `TOCSIN_UPSTREAM`: `mailbox:`, or `smtp://user:pass@host:port?tls=required` and `smtps://…` separated by commas. Options: `tls`
 * (required, opportunistic, off), `verify` (on, off), `name` (for EHLO), `connections`, `mails` (per connection), `id`. A comma within a
 * user name or password is written %2C. Every fault is named at once.
 */
export function parseUpstreams(setting: string): UpstreamSetting {
  const entries = setting.split(',').map(entry => entry.trim())
  if (entries.length === 1 && entries[0] === 'mailbox:') return { status: 'mailbox' }
  const faults: UpstreamFault[] = []
  const upstreams: Upstream[] = []
  entries.forEach((entry, at) => {
    const report = (code: UpstreamFaultCode, detail: string) => void faults.push({ index: at + 1, code, detail })
    const upstream = parseOne(entry, report)
    if (upstream && upstreams.some(other => other.id === upstream.id)) {
      report('upstream-duplicate', 'two upstreams have the same host and port; tell them apart with ?id=NAME')
    }
    if (upstream) upstreams.push(upstream)
  })
  return faults.length > 0 ? { status: 'faulty', faults } : { status: 'smtp', upstreams }
}

type Report = (code: UpstreamFaultCode, detail: string) => void

function parseOne(entry: string, report: Report): Upstream | undefined {
  if (entry === '') return void report('upstream-empty', 'an upstream is empty; write mailbox: or smtp://host:port')
  if (entry === 'mailbox:') {
    return void report('upstream-mailbox-mixed', 'mailbox: stands alone; it cannot be one of several upstreams')
  }
  const url = URL.canParse(entry) ? new URL(entry) : undefined
  if (!url) return void report('upstream-not-an-address', 'not an address; write smtp://user:pass@host:port')
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') {
    return void report('upstream-scheme', 'the scheme must be smtp:, smtps: or mailbox:')
  }
  return assemble(url, report)
}

function assemble(url: URL, report: Report): Upstream {
  const host = parseHost(url, report)
  const implicit = url.protocol === 'smtps:'
  const credentials = parseCredentials(url, report)
  const options = parseOptions(url, report)
  const loopback = isLoopback(host)
  const port = url.port === '' ? (implicit ? 465 : credentials ? 587 : 25) : Number(url.port)
  if (port === 0) report('upstream-port', 'the port must be from 1 to 65535')
  if (url.pathname !== '' && url.pathname !== '/') report('upstream-path', 'an upstream has no path')
  const tls = implicit ? 'implicit' : (options.tls ?? (credentials && !loopback ? 'required' : 'opportunistic'))
  if (implicit && options.tls !== undefined && options.tls !== 'required') {
    report('upstream-option-value', 'smtps: always uses TLS; leave out tls=')
  }
  if (credentials && !loopback && (tls === 'off' || tls === 'opportunistic')) {
    report('upstream-plaintext-credentials', 'credentials go to another machine only over TLS; use tls=required')
  }
  return {
    id: options.id ?? `${host.includes(':') ? `[${host}]` : host}:${port}`,
    host,
    port,
    tls,
    verify: options.verify ?? ((tls === 'required' || tls === 'implicit') && !loopback),
    ...(credentials && { credentials }),
    ...(options.name !== undefined && { name: options.name }),
    ...(options.connections !== undefined && { connectionsMax: options.connections }),
    ...(options.mails !== undefined && { mailsPerConnectionMax: options.mails }),
  }
}

function parseHost(url: URL, report: Report): string {
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname.toLowerCase()
  if (!isIP(host) && !hostName.test(host)) {
    report('upstream-host', 'the host must be a name of ASCII letters, digits and hyphens, or an IP address')
  }
  return host
}

function parseCredentials(url: URL, report: Report): { user: string; password: string } | undefined {
  if (url.username === '' && url.password === '') return undefined
  const user = decoded(url.username)
  const password = decoded(url.password)
  if (!user || password === undefined || controls.test(user) || controls.test(password)) {
    report(
      'upstream-credentials',
      'user and password must be percent-encoded, the user not empty, no control characters',
    )
    return undefined
  }
  return { user, password }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not percent-encoding; the caller reports it without repeating it.
    return undefined
  }
}

type Options = {
  tls?: TlsMode
  verify?: boolean
  name?: string
  connections?: number
  mails?: number
  id?: string
}

function parseOptions(url: URL, report: Report): Options {
  const options: Options = {}
  for (const [name, value] of url.searchParams) {
    if (!(optionNames as readonly string[]).includes(name)) {
      report('upstream-option-unknown', `unknown option; known are ${optionNames.join(', ')}`)
    } else if (!setOption(options, name as (typeof optionNames)[number], value)) {
      report(
        'upstream-option-value',
        `the value of ${name} is not allowed; allowed is ${allowed[name as keyof typeof allowed]}`,
      )
    }
  }
  return options
}

const allowed = {
  tls: 'required, opportunistic or off',
  verify: 'on or off',
  name: 'a host name or an address literal',
  connections: `1 to ${connectionsPerUpstreamMax}`,
  mails: `1 to ${mailsPerConnectionLimitMax}`,
  id: 'up to 64 letters, digits, dots, colons and hyphens',
}

function setOption(options: Options, name: (typeof optionNames)[number], value: string): boolean {
  switch (name) {
    case 'tls':
      if (value !== 'required' && value !== 'opportunistic' && value !== 'off') return false
      options.tls = value
      return true
    case 'verify':
      options.verify = value === 'on'
      return value === 'on' || value === 'off'
    case 'name':
      options.name = value
      return hostName.test(value) || /^\[[0-9a-fA-F:.IPv]+\]$/.test(value)
    case 'connections':
      options.connections = Number(value)
      return isCount(value, connectionsPerUpstreamMax)
    case 'mails':
      options.mails = Number(value)
      return isCount(value, mailsPerConnectionLimitMax)
    case 'id':
      options.id = value
      return upstreamId.test(value)
  }
}

function isCount(text: string, max: number): boolean {
  return /^[1-9]\d{0,8}$/.test(text) && Number(text) <= max
}

/** Whether a host written so is this machine, without asking a resolver. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

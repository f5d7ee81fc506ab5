import dns from 'node:dns'
import net from 'node:net'
import ipaddr from 'ipaddr.js'
import { Agent, request } from 'undici'

/** What may be reached besides public HTTPS addresses; for tests and for closed networks, by explicit setting only. */
export type ReachAllowance = { http?: boolean; loopback?: boolean; private?: boolean }

export type OutgoingRequest = {
  url: string
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string | Buffer
  allow?: ReachAllowance
  msMax?: number
  responseBytesMax?: number
  /** For tests: what a name resolves to, in place of the system's resolver. */
  resolve?: (host: string) => Promise<string[]>
}

export type OutgoingAnswer =
  /** `body` is cut off at `responseBytesMax`. Redirects are answers like any other. */
  | { status: 'answered'; code: number; headers: Record<string, string | string[] | undefined>; body: Buffer }
  /** Not sent, and it would not be sent the next time either, unless settings or DNS change. */
  | {
      status: 'blocked'
      reason: 'not-an-address' | 'scheme' | 'credentials-in-address' | 'port' | 'address-not-public'
    }
  /** Surely not received by the other side: no name, no connection, no TLS. */
  | { status: 'unreachable'; reason: string }
  /** It may have been received. */
  | { status: 'unknown'; reason: 'timeout' | 'lost' }

export const outgoingMsMax = 15_000
export const responseBytesMaxDefault = 64 * 1024
/** Below 1024 only the web's own ports: a request line sent to a mail server is a mail command to some. */
const webPorts = new Set([80, 443])
const privilegedPortMax = 1023

class AddressNotPublic extends Error {
  override readonly name = 'AddressNotPublic'
}

/**
 * The one way out to addresses that someone else chose (webhooks, key sets, certificates). Only https to public unicast addresses; the
 * address that was checked is the address that is connected to, so that a second answer of the resolver cannot slip in; no redirects, no
 * decompression, a limit on time and bytes.
 */
export async function outgoing(wanted: OutgoingRequest): Promise<OutgoingAnswer> {
  const agent = agentFor(wanted, { pipelining: 0 })
  try {
    return await send(wanted, agent)
  } finally {
    // An answer that was cut off must not keep its connection.
    void agent.destroy()
  }
}

/** How long connections of a line may serve before the name is resolved and checked again. */
export const lineMsMax = 60_000
/** A connection without a request is closed after this time; a receiver that names a shorter one is believed. */
const lineIdleMsMax = 4000

export type LineOptions = Pick<OutgoingRequest, 'allow' | 'resolve' | 'msMax'> & {
  connectionsMax: number
  /** In ms, monotone. */
  now?: () => number
}

/**
 * `outgoing` over connections that are kept: as strict, for the name is resolved and checked for each new connection, and no connection takes
 * requests for longer than `lineMsMax` after the line last began anew. An answer beyond `responseBytesMax` costs its connection.
 */
export class Line {
  readonly #options: LineOptions
  readonly #now: () => number
  #agent: Agent
  #beganAt: number

  constructor(options: LineOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#agent = this.#begin()
    this.#beganAt = this.#now()
  }

  ask(wanted: Omit<OutgoingRequest, 'allow' | 'resolve'>): Promise<OutgoingAnswer> {
    if (this.#now() - this.#beganAt >= lineMsMax) this.#beginAnew()
    const { allow = {}, msMax = outgoingMsMax } = this.#options
    return send({ msMax, ...wanted, allow }, this.#agent)
  }

  /** Requests under way end as `unknown`. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  #begin(): Agent {
    const { connectionsMax } = this.#options
    const idle = { keepAliveTimeout: lineIdleMsMax, keepAliveMaxTimeout: lineIdleMsMax }
    return agentFor(this.#options, { pipelining: 1, connections: connectionsMax, ...idle })
  }

  #beginAnew(): void {
    void this.#agent.close() // When its last request has ended, which `msMax` bounds.
    this.#agent = this.#begin()
    this.#beganAt = this.#now()
  }
}

function agentFor(wanted: Pick<OutgoingRequest, 'allow' | 'resolve' | 'msMax'>, options: Agent.Options): Agent {
  return new Agent({
    connect: { lookup: pinnedLookup(wanted) as never, timeout: wanted.msMax ?? outgoingMsMax },
    maxHeaderSize: 16 * 1024,
    ...options,
  })
}

async function send(wanted: OutgoingRequest, agent: Agent): Promise<OutgoingAnswer> {
  const checked = checkUrl(wanted.url, wanted.allow ?? {})
  if (!(checked instanceof URL)) return checked
  try {
    return await ask(checked, wanted, agent)
  } catch (error) {
    return failure(error as NodeJS.ErrnoException)
  }
}

async function ask(url: URL, wanted: OutgoingRequest, dispatcher: Agent): Promise<OutgoingAnswer> {
  const { statusCode, headers, body } = await request(url, {
    method: wanted.method ?? 'GET',
    ...(wanted.headers && { headers: wanted.headers }),
    ...(wanted.body !== undefined && { body: wanted.body }),
    dispatcher,
    signal: AbortSignal.timeout(wanted.msMax ?? outgoingMsMax),
  })
  const max = wanted.responseBytesMax ?? responseBytesMaxDefault
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk as Buffer)
    length += (chunk as Buffer).length
    if (length >= max) break
  }
  return { status: 'answered', code: statusCode, headers, body: Buffer.concat(chunks).subarray(0, max) }
}

function checkUrl(text: string, allow: ReachAllowance): URL | OutgoingAnswer {
  if (!URL.canParse(text)) return { status: 'blocked', reason: 'not-an-address' }
  const url = new URL(text)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allow.http))
    return { status: 'blocked', reason: 'scheme' }
  if (url.username !== '' || url.password !== '') return { status: 'blocked', reason: 'credentials-in-address' }
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  if (port <= privilegedPortMax && !webPorts.has(port)) return { status: 'blocked', reason: 'port' }
  // URL has turned decimal, octal and hexadecimal spellings of an IPv4 address into the usual one.
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (net.isIP(literal) && !isReachable(literal, allow)) return { status: 'blocked', reason: 'address-not-public' }
  return url
}

/** Whether an IP address may be connected to. IPv4 within IPv6 counts as what it is within. */
export function isReachable(address: string, allow: ReachAllowance = {}): boolean {
  if (!ipaddr.isValid(address)) return false
  const range = ipaddr.process(address).range()
  if (range === 'unicast') return true
  if (range === 'loopback') return allow.loopback === true
  return (range === 'private' || range === 'uniqueLocal') && allow.private === true
}

type LookupCallback = (error: Error | null, addresses: { address: string; family: number }[]) => void

/** One address that must not be reached spoils them all: whoever mixes them is trying something. */
function pinnedLookup({ allow = {}, resolve = resolveBySystem }: Pick<OutgoingRequest, 'allow' | 'resolve'>) {
  return (host: string, _options: unknown, callback: LookupCallback): void => {
    resolve(host).then(
      addresses => {
        const safe = addresses.length > 0 && addresses.every(address => isReachable(address, allow))
        if (!safe) callback(new AddressNotPublic('the name has an address that is not public'), [])
        else
          callback(
            null,
            addresses.map(address => ({ address, family: net.isIP(address) })),
          )
      },
      (error: Error) => callback(error, []),
    )
  }
}

async function resolveBySystem(host: string): Promise<string[]> {
  return (await dns.promises.lookup(host, { all: true })).map(found => found.address)
}

/** Failures before anything of the request can have left. */
const notSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'EPROTO',
])

function failure(error: NodeJS.ErrnoException): OutgoingAnswer {
  const cause = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error
  if (cause.name === 'AddressNotPublic') return { status: 'blocked', reason: 'address-not-public' }
  if (notSent.has(cause.code ?? '')) return { status: 'unreachable', reason: cause.code! }
  return { status: 'unknown', reason: cause.name === 'TimeoutError' ? 'timeout' : 'lost' }
}

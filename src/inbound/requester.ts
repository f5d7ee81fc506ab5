import { categories, type Requester } from '../core/events.ts'
import { type Hash64, low } from '../std/hash64.ts'
import { networkOf, parseIp } from '../std/ip.ts'

// Who asked, as far as the tier that saw it says so. Addresses, devices and agents are personal: what goes on from here are keyed hashes and
// one of 32 categories each.

/** As reported, checked by `requesterFault`. */
export type ReportedRequester = { ip?: string; asn?: number; device?: string; agent?: string }

export type RequesterFault =
  | 'event.requester'
  | 'event.ip'
  | 'event.asn'
  | 'event.device'
  | 'event.session'
  | 'event.agent'

type Fields = Record<string, unknown>

const deviceLengthMax = 512
const agentLengthMax = 2048
const asnMax = 0xffff_ffff

const isShort = (value: unknown, lengthMax: number): boolean =>
  value === undefined || (typeof value === 'string' && value !== '' && value.length <= lengthMax)

/** The first fault of what an event says about its requester. A field that is absent is no fault. */
export function requesterFault({ ip, asn, device, session, agent }: Fields): RequesterFault | undefined {
  if (ip !== undefined && !(typeof ip === 'string' && parseIp(ip))) return 'event.ip'
  if (asn !== undefined && asnOf(asn) === undefined) return 'event.asn'
  if (!isShort(device, deviceLengthMax)) return 'event.device'
  if (!isShort(session, deviceLengthMax)) return 'event.session'
  if (agent !== undefined && !(typeof agent === 'string' && agent.length <= agentLengthMax)) return 'event.agent'
  return undefined
}

/** What the fields say that have no fault; `undefined` when they say nothing. */
export function readRequester({ ip, asn, device, agent }: Fields): ReportedRequester | undefined {
  const requester: ReportedRequester = {}
  if (ip !== undefined) requester.ip = ip as string
  if (asn !== undefined) requester.asn = asnOf(asn)!
  if (device !== undefined) requester.device = device as string
  if (agent !== undefined && agent !== '') requester.agent = agent as string
  return Object.keys(requester).length === 0 ? undefined : requester
}

/** The number of an autonomous system, as a number or written like `AS64496` (RFC 5396 asplain). */
function asnOf(value: unknown): number | undefined {
  const asn = typeof value === 'string' && /^(?:AS)?\d{1,10}$/i.test(value) ? Number(value.replace(/^AS/i, '')) : value
  return Number.isInteger(asn) && (asn as number) >= 0 && (asn as number) <= asnMax ? (asn as number) : undefined
}

type Hash = (domain: string, text: string) => Hash64

const categoryOf = (hash: Hash64): number => low(hash) % categories

/** One of 32 categories for the build or service that sends. */
export const buildCategory = (hash: Hash, build: string): number => categoryOf(hash('build', build))

/** `network` is that of the address, else the autonomous system; its class is that of the system, which has many networks, where it is known. */
export function requesterFacts(hash: Hash, { ip, asn, device, agent }: ReportedRequester): Requester {
  const facts: Requester = {}
  const address = ip === undefined ? undefined : parseIp(ip)
  const system = asn === undefined ? undefined : hash('network', `AS${asn}`)
  const network = address ? hash('network', networkOf(address)) : system
  if (network) {
    facts.network = network
    facts.networkClass = categoryOf(system ?? network)
  }
  if (agent !== undefined) facts.agent = categoryOf(hash('agent', agentKind(agent)))
  if (device !== undefined) facts.device = hash('device', device)
  return facts
}

/** In order: who names one of the first names one behind it as well. */
const platforms = ['windows', 'android', 'iphone', 'ipad', 'macintosh', 'cros', 'x11', 'linux']

/**
 * A user agent (RFC 9110 §10.1.5) by its products and its platform: no versions, and no model of a phone, so that an update or another phone of
 * the same make is no new kind of agent. In one pass: agents are whatever a stranger sends.
 */
export function agentKind(agent: string): string {
  let outside = ''
  let inside = ''
  let depth = 0
  for (const sign of agent.toLowerCase()) {
    if (sign === '(') depth++
    else if (sign === ')') depth = Math.max(depth - 1, 0)
    else if (depth > 0) inside += sign
    else outside += sign
  }
  const platform = platforms.find(name => inside.includes(name)) ?? ''
  const products = outside.split(' ').map(token => token.split('/', 1)[0]!.replace(/[\d.]/g, ''))
  return `${products.filter(name => name !== '').join(' ')} ${platform}`
}

import { isIP } from 'node:net'
import { categories, type Requester } from '../core/events.ts'
import { type Hash64, high } from '../std/hash64.ts'

/** Who asked, as the web tier says it. All of it is for detectors: what cannot be read is left out, and nothing is refused for it. */
export type RequesterSeen = { ip?: string; asn?: string; device?: string; agent?: string }

type Hashing = { hash(domain: string, text: string): Hash64 }

const textLengthMax = 512

/** `ip`, `asn`, `device` and `agent` of an event's data, as far as they are there and are texts (an ASN may be a number). */
export function requesterSeen(data: Record<string, unknown>): RequesterSeen | undefined {
  const { ip, asn, device, agent } = data
  const seen: RequesterSeen = {}
  if (typeof ip === 'string') seen.ip = ip
  if (typeof asn === 'string' || typeof asn === 'number') seen.asn = String(asn)
  if (typeof device === 'string') seen.device = device
  if (typeof agent === 'string') seen.agent = agent
  for (const text of Object.values(seen)) if (text === '' || text.length > textLengthMax) return undefined
  return Object.keys(seen).length === 0 ? undefined : seen
}

export function requesterOf(gateway: Hashing, { ip, asn, device, agent }: RequesterSeen): Requester {
  const requester: Requester = {}
  const network = (ip === undefined ? undefined : networkOf(ip)) ?? (asn === undefined ? undefined : `as ${asn}`)
  if (network !== undefined) requester.network = gateway.hash('network', network)
  if (asn !== undefined) requester.networkClass = categoryOf(gateway.hash('asn', asn))
  // Programs are told apart, not their versions, which change every few weeks.
  if (agent !== undefined) requester.agent = categoryOf(gateway.hash('agent', agent.replace(/[0-9._]+/g, '')))
  if (device !== undefined) requester.device = gateway.hash('device', device)
  return requester
}

/** One of 32 by the upper bits of a hash. */
export const categoryOf = (hash: Hash64): number => high(hash) >>> (32 - Math.log2(categories))

/** What one subscriber usually has: the /24 of an IPv4 address, the /48 of an IPv6 one. `undefined` when it is no address. */
function networkOf(ip: string): string | undefined {
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1] ?? ip
  const version = isIP(plain)
  if (version === 4) return plain.slice(0, plain.lastIndexOf('.'))
  if (version !== 6) return undefined
  const [head = ''] = plain.split('%')
  const [before = '', behind] = head.split('::')
  const groups = before === '' ? [] : before.split(':')
  const rest = behind === undefined || behind === '' ? [] : behind.split(':')
  if (behind !== undefined) while (groups.length + rest.length < 8) groups.push('0')
  return [...groups, ...rest]
    .slice(0, 3)
    .map(group => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')
}

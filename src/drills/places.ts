import type { Random } from '../std/random.ts'

/** From where and with what somebody asks: the `requester` of a reset, and the origin of a sign-in. */
export type Requester = { ip: string; asn: number; device?: string; session?: string; agent: string }

// Addresses that RFC 3849 keeps for documentation, autonomous systems that RFC 6996 keeps for private use.
const firstAsn = 4_200_000_000
const attackersAsn = firstAsn + 50_000

/** Shares of the browsers that people use; the last is the product's own application. */
const agents = [
  'Chrome/143 (Android)',
  'Safari/26 (iOS)',
  'Chrome/143 (Windows)',
  'Safari/26 (macOS)',
  'Firefox/146 (Windows)',
  'Edge/143 (Windows)',
  'Firefox/146 (Linux)',
  'App/412 (Android)',
  'App/412 (iOS)',
]
const agentShares = [22, 20, 17, 8, 5, 8, 2, 10, 8]

const accessNetworks = 400
const networksOfARegion = 12

export const anyAgent = (random: Random): string => agents[random.weighted(agentShares)]!

/** Somebody at home or on the way: few networks serve many people, many serve a few. */
export function anybody(random: Random): Requester {
  const skewed = random.uniform() * random.uniform()
  return requesterIn(Math.floor(skewed * accessNetworks), random)
}

/** Somebody in one region: a handful of its own networks. */
export const somebodyRegional = (random: Random): Requester => requesterIn(random.integer(0, networksOfARegion), random)

/** Whether the address is in the region of `somebodyRegional`. */
export const isRegional = ({ asn }: Requester): boolean => asn < firstAsn + networksOfARegion

function requesterIn(network: number, random: Random): Requester {
  const subscriber = random.integer(0, 0x1_0000)
  return { ip: `2001:db8:${hex(network)}:${hex(subscriber)}::1`, asn: firstAsn + network, agent: anyAgent(random) }
}

/** The attackers' networks by number: each a /64 of its own, twenty of them to an autonomous system. */
export function attackerIn(network: number, agent: string): Requester {
  const system = Math.floor(network / 20)
  const upper = 0x4000 + Math.floor(network / 0x1_0000)
  return { ip: `2001:db8:${hex(upper)}:${hex(network % 0x1_0000)}::bad`, asn: attackersAsn + system, agent }
}

const hex = (value: number): string => value.toString(16)

import type { Random } from '../std/random.ts'

/** From where and with what somebody asks: the `requester` of a reset, and the origin of a sign-in. */
export type Requester = { ip: string; asn: number; device?: string; session?: string; agent: string }

// Addresses that RFC 9637 keeps for documentation, autonomous systems that RFC 6996 keeps for private use. Networks are /48s: that is what an
// access provider's region, or an attacker's hosting, is told apart by.
const firstAsn = 4_200_000_000
const attackersAsn = firstAsn + 50_000
const attackersBlock = 0x800

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

const systems = 400
const systemsOfARegion = 12

export const anyAgent = (random: Random): string => agents[random.weighted(agentShares)]!

/** Where the people of a service are. The larger the service, the more networks they come from. */
export class Places {
  readonly #networksOfASystem: number

  constructor(perMinute: number) {
    this.#networksOfASystem = Math.min(0x1_0000, Math.max(24, Math.ceil(perMinute / 2)))
  }

  /** Somebody at home or on the way: few autonomous systems serve many people, many serve a few. */
  anybody(random: Random): Requester {
    return this.#somebodyAt(Math.floor(random.uniform() * random.uniform() * systems), random)
  }

  /** Somebody in one region, which has a handful of the systems. */
  somebodyRegional(random: Random): Requester {
    return this.#somebodyAt(random.integer(0, systemsOfARegion), random)
  }

  #somebodyAt(system: number, random: Random): Requester {
    const network = `3fff:${hex(system)}:${hex(random.integer(0, this.#networksOfASystem))}`
    const ip = `${network}:${hex(random.integer(0, 0x1_0000))}::1`
    return { ip, asn: firstAsn + system, agent: anyAgent(random) }
  }
}

/** Whether somebody is in the region of `somebodyRegional`. */
export const isRegional = ({ asn }: Requester): boolean => asn < firstAsn + systemsOfARegion

/** The attackers' networks by number, below 2^26: twenty of them to an autonomous system. */
export function attackerIn(network: number, agent: string): Requester {
  const block = attackersBlock + Math.floor(network / 0x1_0000)
  const ip = `3fff:${hex(block)}:${hex(network % 0x1_0000)}::1`
  return { ip, asn: attackersAsn + Math.floor(network / 20), agent }
}

const hex = (value: number): string => value.toString(16)

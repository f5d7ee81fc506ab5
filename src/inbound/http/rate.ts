import { networkOf, parseIp } from '../../std/ip.ts'

/** A bucket of questions: `burst` at once, `perSecond` again after that. */
export type Allowance = { burst: number; perSecond: number }

/** As many networks are known at a time; one that is forgotten begins with a full bucket, and the allowance of all still holds. */
const networksMax = 20_000

type Bucket = { left: number; at: number }

/**
 * How often the public may ask: each network so often, and all of them together. Memory is bounded. This machine has only the allowance of all,
 * for a proxy here stands for the whole world.
 */
export class Rate {
  readonly #each: Allowance
  readonly #all: Allowance
  readonly #networks = new Map<string, Bucket>()
  readonly #total: Bucket

  constructor({ each, all }: { each: Allowance; all: Allowance }) {
    this.#each = each
    this.#all = all
    this.#total = { left: all.burst, at: 0 }
  }

  /** Takes one, or `weight`, from both buckets, or from none. `now` in ms. */
  take(address: string, now: number, weight = 1): boolean {
    const network = askingNetwork(address)
    refill(this.#total, this.#all, now)
    if (this.#total.left < weight) return false
    if (network !== undefined && !this.#takeOf(network, now, weight)) return false
    this.#total.left -= weight
    return true
  }

  #takeOf(network: string, now: number, weight: number): boolean {
    const bucket = this.#networks.get(network) ?? { left: this.#each.burst, at: now }
    this.#networks.delete(network)
    if (this.#networks.size >= networksMax) this.#networks.delete(this.#networks.keys().next().value!)
    this.#networks.set(network, bucket)
    refill(bucket, this.#each, now)
    if (bucket.left < weight) return false
    bucket.left -= weight
    return true
  }
}

function refill(bucket: Bucket, { burst, perSecond }: Allowance, now: number): void {
  const passed = Math.max(0, now - bucket.at)
  bucket.left = Math.min(burst, bucket.left + (passed * perSecond) / 1000)
  bucket.at = now
}

/** The /24 or /48 of an address; `undefined` for this machine. What is no address is one network of its own. */
function askingNetwork(address: string): string | undefined {
  if (/^(?:127\.|::1$|::ffff:127\.)/.test(address)) return undefined
  const ip = parseIp(address)
  return ip ? networkOf(ip) : 'none'
}

/**
 * Who asks: the peer, or whom a trusted proxy names. Of the list in `X-Forwarded-For` the last that is no trusted proxy counts, for everything before
 * it may have been made up.
 */
export function askerOf(
  peer: string,
  forwardedFor: string | undefined,
  isTrustedProxy: (address: string) => boolean,
): string {
  let asker = peer
  for (const named of (forwardedFor ?? '').slice(-1000).split(',').reverse()) {
    if (!isTrustedProxy(asker)) return asker
    const address = named.trim()
    if (address === '') return asker
    asker = address
  }
  return asker
}

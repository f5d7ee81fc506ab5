import type { MessageId } from '../../core/events.ts'
import { type Hash64, hash64 } from '../../std/hash64.ts'

// Hashing for replays: no secret and no bytes, so ten times as fast as the keyed hash of an installation. Whoever writes a trace could make two
// accounts collide; the harm is a wrong figure in a replay of one's own file.

/** The upper and the lower 32 bits of the last `hashWords`: an object for each would be most of the cost. */
export const words = { high: 0, low: 0 }

/** Two words of state, each multiplied and folded for each character: as cyrb53 (bryc, public domain), with the whole 64 bits kept. */
export function hashWords(domain: string, text: string): void {
  const seed = seeds.get(domain) ?? seedOf(domain)
  let { high, low } = seed
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    high = Math.imul(high ^ code, 0x9e3779b1)
    low = Math.imul(low ^ code, 0x5f356495)
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)
  words.high = (high ^ (high >>> 16)) >>> 0
  words.low = (low ^ (low >>> 16)) >>> 0
}

const seeds = new Map<string, { high: number; low: number }>()

function seedOf(domain: string): { high: number; low: number } {
  let high = 0x6c62272e
  let low = 0x07bb0142
  for (let i = 0; i < domain.length; i++) {
    high = Math.imul(high ^ domain.charCodeAt(i), 0x01000193)
    low = Math.imul(low + domain.charCodeAt(i), 0x85ebca6b)
  }
  const seed = { high, low }
  seeds.set(domain, seed)
  return seed
}

/** A hash of a text in a domain of its own, under a key that everybody knows. */
export function hash(domain: string, text: string): Hash64 {
  hashWords(domain, text)
  return hash64(words.high, words.low)
}

const version = 0x7000
const variant = 0x8000

/** An id in the form of UUIDv7 (RFC 9562 §5.7) out of the instant and the identity of an event, so that the same file gives the same ids. */
export function messageIdOf(at: number, source: string, eventId: string): MessageId {
  const ms = Math.max(0, at)
  hashWords('order', source)
  const { high: order } = words
  hashWords('message', eventId)
  const { high, low } = words
  const time = hash64(Math.floor(ms / 0x1_0000), ((ms & 0xffff) << 16) | version | ((order ^ (low >>> 7)) & 0xfff))
  const rest = hash64(((variant | (high >>> 18)) << 16) | ((order ^ high) & 0xffff), (low ^ (order >>> 12)) >>> 0)
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-${time.slice(12)}-${rest.slice(0, 4)}-${rest.slice(4)}` as MessageId
}

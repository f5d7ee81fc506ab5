import type { MessageId } from '../../core/events.ts'
import { type Hash64, hash64 } from '../../std/hash64.ts'

// Hashing for replays: no secret and no bytes, so ten times as fast as the keyed hash of an installation. Whoever writes a trace could make two
// accounts collide; the harm is a wrong figure in a replay of one's own file.

/** Two words of state, each multiplied and folded for each character: as cyrb53 (bryc, public domain), with the whole 64 bits kept. */
function hashFrom(seedHigh: number, seedLow: number, text: string): Hash64 {
  let high = seedHigh
  let low = seedLow
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    high = Math.imul(high ^ code, 0x9e3779b1)
    low = Math.imul(low ^ code, 0x5f356495)
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)
  return hash64((high ^ (high >>> 16)) >>> 0, (low ^ (low >>> 16)) >>> 0)
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
  const { high, low } = seeds.get(domain) ?? seedOf(domain)
  return hashFrom(high, low, text)
}

/** An id in the form of UUIDv7 (RFC 9562 §5.7) out of the instant and the identity of an event, so that the same file gives the same ids. */
export function messageIdOf(at: number, source: string, eventId: string): MessageId {
  const time = Math.max(0, at).toString(16).padStart(12, '0')
  const digits = hash('message', `${source}\0${eventId}`)
  const order = hash('order', eventId)
  const variant = '89ab'[order.charCodeAt(3) & 3]!
  return `${time.slice(0, 8)}-${time.slice(8)}-7${order.slice(0, 3)}-${variant}${digits.slice(0, 3)}-${digits.slice(4)}` as MessageId
}

import { type Hash64, high, low } from '../std/hash64.ts'
import { Table } from '../std/table.ts'
import type { RequesterPolicy } from './policy.ts'

/**
 * How often each network asks from unknown places. What comes from a network that asks far more than its usual is held first, before it
 * counts against anything that others need: an attacker can thus stop his own requests and nobody else's. A row has 24 bytes: key 2, the
 * hour 1, requests in it 1, its usual (requests in the busiest hour before this one, halved each idle day) 1, first seen (h) 1.
 */
const rowWords = 6
const hourWord = 2
const requests = 3
const usual = 4
const firstSeen = 5

export type Networks = Table

export const newNetworks = (): Networks => new Table('networks', { rowWords, shardBits: 8 })

const hours = (at: number): number => Math.floor(at / 3_600_000)

/** What is known of a network before the request that is looked at. */
export type Requesting = { requests: number; usual: number; isNew: boolean }

export function requestingOf(networks: Networks, network: Hash64, now: number): Requesting {
  const at = networks.find(high(network), low(network))
  if (at < 0) return { requests: 0, usual: 0, isNew: true }
  const { words } = networks
  const hour = hours(now)
  return {
    requests: words[at + hourWord] === hour ? words[at + requests]! : 0,
    usual: usualIn(words, at, hour),
    isNew: false,
  }
}

/** While a lane is pressed, by more requests than half of its budget, each network has a small share. */
export function requestsMax(
  { perHour, pressedPerHour, timesUsual }: RequesterPolicy,
  usualHour: number,
  pressed: boolean,
): number {
  return Math.max(pressed ? pressedPerHour : perHour, usualHour * timesUsual)
}

/**
 * What a network asks for beyond its share is not counted, and so does not become its usual. What becomes usual is little on the first day and at
 * most doubles each day: an attacker would have to wait.
 */
export function countRequest(
  networks: Networks,
  network: Hash64,
  { now, perHourMax }: { now: number; perHourMax: number },
): void {
  if (networks.size >= rowsMax && networks.find(high(network), low(network)) < 0) return
  const at = networks.insert(high(network), low(network))
  const { words } = networks
  const hour = hours(now)
  if (words[at + firstSeen] === 0) words[at + firstSeen] = hour
  if (words[at + hourWord] !== hour) {
    words[at + usual] = usualIn(words, at, hour)
    words[at + hourWord] = hour
    words[at + requests] = 0
  }
  if (words[at + requests]! <= perHourMax) words[at + requests]! += 1
}

/** As the hour begins: the busiest hour before it, halved for each idle day. */
function usualIn(words: Uint32Array, at: number, hour: number): number {
  const last = words[at + hourWord]!
  if (last === hour) return words[at + usual]!
  const idleDays = Math.max(0, Math.floor((hour - last) / 24))
  const before = idleDays > 30 ? 0 : words[at + usual]! >>> idleDays
  const age = Math.min(doublingsMax, Math.max(0, Math.floor((hour - words[at + firstSeen]!) / 24)))
  return Math.max(before, Math.min(words[at + requests]!, usualOnFirstDayMax << age))
}

/** Some 30 MB. Networks beyond that are not counted: who can make up so many is bounded by the budget of the lane. */
const rowsMax = 1_000_000

const usualOnFirstDayMax = 10
const doublingsMax = 20

/** A network that was silent for this long is new again. */
const daysKept = 7

export const sweepNetworks = (networks: Networks, shard: number, now: number): number =>
  networks.sweep(shard, (words, at) => hours(now) - words[at + hourWord]! > daysKept * 24)

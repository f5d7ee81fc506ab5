import { describe, expect, it } from 'vitest'
import { type Hash64, nameHash } from '../std/hash64.ts'
import { freshPolicy } from './policy.ts'
import { countRequest, type Networks, newNetworks, requestingOf, requestsMax } from './requesters.ts'

const hour = 3_600_000
const day = 24 * hour
const t0 = 500_000 * hour
const network = nameHash('network')

/** Asks so often in one hour; how many were within the share. */
function ask(networks: Networks, times: number, now: number, from: Hash64 = network): number {
  let within = 0
  for (let n = 0; n < times; n++) {
    const { requests, usual } = requestingOf(networks, from, now)
    const perHourMax = requestsMax(freshPolicy().requesters, usual, false)
    if (requests < perHourMax) within++
    countRequest(networks, from, { now, perHourMax })
  }
  return within
}

describe('the share of a network', () => {
  it.each<[string, [times: number, at: number][], number]>([
    ['that nobody knows', [], 20],
    ['that asked ten times in the hour before', [[10, -hour]], 80],
    ['that asked for far more on its first day', [[5000, -hour]], 80],
    [
      'that is known for a day, and asked for far more in the hour before',
      [
        [1, -25 * hour],
        [5000, -hour],
      ],
      160,
    ],
    [
      'that went as far as it could, hour by hour of its second day',
      [[1, -30 * hour], ...[-5, -4, -3, -2, -1].map((h): [number, number] => [5000, h * hour])],
      160,
    ],
    [
      'that is known for four days, with a hundred an hour',
      [
        [1, -4 * day],
        [100, -2 * hour],
        [100, -hour],
      ],
      800,
    ],
    [
      'that has been asking more each day',
      [
        [10, -4 * day],
        [40, -2 * day],
        [80, -hour],
      ],
      640,
    ],
  ])('%s', (_, before, share) => {
    const networks = newNetworks()
    for (const [times, at] of before) ask(networks, times, t0 + at)
    expect(ask(networks, 6000, t0)).toBe(share)
  })
})

import { isIPv6 } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Random } from '../std/random.ts'
import { anybody, attackerIn, isRegional, somebodyRegional } from './places.ts'

const seed = 11
const random = new Random(seed)
const networkOf = (ip: string): string => ip.split('::')[0]!

describe(`places, seed ${seed}`, () => {
  const people = Array.from({ length: 5000 }, () => anybody(random))

  it('of people are diverse, in documentation addresses and private autonomous systems', () => {
    expect(people.filter(({ ip, asn }) => !isIPv6(ip) || !ip.startsWith('2001:db8:') || asn < 4_200_000_000)).toEqual(
      [],
    )
    expect(new Set(people.map(({ ip }) => networkOf(ip))).size).toBeGreaterThan(4900)
    expect(new Set(people.map(({ asn }) => asn)).size).toBeGreaterThan(300)
    expect(new Set(people.map(({ agent }) => agent)).size).toBeGreaterThan(5)
  })

  it('of a region are few systems, and count as the region', () => {
    const regional = Array.from({ length: 500 }, () => somebodyRegional(random))
    expect(new Set(regional.map(({ asn }) => asn)).size).toBe(12)
    expect(regional.every(isRegional)).toBe(true)
    const share = people.filter(isRegional).length / people.length
    expect(share).toBeGreaterThan(0.02)
    expect(share).toBeLessThan(0.3)
  })

  it('of attackers are as many networks as there are, none of them where people are', () => {
    const attackers = Array.from({ length: 100_000 }, (_, i) => attackerIn(i, 'tool'))
    expect(new Set(attackers.map(({ ip }) => networkOf(ip))).size).toBe(attackers.length)
    expect(attackers.filter(({ ip }) => !isIPv6(ip)).length).toBe(0)
    const systems = new Set(people.map(({ asn }) => asn))
    expect(attackers.filter(({ asn }) => systems.has(asn))).toEqual([])
    expect(new Set(attackers.slice(0, 40).map(({ asn }) => asn)).size).toBe(2)
  })
})

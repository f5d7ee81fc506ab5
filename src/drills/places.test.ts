import { isIPv6 } from 'node:net'
import { describe, expect, it } from 'vitest'
import { networkOf, parseIp } from '../std/ip.ts'
import { Random } from '../std/random.ts'
import { attackerIn, isRegional, Places } from './places.ts'

const seed = 11
const random = new Random(seed)
const networksOf = (ips: readonly string[]): number => new Set(ips.map(ip => networkOf(parseIp(ip)!))).size
const ipsOf = (requesters: readonly { ip: string }[]): string[] => requesters.map(({ ip }) => ip)

describe(`places, seed ${seed}`, () => {
  const places = new Places(60)
  const people = Array.from({ length: 5000 }, () => places.anybody(random))

  it('of people are diverse, in documentation addresses and private autonomous systems', () => {
    const odd = people.filter(({ ip, asn }) => !isIPv6(ip) || !ip.startsWith('3fff:') || asn < 4_200_000_000)
    expect(odd).toEqual([])
    expect(networksOf(ipsOf(people))).toBeGreaterThan(2500)
    expect(networksOf(ipsOf(people))).toBeLessThan(4500)
    expect(new Set(people.map(({ asn }) => asn)).size).toBeGreaterThan(300)
    expect(new Set(people.map(({ agent }) => agent)).size).toBeGreaterThan(5)
  })

  it('are more where the service is larger', () => {
    const large = new Places(2000)
    const many = Array.from({ length: 5000 }, () => large.anybody(random))
    expect(networksOf(ipsOf(many))).toBeGreaterThan(4500)
  })

  it('of a region are few systems, and count as the region', () => {
    const regional = Array.from({ length: 500 }, () => places.somebodyRegional(random))
    expect(new Set(regional.map(({ asn }) => asn)).size).toBe(12)
    expect(regional.every(isRegional)).toBe(true)
    const share = people.filter(isRegional).length / people.length
    expect(share).toBeGreaterThan(0.05)
    expect(share).toBeLessThan(0.3)
  })

  it('of attackers are as many networks as there are, none of them where people are', () => {
    const attackers = Array.from({ length: 100_000 }, (_, i) => attackerIn(i, 'tool'))
    expect(networksOf(ipsOf(attackers))).toBe(attackers.length)
    expect(attackers.filter(({ ip }) => !isIPv6(ip))).toEqual([])
    expect(networksOf([...ipsOf(attackers), ...ipsOf(people)])).toBe(attackers.length + networksOf(ipsOf(people)))
    const systems = new Set(people.map(({ asn }) => asn))
    expect(attackers.filter(({ asn }) => systems.has(asn))).toEqual([])
    expect(new Set(attackers.slice(0, 40).map(({ asn }) => asn)).size).toBe(2)
  })
})

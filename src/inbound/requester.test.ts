import { describe, expect, it } from 'vitest'
import { type Hash64, nameHash } from '../std/hash64.ts'
import { requesterOf } from './requester.ts'

const gateway = { hash: (domain: string, text: string): Hash64 => nameHash(`${domain} ${text}`) }
const network = (seen: Parameters<typeof requesterOf>[1]) => requesterOf(gateway, seen).network

describe('the network of a requester', () => {
  it.each([
    ['192.0.2.1', '192.0.2.250'],
    ['192.0.2.1', '::ffff:192.0.2.9'],
    ['2001:db8:1:2::1', '2001:0db8:0001:ffff:1:2:3:4'],
    ['2001:db8::1', '2001:db8:0:9::'],
    ['2001:DB8::1', '2001:db8::2'],
    ['fe80::1%eth0', 'fe80::2'],
    ['::1', '0:0:0::2'],
  ])('%s and %s are of one', (a, b) => expect(network({ ip: a })).toBe(network({ ip: b })))

  it.each([
    ['192.0.2.1', '192.0.3.1'],
    ['2001:db8:1::1', '2001:db8:2::1'],
    ['192.0.2.1', '2001:db8::1'],
  ])('%s and %s are not', (a, b) => expect(network({ ip: a })).not.toBe(network({ ip: b })))

  it('is that of the number where there is no address, or none that can be read', () => {
    expect(network({ asn: '64500' })).toBe(network({ asn: '64500', ip: 'localhost' }))
    expect(network({ asn: '64500' })).not.toBe(network({ asn: '64501' }))
    expect(network({ device: 'd' })).toBeUndefined()
  })
})

describe('categories', () => {
  it('are 0 to 31, and the same for every version of a program', () => {
    const { agent, networkClass } = requesterOf(gateway, { agent: 'Firefox/128.0', asn: '64500' })
    expect(requesterOf(gateway, { agent: 'Firefox/129.0.1' }).agent).toBe(agent)
    const all = Array.from({ length: 500 }, (_, i) => requesterOf(gateway, { asn: `${i * 7919}` }).networkClass!)
    expect([Math.min(...all), Math.max(...all)]).toEqual([0, 31])
    expect(networkClass).toBeGreaterThanOrEqual(0)
  })
})

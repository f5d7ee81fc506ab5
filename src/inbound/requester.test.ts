import { describe, expect, it } from 'vitest'
import { categories } from '../core/events.ts'
import type { Hash64 } from '../std/hash64.ts'
import { siphash } from '../std/siphash.ts'
import { agentKind, readRequester, requesterFacts, requesterFault } from './requester.ts'

const key = new Uint32Array([1, 2, 3, 4])
const hash = (domain: string, text: string): Hash64 => siphash(key, Buffer.from(`${domain}\0${text}`))
const facts = (fields: Record<string, unknown>) => {
  expect(requesterFault(fields)).toBeUndefined()
  return requesterFacts(hash, readRequester(fields) ?? {})
}

describe('who asked', () => {
  it.each<[string, object, object]>([
    ['two addresses of a /24', { ip: '192.0.2.1' }, { ip: '192.0.2.200' }],
    ['IPv4 and the same mapped to IPv6', { ip: '192.0.2.1' }, { ip: '::ffff:192.0.2.1' }],
    ['two addresses of a /48', { ip: '2001:db8:1::1' }, { ip: '2001:db8:1:ffff::2' }],
    ['an address, whatever its system', { ip: '192.0.2.1', asn: 64496 }, { ip: '192.0.2.1', asn: 64497 }],
    ['a system, however it is written', { asn: 64496 }, { asn: 'AS64496' }],
  ])('%s: one network', (_, a, b) => {
    expect(facts({ ...a }).network).toBeDefined()
    expect(facts({ ...a }).network).toBe(facts({ ...b }).network)
  })

  it('tells networks, and networks of a system, apart', () => {
    const networks = [{ ip: '192.0.2.1' }, { ip: '198.51.100.1' }, { ip: '2001:db8:1::1' }, { asn: 1 }, { asn: 2 }]
    expect(new Set(networks.map(one => facts(one).network)).size).toBe(networks.length)
  })

  it('takes the class from the system where there is one, and keeps to the number of classes', () => {
    const one = facts({ ip: '192.0.2.1', asn: 64496 })
    expect(one.networkClass).toBe(facts({ ip: '203.0.113.9', asn: 64496 }).networkClass)
    for (let asn = 1; asn < 200; asn++) {
      const { networkClass, agent } = facts({ asn, agent: `tool${'x'.repeat(asn)}/1` })
      for (const category of [networkClass!, agent!]) {
        expect(Number.isInteger(category)).toBe(true)
        expect(category).toBeGreaterThanOrEqual(0)
        expect(category).toBeLessThan(categories)
      }
    }
  })

  it('has a hash of the device, and nothing of what was not said', () => {
    expect(facts({ device: 'd-1' })).toEqual({ device: hash('device', 'd-1') })
    expect(readRequester({})).toBeUndefined()
    expect(JSON.stringify(facts({ ip: '192.0.2.1', device: 'd-1', agent: 'curl/8' }))).not.toMatch(/192|d-1|curl/)
  })

  it.each<[object, string]>([
    [{ ip: 'home' }, 'event.ip'],
    [{ ip: '' }, 'event.ip'],
    [{ ip: 5 }, 'event.ip'],
    [{ ip: null }, 'event.ip'],
    [{ ip: '192.0.2.999' }, 'event.ip'],
    [{ ip: 'fe80::1%eth0' }, 'event.ip'],
    [{ asn: -1 }, 'event.asn'],
    [{ asn: 2 ** 32 }, 'event.asn'],
    [{ asn: 1.5 }, 'event.asn'],
    [{ asn: 'ASX' }, 'event.asn'],
    [{ device: '' }, 'event.device'],
    [{ device: 'x'.repeat(513) }, 'event.device'],
    [{ session: 7 }, 'event.session'],
    [{ agent: {} }, 'event.agent'],
    [{ agent: 'x'.repeat(2049) }, 'event.agent'],
  ])('%j is refused', (fields, code) => expect(requesterFault({ ...fields })).toBe(code))
})

describe('the kind of an agent', () => {
  const chrome = (version: number, platform: string) =>
    `Mozilla/5.0 (${platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`

  it.each<[string, string]>([
    [chrome(120, 'Windows NT 10.0; Win64; x64'), 'mozilla applewebkit chrome safari windows'],
    [chrome(121, 'Linux; Android 14; SM-S901B'), 'mozilla applewebkit chrome safari android'],
    [chrome(121, 'Linux; Android 13; Pixel 7'), 'mozilla applewebkit chrome safari android'],
    [chrome(121, 'X11; Linux x86_64'), 'mozilla applewebkit chrome safari x11'],
    ['curl/8.5.0', 'curl '],
    ['python-requests/2.31.0', 'python-requests '],
    ['Shop-App 5.1', 'shop-app '],
    ['', ' '],
  ])('%s', (agent, kind) => expect(agentKind(agent)).toBe(kind))

  it('takes no longer for a hostile one', () => {
    for (const sign of ['(', ')', '()', 'a', 'a/', '/', 'a.'])
      expect(agentKind(sign.repeat(Math.floor(2048 / sign.length))).length).toBeLessThan(5000)
  })
})

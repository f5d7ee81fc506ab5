import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { networkOf, parseIp } from './ip.ts'

const networkOfText = (text: string): string | undefined => {
  const ip = parseIp(text)
  return ip && networkOf(ip)
}

describe('the network of an address', () => {
  it.each<[string, string | undefined]>([
    ['192.0.2.1', '192.0.2.0/24'],
    ['192.0.2.255', '192.0.2.0/24'],
    ['255.255.255.255', '255.255.255.0/24'],
    ['::ffff:192.0.2.7', '192.0.2.0/24'],
    ['::FFFF:c000:0207', '192.0.2.0/24'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.0/24'],
    ['2001:db8:1:2::3', '2001:db8:1::/48'],
    ['2001:0DB8:0001:ffff:1:2:3:4', '2001:db8:1::/48'],
    ['::1', '0:0:0::/48'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0::/48'],
    ['::', '0:0:0::/48'],
    ['', undefined],
    ['192.0.2', undefined],
    ['192.0.2.1.', undefined],
    ['192.0.2.01', undefined],
    ['192.0.2.256', undefined],
    ['0xc0.0.2.1', undefined],
    ['3221225985', undefined],
    [' 192.0.2.1', undefined],
    ['192.0.2.1/24', undefined],
    ['192.0.2.1:80', undefined],
    [':::', undefined],
    ['1::2::3', undefined],
    ['1:2:3:4:5:6:7', undefined],
    ['1:2:3:4:5:6:7:8:9', undefined],
    ['1:2:3:4:5:6:7:8::', undefined],
    ['12345::', undefined],
    ['192.0.2.1::', undefined],
    ['fe80::1%eth0', undefined],
    ['[::1]', undefined],
    ['example.org', undefined],
  ])('%s is in %s', (text, network) => expect(networkOfText(text)).toBe(network))

  it('takes what the operating system takes, but for zones', () => {
    const sign = fc.constantFrom(...'0123456789abcdefF:.:.')
    const text = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.array(sign, { maxLength: 46 }).map(signs => signs.join('')),
      fc.tuple(fc.ipV6(), fc.ipV4()).map(([six, four]) => six.replace(/[^:]*$/, four)),
    )
    fc.assert(fc.property(text, given => (parseIp(given) !== undefined) === isIP(given) > 0))
  })
})

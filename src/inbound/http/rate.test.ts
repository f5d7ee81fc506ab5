import { describe, expect, it } from 'vitest'
import { askerOf, Rate } from './rate.ts'

const each = { burst: 3, perSecond: 1 }
const all = { burst: 10, perSecond: 5 }

describe('how often the public may ask', () => {
  it('is bounded for a network, and comes back with time', () => {
    const rate = new Rate({ each, all })
    const asked = (address: string, now: number) => rate.take(address, now)
    expect([1, 2, 3, 4].map(n => asked(`192.0.2.${n}`, 0))).toEqual([true, true, true, false])
    expect(asked('198.51.100.1', 0)).toBe(true)
    expect(asked('192.0.2.9', 1000)).toBe(true)
    expect(asked('192.0.2.9', 1000)).toBe(false)
    expect(asked('::ffff:192.0.2.9', 1000)).toBe(false)
  })

  it('takes the /48 of an IPv6 address for one network', () => {
    const rate = new Rate({ each, all })
    expect([1, 2, 3, 4].map(n => rate.take(`2001:db8:0:${n}::1`, 0))).toEqual([true, true, true, false])
  })

  it('is bounded for all together, this machine included', () => {
    const rate = new Rate({ each, all })
    const answers = Array.from({ length: 12 }, (_, n) => rate.take(n % 2 ? '127.0.0.1' : `10.0.${n}.1`, 0))
    expect(answers.filter(Boolean)).toHaveLength(10)
    expect(rate.take('127.0.0.1', 200)).toBe(true)
    expect(rate.take('::1', 200)).toBe(false)
  })

  it('lets this machine ask as often as all may: a proxy here stands for the world', () => {
    const rate = new Rate({ each, all })
    expect(Array.from({ length: 10 }, () => rate.take('127.0.0.1', 0))).not.toContain(false)
  })

  it('does not take from all what a network may not have', () => {
    const rate = new Rate({ each, all })
    for (let n = 0; n < 100; n++) rate.take('192.0.2.1', 0)
    expect(rate.take('127.0.0.1', 0)).toBe(true)
  })
})

describe('who asks', () => {
  const trusted = (address: string) => address.startsWith('10.')

  it.each([
    { peer: '192.0.2.1', forwarded: undefined, asker: '192.0.2.1' },
    { peer: '192.0.2.1', forwarded: '198.51.100.7', asker: '192.0.2.1' },
    { peer: '10.0.0.1', forwarded: '198.51.100.7', asker: '198.51.100.7' },
    { peer: '10.0.0.1', forwarded: '203.0.113.9, 198.51.100.7', asker: '198.51.100.7' },
    { peer: '10.0.0.1', forwarded: '203.0.113.9, 198.51.100.7, 10.0.0.2', asker: '198.51.100.7' },
    { peer: '10.0.0.1', forwarded: undefined, asker: '10.0.0.1' },
    { peer: '10.0.0.1', forwarded: '', asker: '10.0.0.1' },
    { peer: '10.0.0.1', forwarded: '198.51.100.7, ,', asker: '10.0.0.1' },
  ])('peer $peer, forwarded for $forwarded: $asker', ({ peer, forwarded, asker }) => {
    expect(askerOf(peer, forwarded, trusted)).toBe(asker)
  })
})

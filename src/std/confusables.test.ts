import { describe, expect, it } from 'vitest'
import { alphabetsIn, editDistance, skeleton } from './confusables.ts'

describe('what looks alike', () => {
  it.each([
    ['paypal', 'pаypаl'],
    ['example', 'exampIe'],
    ['example', 'examp1e'],
    ['example', 'ехаmрlе'],
    ['modern', 'rnodern'],
    ['google', 'g00gle'],
    ['google', 'gооgle'],
    ['wallet', 'vvallet'],
    ['cloud', 'doud'],
    ['example', 'éxämple'],
    ['example', 'exa\u200bmple'],
    ['apple', 'аррӏе'],
    ['a-b.c', 'a\u2010b\u3002c'],
    ['example', 'ｅｘａｍｐｌｅ'],
  ])('%s and %s', (a, b) => {
    expect(a).not.toBe(b)
    expect(skeleton(a)).toBe(skeleton(b))
  })

  it.each([
    ['example', 'examples'],
    ['bank', 'tank'],
    ['пример', 'example'],
  ])('but not %s and %s', (a, b) => {
    expect(skeleton(a)).not.toBe(skeleton(b))
  })

  it('names the alphabets of a text', () => {
    expect(alphabetsIn('pаypal')).toEqual(['Latin', 'Cyrillic'])
    expect(alphabetsIn('пример-2')).toEqual(['Cyrillic'])
    expect(alphabetsIn('東京')).toEqual([])
  })
})

describe('how far texts are apart', () => {
  it.each([
    ['example', 'example', 0],
    ['example', 'exmaple', 1],
    ['example', 'exampl', 1],
    ['example', 'exxample', 1],
    ['example', 'exanple', 1],
    ['example', 'exanpel', 2],
    ['example', 'orange', 3],
    ['a'.repeat(70), 'a'.repeat(69), 3],
    ['', 'ab', 2],
  ])('%s and %s: %i', (a, b, distance) => {
    expect(editDistance(a, b, 2)).toBe(distance)
    expect(editDistance(b, a, 2)).toBe(distance)
  })
})

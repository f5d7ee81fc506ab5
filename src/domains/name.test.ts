import { describe, expect, it } from 'vitest'
import { domainName, isReserved } from './name.ts'

describe('the name of a domain', () => {
  it.each([
    ['Example.ORG.', 'example.org'],
    ['b\u00fccher.example', 'xn--bcher-kva.example'],
    ['_dmarc.example.org', '_dmarc.example.org'],
    ['localhost', undefined],
    ['192.0.2.1', undefined],
    ['0300.0.2.1', undefined],
    ['::1', undefined],
    ['user@example.org', undefined],
    ['https://example.org', undefined],
    ['example.org/x', undefined],
    ['a b.example', undefined],
    ['..', undefined],
    ['', undefined],
    [`${'a.'.repeat(200)}org`, undefined],
    [`${'a'.repeat(64)}.org`, undefined],
    ['-x.\u001b.org', undefined],
  ])('%j is %j', (text, then) => {
    expect(domainName(text)).toBe(then)
  })

  it.each([
    ['mail.localhost', true],
    ['x.test', true],
    ['printer.local', true],
    ['contest', false],
    ['mail.example.org', true],
    ['anexample.org', false],
  ])('%s is reserved: %s', (name, then) => {
    expect(isReserved(name)).toBe(then)
  })
})

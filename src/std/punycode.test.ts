import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseMailbox } from './mailbox.ts'
import { shownDomain } from './punycode.ts'

describe('a domain as it is shown', () => {
  it.each([
    ['example.org', 'example.org'],
    ['xn--bcher-kva.example', 'bücher.example'],
    ['xn--e1afmkfd.xn--p1ai', 'пример.рф'],
    ['xn--ls8h.example', '💩.example'],
    ['XN--BCHER-KVA.example', 'bücher.example'],
    ['xn--.example', 'xn--.example'],
    ['xn---.example', 'xn---.example'],
    ['xn--99999999999.example', 'xn--99999999999.example'],
    ['xn--a_b.example', 'xn--a_b.example'],
  ])('%s: %s', (domain, shown) => {
    expect(shownDomain(domain)).toBe(shown)
  })

  it('is what was encoded', () => {
    const letter = fc.constantFrom('a', 'z', '-', 'ä', 'é', 'я', '中', 'α', 'ا', '9')
    fc.assert(
      fc.property(fc.array(letter, { minLength: 1, maxLength: 20 }), letters => {
        const label = letters.join('')
        const parsed = parseMailbox(`a@${label}.example`)
        if (!parsed.ok) return
        expect(shownDomain(parsed.mailbox.domain)).toBe(`${label}.example`)
      }),
      { verbose: 1 },
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'z', '9', '0', '-', 'k'), maxLength: 60 }), text => {
        expect(typeof shownDomain(`xn--${text}`)).toBe('string')
      }),
      { verbose: 1 },
    )
  })
})

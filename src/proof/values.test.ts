import { describe, expect, it } from 'vitest'
import { realValues } from '../../test/real-values.ts'
import { type ActiveKind, activeIn, markupIn, phonesIn } from './values.ts'

const seed = 20_261_124

describe('values as people and devices have them', () => {
  it('are inert, 20,000 of them', () => {
    const values = realValues(seed, 20_000)
    const active = values.filter(value => activeIn(value).length > 0)
    console.log('seed', seed, 'distinct values', new Set(values).size)
    expect([...new Set(active)].slice(0, 20)).toEqual([])
    expect(new Set(values).size).toBeGreaterThan(14_000)
  })
})

describe('values that bring something along', () => {
  const hostile: [ActiveKind, string][] = [
    ['markup', '<b>x</b>'],
    ['markup', 'Pixel <a href="https://evil.example/x">Secure your account</a>'],
    ['markup', '<img src=x onerror=alert(1)>'],
    ['markup', '<script>alert(1)</script>'],
    ['markup', '</td></tr></table><h1>Call us'],
    ['markup', '<!-- '],
    ['markup', '<?xml'],
    ['markup', '<STYLE>*{display:none}'],
    ['markup', '<svg/onload=alert(1)>'],
    ['markup', '<a\thref=//evil.example>'],
    ['markup', '&lt;a href=x&gt;'],
    ['markup', '&#60;a href=x&#62;'],
    ['markup', '&#x3c;img src=x&#x3e;'],
    ['markup', '&amp;lt;script&amp;gt;'],
    ['markup', 'a<br>b'],
    ['markup', '<![endif]-->'],
    ['link', 'https://evil.com/login'],
    ['link', 'HTTPS://EVIL.COM'],
    ['link', 'hTtP://evil.com'],
    ['link', 'https:\\\\evil.com'],
    ['link', 'https:/\\evil.com'],
    ['link', '//evil.com/x'],
    ['link', '\\\\evil.com\\share'],
    ['link', 'http://2130706433/'],
    ['link', 'http://0x7f.1/'],
    ['link', 'http://[::1]/'],
    ['link', 'http://localhost/'],
    ['link', 'ftp://evil.com'],
    ['link', 'www.evil.com'],
    ['link', 'www.evil'],
    ['link', 'evil.com'],
    ['link', 'Evil.Com'],
    ['link', 'go to evil.com now'],
    ['link', 'evil.com/reset?x=1'],
    ['link', 'secure-login.evil.co.uk'],
    ['link', 'bit.ly/3xyz'],
    ['link', 't.co/abc'],
    ['link', 'evil.io'],
    ['link', 'evil.app'],
    ['link', 'evil.xyz'],
    ['link', 'evil.com.'],
    ['link', '(evil.com)'],
    ['link', 'evil\u200b.com'],
    ['link', 'ev\u00adil.com'],
    ['link', 'ｅｖｉｌ．ｃｏｍ'],
    ['link', 'evil。com'],
    ['link', 'еvil.com'],
    ['link', 'münchen-bank.de'],
    ['link', '请访问evil.com'],
    ['link', 'xn--vil-sna.com'],
    ['link', 'javascript:alert(1)'],
    ['link', 'data:text/html,x'],
    ['link', 'tel:+18005551234'],
    ['link', '[click](http://evil.com)'],
    ['link', 'https://example.org@evil.com/'],
    ['link', 'evil.github.io'],
    ['link', 'Dr.Li/x'],
    ['link', 'done.It/now'],
    ['address', 'write to evil@evil.com'],
    ['address', 'evil%40evil.com'],
    ['address', 'evil＠evil.com'],
    ['address', 'ev\u200bil@evil.com'],
    ['address', '"a b"@evil.com'],
    ['address', 'mailto:evil@evil.com'],
    ['phone', 'Call +1 800 555 1234'],
    ['phone', '+49 30 123456789'],
    ['phone', '0049 (0)30 123-45-67'],
    ['phone', '1-800-555-1234'],
    ['phone', '(888) 555-1234'],
    ['phone', '888.555.1234'],
    ['phone', '1-800-FLOWERS'],
    ['phone', '030 12345678'],
    ['phone', '08001234567'],
    ['phone', '8885551234'],
    ['phone', 'call us: 555 123 4'],
    ['phone', '☎ 123 456 78'],
    ['phone', '１－８００－５５５－１２３４'],
    ['reordering', '\u202emoc.live'],
    ['reordering', 'x\u202dy'],
  ]
  it.each(hostile)('%s: %s', (kind, value) => expect(activeIn(value)).toContain(kind))
  it('are sixty and more', () => expect(hostile.length).toBeGreaterThanOrEqual(60))

  it('also where they hide in a name, 10,000 times', () => {
    const names = realValues(seed + 1, 10_000)
    const missed = names.flatMap((name, i) => {
      const [kind, value] = hostile[i % hostile.length]!
      const whole = i % 2 === 0 ? `${name} ${value}` : `${value} ${name}`
      return activeIn(whole).includes(kind) ? [] : [whole]
    })
    expect(missed.slice(0, 20)).toEqual([])
  })
})

it.each<[string, boolean]>([
  ['<3', false],
  ['1 < 2', false],
  ['a<3b>', false],
  ['<', false],
  ['&lt;3', false],
  ['Müller &amp; Söhne', false],
  ['<x', true],
  ['</', true],
])('markup in %s: %s', (text, found) => expect(markupIn(text)).toBe(found))

it.each<[string, string[]]>([
  ['Chrome/120.0.6099.230', []],
  ['10_15_7 and 203.0.113.77 and 2026-11-24 18:30', []],
  ['Home +41 44 123 45 67 or (800) 555-1234.', ['+41 44 123 45 67', '(800) 555-1234']],
  ['order 123456789', []],
])('telephone numbers in %s', (text, numbers) => expect(phonesIn(text)).toEqual(numbers))

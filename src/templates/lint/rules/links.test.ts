import { describe, expect, it } from 'vitest'
import { lint } from '../lint.ts'

const settings = {
  subject: 'x',
  language: 'en',
  class: 'other',
  from: 'example.org',
  hosts: ['example.org', '*.example.org'],
}
const about = [
  'link-text',
  'link-host',
  'link-form',
  'link-shortener',
  'look-alike',
  'active-content',
  'unsubstituted',
  'test-text',
]
const found = (html: string): string[] =>
  [...new Set(lint({ ...settings, html }).map(({ rule }) => rule))].filter(rule => about.includes(rule))
const link = (href: string, text = 'Look'): string => `<a href="${href}">${text}</a>`

describe('links', () => {
  it.each([
    ['to the allowed host', link('https://example.org/a'), []],
    ['to a host below it', link('https://id.example.org/a?next=/b'), []],
    [
      'to write or to call',
      `${link('mailto:help@example.org', 'help@example.org')}${link('tel:+15550100', '+1 555 0100')}`,
      [],
    ],
    ['within the mail', link('#top'), []],
    ['with its own host as text', link('https://id.example.org/a', 'example.org'), []],
    ['with the text of a file', link('https://example.org/report.pdf', 'report.pdf of 2 MB'), []],
    ['to another host', link('https://evil.example/'), ['link-host']],
    ['that only ends like it', link('https://notexample.org/'), ['link-host', 'look-alike']],
    ['with the host in front of another', link('https://example.org.evil.example/'), ['link-host', 'look-alike']],
    ['with a user name like a host', link('https://example.org@evil.example/'), ['link-host', 'link-form']],
    ['with backslashes', link('https:\\\\evil.example\\x'), ['link-host']],
    ['without a scheme', link('//evil.example/x'), ['link-host']],
    ['in capitals', link('HTTPS://EVIL.EXAMPLE/'), ['link-host']],
    ['broken by lines', link('https://evil&NewLine;.example/'), ['link-host']],
    ['with an encoded host', link('https://%65vil.example/'), ['link-host']],
    ['with a host encoded twice', link('https://%2565vil.example/'), ['link-form']],
    ['with a number for a host', link('https://3221225985/'), ['link-host', 'link-form']],
    ['to an IPv6 address', link('https://[2001:db8::1]/'), ['link-host', 'link-form']],
    ['that runs', link('JavaScript:alert(1)'), ['link-form']],
    ['that brings its page along', link('data:text/html,x'), ['link-form']],
    ['that goes on elsewhere', link('https://example.org/go?url=https%3A%2F%2Fevil.example'), ['link-form']],
    ['not encrypted', link('http://example.org/'), ['link-form']],
    ['to nowhere', link(''), ['link-form']],
    [
      'that a base turns elsewhere',
      `<base href="https://evil.example/">${link('/x')}`,
      ['link-form', 'active-content'],
    ],
    ['with another host as text', link('https://id.example.org/', 'www.bank.example/login'), ['link-text']],
    ['with another address as text', link('mailto:a@evil.example', 'help@example.org'), ['link-text']],
    ['with a variable', link('https://example.org/{{ token }}'), ['unsubstituted']],
    ['with nothing for a variable', link('https://example.org/reset/undefined'), ['unsubstituted']],
    ['to a test environment', link('https://staging.example.org/'), ['test-text']],
    ['to this machine', link('https://localhost/'), ['test-text', 'link-host']],
    ['in Cyrillic', link('https://ех\u0430mple.org/'), ['link-host', 'look-alike']],
    ['in Cyrillic, as A-labels', link('https://xn--xmple-4nf9c.org/'), ['link-host', 'look-alike']],
    ['with a digit for a letter', link('https://examp1e.org/'), ['link-host', 'look-alike']],
    ['with a letter too many', link('https://exammple.org/'), ['link-host', 'look-alike']],
    ['with a word beside the name', link('https://secure-example.net/'), ['link-host', 'look-alike']],
    ['hidden from all but Outlook', `<!--[if mso]>${link('https://evil.example/')}<![endif]-->`, ['link-host']],
  ])('%s', (_, html, expected) => {
    expect(found(html)).toEqual(expected)
  })
})

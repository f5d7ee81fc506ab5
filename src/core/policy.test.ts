import { describe, expect, it } from 'vitest'
import { completed, coversHost, freshPolicy, isLinkHost, linkHostsOf, type Policy } from './policy.ts'

describe('hosts of links', () => {
  it.each([
    ['example.org', true],
    ['*.example.org', true],
    ['xn--bcher-kva.example', true],
    ['localhost', true],
    ['Example.org', false],
    ['bücher.example', false],
    ['https://example.org', false],
    ['example.org:443', false],
    ['example.org.', false],
    ['-example.org', false],
    ['a.*.example.org', false],
    ['*', false],
    ['', false],
    [`${'a'.repeat(64)}.org`, false],
    [`${'a.'.repeat(130)}org`, false],
  ])('%s: %s', (text, right) => {
    expect(isLinkHost(text)).toBe(right)
  })

  it.each<[string[], string, boolean]>([
    [['example.org'], 'example.org', true],
    [['example.org'], 'www.example.org', false],
    [['*.example.org'], 'www.example.org', true],
    [['*.example.org'], 'a.b.example.org', true],
    [['*.example.org'], 'example.org', false],
    [['*.example.org'], 'badexample.org', false],
    [['example.org'], 'example.org.evil.example', false],
    [[], 'example.org', false],
  ])('%j cover %s: %s', (hosts, host, covered) => {
    expect(coversHost(hosts, host)).toBe(covered)
  })

  it('are those of all classes and those of the class', () => {
    const policy = freshPolicy()
    policy.links.hosts = ['example.org']
    policy.classes.other!.links.hosts = ['news.example.com']
    expect(linkHostsOf(policy, 'other')).toEqual(['example.org', 'news.example.com'])
    expect(linkHostsOf(policy, 'password-reset')).toEqual(['example.org'])
    expect(linkHostsOf(policy, 'constructor')).toEqual(['example.org'])
  })
})

describe('a policy of before', () => {
  it('gets what it did not know, in its classes as well', () => {
    const { links: _, ...older } = structuredClone(freshPolicy())
    const { links: __, addresses: ___, recipients: ____, ...other } = older.classes.other!
    const read = completed({ ...older, classes: { other } } as unknown as Policy)
    expect(read.links).toEqual({ hosts: [] })
    expect(read.classes.other).toMatchObject({
      links: { hosts: [] },
      addresses: 'own',
      recipients: 'verified',
      content: 'inline',
    })
    expect(Object.keys(read.classes)).toEqual(['other'])
  })
})

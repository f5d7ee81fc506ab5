import { describe, expect, it } from 'vitest'
import { parseUpstreams, type Upstream } from './upstream.ts'

function one(setting: string): Upstream {
  const parsed = parseUpstreams(setting)
  if (parsed.status !== 'smtp') throw new Error(JSON.stringify(parsed))
  return parsed.upstreams[0]!
}

describe('an upstream setting', () => {
  it('mailbox:', () => {
    expect(parseUpstreams('mailbox:')).toEqual({ status: 'mailbox' })
  })

  it.each<[string, Partial<Upstream>]>([
    [
      'smtp://127.0.0.1:2526',
      { id: '127.0.0.1:2526', host: '127.0.0.1', port: 2526, tls: 'opportunistic', verify: false },
    ],
    [
      'smtp://u:p@localhost',
      { port: 587, tls: 'opportunistic', verify: false, credentials: { user: 'u', password: 'p' } },
    ],
    [
      'smtp://u:p%2C%40%3A@smtp.example.org',
      { port: 587, tls: 'required', verify: true, credentials: { user: 'u', password: 'p,@:' } },
    ],
    ['smtp://smtp.example.org', { port: 25, tls: 'opportunistic', verify: false }],
    ['smtp://smtp.example.org?tls=required', { tls: 'required', verify: true }],
    ['smtp://smtp.example.org?tls=required&verify=off', { tls: 'required', verify: false }],
    ['smtps://smtp.example.org', { port: 465, tls: 'implicit', verify: true }],
    ['smtp://[::1]:2526', { id: '[::1]:2526', host: '::1', tls: 'opportunistic' }],
    [
      'smtp://Smtp.Example.ORG/?name=mx.example.org&connections=4&mails=50&id=main',
      { id: 'main', host: 'smtp.example.org', name: 'mx.example.org', connectionsMax: 4, mailsPerConnectionMax: 50 },
    ],
  ])('%s', (setting, expected) => {
    expect(one(setting)).toMatchObject(expected)
  })

  it('takes several', () => {
    const parsed = parseUpstreams('smtp://a.example.org, smtps://b.example.org')
    expect(parsed.status === 'smtp' && parsed.upstreams.map(upstream => upstream.id)).toEqual([
      'a.example.org:25',
      'b.example.org:465',
    ])
  })

  it.each<[string, string[]]>([
    ['', ['upstream-empty']],
    ['smtp://a.test,', ['upstream-empty']],
    ['mailbox:,smtp://a.test', ['upstream-mailbox-mixed']],
    ['a.test:25', ['upstream-scheme']],
    ['http://a.test', ['upstream-scheme']],
    ['smtp://a.test:99999', ['upstream-not-an-address']],
    ['smtp://a.test:0', ['upstream-port']],
    ['smtp://a..test', ['upstream-host']],
    ['smtp://b%C3%BCcher.test', ['upstream-host']],
    ['smtp://:p@a.test', ['upstream-credentials']],
    ['smtp://u:%zz@a.test', ['upstream-credentials']],
    ['smtp://u:a%0d%0aRSET@a.test', ['upstream-credentials']],
    ['smtp://a.test/path', ['upstream-path']],
    ['smtp://u:p@a.test?tls=off', ['upstream-plaintext-credentials']],
    ['smtp://u:p@a.test?tls=opportunistic', ['upstream-plaintext-credentials']],
    ['smtps://a.test?tls=off', ['upstream-option-value']],
    [
      'smtp://a.test?tls=maybe&verify=1&connections=0&mails=x&name=a%0d%0a&id=%20&colour=red',
      [
        'upstream-option-value',
        'upstream-option-value',
        'upstream-option-value',
        'upstream-option-value',
        'upstream-option-value',
        'upstream-option-value',
        'upstream-option-unknown',
      ],
    ],
    ['smtp://a.test,smtp://a.test', ['upstream-duplicate']],
    ['smtp://a.test/x,ftp://b.test,smtp://c.test:0', ['upstream-path', 'upstream-scheme', 'upstream-port']],
  ])('names every fault of %j', (setting, codes) => {
    const parsed = parseUpstreams(setting)
    expect(parsed.status === 'faulty' && parsed.faults.map(fault => fault.code)).toEqual(codes)
  })

  it('repeats no credential in a fault', () => {
    const parsed = parseUpstreams('smtp://user:hunter2@a..test/hunter2?tls=hunter2&hunter2=1')
    expect(parsed.status).toBe('faulty')
    expect(JSON.stringify(parsed)).not.toMatch(/hunter2|user:/)
  })
})

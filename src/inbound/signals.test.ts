import { describe, expect, it } from 'vitest'
import type { MessageId } from '../core/events.ts'
import type { Hash64 } from '../std/hash64.ts'
import { siphash } from '../std/siphash.ts'
import type { Standing } from '../views/places.ts'
import type { ReportedSignal, ReportedSignalEvent } from './intake.ts'
import { accountHash } from './requests.ts'
import { signalFacts } from './signals.ts'

const key = new Uint32Array([1, 2, 3, 4])
const hashing = { hash: (domain: string, text: string): Hash64 => siphash(key, Buffer.from(`${domain}\0${text}`)) }

const place = { class: 'password-reset', lane: 'open', source: '/web', template: 'reset' } as const
const standings = new Map<string, Standing>([
  ['m-1', { about: place }],
  ['m-2', { about: place, campaign: { id: 'spring', ordinal: 7 } }],
])
const messageOf = (reference: string) => ({ id: reference as MessageId, ...standings.get(reference) })
const facts = (signal: ReportedSignal, part: Partial<ReportedSignalEvent> = {}) =>
  signalFacts(hashing, { type: 'signal', id: 'e', source: '/s', occurredAt: 5, signal, ...part }, messageOf)

const account = accountHash(hashing, 'account-1')

describe('what is reported becomes facts', () => {
  it('has the identity of a CloudEvent: source and id together', () => {
    const question: ReportedSignal = { kind: 'reported', report: 'question' }
    const { key } = facts(question)
    expect(facts(question).key).toBe(key)
    const others = [
      facts(question, { id: 'f' }),
      facts(question, { source: '/t' }),
      facts(question, { id: '', source: '/se' }),
    ]
    expect(new Set([key, ...others.map(other => other.key)]).size).toBe(4)
  })

  it.each<[string, ReportedSignal, Partial<ReportedSignalEvent>, object]>([
    [
      'a link that was followed',
      { kind: 'link-followed', cause: 'c', message: 'm-1' },
      { account: 'account-1' },
      { kind: 'link-followed', account, cause: hashing.hash('cause', 'c'), message: 'm-1', about: place },
    ],
    [
      'a report about a message of a campaign',
      { kind: 'reported', report: 'phishing', message: 'm-2' },
      { account: 'account-1' },
      { report: 'phishing', account, message: 'm-2', about: place, campaign: { id: 'spring', ordinal: 7 } },
    ],
    [
      'a report by an address, which stands for its account',
      { kind: 'reported', report: 'question', from: { local: 'A', domain: 'example.org', address: 'A@example.org' } },
      {},
      { account: accountHash(hashing, 'a@example.org') },
    ],
    [
      'a bounce of a message that nobody knows',
      { kind: 'provider', what: 'bounced', provider: 'ses', message: 'm-3' },
      {},
      { kind: 'provider', what: 'bounced', provider: 'ses', message: 'm-3' },
    ],
    [
      'a change by somebody who is named by an address',
      { kind: 'change', change: 'flag', service: 'web', actor: 'Ann@example.org' },
      {},
      { service: 'web', actor: `#${hashing.hash('name', 'ann@example.org')}` },
    ],
    ['a change by a pipeline', { kind: 'change', change: 'deploy', service: 'web', actor: 'ci' }, {}, { actor: 'ci' }],
    [
      'a campaign that an operator announced',
      { kind: 'campaign-announced', class: 'other', audience: 9, from: 1, until: 2 },
      { by: 'Grace' },
      { class: 'other', audience: 9, from: 1, until: 2, by: 'Grace' },
    ],
    [
      'an access',
      { kind: 'access', actor: 'ann@example.org', resource: 'accounts', action: 'export', records: 3 },
      {},
      { kind: 'noted', type: 'access.recorded', resource: 'accounts', action: 'export', records: 3 },
    ],
    [
      'a DMARC report',
      { kind: 'dmarc', domain: 'example.org', sourceIp: '192.0.2.1', count: 4, spf: 'fail', dkim: 'none' },
      {},
      { kind: 'noted', type: 'dmarc.reported', domain: 'example.org', sourceIp: '192.0.2.1', count: 4 },
    ],
    [
      'a claim, without the addresses that it quotes',
      { kind: 'claim', by: 'b', text: 'we have ann@example.org\nand more', url: 'https://example.org/?q=ann%40x.org' },
      {},
      { kind: 'noted', type: 'claim.published', by: 'b', text: 'we have [address]\nand more', url: '[address]' },
    ],
  ])('%s', (_, signal, part, expected) => {
    expect(facts(signal, part)).toMatchObject({ occurredAt: 5, source: '/s', ...expected })
    expect(JSON.stringify(facts(signal, part))).not.toMatch(/account-1|ann@|Ann@|A@example/)
  })
})

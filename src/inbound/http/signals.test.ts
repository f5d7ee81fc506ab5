import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baselineTemplatesMax, signalTypes } from './signals.ts'
import { readEvent } from './trace.ts'

const now = 1_000_000
const read = (type: string, data: unknown, part: object = {}) =>
  readEvent({ id: 'e', source: '/s', type: `tocsin.${type}`, subject: 'account', data, ...part }, now)

const rates = Array.from({ length: 168 }, (_, hour) => hour / 2)
const period = { from: '2026-01-08T00:00:00Z', until: '2026-01-08T01:00:00Z' }
const loaded = { class: 'other', ratePerHourOfWeek: rates }
const dmarc = { domain: 'Example.org', sourceIp: '192.0.2.1', count: 7, spf: 'pass', dkim: 'fail' }
const mailbox = { local: 'a', domain: 'example.org', address: 'a@example.org' }

/** What each type has at least, and all that it may have, with what is read of it. */
const sound: [string, object, object][] = [
  ['link.followed', {}, { kind: 'link-followed' }],
  ['link.followed', { cause: 'c', message: 'm', device: 'd' }, { kind: 'link-followed', cause: 'c', message: 'm' }],
  ['reset.completed', { message: 'm' }, { kind: 'reset-completed', message: 'm' }],
  ['report.received', { kind: 'not-requested' }, { kind: 'reported', report: 'not-requested' }],
  [
    'report.received',
    { kind: 'phishing', message: 'm', from: 'a@example.org' },
    { kind: 'reported', report: 'phishing', message: 'm', from: mailbox },
  ],
  [
    'provider.delivered',
    { provider: 'ses', providerId: 'p', message: 'm' },
    { kind: 'provider', what: 'delivered', provider: 'ses', message: 'm' },
  ],
  ['provider.deferred', { provider: 'p', providerId: 'i' }, { kind: 'provider', what: 'deferred', provider: 'p' }],
  ['provider.bounced', { provider: 'p', providerId: 'i' }, { kind: 'provider', what: 'bounced', provider: 'p' }],
  ['provider.complained', { provider: 'p', providerId: 'i' }, { kind: 'provider', what: 'complained', provider: 'p' }],
  [
    'change.applied',
    { kind: 'deploy', service: 'mailer', version: '7', actor: 'ci' },
    { kind: 'change', change: 'deploy', service: 'mailer', version: '7', actor: 'ci' },
  ],
  [
    'access.recorded',
    { actor: 'a', resource: 'accounts', action: 'export', records: 0 },
    { kind: 'access', actor: 'a', resource: 'accounts', action: 'export', records: 0 },
  ],
  ['dmarc.reported', dmarc, { ...dmarc, kind: 'dmarc', domain: 'example.org' }],
  ['claim.published', { by: 'b', text: 't\nu' }, { kind: 'claim', by: 'b', text: 't\nu' }],
  [
    'claim.published',
    { by: 'b', text: 't', url: 'https://example.org/x' },
    { kind: 'claim', by: 'b', text: 't', url: 'https://example.org/x' },
  ],
  [
    'campaign.announced',
    { class: 'other', audienceSize: 5, ...period },
    {
      kind: 'campaign-announced',
      class: 'other',
      audience: 5,
      from: Date.UTC(2026, 0, 8),
      until: Date.UTC(2026, 0, 8, 1),
    },
  ],
  ['baseline.loaded', loaded, { kind: 'baseline', ...loaded }],
  [
    'baseline.loaded',
    { ...loaded, lane: 'open', dispersion: 0.5, safety: 1, templates: [{ template: 't', versions: ['1'] }] },
    {
      kind: 'baseline',
      ...loaded,
      lane: 'open',
      dispersion: 0.5,
      safety: 1,
      templates: [{ template: 't', versions: ['1'] }],
    },
  ],
]

describe('a signal', () => {
  it.each(sound)('%s %j is read', (type, data, signal) => {
    const event = { type: 'signal', id: 'e', source: '/s', occurredAt: now, account: 'account', signal }
    expect(read(type, data)).toEqual({ ok: true, event })
  })

  it('of every type has a row above', () => expect(new Set(sound.map(([type]) => type))).toEqual(new Set(signalTypes)))

  it('has the time of the event, and needs no subject unless somebody did it', () => {
    const provided = read('provider.bounced', { provider: 'p', providerId: 'i' }, { subject: undefined, time: 5 })
    expect(provided).toMatchObject({ ok: true, event: { occurredAt: 5 } })
    expect(provided).not.toHaveProperty('event.account')
    expect(read('link.followed', {}, { subject: undefined })).toEqual({ ok: false, code: 'event.subject-missing' })
  })

  it.each<[string, unknown, string]>([
    ['link.followed', [], 'event.data-not-an-object'],
    ['link.followed', { cause: 7 }, 'event.cause'],
    ['link.followed', { cause: '' }, 'event.cause'],
    ['reset.completed', { message: 'x'.repeat(257) }, 'event.message'],
    ['report.received', {}, 'event.kind'],
    ['report.received', { kind: 'spam' }, 'event.kind'],
    ['report.received', { kind: 'toString' }, 'event.kind'],
    ['report.received', { kind: 'question', message: null }, 'event.message'],
    ['report.received', { kind: 'question', from: 'a@example.org,b@example.org' }, 'event.from'],
    ['report.received', { kind: 'question', from: {} }, 'event.from'],
    ['provider.delivered', { provider: 'p' }, 'event.provider'],
    ['provider.delivered', { providerId: 'p' }, 'event.provider'],
    ['provider.delivered', { provider: 'p\n', providerId: 'i' }, 'event.provider'],
    ['provider.delivered', { provider: 'p', providerId: 'i', message: 5 }, 'event.message'],
    ['change.applied', { kind: 'upgrade', service: 's' }, 'event.kind'],
    ['change.applied', { kind: 'deploy' }, 'event.change'],
    ['change.applied', { kind: 'deploy', service: 's', version: 7 }, 'event.change'],
    ['change.applied', { kind: 'deploy', service: 's', actor: '\ud800' }, 'event.change'],
    ['access.recorded', { actor: 'a', resource: 'r' }, 'event.access'],
    ['access.recorded', { actor: 'a', resource: 'r', action: 'x', records: -1 }, 'event.access'],
    ['access.recorded', { actor: 'a', resource: 'r', action: 'x', records: 1.5 }, 'event.access'],
    ['dmarc.reported', { ...dmarc, domain: 'localhost' }, 'event.dmarc'],
    ['dmarc.reported', { ...dmarc, domain: 'a b.org' }, 'event.dmarc'],
    ['dmarc.reported', { ...dmarc, sourceIp: '192.0.2' }, 'event.dmarc'],
    ['dmarc.reported', { ...dmarc, count: '7' }, 'event.dmarc'],
    ['dmarc.reported', { ...dmarc, spf: 'maybe' }, 'event.dmarc'],
    ['dmarc.reported', { ...dmarc, dkim: undefined }, 'event.dmarc'],
    ['claim.published', { by: 'b' }, 'event.claim'],
    ['claim.published', { by: 'b', text: 'x'.repeat(4001) }, 'event.claim'],
    ['claim.published', { by: 'b', text: 't', url: 'javascript:alert(1)' }, 'event.claim'],
    ['claim.published', { by: 'b', text: 't', url: 'nowhere' }, 'event.claim'],
    ['campaign.announced', { audienceSize: 5, ...period }, 'event.class'],
    ['campaign.announced', { class: 'other', audienceSize: -5, ...period }, 'event.audience'],
    ['campaign.announced', { class: 'other', audienceSize: 5 }, 'event.period'],
    ['campaign.announced', { class: 'other', audienceSize: 5, from: period.until, until: period.from }, 'event.period'],
    ['baseline.loaded', { ratePerHourOfWeek: rates }, 'event.class'],
    ['baseline.loaded', { ...loaded, lane: 'fast' }, 'event.lane'],
    ['baseline.loaded', { class: 'other' }, 'event.rates'],
    ['baseline.loaded', { ...loaded, ratePerHourOfWeek: rates.slice(1) }, 'event.rates'],
    ['baseline.loaded', { ...loaded, ratePerHourOfWeek: [...rates, 0] }, 'event.rates'],
    ['baseline.loaded', { ...loaded, ratePerHourOfWeek: Array(168).fill(null) }, 'event.rates'],
    ['baseline.loaded', { ...loaded, ratePerHourOfWeek: rates.with(5, -1) }, 'event.rates'],
    ['baseline.loaded', { ...loaded, ratePerHourOfWeek: rates.with(5, 10_000_001) }, 'event.rates'],
    ['baseline.loaded', { ...loaded, ratePerHourOfWeek: rates.with(5, Number.NaN) }, 'event.rates'],
    ['baseline.loaded', { ...loaded, ratePerHourOfWeek: [...rates.slice(1), '5'] }, 'event.rates'],
    ['baseline.loaded', { ...loaded, dispersion: 0 }, 'event.dispersion'],
    ['baseline.loaded', { ...loaded, dispersion: Number.POSITIVE_INFINITY }, 'event.dispersion'],
    ['baseline.loaded', { ...loaded, safety: 0.5 }, 'event.safety'],
    ['baseline.loaded', { ...loaded, templates: {} }, 'event.templates'],
    ['baseline.loaded', { ...loaded, templates: [null] }, 'event.templates'],
    ['baseline.loaded', { ...loaded, templates: [{ template: 't' }] }, 'event.templates'],
    ['baseline.loaded', { ...loaded, templates: [{ template: 't', versions: [1] }] }, 'event.templates'],
    [
      'baseline.loaded',
      { ...loaded, templates: Array(baselineTemplatesMax + 1).fill({ template: 't', versions: [] }) },
      'event.templates',
    ],
  ])('%s %j is refused', (type, data, code) => expect(read(type, data)).toEqual({ ok: false, code }))

  it('never throws, whatever comes', () => {
    const names = [...new Set(sound.flatMap(([, data]) => Object.keys(data)))]
    const data = fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 2 }))
    fc.assert(fc.property(fc.constantFrom(...signalTypes), data, (type, fields) => void read(type, fields)))
  })
})

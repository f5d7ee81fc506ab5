import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { causeKinds } from '../../core/policy.ts'
import { parseBinary, parseStructured } from './cloudevents.ts'
import { readEvent } from './trace.ts'

const sound = { specversion: '1.0', id: 'e-1', source: 'https://example.org/web', type: 'tocsin.reset.requested' }
const without = (name: string) => Object.fromEntries(Object.entries(sound).filter(([key]) => key !== name))

describe('an event in the JSON format', () => {
  // Each row is one of the ways in which the conformance suite breaks an event, or one that follows from the same section.
  it.each<[string, unknown, string]>([
    ['nothing', null, 'event.not-an-object'],
    ['a list', [sound], 'event.not-an-object'],
    ['a text', 'x', 'event.not-an-object'],
    ['no specversion', without('specversion'), 'event.specversion'],
    ['an empty specversion', { ...sound, specversion: '' }, 'event.specversion'],
    ['specversion 0.9', { ...sound, specversion: '0.9' }, 'event.specversion'],
    ['specversion 0.3', { ...sound, specversion: '0.3' }, 'event.specversion'],
    ['no id', without('id'), 'event.id'],
    ['an empty id', { ...sound, id: '' }, 'event.id'],
    ['a numeric id', { ...sound, id: 25 }, 'event.id'],
    ['an object as id', { ...sound, id: { a: 'b' } }, 'event.id'],
    ['a NUL in the id', { ...sound, id: 'a\0b' }, 'event.id'],
    ['a lone surrogate in the id', { ...sound, id: '\ud800' }, 'event.id'],
    ['an id that is too long', { ...sound, id: 'x'.repeat(257) }, 'event.id'],
    ['no type', without('type'), 'event.type'],
    ['an empty type', { ...sound, type: '' }, 'event.type'],
    ['no source', without('source'), 'event.source'],
    ['an empty source', { ...sound, source: '' }, 'event.source'],
    ['a source that is no URI reference', { ...sound, source: 'a b' }, 'event.source'],
    ['an empty subject', { ...sound, subject: '' }, 'event.subject'],
    ['a subject that is null', { ...sound, subject: null }, 'event.subject'],
    ['a time in words', { ...sound, time: 'lunchtime' }, 'event.time'],
    ['a time to the minute', { ...sound, time: '2018-04-05T18:31Z' }, 'event.time'],
    ['a time with offset X', { ...sound, time: '2018-04-05T18:31:00X' }, 'event.time'],
    ['a time with offset 25:00', { ...sound, time: '2018-04-05T18:31:00+25:00' }, 'event.time'],
    ['a time with offset xx:00', { ...sound, time: '2018-04-05T18:31:00+xx:00' }, 'event.time'],
    ['a time with offset 05', { ...sound, time: '2018-04-05T18:31:00+05' }, 'event.time'],
    ['a time as a number', { ...sound, time: 1 }, 'event.time'],
    ['datacontenttype xyz', { ...sound, datacontenttype: 'xyz' }, 'event.datacontenttype'],
    ['an empty datacontenttype', { ...sound, datacontenttype: '' }, 'event.datacontenttype'],
    ['an empty dataschema', { ...sound, dataschema: '' }, 'event.dataschema'],
    ['an extension with a capital', { ...sound, MyExtension: 'bad' }, 'event.extension'],
    ['an extension with a dot', { ...sound, 'my.extension': 'bad' }, 'event.extension'],
    ['an extension that is no integer', { ...sound, myextension: 1.5 }, 'event.extension'],
    ['an extension beyond 32 bits', { ...sound, myextension: 2 ** 31 }, 'event.extension'],
    ['an extension that is an object', { ...sound, myextension: {} }, 'event.extension'],
    ['a prototype', JSON.parse(`{"__proto__": {"id": "x"}, ${JSON.stringify(sound).slice(1)}`), 'event.extension'],
    ['data twice', { ...sound, data: 'text', data_base64: 'e30=' }, 'event.data-twice'],
    ['data_base64 that is none', { ...sound, data_base64: '%%%' }, 'event.data'],
    ['data_base64 that is no JSON', { ...sound, data_base64: 'eyAi' }, 'event.data'],
  ])('with %s is refused', (_, event, code) => {
    expect(parseStructured(event)).toEqual({ ok: false, code })
  })

  it('is read with all that it may have', () => {
    const event = {
      ...sound,
      subject: 'account-1',
      time: '2026-01-08T12:00:00.5+01:00',
      datacontenttype: 'application/json; charset=utf-8',
      dataschema: 'urn:x:y',
      traceparent: '00-abc',
      sampled: true,
      sequence: -5,
      data: { known: true },
    }
    const time = Date.UTC(2026, 0, 8, 11, 0, 0, 500)
    const { id, source, type, subject, data } = event
    expect(parseStructured(event)).toEqual({ ok: true, event: { id, source, type, subject, time, data } })
  })

  it('is read with its data in base 64', () => {
    const data_base64 = Buffer.from('{"known":false}').toString('base64')
    expect(parseStructured({ ...sound, data_base64 })).toMatchObject({ ok: true, event: { data: { known: false } } })
  })

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(sound), 'time', 'data', 'x'), (value, key) => {
        parseStructured(value)
        parseStructured({ ...sound, [key]: value })
      }),
    )
  })
})

describe('an event in binary mode', () => {
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': 'e%20%C3%A9',
    'ce-source': '/web',
    'ce-type': 'tocsin.login.succeeded',
    'content-type': 'application/json',
  }

  it('is read from header fields and body', () => {
    const parsed = parseBinary(
      { ...headers, 'ce-subject': '"account-1"', host: 'x' },
      Buffer.from('{"ip":"192.0.2.1"}'),
    )
    expect(parsed).toEqual({
      ok: true,
      event: {
        id: 'e é',
        source: '/web',
        type: 'tocsin.login.succeeded',
        subject: 'account-1',
        data: { ip: '192.0.2.1' },
      },
    })
  })

  it.each<[string, Record<string, string>, string, string]>([
    ['no id', { 'ce-id': '' }, '{}', 'event.id'],
    ['a broken escape', { 'ce-id': '%C3' }, '{}', 'event.id'],
    ['a media type of its own', { 'ce-datacontenttype': 'text/plain' }, '{}', 'event.extension'],
    ['data in a header', { 'ce-data': '{}' }, '{}', 'event.extension'],
    ['another version', { 'ce-specversion': '0.3' }, '{}', 'event.specversion'],
    ['a body that is no JSON', {}, '{', 'event.data'],
  ])('with %s is refused', (_, part, body, code) => {
    expect(parseBinary({ ...headers, ...part }, Buffer.from(body))).toEqual({ ok: false, code })
  })
})

describe('the trace format', () => {
  const now = 1_000_000
  const read = (type: string, data: unknown, part: object = {}) =>
    readEvent({ id: 'e', source: 's', type: `tocsin.${type}`, subject: 'account', data, ...part }, now)
  const cause = {
    type: 'cause',
    id: 'e',
    source: 's',
    account: 'account',
    known: true,
    recipients: [],
    occurredAt: now,
  }

  const from = { requester: { ip: '192.0.2.1' } }

  it.each<[string, object, object]>([
    ['reset.requested', { known: false, trust: 'known-device' }, { known: false, trust: 'known-device' }],
    ['reset.requested', { known: true }, { trust: 'unknown' }],
    [
      'reset.requested',
      { known: true, requester: { ip: '192.0.2.1', asn: 'AS64496', device: 'd', session: 's', agent: 'curl/8' } },
      { trust: 'unknown', requester: { ip: '192.0.2.1', asn: 64496, device: 'd', agent: 'curl/8' } },
    ],
    ['reset.requested', { known: true, requester: {} }, { trust: 'unknown' }],
    ['login.succeeded', { ip: '192.0.2.1', newDevice: false }, { trust: 'known-device', ...from }],
    ['login.succeeded', { ip: '192.0.2.1', newDevice: true }, { trust: 'unknown', ...from }],
    ['login.succeeded', { ip: '192.0.2.1' }, { trust: 'unknown', ...from }],
    ['login.failed', { ip: '192.0.2.1' }, { trust: 'unknown', ...from }],
    ['credential.changed', { kind: 'totp', session: 's' }, { trust: 'session', change: 'totp' }],
    ['credential.changed', { kind: 'email' }, { trust: 'unknown', change: 'email' }],
    ['protection.ordered', { action: 'forced-reset', by: 'b', reason: 'r' }, { trust: 'unknown' }],
    ['session.started', { session: 's' }, { trust: 'session' }],
    ['session.revoked', {}, { trust: 'unknown' }],
  ])('%s %j', (type, data, expected) => {
    expect(read(type, data)).toEqual({ ok: true, event: { ...cause, kind: type, ...expected } })
  })

  it('has a row above for every kind of cause', () => expect(causeKinds).toHaveLength(7))

  it('reads the addresses of the account, each by the one parser', () => {
    const recipients = [{ email: 'A@Example.org' }, { email: 'b@example.org' }]
    expect(read('login.succeeded', { recipients })).toMatchObject({
      event: { recipients: [{ address: 'A@example.org' }, { address: 'b@example.org' }] },
    })
  })

  it('tells verified addresses from those that are not', () => {
    const recipients = [
      { email: 'a@example.org', verified: false },
      { email: 'b@example.org', verified: true },
    ]
    expect(read('login.succeeded', { recipients })).toMatchObject({
      event: { recipients: [{ address: 'b@example.org' }], unverified: [{ address: 'a@example.org' }] },
    })
  })

  it('reads coverage, but not beyond the time of the event', () => {
    const data = { source: 'auth', from: '2026-01-08T00:00:00Z', until: '2026-01-08T01:00:00Z', complete: true }
    const time = Date.UTC(2026, 0, 8, 0, 30)
    const coverage = { type: 'coverage', id: 'e', source: 's', about: 'auth', complete: true }
    expect(read('coverage.reported', data, { time })).toEqual({ ok: true, event: { ...coverage, until: time } })
    expect(read('coverage.reported', data)).toMatchObject({ event: { until: Date.UTC(2026, 0, 8, 1) } })
  })

  it.each<[string, unknown, object, string]>([
    ['message.requested', {}, {}, 'event.type-not-taken-here'],
    ['reset.requested', { known: true, requester: 'me' }, {}, 'event.requester'],
    ['reset.requested', { known: true, requester: [] }, {}, 'event.requester'],
    ['reset.requested', { known: true, requester: { ip: '300.1.1.1' } }, {}, 'event.ip'],
    ['reset.requested', { known: true, requester: { asn: 'x' } }, {}, 'event.asn'],
    ['reset.requested', { known: true, requester: { agent: 7 } }, {}, 'event.agent'],
    ['login.failed', { ip: 'localhost' }, {}, 'event.ip'],
    ['login.succeeded', { ip: '192.0.2.1', device: 5 }, {}, 'event.device'],
    ['session.started', { session: {} }, {}, 'event.session'],
    ['no.such', {}, {}, 'event.type-unknown'],
    ['toString', {}, {}, 'event.type-unknown'],
    ['login.failed', undefined, {}, 'event.data-not-an-object'],
    ['login.failed', [], {}, 'event.data-not-an-object'],
    ['login.failed', {}, { subject: undefined }, 'event.subject-missing'],
    ['reset.requested', {}, {}, 'event.known'],
    ['reset.requested', { known: 'yes' }, {}, 'event.known'],
    ['reset.requested', { known: true, trust: 'friend' }, {}, 'event.trust'],
    ['credential.changed', { kind: 'name' }, {}, 'event.kind'],
    ['protection.ordered', { action: 'x' }, {}, 'event.action'],
    ['login.failed', { recipients: 'a@example.org' }, {}, 'event.recipients'],
    ['login.failed', { recipients: [{ email: 'a@example.org,b@example.org' }] }, {}, 'event.recipients'],
    ['login.failed', { recipients: [{ email: 'a@example.org', verified: 'no' }] }, {}, 'event.recipients'],
    ['login.failed', { recipients: Array(11).fill({ email: 'a@example.org' }) }, {}, 'event.recipients'],
    ['coverage.reported', { source: 'x', from: '', until: '', complete: true }, {}, 'event.coverage-source'],
    ['coverage.reported', { source: 'auth', from: 'x', until: 'y', complete: true }, {}, 'event.coverage-time'],
  ])('%s %j is refused', (type, data, part, code) => expect(read(type, data, part)).toEqual({ ok: false, code }))
})

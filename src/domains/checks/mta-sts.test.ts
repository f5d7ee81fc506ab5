import { describe, expect, it } from 'vitest'
import type { Zone } from '../test-zone.ts'
import { checkMtaSts, type Fetched } from './mta-sts.ts'
import { codesIn } from './test-check.ts'

const domain = 'example.org'
const record = 'v=STSv1; id=20260101;'
const policy = 'version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmx: *.example.net\r\nmax_age: 604800\r\n'
const zone = (text = record, more: Zone = {}): Zone => ({
  [domain]: { mx: [[10, 'mx.example.org']] },
  '_mta-sts.example.org': { txt: [text] },
  'mta-sts.example.org': { a: ['192.0.2.1'] },
  ...more,
})
const answer = (body: string, code = 200, type = 'text/plain; charset=utf-8'): Fetched => ({
  status: 'answered',
  code,
  headers: { 'content-type': type },
  body: Buffer.from(body),
})
const codes = (where: Zone, fetched: Fetched = answer(policy), lost: readonly string[] = []) =>
  codesIn(where, 'mta-sts.cannot-tell', dns => checkMtaSts(dns, { domain, fetch: async () => fetched, now: 0 }), lost)

describe('MTA-STS', () => {
  it.each<[given: string, zone: Zone, then: string[]]>([
    ['record and policy', zone(), ['mta-sts.ok']],
    ['a field of an extension', zone('v=STSv1; id=1; x=y;'), ['mta-sts.ok']],
    ['no record', { [domain]: { mx: [[10, 'mx.example.org']] } }, ['mta-sts.missing']],
    ['a domain that takes no mail', { [domain]: { mx: [[0, '.']] } }, ['mta-sts.not-needed']],
    [
      'two records',
      zone(record, { '_mta-sts.example.org': { txt: [record, 'v=STSv1; id=2'] } }),
      ['mta-sts.several-records'],
    ],
    ['an id with a hyphen', zone('v=STSv1; id=2026-01-01;'), ['mta-sts.record-syntax']],
    ['no id', zone('v=STSv1;'), ['mta-sts.record-syntax']],
    ['no policy host', zone(record, { 'mta-sts.example.org': { txt: ['x'] } }), ['mta-sts.policy-missing']],
    [
      'a server that is not in it',
      zone(record, {
        [domain]: {
          mx: [
            [10, 'mx.example.org'],
            [20, 'b.example.org'],
          ],
        },
      }),
      ['mta-sts.mx-not-covered'],
    ],
    ['a server that the wildcard covers', zone(record, { [domain]: { mx: [[10, 'a.example.net']] } }), ['mta-sts.ok']],
    [
      'a server two labels below the wildcard',
      zone(record, { [domain]: { mx: [[10, 'a.b.example.net']] } }),
      ['mta-sts.mx-not-covered'],
    ],
  ])('%s', async (_, where, then) => {
    expect(await codes(where)).toEqual(then)
  })

  it.each<[given: string, fetched: Fetched, then: string[]]>([
    ['not found', answer('', 404), ['mta-sts.policy-missing']],
    ['redirected', answer('', 301), ['mta-sts.policy-redirected']],
    ['a fault of the server', answer('', 503), ['mta-sts.cannot-tell']],
    ['no connection', { status: 'unreachable', reason: 'ECONNREFUSED' }, ['mta-sts.cannot-tell']],
    ['no answer', { status: 'unknown', reason: 'timeout' }, ['mta-sts.cannot-tell']],
    ['an address within', { status: 'blocked', reason: 'address-not-public' }, ['mta-sts.cannot-tell']],
    [
      'a certificate of another',
      { status: 'unreachable', reason: 'ERR_TLS_CERT_ALTNAME_INVALID' },
      ['mta-sts.policy-certificate'],
    ],
    ['no policy in it', answer('<html>'), ['mta-sts.policy-syntax']],
    ['no mode', answer(policy.replace('mode: enforce\r\n', '')), ['mta-sts.policy-syntax']],
    ['HTML as the type', answer(policy, 200, 'text/html'), ['mta-sts.media-type']],
    ['testing', answer(policy.replace('enforce', 'testing')), ['mta-sts.ok', 'mta-sts.testing']],
    ['none', answer(policy.replace('enforce', 'none')), ['mta-sts.mode-none']],
    ['an hour', answer(policy.replace('604800', '3600')), ['mta-sts.max-age-short']],
  ])('a policy: %s', async (_, fetched, then) => {
    expect(await codes(zone(), fetched)).toEqual(then)
  })

  it.each([
    'TXT _mta-sts.example.org',
    'MX example.org',
    'A mta-sts.example.org',
    'AAAA mta-sts.example.org',
  ])('lost, %s: nothing is called good', async lost => {
    expect(await codes(zone(), answer(policy), [lost])).toEqual(['mta-sts.cannot-tell'])
  })
})

import { describe, expect, it } from 'vitest'
import type { Zone } from '../test-zone.ts'
import { checkMx } from './mx.ts'
import { codesIn } from './test-check.ts'

const domain = 'example.org'
const server: Zone = { 'mx.example.org': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] } }
const codes = (zone: Zone, lost: readonly string[] = []) =>
  codesIn(zone, 'mx.cannot-tell', dns => checkMx(dns, { domain }), lost)
const named = (...names: string[]) => ({ [domain]: { mx: names.map(name => [10, name] as const) } })

describe('mail servers', () => {
  it.each<[given: string, zone: Zone, then: string[]]>([
    ['one with addresses', { ...named('mx.example.org'), ...server }, ['mx.ok']],
    ['one with IPv4 only', { ...named('m4.example.org'), 'm4.example.org': { a: ['192.0.2.1'] } }, ['mx.ok']],
    ['a null MX', named('.'), ['mx.null']],
    ['a null MX beside another', { ...named('.', 'mx.example.org'), ...server }, ['mx.null-mixed']],
    ['none, and an address', { [domain]: { a: ['192.0.2.1'] } }, ['mx.missing']],
    ['nothing at all', { [domain]: { txt: ['x'] } }, ['mx.unreachable']],
    ['one without address', { ...named('gone.example.org') }, ['mx.target-missing']],
    [
      'an alias',
      { ...named('al.example.org'), 'al.example.org': { cname: ['mx.example.org'] }, ...server },
      ['mx.target-alias'],
    ],
    [
      'an alias in a circle',
      { ...named('al.example.org'), 'al.example.org': { cname: ['al.example.org'] } },
      ['mx.target-alias', 'mx.cannot-tell'],
    ],
    ['an address as a name', named('192.0.2.1'), ['mx.target-number']],
    ['an address within', { ...named('in.example.org'), 'in.example.org': { a: ['10.0.0.1'] } }, ['mx.target-private']],
    ['this machine', { ...named('in.example.org'), 'in.example.org': { aaaa: ['::1'] } }, ['mx.target-private']],
  ])('%s', async (_, zone, then) => {
    expect(await codes(zone)).toEqual(then)
  })

  it.each([
    'MX example.org',
    'A mx.example.org',
    'AAAA mx.example.org',
    'CNAME mx.example.org',
  ])('lost, %s: nothing is called good', async lost => {
    expect(await codes({ ...named('mx.example.org'), ...server }, [lost])).toEqual(['mx.cannot-tell'])
  })

  it('without MX, a lost address does not make the domain unreachable', async () => {
    expect(await codes({ [domain]: { txt: ['x'] } }, ['AAAA example.org'])).toEqual(['mx.cannot-tell'])
  })
})

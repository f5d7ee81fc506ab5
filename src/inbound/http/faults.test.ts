import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentFindings as coreFindings } from '../../core/content.ts'
import { outcomes as coreOutcomes } from '../../core/events.ts'
import {
  causeKinds,
  lanes as coreLanes,
  modes as coreModes,
  requirements as coreRequirements,
} from '../../core/policy.ts'
import { parseInstant } from '../../std/instant.ts'
import { waits } from '../../views/changes.ts'
import * as campaigns from './campaign-contract.ts'
import { check } from './check.ts'
import * as contract from './contract.ts'
import { keywords } from './faults.ts'
import { message } from './test-ports.ts'

const bodies = [
  contract.MessageBody,
  contract.MessageLine,
  contract.ClassPatch,
  contract.PauseBody,
  contract.MessageQuery,
]

describe('faults', () => {
  it('are named exactly when the compiled check says no', () => {
    const keys = [
      'class',
      'account',
      'recipient',
      'email',
      'slots',
      'a',
      '__proto__',
      'constructor',
      'subject',
      'text',
      'causes',
      'id',
      'mode',
      'lane',
      'cause',
      'expiresAt',
      'channels',
      'kinds',
      'limit',
      'reason',
    ]
    const leaf = fc.oneof(
      fc.constantFrom<unknown>(
        '',
        'a',
        'enforce',
        'open',
        'email',
        '2026-01-08T00:00:00Z',
        'x'.repeat(70),
        null,
        true,
        0,
        1,
        -1,
        1.5,
      ),
      fc.string({ maxLength: 3 }),
    )
    const { value } = fc.letrec(tie => ({
      value: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie('value'), { maxLength: 3 }), tie('object')),
      object: fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 6 }),
    }))
    const checks = bodies.map(schema => check(schema))
    const near = fc.record(
      {
        class: leaf,
        account: value,
        recipient: value,
        slots: value,
        subject: leaf,
        text: leaf,
        cause: value,
        expiresAt: leaf,
        channels: value,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(
        fc.oneof(
          value,
          near.map(part => message(part)),
        ),
        fc.nat(bodies.length - 1),
        (given, which) => {
          const { accepts, faults } = checks[which]!
          expect(faults(given).length === 0).toBe(accepts(given))
        },
      ),
      { numRuns: 3000 },
    )
  })

  const asked = { ...contract, ...campaigns }
  it('know every keyword of every schema that a request is checked with', () => {
    const names = Object.keys(asked).filter(name => /(?:Body|Line|Patch|Query|Params|Member)$/.test(name))
    expect(names.length).toBeGreaterThan(10)
    const unread = names.map(name => [name, unreadOf(asked[name as keyof typeof asked])])
    expect(unread.filter(([, found]) => found!.length > 0)).toEqual([])
  })

  const hash = 'a'.repeat(64)
  it.each<[string, object, string[]]>([
    ['all of the form', {}, []],
    ['too short', { contentHash: 'abc' }, ['/contentHash field.malformed']],
    ['in upper case', { audienceHash: 'A'.repeat(64) }, ['/audienceHash field.malformed']],
    ['with a line break', { contentHash: `${hash}\n` }, ['/contentHash field.malformed']],
  ])('name a hash that is not one: %s', (_, change, faults) => {
    const approval = check(campaigns.ApproveBody)
    const given = { contentHash: hash, audienceHash: hash, answer: 'x', ...change }
    expect(approval.faults(given).map(({ pointer, code }) => `${pointer} ${code}`)).toEqual(faults)
    expect(approval.accepts(given)).toBe(faults.length === 0)
  })

  it('name a share of nothing', () => {
    const body = check(campaigns.CampaignBody)
    const found = body.faults({ stages: [{ share: 0 }] }).filter(({ pointer }) => pointer.startsWith('/stages'))
    expect(found).toEqual([
      { pointer: '/stages/0/share', code: 'field.out-of-range', detail: 'must be above 0, at most 1' },
    ])
  })

  it('stop at a bound', () => {
    const given = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field${i}`, 1]))
    expect(check(contract.MessageBody).faults(given).length).toBeLessThanOrEqual(contract.faultsMax + 5)
  })

  it('point by RFC 6901 and never repeat a value', () => {
    const faults = check(contract.MessageBody).faults(
      message({ 'a/b~c': 'secret-1', class: ['secret-2'], expiresAt: 'secret-3' }),
    )
    expect(faults.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/class', 'field.wrong-type'],
      ['/a~1b~0c', 'field.unknown'],
      ['/expiresAt', 'field.not-an-instant'],
    ])
    expect(JSON.stringify(faults)).not.toContain('secret')
  })
})

const notes = new Set(['title', 'description', 'default', 'examples', '$id'])

/** Keywords that say what is allowed and that the walk does not read. */
function unreadOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([keyword, value]) => {
    if (keyword.startsWith('~') || notes.has(keyword)) return []
    if (!(keywords as string[]).includes(keyword)) return [keyword]
    if (keyword === 'properties' || keyword === 'patternProperties')
      return Object.values(value as object).flatMap(unreadOf)
    return keyword === 'items' ? unreadOf(value) : []
  })
}

describe('contract', () => {
  it('has the vocabulary of the core', () => {
    expect(contract.lanes).toEqual(coreLanes)
    expect(contract.modes).toEqual(coreModes)
    expect(contract.requirements).toEqual(coreRequirements)
    expect(contract.outcomes).toEqual(coreOutcomes)
    expect(contract.contentFindings).toEqual(coreFindings)
    expect([...contract.states].sort()).toEqual(Object.keys(waits).sort())
    const { kinds } = contract.ClassPolicyView.properties.causes.properties
    expect(kinds.items.enum).toEqual([...causeKinds])
  })
})

describe('instants', () => {
  it.each([
    ['2018-04-05T17:31:00Z', Date.UTC(2018, 3, 5, 17, 31)],
    ['2018-04-05t17:31:00z', Date.UTC(2018, 3, 5, 17, 31)],
    ['2018-04-05T17:31:00.123456789Z', Date.UTC(2018, 3, 5, 17, 31, 0, 123)],
    ['2018-04-05T17:31:00+05:30', Date.UTC(2018, 3, 5, 12, 1)],
    ['2018-04-05T17:31:00-00:30', Date.UTC(2018, 3, 5, 18, 1)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ])('%s', (text, instant) => expect(parseInstant(text)).toBe(instant))

  it.each([
    'lunchtime',
    '',
    '2018-04-05',
    '2018-04-05T17:31Z',
    '2018-04-05T17:31:00',
    '2018-04-05T17:31:00X',
    '2018-04-05T17:31:00+25:00',
    '2018-04-05T17:31:00+05',
    '2018-04-05T17:31:00+xx:00',
    '2018-04-05 17:31:00Z',
    '2018-13-05T17:31:00Z',
    '2018-02-30T17:31:00Z',
    '2023-02-29T00:00:00Z',
    '2018-04-05T24:00:00Z',
    '2018-04-05T17:60:00Z',
    '2018-04-05T17:31:61Z',
    '2018-04-05T17:31:00Z\n',
    '٢018-04-05T17:31:00Z',
  ])('not %j', text => {
    expect(parseInstant(text)).toBeUndefined()
  })

  it('are read as Date.parse reads what it writes', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), date => {
        expect(parseInstant(date.toISOString())).toBe(date.getTime())
      }),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { outcomes as coreOutcomes } from '../../core/events.ts'
import {
  causeKinds,
  lanes as coreLanes,
  modes as coreModes,
  requirements as coreRequirements,
} from '../../core/policy.ts'
import { parseInstant } from '../../std/instant.ts'
import { waits } from '../../views/changes.ts'
import { check } from './check.ts'
import * as contract from './contract.ts'
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

describe('contract', () => {
  it('has the vocabulary of the core', () => {
    expect(contract.lanes).toEqual(coreLanes)
    expect(contract.modes).toEqual(coreModes)
    expect(contract.requirements).toEqual(coreRequirements)
    expect(contract.outcomes).toEqual(coreOutcomes)
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

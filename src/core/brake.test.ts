import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Core, hashOf, hour, idOf, minute, second, t0, withClass } from '../../test/core.ts'
import { newCaps } from './caps.ts'
import { newLedger } from './causes.ts'
import type { Event } from './events.ts'
import { fold } from './fold.ts'
import { Leases } from './leases.ts'
import type { Policy } from './policy.ts'
import { newRepeats } from './repeats.ts'

/** Limiters as they would be with a fault in them: what they should remember is gone before each message. */
const faults = {
  'the caps forget': (core: Core) => {
    core.state.caps = newCaps()
  },
  'the ledger forgets what was used': (core: Core) => {
    core.state.ledger.uses = newLedger().uses
  },
  'repeats are forgotten': (core: Core) => {
    core.state.repeats = newRepeats()
  },
  'budgets are not counted': (core: Core) => {
    const json = core.state.leases.toJSON() as { accounts: [string, { spent: number }[]][] }
    for (const [, hours] of json.accounts) for (const one of hours) one.spent = 0
    core.state.leases = Leases.from(json)
  },
} satisfies Record<string, (core: Core) => void>

const policy = (one: Policy): void => {
  withClass('password-reset', reset => {
    reset.causes.requirement = 'expected'
    reset.budgetPerHour.open = 40
  })(one)
  one.caps.open = { perHour: 3, perDay: 9 }
  // The detectors would stop such a loop first: here they see nothing.
  Object.assign(one.detection, { softDays: 1e15, hardDays: 1e15 })
}

/** A sender that asks for the same again and again, or for others as fast as it can; answers how many were let go to whom. */
function loop(core: Core, fault: (core: Core) => void, wanted: (n: number) => Parameters<Core['send']>[0]) {
  const delivered = new Map<string, number>()
  for (let n = 0; n < 200; n++) {
    fault(core)
    const to = wanted(n)!.to!
    if (core.send(wanted(n)).startsWith('deliver ')) {
      delivered.set(to, (delivered.get(to) ?? 0) + 1)
      core.handover(core.last, 'accepted')
    }
    core.wait(10)
  }
  return { delivered, most: Math.max(...delivered.values()) }
}

const alarmsOf = (core: Core) =>
  core.events.filter(
    (event): event is Extract<Event, { type: 'AlarmRaised' }> =>
      event.type === 'AlarmRaised' && event.alarm.detector === 'own-brake',
  )

describe('a limiter at fault is caught by the watch over it', () => {
  const same = (extra: object) => () => ({ to: 'ann@example.org', account: 'ann', ...extra })
  it.each([
    ['the caps forget', same({}), 6, { toMailboxInHour: 7, toMailboxInHourMax: 6 }],
    ['the ledger forgets what was used', same({ cause: 'asked' }), 1, { ofOneCause: 2, ofOneCauseMax: 1 }],
    ['repeats are forgotten', same({ key: 'once' }), 1, { ofOneKey: 2, ofOneKeyMax: 1 }],
    [
      'budgets are not counted',
      (n: number) => ({ to: `user${n}@example.org` }),
      1,
      { letGoInHour: 41, grantedForHour: 40 },
    ],
  ] as const)('%s', (name, wanted, toOneMax, numbers) => {
    const core = new Core({ policy, leases: false })
    for (const lane of ['open', 'reserved', 'system'] as const) core.grant('password-reset', lane, 40)
    core.grant('other', 'open', 40)
    if (name === 'the ledger forgets what was used') core.cause('asked')
    const { delivered, most } = loop(core, faults[name], wanted)
    expect(most).toBe(toOneMax)
    expect([...delivered.values()].reduce((sum, n) => sum + n)).toBeLessThanOrEqual(40)
    // One alarm, however many messages show the fault.
    expect(alarmsOf(core).map(({ alarm }) => [alarm.detector, alarm.level, alarm.numbers])).toEqual([
      ['own-brake', 'hard', numbers],
    ])
    expect(alarmsOf(core)[0]!.alarm.messages.length).toBeGreaterThan(0)
    // Others wait, a known device is served.
    expect(core.send({ to: 'eve@example.org', class: 'other' })).toBe('hold open brake.faulty')
    core.cause('honest', { account: 'bob' })
    expect(core.send({ to: 'bob@example.org', account: 'bob', cause: 'honest' })).toBe('deliver reserved')
    expect(core.due().map(({ lane }) => lane)).toEqual(['reserved'])
  })

  it('stops the duplicate in the reserved lane too', () => {
    const core = new Core({ policy })
    core.cause('asked')
    const { most } = loop(core, faults['the ledger forgets what was used'], () => ({
      to: 'ann@example.org',
      cause: 'asked',
    }))
    expect(most).toBe(1)
  })
})

describe('without a fault', () => {
  it('nothing is said, whatever people and senders do', () => {
    const step = fc.oneof(
      fc.record({
        to: fc.integer({ min: 0, max: 3 }),
        cause: fc.option(fc.nat(20), { nil: undefined }),
        key: fc.option(fc.nat(5), { nil: undefined }),
        class: fc.constantFrom('password-reset', 'sign-in-alert', 'other'),
      }),
      fc.record({
        caused: fc.nat(20),
        account: fc.integer({ min: 0, max: 3 }),
        trust: fc.constantFrom('session', 'unknown'),
      }),
      fc.record({ end: fc.nat(200), how: fc.constantFrom('accepted', 'deferred', 'rejected', 'unknown') }),
      fc.record({
        act: fc.constantFrom('ReleaseMessage', 'DiscardMessage', 'RecallMessage', 'ReconsiderMessage'),
        id: fc.nat(200),
      }),
      fc.record({ ms: fc.constantFrom(second, 10 * second, 10 * minute, hour) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), steps => {
        const core = new Core({ policy })
        for (const one of steps) play(core, one as Step)
        expect(core.state.brake.books.fault).toBeUndefined()
        expect(alarmsOf(core)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  type Step = {
    to?: number
    cause?: number
    key?: number
    class?: string
    caused?: number
    account?: number
    trust?: 'session' | 'unknown'
    end?: number
    how?: 'accepted'
    act?: 'ReleaseMessage'
    id?: number
    ms?: number
  }

  function play(core: Core, { to, cause, key, caused, account, trust, end, how, act, id, ms, ...rest }: Step): void {
    if (to !== undefined)
      core.send({
        to: `user${to}@example.org`,
        account: `user${to}`,
        ...(cause !== undefined && { cause: `cause${cause}` }),
        ...(key !== undefined && { key: `key${to}${key}` }),
        ...rest,
      })
    else if (caused !== undefined)
      core.cause(`cause${caused}`, {
        account: `user${account}`,
        trust: trust!,
        kind: caused % 2 ? 'reset.requested' : 'login.succeeded',
      })
    else if (end !== undefined) core.handover(idOf(end), how!)
    else if (act) core.do({ type: act, id: idOf(id!), by: 'operator', reason: 'drill' } as never)
    else {
      core.wait(ms!)
      if (ms === hour) core.grantAll(20)
    }
  }
})

describe('the way back', () => {
  const broken = (): Core => {
    const core = new Core({ policy })
    loop(core, faults['the caps forget'], () => ({ to: 'ann@example.org' }))
    return core
  }
  const clear = { type: 'ClearBrakeFault', by: 'operator' } as const

  it('is a person', () => {
    const core = broken()
    core.wait(3 * hour)
    core.grantAll()
    expect(core.send({ to: 'eve@example.org' })).toBe('hold open cause.missing brake.faulty')
    expect(core.eventsOf(clear)).toEqual([{ type: 'BrakeCleared', by: 'operator' }])
    expect(core.send({ to: 'eve@example.org' })).toBe('deliver open cause.missing')
    expect(core.do(clear)).toEqual({ type: 'refused', code: 'brake.not-faulty' })
  })

  it('leads into the next alarm when the fault is still there', () => {
    const core = broken()
    core.do(clear)
    loop(core, faults['the caps forget'], () => ({ to: 'bob@example.org' }))
    expect(alarmsOf(core).map(({ alarm }) => alarm.id)).toEqual([1, 2])
  })

  it('for what waited is a release by a person, which is not judged again', () => {
    const core = broken()
    core.do(clear)
    const held = [...core.state.messages.all()].find(({ reasons }) => reasons.includes('brake.faulty'))!
    expect(core.do({ type: 'ReleaseMessage', id: held.facts.id, by: 'operator' })).toEqual({ type: 'done' })
    core.handover(held.facts.id, 'accepted')
    expect(core.state.brake.books.fault).toBeUndefined()
  })
})

it('what was decided before the fault waits as well, and goes when it is cleared', () => {
  const core = new Core({ policy })
  core.send({ to: 'early@example.org' })
  const early = core.last
  loop(core, faults['the caps forget'], () => ({ to: 'ann@example.org' }))
  expect(core.due()).toEqual([])
  core.do({ type: 'ClearBrakeFault', by: 'operator' })
  expect(core.due().map(({ id }) => id)).toContain(early)
})

it.each([
  ['that comes twice', (core: Core) => core.send({ to: 'ann@example.org' }), 2],
  ['without a decision', () => {}, 1],
] as const)('a hand-over %s is a fault', (_, before, times) => {
  const core = new Core({ policy })
  before(core)
  const delivered: Event = { type: 'MessageDelivered', id: idOf(1), upstream: 'mailbox', attempt: 1, reply: '' }
  for (let n = 0; n < times; n++) {
    expect(core.state.brake.books.fault).toBeUndefined()
    fold(core.state, delivered, { position: 99, at: t0 })
  }
  expect(core.state.brake.books.fault).toMatchObject({ messages: [idOf(1)], numbers: { letGo: 0 } })
})

it('a lowered cap is not held against what was sent under the one before', () => {
  const core = new Core({ policy })
  for (let n = 0; n < 3; n++) core.send({ to: 'ann@example.org' })
  const lowered = structuredClone(core.state.policy)
  lowered.caps.open = { perHour: 1, perDay: 9 }
  core.do({ type: 'ApplyPolicy', hash: 'lower', policy: lowered, by: 'operator' })
  core.wait(hour - minute)
  core.state.caps.sweep(0, () => false)
  core.send({ to: 'ann@example.org' })
  expect(core.state.brake.books.fault).toBeUndefined()
})

it('forgets: a mailbox after its hour, a use after an hour, a message at its end', () => {
  const core = new Core({ policy })
  core.cause('asked')
  core.send({ cause: 'asked', key: 'once' })
  core.handover(core.last, 'accepted')
  core.at += 3 * hour
  // Each 64 events sweep one of up to 1024 shards.
  for (let n = 0; n < 64 * 1025; n++)
    fold(
      core.state,
      { type: 'CoverageReported', source: 'web', until: 0, complete: true },
      { position: 99, at: core.at },
    )
  const { brakeOpen, brakeUsed, brakeMailboxes } = core.state.brake.tables
  expect([brakeOpen.size, brakeUsed.size, brakeMailboxes.size]).toEqual([0, 0, 0])
  expect(hashOf('x')).toMatch(/^[0-9a-f]{16}$/)
})

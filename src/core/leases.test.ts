import { describe, expect, it } from 'vitest'
import { Core, hour, inWords, minute, t0 } from '../../test/core.ts'
import { type Coordinator, foldRuling, newCoordinator, type Ruling, rule, wanted } from './coordinator.ts'
import { Demand } from './demand.ts'
import type { Lease } from './events.ts'
import { hourOf, Leases } from './leases.ts'
import { freshPolicy } from './policy.ts'

const now = hourOf(t0)
const lease = (part: Partial<Lease> = {}): Lease => ({
  class: 'other',
  lane: 'open',
  hour: now,
  messages: 10,
  epoch: 1,
  grant: 1,
  ...part,
})

describe('leases', () => {
  it.each([
    ['the same grant', { epoch: 2, grant: 5 }, false],
    ['an earlier grant', { epoch: 2, grant: 4 }, false],
    ['a later grant', { epoch: 2, grant: 6 }, true],
    ['an earlier coordinator', { epoch: 1, grant: 9 }, false],
    ['a later coordinator', { epoch: 3, grant: 1 }, true],
  ])('%s counts: %j %s', (_name, part, then) => {
    const leases = new Leases()
    leases.take(lease({ epoch: 2, grant: 5 }))
    expect(leases.isNew(lease(part))).toBe(then)
  })

  it('belong to their class, lane and hour', () => {
    const leases = new Leases()
    leases.take(lease())
    leases.take(lease({ hour: now + 1, messages: 7, grant: 2 }))
    leases.spend('other', 'open', now)
    expect(leases.remaining('other', 'open', now)).toBe(9)
    expect(leases.remaining('other', 'open', now + 1)).toBe(7)
    expect(leases.remaining('other', 'reserved', now)).toBe(0)
    expect(leases.remaining('password-reset', 'open', now)).toBe(0)
    expect(leases.spent('other', 'open', now)).toBe(1)
  })

  it('are no more than the budget as it is now', () => {
    const leases = new Leases()
    leases.take(lease())
    for (let i = 0; i < 4; i++) leases.spend('other', 'open', now)
    expect([5, 4, 2, 100].map(budget => leases.left('other', 'open', now, budget))).toEqual([1, 0, -2, 6])
  })

  it('come back from a snapshot', () => {
    const leases = new Leases()
    leases.take(lease())
    leases.spend('other', 'open', now)
    const back = Leases.from(JSON.parse(JSON.stringify(leases)))
    expect(JSON.stringify(back)).toBe(JSON.stringify(leases))
    expect(back.isNew(lease())).toBe(false)
  })

  it('are told by a stale grant that it is one', () => {
    const core = new Core({ leases: false })
    expect(inWords(core.grant('other', 'open', 2))).toBe('done')
    expect(inWords(core.do({ type: 'GrantLease', lease: lease({ grant: 1 }) }))).toBe('refused lease.stale')
    const sent = ['a', 'b', 'c'].map(to => core.send({ class: 'other', to }))
    expect(sent).toEqual(['deliver open', 'deliver open', 'hold open budget.exhausted'])
  })

  it('of an hour end with it', () => {
    const core = new Core()
    core.at += hour
    expect(core.send({ class: 'other' })).toBe('hold open budget.exhausted')
  })
})

describe('the coordinator', () => {
  const policy = freshPolicy()
  policy.classes.other!.budgetPerHour.open = 10
  const want = { class: 'other', lane: 'open' as const, hour: now, messages: 4, forecast: 0 }

  function rulingsOn(coordinator: Coordinator, one: typeof want, partition = 0, epoch = 1): Ruling[] {
    const rulings = rule(coordinator, policy, one, { partition, epoch, now: t0 })
    for (const ruling of rulings) foldRuling(coordinator, ruling)
    return rulings
  }

  const leaseIn = (rulings: Ruling[]): Lease | undefined =>
    rulings.flatMap(ruling => (ruling.type === 'LeaseIssued' ? [ruling.lease] : []))[0]

  function issueAll(wants: (typeof want)[]): number[] {
    const coordinator = newCoordinator()
    return wants.map(want => leaseIn(rulingsOn(coordinator, want))?.messages ?? 0)
  }

  it('never issues more than the budget of an hour, whoever asks', () => {
    expect(issueAll([want, want, want, want])).toEqual([4, 4, 2, 0])
    expect(issueAll([want, want, { ...want, hour: now + 1 }, want])).toEqual([4, 4, 4, 2])
  })

  it('issues nothing for what is no class', () => {
    expect(
      issueAll([
        { ...want, class: 'nothing' },
        { ...want, class: 'constructor' },
      ]),
    ).toEqual([0, 0])
  })

  it('does not begin an hour anew that it has forgotten, for a partition whose clock is behind', () => {
    expect(issueAll([want, want, want, { ...want, hour: now + 3 }, want])).toEqual([4, 4, 2, 4, 0])
  })

  it('that takes over counts what the one before issued', () => {
    const [first, second] = [newCoordinator(), newCoordinator()]
    const journal = [0, 1].flatMap(partition => rulingsOn(first, want, partition))
    for (const ruling of journal) foldRuling(second, ruling)
    expect(second).toEqual(first)
    expect(leaseIn(rulingsOn(second, want, 0, 2))).toMatchObject({
      messages: 2,
      grant: 3,
      epoch: 2,
    })
  })

  const wantsOf = (leases: Leases, at: number, partitions: number) =>
    wanted({ policy, leases, demand: new Demand() }, { now: at, partitions }).filter(
      one => one.class === 'other' && one.lane === 'open',
    )

  it.each([
    ['in the middle of the hour', 30 * minute, [now]],
    ['in its last minutes', 56 * minute, [now, now + 1]],
  ])('is asked for a share of what is missing %s, by one partition of several', (_name, ms, hours) => {
    const wants = wantsOf(new Leases(), t0 + ms, 3)
    expect(wants).toEqual(hours.map(hour => ({ class: 'other', lane: 'open', hour, messages: 2, forecast: 0 })))
  })

  it('is not asked while enough is left', () => {
    const leases = new Leases()
    leases.take(lease({ messages: 2 }))
    expect(wantsOf(leases, t0, 3)).toEqual([])
    leases.spend('other', 'open', now)
    expect(wantsOf(leases, t0, 3)).toHaveLength(1)
  })

  it('is asked for the whole budget by the only partition, once', () => {
    const leases = new Leases()
    const budget = policy.classes.other!.budgetPerHour.open
    expect(wantsOf(leases, t0, 1)).toMatchObject([{ messages: budget }])
    leases.take(lease({ messages: budget }))
    for (let i = 0; i < budget; i++) leases.spend('other', 'open', now)
    expect(wantsOf(leases, t0, 1)).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { Core, hashOf, hour, inWords, minute, second, t0, withClass } from '../../test/core.ts'
import type { Command, Handover } from './commands.ts'
import { fromConfig } from './state.ts'

const other = { class: 'other' }

describe('repeats', () => {
  it.each([
    ['same key, same message', { key: 'k' }, 'deliver open again'],
    ['same key, other message', { key: 'k', content: 'other' }, 'conflict'],
    ['another key', { key: 'l' }, 'deliver open'],
    ['no key', {}, 'deliver open'],
  ])('%s', (_name, second, then) => {
    const core = new Core()
    core.send({ ...other, key: 'k' })
    const first = core.last
    const answer = core.request({ ...other, ...second })
    expect(inWords(answer)).toBe(then)
    if (answer.type === 'conflict' || (answer.type === 'decided' && answer.repeat)) expect(answer.id).toBe(first)
  })

  it.each([
    ['deliver', {}],
    ['suppress', { to: 'full@example.org' }],
    ['hold', { template: { name: 'unknown' } }],
    ['reject', { environment: 'test' }],
    ['expire', { expiresAt: t0 }],
  ])('of a message whose answer was %s changes nothing', (outcome, wanted) => {
    const core = new Core()
    for (let i = 0; i < 5; i++) core.send({ ...other, to: 'full@example.org' })
    const first = core.request({ ...other, key: 'k', ...wanted })
    const [events, size] = [core.events.length, core.state.messages.size]
    expect(core.request({ ...other, key: 'k', ...wanted })).toEqual({ ...first, repeat: true })
    expect(first).toMatchObject({ type: 'decided', outcome })
    expect([core.events.length, core.state.messages.size]).toEqual([events, size])
  })

  it('are known for a day, whatever became of the message', () => {
    const core = new Core()
    core.send({ ...other, key: 'k' })
    core.handover(core.last, 'accepted')
    core.at += 24 * hour
    expect(core.send({ ...other, key: 'k' })).toBe('deliver open again')
    core.at += second
    core.grantAll()
    expect(core.send({ ...other, key: 'k' })).toBe('deliver open')
  })
})

describe('the end of a life', () => {
  it('of a message that nobody took', () => {
    const core = new Core()
    core.send({ ...other, expiresAt: core.at + 10 * minute })
    core.wait(10 * minute + second)
    expect(core.events.at(-1)).toMatchObject({ type: 'MessageExpired', reasons: ['delivery.gave-up'] })
  })

  it('of a message that is held', () => {
    const core = new Core({ leases: false })
    core.send({ ...other, expiresAt: core.at + 10 * minute })
    core.wait(10 * minute + second)
    expect(core.events.at(-1)).toMatchObject({
      type: 'MessageExpired',
      reasons: ['budget.exhausted', 'secret.expired'],
    })
  })

  it('waits for what the world says of a message that is with it', () => {
    const core = new Core()
    core.send({ ...other, expiresAt: core.at + minute })
    const id = core.last
    core.wait(2 * minute, [id])
    expect(core.statusOf(id)).toBe('ready')
    core.handover(id, 'deferred')
    core.wait(0)
    expect(core.statusOf(id)).toBe('ended')
  })

  it('is told on request, for what came back untouched', () => {
    const core = new Core()
    core.send({ ...other, expiresAt: core.at + minute })
    core.wait(2 * minute, [core.last])
    core.do({ type: 'ReconsiderMessage', id: core.last })
    expect(core.statusOf(core.last)).toBe('ended')
  })

  it.each([
    ['held and ended', { leases: false }, 'hold'],
    ['queued and ended: it may have been handed over before a crash', { leases: true }, 'deliver'],
  ])('gives the cause back or not: %s', (_name, given, outcome) => {
    const core = new Core(given)
    core.cause('c')
    const wanted = { account: 'ann', cause: 'c', expiresAt: core.at + minute }
    expect(core.send(wanted)).toContain(outcome)
    core.wait(2 * minute)
    core.grantAll()
    const again = core.send({ account: 'ann', cause: 'c' })
    expect(again).toBe(outcome === 'hold' ? 'deliver reserved' : 'hold open cause.used')
  })
})

describe('a person', () => {
  const held = () => {
    const core = new Core({ policy: p => withClass('other', one => void (one.content = 'approved-only'))(p) })
    core.send(other)
    return core
  }
  const release = (core: Core) => inWords(core.do({ type: 'ReleaseMessage', id: core.last, by: 'operator' }))
  const discard = (core: Core) =>
    inWords(core.do({ type: 'DiscardMessage', id: core.last, by: 'operator', reason: 'wrong' }))

  it.each<[string, (core: Core) => void, string, string]>([
    ['releases', release, 'refused message.not-held', 'refused message.not-held'],
    ['discards', discard, 'refused message.not-held', 'refused message.not-held'],
  ])('%s once', (_name, act, release2, discard2) => {
    const core = held()
    act(core)
    expect([release(core), discard(core)]).toEqual([release2, discard2])
  })

  it('releases, and the message goes', () => {
    const core = held()
    expect(release(core)).toBe('done')
    core.wait(second)
    expect(core.due().map(({ id }) => id)).toEqual([core.last])
  })

  it('cannot exceed the budget', () => {
    const core = new Core({ leases: false })
    core.send(other)
    expect(release(core)).toBe('refused budget.exhausted')
    core.grant('other', 'open', 1)
    expect(release(core)).toBe('done')
    core.send(other)
    expect(release(core)).toBe('refused budget.exhausted')
  })

  it('cannot bring back what has expired, and is told so', () => {
    const core = held()
    core.at += 3 * 24 * hour
    expect(release(core)).toBe('refused message.not-live')
    expect(core.statusOf(core.last)).toBe('ended')
  })

  it('discards, and the cause is free again', () => {
    const core = new Core({ leases: false })
    core.cause('c')
    core.send({ account: 'ann', cause: 'c' })
    expect(discard(core)).toBe('done')
    core.grantAll()
    expect(core.send({ account: 'ann', cause: 'c' })).toBe('deliver reserved')
  })

  it('has no way with a message that is not there', () => {
    expect(release(new Core())).toBe('refused message.not-held')
  })
})

describe('what the world did with a message', () => {
  const given = (upstreams = ['a', 'b']) => {
    const core = new Core({ policy: policy => void (policy.upstreams = upstreams) })
    core.send(other)
    return core
  }
  const story = (core: Core, ...handovers: Handover[]) =>
    handovers.map(handover => {
      const [event] = core.handover(core.last, handover)
      const live = core.state.messages.get(core.last)
      return [event?.type, live?.upstream, live?.status.is === 'ready' && live.status.at > core.at ? 'later' : 'now']
    })

  it.each<[string, Handover, string]>([
    ['accepted', 'accepted', 'MessageDelivered'],
    ['rejected', 'rejected', 'MessageUndeliverable'],
    ['unreadable', 'unreadable', 'MessageUndeliverable'],
  ])('%s is the end', (_name, handover, event) => {
    const core = given()
    expect(story(core, handover)).toEqual([[event, undefined, 'now']])
    expect(core.handover(core.last, 'accepted')).toEqual([])
  })

  it('a refusal for now goes to the next upstream at once, and after all of them it waits', () => {
    expect(story(given(), 'deferred', 'deferred', 'deferred')).toEqual([
      ['HandoverDeferred', 'b', 'now'],
      ['HandoverDeferred', 'a', 'later'],
      ['HandoverDeferred', 'b', 'now'],
    ])
  })

  it('an unknown outcome stays with its upstream, and waits', () => {
    expect(story(given(), 'unknown', 'unknown', 'accepted')).toEqual([
      ['HandoverUnknown', 'a', 'later'],
      ['HandoverUnknown', 'a', 'later'],
      ['MessageDelivered', undefined, 'now'],
    ])
  })

  it('an upstream that is no longer configured is followed by the first', () => {
    const core = given(['a'])
    core.state.policy.upstreams = ['c', 'd']
    expect(story(core, 'deferred')[0]).toEqual(['HandoverDeferred', 'c', 'now'])
  })

  it('waits longer each time, up to a bound', () => {
    const core = given(['a'])
    const waits = Array.from({ length: 14 }, () => {
      core.handover(core.last, 'deferred')
      const { status } = core.state.messages.get(core.last)!
      const wait = status.is === 'ready' ? status.at - core.at : 0
      core.at += wait
      return wait
    })
    expect(waits[0]).toBeGreaterThanOrEqual(second)
    expect(Math.abs(waits[1]! - 2 * waits[0]!)).toBeLessThanOrEqual(1)
    expect(Math.max(...waits)).toBeLessThanOrEqual(15 * minute)
    expect(waits.at(-1)).toBe(waits.at(-2))
  })
})

describe('a stop with messages in the queue', () => {
  it('keeps them, and resuming neither repeats nor loses', () => {
    const core = new Core()
    for (const to of ['a', 'b', 'c']) core.send({ ...other, to })
    const before = core.due().map(({ id }) => id)
    core.do({ type: 'PauseClass', class: 'other', by: 'operator', reason: 'drill' })
    expect(core.due()).toEqual([])
    core.do({ type: 'ResumeClass', class: 'other', by: 'operator' })
    expect(core.due().map(({ id }) => id)).toEqual(before)
    expect(before).toHaveLength(3)
  })

  it('that has an end lets them go then', () => {
    const core = new Core()
    core.send(other)
    core.do({ type: 'PauseClass', class: 'other', by: 'operator', reason: 'drill', until: core.at + minute })
    core.at += minute - 1
    expect(core.due()).toEqual([])
    core.at += 1
    expect(core.due()).toHaveLength(1)
  })
})

describe('erasing a person', () => {
  it.each([
    ['by account', 'ann', 2],
    ['by address', 'ann@example.org', 3],
    ['nobody', 'bob', 0],
  ])('%s', (_name, subject, n) => {
    const core = new Core()
    core.send({ ...other, account: 'ann' })
    core.send({ ...other, account: 'ann' })
    core.send(other)
    core.do({ type: 'EraseSubject', subject: hashOf(subject), by: 'operator' })
    expect(core.state.messages.size).toBe(3 - n)
    expect(core.events.at(-1)).toMatchObject({ type: 'SubjectErased', messages: { length: n } })
  })

  it('says what the world did with a message that was with it no more', () => {
    const core = new Core()
    core.send(other)
    core.do({ type: 'EraseSubject', subject: hashOf('ann@example.org'), by: 'operator' })
    expect(core.handover(core.last, 'accepted')).toEqual([])
  })
})

describe('the policy', () => {
  const apply = (hash: string, by: string): Extract<Command, { type: 'ApplyPolicy' }> => {
    const core = new Core()
    return { type: 'ApplyPolicy', hash, by, policy: core.state.policy }
  }
  it('of the configuration is applied when it changed; what an operator set stays until then', () => {
    const core = new Core()
    expect(core.do(apply('test', fromConfig)).type).toBe('repeat')
    expect(core.do(apply('test', 'operator')).type).toBe('done')
    expect(core.do(apply('test', fromConfig)).type).toBe('repeat')
    expect(core.do(apply('next', fromConfig)).type).toBe('done')
  })

  it('with a smaller budget is obeyed at once, whatever was granted before', () => {
    const core = new Core()
    const policy = structuredClone(core.state.policy)
    policy.classes.other!.budgetPerHour.open = 2
    core.do({ type: 'ApplyPolicy', hash: 'test', by: 'operator', policy })
    const to = ['a', 'b', 'c', 'd']
    expect(to.map(to => core.send({ ...other, to }))).toEqual([
      'deliver open',
      'deliver open',
      'hold open budget.exhausted',
      'hold open budget.exhausted',
    ])
    expect(inWords(core.do({ type: 'ReleaseMessage', id: core.last, by: 'operator' }))).toBe('refused budget.exhausted')
  })
})

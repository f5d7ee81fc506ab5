import { describe, expect, it } from 'vitest'
import { Core, second, withClass } from '../../test/core.ts'
import type { Effect } from './effects.ts'

/** Bulk that nobody holds back. */
const bulk = withClass('breach-notice', one => {
  one.causes.requirement = 'never'
})

/** A message of each urgency, the least urgent first. */
function given(): Core {
  const core = new Core({ policy: bulk })
  for (const [key, trust, kind] of [
    ['open', 'unknown', 'reset.requested'],
    ['reserved', 'session', 'reset.requested'],
  ] as const)
    core.cause(key, { account: key, trust, kind })
  core.cause('system', { account: 'system', kind: 'login.succeeded' })
  core.send({ class: 'breach-notice', to: 'bulk@example.org' })
  core.send({ class: 'other', to: 'other@example.org' })
  core.send({ account: 'open', to: 'open@example.org' })
  core.send({ class: 'sign-in-alert', account: 'system', to: 'system@example.org' })
  core.send({ account: 'reserved', to: 'reserved@example.org' })
  return core
}
const inWords = (effects: Effect[]) => effects.map(({ facts, lane }) => `${facts.class} ${lane}`)

describe('what is handed over next', () => {
  it('is the most urgent', () => {
    expect(inWords(given().due())).toEqual([
      'password-reset reserved',
      'sign-in-alert system',
      'password-reset open',
      'other open',
      'breach-notice campaign',
    ])
  })

  it.each([
    [2, 1, 2],
    [100, 50, 5],
    [0, 0, 0],
  ])('fits a window of %i, bulk %i', (inFlightMax, bulkInFlightMax, n) => {
    expect(given().due([], { inFlightMax, bulkInFlightMax })).toHaveLength(n)
  })

  it('is not what is with the world already', () => {
    const core = given()
    const first = core.due([], { inFlightMax: 2, bulkInFlightMax: 1 })
    const next = core.due(first, { inFlightMax: 4, bulkInFlightMax: 1 })
    expect(inWords(next)).toEqual(['password-reset open', 'other open'])
  })

  it('leaves room that bulk may not take', () => {
    const core = new Core({ policy: bulk })
    for (let i = 0; i < 5; i++) core.send({ class: 'breach-notice', to: `${i}@example.org` })
    const window = { inFlightMax: 4, bulkInFlightMax: 2 }
    const first = core.due([], window)
    expect(first).toHaveLength(2)
    expect(core.due(first, window)).toHaveLength(0)
    core.send({ class: 'other' })
    expect(inWords(core.due(first, window))).toEqual(['other open'])
  })

  it('is never what has expired', () => {
    const core = new Core()
    core.send({ class: 'other', expiresAt: core.at + 60 * second })
    core.at += 60 * second - 1
    expect(core.due()).toHaveLength(1)
    core.at += 1
    expect(core.due()).toHaveLength(0)
  })

  it('is nothing while no upstream can be reached', () => {
    const core = given()
    core.state.policy.upstreams = ['a', 'b']
    expect(core.due([], undefined, ['a', 'b'])).toHaveLength(0)
    expect(core.due([], undefined, ['a'])).toHaveLength(5)
  })

  it('keeps the order of asking among equals, and a deferred one comes back in its time', () => {
    const core = new Core()
    for (const to of ['a', 'b', 'c']) core.send({ class: 'other', to })
    const [first, ...rest] = core.due()
    core.handover(first!.id, 'deferred')
    expect(core.due().map(({ id }) => id)).toEqual(rest.map(({ id }) => id))
    core.wait(4 * second)
    const again = core.due()
    expect(again.map(({ id }) => id)).toEqual([...rest.map(({ id }) => id), first!.id])
    expect(again.at(-1)).toMatchObject({ attempt: 2 })
  })
})

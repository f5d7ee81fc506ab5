import { describe, expect, it } from 'vitest'
import { Core, hashOf, hour, minute } from '../../test/core.ts'
import type { SignalFacts } from './signals.ts'

const opened = (core: Core, key: string, part: object = {}) =>
  core.do({
    type: 'ReportSignal',
    signal: {
      key: hashOf(key),
      source: '/app',
      occurredAt: core.at,
      kind: 'link-followed',
      account: hashOf('account'),
      ...part,
    } as SignalFacts,
  })

const heard = (core: Core) => core.events.filter(event => event.type === 'SignalReported').length

describe('a signal that is reported', () => {
  it('counts once, however often it comes', () => {
    const core = new Core()
    expect(opened(core, 'a')).toEqual({ type: 'done' })
    expect(opened(core, 'a')).toEqual({ type: 'repeat' })
    expect(opened(core, 'b')).toEqual({ type: 'done' })
    expect(heard(core)).toBe(2)
  })

  it.each<[string, object, object]>([
    ['two minutes ahead', { occurredAt: 2 * minute }, { type: 'done' }],
    ['further ahead', { occurredAt: 2 * minute + 1 }, { type: 'refused', code: 'signal.from-the-future' }],
    ['a day ago', { occurredAt: -24 * hour }, { type: 'done' }],
  ])('%s', (_, { occurredAt }: { occurredAt?: number }, answer) => {
    const core = new Core()
    expect(opened(core, 'a', { occurredAt: core.at + occurredAt! })).toEqual(answer)
    expect(heard(core)).toBe('code' in answer ? 0 : 1)
  })

  it.each(['no-such-class', 'constructor'])('about the class %s is refused', name => {
    const core = new Core()
    const announced = { kind: 'campaign-announced', class: name, audience: 5, from: core.at, until: core.at + hour }
    expect(opened(core, 'a', announced)).toEqual({ type: 'refused', code: 'class.unknown' })
    expect(opened(core, 'a', { ...announced, class: 'other' })).toEqual({ type: 'done' })
  })
})

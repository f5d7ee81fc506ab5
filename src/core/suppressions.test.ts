import { describe, expect, it } from 'vitest'
import { Core, hashOf, hour } from '../../test/core.ts'
import type { ProviderNews } from './signals.ts'
import { suppressedFor, sweepSuppressions } from './suppressions.ts'

const day = 24 * hour
const ann = hashOf('mailbox ann@example.org')
const whyOf = (core: Core, mailbox = ann) => suppressedFor(core.state.suppressions, mailbox, core.at)

/** What the provider says of a message to Ann, the live one or, by its mailbox, one of long ago. */
function news(core: Core, ...all: ProviderNews[]): Core {
  for (const what of all)
    core.do({
      type: 'ReportSignal',
      signal: { key: hashOf(`${what} ${core.events.length}`), occurredAt: core.at, source: 'p', kind: 'provider', what, provider: 'p', mailbox: ann },
    }) // biome-ignore format: one signal
  return core
}

/** An upstream refuses a message to Ann. */
function refused(reply: string): Core {
  const core = new Core()
  core.send({ class: 'other' })
  core.do({ type: 'RecordHandover', id: core.last, handover: 'rejected', upstream: 'u', reply })
  return core
}

describe('bulk mail leaves alone', () => {
  it.each<[string, () => Core, string | undefined]>([
    ['nobody', () => new Core(), undefined],
    ['whose mail bounced', () => news(new Core(), 'bounced'), 'bounced'],
    ['who complained', () => news(new Core(), 'complained'), 'complained'],
    ['not whose mail is late', () => news(new Core(), 'deferred'), undefined],
    ['nobody whose mail arrives again', () => news(new Core(), 'bounced', 'delivered'), undefined],
    ['who complained, whatever arrives', () => news(new Core(), 'complained', 'delivered'), 'complained'],
    ['who complained, whatever bounces', () => news(new Core(), 'complained', 'bounced', 'delivered'), 'complained'],
    ['a mailbox that an upstream does not know', () => refused('550 5.1.1 no such user'), 'bounced'],
    ['a mailbox that has moved', () => refused('551 5.1.6 moved'), 'bounced'],
    ['not one that refuses the message', () => refused('550 5.7.1 looks like spam'), undefined],
    ['not one behind a number that only looks so', () => refused('550 5.7.1 see 15.1.11'), undefined],
  ])('%s', (_, given, why) => {
    expect(whyOf(given())).toBe(why)
  })

  it('knows the mailbox of a message that is still here', () => {
    const core = new Core()
    core.send({ class: 'other' })
    const signal = { key: hashOf('s'), occurredAt: core.at, source: 'p', kind: 'provider', provider: 'p' } as const
    core.do({ type: 'ReportSignal', signal: { ...signal, what: 'bounced', message: core.last } })
    expect(whyOf(core)).toBe('bounced')
    expect(whyOf(core, hashOf('mailbox eve@example.org'))).toBeUndefined()
  })

  it('forgets after ninety days', () => {
    const core = news(new Core(), 'bounced')
    core.at += 90 * day
    expect(whyOf(core)).toBe('bounced')
    core.at += 2000
    expect(whyOf(core)).toBeUndefined()
    const { suppressions } = core.state
    for (let shard = 0; shard < suppressions.shardCount; shard++) sweepSuppressions(suppressions, shard, core.at)
    expect(suppressions.size).toBe(0)
  })

  it('keeps no security message from anybody', () => {
    const core = news(new Core(), 'complained')
    expect(core.send({ class: 'other' })).toBe('deliver open')
  })
})

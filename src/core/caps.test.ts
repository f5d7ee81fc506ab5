import { describe, expect, it } from 'vitest'
import { Core, hashOf, hour, minute, t0 } from '../../test/core.ts'
import { capState, countLately, countMessage, markNoticed, newCaps, sweepCaps } from './caps.ts'
import { lanes } from './policy.ts'

const mailbox = hashOf('mailbox')
const cap = { perHour: 2, perDay: 3 }

describe('caps', () => {
  it.each([
    { after: 'an hour to the minute', asked: 60, count: 1 },
    { after: 'two hours', asked: 120, count: 0 },
  ])('tell who was written to lately, after $after', ({ asked, count }) => {
    const caps = newCaps()
    countMessage(caps, mailbox, 'open', t0)
    expect(countLately(caps, mailbox, 'open', t0 + asked * minute)).toBe(count)
    expect(countLately(caps, mailbox, 'system', t0 + asked * minute)).toBe(0)
  })

  it.each([
    ['nothing', [], 0, false],
    ['one', [0], 0, false],
    ['the hour is full', [0, 1], 2, true],
    ['to the end of the hour', [0, 1], 59, true],
    ['and then not', [0, 1], 60, false],
    ['the day is full', [0, 1, 60], 61, true],
    ['to the end of the day', [0, 1, 60], 24 * 60 - 1, true],
    ['and then not', [0, 1, 60], 24 * 60, false],
  ])('%s: sent in minutes %j, asked in %i', (_name, sent, asked, full) => {
    const caps = newCaps()
    for (const at of sent) countMessage(caps, mailbox, 'open', t0 + at * minute)
    expect(capState(caps, mailbox, 'open', cap, { now: t0 + asked * minute }).full).toBe(full)
    for (const other of ['reserved', 'system', 'campaign'] as const)
      expect(capState(caps, mailbox, other, cap, { now: t0 + asked * minute }).full).toBe(false)
  })

  it('counts each lane alone, up to the largest number that fits', () => {
    const caps = newCaps()
    for (const [i, lane] of lanes.entries()) for (let n = 0; n < 66_000 + i; n++) countMessage(caps, mailbox, lane, t0)
    for (const lane of lanes) {
      expect(capState(caps, mailbox, lane, { perHour: 65_535, perDay: 65_535 }, { now: t0 }).full).toBe(true)
      expect(capState(caps, mailbox, lane, { perHour: 65_536, perDay: 65_536 }, { now: t0 }).full).toBe(false)
    }
  })

  it('a cap of nothing holds for a mailbox never seen', () => {
    expect(capState(newCaps(), mailbox, 'open', { perHour: 0, perDay: 5 }, { now: t0 }).full).toBe(true)
  })

  it('a notice is due once a day', () => {
    const caps = newCaps()
    const due = (at: number) => capState(caps, mailbox, 'open', cap, { now: at }).noticeDue
    countMessage(caps, mailbox, 'open', t0)
    expect(due(t0)).toBe(true)
    markNoticed(caps, mailbox, t0)
    expect(due(t0 + 23 * hour)).toBe(false)
    countMessage(caps, mailbox, 'open', t0 + 23 * hour)
    expect(due(t0 + 23 * hour)).toBe(false)
    expect(due(t0 + 24 * hour)).toBe(true)
  })

  it('forgets a mailbox after its day', () => {
    const caps = newCaps()
    countMessage(caps, mailbox, 'open', t0)
    const sweep = (at: number) => {
      for (let shard = 0; shard < caps.shardCount; shard++) sweepCaps(caps, shard, at)
      return caps.size
    }
    expect([sweep(t0 + 24 * hour - minute), sweep(t0 + 24 * hour)]).toEqual([1, 0])
  })
})

describe('what exceeds a cap', () => {
  const full = () => {
    const core = new Core()
    for (let i = 0; i < 5; i++) expect(core.send({ class: 'other' })).toBe('deliver open')
    return core
  }

  it('is suppressed, and one notice explains', () => {
    const core = full()
    expect(core.send({ class: 'other' })).toBe('suppress open cap.mailbox')
    expect(core.send({ class: 'other' })).toBe('suppress open cap.mailbox')
    const notices = [...core.state.messages.all()].filter(({ facts }) => facts.via === 'notice')
    expect(notices.map(({ lane, status }) => [lane, status.is])).toEqual([['system', 'ready']])
    expect(core.state.leases.spent('other', 'system', t0 / hour)).toBe(1)
  })

  it('gets no notice without a lease for it', () => {
    const core = new Core({ leases: false })
    core.grant('other', 'open', 100)
    for (let i = 0; i < 6; i++) core.send({ class: 'other' })
    expect(core.state.messages.size).toBe(5)
  })

  it('counts in every class and not against another person', () => {
    const core = full()
    expect(core.send()).toBe('suppress open cause.missing cap.mailbox')
    expect(core.send({ to: 'bob@example.org' })).toBe('deliver open cause.missing')
  })

  it('leaves the reserved lane alone', () => {
    const core = full()
    core.cause('c')
    expect(core.send({ account: 'ann', cause: 'c' })).toBe('deliver reserved')
  })

  it('does not use its cause up, and its notice does not give back what another used', () => {
    const core = new Core()
    for (let i = 0; i < 5; i++) core.send({ class: 'other' })
    core.cause('c', { trust: 'unknown' })
    expect(core.send({ account: 'ann', cause: 'c', expiresAt: core.at + 2 * minute })).toContain('suppress')
    const notice = [...core.state.messages.all()].find(({ facts }) => facts.via === 'notice')
    core.state.policy.caps.open.perHour = 10
    expect(core.send({ account: 'ann', cause: 'c' })).toBe('deliver open')
    core.wait(3 * minute)
    expect(core.statusOf(notice!.facts.id)).toBe('ended')
    expect(core.send({ account: 'ann', cause: 'c' })).toContain('cause.used')
  })
})

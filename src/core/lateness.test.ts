import { describe, expect, it } from 'vitest'
import { Core, hashOf, hour, minute, second } from '../../test/core.ts'
import { Random } from '../std/random.ts'
import type { Alarm } from './alarms.ts'
import { nextDue } from './state.ts'

/** A class whose mail is asked for by people without causes, and no detector that minds. */
const given = (): Core =>
  new Core({
    policy: policy => {
      Object.assign(policy.detection, { softDays: 1e15, hardDays: 1e15 })
      for (const one of Object.values(policy.classes)) {
        one.causes.requirement = one.causes.kinds.length > 0 ? 'expected' : 'never'
        one.budgetPerHour.open = 100_000
      }
    },
    leases: false,
  })

/** The engine looks when something is due, and each second at the latest. */
function pass(core: Core, ms: number): void {
  const end = core.at + ms
  while (core.at < end) {
    const due = nextDue(core.state) ?? Number.POSITIVE_INFINITY
    core.wait(Math.max(1, Math.min(due, core.at + second, end) - core.at))
  }
}

let people = 0
const ask = (core: Core, wanted: { class?: string; template?: { name: string } } = {}) => {
  core.grant(wanted.class ?? 'password-reset', 'open', 1)
  expect(core.send({ to: `user${people++}@example.org`, ...wanted })).toMatch(/^deliver open/)
  return core.last
}

/** Minutes of traffic, one message each `everyMs`, each handed over after `delayMs`. */
function traffic(core: Core, minutes: number, { everyMs = 2 * second, delayMs = 200, ...wanted } = {}): void {
  const waiting: { id: ReturnType<typeof ask>; at: number }[] = []
  const end = core.at + minutes * minute
  for (let next = core.at; core.at < end; ) {
    for (; waiting[0] && waiting[0].at <= core.at; waiting.shift()) core.handover(waiting[0].id, 'accepted')
    if (core.at >= next) {
      waiting.push({ id: ask(core, wanted), at: core.at + delayMs })
      next += everyMs
    }
    pass(core, Math.max(1, Math.min(next, waiting[0]?.at ?? next) - core.at))
  }
  pass(core, delayMs)
  for (const { id } of waiting) core.handover(id, 'accepted')
}

const late = (core: Core): (Alarm & { at: number })[] =>
  core.journal.flatMap(({ event, when }) =>
    event.type === 'AlarmRaised' && event.alarm.detector === 'late' ? [{ ...event.alarm, at: when.at }] : [],
  )
const cleared = (core: Core) => core.events.filter(({ type }) => type === 'AlarmCleared')

describe('mail that is late', () => {
  it('is told within two minutes when all of it takes longer', () => {
    const core = given()
    traffic(core, 10)
    const from = core.at
    traffic(core, 5, { delayMs: 70 * second })
    expect(late(core)).toHaveLength(1)
    const [{ at, level, class: className, lane, numbers }] = late(core) as [Alarm & { at: number }]
    expect([level, className, lane]).toEqual(['notice', 'password-reset', 'open'])
    expect(at - from).toBeLessThanOrEqual(2 * minute)
    expect(numbers).toMatchObject({ waiting: expect.any(Number), oldestMs: expect.any(Number) })
    expect(numbers.p95Ms).toBeGreaterThan(30 * second)
    expect(numbers.usualMs).toBeLessThan(second)
  })

  it.each([
    ['in a busy class', 300],
    ['in a quiet one', 5 * minute],
  ])('is told within two minutes when nothing is delivered at all, %s', (_, everyMs) => {
    const core = given()
    traffic(core, 30, { everyMs })
    ask(core)
    const from = core.at
    for (let n = 0; n < 120 && late(core).length === 0; n++) {
      if (n * second >= everyMs || everyMs < second) ask(core)
      pass(core, second)
    }
    expect(late(core)[0]!.at - from).toBeLessThanOrEqual(2 * minute)
    expect(late(core)[0]!.numbers.oldestMs).toBeGreaterThanOrEqual(minute)
  })

  it('is told once, and again only after it has been in order for five minutes', () => {
    const core = given()
    traffic(core, 5)
    traffic(core, 10, { delayMs: 90 * second })
    traffic(core, 3)
    expect([late(core).length, cleared(core).length]).toEqual([1, 0])
    traffic(core, 4)
    expect(cleared(core)).toEqual([
      {
        type: 'AlarmCleared',
        alarm: late(core)[0]!.id,
        class: 'password-reset',
        lane: 'open',
        source: '',
        detector: 'late',
      },
    ])
    traffic(core, 4, { delayMs: 90 * second })
    expect(late(core)).toHaveLength(2)
  })

  it('does not become the usual by going on', () => {
    const core = given()
    traffic(core, 10)
    traffic(core, 30, { delayMs: 90 * second })
    traffic(core, 10)
    traffic(core, 4, { delayMs: 90 * second })
    expect(late(core).map(({ numbers }) => numbers.usualMs! < second)).toEqual([true, true])
  })
})

describe('mail is not late', () => {
  it('when its usual is slow, up to five times that', () => {
    const core = given()
    // Slowly slower: what is within the limit is learnt.
    for (const delayMs of [5, 20, 50]) traffic(core, 30, { delayMs: delayMs * second })
    traffic(core, 5, { delayMs: 150 * second })
    expect(late(core)).toEqual([])
  })

  it('when one message in fifty is', () => {
    const core = given()
    traffic(core, 5)
    const stuck = ask(core)
    traffic(core, 10)
    core.handover(stuck, 'accepted')
    pass(core, 5 * minute)
    expect(late(core)).toEqual([])
  })

  it.each([
    ['a class', { class: 'password-reset' }],
    ['a template', { class: 'password-reset', lane: 'open', source: '', template: 'spring' }],
  ] as const)('while a person has stopped %s, nor when it goes on', (_, scope) => {
    const core = given()
    core.state.policy.templates = { spring: ['1'] }
    traffic(core, 5)
    const id = ask(core, { template: { name: 'spring' } })
    core.do({ type: 'PauseClass', by: 'operator', reason: 'drill', ...scope })
    pass(core, (3 * hour) / 6)
    core.do({ type: 'ResumeClass', by: 'operator', ...scope })
    pass(core, 30 * second)
    core.handover(id, 'accepted')
    pass(core, 10 * minute)
    expect(late(core)).toEqual([])
  })

  it('while it is held for want of a budget', () => {
    const core = given()
    expect(core.send({ to: 'ann@example.org' })).toMatch(/budget.exhausted/)
    pass(core, 30 * minute)
    core.grant('password-reset', 'open', 5)
    core.do({ type: 'ReleaseMessage', id: core.last, by: 'operator' })
    pass(core, second)
    core.handover(core.last, 'accepted')
    expect(late(core)).toEqual([])
  })
})

describe('what the provider reports', () => {
  const tell = (core: Core, what: string, id: string): void => {
    const key = hashOf(`${what} ${id}`)
    const signal = { key, source: 'provider', kind: 'provider', what, provider: 'p', message: id, occurredAt: core.at }
    core.do({ type: 'ReportSignal', signal } as never)
  }

  it.each([
    ['delivered', 20 * minute, 1],
    ['deferred', 20 * minute, 1],
    ['delivered', 20 * second, 0],
    ['deferred', 20 * second, 0],
    ['bounced', 20 * minute, 0],
  ] as const)('%s after %i ms, of each of five messages', (what, after, alarms) => {
    const core = given()
    const ids = Array.from({ length: 5 }, () => ask(core))
    for (const id of ids) core.handover(id, 'accepted')
    pass(core, after)
    for (const id of ids) tell(core, what, id)
    pass(core, second)
    expect(late(core).map(({ numbers }) => numbers.atProvider)).toEqual(alarms ? [1] : [])
  })

  it.each([
    ['ten messages a minute', 6 * second],
    ['two', 30 * second],
    ['one each five minutes', 5 * minute],
  ])('one in a hundred deferred by minutes is usual, of %s, for a day', (_, everyMs) => {
    const core = given()
    const random = new Random(7)
    const due: { id: string; at: number }[] = []
    for (const end = core.at + 24 * hour; core.at < end; pass(core, everyMs)) {
      for (; due[0] && due[0].at <= core.at; due.shift()) tell(core, 'delivered', due[0].id)
      const id = ask(core)
      core.handover(id, 'accepted')
      due.push({ id, at: core.at + (random.chance(0.01) ? (1 + 4 * random.uniform()) * minute : 2 * second) })
      due.sort((a, b) => a.at - b.at)
    }
    expect(late(core)).toEqual([])
  })
})

describe('one straggler', () => {
  it('in our own hands is told where there never was one, and the next alone is not', () => {
    const core = given()
    const one = (delayMs: number): void => traffic(core, 0.01, { delayMs, everyMs: hour })
    for (let n = 0; n < 300; n++) {
      one(second)
      pass(core, 10 * second)
    }
    one(5 * minute)
    pass(core, 10 * minute)
    expect([late(core).length, cleared(core).length]).toEqual([1, 1])
    one(5 * minute)
    pass(core, 10 * minute)
    expect(late(core)).toHaveLength(1)
    // Four of four are another matter, within two minutes.
    const from = core.at
    for (let n = 0; n < 4; n++) ask(core)
    pass(core, 2 * minute)
    expect(late(core)).toHaveLength(2)
    expect(late(core)[1]!.at - from).toBeLessThanOrEqual(2 * minute)
  })
})

it('ticks only when something is due: what has come due is told, and is due no more', () => {
  const core = given()
  ask(core)
  for (let n = 0; n < 500; n++) {
    const due = nextDue(core.state)
    if (due === undefined) break
    core.wait(Math.max(0, due - core.at))
    // The end of a message may be what puts its class in order: that is due at once.
    core.wait(0)
    expect(nextDue(core.state) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(core.at)
  }
  expect(late(core)).toHaveLength(1)
})

it('a day of waiting mail takes no more room than an hour of it', () => {
  const core = given()
  for (let n = 0; n < 1440; n++) {
    ask(core, { class: 'other' })
    core.at += minute
  }
  const [line] = core.state.lateness.tracks.find(one => one.class === 'other')!.lines
  expect(line!.slots.length).toBeLessThanOrEqual(32)
  expect(line!.slots.reduce((sum, { count }) => sum + count, 0)).toBe(1440)
  pass(core, second)
  const { oldestMs } = late(core)[0]!.numbers
  expect(Math.abs(oldestMs! - 24 * hour) / (24 * hour)).toBeLessThan(1 / 16)
})

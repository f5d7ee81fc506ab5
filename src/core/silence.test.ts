import { describe, expect, it } from 'vitest'
import { dump } from '../../sim/dump.ts'
import { Core, hashOf, hour, minute, second } from '../../test/core.ts'
import { Random } from '../std/random.ts'
import type { Alarm } from './alarms.ts'
import { beginCapture, restore } from './snapshot.ts'
import { nextDue } from './state.ts'

const given = (): Core =>
  new Core({
    policy: policy => {
      Object.assign(policy.detection, { softDays: 1, hardDays: 365 })
      for (const one of Object.values(policy.classes)) {
        one.budgetPerHour = { reserved: 1e6, open: 1e6, system: 1e6, campaign: 1e6 }
        if (one.causes.kinds.length > 0) one.causes.requirement = 'expected'
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
type Asking = { everyMs?: number; share?: number; source?: string; known?: boolean; alsoMs?: number; class?: string }

/** People ask for so long, each once; for a share of their causes a message is asked for, half a second later. */
function ask(
  core: Core,
  ms: number,
  { everyMs = second, share = 1, random = new Random(1), ...rest }: Asking & { random?: Random } = {},
): void {
  const { source = 'web', known = true, alsoMs = 0, class: name = 'password-reset' } = rest
  for (const end = core.at + ms; core.at < end; ) {
    const account = `account ${people++}`
    const [key, to] = [`cause of ${account}`, `${account}@example.org`]
    const kind = name === 'password-reset' ? 'reset.requested' : 'login.succeeded'
    core.cause(key, { account, source, known, kind, occurredAt: core.at - alsoMs })
    pass(core, 500)
    if (random.chance(share)) {
      core.request({ account, to, cause: key, class: name })
      core.handover(core.last, 'accepted')
    }
    pass(core, Math.max(1, everyMs - 500))
  }
}

const raised = (core: Core, detector: Alarm['detector'] = 'class-silent'): (Alarm & { at: number })[] =>
  core.journal.flatMap(({ event, when }) =>
    event.type === 'AlarmRaised' && event.alarm.detector === detector ? [{ ...event.alarm, at: when.at }] : [],
  )
const cleared = (core: Core) => core.events.filter(({ type }) => type === 'AlarmCleared')

describe('a class is silent', () => {
  it.each([
    ['ten a second', 100, 2],
    ['one a second', second, 2],
    ['six a minute', 10 * second, 2],
    ['two a minute', 30 * second, 3.5],
  ])('within minutes, of %s', (_, everyMs, minutes) => {
    const core = given()
    ask(core, Math.max(10 * minute, 400 * everyMs), { everyMs })
    const from = core.at
    ask(core, 6 * minute, { everyMs, share: 0 })
    expect(raised(core)).toHaveLength(1)
    const [{ at, level, class: className, lane, source, numbers }] = raised(core) as [Alarm & { at: number }]
    expect([level, className, lane, source]).toEqual(['notice', 'password-reset', 'open', 'web'])
    expect(at - from).toBeLessThanOrEqual(minutes * minute)
    expect(numbers.missing).toBeGreaterThanOrEqual(2)
    expect(numbers.missing).toBeGreaterThan(numbers.expected!)
  })

  it('by the tick alone, when nobody asks any more', () => {
    const core = given()
    ask(core, 10 * minute)
    ask(core, 30 * second, { share: 0 })
    expect(raised(core)).toEqual([])
    pass(core, minute)
    expect(raised(core)).toHaveLength(1)
  })

  it('of one source, while that of another is answered', () => {
    const core = given()
    for (let n = 0; n < 20; n++) for (const source of ['web', 'app']) ask(core, 20 * second, { source })
    for (let n = 0; n < 30; n++) {
      ask(core, 3 * second, { source: 'web' })
      ask(core, 3 * second, { source: 'app', share: 0 })
    }
    expect(raised(core).map(({ source }) => source)).toEqual(['app'])
  })

  it('is told once, and again only after mail has flowed; it is never what is usual', () => {
    const core = given()
    ask(core, 10 * minute)
    ask(core, hour, { share: 0 })
    expect([raised(core).length, cleared(core).length]).toEqual([1, 0])
    ask(core, 10 * minute)
    expect(cleared(core)).toEqual([
      {
        type: 'AlarmCleared',
        alarm: raised(core)[0]!.id,
        class: 'password-reset',
        lane: 'open',
        source: 'web',
        detector: 'class-silent',
      },
    ])
    ask(core, 5 * minute, { share: 0 })
    expect(raised(core)).toHaveLength(2)
    expect(raised(core)[1]!.numbers.usual).toBeLessThan(0.05)
  })
})

describe('a class is not silent', () => {
  it.each([0.5, 0.9, 0.99])('when a share of %f is answered, for a day', share => {
    const core = given()
    ask(core, 24 * hour, { everyMs: 10 * second, share, random: new Random(3) })
    expect(raised(core)).toEqual([])
  })

  it('when its source never was connected with it', () => {
    const core = given()
    ask(core, hour, { share: 0, class: 'sign-in-alert' })
    expect(raised(core)).toEqual([])
  })

  it('when only unknown accounts are asked for, or one account again and again, or causes come late', () => {
    const core = given()
    ask(core, 10 * minute)
    ask(core, 10 * minute, { share: 0, known: false })
    ask(core, 10 * minute, { share: 0, alsoMs: 20 * second })
    for (let n = 0; n < 600; n++) {
      core.cause(`again ${n}`, { account: 'one' })
      pass(core, second)
      if (n % 60 === 0) core.request({ account: 'one', to: 'one@example.org', cause: `again ${n}` })
    }
    expect(raised(core)).toEqual([])
  })

  it('when messages are asked for and are held, or come before their causes', () => {
    const core = given()
    core.state.policy.classes['password-reset']!.causes.requirement = 'required'
    ask(core, 10 * minute)
    core.do({ type: 'PauseClass', class: 'password-reset', by: 'ann', reason: 'drill' })
    ask(core, 5 * minute)
    core.do({ type: 'ResumeClass', class: 'password-reset', by: 'ann' })
    for (let n = 0; n < 300; n++) {
      core.request({ account: `early ${n}`, to: `early${n}@example.org`, cause: `early ${n}` })
      pass(core, second)
      core.cause(`early ${n}`, { account: `early ${n}` })
    }
    pass(core, 2 * minute)
    expect(raised(core)).toEqual([])
  })

  it('when the clock goes back by an hour, or forward', () => {
    const core = given()
    ask(core, 10 * minute)
    for (const ms of [-hour, hour, -hour]) {
      core.at += ms
      ask(core, 5 * minute)
    }
    expect(raised(core)).toEqual([])
  })
})

it('is bounded, whatever comes, and the same from a snapshot at any place', () => {
  const core = given()
  const random = new Random(5)
  for (let n = 0; n < 20_000; n++) {
    core.cause(`many ${n}`, { account: `many ${n}`, source: `source ${random.integer(0, 100)}` })
    if (n % 3 === 0) core.request({ account: `many ${n}`, to: `many${n}@example.org`, cause: `many ${n}` })
    if (n % 5 === 0) core.wait(random.integer(0, 2000))
    if (n % 4000 !== 3999) continue
    const capture = beginCapture(core.state, { whole: true })
    const pages = []
    for (let page = capture.next(); page; page = capture.next()) pages.push(page)
    expect(dump(restore(pages))).toBe(dump(core.state))
  }
  const { sources } = core.state.silence
  expect(sources.length).toBeLessThanOrEqual(64)
  for (const { pending, tests } of sources) {
    expect(pending.size).toBeLessThanOrEqual(128)
    expect(tests.length).toBeLessThanOrEqual(1)
  }
})

describe('a class without causes', () => {
  const loaded = (core: Core, perHour: number): void => {
    const signal = {
      key: hashOf('b'),
      source: 'ops',
      kind: 'baseline',
      class: 'other',
      occurredAt: core.at,
      templates: [],
    }
    core.do({ type: 'ReportSignal', signal: { ...signal, ratePerHourOfWeek: new Array(168).fill(perHour) } as never })
  }
  const send = (core: Core, ms: number, everyMs: number, random = new Random(2)): void => {
    for (const end = core.at + ms; core.at < end; pass(core, Math.max(1, Math.round(random.exponential(everyMs))))) {
      core.request({ class: 'other', to: `other${people++}@example.org` })
      core.handover(core.last, 'accepted')
    }
  }

  it('is missing when it falls silent against its forecast, once, and is over when mail flows', () => {
    const core = given()
    loaded(core, 3600)
    send(core, 30 * minute, second)
    const from = core.at
    pass(core, 3 * hour)
    expect(raised(core, 'missing').map(({ class: name, level, lane }) => [name, level, lane])).toEqual([
      ['other', 'notice', 'open'],
    ])
    expect(raised(core, 'missing')[0]!.at - from).toBeLessThanOrEqual(5 * minute)
    expect(cleared(core)).toEqual([])
    send(core, minute, second)
    expect(cleared(core)).toHaveLength(1)
    pass(core, 10 * minute)
    expect(raised(core, 'missing')).toHaveLength(2)
  })

  it.each([
    [14, 60],
    [1, 600],
  ])('is not missing in %i days of %i an hour', (days, perHour) => {
    const core = given()
    loaded(core, perHour)
    send(core, days * 24 * hour, hour / perHour)
    expect(raised(core, 'missing')).toEqual([])
  })

  it('is not watched while nobody vouches for its forecast', () => {
    const core = given()
    send(core, 3 * hour, second)
    pass(core, 3 * hour)
    expect(raised(core, 'missing')).toEqual([])
  })
})

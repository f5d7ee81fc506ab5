import { describe, expect, it } from 'vitest'
import { Core, hashOf, hour, minute, second, t0, withClass } from '../../test/core.ts'
import type { Event, MessageId } from './events.ts'
import type { Policy } from './policy.ts'
import type { SignalFacts } from './signals.ts'
import { breakersMax } from './stops.ts'
import { streamsOfClassMax } from './streams.ts'

const expected = withClass('password-reset', one => {
  one.causes.requirement = 'expected'
})

/** Time passes; a new hour has its leases. */
function pass(core: Core, ms: number, inFlight: MessageId[] = []): void {
  const before = Math.floor(core.at / hour)
  core.wait(ms, inFlight)
  if (Math.floor(core.at / hour) !== before) core.grantAll()
}

/** An application whose messages have had their causes for a while, two a minute. */
function usual(policy: (policy: Policy) => void = expected, count = 200): Core {
  const core = new Core({ policy })
  for (let n = 0; n < count; n++) asked(core, n)
  return core
}

function asked(core: Core, n: number, template = 'reset', trust: 'session' | 'unknown' = 'session'): string {
  const [account, to, cause] = [`account-${n}`, `person-${n}@example.org`, `cause-${n}`]
  pass(core, 30 * second)
  core.cause(cause, { account, recipients: [to], trust })
  return core.send({ account, to, cause, template: { name: template } })
}

const templates = (policy: Policy) => {
  expected(policy)
  policy.templates = { reset: ['1'], other: ['1'] }
}

/** A message whose cause never comes; what became of it when that was clear. */
function causeless(core: Core, n: number, template = 'reset', inFlight: MessageId[] = []): string {
  core.send({ account: `nobody-${n}`, to: `nobody-${n}@example.org`, template: { name: template } })
  const id = core.last
  pass(core, 5 * second, inFlight)
  const { status, reasons } = core.state.messages.get(id)!
  return [status.is, ...reasons].join(' ')
}

const eventsOf = <T extends Event['type']>(core: Core, type: T) =>
  core.events.filter((event): event is Extract<Event, { type: T }> => event.type === type)

/** Sends until the breaker opens; the outcomes on the way. */
function flood(core: Core, count = 20): string[] {
  return Array.from({ length: count }, (_, n) => causeless(core, n))
}

describe('messages without a cause', () => {
  it('are stopped within a handful, the first ones on soft evidence', () => {
    const core = usual(templates)
    const outcomes = flood(core)
    const [alarm] = eventsOf(core, 'AlarmRaised').filter(({ alarm }) => alarm.level === 'hard')
    expect(outcomes.filter(outcome => outcome.startsWith('ready')).length).toBeLessThanOrEqual(2)
    expect(outcomes.at(-1)).toBe('held cause.missing breaker.open')
    expect(alarm?.alarm).toMatchObject({ detector: 'causeless', source: '', lane: 'open', template: 'reset' })
    expect(alarm?.alarm.messages.length).toBeGreaterThan(1)
    expect(alarm?.alarm.numbers).not.toEqual({})
  })

  it('leave those with a cause, and other templates, alone', () => {
    const core = usual(templates)
    flood(core)
    expect(asked(core, 1000)).toBe('deliver reserved')
    expect(asked(core, 1001, 'reset', 'unknown')).toBe('deliver open')
    expect(core.state.stops.map(({ scope }) => scope)).toEqual([
      { class: 'password-reset', lane: 'open', source: '', template: 'reset' },
    ])
    expect(causeless(core, 2000, 'other')).toMatch(/breaker.open$/)
    expect(core.state.stops).toHaveLength(2)
  })

  it('that waited on soft evidence are recalled', () => {
    const core = usual(templates)
    const ids = Array.from({ length: 5 }, (_, n) => {
      causeless(core, n)
      return core.last
    })
    pass(core, 20 * second)
    const held = ids.filter(id => core.statusOf(id) === 'held')
    expect(held.length).toBeGreaterThanOrEqual(3)
    expect(ids.map(id => core.statusOf(id))).not.toContain('waiting')
  })

  it('that were ready when the breaker opened, and are not with the world, are caught', () => {
    const core = usual(templates)
    for (const { id } of core.due()) core.handover(id, 'accepted')
    causeless(core, 0)
    const first = core.last
    expect(core.due().map(({ id }) => id)).toContain(first)
    for (let n = 1; n < 6; n++) causeless(core, n, 'reset', [first])
    core.wait(second, [first])
    expect(core.statusOf(first)).toBe('ready')
    pass(core, 11 * minute)
    expect(core.statusOf(first)).toBe('held')
  })

  it('pass while a class only observes, and people are told', () => {
    const core = usual(policy => {
      templates(policy)
      policy.classes['password-reset']!.mode = 'warn'
    })
    const outcomes = flood(core)
    expect(new Set(outcomes)).toEqual(new Set(['ready cause.missing']))
    expect(eventsOf(core, 'AlarmRaised').map(({ alarm }) => alarm.level)).toContain('notice')
  })
})

describe('soft evidence that nothing confirms', () => {
  it('ends by itself after its seconds', () => {
    const core = usual(templates)
    let n = 0
    while (!causeless(core, n).includes('evidence.soft')) expect(n++).toBeLessThan(4)
    const id = core.last
    expect(core.statusOf(id)).toBe('waiting')
    pass(core, 10 * second)
    expect(core.statusOf(id)).toBe('ready')
  })

  it('ends in a hold when the budget is used up meanwhile, which is no fault of the limits', () => {
    const core = usual(templates)
    let n = 0
    while (!causeless(core, n).includes('evidence.soft')) expect(n++).toBeLessThan(4)
    const id = core.last
    const hourNow = Math.floor(core.at / hour)
    while (core.state.leases.remaining('password-reset', 'open', hourNow) > 0)
      core.state.leases.spend('password-reset', 'open', hourNow)
    const { accounts } = core.state.brake.books
    const account = accounts.find(one => one.class === 'password-reset' && one.lane === 'open')!
    for (const one of account.hours) if (one.hour === hourNow) one.letGo = one.granted
    pass(core, 10 * second)
    expect(core.state.messages.get(id)?.reasons).toContain('budget.exhausted')
    expect(core.state.brake.books.fault).toBeUndefined()
  })

  it('is not cut short by a cause that comes meanwhile', () => {
    const core = usual(templates)
    let n = 0
    while (!causeless(core, n).includes('evidence.soft')) expect(n++).toBeLessThan(4)
    const id = core.last
    core.at += second
    core.cause('another', { account: `nobody-${n}` })
    expect(core.statusOf(id)).toBe('waiting')
    pass(core, 10 * second)
    expect(core.statusOf(id)).toBe('ready')
  })
})

describe('findings beside each other', () => {
  it('do not hide each other: a leak to old addresses goes on, and a causeless send is stopped all the same', () => {
    const core = usual(templates)
    for (let n = 0; n < 60; n++) {
      asked(core, 5000 + n)
      const [account, cause] = [`moved-${n}`, `moved-${n}`]
      core.cause(cause, { account, recipients: [`new-${n}@example.org`] })
      core.send({ account, to: `old-${n}@example.org`, cause, template: { name: 'reset' } })
    }
    const leak = eventsOf(core, 'AlarmRaised').filter(({ alarm }) => alarm.detector === 'wrong-recipient')
    expect(leak.map(({ alarm }) => alarm.level)).toEqual(['notice'])
    const outcomes = flood(core)
    expect(outcomes.filter(outcome => outcome.startsWith('ready')).length).toBeLessThanOrEqual(3)
    expect(eventsOf(core, 'BreakerOpened').map(({ reason }) => reason)).toEqual(['causeless'])
  })
})

describe('an honest message that waited with others', () => {
  it('goes on with the cause that it was charged, which stays used', () => {
    const core = usual(templates)
    const ratePerHourOfWeek = new Array(168).fill(120)
    const facts = { key: hashOf('b'), occurredAt: core.at, source: 'ops', ratePerHourOfWeek } as const
    core.do({ type: 'ReportSignal', signal: { kind: 'baseline', class: 'password-reset', ...facts } })
    let outcome = ''
    for (let n = 0; n < 60 && outcome !== 'hold reserved evidence.soft'; n++) {
      const before = core.last
      outcome = asked(core, 1000 + n)
      const report = { key: hashOf(`r${n}`), occurredAt: core.at, source: 'web', message: before } as const
      core.do({ type: 'ReportSignal', signal: { kind: 'reported', report: 'not-requested', ...report } })
    }
    const id = core.last
    const { cause } = core.state.messages.get(id)!
    pass(core, 10 * second)
    expect(core.state.messages.get(id)).toMatchObject({ status: { is: 'ready' }, lane: 'reserved', cause })
    expect(core.state.streaks.get('shop/password-reset')).toBeGreaterThan(200)
  })
})

describe('a breaker', () => {
  const opened = () => {
    const core = usual(templates)
    flood(core)
    return core
  }

  it('lets canaries through after its time, and closes when nothing was found', () => {
    const core = opened()
    pass(core, 10 * minute)
    expect(core.state.stops[0]?.breaker?.phase).toBe('half-open')
    expect(causeless(core, 100)).toBe('ready cause.missing')
    pass(core, 10 * minute)
    expect(core.state.stops).toEqual([])
    expect(eventsOf(core, 'BreakerClosed')).toHaveLength(1)
  })

  it('opens again for twice as long when the canaries show the same', () => {
    const core = opened()
    pass(core, 10 * minute)
    const outcomes = Array.from({ length: 10 }, (_, n) => causeless(core, 100 + n))
    expect(outcomes.filter(outcome => outcome.startsWith('ready')).length).toBeLessThanOrEqual(3)
    const [first, second] = eventsOf(core, 'BreakerOpened')
    expect([first?.trips, second?.trips]).toEqual([1, 2])
    expect(second!.endsAt - core.at).toBeGreaterThan(19 * minute)
  })

  it('lets at most its canaries through in an interval', () => {
    const core = opened()
    core.state.policy.breakers.canaries = 1
    pass(core, 10 * minute)
    expect([0, 1, 2].map(n => causeless(core, 200 + n))).toEqual([
      'ready cause.missing',
      'held cause.missing breaker.open',
      'held cause.missing breaker.open',
    ])
  })

  it('keeps the canaries that it let go: none is caught when it closes', () => {
    const core = usual(templates)
    const scope = { class: 'password-reset', lane: 'open', source: 'web', template: 'reset' } as const
    const [since, endsAt] = [core.at, core.at + 100 * second]
    const breaker = { alarm: 1, trips: 1, phase: 'half-open', endsAt, canaries: 0, intervalAt: since } as const
    core.state.stops.push({ scope, by: 'detector', reason: 'reported', since, isSwept: true, breaker: { ...breaker } })
    pass(core, 59 * second)
    const outcomes = [1, 2, 3, 4].map(n => {
      core.at += second
      core.cause(`trial-${n}`, { account: `trial-${n}`, recipients: [`trial-${n}@x`], trust: 'unknown' })
      return core.send({ account: `trial-${n}`, to: `trial-${n}@x`, cause: `trial-${n}`, template: { name: 'reset' } })
    })
    expect(outcomes).toEqual(['deliver open', 'deliver open', 'deliver open', 'confirm open breaker.open'])
    const canary = [...core.state.messages.all()].find(({ facts }) => facts.cause === hashOf('trial-1'))!
    core.at = endsAt
    core.wait(0)
    expect(core.state.stops).toEqual([])
    expect(canary.status.is).toBe('ready')
  })

  it('is swept a part at a time, and tries nothing before it is', () => {
    const core = new Core({ policy: templates })
    core.grant('other', 'open', 10_000)
    for (let n = 0; n < 4500; n++) core.send({ class: 'other', to: `reader-${n}@x` })
    const scope = { class: 'other', lane: 'open', source: '', template: '' } as const
    const [since, endsAt] = [core.at, core.at + second]
    const breaker = { alarm: 1, trips: 1, phase: 'open', endsAt, canaries: 0, intervalAt: 0 } as const
    core.state.stops.push({ scope, by: 'detector', reason: 'rate', since, isSwept: false, breaker: { ...breaker } })
    const seen = [1, 2, 3].map(() => {
      core.wait(second)
      return [core.state.messages.heldCount, core.state.stops[0]?.breaker?.phase]
    })
    expect(seen).toEqual([
      [2000, 'open'],
      [4000, 'open'],
      [4500, 'half-open'],
    ])
  })

  it('is closed by a person, and is passed by what a person released', () => {
    const core = opened()
    const id = core.last
    for (const effect of core.due()) core.handover(effect.id, 'accepted')
    core.do({ type: 'ReleaseMessage', id, by: 'operator' })
    expect(core.due().map(effect => effect.id)).toContain(id)
    core.wait(second)
    expect(core.statusOf(id)).toBe('ready')
    core.do({ type: 'ResumeClass', ...core.state.stops[0]!.scope, by: 'operator' })
    expect(core.state.stops).toEqual([])
  })

  it('stays beside the stop of a person of the same scope, and is there when that is over by itself', () => {
    const core = opened()
    const { scope } = core.state.stops[0]!
    core.do({ type: 'PauseClass', ...scope, by: 'operator', reason: 'look first', until: core.at + minute })
    expect(core.state.stops).toMatchObject([
      { scope, by: 'detector' },
      { scope, by: 'operator' },
    ])
    pass(core, minute)
    expect(core.state.stops).toMatchObject([{ scope, by: 'detector', breaker: { phase: 'open' } }])
  })

  it('is closed by the word of a person who lifts their own stop of the same scope', () => {
    const core = opened()
    const { scope } = core.state.stops[0]!
    core.do({ type: 'PauseClass', ...scope, by: 'operator', reason: 'look first' })
    core.do({ type: 'ResumeClass', ...scope, by: 'operator' })
    expect(core.state.stops).toEqual([])
  })
})

describe('people who get what they asked for', () => {
  it.each([
    { given: 'many of them ask again', to: (n: number) => n >> 1, inOrder: undefined },
    { given: 'by chance they come in the order of a list', to: (n: number) => n, inOrder: true },
  ])('stop nobody when $given', ({ to, inOrder }) => {
    const core = usual(templates)
    const facts = { key: hashOf('b'), occurredAt: core.at, source: 'ops', ratePerHourOfWeek: new Array(168).fill(3600) }
    core.do({ type: 'ReportSignal', signal: { kind: 'baseline', class: 'password-reset', ...facts } })
    const outcomes = Array.from({ length: 200 }, (_, n) => {
      core.at += second
      const who = { account: `asker-${to(n)}`, to: `asker-${to(n)}@example.org` }
      core.cause(`asks-${n}`, { account: who.account, recipients: [who.to], trust: 'session' })
      return core.send({
        ...who,
        cause: `asks-${n}`,
        template: { name: 'reset' },
        ...(inOrder !== undefined && { inOrder }),
      })
    })
    expect(new Set(outcomes)).toEqual(new Set(['deliver reserved']))
    expect(core.state.stops).toEqual([])
  })
})

describe('names that others make up', () => {
  const many = (count: number) => (policy: Policy) => {
    expected(policy)
    policy.templates = { reset: ['1'] }
    policy.breakers.openMs = policy.breakers.openMsMax
    for (let n = 0; n < count; n++) policy.templates[`t-${n}`] = ['1']
  }
  const hardAlarms = (core: Core) => eventsOf(core, 'AlarmRaised').filter(({ alarm }) => alarm.level === 'hard')

  it('of templates open no breakers: what nobody has approved is held anyway', () => {
    const core = usual(many(0))
    for (let n = 0; n < 50; n++) expect(causeless(core, n, `made-up-${n}`)).toMatch(/^held template.unknown/)
    expect(core.state.stops).toEqual([])
    expect(hardAlarms(core)).toHaveLength(1)
  })

  it('leave room for the stops of people, and stay quiet when breakers are used up', () => {
    const core = usual(many(breakersMax + 20))
    for (let n = 0; n < breakersMax + 20; n++) causeless(core, n, `t-${n}`)
    expect(core.state.stops).toHaveLength(breakersMax)
    expect(causeless(core, 9000, `t-${breakersMax + 19}`)).toBe('held cause.missing evidence.hard')
    expect(hardAlarms(core).length).toBeLessThanOrEqual(breakersMax + 1)
    const pause = { class: 'other', by: 'operator', reason: 'look first' }
    expect(core.do({ type: 'PauseClass', ...pause })).toEqual({ type: 'done' })
  })

  it('of sources beyond those that are watched alone are watched together', () => {
    const core = new Core({ policy: templates })
    const ratePerHourOfWeek = new Array(168).fill(3600)
    const facts = { key: hashOf('b'), occurredAt: core.at, source: 'ops', ratePerHourOfWeek } as const
    core.do({ type: 'ReportSignal', signal: { kind: 'baseline', class: 'password-reset', ...facts } })
    let outcome = ''
    let n = 0
    for (; n < streamsOfClassMax + 300 && !outcome.includes('evidence'); n++) {
      pass(core, second)
      const [account, to, cause] = [`account-${n}`, `person-${n}@x`, `cause-${n}`]
      // Old ones, from the moment on that there are too many.
      const occurredAt = n > streamsOfClassMax ? core.at - 10 * minute : core.at
      core.cause(cause, { account, recipients: [to], source: `web-${n}`, occurredAt })
      outcome = core.send({ account, to, cause, template: { name: 'reset' } })
    }
    expect(outcome).toMatch(/evidence/)
    expect(core.state.streams.list.length).toBeLessThanOrEqual(streamsOfClassMax + 2)
  })
})

describe('one network that asks for many accounts', () => {
  const network = hashOf('network')
  const ask = (core: Core, n: number, from = network) => {
    const [account, to] = [`victim-${n}`, `victim-${n}@example.org`]
    core.at += second
    core.cause(`asked-${n}`, { account, recipients: [to], trust: 'unknown', requester: { network: from } })
    return core.send({ account, to, cause: `asked-${n}` })
  }

  it('is held first, for the holder to confirm, and others go on', () => {
    const core = new Core()
    const outcomes = Array.from({ length: 30 }, (_, n) => ask(core, n))
    expect(outcomes.filter(outcome => outcome === 'deliver open')).toHaveLength(20)
    expect(outcomes.at(-1)).toBe('confirm open requester.concentrated')
    expect(ask(core, 100, hashOf('elsewhere'))).toBe('deliver open')
    const alarms = eventsOf(core, 'AlarmRaised').filter(({ alarm }) => alarm.detector === 'requester-concentrated')
    expect(alarms.map(({ alarm }) => alarm.level)).toEqual(['notice'])
  })

  it('is told of once an hour, however many such networks there are, also when nothing was ever sent', () => {
    const core = new Core()
    for (let n = 0; n < 30 * 25; n++) {
      const requester = { network: hashOf(`network-${n % 30}`) }
      core.cause(`asked-${n}`, { account: `no-${n}`, trust: 'unknown', known: false, requester })
    }
    const told = () => eventsOf(core, 'AlarmRaised').length
    expect(told()).toBe(1)
    pass(core, hour)
    for (let n = 0; n < 100; n++) {
      const requester = { network: hashOf('network') }
      core.cause(`later-${n}`, { account: `no-${n}`, trust: 'unknown', known: false, requester })
    }
    expect(told()).toBe(2)
  })

  it('has a smaller share while the lane is pressed', () => {
    const core = new Core({ leases: false })
    core.grant('password-reset', 'open', 6)
    const outcomes = Array.from({ length: 6 }, (_, n) => ask(core, n))
    expect(outcomes.filter(outcome => outcome === 'deliver open')).toHaveLength(4)
    expect(ask(core, 100, hashOf('elsewhere'))).toBe('deliver open')
  })

  it('may ask for as much as it usually does', () => {
    const core = new Core()
    for (let n = 0; n < 10; n++) ask(core, n)
    pass(core, hour)
    const outcomes = Array.from({ length: 60 }, (_, n) => ask(core, 100 + n))
    expect(outcomes.every(outcome => outcome === 'deliver open')).toBe(true)
  })

  it('costs the holder nothing: what is confirmed goes in the reserved lane', () => {
    const core = new Core()
    for (let n = 0; n < 21; n++) ask(core, n)
    const id = core.last
    expect(core.statusOf(id)).toBe('confirming')
    core.do({ type: 'ConfirmMessage', id, by: 'holder' })
    expect(core.due().find(effect => effect.id === id)?.lane).toBe('reserved')
    expect(core.do({ type: 'ConfirmMessage', id, by: 'holder' })).toMatchObject({ code: 'message.not-to-confirm' })
  })
})

describe('a mailbox that is asked for again and again', () => {
  it('is told of once an hour', () => {
    const core = new Core()
    for (let n = 0; n < 40; n++) {
      core.at += second
      core.send({ class: 'other', to: n % 2 === 0 ? 'a@example.org' : 'b@example.org' })
    }
    const alarms = eventsOf(core, 'AlarmRaised').filter(({ alarm }) => alarm.detector === 'recipient-concentrated')
    expect(alarms.map(({ alarm }) => [alarm.level, alarm.numbers])).toEqual([
      ['notice', { perHourMax: 5, perDayMax: 15 }],
    ])
  })
})

describe('requests of a kind that is not usual', () => {
  const ask = (core: Core, n: number, agent: number) => {
    const [account, to] = [`asker-${n}`, `asker-${n}@example.org`]
    pass(core, 10 * second)
    const requester = { network: hashOf(`network-${n}`), agent, networkClass: n % 32 }
    core.cause(`asked-${n}`, { account, recipients: [to], trust: 'unknown', requester })
    return core.send({ account, to, cause: `asked-${n}` })
  }

  it('are held, and those of others in the same lane go on', () => {
    const core = new Core({ policy: expected })
    const ratePerHourOfWeek = new Array(168).fill(360)
    const facts = { key: hashOf('b'), occurredAt: core.at, source: 'ops', ratePerHourOfWeek } as const
    core.do({ type: 'ReportSignal', signal: { kind: 'baseline', class: 'password-reset', ...facts } })
    for (let n = 0; n < 400; n++) expect(ask(core, n, n % 8)).toBe('deliver open')
    const flood = Array.from({ length: 60 }, (_, n) => ask(core, 1000 + n, 20))
    expect(flood.filter(outcome => outcome === 'deliver open').length).toBeLessThan(20)
    expect(flood.at(-1)).toBe('confirm open evidence.hard')
    expect(ask(core, 2000, 3)).toBe('deliver open')
    expect(core.state.stops).toEqual([])
  })
})

describe('the slow lane', () => {
  it('lets those who wait longest through, a few in each interval of a trial', () => {
    const core = usual(templates)
    const scope = { class: 'password-reset', lane: 'open', source: 'web', template: 'reset' } as const
    core.do({ type: 'PauseClass', ...scope, by: 'operator', reason: 'drill' })
    const ids = Array.from({ length: 5 }, (_, n) => {
      expect(asked(core, 3000 + n, 'reset', 'unknown')).toBe('confirm open breaker.open')
      return core.last
    })
    core.do({ type: 'ResumeClass', ...scope, by: 'operator' })
    const endsAt = core.at + 10 * minute
    const opened = { scope, by: 'detector', reason: 'reported', since: core.at, isSwept: true }
    const trial = {
      alarm: 1,
      trips: 1,
      phase: 'half-open',
      endsAt,
      canaries: 0,
      intervalAt: core.at,
      slowAt: core.at + minute,
    } as const
    core.state.stops.push({ ...opened, breaker: { ...trial } })
    pass(core, minute)
    expect(ids.map(id => core.statusOf(id))).toEqual(['ready', 'ready', 'ready', 'confirming', 'confirming'])
    const due = core.due([], { inFlightMax: 1000, bulkInFlightMax: 500 }).map(({ id }) => id)
    expect(due).toEqual(expect.arrayContaining(ids.slice(0, 3)))
    pass(core, minute)
    expect(ids.map(id => core.statusOf(id))).toEqual(['ready', 'ready', 'ready', 'ready', 'ready'])
  })
})

describe('a message that was ahead of its cause', () => {
  const late = (core: Core) => {
    core.send({ to: 'late@x', cause: 'late', template: { name: 'reset' } })
    const id = core.last
    expect(core.statusOf(id)).toBe('waiting')
    core.cause('late', { account: 'late', recipients: ['late@x'], trust: 'unknown' })
    return id
  }

  it('is for its holder to confirm as any other, when its place is stopped', () => {
    const core = usual(templates)
    const scope = { class: 'password-reset', lane: 'open', source: 'web', template: 'reset' } as const
    core.do({ type: 'PauseClass', ...scope, by: 'operator', reason: 'drill' })
    const id = late(core)
    expect(core.state.messages.get(id)).toMatchObject({ status: { is: 'confirming' }, reasons: ['breaker.open'] })
    core.do({ type: 'ConfirmMessage', id, by: 'holder' })
    const due = core.due([], { inFlightMax: 1000, bulkInFlightMax: 500 })
    expect(due.find(effect => effect.id === id)?.lane).toBe('reserved')
  })

  it('ends with its person, whom it learnt from the cause', () => {
    const core = usual(templates)
    core.do({ type: 'PauseClass', class: 'password-reset', by: 'operator', reason: 'drill' })
    const id = late(core)
    core.do({ type: 'EraseSubject', subject: hashOf('late'), by: 'operator' })
    expect(core.statusOf(id)).toBe('ended')
  })
})

describe('the slow lane of a trial', () => {
  it('lets nobody through whom a person has stopped', () => {
    const core = usual(templates)
    const scope = { class: 'password-reset', lane: 'open', source: 'web', template: 'reset' } as const
    core.do({ type: 'PauseClass', class: 'password-reset', by: 'operator', reason: 'drill', lane: 'open' })
    asked(core, 3000, 'reset', 'unknown')
    const id = core.last
    expect(core.statusOf(id)).toBe('confirming')
    const [since, endsAt] = [core.at, core.at + 10 * minute]
    const trial = { alarm: 1, trips: 1, phase: 'half-open', endsAt, canaries: 0, intervalAt: since } as const
    const breaker = { ...trial, slowAt: since + minute }
    core.state.stops.push({ scope, by: 'detector', reason: 'reported', since, isSwept: true, breaker })
    pass(core, minute)
    expect(core.statusOf(id)).toBe('confirming')
    core.do({ type: 'ResumeClass', class: 'password-reset', by: 'operator', lane: 'open' })
    pass(core, minute)
    expect(core.statusOf(id)).toBe('ready')
  })
})

describe('the address of somebody else in the content', () => {
  it('holds when that person was written to lately, and not otherwise', () => {
    const core = new Core()
    core.wait(second)
    const mentions = (name: string) => [hashOf(`mailbox ${name}@example.org`)]
    expect(core.send({ to: 'first@example.org', class: 'other', mentions: mentions('support') })).toBe('deliver open')
    const next = core.send({ to: 'second@example.org', class: 'other', mentions: mentions('first') })
    expect(next).toBe('hold open content.other-recipient')
    pass(core, 2 * hour)
    expect(core.send({ to: 'third@example.org', class: 'other', mentions: mentions('first') })).toBe('deliver open')
  })
})

describe('signals', () => {
  const signal = (core: Core, key: string, more: object) =>
    core.do({
      type: 'ReportSignal',
      signal: { key: hashOf(key), occurredAt: core.at, source: 'web', ...more } as SignalFacts,
    })

  it('count once', () => {
    const core = new Core()
    const announced = { kind: 'campaign-announced', class: 'other', audience: 10, from: t0, until: t0 + hour }
    expect(signal(core, 'a', announced).type).toBe('done')
    expect(signal(core, 'a', announced).type).toBe('repeat')
    expect(core.state.announced).toHaveLength(1)
  })

  it('of the future are refused', () => {
    const core = new Core()
    expect(signal(core, 'a', { kind: 'noted', type: 'x', occurredAt: core.at + hour })).toMatchObject({
      code: 'signal.from-the-future',
    })
  })

  it('that people did not ask add up to a stop', () => {
    const core = usual(templates, 400)
    signal(core, 'baseline', { kind: 'baseline', class: 'password-reset', ratePerHourOfWeek: new Array(168).fill(120) })
    let outcome = ''
    for (let n = 0; n < 60 && !outcome.includes('breaker'); n++) {
      const before = core.last
      outcome = asked(core, 1000 + n)
      signal(core, `report-${n}`, { kind: 'reported', report: 'not-requested', message: before })
    }
    expect(outcome).toBe('hold reserved breaker.open')
    expect(eventsOf(core, 'AlarmRaised').at(-1)?.alarm.detector).toBe('reported')
  })

  it('that one recipient repeats are one: nobody buys a stop for others with an old mail', () => {
    const core = usual(templates, 400)
    signal(core, 'baseline', { kind: 'baseline', class: 'password-reset', ratePerHourOfWeek: new Array(168).fill(120) })
    const about = { class: 'password-reset', lane: 'reserved', source: 'web', template: 'reset' }
    const mail = { kind: 'reported', report: 'not-requested', message: '01900000-0000-7000-8000-00000000abcd', about }
    for (let n = 0; n < 60; n++) signal(core, `report-${n}`, mail)
    expect(asked(core, 1000)).toBe('deliver reserved')
  })

  it('tell what usually follows, and that it does not', () => {
    const core = new Core({ policy: templates })
    signal(core, 'baseline', { kind: 'baseline', class: 'password-reset', ratePerHourOfWeek: new Array(168).fill(120) })
    const followed = (n: number) =>
      signal(core, `link-${n}`, { kind: 'link-followed', account: hashOf('x'), cause: hashOf(`cause-${n}`) })
    for (let n = 0; n < 400; n++) {
      expect(asked(core, n, 'reset', 'unknown')).toMatch(/^deliver/)
      if (n % 10 < 8) followed(n)
    }
    let delivered = 0
    while (delivered < 400 && asked(core, 1000 + delivered, 'reset', 'unknown').startsWith('deliver')) delivered++
    expect(delivered).toBeLessThan(100)
    expect(eventsOf(core, 'AlarmRaised').at(-1)?.alarm.detector).toBe('unfinished')
  })

  it('count one page that asks again and again as one that does not go on', () => {
    const core = new Core({ policy: templates })
    signal(core, 'baseline', { kind: 'baseline', class: 'password-reset', ratePerHourOfWeek: new Array(168).fill(120) })
    const followed = (n: number) =>
      signal(core, `link-${n}`, { kind: 'link-followed', account: hashOf('x'), cause: hashOf(`cause-${n}`) })
    for (let n = 0; n < 400; n++) {
      asked(core, n)
      if (n % 10 < 8) followed(n)
    }
    for (let n = 0; n < 108; n++) {
      pass(core, 20 * second)
      const [account, to, cause] = [`loop-${n % 12}`, `loop-${n % 12}@example.org`, `loop-cause-${n}`]
      core.cause(cause, { account, recipients: [to] })
      expect(core.send({ account, to, cause, template: { name: 'reset' } })).toMatch(/^deliver/)
    }
    pass(core, 6 * minute)
    expect(asked(core, 2000)).toBe('deliver reserved')
    expect(core.state.stops).toEqual([])
  })

  it('load what is usual: rates count as tested history, templates as approved', () => {
    const core = new Core()
    const baseline = { kind: 'baseline', class: 'other', lane: 'open', ratePerHourOfWeek: new Array(168).fill(60) }
    expect(core.send({ class: 'other', template: { name: 'news', version: '2' } })).toBe('hold open template.unknown')
    signal(core, 'b', { ...baseline, templates: [{ template: 'news', versions: ['2'] }] })
    expect(core.send({ class: 'other', template: { name: 'news', version: '2' } })).toBe('deliver open')
    expect(core.send({ class: 'other', template: { name: 'news', version: '3' } })).toBe('hold open template.unknown')
  })

  it('of a loaded rate: far more than that without causes is stopped', () => {
    const core = new Core()
    signal(core, 'b', {
      kind: 'baseline',
      class: 'other',
      ratePerHourOfWeek: new Array(168).fill(120),
      dispersion: 4,
      safety: 1.5,
    })
    let delivered = 0
    for (let n = 0; n < 500; n++) {
      core.at += 100
      const outcome = core.send({ class: 'other', to: `person-${n}@example.org` })
      if (outcome === 'deliver open') delivered++
    }
    expect(delivered).toBeGreaterThan(2)
    expect(delivered).toBeLessThan(60)
    expect(eventsOf(core, 'AlarmRaised').at(-1)?.alarm).toMatchObject({ detector: 'rate', level: 'hard' })
  })

  it('of an announced send give its class the audience as budget, once', () => {
    const core = new Core({ leases: false })
    const cause = (n: number) => core.cause(`order-${n}`, { account: `a${n}`, kind: 'protection.ordered' })
    const order = (n: number) =>
      core.send({ class: 'forced-reset', account: `a${n}`, to: `a${n}@x`, cause: `order-${n}` })
    for (let n = 0; n < 4; n++) cause(n)
    expect(order(0)).toBe('hold campaign budget.exhausted')
    const period = { from: core.at, until: core.at + hour }
    signal(core, 'c', { kind: 'campaign-announced', class: 'forced-reset', audience: 2, ...period })
    expect([1, 2, 3].map(order)).toEqual(['deliver campaign', 'deliver campaign', 'hold campaign budget.exhausted'])
  })

  it('of an announced send: its rate is expected', () => {
    const core = new Core()
    signal(core, 'b', {
      kind: 'baseline',
      class: 'other',
      ratePerHourOfWeek: new Array(168).fill(120),
      dispersion: 4,
      safety: 1.5,
    })
    signal(core, 'c', {
      kind: 'campaign-announced',
      class: 'other',
      audience: 500,
      from: core.at,
      until: core.at + hour,
    })
    const outcomes = Array.from({ length: 300 }, (_, n) => {
      core.at += 100
      return core.send({ class: 'other', to: `person-${n}@example.org` })
    })
    expect(new Set(outcomes)).toEqual(new Set(['deliver open']))
  })
})

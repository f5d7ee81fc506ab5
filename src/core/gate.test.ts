import { describe, expect, it } from 'vitest'
import { Core, hour, inWords, minute, second, type Wanted, withClass } from '../../test/core.ts'
import type { Mode, Policy } from './policy.ts'

/** Ann's causes `right` and `wrong` are known, and that her only address is ann@; nobody else's address is hers. */
function given({ policy, leases = true, stop = false }: Given): Core {
  const core = new Core({ leases, ...(policy && { policy }) })
  core.cause('wrong', { kind: 'login.failed', recipients: ['ann@example.org'] })
  core.cause('right', { kind: 'reset.requested', recipients: ['ann@example.org'] })
  if (stop) core.do({ type: 'PauseClass', class: 'password-reset', by: 'operator', reason: 'drill' })
  return core
}
type Given = { policy?: (policy: Policy) => void; leases?: boolean; stop?: boolean }

const required =
  (more: (policy: Policy) => void = () => {}) =>
  (policy: Policy) => {
    withClass('password-reset', one => {
      one.causes.requirement = 'required'
    })(policy)
    more(policy)
  }
const noRoom = required(policy => {
  for (const cap of Object.values(policy.caps)) cap.perHour = 0
})

/** Everything is wrong with this one; each row of the table below mends one thing more, in the order of the gate. */
const worst: Wanted = {
  account: 'ann',
  to: 'eve@example.org',
  environment: 'staging',
  template: { name: 'nobody-approved-this' },
  cause: 'wrong',
  expiresAt: 0,
}
const { environment: _, ...production } = worst
const { template: __, ...inline } = production
const caused = { ...inline, cause: 'right' }
const rightful = { ...caused, to: 'ann@example.org' }
const { expiresAt: ___, ...lasting } = rightful

describe('the gate refuses in the order of its checks', () => {
  const [template, cause, recipient] = ['template.unknown', 'cause.wrong-kind', 'recipient.not-the-accounts']
  const [secret, cap, stop, budget] = ['secret.expired', 'cap.mailbox', 'breaker.open', 'budget.exhausted']
  it.each<[string, Given, Wanted, string, string[]]>([
    // biome-ignore format: a table
    ['all', { policy: noRoom, leases: false, stop: true }, worst, 'reject open', ['environment.not-allowed', template, cause, recipient, secret, cap, stop, budget]],
    // biome-ignore format: a table
    ['all but the environment', { policy: noRoom, leases: false, stop: true }, production, 'hold open', [template, cause, recipient, secret, cap, stop, budget]],
    // biome-ignore format: a table
    ['from the cause on', { policy: noRoom, leases: false, stop: true }, inline, 'hold open', [cause, recipient, secret, cap, stop, budget]],
    // biome-ignore format: a table
    ['from the recipient on', { policy: noRoom, leases: false, stop: true }, caused, 'hold reserved', [recipient, secret, cap, stop, budget]],
    // biome-ignore format: a table
    ['from the secret on', { policy: noRoom, leases: false, stop: true }, rightful, 'expire reserved', [secret, cap, stop, budget]],
    // biome-ignore format: a table
    ['from the cap on', { policy: noRoom, leases: false, stop: true }, lasting, 'suppress reserved', [cap, stop, budget]],
    ['stop and budget', { policy: required(), leases: false, stop: true }, lasting, 'hold reserved', [stop, budget]],
    ['the budget', { policy: required(), leases: false }, lasting, 'hold reserved', [budget]],
    ['nothing', { policy: required() }, lasting, 'deliver reserved', []],
  ])('with %s wrong', (_name, before, when, outcome, reasons) => {
    expect(given(before).send(when)).toBe([outcome, ...reasons].join(' '))
  })
})

describe('what binds in which mode', () => {
  const strict = (mode: Mode, more: (policy: Policy) => void = () => {}) =>
    required(policy => {
      withClass('password-reset', one => {
        one.mode = mode
        one.content = 'inline'
      })(policy)
      more(policy)
    })
  const capped = (mode: Mode) =>
    strict(mode, policy => {
      policy.caps.reserved.perHour = 0
    })
  it.each<[string, (mode: Mode) => Given, Wanted, Record<Mode, string>]>([
    // biome-ignore format: a table
    ['environment', mode => ({ policy: strict(mode) }), { ...lasting, environment: 'staging' }, { observe: 'deliver', warn: 'deliver', enforce: 'reject' }],
    // biome-ignore format: a table
    ['template', mode => ({ policy: strict(mode) }), { ...lasting, template: { name: 'unknown' } }, { observe: 'hold', warn: 'hold', enforce: 'hold' }],
    // biome-ignore format: a table
    ['cause', mode => ({ policy: strict(mode) }), { ...lasting, cause: 'wrong' }, { observe: 'deliver', warn: 'deliver', enforce: 'hold' }],
    // biome-ignore format: a table
    ['recipient', mode => ({ policy: strict(mode) }), { ...lasting, to: 'eve@example.org' }, { observe: 'deliver', warn: 'deliver', enforce: 'hold' }],
    // biome-ignore format: a table
    ['secret', mode => ({ policy: strict(mode) }), rightful, { observe: 'expire', warn: 'expire', enforce: 'expire' }],
    // biome-ignore format: a table
    ['cap', mode => ({ policy: capped(mode) }), lasting, { observe: 'deliver', warn: 'deliver', enforce: 'suppress' }],
    // biome-ignore format: a table
    ['stop', mode => ({ policy: strict(mode), stop: true }), lasting, { observe: 'hold', warn: 'hold', enforce: 'hold' }],
    // biome-ignore format: a table
    ['budget', mode => ({ policy: strict(mode), leases: false }), lasting, { observe: 'deliver', warn: 'deliver', enforce: 'hold' }],
  ])('%s', (_check, before, when, then) => {
    for (const mode of ['observe', 'warn', 'enforce'] as const) {
      const [outcome, , ...reasons] = given(before(mode)).send(when).split(' ')
      expect([mode, outcome, reasons.length]).toEqual([mode, then[mode], 1])
    }
  })
})

describe('single checks', () => {
  const templates = (policy: Policy) => {
    policy.templates = { welcome: ['3', '4'] }
  }
  const locked = withClass('other', one => {
    one.content = 'approved-only'
  })
  const local = (policy: Policy) => {
    policy.deliversLocally = true
  }
  const other: Wanted = { class: 'other' }
  it.each<[string, (policy: Policy) => void, Wanted, string]>([
    ['production is no test', () => {}, { ...other, environment: 'production' }, 'deliver open'],
    ['the allow-list', () => {}, { ...other, environment: 'staging', allowListed: true }, 'deliver open'],
    ['a local mailbox', local, { ...other, environment: 'staging' }, 'deliver open environment.not-allowed'],
    ['a version approved', templates, { ...other, template: { name: 'welcome', version: '4' } }, 'deliver open'],
    ['any version', templates, { ...other, template: { name: 'welcome' } }, 'deliver open'],
    // biome-ignore format: a table
    ['a version unknown', templates, { ...other, template: { name: 'welcome', version: '5' } }, 'hold open template.unknown'],
    // biome-ignore format: a table
    ['a name of the language', templates, { ...other, template: { name: 'constructor' } }, 'hold open template.unknown'],
    // biome-ignore format: a table
    ['and its version', templates, { ...other, template: { name: 'toString', version: '1' } }, 'hold open template.unknown'],
    ['inline, allowed', () => {}, other, 'deliver open'],
    ['inline, locked', locked, other, 'hold open content.inline-not-allowed'],
    ['a class of the language', () => {}, { class: 'constructor' }, 'refused class.unknown'],
    ['no such class', () => {}, { class: 'nothing' }, 'refused class.unknown'],
  ])('%s', (_name, policy, when, then) => {
    expect(new Core({ policy }).send(when)).toBe(then)
  })

  it.each([
    ['until its delivery may begin no more', 30 * second + 1, 'deliver'],
    ['not when delivery would outlast it', 30 * second, 'expire'],
  ])('a secret counts %s', (_name, ms, then) => {
    const core = new Core()
    expect(core.send({ class: 'other', expiresAt: core.at + ms }).split(' ')[0]).toBe(then)
  })
})

describe('lanes', () => {
  it.each([
    ['password-reset', 'session', 'reserved'],
    ['password-reset', 'known-device', 'reserved'],
    ['password-reset', 'unknown', 'open'],
    ['sign-in-alert', 'unknown', 'system'],
    ['breach-notice', 'unknown', 'campaign'],
  ] as const)('%s by %s goes in the %s lane', (className, trust, lane) => {
    const core = new Core()
    const [kind] = core.state.policy.classes[className]!.causes.kinds
    core.cause('c', { trust, kind: kind! })
    expect(core.send({ class: className, account: 'ann', cause: 'c' })).toBe(`deliver ${lane}`)
  })

  it('without its cause a message is as if from an unknown requester', () => {
    const core = new Core()
    expect(core.send({ class: 'sign-in-alert' })).toBe('deliver open cause.missing')
    expect(core.send({ class: 'breach-notice' })).toMatch(/^hold campaign/)
  })
})

describe('a silent source of causes', () => {
  const silent = () => {
    const core = new Core({ policy: required() })
    core.do({ type: 'ReportCoverage', source: 'auth', until: core.at, complete: true })
    core.at += 10 * minute + 1
    return core
  }
  const waited = (core: Core) => {
    core.send({ account: 'ann' })
    core.wait(6 * second)
    return core.statusOf(core.last)
  }

  it('lets two messages of a class through an hour, and no more', () => {
    const core = silent()
    expect([waited(core), waited(core), waited(core)]).toEqual(['ready', 'ready', 'held'])
    core.at += hour
    core.grantAll()
    expect(waited(core)).toBe('ready')
  })

  it('never does before it has promised to be heard', () => {
    const core = new Core({ policy: required() })
    core.at += 11 * minute
    expect(waited(core)).toBe('held')
  })

  it('is not heard in what is said of other sources', () => {
    const core = silent()
    core.do({ type: 'ReportCoverage', source: 'edge', about: 'edge', until: core.at, complete: true })
    expect([waited(core), waited(core), waited(core)]).toEqual(['ready', 'ready', 'held'])
  })

  it('is not promised by others: who reports no causes goes on', () => {
    const core = new Core()
    for (let n = 0; n < 3; n++) {
      core.do({ type: 'ReportCoverage', source: 'dmarc', about: 'dmarc', until: core.at, complete: true })
      core.at += 15 * minute
      expect(core.send({ class: 'sign-in-alert', account: `ann-${n}` })).toBe('deliver open cause.missing')
    }
  })

  it('ends when the source is heard again', () => {
    const core = silent()
    core.cause('elsewhere', { account: 'bob' })
    expect(waited(core)).toBe('held')
  })
})

describe('a stop', () => {
  it.each([
    ['the whole class', undefined, 'hold open breaker.open', 'hold reserved breaker.open'],
    ['one lane', 'open', 'confirm open breaker.open', 'deliver reserved'],
  ] as const)('of %s', (_name, lane, open, reserved) => {
    const core = new Core()
    core.cause('c')
    core.do({ type: 'PauseClass', class: 'password-reset', by: 'operator', reason: 'drill', ...(lane && { lane }) })
    expect(core.send({ cause: 'c', account: 'ann' })).toBe(reserved)
    core.cause('d', { trust: 'unknown' })
    expect(core.send({ cause: 'd', account: 'ann' })).toBe(open)
    expect(core.send({ class: 'other' })).toBe('deliver open')
  })

  it('ends by itself when it has an end, and by a person', () => {
    const core = new Core()
    const stop = { type: 'PauseClass', class: 'other', by: 'operator', reason: 'drill' } as const
    core.do({ ...stop, until: core.at + minute })
    expect(core.send({ class: 'other' })).toBe('hold open breaker.open')
    core.at += minute
    expect(core.send({ class: 'other' })).toBe('deliver open')
    core.do(stop)
    core.do({ type: 'ResumeClass', class: 'other', by: 'operator' })
    expect(core.send({ class: 'other' })).toBe('deliver open')
  })

  it.each([
    ['nothing is stopped', undefined, {}],
    ['a part is', { lane: 'open' }, {}],
    ['more is', {}, { lane: 'open' }],
    ['another part is', { lane: 'open', source: '', template: '' }, { lane: 'open' }],
  ] as const)('is not resumed when %s', (_, stopped, scope) => {
    const core = new Core()
    const one = { class: 'other', by: 'operator', reason: 'drill' } as const
    if (stopped) core.do({ type: 'PauseClass', ...one, ...stopped })
    const before = core.events.length
    expect(inWords(core.do({ type: 'ResumeClass', class: 'other', by: 'operator', ...scope }))).toBe(
      'refused stop.unknown',
    )
    expect([core.events.length - before, core.state.stops.length]).toEqual([0, stopped ? 1 : 0])
  })

  it.each(['nothing', 'toString'])('of a class that is not there, %s, is refused', name => {
    const core = new Core()
    for (const type of ['PauseClass', 'ResumeClass'] as const)
      expect(inWords(core.do({ type, class: name, by: 'operator', reason: 'drill' }))).toBe('refused class.unknown')
  })
})

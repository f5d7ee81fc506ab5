import { describe, expect, it } from 'vitest'
import { Core, hashOf, hour, minute, second, type Wanted, withClass } from '../../test/core.ts'
import { accountOf, causeOf, finishCause } from './causes.ts'
import { type CredentialChange, credentialChanges } from './policy.ts'

const required = withClass('password-reset', one => {
  one.causes.requirement = 'required'
})
const given = () => new Core({ policy: required })

describe('which cause justifies a message', () => {
  const ann: Wanted = { account: 'ann' }
  it.each<[string, (core: Core) => void, Wanted, string]>([
    ['named', core => core.cause('c'), { ...ann, cause: 'c' }, 'deliver reserved'],
    ['named, account unsaid', core => core.cause('c'), { cause: 'c' }, 'deliver reserved'],
    ['unnamed', core => core.cause('c'), ann, 'deliver reserved'],
    [
      'the newest of two',
      core => {
        core.cause('old', { trust: 'unknown' })
        core.cause('new')
      },
      ann,
      'deliver reserved',
    ],
    [
      'an older one when the newest is of another kind',
      core => {
        core.cause('c')
        core.cause('login', { kind: 'login.succeeded' })
      },
      ann,
      'deliver reserved',
    ],
    ['by address', core => core.cause('c', { recipients: ['ann@example.org'] }), {}, 'deliver reserved'],
    ['none', () => {}, ann, 'hold open cause.awaited'],
    ['of another account', core => core.cause('c', { account: 'bob' }), ann, 'hold open cause.awaited'],
    [
      'named, of another account',
      core => core.cause('c', { account: 'bob' }),
      { ...ann, cause: 'c' },
      'hold open cause.other-account',
    ],
    [
      'named, of a wrong kind',
      core => core.cause('c', { kind: 'login.failed' }),
      { ...ann, cause: 'c' },
      'hold open cause.wrong-kind',
    ],
    [
      'named, at the end of its life',
      core => {
        core.cause('c')
        core.at += 15 * minute
      },
      { ...ann, cause: 'c' },
      'deliver reserved',
    ],
    [
      'named, stale',
      core => {
        core.cause('c')
        core.at += 15 * minute + second
      },
      { ...ann, cause: 'c' },
      'hold open cause.stale',
    ],
    [
      'named, used',
      core => {
        core.cause('c')
        core.send({ ...ann, cause: 'c' })
      },
      { ...ann, cause: 'c' },
      'hold open cause.used',
    ],
    [
      'unnamed, used',
      core => {
        core.cause('c')
        core.send(ann)
      },
      ann,
      'hold open cause.awaited',
    ],
    [
      'used for another recipient only',
      core => {
        core.cause('c')
        core.send(ann)
      },
      { ...ann, to: 'ann@work.test' },
      'deliver reserved',
    ],
    [
      'not among the addresses of the account',
      core => core.cause('c', { recipients: ['ann@example.org'] }),
      { ...ann, to: 'eve@example.org' },
      'hold reserved recipient.not-the-accounts',
    ],
    [
      'an address that was replaced',
      core => {
        core.cause('c', { recipients: ['ann@example.org'] })
        core.cause('d', { recipients: ['new@example.org'] })
      },
      ann,
      'hold reserved recipient.stale',
    ],
    [
      'an address that was replaced by one that is not verified',
      core => {
        core.cause('c', { recipients: ['ann@example.org'] })
        core.cause('d', { unverified: ['new@example.org'] })
      },
      ann,
      'hold reserved recipient.stale',
    ],
    [
      'an address that the account never had',
      core => {
        core.cause('c', { recipients: ['ann@example.org'] })
        core.cause('d', { recipients: ['new@example.org'] })
      },
      { ...ann, to: 'eve@example.org' },
      'hold reserved recipient.not-the-accounts',
    ],
    [
      'an address that comes back',
      core => {
        core.cause('c', { recipients: ['ann@example.org'] })
        core.cause('d', { recipients: ['new@example.org'] })
        core.cause('e', { recipients: ['new@example.org', 'ann@example.org'] })
      },
      ann,
      'deliver reserved',
    ],
    [
      'an address that is not verified',
      core => core.cause('c', { recipients: ['old@example.org'], unverified: ['ann@example.org'] }),
      ann,
      'hold reserved recipient.not-the-accounts',
    ],
    [
      'the only address, not verified',
      core => core.cause('c', { unverified: ['ann@example.org'] }),
      ann,
      'hold reserved recipient.not-the-accounts',
    ],
    [
      'an address that was never verified, and is replaced',
      core => {
        core.cause('c', { unverified: ['ann@example.org'] })
        core.cause('d', { recipients: ['new@example.org'] })
      },
      ann,
      'hold reserved recipient.not-the-accounts',
    ],
  ])('%s', (_name, before, when, then) => {
    const core = given()
    before(core)
    expect(core.send(when)).toBe(then)
  })
})

describe('either order of arrival', () => {
  const outcomeAfter = (act: (core: Core) => void, wanted: Wanted = { account: 'ann' }) => {
    const core = given()
    core.send(wanted)
    act(core)
    return core.statusOf(core.last)
  }
  it.each<[string, (core: Core) => void, string]>([
    ['nothing has come yet', core => core.wait(5 * second - 1), 'waiting'],
    ['the wait is over', core => core.wait(5 * second), 'held'],
    ['the cause comes', core => core.cause('c'), 'ready'],
    ['the cause of another account comes', core => core.cause('c', { account: 'bob' }), 'waiting'],
    ['a cause of another kind comes', core => core.cause('c', { kind: 'login.failed' }), 'waiting'],
    [
      'the cause comes too late',
      core => {
        core.wait(5 * second)
        core.cause('c')
      },
      'held',
    ],
    [
      'a cause that says it is not hers',
      core => {
        core.cause('c', { recipients: ['eve@example.org'] })
      },
      'held',
    ],
  ])('%s', (_name, act, then) => {
    expect(outcomeAfter(act)).toBe(then)
  })

  it('waits for the named one alone', () => {
    expect(outcomeAfter(core => core.cause('c'), { account: 'ann', cause: 'd' })).toBe('waiting')
    expect(outcomeAfter(core => core.cause('d'), { account: 'ann', cause: 'd' })).toBe('ready')
  })

  it('finds the account by the address that the cause names', () => {
    expect(outcomeAfter(core => core.cause('c', { recipients: ['ann@example.org'] }), {})).toBe('ready')
  })

  it('lets one cause free one of two messages', () => {
    const core = given()
    core.send({ account: 'ann' })
    const first = core.last
    core.send({ account: 'ann' })
    core.cause('c')
    expect([core.statusOf(first), core.statusOf(core.last)]).toEqual(['ready', 'waiting'])
  })

  it('does not count a message twice, and not as less than one', () => {
    const core = new Core({
      policy: policy => {
        required(policy)
        policy.caps.reserved = { perHour: 1, perDay: 1 }
      },
    })
    const caused = (key: string) => {
      core.send({ account: 'ann' })
      core.cause(key)
      return core.statusOf(core.last)
    }
    expect(caused('c')).toBe('ready')
    expect(caused('d'), 'a message ahead of its cause does not slip past the cap').toBe('held')
  })
})

describe('causes out of order', () => {
  const ann: Wanted = { account: 'ann' }
  const late = (core: Core, recipients: string[] = []) => core.cause('late', { occurredAt: core.at - hour, recipients })

  it('an old one that arrives late does not hide the newer', () => {
    const core = given()
    core.cause('c')
    late(core)
    expect(core.send(ann)).toBe('deliver reserved')
  })

  it('nor does it bring back addresses that were replaced', () => {
    const core = given()
    core.cause('c', { recipients: ['new@example.org'] })
    late(core, ['ann@example.org'])
    expect(core.send(ann)).toBe('hold reserved recipient.not-the-accounts')
    expect(core.send({ ...ann, to: 'new@example.org' })).toBe('deliver reserved')
  })

  it('the newest by its own time is taken', () => {
    const core = given()
    core.cause('new', { trust: 'unknown' })
    core.cause('old', { occurredAt: core.at - minute })
    core.cause('older', { occurredAt: core.at - 2 * minute })
    expect([core.send(ann), core.send(ann), core.send(ann)]).toEqual([
      'deliver open',
      'deliver reserved',
      'deliver reserved',
    ])
    expect(core.send(ann)).toBe('hold open cause.awaited')
  })

  it('one that was told before is a repeat, one from the future is refused', () => {
    const core = given()
    expect([core.cause('c').type, core.cause('c').type]).toEqual(['done', 'repeat'])
    expect(core.cause('d', { occurredAt: core.at + 2 * minute }).type).toBe('done')
    expect(core.cause('e', { occurredAt: core.at + 2 * minute + 1 })).toEqual({
      type: 'refused',
      code: 'cause.from-the-future',
    })
  })
})

describe('what is remembered, and for how long', () => {
  /** So many events that every shard of every table was swept. */
  const sweepAll = (core: Core) => {
    for (let i = 0; i < 64 * 4096; i++)
      core.do({ type: 'ReportCoverage', source: 'auth', until: core.at, complete: true })
  }

  it('a cause from a clock ahead is not forgotten to be used before it is stale', () => {
    const core = new Core()
    core.cause('c', { kind: 'login.succeeded', occurredAt: core.at + 2 * minute })
    const alert: Wanted = { class: 'sign-in-alert', account: 'ann', cause: 'c' }
    expect(core.send(alert)).toBe('deliver system')
    core.at += hour + minute
    sweepAll(core)
    expect(core.send(alert)).toContain('cause.used')
  })

  it.each([
    -1,
    -50 * minute,
    -(60 * 365 * 24 * hour),
  ])('a cause from before 1970 (%i) is not a fresh one', occurredAt => {
    const core = new Core()
    core.cause('c', { kind: 'login.succeeded', occurredAt })
    expect(core.send({ class: 'sign-in-alert', account: 'ann', cause: 'c' })).toContain('cause.stale')
  })

  it('addresses that nobody named for a day are unknown again, though the account is known', () => {
    const core = given()
    core.cause('c', { recipients: ['ann@example.org'] })
    core.at += 23 * hour
    core.cause('d')
    expect(core.send({ account: 'ann', to: 'eve@example.org' })).toContain('recipient.not-the-accounts')
    core.at += hour + second
    core.grantAll()
    core.cause('e')
    expect(core.send({ account: 'ann' })).toBe('deliver reserved')
    sweepAll(core)
    core.cause('f')
    expect(core.send({ account: 'ann', to: 'eve@example.org' })).toBe('deliver reserved')
  })

  it('an account that was forgotten does not get its old addresses back', () => {
    const core = given()
    core.cause('c', { recipients: ['ann@example.org'] })
    core.at += 25 * hour
    const { accounts } = core.state.ledger
    for (let shard = 0; shard < accounts.shardCount; shard++) accounts.sweep(shard, () => true)
    core.grantAll()
    core.cause('d', { recipients: ['new@example.org'] })
    expect(core.send({ account: 'ann' })).toContain('recipient.stale')
  })

  it('who owns an address is known from the causes', () => {
    const core = given()
    const facts = { address: hashOf('ann@example.org') }
    expect(accountOf(core.state.ledger, facts)).toBe(facts.address)
    core.cause('b', { account: 'eve', unverified: ['ann@example.org'] })
    expect(accountOf(core.state.ledger, facts), 'somebody else’s, in which the address was not verified').toBe(
      facts.address,
    )
    core.cause('c', { recipients: ['ann@example.org'] })
    core.cause('d', { account: 'eve', unverified: ['ann@example.org'] })
    expect(accountOf(core.state.ledger, facts)).toBe(hashOf('ann'))
  })
})

describe('what a cause changed', () => {
  const changed = (core: Core, key: string, change?: CredentialChange) =>
    core.cause(key, { kind: 'credential.changed', ...(change && { change }) })
  it.each<[string, (core: Core) => void, Wanted, string]>([
    ['a password', core => changed(core, 'c', 'password'), { class: 'credential-changed', cause: 'c' }, 'deliver system'],
    ['an address, told as a password', core => changed(core, 'c', 'email'), { class: 'credential-changed', cause: 'c' }, 'hold open cause.other-change'],
    ['an address', core => changed(core, 'c', 'email'), { class: 'recovery-changed', cause: 'c' }, 'deliver system'],
    ['a password, told as a way of recovery', core => changed(core, 'c', 'password'), { class: 'recovery-changed', cause: 'c' }, 'hold open cause.other-change'],
    ['a telephone number', core => changed(core, 'c', 'phone'), { class: 'credential-changed', cause: 'c' }, 'deliver system'],
    ['a telephone number, as a way of recovery', core => changed(core, 'c', 'phone'), { class: 'recovery-changed', cause: 'c' }, 'deliver system'],
    ['what is not said', core => changed(core, 'c'), { class: 'recovery-changed', cause: 'c' }, 'deliver system'],
    ['nothing that fits, and none is named', core => changed(core, 'c', 'email'), { class: 'credential-changed' }, 'deliver open cause.missing'],
    ['something else last, and none is named', core => { changed(core, 'c', 'totp'); changed(core, 'd', 'email') }, { class: 'credential-changed' }, 'deliver system'],
    ['something else, and it is old as well', core => { changed(core, 'c', 'email'); core.at += 2 * hour; core.grantAll() }, { class: 'credential-changed', cause: 'c' }, 'hold open cause.stale'],
  ])('%s', (_, before, wanted, then) => {
    const core = new Core()
    before(core)
    expect(core.send({ account: 'ann', ...wanted })).toBe(then)
  }) // biome-ignore format: a table

  it.each(credentialChanges)('%s is remembered beside all else that is known of the cause', change => {
    const core = new Core()
    const requester = { agent: 31, networkClass: 31 }
    core.cause('c', { kind: 'credential.changed', trust: 'unknown', change, requester })
    const { traits } = causeOf(core.state.ledger, hashOf('c'))!
    expect(traits).toMatchObject({ change, agent: 31, networkClass: 31, known: true, concentrated: false, source: 0 })
    expect(finishCause(core.state.ledger, hashOf('c'))).toBe(true)
    expect(finishCause(core.state.ledger, hashOf('c'))).toBe(false)
    expect(causeOf(core.state.ledger, hashOf('c'))!.traits).toEqual(traits)
  })
})

describe('an address that is not verified', () => {
  it('is written to where the class says so, and by that class alone', () => {
    const core = new Core({
      policy: withClass('other', one => {
        one.recipients = 'named'
      }),
    })
    core.cause('c', { unverified: ['new@example.org'] })
    const to = 'new@example.org'
    expect(core.send({ class: 'other', account: 'ann', to })).toBe('deliver open')
    expect(core.send({ account: 'ann', to })).toContain('recipient.not-the-accounts')
    expect(core.send({ class: 'other', account: 'ann', to: 'eve@example.org' })).toContain('recipient.not-the-accounts')
  })
})

describe('auto becomes required', () => {
  const matched = (core: Core, n: number) => {
    for (let i = 0; i < n; i++) {
      core.cause(`c${i}`, { account: `user${i}` })
      core.send({ account: `user${i}`, to: `user${i}@example.org` })
    }
  }
  it.each([
    [0, 'deliver open cause.missing'],
    [19, 'hold open cause.awaited'],
    [20, 'hold open cause.awaited'],
  ])('after %i matched in a row a message without a cause: %s', (n, then) => {
    const core = new Core()
    matched(core, n)
    expect(core.send({ account: 'ann' })).toBe(then)
  })

  it.each([
    [19, 'ready'],
    [20, 'held'],
  ])('after %i and the wait it is %s', (n, then) => {
    const core = new Core()
    matched(core, n)
    core.send({ account: 'ann' })
    core.wait(6 * second)
    expect(core.statusOf(core.last)).toBe(then)
  })

  it('a miss before the twentieth begins anew, one after it changes nothing', () => {
    const core = new Core()
    matched(core, 19)
    core.send({ account: 'ann', cause: 'nobody' })
    core.wait(6 * second)
    expect(core.state.streaks.size).toBe(0)
    const other = new Core()
    matched(other, 20)
    other.send({ account: 'ann', cause: 'nobody' })
    other.wait(6 * second)
    expect([...other.state.streaks.values()]).toEqual([20])
  })

  it('counts each application alone', () => {
    const core = new Core()
    matched(core, 20)
    expect(core.send({ account: 'ann', application: 'forum' })).toBe('deliver open cause.missing')
  })
})

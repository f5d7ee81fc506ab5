import { describe, expect, it } from 'vitest'
import { Core, hour, inWords, minute, type Wanted, withClass } from '../../test/core.ts'
import type { Alarm } from './alarms.ts'
import { contentFindings } from './content.ts'
import type { Mode, Policy } from './policy.ts'

// Checks 3 and 5 of the gate: templates, looks, and what the proof of the rendered bytes found.

const other: Wanted = { class: 'other', account: 'ann' }
const look = (hash: string, name = 'look'): Wanted => ({
  ...other,
  via: 'smtp',
  template: { name, version: hash, hash, learnt: true },
})

function learn(core: Core, hash: string, name = 'look'): void {
  core.do({ type: 'LearnSkeleton', template: name, version: hash, hash, application: 'shop', class: 'other' })
}

function decideOn(core: Core, ...verbs: ('Submit' | 'Approve' | 'Retire')[]): (template: string, hash: string) => void {
  return (template, hash) => {
    for (const verb of verbs) {
      const by = verb === 'Approve' ? 'ben' : 'ana'
      expect(inWords(core.do({ type: `${verb}Template`, template, version: hash, hash, by }))).toBe('done')
    }
  }
}

/** `reset` in version `h1` is approved, `h2` is in review, `h0` was retired; the look `l1` of the shop is approved. */
function given(policy?: (policy: Policy) => void): Core {
  const core = new Core(policy && { policy })
  for (const hash of ['h0', 'h1', 'h2'])
    core.do({ type: 'DraftTemplate', template: 'reset', version: hash, hash, class: 'other', by: 'ana' })
  decideOn(core, 'Submit', 'Approve')('reset', 'h1')
  decideOn(core, 'Submit')('reset', 'h2')
  decideOn(core, 'Submit', 'Approve', 'Retire')('reset', 'h0')
  return core
}

function guarded(policy?: (policy: Policy) => void): Core {
  const core = given(policy)
  learn(core, 'l1')
  learn(core, 'l2')
  decideOn(core, 'Submit', 'Approve')('look', 'l1')
  return core
}

describe('a template that a message names', () => {
  const named = (version: string | undefined, hash: string | undefined, more: Wanted = {}): Wanted => ({
    ...other,
    template: { name: 'reset', ...(version && { version }), ...(hash && { hash }) },
    ...more,
  })
  const configured = (policy: Policy) => {
    policy.templates = { reset: ['h0', 'h1', 'h2'], look: ['l1'] }
  }
  it.each<[string, (policy: Policy) => void, Wanted, string]>([
    ['approved', () => {}, named('h1', 'h1'), 'deliver open'],
    ['without a version: what was approved last', () => {}, named(undefined, 'h1'), 'deliver open'],
    ['in review', () => {}, named('h2', 'h2'), 'hold open template.unknown'],
    ['retired', () => {}, named('h0', 'h0'), 'hold open template.unknown'],
    ['of no such version', () => {}, named('h3', 'h3'), 'hold open template.unknown'],
    ['with another hash', () => {}, named('h1', 'h2'), 'hold open content.not-as-approved'],
    ['without a version, with another hash', () => {}, named(undefined, 'h2'), 'hold open content.not-as-approved'],
    ['without a hash', () => {}, named('h1', undefined), 'hold open template.unknown'],
    ['approved for another class', () => {}, named('h1', 'h1', { class: 'sign-in-alert' }), 'hold open template.unknown cause.missing'],
    ['learnt: nobody can write from it', () => {}, { ...other, template: { name: 'look', version: 'l1', hash: 'l1' } }, 'hold open template.unknown'],
    ['in review, named by the configuration', configured, named('h2', 'h2'), 'deliver open'],
    ['retired, named by the configuration', configured, named('h0', 'h0'), 'hold open template.unknown'],
    ['named by the configuration, with another hash', configured, named('h1', 'h2'), 'hold open content.not-as-approved'],
    ['named by the configuration, without a hash', configured, named('h1', undefined), 'deliver open'],
  ])('%s', (_, policy, wanted, answer) => {
    expect(given(policy).send(wanted)).toBe(answer)
  }) // biome-ignore format: a table

  it('holds bytes that are not as approved in every mode', () => {
    const observed = withClass('other', one => {
      one.mode = 'observe'
    })
    expect(given(observed).send(named('h1', 'h2'))).toBe('hold open content.not-as-approved')
  })

  // Approved by name alone, it could not be written, or was not what its version makes of its values: there is nothing that may go.
  it('holds what the proof found not as approved in every mode', () => {
    const unwritten: Wanted = {
      class: 'other',
      template: { name: 'elsewhere', version: '1' },
      findings: ['content.not-as-approved'],
    }
    for (const mode of ['observe', 'warn', 'enforce'] as const) {
      const policy = (changed: Policy) => {
        changed.templates = { elsewhere: ['1'] }
        changed.classes.other!.mode = mode
      }
      expect(given(policy).send(unwritten), mode).toBe('hold open content.not-as-approved')
    }
  })

  it('keeps to what it was when it waited', () => {
    const core = given()
    const reset = { class: 'other', cause: 'late', template: { name: 'reset', version: 'h1', hash: 'h1' } }
    const required = withClass('other', one => {
      one.causes.kinds = ['reset.requested']
      one.causes.requirement = 'required'
    })
    const policy = structuredClone(core.state.policy)
    required(policy)
    core.do({ type: 'ApplyPolicy', hash: 'now', policy, by: 'ana' })
    expect(core.send({ ...other, ...reset })).toBe('hold open cause.awaited')
    const id = core.last
    decideOn(core, 'Retire')('reset', 'h1')
    core.cause('late')
    expect(core.state.messages.get(id)?.reasons).toEqual(['template.unknown'])
    expect(core.statusOf(id)).toBe('held')
  })
})

describe('a look', () => {
  it('goes while no look of its sender and class is approved', () => {
    const core = given()
    learn(core, 'l1')
    expect([core.send(look('l1')), core.send(look('l2')), core.send({ ...other, via: 'smtp' })]).toEqual(
      Array(3).fill('deliver open'),
    )
  })

  it.each<[string, Wanted, string]>([
    ['approved', look('l1'), 'deliver open'],
    ['approved, learnt under another name', look('l1', 'else'), 'deliver open'],
    ['learnt', look('l2'), 'hold open template.changed'],
    ['never seen', look('l3'), 'hold open template.changed'],
    ['none', { ...other, via: 'smtp' }, 'hold open template.changed'],
    ['of another class', { ...look('l2'), class: 'sign-in-alert' }, 'deliver open cause.missing'],
    ['of another application', { ...look('l2'), application: 'mail' }, 'deliver open'],
    ['of a template that is named and approved', { ...other, template: { name: 'reset', version: 'h1', hash: 'h1' } }, 'deliver open'],
  ])('%s, once one is approved', (_, wanted, answer) => {
    expect(guarded().send(wanted)).toBe(answer)
  }) // biome-ignore format: a table

  it.each<[Mode, string]>([
    ['observe', 'deliver open template.changed'],
    ['warn', 'deliver open template.changed'],
    ['enforce', 'hold open template.changed'],
  ])('that is not approved, in %s', (mode, answer) => {
    const core = guarded(
      withClass('other', one => {
        one.mode = mode
      }),
    )
    expect(core.send(look('l2'))).toBe(answer)
  })

  it('becomes known under a stop of what names no template, and is held by it as before', () => {
    const core = given()
    const pause = { type: 'PauseClass', class: 'other', template: '', by: 'ana', reason: 'wrong mails' } as const
    expect(inWords(core.do(pause))).toBe('done')
    const unknown = core.send({ ...other, via: 'smtp' })
    learn(core, 'l1')
    expect([unknown, core.send(look('l1'))]).toEqual(Array(2).fill('hold open breaker.open'))
    expect(core.send({ ...other, template: { name: 'reset', version: 'h1', hash: 'h1' } })).toBe('deliver open')
  })

  it('is as good as an approved template where a class takes nothing else', () => {
    const strict = withClass('other', one => {
      one.content = 'approved-only'
    })
    expect(guarded(strict).send(look('l1'))).toBe('deliver open')
    expect(given(strict).send(look('l1'))).toBe('hold open content.inline-not-allowed')
  })

  it('goes again when the last approved one is retired', () => {
    const core = guarded()
    decideOn(core, 'Retire')('look', 'l1')
    expect(core.send(look('l2'))).toBe('deliver open')
  })

  it('is counted, with the newest messages that showed it', () => {
    const core = given()
    learn(core, 'l1')
    const ids = Array.from({ length: 10 }, (_, n) => {
      core.at += minute
      core.send({ ...look('l1'), to: `p${n}@example.org` })
      return core.last
    })
    expect(core.state.templates.version({ template: 'look', version: 'l1' })).toMatchObject({
      messages: 10,
      examples: ids.slice(-8),
    })
  })
})

describe('the alarm of a changed look', () => {
  const alarmsOf = (core: Core): Alarm[] =>
    core.events.flatMap(event =>
      event.type === 'AlarmRaised' && event.alarm.detector === 'template-changed' ? [event.alarm] : [],
    )
  const send = (core: Core, hash: string, n: number) => core.send({ ...look(hash), to: `p${n}@example.org` })

  it('tells of each new look once, with what showed it', () => {
    const core = guarded()
    for (let n = 0; n < 5; n++) send(core, 'l1', n)
    send(core, 'l2', 5)
    const first = core.last
    for (let n = 6; n < 20; n++) send(core, 'l2', n)
    send(core, 'l3', 20)
    expect(alarmsOf(core)).toEqual([
      {
        ...{ class: 'other', lane: 'open', source: '', template: 'look' },
        ...{ id: 1, level: 'notice', detector: 'template-changed', messages: [first] },
        numbers: { messages: 1, approvedLooks: 1, messagesAsApproved: 5 },
      },
      expect.objectContaining({ id: 2, numbers: { messages: 1, approvedLooks: 1, messagesAsApproved: 5 } }),
    ])
  })

  it('names those that went before a look was approved', () => {
    const core = given()
    learn(core, 'l1')
    learn(core, 'l2')
    send(core, 'l2', 1)
    const before = core.last
    decideOn(core, 'Submit', 'Approve')('look', 'l1')
    send(core, 'l2', 2)
    expect(alarmsOf(core)).toEqual([
      expect.objectContaining({ messages: [before, core.last], numbers: expect.objectContaining({ messages: 2 }) }),
    ])
  })

  it('tells of at most eight in an hour of a sender whose looks change all the time', () => {
    const core = guarded()
    for (let n = 0; n < 40; n++) send(core, `new ${n}`, n)
    expect(alarmsOf(core)).toHaveLength(8)
    core.at += hour
    for (let n = 40; n < 80; n++) send(core, `new ${n}`, n)
    expect(alarmsOf(core)).toHaveLength(16)
    send(core, 'new 3', 99)
    expect(alarmsOf(core)).toHaveLength(16)
  })
})

describe('detectors', () => {
  it.each<[string, boolean, string[]]>([
    ['take no look for a template that the class has never used', true, ['deliver open']],
    [
      'take a template that is named for one',
      false,
      ['deliver open', 'hold open evidence.soft', 'hold open breaker.open'],
    ],
  ])('%s', (_, learnt, expected) => {
    const core = new Core({
      policy: policy => {
        policy.classes.other!.budgetPerHour.open = 10_000
        policy.templates = { 'look-0': [], 'look-1': [], 'look-2': [] }
      },
    })
    const send = (wanted: Wanted, n: number) => {
      core.at += minute
      if (core.at % hour === 0) core.grantAll()
      return core.send({ class: 'other', to: `${wanted.template?.name}-${n}@example.org`, ...wanted })
    }
    for (let n = 0; n < 1100; n++) send({ via: 'smtp' }, n)
    const answers = new Set<string>()
    for (let n = 0; n < 300; n++) {
      const template = { name: `look-${n % 3}`, ...(learnt && { hash: `l${n % 3}`, learnt: true as const }) }
      answers.add(send({ template }, n))
    }
    expect([...answers]).toEqual(expected)
  })
})

describe('what the proof of the bytes found', () => {
  it.each(
    contentFindings.filter(code => code !== 'content.not-as-approved'),
  )('%s holds where the class enforces', code => {
    const answers = (['observe', 'warn', 'enforce'] as const).map(mode => {
      const core = new Core({
        policy: withClass('other', one => {
          one.mode = mode
        }),
      })
      return core.send({ ...other, findings: [code] })
    })
    expect(answers).toEqual([`deliver open ${code}`, `deliver open ${code}`, `hold open ${code}`])
  })

  it('is named whole, in the order of the reasons, with the address of somebody else who was written to', () => {
    const core = new Core()
    core.send({ ...other, account: 'eve', to: 'eve@example.org' })
    const wanted = {
      ...other,
      key: 'k',
      findings: ['content.link', 'content.unreadable', 'content.link', 'content.not-as-approved'] as const,
      mentions: [core.state.messages.get(core.last)!.facts.mailbox],
    }
    const reasons = 'content.unreadable content.other-recipient content.link content.not-as-approved'
    expect(core.send({ ...wanted, findings: [...wanted.findings] })).toBe(`hold open ${reasons}`)
    expect(core.send({ ...wanted, findings: [...wanted.findings] })).toBe(`hold open again ${reasons}`)
  })

  it('is told once an hour of a place, whatever the mode', () => {
    const alarms = (mode: Mode) => {
      const core = new Core({
        policy: withClass('other', one => {
          one.mode = mode
        }),
      })
      for (let n = 0; n < 20; n++) {
        core.at += minute
        core.send({ ...other, to: `p${n}@example.org`, findings: ['content.link', 'content.slot-active'] })
      }
      const first = core.events.find(event => event.type === 'MessageDecided')
      core.at += hour
      core.grantAll()
      core.send({ ...other, to: 'late@example.org', findings: ['content.link'] })
      const told = core.events.flatMap(event => (event.type === 'AlarmRaised' ? [event.alarm] : []))
      expect(told[0]).toMatchObject({ class: 'other', lane: 'open', level: 'notice', messages: [first?.message.id] })
      return told.map(({ detector, numbers }) => `${detector} ${numbers.findings}`)
    }
    for (const mode of ['observe', 'enforce'] as const)
      expect(alarms(mode)).toEqual(['content-found 2', 'content-found 1'])
  })

  it('stops nobody else, however many there are', () => {
    const core = new Core()
    for (let n = 0; n < 500; n++) {
      core.at += 10
      const markup = { findings: ['content.slot-active' as const] }
      expect(core.send({ ...other, account: `a${n}`, to: `p${n}@example.org`, ...markup })).toContain('hold')
    }
    expect(core.state.stops).toEqual([])
    expect(core.send({ ...other, to: 'honest@example.org' })).toBe('deliver open')
  })

  it('is lifted by a person alone', () => {
    const core = new Core()
    core.send({ ...other, findings: ['content.link'] })
    core.wait(30 * minute)
    expect(core.statusOf(core.last)).toBe('held')
    core.do({ type: 'ReleaseMessage', id: core.last, by: 'ana' })
    expect(core.statusOf(core.last)).toBe('ready')
  })
})

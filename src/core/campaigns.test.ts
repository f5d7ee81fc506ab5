import { describe, expect, it } from 'vitest'
import { dump } from '../../sim/dump.ts'
import { Core, hashOf, hour, inWords, minute, second, t0, withClass } from '../../test/core.ts'
import type { CampaignCommand } from './campaign-decisions.ts'
import { boundsOf, type Campaign, type Plan, stageOf, totals } from './campaigns.ts'
import type { MessageId } from './events.ts'
import { fold } from './fold.ts'
import { beginCapture, restore } from './snapshot.ts'
import { newState } from './state.ts'

const id = 'c1'
const end = t0 + 48 * hour
const plan = (part: Partial<Plan> = {}): Plan => ({
  id,
  kind: 'campaign',
  class: 'breach-notice',
  application: 'shop',
  contentHash: 'content',
  answers: [hashOf('november')],
  stages: [
    { messages: 2, pauseMs: 10 * minute },
    { share: 0.5, pauseMs: 10 * minute },
    { share: 1, pauseMs: 0 },
  ],
  halts: {
    reports: { min: 2, rate: 0.1 },
    bounces: { min: 2, rate: 0.2 },
    complaints: { min: 1, rate: 0.1 },
  },
  expiresAt: end,
  startsWhenApproved: false,
  ...part,
})

/** A campaign in few words. */
class Sender extends Core {
  draft(part: Partial<Plan> = {}, by = 'Ana') {
    return inWords(this.do({ type: 'DraftCampaign', plan: plan(part), by }))
  }
  seal(size = 8, hash = 'audience', by = 'Ana', tests = 0) {
    const audience = { hash, size, revision: 1, ...(tests > 0 && { tests }) }
    return this.say({ type: 'SealAudience', campaign: id, audience, by })
  }
  approve(by = 'Ben', { answer = 'november', contentHash = 'content', audienceHash = 'audience' } = {}) {
    return this.say({
      type: 'ApproveCampaign',
      campaign: id,
      by,
      contentHash,
      audienceHash,
      answer: hashOf(answer),
    })
  }
  start = (by = 'Ana') => this.say({ type: 'StartCampaign', campaign: id, by })
  pause = () => this.say({ type: 'PauseCampaign', campaign: id, by: 'Ana', reason: 'lunch' })
  resume = (by = 'Ana') => this.say({ type: 'ResumeCampaign', campaign: id, by })
  cancel = () => this.say({ type: 'CancelCampaign', campaign: id, by: 'Ana' })
  skip = (ordinal: number) =>
    this.say({ type: 'SkipRecipient', campaign: id, ordinal, mailbox: hashOf(`erased ${ordinal}`) })
  say = (command: CampaignCommand) => inWords(this.do(command))
  member = (ordinal: number, part: object = {}) =>
    this.send({
      class: 'breach-notice',
      to: `p${ordinal}@example.org`,
      campaign: { id, ordinal },
      expiresAt: end,
      ...part,
    })
  /** Asks for as many as there is room for, and gives them to the world. */
  feed(handover: 'accepted' | 'rejected' | 'none' = 'accepted'): MessageId[] {
    const ids: MessageId[] = []
    for (let n = this.one.next; n < (this.one.bounds[this.one.stage] ?? 0) && this.is === 'running'; n++) {
      expect(this.member(n)).toBe('deliver campaign')
      ids.push(this.last)
      if (handover !== 'none') this.handover(this.last, handover)
    }
    return ids
  }
  report(message: MessageId, kind: 'reported' | 'complained' | 'reset-completed' = 'reported') {
    const base = { key: hashOf(`signal ${this.events.length}`), occurredAt: this.at, source: 'shop', message }
    if (kind === 'reported') this.do({ type: 'ReportSignal', signal: { ...base, kind, report: 'phishing' } })
    else if (kind === 'complained')
      this.do({ type: 'ReportSignal', signal: { ...base, kind: 'provider', what: 'complained', provider: 'p' } })
    else this.do({ type: 'ReportSignal', signal: { ...base, kind, account: hashOf('a') } })
  }
  get one(): Campaign {
    return this.state.campaigns.get(id)!
  }
  get is() {
    return this.one.status.is
  }
}

function running(part: Partial<Plan> = {}, size = 8): Sender {
  const core = new Sender()
  core.draft(part)
  core.seal(size)
  core.approve()
  core.start()
  return core
}

describe('stages', () => {
  const stages = [
    { messages: 20, pauseMs: 1 },
    { share: 0.01, pauseMs: 2 },
    { share: 0.1, pauseMs: 3 },
    { share: 1, pauseMs: 0 },
  ]
  it.each([
    [10_000_000, [20, 100_000, 1_000_000, 10_000_000]],
    [1000, [20, 100, 1000]],
    [20, [20]],
    [5, [5]],
    [0, []],
  ])('of an audience of %i end at %j', (size, bounds) => {
    expect(boundsOf(stages, size).bounds).toEqual(bounds)
  })

  it('of a small audience come back when it grows: nobody loses the canary', () => {
    const core = new Sender()
    core.draft({ stages })
    core.seal(5)
    expect([core.one.bounds, core.one.pausesMs]).toEqual([[5], [1]])
    core.seal(1000)
    expect([core.one.bounds, core.one.pausesMs]).toEqual([
      [20, 100, 1000],
      [1, 3, 0],
    ])
  })

  it('each ordinal belongs to one', () => {
    const campaign = { bounds: [2, 4, 8] } as Campaign
    expect([0, 1, 2, 3, 4, 7].map(ordinal => stageOf(campaign, ordinal))).toEqual([0, 0, 1, 1, 2, 2])
  })
})

describe('approval', () => {
  const rows: [string, (core: Sender) => string, string][] = [
    ['by a second person', core => core.approve(), 'done'],
    ['twice by the same', core => core.approve() && core.approve(), 'repeat'],
    ['by the author', core => core.approve('Ana'), 'refused approval.same-person'],
    ['with a wrong answer', core => core.approve('Ben', { answer: 'may' }), 'refused approval.wrong-answer'],
    ['of other content', core => core.approve('Ben', { contentHash: 'x' }), 'refused approval.void'],
    ['of another audience', core => core.approve('Ben', { audienceHash: 'x' }), 'refused approval.void'],
    [
      'by who sealed the audience',
      core => core.seal(8, 'audience', 'Ben') && core.approve(),
      'refused approval.same-person',
    ],
    ['by who changed the draft', core => core.draft({}, 'Ben') && core.approve(), 'refused approval.same-person'],
    ['of what has started', core => core.approve() && core.start() && core.approve('Cleo'), 'refused approval.not-due'],
    ['of what is over', core => core.cancel() && core.approve(), 'refused approval.not-due'],
  ]
  it.each(rows)('%s', (_name, act, then) => {
    const core = new Sender()
    core.draft()
    core.seal()
    const refusals = () => core.events.filter(({ type }) => type === 'ApprovalRefused').length
    expect(act(core)).toBe(then)
    expect(refusals()).toBe(then.startsWith('refused') ? 1 : 0)
  })

  it('of one person by two routes is of one person', () => {
    const core = new Sender()
    core.draft({}, 'first operator')
    core.seal(8, 'audience', 'first operator')
    expect(core.approve('command line')).toBe('refused approval.same-person')
  })

  it('without an audience', () => {
    const core = new Sender()
    core.draft()
    expect(core.approve()).toBe('refused campaign.no-audience')
  })

  it.each([
    ['the content changes', (core: Sender) => core.draft({ contentHash: 'other' })],
    ['a stage changes', (core: Sender) => core.draft({ stages: [{ share: 1, pauseMs: 0 }] })],
    ['the audience changes', (core: Sender) => core.seal(9, 'other')],
  ])('is void when %s', (_name, change) => {
    const core = new Sender()
    core.draft()
    core.seal()
    core.approve()
    change(core)
    expect(core.start()).toBe('refused campaign.not-approved')
    expect(core.is).toBe('sealed')
  })
})

describe('a start', () => {
  const rows: [string, (core: Sender) => string, string][] = [
    ['of what runs already', core => core.start(), 'repeat'],
    ['of what is paused', core => core.pause() && core.start(), 'refused campaign.started'],
    ['of what has ended', core => core.cancel() && core.start(), 'refused campaign.ended'],
  ]
  it.each(rows)('%s', (_name, act, then) => {
    const core = new Sender()
    core.draft()
    core.seal()
    core.approve()
    core.start()
    expect(act(core)).toBe(then)
  })
})

describe('what may be drafted', () => {
  const rows: [string, Partial<Plan>, string][] = [
    ['a class of bulk', {}, 'done'],
    ['any other class', { class: 'password-reset' }, 'refused campaign.class-not-for-campaigns'],
    ['no class', { class: 'constructor' }, 'refused campaign.class-not-for-campaigns'],
    ['what has expired', { expiresAt: t0 }, 'refused campaign.expired'],
  ]
  it.each(rows)('%s', (_name, part, then) => {
    expect(new Sender().draft(part)).toBe(then)
  })

  it('nothing anew that has started', () => {
    const core = running()
    expect(core.draft({ contentHash: 'other' })).toBe('refused campaign.not-editable')
    expect(core.seal(9, 'other')).toBe('refused campaign.not-editable')
  })
})

describe('the gate', () => {
  const rows: [string, (core: Sender) => unknown, number, object, string][] = [
    ['the next one', () => 0, 0, {}, 'deliver campaign'],
    ['one before it', core => core.member(0), 0, {}, 'refused campaign.not-next'],
    ['one behind it', () => 0, 1, {}, 'refused campaign.not-next'],
    ['another class', () => 0, 0, { class: 'incident-update' }, 'refused campaign.other-class'],
    ['no such campaign', () => 0, 0, { campaign: { id: 'x', ordinal: 0 } }, 'refused campaign.unknown'],
    ['while it is paused', core => core.pause(), 0, {}, 'refused campaign.not-running'],
    ['after its end', core => core.cancel(), 0, {}, 'refused campaign.not-running'],
    ['beyond the stage', core => core.feed(), 2, {}, 'refused campaign.not-next'],
    [
      'a stopped class',
      core => core.do({ type: 'PauseClass', class: 'breach-notice', by: 'Ana', reason: 'x' }),
      0,
      {},
      'hold campaign breaker.open',
    ],
    ['without a campaign', () => 0, 0, { campaign: undefined }, 'hold campaign cause.missing'],
  ]
  it.each(rows)('%s', (_name, before, ordinal, part, then) => {
    const core = running()
    before(core)
    const said = core.member(ordinal, part)
    // A message of a required cause waits for it first.
    expect(said.replace('cause.awaited', 'cause.missing')).toBe(then)
  })

  it('gives a campaign the budget of its audience, and charges nobody else', () => {
    const core = new Sender({ leases: false })
    core.draft({ stages: [{ share: 1, pauseMs: 0 }] })
    core.seal(300)
    core.approve()
    core.start()
    expect(core.feed()).toHaveLength(300)
    expect(core.state.leases.spent('breach-notice', 'campaign', Math.floor(core.at / hour))).toBe(0)
    expect(core.is).toBe('ended')
  })

  it('keeps the caps for a campaign, and not for a correction', () => {
    for (const [kind, then] of [
      ['campaign', 'suppress campaign cap.mailbox'],
      ['correction', 'deliver campaign'],
    ] as const) {
      const core = running({ kind, stages: [{ share: 1, pauseMs: 0 }] })
      const to = { to: 'same@example.org' }
      for (let n = 0; n < 3; n++) core.member(n, to)
      expect(core.member(3, to)).toBe(then)
    }
  })

  it('always puts it last', () => {
    const core = new Sender({ policy: withClass('breach-notice', one => Object.assign(one, { priority: 0 })) })
    core.draft()
    core.seal()
    core.approve()
    core.start()
    core.member(0)
    core.send({ class: 'other' })
    expect(core.due().map(({ priority, lane }) => [priority, lane])).toEqual([
      [1, 'open'],
      [2, 'campaign'],
    ])
  })
})

describe('stage by stage', () => {
  it('a pause lies between, and the last one ends it', () => {
    const core = running()
    expect(core.feed()).toHaveLength(2)
    core.wait(10 * minute - second)
    expect([core.one.stage, core.feed().length]).toEqual([0, 0])
    core.wait(second)
    expect([core.one.stage, core.feed().length]).toEqual([1, 2])
    core.wait(10 * minute)
    expect([core.one.stage, core.feed().length]).toEqual([2, 4])
    expect(core.one.status).toMatchObject({ is: 'ended', how: 'completed' })
    expect(totals(core.one)).toMatchObject({ deliver: 8, delivered: 8 })
  })

  it('one who was erased is passed over and counted', () => {
    const core = running({ stages: [{ share: 1, pauseMs: 0 }] }, 3)
    core.member(0)
    core.handover(core.last, 'accepted')
    expect([core.skip(0), core.skip(2), core.skip(1), core.skip(1)]).toEqual([
      'refused campaign.not-next',
      'refused campaign.not-next',
      'done',
      'refused campaign.not-next',
    ])
    core.feed()
    expect([core.is, totals(core.one).skipped, totals(core.one).delivered]).toEqual(['ended', 1, 2])
  })

  it('what is not over by its end expires, and nothing more is handed over', () => {
    const core = running()
    core.feed('none')
    core.wait(48 * hour)
    expect(core.one.status).toMatchObject({ is: 'ended', how: 'expired' })
    expect([core.due(), core.state.messages.size]).toEqual([[], 0])
  })

  it('one that waits for a person keeps it open', () => {
    const core = running({ stages: [{ share: 1, pauseMs: 0 }] }, 1)
    core.do({ type: 'PauseClass', class: 'breach-notice', by: 'Ana', reason: 'x' })
    core.member(0)
    expect(core.is).toBe('running')
    core.do({ type: 'ResumeClass', class: 'breach-notice', by: 'Ana' })
    core.do({ type: 'ReleaseMessage', id: core.last, by: 'Ana' })
    core.handover(core.last, 'accepted')
    expect(core.is).toBe('ended')
  })
})

describe('pause', () => {
  it('keeps here what was decided, and resuming neither repeats nor loses', () => {
    const core = running({ stages: [{ share: 1, pauseMs: 0 }] }, 4)
    core.member(0)
    const first = core.last
    core.member(1)
    core.pause()
    expect([core.due(), core.member(2)]).toEqual([[], 'refused campaign.not-running'])
    core.handover(first, 'accepted') // It was with the world.
    core.resume()
    expect(core.due().map(effect => effect.facts.campaign?.ordinal)).toEqual([1])
    core.handover(core.due()[0]!.id, 'accepted')
    core.feed()
    expect([core.is, totals(core.one).delivered]).toEqual(['ended', 4])
  })

  it('of what is stopped already changes nothing', () => {
    const core = running()
    expect([core.pause(), core.pause(), core.resume(), core.resume()]).toEqual(['done', 'repeat', 'done', 'repeat'])
    core.cancel()
    expect([core.pause(), core.resume(), core.cancel()]).toEqual([
      'refused campaign.not-running',
      'refused campaign.not-paused',
      'repeat',
    ])
  })
})

describe('cancelling', () => {
  it('discards what was never tried, once it is not with the world', () => {
    const core = running({ stages: [{ share: 1, pauseMs: 0 }] }, 4)
    const [delivered, withWorld, tried, waiting] = core.feed('none') as [MessageId, MessageId, MessageId, MessageId]
    core.handover(delivered, 'accepted')
    core.handover(tried, 'unknown')
    core.cancel()
    core.wait(0, [withWorld])
    expect(
      core.events.filter(({ type }) => type === 'MessageDiscarded').map(event => 'id' in event && event.id),
    ).toEqual([waiting])
    core.handover(withWorld, 'deferred')
    core.wait(second)
    expect([core.statusOf(withWorld), core.statusOf(tried), core.due()]).toEqual(['ready', 'ready', []])
    expect(core.one.sweepAt).toBeUndefined()
    core.wait(48 * hour)
    expect(core.state.messages.size).toBe(0)
  })
})

describe('halting', () => {
  it('on reports about a stage, whether its message is live or long gone', () => {
    const core = running()
    const [first, second] = core.feed() as [MessageId, MessageId]
    const about = (message: MessageId, ordinal: number) =>
      core.do({
        type: 'ReportSignal',
        signal: {
          key: hashOf(message),
          occurredAt: core.at,
          source: 'shop',
          kind: 'reported',
          report: 'not-requested',
          message,
          campaign: { id, ordinal },
        },
      })
    about(first, 0)
    expect(core.is).toBe('running')
    about(second, 1)
    expect(core.one.status).toMatchObject({
      is: 'halted',
      finding: { what: 'reports', stage: 0, count: 2, of: 2, min: 2, rate: 0.1 },
    })
    expect([core.due(), core.feed()]).toEqual([[], []])
  })

  it('on messages that cannot be delivered', () => {
    const core = running({ stages: [{ share: 1, pauseMs: 0 }] })
    core.feed('rejected')
    expect(core.one.status).toMatchObject({ is: 'halted', finding: { what: 'bounces', count: 2, of: 2 } })
    expect(core.one.next).toBe(2)
  })

  it('on a complaint', () => {
    const core = running()
    const [first] = core.feed('none') as [MessageId]
    core.report(first, 'complained')
    expect(core.one.status).toMatchObject({ is: 'halted', finding: { what: 'complaints', count: 1, of: 0 } })
  })

  it('when far too few complete, at the end of a stage', () => {
    const halts = { ...plan().halts, completion: { expected: 0.5, min: 10 } }
    const stages = [
      { messages: 40, pauseMs: minute },
      { share: 1, pauseMs: 0 },
    ]
    for (const [completed, then] of [
      [20, 'running'],
      [11, 'running'],
      [10, 'halted'],
      [0, 'halted'],
    ] as const) {
      const core = running({ stages, halts }, 100)
      const ids = core.feed('none')
      for (const message of ids.slice(0, completed)) core.report(message, 'reset-completed')
      for (const message of ids) core.handover(message, 'accepted')
      expect(core.is).toBe('running')
      core.wait(minute)
      // Three deviations of a binomial of 40 and one half are 9.49.
      expect([completed, core.is]).toEqual([completed, then])
    }
  })

  it('ends when two people say so, and what they knew does not halt it again', () => {
    const core = running()
    const ids = core.feed('none') as [MessageId, MessageId]
    core.report(ids[0])
    core.report(ids[1])
    expect([core.resume('Ana'), core.resume('Ana'), core.is, core.resume('Ben'), core.is]).toEqual([
      'done',
      'refused approval.same-person',
      'halted',
      'done',
      'running',
    ])
    core.report(ids[0], 'complained')
    expect(core.is).toBe('halted')
  })

  it('takes as many recipients as it says: one who reports again and again is one', () => {
    const core = running()
    const ids = core.feed('none')
    for (let n = 0; n < 5; n++) core.report(ids[0]!)
    expect([core.is, totals(core.one).reports]).toEqual(['running', 1])
    core.report(ids[1]!)
    expect(core.is).toBe('halted')
  })

  it('is not brought about by what was never sent', () => {
    const core = running()
    core.feed()
    for (const ordinal of [7, 7, 7]) {
      const signal = { key: hashOf('x'), occurredAt: core.at, source: 'shop', message: core.last } as const
      core.do({
        type: 'ReportSignal',
        signal: { ...signal, kind: 'reported', report: 'phishing', campaign: { id, ordinal } },
      })
    }
    expect(core.is).toBe('running')
  })
})

it('is the same from its journal and from a snapshot', () => {
  const core = running()
  core.report(core.feed()[0]!)
  core.wait(10 * minute)
  core.feed('none')
  core.pause()
  const anew = newState()
  for (const { event, when } of core.journal) fold(anew, JSON.parse(JSON.stringify(event)), when)
  expect(dump(anew)).toBe(dump(core.state))
  const { next } = beginCapture(core.state, { whole: true })
  const pages = []
  for (let page = next(); page; page = next()) pages.push(page)
  expect(dump(restore(pages))).toBe(dump(core.state))
})

describe('what the author meant', () => {
  const outcome = (core: Sender, part: Partial<Plan>, size: number, tests = 0) => {
    core.draft(part)
    core.seal(size, 'audience', 'Ana', tests)
    return core.approve()
  }
  it.each<[string, Partial<Plan>, number, number, string]>([
    ['as many as expected', { expected: { count: 8, tolerance: 0 } }, 8, 0, 'done'],
    ['one more', { expected: { count: 8, tolerance: 0 } }, 9, 0, 'refused campaign.audience-size'],
    ['one less', { expected: { count: 8, tolerance: 0 } }, 7, 0, 'refused campaign.audience-size'],
    ['within the bounds', { expected: { count: 8, tolerance: 2 } }, 10, 0, 'done'],
    ['beyond them', { expected: { count: 8, tolerance: 2 } }, 11, 0, 'refused campaign.audience-size'],
    ['nothing said', {}, 1000, 0, 'done'],
    ['a test address among others', {}, 8, 1, 'refused campaign.audience-tests'],
    ['nothing but test addresses: a rehearsal', {}, 8, 8, 'done'],
    ['a correction goes to whoever got the message', { kind: 'correction', startsWhenApproved: true }, 8, 1, 'done'],
    ['a template that nobody approved', { template: { name: 'notice', version: '1', hash: 'h' } }, 8, 0, 'refused campaign.template-not-approved'],
  ])('%s', (_, part, size, tests, answer) => {
    const core = new Sender()
    expect(outcome(core, part, size, tests)).toBe(answer)
    const refusals = core.events.flatMap(event => (event.type === 'ApprovalRefused' ? [event.code] : []))
    expect(refusals).toEqual(answer === 'done' ? [] : [answer.slice('refused '.length)])
  }) // biome-ignore format: a table

  it('may have test addresses where nothing leaves the machine', () => {
    const core = new Sender({
      policy: policy => {
        policy.deliversLocally = true
      },
    })
    expect(outcome(core, {}, 8, 1)).toBe('done')
  })

  it('is looked at again when it starts', () => {
    const core = new Sender()
    const named = { template: 'notice', version: '1', hash: 'h' }
    core.do({ type: 'DraftTemplate', ...named, class: 'breach-notice', by: 'Ana' })
    core.do({ type: 'SubmitTemplate', ...named, by: 'Ana' })
    core.do({ type: 'ApproveTemplate', ...named, by: 'Ben' })
    expect(outcome(core, { template: { name: 'notice', version: '1', hash: 'h' } }, 8)).toBe('done')
    core.do({ type: 'RetireTemplate', ...named, by: 'Cem' })
    expect(core.start()).toBe('refused campaign.template-not-approved')
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dump } from '../../sim/dump.ts'
import { Core, hashOf, idOf, minute, second } from '../../test/core.ts'
import type { Page } from './capture.ts'
import type { Handover } from './commands.ts'
import { fold } from './fold.ts'
import { beginCapture, isReadable, restore } from './snapshot.ts'
import { newState, type State } from './state.ts'

type Act = (core: Core) => unknown

const person = fc.integer({ min: 0, max: 5 }).map(n => ({ account: `user${n}`, to: `user${n}@example.org` }))
const message = fc.integer({ min: 1, max: 30 }).map(idOf)
const by = 'operator'
const act: fc.Arbitrary<Act> = fc.oneof(
  fc
    .record({
      person,
      class: fc.constantFrom('password-reset', 'other', 'sign-in-alert', 'breach-notice'),
      key: fc.option(fc.constantFrom('k', 'l', 'm'), { nil: undefined }),
      expires: fc.boolean(),
    })
    .map(
      ({ person, key, expires, ...rest }): Act =>
        core =>
          core.send({ ...person, ...rest, ...(key && { key }), ...(expires && { expiresAt: core.at + minute }) }),
    ),
  fc
    .record({ person, kind: fc.constantFrom('reset.requested' as const, 'login.succeeded' as const), key: fc.nat(40) })
    .map(
      ({ person, kind, key }): Act =>
        core =>
          core.cause(`cause${key}`, { account: person.account, kind, recipients: key % 2 ? [person.to] : [] }),
    ),
  fc.constantFrom(0, second, 6 * second, 2 * minute).map(
    (ms): Act =>
      core =>
        core.wait(ms),
  ),
  fc.tuple(message, fc.constantFrom<Handover>('accepted', 'deferred', 'rejected', 'unknown')).map(
    ([id, handover]): Act =>
      core =>
        core.handover(id, handover),
  ),
  fc.constant((core: Core): unknown => core.do({ type: 'SealRegister', salt: 's' })),
  message.map(
    (id): Act =>
      core =>
        core.do({ type: 'ReleaseMessage', id, by }),
  ),
  message.map(
    (id): Act =>
      core =>
        core.do({ type: 'DiscardMessage', id, by, reason: 'drill' }),
  ),
  fc.constantFrom('release' as const, 'discard' as const).map(
    (action): Act =>
      core =>
        core.do({
          type: 'ProposeHolds',
          proposal: `p${core.state.proposals.size}`,
          action,
          query: {},
          reason: 'drill',
          by,
        }),
  ),
  fc.tuple(fc.nat(3), message).map(
    ([n, id]): Act =>
      core => {
        core.do({ type: 'ApproveProposal', proposal: `p${n}`, by: 'ben' })
        core.do({ type: 'AdvanceProposal', proposal: `p${n}`, ids: [id, idOf(1), idOf(2)] })
      },
  ),
  fc.nat(20).map(
    (key): Act =>
      core =>
        core.do({
          type: 'ReportSignal',
          signal: {
            kind: 'link-followed',
            key: hashOf(`signal${key}`),
            account: hashOf('user1'),
            occurredAt: core.at,
            source: '/app',
          },
        }),
  ),
  fc.constantFrom('PauseClass' as const, 'ResumeClass' as const).map(
    (type): Act =>
      core =>
        core.do({ type, class: 'other', by, reason: 'drill' }),
  ),
  fc.constant<Act>(core => core.grantAll(20)),
  fc
    .record({
      type: fc.constantFrom(
        'DraftTemplate' as const,
        'SubmitTemplate' as const,
        'ApproveTemplate' as const,
        'ReturnTemplate' as const,
        'RetireTemplate' as const,
        'LearnSkeleton' as const,
      ),
      template: fc.constantFrom('reset', 'learnt:shop:other:1'),
      version: fc.constantFrom('1', '2', '3'),
      hash: fc.constantFrom('h1', 'h2'),
      by: fc.constantFrom(by, 'ben'),
      class: fc.constantFrom('other', 'password-reset'),
    })
    .map(
      (command): Act =>
        core =>
          core.do({ ...command, reason: 'drill', application: 'shop' }),
    ),
  fc
    .record({ person, hash: fc.constantFrom('h1', 'h2', 'look-1'), version: fc.constantFrom('1', '2', 'unlearnt') })
    .map(
      ({ person, hash, version }): Act =>
        core =>
          core.send({
            ...person,
            class: 'other',
            template: { name: 'learnt:shop:other:1', version, hash, learnt: true },
          }),
    ),
  // Looks that two people have approved, and a mailbox that is no more.
  fc.constantFrom('1', '2').map(
    (version): Act =>
      core => {
        const named = { template: 'learnt:shop:other:1', version, hash: `h${version}` }
        core.do({ type: 'LearnSkeleton', ...named, application: 'shop', class: 'other' })
        core.do({ type: 'SubmitTemplate', ...named, by })
        core.do({ type: 'ApproveTemplate', ...named, by: 'ben' })
      },
  ),
  message.map(
    (id): Act =>
      core =>
        core.do({ type: 'RecordHandover', id, handover: 'rejected', upstream: 'mailbox', reply: '550 5.1.1 nobody' }),
  ),
)
const acts = fc.array(act, { maxLength: 60 })

function pagesOf(capture: ReturnType<typeof beginCapture>): Page[] {
  const pages: Page[] = []
  for (let page = capture.next(); page; page = capture.next()) pages.push(page)
  return pages
}

/** As a store does: a page that was written before is replaced. */
const merged = (...captures: Page[][]): Page[] => [...new Map(captures.flat().map(page => [page.page, page])).values()]

describe('the state', () => {
  it('is what its events say, from the first on, bit for bit', () => {
    fc.assert(
      fc.property(acts, acts => {
        const core = new Core()
        for (const act of acts) act(core)
        const replayed = newState()
        for (const { event, when } of core.journal) fold(replayed, JSON.parse(JSON.stringify(event)), when)
        expect(dump(replayed)).toBe(dump(core.state))
      }),
    )
  })

  it('is captured as it was when the capture began, and comes back from its pages', () => {
    fc.assert(
      fc.property(acts, acts, fc.nat(3), (before, during, between) => {
        const core = new Core()
        for (const act of before) act(core)
        const then = dump(core.state)
        const capture = beginCapture(core.state, { whole: true })
        const pages: Page[] = []
        for (const act of during) {
          for (let i = 0; i < between; i++) {
            const page = capture.next()
            if (page) pages.push(page)
          }
          act(core)
        }
        pages.push(...pagesOf(capture))
        expect(dump(restore(pages))).toBe(then)
      }),
    )
  })

  it('comes back from a whole capture and what changed since, and goes on as if nothing had been', () => {
    fc.assert(
      fc.property(acts, acts, acts, (first, second, third) => {
        const core = new Core()
        for (const act of first) act(core)
        const whole = pagesOf(beginCapture(core.state, { whole: true }))
        for (const act of second) act(core)
        const changed = pagesOf(beginCapture(core.state, { whole: false }))
        const back = restore(merged(whole, changed))
        expect(dump(back)).toBe(dump(core.state))
        const from = core.journal.length
        for (const act of third) act(core)
        for (const { event, when } of core.journal.slice(from)) fold(back, event, when)
        expect(dump(back)).toBe(dump(core.state))
      }),
    )
  })

  it('goes through its messages in the same order after it has come back', () => {
    const core = new Core()
    for (let n = 0; n < 600; n++) core.send({ class: 'breach-notice', to: `p${n}@x`, account: `a${n}` })
    core.wait(6 * second)
    for (let n = 1; n < 300; n += 7) core.do({ type: 'ReleaseMessage', id: idOf(n), by })
    const ids = (state: State) => [...state.messages.all()].map(({ facts }) => facts.id)
    const back = restore(pagesOf(beginCapture(core.state, { whole: true })))
    expect(ids(back)).toHaveLength(600)
    expect(ids(back)).toEqual(ids(core.state))
  })

  it('finds those that wait in the same order after it has come back', () => {
    const core = new Core()
    const expire = (n: number) => core.do({ type: 'DiscardMessage', id: idOf(n), by, reason: 'drill' })
    const send = (n: number) => core.send({ class: 'breach-notice', to: `p${n}@x`, account: `a${n}` })
    send(1)
    core.at -= second
    send(2)
    core.at += second
    send(3)
    expire(1)
    const place = { class: 'breach-notice', lane: 'campaign', source: '', template: '' } as const
    const back = restore(pagesOf(beginCapture(core.state, { whole: true })))
    expect(back.messages.waitingAt(place)).toEqual([idOf(2), idOf(3)])
    expect(core.state.messages.waitingAt(place)).toEqual([idOf(2), idOf(3)])
  })

  it('is not read from a snapshot of another form', () => {
    const pages = pagesOf(beginCapture(new Core().state, { whole: true }))
    expect(isReadable(pages)).toBe(true)
    const rest = JSON.parse(new TextDecoder().decode(pages.find(({ page }) => page === 'rest')!.bytes))
    const { form: _, ...older } = rest
    const encoded = (value: object) => [{ page: 'rest', bytes: new TextEncoder().encode(JSON.stringify(value)) }]
    expect([isReadable(encoded(older)), isReadable(encoded({ ...rest, form: rest.form + 1 })), isReadable([])]).toEqual(
      [false, false, false],
    )
  })

  it('does not come back from a page that nobody knows', () => {
    expect(() => restore([{ page: 'nothing/1', bytes: new Uint8Array(0) }])).toThrow('found nothing')
  })

  it('stops at an event that nobody knows rather than let it vanish', () => {
    expect(() => fold(newState(), { type: 'SomethingElse' } as never, { position: 1, at: 0 })).toThrow('unknown case')
  })
})

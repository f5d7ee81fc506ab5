import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Core, hour, idOf, inWords, minute, second, withClass } from '../../test/core.ts'
import type { Answer } from './commands.ts'
import type { MessageId } from './events.ts'
import { commandLine, firstOperator } from './people.ts'
import { leftOf, membersOf, type Proposal, underWayMax } from './proposals.ts'

const stop = { type: 'PauseClass', class: 'other', by: 'ana', reason: 'a flood' } as const
const proposed = { type: 'ProposeHolds', action: 'release', query: {}, reason: 'all is well', by: 'ana' } as const

/** People who propose, approve and carry out, over messages that a stop has held. */
class Desk extends Core {
  stop(): void {
    this.do(stop)
  }

  resume(): void {
    this.do({ type: 'ResumeClass', class: 'other', by: 'ana' })
  }

  hold(n: number, wanted: object = {}): MessageId[] {
    return Array.from({ length: n }, () => {
      this.at += second
      expect(this.send({ class: 'other', to: `${this.at}@example.org`, ...wanted })).toContain('hold')
      return this.last
    })
  }

  propose(part: Partial<Omit<typeof proposed, 'action'>> & { action?: 'release' | 'discard'; query?: object } = {}) {
    const proposal = `p${this.state.proposals.size + 1}`
    return this.do({ ...proposed, proposal, ...part } as never)
  }

  get(id = 'p1'): Proposal {
    return this.state.proposals.get(id)!
  }

  approve(by = 'ben', proposal = 'p1'): string {
    return inWords(this.do({ type: 'ApproveProposal', proposal, by }))
  }

  advance(proposal = 'p1', ids = membersOf(this.state.messages, this.get(proposal))): Answer {
    return this.do({ type: 'AdvanceProposal', proposal, ids })
  }
}

/** Five held messages, the stop lifted. */
function five(options?: ConstructorParameters<typeof Core>[0]): { desk: Desk; held: MessageId[] } {
  const desk = new Desk(options)
  desk.stop()
  const held = desk.hold(5)
  desk.resume()
  return { desk, held }
}

const digestOf = (ids: string[]): string =>
  createHash('sha256')
    .update(ids.map(id => `${id}\n`).join(''))
    .digest('hex')

describe('a set', () => {
  it('is fixed when it is proposed: what is held later never joins', () => {
    const { desk, held } = five()
    desk.propose()
    desk.stop()
    desk.hold(3)
    desk.resume()
    expect(desk.get()).toMatchObject({ count: 5, digest: digestOf(held), sample: held, status: 'open' })
    expect(membersOf(desk.state.messages, desk.get())).toEqual(held)
    desk.approve()
    desk.advance(
      'p1',
      Array.from({ length: 8 }, (_, n) => idOf(n + 1)),
    )
    expect(desk.get()).toMatchObject({ done: 5, refused: {}, ended: { how: 'completed' } })
    expect(desk.state.messages.heldCount).toBe(3)
  })

  it('goes the most urgent first, and among equals the oldest', () => {
    const desk = new Desk()
    desk.stop()
    const [late] = desk.hold(1)
    desk.cause('c', { account: 'eve' })
    desk.do({ ...stop, class: 'password-reset' })
    const [reset] = desk.hold(1, { class: 'password-reset', account: 'eve', cause: 'c' })
    const [later] = desk.hold(1)
    desk.propose()
    expect(membersOf(desk.state.messages, desk.get())).toEqual([reset, late, later])
    expect(desk.get().digest).toBe(digestOf([reset!, late!, later!]))
  })

  it.each<[string, object, number]>([
    ['everything', {}, 4],
    ['a class', { class: 'other' }, 3],
    ['a lane', { lane: 'reserved' }, 1],
    ['a reason', { reason: 'breaker.open' }, 4],
    ['another reason', { reason: 'cause.missing' }, 0],
    ['a template', { template: 'code' }, 1],
    ['no template', { class: 'other', template: '' }, 2],
    ['a source', { source: 'web' }, 1],
    ['no cause', { source: '' }, 3],
  ])('may be asked for as %s', (_, query, count) => {
    const desk = new Desk({
      policy: policy => {
        policy.templates = { code: ['1'] }
      },
    })
    desk.stop()
    desk.hold(2)
    desk.hold(1, { template: { name: 'code' } })
    desk.cause('c', { account: 'eve' })
    desk.do({ ...stop, class: 'password-reset' })
    desk.hold(1, { class: 'password-reset', account: 'eve', cause: 'c' })
    const answer = inWords(desk.propose({ query }))
    expect(answer).toBe(count === 0 ? 'refused proposal.empty' : 'done')
    expect(desk.state.proposals.get('p1')?.count ?? 0).toBe(count)
  })

  it('may be asked for by the time of its decisions', () => {
    const { desk, held } = five()
    const at = (n: number) => desk.state.messages.get(held[n]!)!.decidedAt
    desk.propose({ query: { from: at(1), to: at(3) } })
    expect(desk.get().sample).toEqual([held[1], held[2]])
  })

  it('is shown by a sample from its first to its last', () => {
    const desk = new Desk()
    desk.stop()
    const held = desk.hold(100)
    desk.propose()
    const { sample } = desk.get()
    expect(sample).toHaveLength(10)
    expect([sample[0], sample.at(-1)]).toEqual([held[0], held[99]])
  })
})

describe('an approval', () => {
  it.each([
    ['ana', 'ben', 'done'],
    ['ana', 'ana', 'refused approval.same-person'],
    ['ana', commandLine, 'done'],
    [firstOperator, commandLine, 'refused approval.same-person'],
    [commandLine, firstOperator, 'refused approval.same-person'],
  ])('of what %s has proposed by %s: %s', (by, approver, answer) => {
    const { desk } = five()
    desk.propose({ by } as never)
    expect(desk.approve(approver)).toBe(answer)
    expect(desk.get().status).toBe(answer === 'done' ? 'approved' : 'open')
    // Who may not is told in the journal; another one still may.
    expect(desk.events.some(({ type }) => type === 'ProposalNotApproved')).toBe(answer !== 'done')
    if (answer !== 'done') expect(desk.approve('ben')).toBe('done')
  })

  it('is needed before anything goes', () => {
    const { desk } = five()
    desk.propose()
    expect(inWords(desk.advance())).toBe('refused proposal.not-open')
    expect(desk.state.messages.heldCount).toBe(5)
  })

  it('that comes twice is one, and of what was cancelled or is not there none', () => {
    const { desk } = five()
    desk.propose()
    desk.propose()
    expect([desk.approve('ben', 'p1'), desk.approve('ben', 'p1'), desk.approve('eve', 'p1')]).toEqual([
      'done',
      'repeat',
      'refused proposal.not-open',
    ])
    desk.do({ type: 'CancelProposal', proposal: 'p2', by: 'ana' })
    expect(desk.approve('ben', 'p2')).toBe('refused proposal.not-open')
    expect(desk.approve('ben', 'p9')).toBe('refused proposal.unknown')
  })

  it('comes too late after a day', () => {
    const { desk } = five()
    desk.propose()
    desk.at += 24 * hour
    expect(desk.approve()).toBe('refused proposal.expired')
    expect(desk.get().ended).toMatchObject({ how: 'lapsed' })
  })
})

describe('carrying it out', () => {
  it('releases each once, whatever step comes twice', () => {
    const { desk, held } = five()
    desk.propose()
    desk.approve()
    desk.advance('p1', held.slice(0, 2))
    desk.advance('p1', held.slice(0, 3))
    desk.advance('p1', [held[2]!, held[2]!])
    expect(desk.get()).toMatchObject({ done: 3, status: 'approved' })
    expect(leftOf(desk.get())).toBe(2)
    desk.advance()
    expect(inWords(desk.advance('p1', held))).toBe('refused proposal.not-open')
    const released = desk.events.filter(event => event.type === 'MessageReleased')
    expect(released.map(({ id }) => id)).toEqual(held)
    expect(released.every(event => event.proposal === 'p1' && event.by === 'ana')).toBe(true)
  })

  it('discards likewise, under the reason that was given', () => {
    const { desk, held } = five()
    desk.propose({ action: 'discard' })
    desk.approve()
    desk.advance()
    const discarded = desk.events.filter(event => event.type === 'MessageDiscarded')
    expect(discarded.map(({ id, reason }) => [id, reason])).toEqual(held.map(id => [id, 'all is well']))
    expect(desk.state.messages.size).toBe(0)
  })

  it('counts what left the set by another way, before and after the approval', () => {
    const { desk, held } = five()
    desk.propose()
    desk.do({ type: 'ReleaseMessage', id: held[0]!, by: 'eve' })
    desk.do({ type: 'EraseSubject', subject: desk.state.messages.get(held[1]!)!.facts.address, by: 'eve' })
    desk.approve()
    desk.do({ type: 'DiscardMessage', id: held[2]!, by: 'eve', reason: 'junk' })
    desk.advance()
    const refused = { 'message.not-held': 2, 'subject.erased': 1 }
    expect(desk.get()).toMatchObject({ done: 2, refused, ended: { how: 'completed' } })
  })

  it('drops what has expired and tells it, also what expires by itself', () => {
    const desk = new Desk()
    desk.stop()
    desk.hold(2, { expiresAt: desk.at + 2 * minute })
    desk.hold(1, { expiresAt: desk.at + 10 * minute })
    desk.hold(2)
    desk.resume()
    desk.propose()
    desk.approve()
    desk.wait(3 * minute)
    expect(desk.get().refused).toEqual({ 'secret.expired': 2 })
    desk.at += 10 * minute
    desk.advance()
    expect(desk.get()).toMatchObject({ done: 2, refused: { 'secret.expired': 3 }, ended: { how: 'completed' } })
  })

  it('ends when the last of the set has ended by itself', () => {
    const desk = new Desk()
    desk.stop()
    desk.hold(2, { expiresAt: desk.at + 2 * minute })
    desk.propose()
    desk.approve()
    desk.wait(hour)
    desk.advance('p1', [])
    expect(desk.get()).toMatchObject({ done: 0, refused: { 'secret.expired': 2 }, ended: { how: 'completed' } })
  })

  it('keeps within the budget of each hour, and goes on in the next', () => {
    const { desk, held } = five({ leases: false, policy: withClass('other', one => (one.budgetPerHour.open = 3)) })
    desk.grant('other', 'open', 3)
    desk.propose()
    desk.approve()
    expect(desk.advance()).toEqual({
      type: 'advanced',
      left: 2,
      blocked: held.slice(3).map(id => ({ id, code: 'budget.exhausted' })),
    })
    expect(desk.state.messages.heldCount).toBe(2)
    desk.at += hour
    desk.grant('other', 'open', 3)
    expect(desk.advance()).toEqual({ type: 'advanced', left: 0, blocked: [] })
    expect(desk.get().ended?.how).toBe('completed')
  })

  it('keeps what is stopped until it is not', () => {
    const { desk } = five()
    desk.propose()
    desk.approve()
    desk.stop()
    expect(desk.advance()).toMatchObject({ left: 5, blocked: Array(5).fill({ code: 'breaker.open' }) })
    desk.resume()
    expect(desk.advance()).toEqual({ type: 'advanced', left: 0, blocked: [] })
  })

  it('stops where it is when it is cancelled, or its day is over', () => {
    for (const end of ['cancelled', 'lapsed'] as const) {
      const { desk, held } = five()
      desk.propose()
      desk.approve()
      desk.advance('p1', held.slice(0, 2))
      if (end === 'cancelled') desk.do({ type: 'CancelProposal', proposal: 'p1', by: 'eve' })
      else desk.at += 24 * hour
      desk.advance('p1', held)
      expect(desk.get()).toMatchObject({ done: 2, ended: { how: end } })
      expect(desk.state.messages.heldCount).toBe(3)
    }
  })
})

describe('how many', () => {
  it('may be under way is bounded, and what has lapsed does not count', () => {
    const { desk } = five()
    for (let i = 0; i < underWayMax; i++) expect(inWords(desk.propose())).toBe('done')
    expect(inWords(desk.propose())).toBe('refused proposals.too-many')
    desk.at += 24 * hour
    expect(inWords(desk.propose())).toBe('done')
  })

  it('of a class that is not there: none', () => {
    const { desk } = five()
    expect(inWords(desk.propose({ query: { class: 'nope' } }))).toBe('refused class.unknown')
  })
})

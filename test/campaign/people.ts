import { setTimeout as sleep } from 'node:timers/promises'
import { againMs, type Line } from './line.ts'
import type { Load } from './load.ts'
import { correctionText, type Parts } from './parts.ts'

/** What a stop reaches: a scope of a class, or one campaign by its subject. `source` and `template` are those of everything sent here. */
export type Reach = { class: string; lane?: string; source?: string; template?: string } | { campaign: string }

/** From its acknowledgement to the moment before the first word that lifts it, ms. */
export type Stopped = { reach: Reach; handedOver: number; from: number; to: number }

export type Bulk = { id: string; subject: string; audience: string[] }

/** `to`: whom it may reach; it was drafted to `recipients` of them. */
export type Correction = { id: string; recipients: number; to: string[] }

type Person = 'first' | 'ana'
type Answer = { status: number; body: Record<string, unknown> }

const reaches: readonly Reach[][] = [
  [{ class: 'other' }, { class: 'other', lane: 'open' }, { class: 'other', lane: 'open', source: '', template: '' }],
  [
    { class: 'password-reset' },
    { class: 'password-reset', lane: 'reserved', source: 'web' },
    { class: 'forced-reset', lane: 'campaign' },
  ],
]

/**
 * Two operators in the storm: they stop and resume, release and discard what was held, send campaigns and corrections. Whatever they are not
 * answered they ask again, or look how far it has come, as people do.
 */
export class People {
  readonly wrong: string[] = []
  readonly stops: Stopped[] = []
  readonly campaigns: Bulk[] = []
  readonly corrections: Correction[] = []
  readonly approvals = { proposals: 0, refused: 0 }
  readonly #parts: Parts
  readonly #line: Line
  readonly #load: Load
  readonly #campaignSize: number
  readonly #workers: Promise<void>[] = []
  readonly #corrected = new Set<string>()
  #isEnding = false
  #givenUp = false
  #watching: (() => void)[] = []

  constructor({ parts, line, load, campaignSize }: { parts: Parts; line: Line; load: Load; campaignSize: number }) {
    this.#parts = parts
    this.#line = line
    this.#load = load
    this.#campaignSize = campaignSize
  }

  start(): void {
    for (const some of reaches) this.#repeatedly(() => this.#stop(some), 2500)
    this.#repeatedly(() => this.#settleMany(), 1500)
    this.#repeatedly(() => this.#settleOne(), 1500)
    this.#repeatedly(() => this.#campaign(), 500)
    this.#repeatedly(() => this.#correct(), 4000)
  }

  /** Resolves when one of them asks for something. */
  acts(): Promise<void> {
    return new Promise(resolve => this.#watching.push(resolve))
  }

  giveUp(): void {
    this.#givenUp = true
  }

  /** Lifts what is still stopped, and waits until nothing is held for that, and every campaign is at its end. */
  async finish(): Promise<void> {
    this.#isEnding = true
    await Promise.all(this.#workers)
    while (!this.#givenUp) {
      const held = [await this.#settleMany(['release']), await this.#settleOne()]
      const left = await this.#unended()
      if (left === 0 && held.every(count => count === 0)) return
      await sleep(200)
    }
  }

  #repeatedly(act: () => Promise<unknown>, pauseMs: number): void {
    const work = async () => {
      while (!this.#isEnding && !this.#givenUp) {
        await sleep(Math.random() * pauseMs)
        if (!this.#isEnding) await act()
      }
    }
    this.#workers.push(work())
  }

  /** Asks until there is an answer. */
  async #ask(by: Person, method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    const key = by === 'ana' ? this.#parts.ana.key : this.#parts.keys.admin
    for (;;) {
      if (method === 'POST') for (const seen of this.#watching.splice(0)) seen()
      const answer = await this.#line.ask(method, path, { key, ...(body && { body }) })
      if (this.#givenUp) return { status: 0, body: {} }
      if (answer && answer.status !== 503 && answer.status !== 429) return answer as Answer
      await sleep(againMs)
    }
  }

  /** Only these answers were to be expected. */
  #expect(what: string, { status, body }: Answer, ...expected: (number | string)[]): boolean {
    const isExpected = expected.includes(status) || expected.includes(String(body?.code)) || this.#givenUp
    if (!isExpected) this.wrong.push(`${what} was answered with ${status} ${JSON.stringify(body)}`)
    return isExpected
  }

  async #stop(some: readonly Reach[]): Promise<void> {
    const reach = pick(some) as Exclude<Reach, { campaign: string }>
    const { class: name, ...scope } = reach
    const path = `/v1/classes/${name}`
    const answer = await this.#ask(anybody(), 'POST', `${path}/pause`, { ...scope, reason: 'a drill' })
    const from = Date.now()
    if (this.#expect('a stop', answer, 200)) await sleep(300 + Math.random() * 4000)
    const to = Date.now()
    if (answer.status === 200) this.stops.push({ reach, handedOver: answer.body.handedOver as number, from, to })
    this.#expect('a resume', await this.#ask(anybody(), 'POST', `${path}/resume`, scope), 200, 'stop.unknown')
  }

  /** Many at once, on the word of two; how many there were. Those of a cause that others have used up are not for release. */
  async #settleMany(actions: readonly string[] = ['release', 'release', 'release', 'discard']): Promise<number> {
    let count = 0
    for (const name of ['other', 'forced-reset']) {
      const action = name === 'other' ? pick(actions) : 'release'
      const by = anybody()
      const query = { class: name, reason: 'breaker.open' }
      const made = await this.#ask(by, 'POST', `/v1/holds/${action}`, { query, reason: 'a drill' })
      if (!this.#expect(`a proposal to ${action}`, made, 202, 'proposal.empty', 'proposals.too-many')) continue
      if (made.status === 202) count += await this.#approve(String(made.body.id), by)
      else if (made.body.code === 'proposals.too-many') count++
    }
    // What nobody heard the end of is still to be approved.
    const { body } = await this.#ask('first', 'GET', '/v1/proposals')
    const open = ((body?.items ?? []) as { id: string; state: string; by: string }[]).filter(
      ({ state }) => state === 'open',
    )
    for (const { id, by } of open) count += await this.#approve(id, by === 'Ana' ? 'ana' : 'first')
    return count
  }

  async #approve(id: string, by: Person): Promise<number> {
    const path = `/v1/proposals/${id}/approve`
    if (Math.random() < 0.2) {
      const alone = await this.#ask(by, 'POST', path)
      this.#expect('an approval by who had proposed', alone, 'approval.same-person', 'proposal.not-open')
      this.approvals.refused++
    }
    const answer = await this.#ask(by === 'ana' ? 'first' : 'ana', 'POST', path)
    this.#expect('an approval', answer, 200, 'proposal.not-open')
    this.approvals.proposals++
    return 1
  }

  /** One by one: the resets that a stop alone has held. */
  async #settleOne(): Promise<number> {
    const { body } = await this.#ask('first', 'GET', '/v1/holds?class=password-reset&reason=breaker.open&limit=200')
    const items = (body?.items ?? []) as { id: string; reasons: { code: string }[] }[]
    const held = items.filter(({ reasons }) => reasons.length === 1)
    for (const { id } of held) {
      const answer = await this.#ask(anybody(), 'POST', `/v1/holds/${id}/release`)
      this.#expect('a release', answer, 200, 'message.not-held', 'message.not-live', 'message.unknown')
    }
    return body?.stale === true ? 1 : held.length
  }

  /** A campaign from its draft to its end, looked at each time. A draft whose answer was lost is never approved. */
  async #campaign(): Promise<void> {
    const subject = `campaign-${this.campaigns.length + 1}`
    const audience = Array.from({ length: this.#campaignSize }, (_, n) => `${subject}-${n}@people.test`)
    const drafted = await this.#ask('first', 'POST', '/v1/campaigns', {
      class: 'forced-reset',
      title: subject,
      content: { from: 'app@campaign.test', subject, text: 'Choose a new password.' },
      question: { text: 'What is to be chosen?', accepted: ['a password'] },
      stages: [{ messages: 20, pauseMs: 200 }, { share: 0.3, pauseMs: 500 }, { share: 1 }],
      expiresAt: new Date(Date.now() + 24 * 3_600_000).toISOString(),
      audience: audience.map(email => ({ recipient: { email } })),
    })
    if (!this.#expect('a draft', drafted, 201)) return
    const bulk = { id: String(drafted.body.id), subject, audience }
    this.campaigns.push(bulk)
    while (!this.#givenUp && (await this.#advance(bulk)) !== 'ended') await sleep(100 + Math.random() * 900)
  }

  async #advance({ id, subject }: Bulk): Promise<string> {
    const path = `/v1/campaigns/${id}`
    const { body } = await this.#ask('first', 'GET', path)
    const { status, contentHash, audienceHash } = body
    switch (status) {
      case 'sealed': {
        const approval = { contentHash, audienceHash, answer: 'a password' }
        this.#expect(
          'an approval',
          await this.#ask('ana', 'POST', `${path}/approve`, approval),
          200,
          'approval.not-due',
        )
        break
      }
      case 'approved':
        this.#expect('a start', await this.#ask(anybody(), 'POST', `${path}/start`), 200, 'campaign.not-approved')
        break
      case 'running':
        if (Math.random() < 0.3 && !this.#isEnding) await this.#pause(path, subject)
        break
      case 'paused':
        this.#expect('a resume', await this.#ask(anybody(), 'POST', `${path}/resume`), 200, 'campaign.not-paused')
        break
      case 'ended':
        break
      default:
        this.wrong.push(`${subject} is ${String(status)}`)
    }
    // What a stop of its class has held keeps it from its end: others release that, also when the day is over.
    return this.#isEnding ? 'ended' : String(status)
  }

  async #pause(path: string, campaign: string): Promise<void> {
    const answer = await this.#ask(anybody(), 'POST', `${path}/pause`, { reason: 'a drill' })
    const from = Date.now()
    // Asked again after a lost answer it does not run any more, and its count is not told.
    if (!this.#expect('a pause', answer, 200, 'campaign.not-running') || answer.status !== 200) return
    await sleep(200 + Math.random() * 3000)
    this.stops.push({ reach: { campaign }, handedOver: answer.body.handedOver as number, from, to: Date.now() })
  }

  /** Some of what was delivered was wrong: exactly these people are told. */
  async #correct(): Promise<void> {
    const chosen: [string, string][] = []
    for (const [key, { id }] of this.#load.ledger) {
      if (chosen.length >= 40) break
      if (this.#corrected.has(key) || this.#load.caused.has(key)) continue
      const state = await this.#load.state(id)
      if (state === undefined || this.#isEnding) return
      if (state === 'delivered') chosen.push([key, id])
      // What is held may be discarded; it is looked at once.
      else this.#corrected.add(key)
    }
    if (chosen.length < 10) return
    for (const [key] of chosen) this.#corrected.add(key)
    const order = { messages: { ids: chosen.map(([, id]) => id) }, text: correctionText.name }
    const by = anybody()
    const { status, body } = await this.#ask(by, 'POST', '/v1/corrections', order)
    if (!this.#expect('a correction', { status, body }, 200, 201)) return
    const { contentHash, audienceHash, recipients } = body
    const to = chosen.map(([key]) => `${key}@people.test`)
    if (recipients !== to.length) this.wrong.push(`a correction of ${to.length} people goes to ${String(recipients)}`)
    this.corrections.push({ id: String(body.id), recipients: recipients as number, to })
    const approval = { contentHash, audienceHash, answer: String(recipients) }
    const other = by === 'ana' ? 'first' : 'ana'
    const answer = await this.#ask(other, 'POST', `/v1/campaigns/${String(body.id)}/approve`, approval)
    this.#expect('an approval of a correction', answer, 200, 'approval.not-due', 'campaign.not-editable')
  }

  /** Brings campaigns to their end; how many are not there yet. */
  async #unended(): Promise<number> {
    let left = 0
    for (const bulk of this.campaigns) {
      await this.#advance(bulk)
      const { body } = await this.#ask('first', 'GET', `/v1/campaigns/${bulk.id}`)
      if (body.status !== 'ended') left++
    }
    for (const { id } of this.corrections) {
      const { body } = await this.#ask('first', 'GET', `/v1/campaigns/${id}`)
      if (body.status !== 'ended') left++
    }
    return left
  }
}

const anybody = (): Person => (Math.random() < 0.5 ? 'first' : 'ana')

function pick<T>(some: readonly T[]): T {
  return some[Math.floor(Math.random() * some.length)]!
}

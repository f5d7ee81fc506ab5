import { createHash } from 'node:crypto'
import type { Effect } from '../src/core/effects.ts'
import { freshPolicy, type Policy } from '../src/core/policy.ts'
import { CampaignVault, type HashedRecipient } from '../src/engine/campaign-vault.ts'
import {
  approveCampaign,
  type CampaignParts,
  draftCampaign,
  forgetInAudiences,
  inFlightOfCampaign,
  startCampaign,
  steerCampaign,
  uploadAudience,
} from '../src/engine/campaigns.ts'
import { eraseSubject } from '../src/engine/operator.ts'
import { addressedTo } from '../src/inbound/requests.ts'
import { MemoryCampaigns } from '../src/journal/memory/campaign-store.ts'
import { MemoryStore } from '../src/journal/memory/journal.ts'
import { dump, eventsOf, folded } from './dump.ts'
import { Host, keyring } from './host.ts'
import { Provider } from './provider.ts'
import { untilAnswered } from './sender.ts'
import { World } from './world.ts'

const second = 1000
const minute = 60 * second
const startAt = Date.UTC(2026, 0, 10, 11, 57)
const stormMs = 2 * minute
/** One hand-over in twenty takes seconds, so that the storm finds the campaign under way. */
const usual = { defer: 0, reject: 0, lost: 0, unheard: 0, slow: 0.05 }

export type BulkReport = {
  seed: number
  hash: string
  wrong: string[]
  counts: { recipients: number; delivered: number; skipped: number; crashes: number; pauses: number; repeated: number }
}

const id = '0198f1d2-0000-8000-8000-00000000c0de'

/** One seed of a campaign in a storm: the process dies, the journal and the provider fail, people pause it, resume it and are erased. */
export async function simulateBulk(seed: number, { recipients = 300 } = {}): Promise<BulkReport> {
  const bulk = new Bulk(seed, recipients)
  await bulk.play()
  return bulk.report()
}

function bulkPolicy(): Policy {
  const policy = freshPolicy()
  policy.deliversLocally = false
  policy.upstreams = ['a', 'b']
  policy.retry = { firstMs: 500, factor: 2, maxMs: 20 * second }
  return policy
}

class Bulk {
  readonly #seed: number
  readonly #size: number
  readonly #world: World
  readonly #store = new MemoryStore()
  readonly #provider: Provider
  readonly #vault = new CampaignVault(new MemoryCampaigns(), keyring)
  readonly #faults = { lostRequest: 0, lostReply: 0, slow: 0, crash: 0 }
  readonly #host: Host
  readonly #wrong: string[] = []
  readonly #erased = new Set<string>()
  #isPaused = false
  #pauses = 0

  constructor(seed: number, size: number) {
    this.#seed = seed
    this.#size = size
    this.#world = new World(seed)
    this.#provider = new Provider(this.#world)
    this.#host = new Host({
      world: this.#world,
      store: this.#store,
      number: 0,
      partitions: 1,
      provider: this.#provider,
      policy: bulkPolicy(),
      faults: this.#faults,
      startAt,
      vault: this.#vault,
      onBegin: (_, effect) => this.#onBegin(effect),
      onOpen: () => {},
    })
  }

  async play(): Promise<void> {
    const world = this.#world
    this.#provider.weather = usual
    this.#host.start()
    void this.#launch()
    for (let i = 0; i < 100; i++) world.after(world.between(0, stormMs), () => this.#happen())
    await world.run(stormMs)
    Object.assign(this.#faults, { lostRequest: 0, lostReply: 0, slow: 0, crash: 0 })
    this.#provider.heal()
    void this.#steer('ResumeCampaign')
    await world.run(world.now + 10 * minute)
  }

  /** From the draft to the start, each step asked for until it is answered. */
  async #launch(): Promise<void> {
    const draft = {
      id,
      kind: 'campaign' as const,
      title: 'storm',
      question: 'Which?',
      accepted: ['this'],
      content: { class: 'forced-reset', application: 'shop', subject: 'Choose a new password', text: 'It is time.' },
      stages: [
        { messages: 20, pauseMs: 5 * second },
        { share: 0.1, pauseMs: 5 * second },
        { share: 0.3, pauseMs: 5 * second },
        { share: 0.6, pauseMs: 5 * second },
        { share: 1, pauseMs: 0 },
      ],
      halts: { reports: never, bounces: never, complaints: never },
      expiresAt: startAt + 60 * minute,
      startsWhenApproved: false,
    }
    await this.#ask(parts => draftCampaign(parts, draft, 'Ana'))
    await this.#ask(parts => uploadAudience(parts, id, this.#audience(), { by: 'Ana', append: false }))
    await this.#ask(parts => {
      const { plan, audience } = parts.partition.state.campaigns.get(id)!
      const hashes = { contentHash: plan.contentHash, audienceHash: audience!.hash }
      return approveCampaign(parts, { campaign: id, by: 'Ben', answer: 'This', ...hashes })
    })
    await this.#ask(parts => startCampaign(parts, id, 'Ana'))
  }

  async *#audience() {
    yield Array.from({ length: this.#size }, (_, n) => ({ line: n + 1, recipient: recipientOf(n), isTest: true }))
  }

  #ask<T>(what: (parts: CampaignParts) => Promise<T>): Promise<T> {
    const host = this.#host
    return untilAnswered(this.#world, host, () => {
      const { partition, feeder } = host
      return partition && feeder && what({ partition, feeder, vault: this.#vault, keyring })
    })
  }

  #happen(): void {
    const world = this.#world
    const chance = world.random()
    if (chance < 0.3) return this.#host.crash()
    if (chance < 0.45) return this.#provider.worsen()
    if (chance < 0.55) {
      this.#provider.weather = usual
      return
    }
    if (chance < 0.7) {
      Object.assign(this.#faults, {
        lostRequest: world.between(0, 0.05),
        lostReply: world.between(0, 0.05),
        slow: world.between(0, 0.05),
        crash: world.between(0, 0.03),
      })
      return
    }
    if (chance < 0.9) return void this.#pauseForAWhile()
    return void this.#erase()
  }

  /** A pause that was answered holds until somebody asks to resume: nothing begins in between, crashes or not. */
  async #pauseForAWhile(): Promise<void> {
    if (this.#isPaused || !this.#known) return
    const answer = await this.#steer('PauseCampaign')
    if (answer !== 'done' || this.#isPaused) return
    this.#isPaused = true
    this.#pauses++
    const begun = this.#host.partition ? inFlightOfCampaign({ partition: this.#host.partition }, id) : 0
    if (begun > 4) this.#wrong.push(`${begun} were with the world when the pause held; the window is 4`)
    await this.#world.sleep(this.#world.between(second, 10 * second))
    await this.#steer('ResumeCampaign')
  }

  async #steer(type: 'PauseCampaign' | 'ResumeCampaign'): Promise<string> {
    const { type: answered } = await this.#ask(parts => {
      if (type === 'ResumeCampaign') this.#isPaused = false
      const command = { campaign: id, by: 'Ana' }
      return steerCampaign(
        parts,
        type === 'PauseCampaign' ? { type, ...command, reason: 'drill' } : { type, ...command },
      )
    })
    return answered
  }

  get #known() {
    return this.#host.partition?.state.campaigns.get(id)
  }

  #onBegin(effect: Effect): void {
    if (!effect.facts.campaign) return
    if (this.#isPaused) this.#wrong.push(`${effect.id} is handed over while the campaign is paused`)
    if (effect.facts.campaign.ordinal >= (this.#known?.next ?? 0)) this.#wrong.push(`${effect.id} is not counted`)
  }

  async #erase(): Promise<void> {
    const { recipient, hashes } = recipientOf(Math.floor(this.#world.between(0, this.#size)))
    await this.#ask(async parts => {
      await forgetInAudiences(parts, hashes.account)
      const places = [...eventsIn(this.#store)].flatMap(event =>
        event.type === 'MessageDecided' && event.account === hashes.account
          ? [{ page: event.message.sealed.page, slot: event.message.sealed.slot, id: event.message.id }]
          : [],
      )
      await eraseSubject(parts.partition, hashes.account, {
        by: 'Ana',
        async *places() {
          yield* places
        },
      })
    })
    this.#erased.add(recipient.address)
  }

  report(): BulkReport {
    const { accepted } = this.#provider
    const books = this.#readBooks()
    const taken = new Map<string, Set<string>>()
    for (const { id: message, recipient } of accepted) {
      const ids = taken.get(recipient) ?? new Set<string>()
      taken.set(recipient, ids.add(message))
    }
    for (const [recipient, ids] of taken) if (ids.size > 1) this.#wrong.push(`${recipient} got ${ids.size} messages`)
    for (let n = 0; n < this.#size; n++) {
      const { address } = recipientOf(n).recipient
      const isLost = !taken.has(address) && !this.#erased.has(address) && !books.refused.has(address)
      if (isLost) this.#wrong.push(`${address} got nothing`)
    }
    const campaign = this.#known!
    const { status, next, live } = campaign
    if (status.is !== 'ended' || status.how !== 'completed')
      this.#wrong.push(`it is ${JSON.stringify(status)}, at ${next}`)
    if (live !== 0) this.#wrong.push(`${live} of its messages have no end`)
    if (books.ordinals.some((ordinal, i) => ordinal !== i) || books.ordinals.length !== this.#size)
      this.#wrong.push(`ordinals have gaps or repeats: ${books.ordinals.length} of ${this.#size}`)
    for (const from of ['scratch', 'snapshot'] as const)
      if (dump(folded(this.#store, 0, from)) !== dump(this.#host.partition!.state))
        this.#wrong.push(`the state is not what the journal says from ${from}`)
    const hash = createHash('sha256')
      .update(JSON.stringify(accepted.map(({ id, at }) => [id, at])))
      .digest('hex')
    return {
      seed: this.#seed,
      hash,
      wrong: this.#wrong,
      counts: {
        recipients: this.#size,
        delivered: taken.size,
        skipped: books.skipped,
        crashes: this.#host.crashes,
        pauses: this.#pauses,
        repeated: accepted.length - new Set(accepted.map(one => one.id)).size,
      },
    }
  }

  /** Read as an auditor does, without the core's folding. */
  #readBooks() {
    const addresses = new Map<string, string>()
    for (let n = 0; n < this.#size; n++) {
      const { hashes, recipient } = recipientOf(n)
      addresses.set(hashes.address, recipient.address)
    }
    const of = new Map<string, string>()
    const books = { ordinals: [] as number[], skipped: 0, refused: new Set<string>() }
    for (const event of eventsIn(this.#store)) {
      if (event.type === 'RecipientSkipped') {
        books.ordinals.push(event.ordinal)
        books.skipped++
      }
      if (event.type === 'MessageDecided' && event.message.campaign) {
        books.ordinals.push(event.message.campaign.ordinal)
        of.set(event.message.id, addresses.get(event.message.address)!)
      }
      if (event.type === 'MessageUndeliverable') books.refused.add(of.get(event.id)!)
    }
    return books
  }
}

const never = { min: 1_000_000, rate: 1 }

function recipientOf(n: number): HashedRecipient {
  const recipient = { local: `p${n}`, domain: 'example.org', address: `p${n}@example.org` }
  const { mailbox, address, account = address } = addressedTo(keyring, recipient, `account-${n}`)
  return { recipient, account: `account-${n}`, hashes: { mailbox, address, account } }
}

function* eventsIn(store: MemoryStore) {
  for (const row of store.partitions.get(0)?.rows ?? []) yield* eventsOf(row)
}

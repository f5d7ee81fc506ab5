import { type Campaign, roomOf } from '../core/campaigns.ts'
import type { Command } from '../core/commands.ts'
import type { Content, Proof } from '../core/content.ts'
import type { MessageFacts, MessageId } from '../core/events.ts'
import { suppressedFor } from '../core/suppressions.ts'
import type { AudienceRow } from '../journal/campaign-store.ts'
import type { Hash64 } from '../std/hash64.ts'
import type { CampaignContent, CampaignVault, Recipient } from './campaign-vault.ts'
import { type Log, type Partition, PartitionUnavailable, type Submission } from './partition.ts'
import type { Surroundings } from './surroundings.ts'

/** A message of a campaign before it is asked for. */
export type FedMessage = { id: MessageId; content: Content }

type WantedMessage = { name: string; version: string; locale?: string; slots: Record<string, string> }

/** What came of it; all but `written` stop the campaign until somebody has looked at it. */
type WrittenMessage =
  | {
      status: 'written'
      template: { name: string; version: string; hash: string; locale: string }
      subject: string
      text: string
      html: string
      invalid: string[]
    }
  | { status: 'unknown' | 'no-source' | 'refused' }

export type FeederOptions = {
  /** `undefined` while it is being opened. */
  partition(): Partition | undefined
  vault: CampaignVault
  newId(): MessageId
  seal(
    id: MessageId,
    subject: Hash64,
    content: Content,
  ): { commitment: string; sealed: NonNullable<Submission['sealed']> }
  /** What the bytes of messages show, in their order. */
  prove(messages: FedMessage[], className: string): Promise<Proof[]>
  /** Writes a message from an approved version; its code is that of its id. */
  write(message: { id: MessageId; class: string }, wanted: WantedMessage): WrittenMessage | Promise<WrittenMessage>
  /** Whether mails of campaigns carry the code in their text. */
  appendCode: boolean
  surroundings: Pick<Surroundings, 'soon' | 'after'>
  log: Log
}

/** Recipients that one batch asks for. */
const askedAtOnceMax = 500
/** Messages of a campaign that may be on their way at a time: what a halt finds there is bounded. */
const liveMax = 1000
const retryMs = 1000

/**
 * Asks for the messages of the campaigns that run, in the order of their audience, behind what the journal says was asked for. It keeps
 * nothing of its own: the core counts the ordinals, in the batch that decides the message, and refuses any but the next. So a crash at any
 * moment leaves each recipient either decided or still to come.
 */
export class Feeder {
  readonly #options: FeederOptions
  #contents = new Map<string, CampaignContent>()
  readonly #destroyed = new Set<string>()
  #round: Promise<void> | undefined
  #again = false
  #isStopped = false

  constructor(options: FeederOptions) {
    this.#options = options
  }

  /** Something has happened: there may be room. */
  wake(): void {
    if (this.#isStopped) return
    this.#again = true
    if (this.#round) return
    this.#round = new Promise<void>(resolve => this.#options.surroundings.soon(() => resolve(this.#run())))
  }

  /** When what was read of the audiences before the call has been decided. */
  async quiet(): Promise<void> {
    await this.#round
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#round
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#isStopped) {
        this.#again = false
        await this.#feedAll()
      }
    } catch (error) {
      if (!(error instanceof PartitionUnavailable))
        this.#options.log.error({ reason: reasonOf(error) }, 'a campaign could not go on; it is tried again')
      this.#options.surroundings.after(retryMs, () => this.wake())
    }
    this.#round = undefined
    if (this.#again) this.wake()
  }

  async #feedAll(): Promise<void> {
    const campaigns = this.#options.partition()?.state.campaigns ?? new Map<string, Campaign>()
    for (const campaign of [...campaigns.values()]) {
      if (this.#isStopped) return
      if (campaign.status.is === 'ended') await this.#destroy(campaign.plan.id)
      else await this.#feed(campaign)
    }
  }

  async #destroy(campaign: string): Promise<void> {
    if (this.#destroyed.has(campaign)) return
    await this.#options.vault.destroy(campaign)
    this.#contents.delete(campaign)
    this.#destroyed.add(campaign)
  }

  async #feed(campaign: Campaign): Promise<void> {
    const limit = Math.min(roomOf(campaign), liveMax - campaign.live, askedAtOnceMax)
    const partition = this.#options.partition()
    if (limit <= 0 || !partition) return
    const { plan, audience, cursor, next } = campaign
    const { vault } = this.#options
    const content = await this.#content(plan.id, plan.contentHash)
    const rows = await vault.store.page(plan.id, audience!.revision, { after: cursor, limit })
    if (!content || rows.length < limit) return this.#giveUp(partition, plan.id)
    const said = await this.#messagesFor(plan.id, plan.class, content, rows)
    if (!said) return this.#giveUp(partition, plan.id, 'a message cannot be written from the approved template')
    const submissions = rows.map((row, i): Submission => {
      const [campaignId, ordinal, { mailbox }] = [plan.id, next + i, row]
      const why = plan.kind === 'campaign' && suppressedFor(partition.state.suppressions, mailbox, partition.now())
      if (why) return { command: { type: 'SkipRecipient', campaign: campaignId, ordinal, mailbox, why } }
      return this.#submission(campaign, content, { ordinal, row, said: said[i] })
    })
    // A crash before the batch is durable: nothing was asked for. After it: the journal has counted them, and the next page lies behind.
    await partition.submit(submissions)
    if ((partition.state.campaigns.get(plan.id)?.next ?? 0) > next) this.#again = true
    else this.#options.surroundings.after(retryMs, () => this.wake())
  }

  /** What is stored is not what was approved: nothing more is sent until somebody has looked at it. */
  async #giveUp(
    partition: Partition,
    campaign: string,
    reason = 'the stored content or audience is not the approved one',
  ): Promise<void> {
    this.#options.log.error({ campaign }, reason)
    await partition.submit([{ command: { type: 'PauseCampaign', campaign, by: 'tocsin', reason } }])
  }

  async #content(campaign: string, contentHash: string): Promise<CampaignContent | undefined> {
    const known = this.#contents.get(campaign)
    if (known) return known
    const content = (await this.#options.vault.dossier(campaign, contentHash))?.content
    if (content) this.#contents.set(campaign, content)
    return content
  }

  /**
   * What each recipient will have, and what its bytes show; `undefined` in its place for one that cannot be read any more, and for all when one
   * cannot be written.
   */
  async #messagesFor(
    campaign: string,
    className: string,
    content: CampaignContent,
    rows: readonly AudienceRow[],
  ): Promise<(Said | undefined)[] | undefined> {
    const { vault, prove } = this.#options
    const messages: (Fed | undefined)[] = []
    for (const row of rows) {
      const to = await vault.recipient(campaign, row)
      const message = to && (await this.#message(content, to))
      if (to && !message) return undefined
      messages.push(message)
    }
    const proofs = await prove(
      messages.filter(one => one !== undefined),
      className,
    )
    const proof = proofs.values()
    return messages.map(one => one && { ...one, proof: proof.next().value! })
  }

  async #message(content: CampaignContent, to: Recipient): Promise<Fed | undefined> {
    const { newId, write, appendCode } = this.#options
    const id = newId()
    const { template } = content
    if (!template) return { id, content: contentFor(content, to, appendCode), invalid: [] }
    const slots = { ...content.slots, ...to.slots }
    const { name, version } = template
    const wanted = { name, version, slots, ...(to.locale !== undefined && { locale: to.locale }) }
    const written = await write({ id, class: content.class }, wanted)
    if (written.status !== 'written' || written.template.hash !== template.hash) return undefined
    const { status: _, invalid, ...parts } = written
    const { recipient, account } = to
    const whole: Content = { recipient, ...(content.from && { from: content.from }), ...parts, slots }
    if (account !== undefined) whole.account = account
    return { id, content: whole, invalid }
  }

  #submission(
    { plan }: Campaign,
    { template }: CampaignContent,
    { ordinal, row, said }: { ordinal: number; row: AudienceRow; said: Said | undefined },
  ): Submission {
    const { mailbox, address, account } = row
    if (!said) return { command: { type: 'SkipRecipient', campaign: plan.id, ordinal, mailbox } }
    const { id, content, proof, invalid } = said
    const { text = '', html = '' } = content
    const { commitment, sealed } = this.#options.seal(id, account, content)
    const message: MessageFacts = {
      id,
      application: plan.application,
      class: plan.class,
      mailbox,
      address,
      campaign: { id: plan.id, ordinal },
      expiresAt: plan.expiresAt,
      bytes: text.length + html.length,
      commitment,
      sealed: { offset: 0, length: 0, page: 0, slot: 0 },
      via: 'campaign',
    }
    if (account !== address) message.account = account
    if (template) message.template = template
    const findings = invalid.length > 0 ? [...proof.findings, 'content.slot-invalid' as const] : proof.findings
    if (findings.length > 0) message.findings = findings
    const command: Command = { type: 'RequestMessage', message }
    return { command, sealed }
  }
}

type Fed = FedMessage & { invalid: string[] }
type Said = Fed & { proof: Proof }

function contentFor(said: CampaignContent, { recipient, account }: Recipient, appendCode: boolean): Content {
  const { class: _, application: __, template: ___, slots: ____, ...parts } = said
  return { ...parts, recipient, ...(account !== undefined && { account }), ...(appendCode && { appendCode }) }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

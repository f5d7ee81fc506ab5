import { assert, unreachable } from '../std/assert.ts'
import type { Hash64 } from '../std/hash64.ts'
import type { Event, MessageFacts } from './events.ts'
import type { LiveMessages } from './messages.ts'
import type { SignalFacts } from './signals.ts'
import type { SuppressedFor } from './suppressions.ts'

/**
 * Intended bulk sends. A campaign is drafted, gets its audience, is approved by a second person who has read it, and then sends stage by
 * stage, each recipient at most once. What it says and to whom is the shell's to keep; here are hashes, numbers and names of people.
 */

/** The first `messages` recipients, or this share of all; then a pause before the next stage opens. */
export type Stage = { messages?: number; share?: number; pauseMs: number }

/** Halts when at least `min` have come, and they are at least this share of what was delivered in the stage. */
export type Threshold = { min: number; rate: number }

/** `completion`: halts when a stage is over and far fewer than this share have completed what the message asks for. */
export type Halts = {
  reports: Threshold
  bounces: Threshold
  complaints: Threshold
  completion?: { expected: number; min: number }
}

export type Plan = {
  /** A UUID. The same correction has the same id. */
  id: string
  kind: 'campaign' | 'correction'
  class: string
  application: string
  /** SHA-256 over the canonical content, hex. */
  contentHash: string
  /** Keyed hashes of the answers that show that the content was read. */
  answers: Hash64[]
  stages: Stage[]
  halts: Halts
  expiresAt: number
  /** How many people the author's query found, and by how many the audience may differ. */
  expected?: { count: number; tolerance: number }
  /** The approved template that its messages are written from. */
  template?: { name: string; version?: string; hash?: string }
  /** A correction starts with its approval. */
  startsWhenApproved: boolean
}

/** `hash`: SHA-256 over the keyed hashes of all recipients in order, hex. `revision` names the upload. */
export type Audience = {
  hash: string
  size: number
  revision: number
  /** Of these, addresses where nobody reads: reserved domains, and those allow-listed for test material. */
  tests?: number
}

/** What made a campaign halt: the numbers, and what they were measured against. */
export type HaltFinding = {
  what: 'reports' | 'bounces' | 'complaints' | 'completion'
  stage: number
  count: number
  of: number
  min: number
  rate: number
}

export type Status =
  | { is: 'draft' }
  | { is: 'sealed' }
  | { is: 'approved'; by: string; at: number }
  | { is: 'running' }
  | { is: 'paused'; by: string; reason: string; at: number }
  /** `agreed`: the first of the two people who let it go on. */
  | { is: 'halted'; finding: HaltFinding; at: number; agreed?: string }
  | { is: 'ended'; how: 'completed' | 'cancelled' | 'expired'; by: string; at: number }

/** Of one stage. The first line counts first outcomes, the second what became of the messages, the third what came back. */
export type Counts = Record<(typeof counters)[number], number>
export const counters = [
  ...(['deliver', 'confirm', 'hold', 'suppress', 'reject', 'expire', 'skipped'] as const),
  ...(['delivered', 'undeliverable', 'discarded', 'expired', 'rejected'] as const),
  ...(['reports', 'bounces', 'complaints', 'followed', 'completed'] as const),
] as const

export type Campaign = {
  plan: Plan
  /** Everybody who had a hand in what it says and to whom: none of them may approve it. */
  shapedBy: string[]
  draftedAt: number
  audience?: Audience
  approvedBy?: string
  /** Ordinal behind the last of each stage. */
  bounds: number[]
  /** The pause behind each of these. */
  pausesMs: number[]
  stage: number
  /** The ordinal of the next recipient. Everything before it was decided once, and is not asked for again. */
  next: number
  /** Keyed mailbox of the last recipient that was decided: where the audience is read on. */
  cursor: string
  /** Since when the stage has no more to ask for. */
  exhaustedAt?: number
  startedAt?: number
  status: Status
  counts: Counts[]
  /** The counts when two people let a halted campaign go on: what they knew does not halt it again. */
  known: Counts[]
  /** Messages that were decided to go and have not ended. */
  live: number
  /** A cancelled campaign discards what has not been tried yet. */
  sweepAt?: number
}

export type CampaignEvent =
  /** Also a draft that is drafted anew: its approval is void. */
  | { type: 'CampaignDrafted'; plan: Plan; by: string }
  | { type: 'AudienceSealed'; campaign: string; audience: Audience; by: string }
  | { type: 'CampaignApproved'; campaign: string; by: string; contentHash: string; audienceHash: string }
  | { type: 'ApprovalRefused'; campaign: string; by: string; code: string }
  | { type: 'CampaignStarted'; campaign: string; by: string }
  | { type: 'CampaignPaused'; campaign: string; by: string; reason: string }
  | { type: 'CampaignHalted'; campaign: string; finding: HaltFinding }
  | { type: 'ResumeAgreed'; campaign: string; by: string }
  | { type: 'CampaignResumed'; campaign: string; by: string }
  | { type: 'StageOpened'; campaign: string; stage: number }
  /** The recipient was erased, or is one that bulk mail leaves alone: nobody is written to. */
  | { type: 'RecipientSkipped'; campaign: string; ordinal: number; mailbox: Hash64; why?: SuppressedFor }
  | { type: 'CampaignEnded'; campaign: string; how: 'completed' | 'cancelled' | 'expired'; by: string }
  /** `again`: some of its messages were with the world. */
  | { type: 'CampaignSwept'; campaign: string; again?: number }

const campaignEvents: Record<CampaignEvent['type'], true> = {
  CampaignDrafted: true,
  AudienceSealed: true,
  CampaignApproved: true,
  ApprovalRefused: true,
  CampaignStarted: true,
  CampaignPaused: true,
  CampaignHalted: true,
  ResumeAgreed: true,
  CampaignResumed: true,
  StageOpened: true,
  RecipientSkipped: true,
  CampaignEnded: true,
  CampaignSwept: true,
}

export const isCampaignEvent = (event: Event): event is CampaignEvent => Object.hasOwn(campaignEvents, event.type)

export type Campaigns = Map<string, Campaign>

/** How many are remembered; of those that have ended the oldest go first. */
export const campaignsMax = 256

const noCounts = (): Counts => Object.fromEntries(counters.map(name => [name, 0])) as Counts

export const isEnded = ({ status }: Campaign): boolean => status.is === 'ended'

/** Started, and not over: its content and audience stand. */
export const isUnderWay = ({ status }: Campaign): boolean =>
  status.is === 'running' || status.is === 'paused' || status.is === 'halted'

/** The ordinal behind the last of each stage. Stages that would add nobody are left out; the last one has everybody. */
export function boundsOf(stages: readonly Stage[], size: number): { bounds: number[]; stages: Stage[] } {
  const bounds: number[] = []
  const kept: Stage[] = []
  for (const [i, stage] of stages.entries()) {
    const wanted = i === stages.length - 1 ? size : (stage.messages ?? Math.ceil((stage.share ?? 1) * size))
    const bound = Math.min(size, wanted)
    if (bound <= (bounds.at(-1) ?? 0)) continue
    bounds.push(bound)
    kept.push(stage)
  }
  return { bounds, stages: kept }
}

/** The stage that an ordinal belongs to. */
export const stageOf = ({ bounds }: Campaign, ordinal: number): number => {
  const stage = bounds.findIndex(bound => ordinal < bound)
  return stage < 0 ? bounds.length - 1 : stage
}

/** How many may be asked for now, and from which ordinal on. */
export function roomOf(campaign: Campaign): number {
  if (campaign.status.is !== 'running') return 0
  return (campaign.bounds[campaign.stage] ?? 0) - campaign.next
}

export type CampaignFault = 'campaign.unknown' | 'campaign.not-running' | 'campaign.other-class' | 'campaign.not-next'

/**
 * Whether a message that says it is of a campaign may be decided: the campaign runs, is of this class, and the ordinal is the next one of a
 * stage that is open. What is not is refused and not journalled, so that its ordinal is not used up: it is asked for again when it may be.
 */
export function campaignFault(campaigns: Campaigns, facts: MessageFacts): CampaignFault | undefined {
  if (!facts.campaign) return undefined
  const campaign = campaigns.get(facts.campaign.id)
  if (!campaign) return 'campaign.unknown'
  if (campaign.status.is !== 'running') return 'campaign.not-running'
  if (campaign.plan.class !== facts.class) return 'campaign.other-class'
  const isNext = facts.campaign.ordinal === campaign.next && roomOf(campaign) > 0
  return isNext ? undefined : 'campaign.not-next'
}

/** A correction reaches whoever got the message that it corrects, whatever the gate would say about such a recipient. */
export const isCorrection = (campaigns: Campaigns, { campaign }: MessageFacts): boolean =>
  campaign !== undefined && campaigns.get(campaign.id)?.plan.kind === 'correction'

/** What a campaign that does not run has decided before stays here. */
export function isWithheld(campaigns: Campaigns, { campaign }: Pick<MessageFacts, 'campaign'>): boolean {
  return campaign !== undefined && campaigns.get(campaign.id)?.status.is !== 'running'
}

/** The next instant at which a campaign has something to do by itself. */
export function nextCampaignDue(campaigns: Campaigns): number | undefined {
  let due: number | undefined
  for (const campaign of campaigns.values()) {
    const at = dueAt(campaign)
    if (at !== undefined && (due === undefined || at < due)) due = at
  }
  return due
}

export function dueAt(campaign: Campaign): number | undefined {
  if (isEnded(campaign)) return campaign.sweepAt
  const opensAt = nextStageAt(campaign)
  return opensAt === undefined ? campaign.plan.expiresAt : Math.min(opensAt, campaign.plan.expiresAt)
}

/** When the pause behind the open stage is over. */
export function nextStageAt({ status, exhaustedAt, stage, bounds, pausesMs }: Campaign): number | undefined {
  if (status.is !== 'running' || exhaustedAt === undefined || stage >= bounds.length - 1) return undefined
  return exhaustedAt + (pausesMs[stage] ?? 0)
}

export function foldCampaign(campaigns: Campaigns, event: CampaignEvent, at: number): void {
  if (event.type === 'CampaignDrafted') return drafted(campaigns, event, at)
  const campaign = campaigns.get(event.campaign)
  assert(campaign, 'a campaign is drafted before anything happens to it')
  switch (event.type) {
    case 'AudienceSealed':
      return audienceSealed(campaign, event)
    case 'CampaignApproved':
      campaign.status = { is: 'approved', by: event.by, at }
      campaign.approvedBy = event.by
      return
    case 'ApprovalRefused':
      return
    case 'CampaignStarted':
      campaign.status = { is: 'running' }
      campaign.startedAt = at
      return
    case 'CampaignPaused':
      campaign.status = { is: 'paused', by: event.by, reason: event.reason, at }
      return
    case 'CampaignHalted':
      campaign.status = { is: 'halted', finding: event.finding, at }
      return
    case 'ResumeAgreed':
      assert(campaign.status.is === 'halted', 'only what has halted takes two people to go on')
      campaign.status = { ...campaign.status, agreed: event.by }
      return
    case 'CampaignResumed':
      if (campaign.status.is === 'halted') campaign.known = campaign.counts.map(counts => ({ ...counts }))
      campaign.status = { is: 'running' }
      return
    case 'StageOpened':
      campaign.stage = event.stage
      delete campaign.exhaustedAt
      return
    case 'RecipientSkipped':
      campaign.counts[stageOf(campaign, event.ordinal)]!.skipped++
      return advance(campaign, event.mailbox, at)
    case 'CampaignEnded':
      campaign.status = { is: 'ended', how: event.how, by: event.by, at }
      if (campaign.live > 0) campaign.sweepAt = at
      return
    case 'CampaignSwept':
      if (event.again === undefined) delete campaign.sweepAt
      else campaign.sweepAt = event.again
      return
    default:
      return unreachable(event)
  }
}

function drafted(campaigns: Campaigns, { plan, by }: Extract<CampaignEvent, { type: 'CampaignDrafted' }>, at: number) {
  const before = campaigns.get(plan.id)
  const campaign: Campaign = {
    plan,
    shapedBy: [...new Set([...(before?.shapedBy ?? []), by])],
    draftedAt: before?.draftedAt ?? at,
    bounds: [],
    pausesMs: [],
    stage: 0,
    next: 0,
    cursor: '',
    status: { is: 'draft' },
    counts: [],
    known: [],
    live: 0,
  }
  campaigns.set(plan.id, campaign)
  if (before?.audience) setAudience(campaign, before.audience)
  for (const [id, one] of campaigns) {
    if (campaigns.size <= campaignsMax) return
    if (isEnded(one) && one.live === 0) campaigns.delete(id)
  }
}

function audienceSealed(
  campaign: Campaign,
  { audience, by }: Extract<CampaignEvent, { type: 'AudienceSealed' }>,
): void {
  if (!campaign.shapedBy.includes(by)) campaign.shapedBy.push(by)
  setAudience(campaign, audience)
}

function setAudience(campaign: Campaign, audience: Audience): void {
  const { bounds, stages } = boundsOf(campaign.plan.stages, audience.size)
  campaign.audience = audience
  delete campaign.approvedBy
  // The plan keeps all its stages: a larger audience may come, and has room for the small ones.
  campaign.bounds = bounds
  campaign.pausesMs = stages.map(({ pauseMs }) => pauseMs)
  campaign.counts = bounds.map(noCounts)
  campaign.known = bounds.map(noCounts)
  campaign.status = { is: 'sealed' }
}

function advance(campaign: Campaign, mailbox: Hash64, at: number): void {
  campaign.next++
  campaign.cursor = mailbox
  if (campaign.next >= campaign.bounds[campaign.stage]!) campaign.exhaustedAt = at
}

/** Which counter a message's end goes into. */
const ends = {
  MessageDelivered: 'delivered',
  MessageUndeliverable: 'undeliverable',
  MessageDiscarded: 'discarded',
  MessageExpired: 'expired',
  MessageRejected: 'rejected',
} as const

/** Takes in what happens to the messages of campaigns. Called before the message itself is changed, so that it can still be found. */
export function foldForCampaigns(campaigns: Campaigns, messages: LiveMessages, event: Event, at: number): void {
  if (campaigns.size === 0) return
  switch (event.type) {
    case 'MessageDecided': {
      const campaign = campaigns.get(event.message.campaign?.id ?? '')
      if (!campaign) return
      campaign.counts[stageOf(campaign, event.message.campaign!.ordinal)]![event.outcome]++
      if (event.outcome === 'deliver' || event.outcome === 'hold' || event.outcome === 'confirm') campaign.live++
      return advance(campaign, event.message.mailbox, at)
    }
    case 'MessageDelivered':
    case 'MessageUndeliverable':
    case 'MessageDiscarded':
    case 'MessageExpired':
    case 'MessageRejected':
      return count(campaigns, messages.get(event.id)?.facts.campaign, ends[event.type])
    case 'SubjectErased':
      for (const id of event.messages) count(campaigns, messages.get(id)?.facts.campaign, 'discarded')
      return
    case 'SignalReported':
      return countSignal(campaigns, messages, event.signal)
    default:
      return
  }
}

type Member = MessageFacts['campaign']

function count(campaigns: Campaigns, member: Member, counter: (typeof ends)[keyof typeof ends]): void {
  const campaign = campaigns.get(member?.id ?? '')
  if (!campaign) return
  campaign.counts[stageOf(campaign, member!.ordinal)]![counter]++
  campaign.live--
}

/** The campaign that a signal is about: that of the live message, or what the shell found in the register. */
export function memberOf(messages: LiveMessages, signal: SignalFacts): Member {
  if (!('message' in signal) || signal.message === undefined) return undefined
  return messages.get(signal.message)?.facts.campaign ?? signal.campaign
}

function countSignal(campaigns: Campaigns, messages: LiveMessages, signal: SignalFacts): void {
  const member = memberOf(messages, signal)
  const campaign = campaigns.get(member?.id ?? '')
  const counter = counterOf(signal)
  // An ordinal that was never asked for is nobody's: the shell looked up something that is not there.
  if (campaign && counter && member!.ordinal < campaign.next)
    campaign.counts[stageOf(campaign, member!.ordinal)]![counter]++
}

function counterOf(signal: SignalFacts): (typeof counters)[number] | undefined {
  switch (signal.kind) {
    case 'reported':
      return signal.report === 'question' ? undefined : 'reports'
    case 'provider':
      return signal.what === 'bounced' ? 'bounces' : signal.what === 'complained' ? 'complaints' : undefined
    case 'link-followed':
      return 'followed'
    case 'reset-completed':
      return 'completed'
    default:
      return undefined
  }
}

/** The sum over all stages. */
export function totals(campaign: Pick<Campaign, 'counts'>): Counts {
  const sum = noCounts()
  for (const counts of campaign.counts) for (const name of counters) sum[name] += counts[name]
  return sum
}

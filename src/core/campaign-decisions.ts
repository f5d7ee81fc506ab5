import { unreachable } from '../std/assert.ts'
import type { Hash64 } from '../std/hash64.ts'
import {
  type Audience,
  type Campaign,
  type CampaignEvent,
  type Campaigns,
  campaignsMax,
  dueAt,
  type HaltFinding,
  isEnded,
  isUnderWay,
  memberOf,
  nextStageAt,
  type Plan,
  type Threshold,
} from './campaigns.ts'
import type { Command, Decision, RefusalCode } from './commands.ts'
import type { Event, MessageFacts, MessageId } from './events.ts'
import { isSamePerson } from './people.ts'
import { classOf } from './policy.ts'
import type { State } from './state.ts'
import type { SuppressedFor } from './suppressions.ts'

/** What people, the feeder and the clock want of campaigns. `by` is the name of a person. */
export type CampaignCommand =
  | { type: 'DraftCampaign'; plan: Plan; by: string }
  | { type: 'SealAudience'; campaign: string; audience: Audience; by: string }
  /** `answer`: keyed hash of what the approver answered. */
  | { type: 'ApproveCampaign'; campaign: string; by: string; contentHash: string; audienceHash: string; answer: Hash64 }
  | { type: 'StartCampaign'; campaign: string; by: string }
  | { type: 'PauseCampaign'; campaign: string; by: string; reason: string }
  | { type: 'ResumeCampaign'; campaign: string; by: string }
  | { type: 'CancelCampaign'; campaign: string; by: string }
  | { type: 'SkipRecipient'; campaign: string; ordinal: number; mailbox: Hash64; why?: SuppressedFor }
  /** Look whether it has halted, goes on to its next stage, or is over. */
  | { type: 'CheckCampaign'; campaign: string }
  | { type: 'SweepCampaign'; campaign: string; inFlight: ReadonlySet<MessageId> }

export type CampaignRefusal =
  | 'campaign.unknown'
  | 'campaign.not-editable'
  | 'campaign.no-audience'
  | 'campaign.class-not-for-campaigns'
  | 'campaign.not-approved'
  | 'campaign.not-running'
  | 'campaign.not-paused'
  | 'campaign.not-next'
  | 'campaign.other-class'
  | 'campaign.expired'
  | 'campaign.ended'
  | 'campaign.started'
  | 'campaigns.too-many'
  | 'campaign.audience-size'
  | 'campaign.audience-tests'
  | 'campaign.template-not-approved'
  | 'approval.void'
  | 'approval.same-person'
  | 'approval.wrong-answer'
  | 'approval.not-due'

const commandTypes: Record<CampaignCommand['type'], true> = {
  DraftCampaign: true,
  SealAudience: true,
  ApproveCampaign: true,
  StartCampaign: true,
  PauseCampaign: true,
  ResumeCampaign: true,
  CancelCampaign: true,
  SkipRecipient: true,
  CheckCampaign: true,
  SweepCampaign: true,
}

export const isCampaignCommand = (command: Command): command is CampaignCommand =>
  Object.hasOwn(commandTypes, command.type)

const done = (...events: Event[]): Decision => ({ events, answer: { type: 'done' } })
const repeat: Decision = { events: [], answer: { type: 'repeat' } }
const refused = (code: RefusalCode, ...events: Event[]): Decision => ({ events, answer: { type: 'refused', code } })

export function decideCampaign(state: State, command: CampaignCommand, now: number): Decision {
  if (command.type === 'DraftCampaign') return draft(state, command.plan, command.by, now)
  const campaign = state.campaigns.get(command.campaign)
  if (!campaign) return refused('campaign.unknown')
  switch (command.type) {
    case 'SealAudience':
      return seal(campaign, command.audience, command.by)
    case 'ApproveCampaign':
      return approve(state, campaign, command, now)
    case 'StartCampaign':
      return start(state, campaign, command.by, now)
    case 'PauseCampaign': {
      const { type: _, ...pause } = command
      if (campaign.status.is === 'paused' || campaign.status.is === 'halted') return repeat
      return isUnderWay(campaign) ? done({ type: 'CampaignPaused', ...pause }) : refused('campaign.not-running')
    }
    case 'ResumeCampaign':
      return resume(campaign, command.by, now)
    case 'CancelCampaign': {
      const { campaign: id, by } = command
      if (isEnded(campaign)) return repeat
      return done({ type: 'CampaignEnded', campaign: id, how: 'cancelled', by })
    }
    case 'SkipRecipient': {
      const { type: _, ...skipped } = command
      if (campaign.status.is !== 'running') return refused('campaign.not-running')
      const isNext = command.ordinal === campaign.next && command.ordinal < (campaign.bounds[campaign.stage] ?? 0)
      if (!isNext) return refused('campaign.not-next')
      return { ...done({ type: 'RecipientSkipped', ...skipped }), next: [checkOf(command.campaign)] }
    }
    case 'CheckCampaign':
      return check(campaign, now)
    case 'SweepCampaign':
      return sweep(state, campaign, command.inFlight, now)
    default:
      return unreachable(command)
  }
}

const checkOf = (campaign: string): Command => ({ type: 'CheckCampaign', campaign })

function draft({ campaigns, policy }: State, plan: Plan, by: string, now: number): Decision {
  const before = campaigns.get(plan.id)
  if (before && (isUnderWay(before) || isEnded(before))) return refused('campaign.not-editable')
  if (classOf(policy, plan.class)?.lane !== 'campaign') return refused('campaign.class-not-for-campaigns')
  if (plan.expiresAt <= now) return refused('campaign.expired')
  if (!before && countOpen(campaigns) >= campaignsMax) return refused('campaigns.too-many')
  return done({ type: 'CampaignDrafted', plan, by })
}

const countOpen = (campaigns: Campaigns): number => [...campaigns.values()].filter(one => !isEnded(one)).length

function seal(campaign: Campaign, audience: Audience, by: string): Decision {
  if (isUnderWay(campaign) || isEnded(campaign)) return refused('campaign.not-editable')
  return done({ type: 'AudienceSealed', campaign: campaign.plan.id, audience, by })
}

type Approval = Extract<CampaignCommand, { type: 'ApproveCampaign' }>

/** Every refusal that somebody brought about is journalled: who tried to approve what, and why it did not count. */
function approve(state: State, campaign: Campaign, approval: Approval, now: number): Decision {
  const { plan, status, audience, shapedBy } = campaign
  const { by, contentHash, audienceHash, answer } = approval
  const no = (code: CampaignRefusal) => refused(code, { type: 'ApprovalRefused', campaign: plan.id, by, code })
  if (!audience) return no('campaign.no-audience')
  if (contentHash !== plan.contentHash || audienceHash !== audience.hash) return no('approval.void')
  if (status.is === 'approved' && isSamePerson(status.by, by)) return repeat
  if (status.is !== 'sealed') return no('approval.not-due')
  if (now >= plan.expiresAt) return no('campaign.expired')
  if (shapedBy.some(person => isSamePerson(person, by))) return no('approval.same-person')
  const off = offTarget(state, campaign)
  if (off) return no(off)
  if (!plan.answers.includes(answer)) return no('approval.wrong-answer')
  const approved: Event = { type: 'CampaignApproved', campaign: plan.id, by, contentHash, audienceHash }
  if (!plan.startsWhenApproved) return done(approved)
  return { ...done(approved), next: [{ type: 'StartCampaign', campaign: plan.id, by }] }
}

/**
 * Why this is not what the author meant to send to whom. An audience of test addresses alone is a rehearsal; a few among others say that the query
 * took in what it should not have.
 */
function offTarget({ policy, templates }: State, { plan, audience }: Campaign): CampaignRefusal | undefined {
  const { size, tests = 0 } = audience!
  const { expected, template } = plan
  if (expected && Math.abs(size - expected.count) > expected.tolerance) return 'campaign.audience-size'
  const isMixed = plan.kind === 'campaign' && tests > 0 && tests < size
  if (isMixed && !policy.deliversLocally) return 'campaign.audience-tests'
  if (template && templates.approvalOf(template, plan.class) !== 'approved') return 'campaign.template-not-approved'
  return undefined
}

function start(state: State, campaign: Campaign, by: string, now: number): Decision {
  const { plan, status, audience } = campaign
  if (status.is === 'running') return repeat
  if (status.is === 'ended') return refused('campaign.ended')
  if (status.is === 'paused' || status.is === 'halted') return refused('campaign.started')
  if (status.is !== 'approved' || !audience) return refused('campaign.not-approved')
  if (now >= plan.expiresAt) return refused('campaign.expired')
  const off = offTarget(state, campaign)
  if (off) return refused(off)
  return { ...done({ type: 'CampaignStarted', campaign: plan.id, by }), next: [checkOf(plan.id)] }
}

/** A person's pause ends by one person's word. What halted by itself goes on when two have looked at it. */
function resume({ plan, status }: Campaign, by: string, now: number): Decision {
  if (now >= plan.expiresAt) return refused('campaign.expired')
  const resumed: Event = { type: 'CampaignResumed', campaign: plan.id, by }
  if (status.is === 'running') return repeat
  if (status.is === 'paused') return { ...done(resumed), next: [checkOf(plan.id)] }
  if (status.is !== 'halted') return refused('campaign.not-paused')
  if (status.agreed === undefined) return done({ type: 'ResumeAgreed', campaign: plan.id, by })
  if (isSamePerson(status.agreed, by)) return refused('approval.same-person')
  return { ...done(resumed), next: [checkOf(plan.id)] }
}

function check(campaign: Campaign, now: number): Decision {
  const { plan, stage, bounds, next, live, status } = campaign
  if (isEnded(campaign)) return done()
  const end = (how: 'completed' | 'expired') => done({ type: 'CampaignEnded', campaign: plan.id, how, by: 'tocsin' })
  const isAsked = isUnderWay(campaign) && next >= (bounds.at(-1) ?? 0)
  if (isAsked && live === 0 && status.is === 'running') return end('completed')
  if (now >= plan.expiresAt) return end('expired')
  if (status.is !== 'running') return done()
  const opensAt = nextStageAt(campaign)
  const isOver = opensAt !== undefined && now >= opensAt
  const finding = findingOf(campaign, isOver)
  if (finding) return done({ type: 'CampaignHalted', campaign: plan.id, finding })
  if (!isOver) return done()
  return { ...done({ type: 'StageOpened', campaign: plan.id, stage: stage + 1 }), next: [checkOf(plan.id)] }
}

/** The first threshold that a stage has reached; `isOver`: the open stage has had its pause, and is judged by what was completed. */
function findingOf({ plan, counts, known, stage }: Campaign, isOver: boolean): HaltFinding | undefined {
  const { reports, bounces, complaints, completion } = plan.halts
  for (let i = 0; i <= stage; i++) {
    const [now, then] = [counts[i]!, known[i]!]
    const since = (name: keyof typeof now) => now[name] - then[name]
    const tried = since('delivered') + since('undeliverable')
    const bounced = since('undeliverable') + since('bounces')
    const found =
      over('reports', reports, since('reports'), since('delivered')) ??
      over('bounces', bounces, bounced, tried) ??
      over('complaints', complaints, since('complaints'), since('delivered'))
    if (found) return { ...found, stage: i }
  }
  if (!isOver || !completion) return undefined
  const since = (name: 'delivered' | 'completed' | 'followed') => counts[stage]![name] - known[stage]![name]
  const of = since('delivered')
  const count = Math.max(since('completed'), since('followed'))
  const { min, expected: rate } = completion
  if (of < min || !isFarBelow(count, of, rate)) return undefined
  return { what: 'completion', stage, count, of, min, rate }
}

type Found = Omit<HaltFinding, 'stage'>

function over(what: Found['what'], { min, rate }: Threshold, count: number, of: number): Found | undefined {
  return count >= min && count >= rate * of ? { what, count, of, min, rate } : undefined
}

/** More than three standard deviations of a binomial below what is expected; squared, since a root is not the same everywhere. */
function isFarBelow(count: number, of: number, rate: number): boolean {
  const short = rate * of - count
  return short > 0 && short * short > 9 * of * rate * (1 - rate)
}

const sweepAgainMs = 1000

/** What was never tried ends here. What was may have arrived: it is not called discarded, and its life ends by itself. */
function sweep({ messages }: State, { plan, sweepAt }: Campaign, inFlight: ReadonlySet<MessageId>, now: number) {
  if (sweepAt === undefined) return done()
  const events: Event[] = []
  let isWaiting = false
  for (const { facts, attempts } of messages.all()) {
    if (facts.campaign?.id !== plan.id || attempts > 0) continue
    if (inFlight.has(facts.id)) isWaiting = true
    else events.push({ type: 'MessageDiscarded', id: facts.id, by: 'tocsin', reason: 'its campaign has ended' })
  }
  const swept: CampaignEvent = { type: 'CampaignSwept', campaign: plan.id }
  return done(...events, isWaiting ? { ...swept, again: now + sweepAgainMs } : swept)
}

/** What a tick has to look at. */
export function campaignsDue({ campaigns }: State, inFlight: ReadonlySet<MessageId>, now: number): Command[] {
  const due: Command[] = []
  for (const campaign of campaigns.values()) {
    if (now < (dueAt(campaign) ?? Number.POSITIVE_INFINITY)) continue
    const { id } = campaign.plan
    due.push(isEnded(campaign) ? { type: 'SweepCampaign', campaign: id, inFlight } : checkOf(id))
  }
  return due
}

/** The checks that follow what has happened to messages of campaigns or was said about them; asked before it is folded, while they are found. */
export function checksAfter({ campaigns, messages }: State, events: readonly Event[]): Command[] {
  if (campaigns.size === 0) return []
  const ids = new Set<string>()
  for (const event of events) {
    const id = memberBehind(messages, event)?.id
    if (id !== undefined) ids.add(id)
    if (event.type === 'SubjectErased')
      for (const message of event.messages) ids.add(messages.get(message)?.facts.campaign?.id ?? '')
  }
  return [...ids].filter(id => campaigns.has(id)).map(checkOf)
}

function memberBehind(messages: State['messages'], event: Event): MessageFacts['campaign'] {
  switch (event.type) {
    case 'MessageDecided':
      return event.message.campaign
    case 'MessageDelivered':
    case 'MessageUndeliverable':
    case 'MessageDiscarded':
    case 'MessageExpired':
    case 'MessageRejected':
      return messages.get(event.id)?.facts.campaign
    case 'SignalReported':
      return memberOf(messages, event.signal)
    default:
      return undefined
  }
}

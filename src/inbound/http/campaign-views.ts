import { type Counts, nextStageAt, totals } from '../../core/campaigns.ts'
import { instantText } from '../../std/instant.ts'
import type { CorrectionCounts, DryRun, Known, Member } from '../campaigns.ts'
import type { CampaignView, CorrectionView, DryRunView } from './campaign-contract.ts'
import { channels } from './contract.ts'

// What is told of campaigns. Recipients leave only as the samples that an operator asked for.

export function campaignView({ campaign, title, question, inFlight, eta }: Known, now: number): CampaignView {
  const { plan, status, audience, bounds, pausesMs, stage, next, counts, shapedBy } = campaign
  const view: CampaignView = {
    id: plan.id,
    kind: plan.kind,
    class: plan.class,
    title,
    status: status.is,
    question,
    shapedBy,
    contentHash: plan.contentHash,
    recipients: audience?.size ?? 0,
    asked: next,
    inFlight,
    stage,
    stages: bounds.map((upTo, i) => ({ upTo, pauseMs: pausesMs[i] ?? 0, counts: told(counts[i]!) })),
    counts: told(totals(campaign)),
    draftedAt: instantText(campaign.draftedAt),
    expiresAt: instantText(plan.expiresAt),
  }
  if (plan.expected) view.expected = plan.expected
  if (audience) view.audienceHash = audience.hash
  if (campaign.approvedBy !== undefined) view.approvedBy = campaign.approvedBy
  if (eta && eta.to >= now) view.eta = { from: instantText(eta.from), to: instantText(eta.to) }
  const opensAt = nextStageAt(campaign)
  if (opensAt !== undefined) view.nextStageAt = instantText(opensAt)
  return Object.assign(view, statusView(status))
}

function statusView(status: Known['campaign']['status']): Partial<CampaignView> {
  switch (status.is) {
    case 'paused':
      return { paused: { by: status.by, reason: status.reason, at: instantText(status.at) } }
    case 'halted': {
      const { finding, at, agreed } = status
      return { halted: { finding, at: instantText(at), ...(agreed !== undefined && { agreed }) } }
    }
    case 'ended':
      return { ended: { how: status.how, by: status.by, at: instantText(status.at) } }
    default:
      return {}
  }
}

/** What is nothing is not told. */
const told = (counts: Counts): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))

const sampleOf = ({ recipient, account }: Member) => ({
  email: recipient.address,
  ...(account !== undefined && { account }),
})

export function dryRunView({ campaign, question }: Known, { size, content, samples, ...run }: DryRun): DryRunView {
  const { plan, bounds, pausesMs, audience } = campaign
  const { from, template, slots: _, ...parts } = content
  return {
    ...run,
    recipients: size,
    stages: bounds.map((upTo, i) => ({ upTo, pauseMs: pausesMs[i] ?? 0 })),
    content: {
      ...parts,
      ...(from && { from: from.mailbox.address }),
      ...(template && { template: `${template.name}@${template.version ?? ''}` }),
    },
    contentHash: plan.contentHash,
    ...(audience && { audienceHash: audience.hash }),
    question,
    samples: samples.map(sampleOf),
  }
}

export function correctionView(known: Known, counts: CorrectionCounts, samples: Member[], now: number): CorrectionView {
  const { messages: total, byState, ...rest } = counts
  return {
    ...campaignView(known, now),
    channels: [...channels],
    messages: { total, byState },
    ...rest,
    samples: samples.map(sampleOf),
  }
}

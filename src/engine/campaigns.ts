import { type Campaign, isEnded, isUnderWay, type Plan } from '../core/campaigns.ts'
import { capState } from '../core/caps.ts'
import type { Answer, Command } from '../core/commands.ts'
import { suppressedFor } from '../core/suppressions.ts'
import type { Hash64 } from '../std/hash64.ts'
import { answerHash, type CampaignVault, type Dossier, type HashedRecipient, type Recipient } from './campaign-vault.ts'
import type { Feeder } from './feeder.ts'
import type { Keyring } from './keyring.ts'
import { act } from './operator.ts'
import type { Partition } from './partition.ts'

export type CampaignParts = {
  partition: Partition
  vault: CampaignVault
  feeder: Feeder
  keyring: Pick<Keyring, 'hash'>
}

/** What an author asks for; hashes are made here. */
export type Draft = Omit<Plan, 'contentHash' | 'answers' | 'class' | 'application'> & Dossier & { accepted: string[] }

/** What an upload found. Lines are numbered from 1; of each kind at most `namedMax` are named. */
export type UploadFindings = {
  accepted: number
  duplicates: number
  duplicateLines: number[]
  refused: number
  refusedLines: { line: number; code: string }[]
  testAddresses: number
  testLines: number[]
}

export const namedMax = 1000

export const noFindings = (): UploadFindings => ({
  accepted: 0,
  duplicates: 0,
  duplicateLines: [],
  refused: 0,
  refusedLines: [],
  testAddresses: 0,
  testLines: [],
})

/** The first `namedMax` are named, all are counted. */
export function nameSome<T>(list: T[], ...more: T[]): void {
  for (const one of more) if (list.length < namedMax) list.push(one)
}

export type UploadLine = { line: number; recipient: HashedRecipient; isTest: boolean } | { line: number; code: string }

const isRefusal = (answer: Answer): answer is Extract<Answer, { type: 'refused' }> => answer.type === 'refused'

/** A draft, or the same one anew: what was approved before is void. Contents are stored before the journal names them. */
export async function draftCampaign(
  { partition, vault, keyring }: CampaignParts,
  { title, question, content, accepted, ...rest }: Draft,
  by: string,
): Promise<Answer> {
  await vault.open(rest.id)
  const contentHash = await vault.putDossier(rest.id, { title, question, content })
  const answers = [...new Set(accepted.map(answer => answerHash(keyring, rest.id, answer)))]
  const plan: Plan = { ...rest, class: content.class, application: content.application, contentHash, answers }
  return act(partition, { type: 'DraftCampaign', plan, by })
}

/**
 * Takes in an audience, all of it or, with `append`, more of it. The rows count when the journal names their revision and hash, so what an
 * upload that breaks off leaves behind is nobody's audience.
 */
export async function uploadAudience(
  { partition, vault }: CampaignParts,
  campaign: string,
  chunks: AsyncIterable<UploadLine[]>,
  { by, append }: { by: string; append: boolean },
): Promise<{ answer: Answer; findings: UploadFindings }> {
  const found = noFindings()
  const before = partition.state.campaigns.get(campaign)
  const refused = (code: 'campaign.unknown' | 'campaign.not-editable') => ({
    answer: { type: 'refused' as const, code },
    findings: found,
  })
  if (!before) return refused('campaign.unknown')
  if (isUnderWay(before) || isEnded(before)) return refused('campaign.not-editable')
  // Never into rows that may be sent from by the time they are written.
  const revision = await vault.store.newRevision(campaign)
  if (append && before.audience) {
    await vault.store.copy(campaign, before.audience.revision, revision)
    Object.assign(found, await findingsOf(vault, campaign, before.audience.revision))
  }
  for await (const chunk of chunks) await addChunk(vault, { campaign, revision }, chunk, found)
  const { hash, size } = await vault.audienceHash(campaign, revision, {
    withValues: before.plan.template !== undefined,
  })
  found.accepted = size
  await vault.store.setFindings(campaign, JSON.stringify({ revision, ...found }))
  const { testAddresses: tests } = found
  const audience = { hash, size, revision, ...(tests > 0 && { tests }) }
  const answer = await act(partition, { type: 'SealAudience', campaign, audience, by })
  if (!isRefusal(answer)) await vault.store.keepOnly(campaign, revision)
  return { answer, findings: found }
}

async function addChunk(
  vault: CampaignVault,
  { campaign, revision }: { campaign: string; revision: number },
  chunk: UploadLine[],
  found: UploadFindings,
): Promise<void> {
  const good = chunk.filter(line => 'recipient' in line)
  for (const line of chunk) {
    if ('recipient' in line) continue
    found.refused++
    nameSome(found.refusedLines, { line: line.line, code: line.code })
  }
  const duplicates = await vault.add(
    campaign,
    revision,
    good.map(({ recipient }) => recipient),
  )
  const again = new Set(duplicates)
  for (const [i, { line, isTest }] of good.entries()) {
    if (!isTest || again.has(i)) continue
    found.testAddresses++
    nameSome(found.testLines, line)
  }
  found.duplicates += duplicates.length
  nameSome(found.duplicateLines, ...duplicates.map(i => good[i]!.line))
}

/** Those of this revision; none where another upload has come in between. */
export async function findingsOf(vault: CampaignVault, campaign: string, revision: number): Promise<UploadFindings> {
  const stored = JSON.parse((await vault.store.find(campaign))?.findings ?? '{}') as Partial<
    UploadFindings & { revision: number }
  >
  const { revision: of, ...findings } = stored
  return of === revision ? { ...noFindings(), ...findings } : noFindings()
}

/** Whether what is stored is what the journal says: a byte or a recipient that was changed behind its back is found here. */
async function isAsSealed(vault: CampaignVault, { plan, audience }: Campaign): Promise<boolean> {
  if (!(await vault.dossier(plan.id, plan.contentHash))) return false
  if (!audience) return true
  const { hash, size } = await vault.audienceHash(plan.id, audience.revision, {
    withValues: plan.template !== undefined,
  })
  return hash === audience.hash && size === audience.size
}

export type Approval = { campaign: string; by: string; contentHash: string; audienceHash: string; answer: string }

export async function approveCampaign(parts: CampaignParts, { answer, ...approval }: Approval): Promise<Answer> {
  const { partition, vault, keyring } = parts
  const campaign = partition.state.campaigns.get(approval.campaign)
  if (campaign && !(await isAsSealed(vault, campaign))) return { type: 'refused', code: 'approval.void' }
  const hashed = answerHash(keyring, approval.campaign, answer)
  return act(partition, { type: 'ApproveCampaign', ...approval, answer: hashed })
}

export async function startCampaign({ partition, vault }: CampaignParts, campaign: string, by: string) {
  const known = partition.state.campaigns.get(campaign)
  const isDue = known?.status.is === 'approved'
  if (known && isDue && !(await isAsSealed(vault, known))) return { type: 'refused', code: 'approval.void' } as const
  return act(partition, { type: 'StartCampaign', campaign, by })
}

export const steerCampaign = (
  { partition }: CampaignParts,
  command: Extract<Command, { type: 'PauseCampaign' | 'ResumeCampaign' | 'CancelCampaign' }>,
): Promise<Answer> => act(partition, command)

/** Messages of a campaign that are with the world right now. */
export function inFlightOfCampaign({ partition }: Pick<CampaignParts, 'partition'>, campaign: string): number {
  return partition.inFlightWhere(({ facts }) => facts.campaign?.id === campaign)
}

export type DryRun = UploadFindings & {
  size: number
  /** Erased since the audience was taken in. */
  erased: number
  /** Whose mailbox has had as many bulk mails as its cap allows for now. */
  capped: number
  /** Whose mail bounced for good lately, or who complained: passed over. */
  suppressed: number
  samples: Recipient[]
}

const readAtOnce = 2000
const samplesMax = 3

/** What would happen if it started now. Reads the whole audience: some 100,000 recipients a second. */
export async function dryRun({ partition, vault }: CampaignParts, campaign: Campaign): Promise<DryRun> {
  const { plan, audience } = campaign
  const found = audience ? await findingsOf(vault, plan.id, audience.revision) : noFindings()
  const run: DryRun = { ...found, size: audience?.size ?? 0, erased: 0, capped: 0, suppressed: 0, samples: [] }
  if (!audience || isEnded(campaign)) return run
  for (let after = ''; ; ) {
    const rows = await vault.store.page(plan.id, audience.revision, { after, limit: readAtOnce })
    for (const row of rows) {
      if (row.sealed.length === 0) run.erased++
      else if (run.samples.length < samplesMax) run.samples.push((await vault.recipient(plan.id, row))!)
      if (plan.kind !== 'campaign') continue
      if (suppressedFor(partition.state.suppressions, row.mailbox, partition.now())) run.suppressed++
      else if (isCapped(partition, row.mailbox)) run.capped++
    }
    if (rows.length < readAtOnce) return run
    after = rows.at(-1)!.mailbox
  }
}

function isCapped(partition: Partition, mailbox: Hash64): boolean {
  const { caps, policy } = partition.state
  return capState(caps, mailbox, 'campaign', policy.caps.campaign, { now: partition.now() }).full
}

/** Before a person's keys are destroyed: whoever has not been written to yet is passed over from here on. */
export async function forgetInAudiences({ vault, feeder }: Pick<CampaignParts, 'vault' | 'feeder'>, subject: Hash64) {
  await vault.store.erase(subject)
  // What was read before is decided by then, and so among the messages that are erased next.
  await feeder.quiet()
}

/** When the rest will have been asked for, as an interval of instants, ms: two standard deviations of the pace so far, and the pauses. */
export function etaOf(campaign: Campaign, now: number): { from: number; to: number } | undefined {
  const { startedAt, next, bounds, stage, pausesMs, exhaustedAt, status } = campaign
  const size = bounds.at(-1) ?? 0
  if (status.is !== 'running' || startedAt === undefined || next < asksMin) return undefined
  const pausedMs = pausesMs.slice(0, stage).reduce((sum, ms) => sum + ms, 0)
  const askedMs = Math.max(1, (exhaustedAt ?? now) - startedAt - pausedMs)
  const spread = 2 * Math.sqrt(next)
  const rest = (pace: number) => (size - next) / (pace / askedMs)
  const running = exhaustedAt === undefined ? 0 : now - exhaustedAt
  const pauses = pausesMs.slice(stage, -1).reduce((sum, ms) => sum + ms, 0)
  const ahead = Math.max(0, pauses - running)
  return { from: Math.round(now + ahead + rest(next + spread)), to: Math.round(now + ahead + rest(next - spread)) }
}

const asksMin = 20

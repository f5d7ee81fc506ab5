import type pg from 'pg'
import type { Config } from './config.ts'
import type { Campaign } from './core/campaigns.ts'
import type { Answer } from './core/commands.ts'
import { markedAtOnceMax } from './core/events.ts'
import type { CampaignContent, CampaignVault, HashedRecipient, Recipient } from './engine/campaign-vault.ts'
import {
  approveCampaign,
  type CampaignParts,
  draftCampaign,
  dryRun,
  etaOf,
  inFlightOfCampaign,
  startCampaign,
  steerCampaign,
  type UploadLine,
  uploadAudience,
} from './engine/campaigns.ts'
import { correctionMessagesMax, draftCorrection } from './engine/corrections.ts'
import type { Feeder } from './engine/feeder.ts'
import type { Keyring } from './engine/keyring.ts'
import { act } from './engine/operator.ts'
import type { Partition } from './engine/partition.ts'
import type {
  Acted,
  AudienceLine,
  CampaignPort,
  Content,
  Corrected,
  CorrectionOrder,
  CorrectionSet,
  Draft,
  Known,
  Marking,
  MarkOrder,
  Member,
  Refused,
} from './inbound/campaigns.ts'
import { addressedTo } from './inbound/requests.ts'
import { available } from './operator-port.ts'
import type { Mailbox } from './std/mailbox.ts'
import type { OpenTemplates } from './template-writer.ts'
import { slotFaults } from './templates/render.ts'
import { sampleCode } from './templates/samples.ts'
import type { Register } from './views/register.ts'
import { correctionsSince, type WrongfulQuery, wrongfulMessages } from './views/wrongful.ts'

export type CampaignDeps = {
  config: Pick<Config, 'application' | 'correctionTexts' | 'isAllowListed'>
  partition: Partition
  vault: CampaignVault
  feeder: Feeder
  keyring: Keyring
  pool: pg.Pool
  register: Register
  newId(): string
  templates: Pick<OpenTemplates, 'library' | 'write'>
}

/** The engine's campaigns as HTTP sees them. */
export function campaignPort(deps: CampaignDeps): CampaignPort {
  const { partition, vault, newId } = deps
  const parts: CampaignParts = deps
  const find = (id: string) => partition.state.campaigns.get(id)
  return {
    draft: (draft, by, id) => available(() => drafted(deps, draft, by, id ?? newId())),
    audience: (id, lines, options) =>
      available(async () => {
        const checked = withValues(deps, find(id)?.plan, hashed(deps, lines))
        const { answer, findings } = await uploadAudience(parts, id, checked, options)
        return refusalOf(answer) ?? { status: 'done', findings, hash: find(id)!.audience!.hash }
      }),
    find: id => available(async () => knownOf(deps, find(id))),
    list: () =>
      available(async () => {
        const all = [...partition.state.campaigns.values()].sort((a, b) => b.draftedAt - a.draftedAt)
        return Promise.all(all.map(async one => (await knownOf(deps, one))!))
      }),
    dryRun: id =>
      available(async () => {
        const campaign = find(id)
        const dossier = campaign && (await vault.dossier(id, campaign.plan.contentHash))
        if (!campaign || !dossier) return undefined
        const run = await dryRun(parts, campaign)
        return { ...run, content: await shownContent(deps, dossier.content, run.samples[0]) }
      }),
    approve: (campaign, approval) => acted(approveCampaign(parts, { campaign, ...approval })),
    start: (id, by) => acted(startCampaign(parts, id, by)),
    pause: (campaign, by, reason) =>
      available(async () => {
        const answer = await steerCampaign(parts, { type: 'PauseCampaign', campaign, by, reason })
        return refusalOf(answer) ?? { status: 'done', handedOver: inFlightOfCampaign(parts, campaign) }
      }),
    resume: (campaign, by) =>
      available(async () => {
        const answer = await steerCampaign(parts, { type: 'ResumeCampaign', campaign, by })
        return refusalOf(answer) ?? { status: 'done', awaitsSecondPerson: find(campaign)?.status.is === 'halted' }
      }),
    cancel: (campaign, by) => acted(steerCampaign(parts, { type: 'CancelCampaign', campaign, by })),
    correct: (order, by) => available(() => corrected(deps, order, by)),
    mark: (order, by) => available(() => marked(deps, order, by)),
  }
}

const refusalOf = (answer: Answer): Refused | undefined =>
  answer.type === 'refused' ? { status: 'refused', code: answer.code } : undefined

const acted = (answer: Promise<Answer>): Promise<Acted> =>
  available(async () => refusalOf(await answer) ?? { status: 'done' })

async function drafted(deps: CampaignDeps, draft: Draft, by: string, id: string) {
  const { application } = deps.config
  const known = deps.partition.state.campaigns.get(id)
  // Its text was approved ahead and its people are those who got the message: there is nothing to draft anew.
  if (known?.plan.kind === 'correction') return { status: 'refused', code: 'campaign.not-editable' } as const
  const { class: name, content, ...rest } = draft
  const { template: named, subject, ...said } = content
  const template = named && approvedVersion(deps, name, named)
  if (named && !template) return { status: 'refused', code: 'campaign.template-not-approved' } as const
  const pinned = template ? { template } : { subject }
  const answer = await draftCampaign(
    deps,
    {
      ...rest,
      ...(template && { template }),
      id,
      kind: 'campaign',
      content: { class: name, application: application.name, ...said, ...pinned },
      startsWhenApproved: false,
    },
    by,
  )
  return refusalOf(answer) ?? ({ status: 'done', id } as const)
}

/** The version that is approved now; later ones change nothing of what two people look at. */
function approvedVersion(
  { partition }: CampaignDeps,
  className: string,
  { name, version }: { name: string; version?: string },
): { name: string; version: string; hash: string } | undefined {
  const { templates } = partition.state
  const meant = version === undefined ? templates.newestApproved(name) : templates.version({ template: name, version })
  const pinned = meant && { name, version: meant.version, hash: meant.hash }
  return pinned && templates.approvalOf(pinned, className) === 'approved' ? pinned : undefined
}

/** Refuses whoever brings other values than the template of the campaign takes. */
async function* withValues(
  { vault, templates }: CampaignDeps,
  plan: Campaign['plan'] | undefined,
  chunks: AsyncIterable<UploadLine[]>,
): AsyncGenerator<UploadLine[]> {
  const compiled = plan?.template?.hash === undefined ? undefined : await templates.library.find(plan.template.hash)
  const common = compiled && (await vault.dossier(plan!.id, plan!.contentHash))?.content.slots
  for await (const chunk of chunks)
    yield chunk.map(line => {
      if (!('recipient' in line)) return line
      const [fault] = slotFaults(compiled ?? { slots: {} }, { ...common, ...line.recipient.slots })
      return fault ? { line: line.line, code: fault.code } : line
    })
}

/** What the first of the audience would get, where each gets something else. */
async function shownContent(
  { templates }: CampaignDeps,
  { class: className, from, subject = '', text, html, template, slots }: CampaignContent,
  first: Recipient | undefined,
): Promise<Content> {
  const sender = from && { from }
  if (!template) return { subject, ...sender, ...(text !== undefined && { text }), ...(html !== undefined && { html }) }
  const values = { ...slots, ...first?.slots }
  const wanted = { ...template, slots: values, ...(first?.locale !== undefined && { locale: first.locale }) }
  const written = await templates.write({ class: className, code: sampleCode }, wanted)
  const shown = { template: { name: template.name, version: template.version }, ...sender }
  if (written.status !== 'written') return { subject: '', ...shown }
  return { subject: written.subject, text: written.text, html: written.html, ...shown }
}

/** The names that are kept for tests and documentation (RFC 2606, RFC 6761): nobody has a mailbox there. */
const reservedDomain = /(?:^|\.)(?:test|example|invalid|localhost|example\.(?:com|net|org))$/

function hashedMember({ keyring }: Pick<CampaignDeps, 'keyring'>, member: Member): HashedRecipient {
  const { recipient, account } = member
  const { mailbox, address, account: owner = address } = addressedTo(keyring, recipient, account)
  return { ...member, hashes: { mailbox, address, account: owner } }
}

async function* hashed(deps: CampaignDeps, chunks: AsyncIterable<AudienceLine[]>): AsyncGenerator<UploadLine[]> {
  const isTest = (mailbox: Mailbox) => reservedDomain.test(mailbox.domain) || deps.config.isAllowListed(mailbox)
  for await (const chunk of chunks)
    yield chunk.map(one => {
      if (!('member' in one)) return one
      return { line: one.line, recipient: hashedMember(deps, one.member), isTest: isTest(one.member.recipient) }
    })
}

async function knownOf(deps: CampaignDeps, campaign: Campaign | undefined): Promise<Known | undefined> {
  if (!campaign) return undefined
  const { id, contentHash } = campaign.plan
  const dossier = await deps.vault.dossier(id, contentHash)
  const known: Known = {
    campaign,
    title: dossier?.title ?? '',
    question: dossier?.question ?? '',
    inFlight: inFlightOfCampaign(deps, id),
  }
  const eta = etaOf(campaign, deps.partition.now())
  if (eta) known.eta = eta
  return known
}

/** Where the set lies in the register, or why it cannot be found. */
function queryOf({ partition }: CampaignDeps, set: CorrectionSet): WrongfulQuery | 'unknown-alarm' | 'no-stop' {
  if ('ids' in set) return set
  const { alarm, stop, ...place } = set
  if (alarm === undefined && !stop) return place
  const found = partition.state.stops.find(
    ({ scope, breaker }) => scope.class === place.class && (alarm === undefined || breaker?.alarm === alarm),
  )
  if (!found) return alarm === undefined ? 'no-stop' : 'unknown-alarm'
  return { ...found.scope, ...place }
}

const day = 24 * 3_600_000
const lifetimeMs = 3 * day

/** What is said of messages that were sent; of those that never were, nothing is asked. */
async function marked(deps: CampaignDeps, { set, mark, reason }: MarkOrder, by: string): Promise<Marking> {
  const query = queryOf(deps, set)
  if (typeof query === 'string') return { status: query }
  let messages = 0
  for await (const page of wrongfulMessages(deps.register, deps.pool, query)) {
    if (messages + page.length > correctionMessagesMax) return { status: 'too-large' }
    for (let i = 0; i < page.length; i += markedAtOnceMax) {
      const ids = page.slice(i, i + markedAtOnceMax).map(({ id }) => id)
      await act(deps.partition, { type: 'MarkMessages', mark, messages: ids, by, reason })
    }
    messages += page.length
  }
  return { status: 'marked', messages }
}

async function corrected(
  deps: CampaignDeps,
  { set, text: name, to, mark }: CorrectionOrder,
  by: string,
): Promise<Corrected> {
  const { config, register, pool, partition } = deps
  const approved = Object.hasOwn(config.correctionTexts, name) ? config.correctionTexts[name] : undefined
  if (!approved) return { status: 'unknown-text' }
  const query = queryOf(deps, set)
  if (typeof query === 'string') return { status: query }
  const { classes, ...text } = approved
  if ('class' in query && classes && !classes.includes(query.class)) return { status: 'text-not-for-class' }
  const result = await draftCorrection(deps, {
    set: () => wrongfulMessages(register, pool, query),
    name,
    text,
    application: config.application.name,
    to,
    by,
    lifetimeMs,
    correctedSince: at => correctionsSince(pool, at),
  })
  if (result.status === 'refused') return { status: 'refused', code: result.answer.code }
  if (result.status === 'too-large' || result.status === 'nobody') return result
  // What is corrected was sent in error, unless whoever drafts says otherwise; the same order again does not undo what was said since.
  const said = mark ?? (result.status === 'drafted' ? 'sent-in-error' : 'none')
  if (said !== 'none') await marked(deps, { set, mark: said, reason: `correction: ${name}` }, by)
  const { campaign, ...rest } = result
  return { ...rest, known: (await knownOf(deps, partition.state.campaigns.get(campaign)))! }
}

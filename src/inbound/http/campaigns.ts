import type { FastifyInstance, FastifyRequest } from 'fastify'
import { parseInstant } from '../../std/instant.ts'
import { type NamedMailbox, parseAddressHeader } from '../../std/mailbox.ts'
import type { CampaignPort, Content, Draft, Refused } from '../campaigns.ts'
import { actor } from './access.ts'
import { audienceLines, inlineLines } from './audience.ts'
import {
  ApproveBody,
  AudienceAnswer,
  AudienceQuery,
  audienceBytesMax,
  CampaignBody,
  CampaignList,
  CampaignParams,
  CampaignPauseBody,
  CampaignPaused,
  CampaignView,
  campaignBodyBytesMax,
  DryRunView,
  Resumed,
} from './campaign-contract.ts'
import { campaignView, dryRunView } from './campaign-views.ts'
import { contentBytesMax, Done, type Fault } from './contract.ts'
import { answers, operation } from './documentation.ts'
import { bodyFault, lineFault, namedTemplate } from './message.ts'
import { type ProblemCode, problems, Refusal } from './problems.ts'
import type { RouteDeps } from './server.ts'

export function campaignRoutes(app: FastifyInstance, deps: RouteDeps): void {
  draftRoutes(app, deps)
  readRoutes(app, deps)
  steeringRoutes(app, deps)
}

function draftRoutes(app: FastifyInstance, { campaigns: port, now }: RouteDeps): void {
  const drafted = (summary: string, params?: typeof CampaignParams) => ({
    config: { access: 'operate' as const },
    bodyLimit: campaignBodyBytesMax,
    schema: operation(summary, {
      body: CampaignBody,
      ...(params && { params }),
      response: { 201: CampaignView, 200: CampaignView, ...answers(400, 401, 403, 404, 409, 413, 415, 422, 500, 503) },
    }),
  })
  app.post('/v1/campaigns', {
    ...drafted('Draft an intended bulk send'),
    handler: async (request, reply) => reply.code(201).send(await draft(port, request, now())),
  })
  app.put('/v1/campaigns/:id', {
    ...drafted('Draft it anew; what was approved is void', CampaignParams),
    handler: async request => {
      const id = idOf(request)
      if (!(await port.find(id))) throw new Refusal('campaign.unknown')
      return draft(port, request, now(), id)
    },
  })
  app.put('/v1/campaigns/:id/audience', {
    config: { access: 'operate', streamBytesMax: audienceBytesMax },
    schema: operation('Its audience, one recipient a line; replaces the one before, or adds to it', {
      consumes: ['application/x-ndjson'],
      params: CampaignParams,
      querystring: AudienceQuery,
      response: { 200: AudienceAnswer, ...answers(400, 401, 403, 404, 409, 413, 415, 422, 500, 503) },
    }),
    handler: request => putAudience(port, request),
  })
}

function readRoutes(app: FastifyInstance, { campaigns: port, now }: RouteDeps): void {
  app.get('/v1/campaigns', {
    config: { access: 'operate' },
    schema: operation('All campaigns and corrections, newest first', {
      response: { 200: CampaignList, ...answers(401, 403, 500, 503) },
    }),
    handler: async () => ({ items: (await port.list()).map(known => campaignView(known, now())) }),
  })
  app.get('/v1/campaigns/:id', {
    config: { access: 'operate' },
    schema: operation('Where it stands', {
      params: CampaignParams,
      response: { 200: CampaignView, ...answers(401, 403, 404, 500, 503) },
    }),
    handler: async request => view(port, idOf(request), now()),
  })
  app.get('/v1/campaigns/:id/dry-run', {
    config: { access: 'operate' },
    schema: operation('What would happen if it started now', {
      params: CampaignParams,
      response: { 200: DryRunView, ...answers(401, 403, 404, 500, 503) },
    }),
    handler: async request => {
      const id = idOf(request)
      const [known, run] = [await port.find(id), await port.dryRun(id)]
      if (!known || !run) throw new Refusal('campaign.unknown')
      return dryRunView(known, run)
    },
  })
}

function steeringRoutes(app: FastifyInstance, { campaigns: port }: RouteDeps): void {
  const act = (path: string, summary: string, body: object | undefined, ok: object) => ({
    url: `/v1/campaigns/:id/${path}`,
    method: 'POST' as const,
    config: { access: 'operate' as const },
    schema: operation(summary, {
      params: CampaignParams,
      ...(body && { body: body as typeof ApproveBody }),
      response: { 200: ok, ...answers(400, 401, 403, 404, 409, 413, 415, 422, 500, 503) },
    }),
  })
  app.route({
    ...act('approve', 'Approve this content for this audience, as a second person', ApproveBody, Done),
    handler: async request =>
      done(await port.approve(idOf(request), { ...(request.body as ApproveBody), by: actor(request) })),
  })
  app.route({
    ...act('start', 'Start what was approved', undefined, Done),
    handler: async request => done(await port.start(idOf(request), actor(request))),
  })
  app.route({
    ...act('pause', 'Pause it; answers when the pause holds', CampaignPauseBody, CampaignPaused),
    handler: async request => {
      const { reason } = request.body as { reason: string }
      const { handedOver } = checked(await port.pause(idOf(request), actor(request), reason))
      return { handedOver }
    },
  })
  app.route({
    ...act('resume', 'Let it go on; what halted by itself takes two people', undefined, Resumed),
    handler: async request => {
      const { awaitsSecondPerson } = checked(await port.resume(idOf(request), actor(request)))
      return { status: awaitsSecondPerson ? 'halted' : 'running', awaitsSecondPerson }
    },
  })
  app.route({
    ...act('cancel', 'End it; what was never tried is discarded', undefined, Done),
    handler: async request => done(await port.cancel(idOf(request), actor(request))),
  })
}

const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id.toLowerCase()

export function checked<T extends { status: string }>(result: T | Refused): Exclude<T, Refused> {
  if (result.status !== 'refused') return result as Exclude<T, Refused>
  const { code } = result as Refused
  throw new Refusal(Object.hasOwn(problems, code) ? (code as ProblemCode) : 'internal')
}

function done(result: { status: string }): { done: true } {
  checked(result)
  return { done: true }
}

async function view(port: CampaignPort, id: string, now: number): Promise<CampaignView> {
  const known = await port.find(id)
  if (!known) throw new Refusal('campaign.unknown')
  return campaignView(known, now)
}

async function draft(port: CampaignPort, request: FastifyRequest, now: number, id?: string): Promise<CampaignView> {
  const body = request.body as CampaignBody
  const by = actor(request)
  const { id: drafted } = checked(await port.draft(draftOf(body, now), by, id))
  if (body.audience) checked(await port.audience(drafted, inlineLines(body.audience), { by, append: false }))
  return view(port, drafted, now)
}

const minute = 60_000
const pauseDefault = 10 * minute
/** A canary of 20, a hundredth, a tenth, all. */
const stagesDefault: Draft['stages'] = [
  { messages: 20, pauseMs: pauseDefault },
  { share: 0.01, pauseMs: pauseDefault },
  { share: 0.1, pauseMs: pauseDefault },
  { share: 1, pauseMs: 0 },
]
const haltsDefault: Draft['halts'] = {
  reports: { min: 3, rate: 0.002 },
  bounces: { min: 5, rate: 0.05 },
  complaints: { min: 3, rate: 0.001 },
}

function draftOf(body: CampaignBody, now: number): Draft {
  const faults: Fault[] = []
  const content = contentOf(body, faults)
  const expiresAt = parseInstant(body.expiresAt)!
  if (expiresAt <= now)
    faults.push({ pointer: '/expiresAt', code: 'field.in-the-past', detail: 'must be in the future' })
  const stages = body.stages?.map(({ pauseMs = pauseDefault, ...size }) => ({ ...size, pauseMs })) ?? stagesDefault
  for (const [i, { messages, share }] of stages.entries())
    if ((messages === undefined) === (share === undefined))
      faults.push({ pointer: `/stages/${i}`, code: 'stage.one-size', detail: 'give messages or share, one of the two' })
  for (const i of emptyStages(stages))
    faults.push({
      pointer: `/stages/${i}`,
      code: 'campaign.stage-adds-nobody',
      detail: 'stages count from the first recipient on: give more than the stage before has',
    })
  if (stages.at(-1)?.share !== 1)
    faults.push({
      pointer: `/stages/${stages.length - 1}`,
      code: 'stage.not-all',
      detail: 'the last stage has share 1',
    })
  if (faults.length > 0 || !content) throw new Refusal('request.invalid', { faults })
  const { title, question } = body
  const { accepted, text } = question
  const halts = { ...haltsDefault, ...definedOf(body.halts ?? {}) }
  const draft: Draft = { class: body.class, title, question: text, accepted, content, stages, halts, expiresAt }
  if (body.expected) draft.expected = { tolerance: 0, ...body.expected }
  return draft
}

/** Stages that end where one before them has ended already, whatever the size of the audience. */
function emptyStages(stages: Draft['stages']): number[] {
  const most = { messages: 0, share: 0 }
  const empty: number[] = []
  for (const [i, { messages = 0, share = 0 }] of stages.entries()) {
    if (messages <= most.messages && share <= most.share) empty.push(i)
    most.messages = Math.max(most.messages, messages)
    most.share = Math.max(most.share, share)
  }
  return empty
}

const definedOf = (halts: NonNullable<CampaignBody['halts']>): Partial<Draft['halts']> =>
  Object.fromEntries(Object.entries(halts).filter(([, value]) => value !== undefined))

function contentOf({ title, content, question }: CampaignBody, faults: Fault[]): Content | undefined {
  const add = (pointer: string, code: string, detail: string) => void faults.push({ pointer, code, detail })
  const { subject, text, html, template } = content
  const from = content.from === undefined ? undefined : parseAddressHeader(content.from)
  if (from?.ok === false) add('/content/from', `mailbox.${from.code}`, from.detail)
  lineFault(title, '/title', add)
  lineFault(subject, '/content/subject', add)
  bodyFault(question.text, '/question/text', contentBytesMax, add)
  bodyFault(text, '/content/text', contentBytesMax, add)
  bodyFault(html, '/content/html', contentBytesMax, add)
  if (template !== undefined) return fromTemplate(content, from?.ok ? from : undefined, add)
  if (content.slots) add('/content/slots', 'content.slots-without-template', 'slots fill a template, and none is named')
  if (subject === undefined) add('/content/subject', 'field.missing', 'a subject is required')
  if (text === undefined && html === undefined) add('/content/text', 'content.missing', 'text or html is required')
  if (subject === undefined) return undefined
  const said: Content = { subject }
  if (from?.ok)
    said.from = from.name === undefined ? { mailbox: from.mailbox } : { name: from.name, mailbox: from.mailbox }
  if (text !== undefined) said.text = text
  if (html !== undefined) said.html = html
  return said
}

/** One that a person has approved says all: nothing besides it. */
function fromTemplate(
  content: CampaignBody['content'],
  from: NamedMailbox | undefined,
  add: (pointer: string, code: string, detail: string) => void,
): Content | undefined {
  for (const field of ['subject', 'text', 'html'] as const)
    if (content[field] !== undefined)
      add(`/content/${field}`, 'content.two-kinds', 'a campaign has a template or its own content, not both')
  const named = namedTemplate(content.template!)
  if (!named) return void add('/content/template', 'template.malformed', 'must be `name` or `name@version`')
  const said: Content = { subject: '', template: named }
  if (content.slots) said.slots = content.slots
  if (from) said.from = from.name === undefined ? { mailbox: from.mailbox } : { name: from.name, mailbox: from.mailbox }
  return said
}

async function putAudience(port: CampaignPort, request: FastifyRequest): Promise<AudienceAnswer> {
  const body = request.body as AsyncIterable<Buffer> | undefined
  if (body === undefined || !(Symbol.asyncIterator in Object(body))) throw new Refusal('body.media-type')
  const append = (request.query as { append?: string }).append === 'true'
  const { findings, hash } = checked(
    await port.audience(idOf(request), audienceLines(body), { by: actor(request), append }),
  )
  return { ...findings, audienceHash: hash }
}

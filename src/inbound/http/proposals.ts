import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { HoldAction, HoldQuery } from '../../core/proposals.ts'
import { explain, type ReasonCode, reasonCodes } from '../../core/reasons.ts'
import { instantText, parseInstant } from '../../std/instant.ts'
import type { ProposalStatus, Proposed, SampledHold } from '../operator.ts'
import { actor } from './access.ts'
import { MessageParams, ProposalList, ProposalView, ProposeBody } from './contract.ts'
import { answers, operation } from './documentation.ts'
import { Refusal } from './problems.ts'
import type { RouteDeps } from './server.ts'

// Releasing or discarding many held messages takes two people: one proposes a set, which is fixed then, and another one approves it.

export function proposalRoutes(app: FastifyInstance, deps: RouteDeps): void {
  for (const action of ['release', 'discard'] as const)
    app.post(`/v1/holds/${action}`, {
      config: { access: 'operate' },
      schema: operation(`Propose to ${action} what is held now and fits a query; a second person approves it`, {
        body: ProposeBody,
        response: { 202: ProposalView, ...answers(400, 401, 403, 404, 409, 413, 415, 422, 500, 503) },
      }),
      handler: (request, reply) => propose(deps, action, request, reply),
    })

  app.get('/v1/proposals', {
    config: { access: 'operate' },
    schema: operation('Proposals and how far they are, newest first', {
      response: { 200: ProposalList, ...answers(401, 403, 500, 503) },
    }),
    handler: async () => ({ items: (await deps.operator.proposals()).map(one => viewOf(one, deps.now())) }),
  })

  app.get('/v1/proposals/:id', {
    config: { access: 'operate' },
    schema: operation('One proposal and how far it is', {
      params: MessageParams,
      response: { 200: ProposalView, ...answers(401, 403, 404, 500, 503) },
    }),
    handler: async request => {
      const id = idOf(request)
      const found = (await deps.operator.proposals()).find(one => one.id === id)
      if (!found) throw new Refusal('proposal.unknown')
      return viewOf(found, deps.now())
    },
  })

  for (const act of ['approve', 'cancel'] as const)
    app.post(`/v1/proposals/:id/${act}`, {
      config: { access: 'operate' },
      schema: operation(summaries[act], {
        params: MessageParams,
        response: { 200: ProposalView, ...answers(401, 403, 404, 409, 500, 503) },
      }),
      handler: async request => {
        return viewOrRefusal(await deps.operator[act](idOf(request), actor(request)), deps.now())
      },
    })
}

const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id.toLowerCase()

const summaries = {
  approve: 'Approve a proposal of somebody else; it is then carried out',
  cancel: 'Cancel a proposal; what of it is still held stays held',
}

async function propose(deps: RouteDeps, action: HoldAction, request: FastifyRequest, reply: FastifyReply) {
  const { query, reason } = request.body as ProposeBody
  const proposed = await deps.operator.propose({
    action,
    query: holdQueryOf(query, '/query'),
    reason,
    by: actor(request),
  })
  return reply.code(202).send(viewOrRefusal(proposed, deps.now()))
}

function viewOrRefusal(proposed: Proposed, now: number): ProposalView {
  if (proposed.status === 'refused') throw new Refusal(proposed.code)
  return viewOf(proposed.proposal, now)
}

/** A query as it was asked, checked and with its instants read. `under`: where it stands in the request. */
export function holdQueryOf({ reason, from, to, ...scope }: ProposeBody['query'], under = ''): HoldQuery {
  if (reason !== undefined && !isReason(reason)) {
    const detail = 'not a code of a decision; docs/errors.md lists them'
    throw new Refusal('request.invalid', {
      faults: [{ pointer: `${under}/reason`, code: 'field.not-allowed', detail }],
    })
  }
  const query: HoldQuery = { ...scope }
  if (reason !== undefined) query.reason = reason
  if (from !== undefined) query.from = parseInstant(from)!
  if (to !== undefined) query.to = parseInstant(to)!
  return query
}

const isReason = (code: string): code is ReasonCode => (reasonCodes as string[]).includes(code)

function viewOf(proposal: ProposalStatus, now: number): ProposalView {
  const { id, action, reason, by, count, digest, approvedBy, approvedAt, done, refused, waiting, ended } = proposal
  const { from, to, ...scope } = proposal.query
  return {
    id,
    action,
    state: stateOf(proposal, now),
    query: {
      ...scope,
      ...(from !== undefined && { from: instantText(from) }),
      ...(to !== undefined && { to: instantText(to) }),
    },
    reason,
    by,
    at: instantText(proposal.at),
    expiresAt: instantText(proposal.expiresAt),
    count,
    digest,
    sample: proposal.sample.map(sampleOf),
    ...(approvedBy !== undefined && { approvedBy }),
    ...(approvedAt !== undefined && { approvedAt: instantText(approvedAt) }),
    ...(ended && { endedBy: ended.by, endedAt: instantText(ended.at) }),
    progress: { done, total: count, refused: { ...refused }, waiting: { ...waiting } },
  }
}

/** One whose time is over is shown as lapsed before the journal says so. */
function stateOf({ status, ended, expiresAt }: ProposalStatus, now: number): ProposalView['state'] {
  if (ended) return ended.how
  if (now >= expiresAt) return 'lapsed'
  return status === 'open' ? 'open' : 'approved'
}

function sampleOf({ id, held }: SampledHold): ProposalView['sample'][number] {
  if (!held) return { id }
  const { class: name, lane, reasons, decidedAt, expiresAt } = held
  return {
    id,
    class: name,
    lane,
    reasons: explain(reasons),
    at: instantText(decidedAt),
    expiresAt: instantText(expiresAt),
  }
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseInstant } from '../../std/instant.ts'
import type { CorrectionSet } from '../campaigns.ts'
import { actor } from './access.ts'
import { CorrectionBody, CorrectionView, campaignBodyBytesMax, MarkBody, Marked } from './campaign-contract.ts'
import { correctionView } from './campaign-views.ts'
import { checked } from './campaigns.ts'
import { answers, operation } from './documentation.ts'
import { type ProblemCode, Refusal } from './problems.ts'
import type { RouteDeps } from './server.ts'

export function correctionRoutes(app: FastifyInstance, deps: RouteDeps): void {
  app.post('/v1/corrections', {
    config: { access: 'operate' },
    bodyLimit: campaignBodyBytesMax,
    schema: operation('Draft the correction of a set of wrongful messages, to exactly the people who got them', {
      body: CorrectionBody,
      response: {
        201: CorrectionView,
        200: CorrectionView,
        ...answers(400, 401, 403, 404, 409, 413, 415, 422, 500, 503),
      },
    }),
    handler: (request, reply) => postCorrection(deps, request, reply),
  })

  app.post('/v1/marks', {
    config: { access: 'operate' },
    bodyLimit: campaignBodyBytesMax,
    schema: operation('Say what was found out about messages that were sent; whoever verifies such a mail is told', {
      body: MarkBody,
      response: { 200: Marked, ...answers(400, 401, 403, 404, 409, 413, 415, 422, 500, 503) },
    }),
    handler: request => postMarks(deps, request),
  })
}

async function postMarks(deps: RouteDeps, request: FastifyRequest): Promise<{ marked: number }> {
  const { messages, mark, reason } = request.body as MarkBody
  const marked = await deps.campaigns.mark({ set: setOf(messages), mark, reason }, actor(request))
  if (marked.status !== 'marked') throw new Refusal(codes[marked.status]!)
  return { marked: marked.messages }
}

const codes: Record<string, ProblemCode> = {
  nobody: 'correction.nobody',
  'unknown-text': 'correction.text-unknown',
  'text-not-for-class': 'correction.text-not-for-class',
  'unknown-alarm': 'correction.alarm-unknown',
  'no-stop': 'correction.no-stop',
  'too-large': 'correction.too-large',
}

async function postCorrection(deps: RouteDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { messages, text, to = 'delivered', mark, discard = false } = request.body as CorrectionBody
  // One person drafts; that a set of messages ends takes two.
  if (discard) throw new Refusal('correction.discard-apart')
  const set = setOf(messages)
  const corrected = checked(await deps.campaigns.correct({ set, text, to, ...(mark && { mark }) }, actor(request)))
  if (corrected.status !== 'drafted' && corrected.status !== 'repeat')
    throw new Refusal(codes[corrected.status]!, 'counts' in corrected ? { detail: toldOf(corrected.counts) } : {})
  const { known, counts, samples, status } = corrected
  return reply.code(status === 'drafted' ? 201 : 200).send(correctionView(known, counts, samples, deps.now()))
}

const toldOf = ({
  messages,
  byState,
  alreadyCorrected,
}: {
  messages: number
  byState: object
  alreadyCorrected: number
}) => `${messages} messages: ${JSON.stringify(byState)}; ${alreadyCorrected} people were sent a correction before`

function setOf({ ids, query }: CorrectionBody['messages']): CorrectionSet {
  if (ids) return { ids: ids.map(id => id.toLowerCase()) }
  const { from, to, ...rest } = query!
  const [begins, ends] = [parseInstant(from)!, parseInstant(to)!]
  if (begins >= ends)
    throw new Refusal('request.invalid', {
      faults: [{ pointer: '/messages/query/to', code: 'field.not-after', detail: 'must be behind from' }],
    })
  const set: CorrectionSet = { class: rest.class, from: begins, to: ends }
  if (rest.lane !== undefined) set.lane = rest.lane
  if (rest.source !== undefined) set.source = rest.source
  if (rest.template !== undefined) set.template = rest.template
  if (rest.alarm !== undefined) set.alarm = rest.alarm
  if (rest.stop !== undefined) set.stop = rest.stop
  return set
}

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { MessageId } from '../../core/events.ts'
import type { Resolve } from '../operator.ts'
import { actor, readableBy } from './access.ts'
import { holdOf } from './answer.ts'
import { DiscardBody, Done, HoldPage, HoldQuery, MessageParams } from './contract.ts'
import { answers, operation } from './documentation.ts'
import { Refusal } from './problems.ts'
import { holdQueryOf } from './proposals.ts'
import type { RouteDeps } from './server.ts'

export function holdRoutes(app: FastifyInstance, deps: RouteDeps): void {
  app.get('/v1/holds', {
    config: { access: 'read' },
    schema: operation('What waits for a person or for its cause, oldest first', {
      querystring: HoldQuery,
      response: { 200: HoldPage, ...answers(401, 403, 404, 422, 500, 503) },
    }),
    handler: async request => {
      const { cursor, limit = 50, ...query } = request.query as HoldQuery
      if (query.class !== undefined && !deps.operator.knowsClass(query.class)) throw new Refusal('class.unknown')
      const application = readableBy(request)
      const page = await deps.register.holds({
        ...holdQueryOf(query),
        limit,
        ...(cursor === undefined ? {} : { cursor }),
        ...(application === undefined ? {} : { application }),
      })
      if (page === undefined) throw new Refusal('cursor.malformed')
      const { next, stale } = page
      return { items: page.items.map(holdOf), stale, ...(next === undefined ? {} : { next }) }
    },
  })

  app.post('/v1/holds/:id/release', {
    config: { access: 'operate' },
    schema: operation('Let a held message go', {
      params: MessageParams,
      response: { 200: Done, ...answers(401, 403, 404, 409, 500, 503) },
    }),
    handler: async request => done(await deps.operator.release(idOf(request), actor(request))),
  })

  app.post('/v1/holds/:id/discard', {
    config: { access: 'operate' },
    schema: operation('Discard a held message', {
      params: MessageParams,
      body: DiscardBody,
      response: { 200: Done, ...answers(400, 401, 403, 404, 409, 413, 415, 422, 500, 503) },
    }),
    handler: async request => {
      const { reason } = request.body as DiscardBody
      return done(await deps.operator.discard(idOf(request), actor(request), reason))
    },
  })
}

const idOf = (request: FastifyRequest): MessageId => (request.params as { id: string }).id.toLowerCase() as MessageId

function done(resolve: Resolve): { done: true } {
  if (resolve.status === 'refused') throw new Refusal(resolve.code)
  return { done: true }
}

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { MessageId } from '../../core/events.ts'
import { instantText } from '../../std/instant.ts'
import type { ConfirmationRecord } from '../../views/confirmations.ts'
import { applicationOf } from './access.ts'
import { AccountParams, type Confirmation, ConfirmationList, ConfirmBody, Done, MessageParams } from './contract.ts'
import { answers, operation } from './documentation.ts'
import { Refusal } from './problems.ts'
import type { RouteDeps } from './server.ts'

// While requests from unknown places are stopped, the holder of an account may say in the application that a request was theirs. The application
// shows what waits to whoever is signed in to the account, and passes the word on.

export function confirmationRoutes(app: FastifyInstance, deps: RouteDeps): void {
  app.get('/v1/accounts/:account/confirmations', {
    config: { access: 'send' },
    schema: operation('What waits for the word of the holder of an account', {
      params: AccountParams,
      response: { 200: ConfirmationList, ...answers(401, 403, 500, 503) },
    }),
    handler: async request => {
      const { account } = request.params as { account: string }
      const { items, stale } = await deps.register.confirmations({
        account: deps.operator.accountHash(account),
        application: applicationOf(request).name,
        now: deps.now(),
      })
      return { items: items.map(confirmationOf), stale }
    },
  })

  app.post('/v1/messages/:id/confirm', {
    config: { access: 'send' },
    schema: operation('Say that the holder of the account asked for the message', {
      params: MessageParams,
      body: ConfirmBody,
      response: { 200: Done, ...answers(400, 401, 403, 404, 409, 413, 415, 422, 500, 503) },
    }),
    handler: async request => confirm(deps, request),
  })
}

async function confirm(deps: RouteDeps, request: FastifyRequest): Promise<{ done: true }> {
  const id = (request.params as { id: string }).id.toLowerCase() as MessageId
  const { by } = request.body as ConfirmBody
  const application = applicationOf(request)
  const answer = await deps.intake.confirm(application, id, by)
  if (answer.status === 'done') return { done: true }
  // What has ended is still the application's own to know about; what is another's is nobody's.
  const isOwn = answer.code !== 'message.unknown' || (await deps.register.message(id, application.name)) !== undefined
  throw new Refusal(isOwn && answer.code === 'message.unknown' ? 'message.not-to-confirm' : answer.code)
}

const why =
  'Somebody asked for this message from a device or place that is not known. There are unusually many such requests just now, so it only goes out when you say that it was you.'
const from = 'A device or place that is not known'

const confirmationOf = ({ id, class: name, at, expiresAt }: ConfirmationRecord): Confirmation => ({
  id,
  class: name,
  at: instantText(at),
  why,
  from,
  expiresAt: instantText(expiresAt),
})

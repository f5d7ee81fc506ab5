import type { FastifyInstance } from 'fastify'
import { instantText } from '../../std/instant.ts'
import type { HealthStatus, ProbeStatus } from '../operator.ts'
import { actor } from './access.ts'
import { Done, HealthView } from './contract.ts'
import { answers, operation } from './documentation.ts'
import { Refusal } from './problems.ts'
import type { RouteDeps } from './server.ts'

// How Tocsin itself is, and the way back after a fault of the brake.

export function healthRoutes(app: FastifyInstance, deps: RouteDeps): void {
  app.get('/v1/health', {
    config: { access: 'read' },
    schema: operation('The brake, mail that is late, and the last probe', {
      response: { 200: HealthView, ...answers(401, 403, 500, 503) },
    }),
    handler: async () => viewOf(await deps.operator.health()),
  })

  app.post('/v1/brake/clear', {
    config: { access: 'operate' },
    schema: operation('Serve all lanes again after a fault of the brake; what was held stays held', {
      response: { 200: Done, ...answers(401, 403, 409, 500, 503) },
    }),
    handler: async request => {
      if ((await deps.operator.clearBrake(actor(request))).status === 'not-faulty')
        throw new Refusal('brake.not-faulty')
      return { done: true }
    },
  })
}

function viewOf({ brakeFault, late, probe }: HealthStatus): HealthView {
  const fault = brakeFault && { ...brakeFault, since: instantText(brakeFault.since) }
  return {
    brake: fault ? { status: 'faulty', fault } : { status: 'fine' },
    late: late.map(({ lastLateAt, ...one }) => ({ ...one, lastLateAt: instantText(lastLateAt) })),
    ...(probe && { probe: probeView(probe) }),
  }
}

const probeView = ({ at, ...probe }: ProbeStatus) => ({ ...probe, at: instantText(at) })

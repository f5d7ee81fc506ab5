import type { FastifyInstance } from 'fastify'
import { alarmTexts } from '../../core/alarms.ts'
import { instantText } from '../../std/instant.ts'
import type { AlarmRecord } from '../../views/alarms.ts'
import { AlarmPage, AlarmQuery, type AlarmRow } from './contract.ts'
import { answers, operation } from './documentation.ts'
import { Refusal } from './problems.ts'
import type { RouteDeps } from './server.ts'

/** An operator's to read: alarms are about classes, over all applications, and name messages of any. */
export function alarmRoutes(app: FastifyInstance, deps: RouteDeps): void {
  app.get('/v1/alarms', {
    config: { access: 'operate' },
    schema: operation('What the detectors noticed, newest first', {
      querystring: AlarmQuery,
      response: { 200: AlarmPage, ...answers(401, 403, 422, 500, 503) },
    }),
    handler: async request => {
      const { limit = 50, ...query } = request.query as AlarmQuery
      const page = await deps.register.alarms({ ...query, limit })
      if (page === undefined) throw new Refusal('cursor.malformed')
      const { items, next, stale } = page
      return { items: items.map(rowOf), stale, ...(next === undefined ? {} : { next }) }
    },
  })
}

function rowOf({ at, breaker, clearedAt, ...alarm }: AlarmRecord): AlarmRow {
  const row: AlarmRow = { ...alarm, at: instantText(at), detail: alarmTexts[alarm.detector] }
  if (breaker) {
    const { phase, trips, endsAt } = breaker
    row.breaker = {
      phase,
      holds: phase !== 'closed',
      trips,
      ...(endsAt !== undefined && { endsAt: instantText(endsAt) }),
    }
  }
  if (clearedAt !== undefined) row.clearedAt = instantText(clearedAt)
  return row
}

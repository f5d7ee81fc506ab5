import type { FastifyInstance, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { EventAnswer, ReportedEvent } from '../intake.ts'
import { namedMessage } from '../signals.ts'
import { actor } from './access.ts'
import { isTooDeep } from './body.ts'
import { type CloudEvent, type ParsedEvent, parseBinary, parseStructured } from './cloudevents.ts'
import { EventsAnswer, eventsBytesMax, eventsMax } from './contract.ts'
import { answers, operation } from './documentation.ts'
import { rejectedOf } from './event-refusals.ts'
import { uuid } from './faults.ts'
import { Refusal } from './problems.ts'
import type { RouteDeps } from './server.ts'
import { type ReadEvent, readEvent, reportersOf } from './trace.ts'

const EventBody = Type.Unknown({
  title: 'CloudEvent',
  description:
    'CloudEvents 1.0.2 in the JSON format, one or (application/cloudevents-batch+json) a list; types tocsin.*',
})

export function eventRoutes(app: FastifyInstance, deps: RouteDeps): void {
  app.post('/v1/events', {
    config: { access: 'report' },
    bodyLimit: eventsBytesMax,
    validatorCompiler: () => (value: unknown) => ({ value }),
    schema: operation('Report what happened: causes, signals and coverage', {
      consumes: ['application/cloudevents+json', 'application/cloudevents-batch+json', 'application/json'],
      body: EventBody,
      response: { 202: EventsAnswer, ...answers(400, 401, 403, 413, 415, 422, 500, 503) },
    }),
    handler: async (request, reply) => reply.code(202).send(await postEvents(deps, request)),
  })
}

/** One answer for every event: repeats count as accepted, so that a client may send again what it is not sure of. */
async function postEvents(deps: RouteDeps, request: FastifyRequest): Promise<EventsAnswer> {
  const rejected: EventsAnswer['rejected'] = []
  const events: ReportedEvent[] = []
  const places: number[] = []
  const parsed = envelopes(request)
  for (const [index, envelope] of parsed.entries()) {
    const read = envelope.ok ? readFor(request, envelope.event, deps.now()) : envelope
    if (!read.ok) rejected.push(rejectedOf(index, read.code))
    else {
      places.push(index)
      events.push(read.event)
    }
  }
  const told: EventAnswer[] = events.length === 0 ? [] : await deps.intake.events(events)
  for (const [i, answer] of told.entries())
    if (answer.status === 'refused') rejected.push(rejectedOf(places[i]!, answer.code))
  rejected.sort((a, b) => a.index - b.index)
  const accepted = parsed.length - rejected.length
  deps.counters.events(accepted, rejected.length)
  return { accepted, rejected }
}

/** An event that this key may report, of a message that has an id of ours. */
function readFor(request: FastifyRequest, event: CloudEvent, now: number): ReadEvent {
  const scopes = request.key?.scopes ?? []
  if (!reportersOf(event.type).some(scope => scopes.includes(scope)))
    return { ok: false, code: 'event.not-for-this-key' }
  const read = readEvent(event, now)
  if (!read.ok || read.event.type !== 'signal') return read
  const named = namedMessage(read.event.signal)
  if (named !== undefined && !uuid.test(named)) return { ok: false, code: 'event.message' }
  if (scopes.includes('operate')) read.event.by = actor(request)
  return read
}

function envelopes(request: FastifyRequest): ParsedEvent[] {
  const { body, headers } = request
  if (body instanceof Buffer) return [parseBinary(headers, body)]
  if (isTooDeep(body)) throw new Refusal('body.too-deep')
  // CloudEvents JSON format §4 and HTTP binding §3.3: only the batch media type is a list. Plain JSON may be either.
  const type = headers['content-type'] ?? ''
  const isBatch = /^application\/cloudevents-batch\+json/i.test(type)
  const isList = Array.isArray(body)
  if (isBatch && !isList) throw invalid('event.batch-not-a-list', 'this media type is for a list of events')
  if (!isList) return [parseStructured(body)]
  if (/^application\/cloudevents\+json/i.test(type))
    throw invalid('event.not-an-object', 'this media type is for one event')
  if (body.length > eventsMax) throw invalid('event.too-many', `at most ${eventsMax} events`)
  return body.map(parseStructured)
}

const invalid = (code: string, detail: string): Refusal =>
  new Refusal('request.invalid', { faults: [{ pointer: '', code, detail }] })

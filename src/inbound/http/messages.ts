import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseInstant } from '../../std/instant.ts'
import type { ListQuery } from '../../views/register.ts'
import type { Finding } from '../operator.ts'
import { applicationOf, operates, readableBy } from './access.ts'
import { detailOf, explainAnswer, rowOf, slotFaults } from './answer.ts'
import { answerBatch, linesUndecidedMax } from './batch.ts'
import { isTooDeep } from './body.ts'
import {
  BatchHeaders,
  BatchResult,
  MessageBody,
  MessageDecision,
  MessageDetail,
  MessageFindings,
  MessageHeaders,
  MessageLine,
  MessagePage,
  MessageParams,
  MessageQuery,
  messageBodyBytesMax,
} from './contract.ts'
import { answers, operation } from './documentation.ts'
import { messageBody, messageFaults, parseMessage, type Reader } from './message.ts'
import { Refusal } from './problems.ts'
import { Room } from './room.ts'
import { faultFields, type RouteDeps } from './server.ts'

export function messageRoutes(app: FastifyInstance, deps: RouteDeps): void {
  const room = new Room(linesUndecidedMax)
  // The body is checked in the handler: some faults only show beyond the schema, and all are named at once.
  const unchecked = { validatorCompiler: () => (value: unknown) => ({ value }) }

  app.post('/v1/messages', {
    ...unchecked,
    config: { access: 'send' },
    bodyLimit: messageBodyBytesMax,
    schema: operation('Ask for a message', {
      body: MessageBody,
      headers: MessageHeaders,
      response: { 202: MessageDecision, 200: MessageDecision, ...answers(400, 401, 403, 409, 413, 415, 422, 500, 503) },
    }),
    handler: (request, reply) => postMessage(deps, request, reply),
  })

  app.post('/v1/messages/batch', {
    ...unchecked,
    config: { access: 'send' },
    schema: operation('Ask for up to 10,000 messages, one a line', {
      consumes: ['application/x-ndjson'],
      headers: BatchHeaders,
      body: MessageLine,
      response: {
        200: {
          description: 'One result a line, in order',
          content: { 'application/x-ndjson': { schema: BatchResult } },
        },
        ...answers(400, 401, 403, 413, 415, 500),
      },
    }),
    handler: (request, reply) => postBatch(deps, room, request, reply),
  })

  app.get('/v1/messages/:id', {
    config: { access: 'read' },
    schema: operation('State and timeline of a message', {
      params: MessageParams,
      response: { 200: MessageDetail, ...answers(401, 403, 404, 500, 503) },
    }),
    handler: async request => {
      const { id } = request.params as { id: string }
      const found = await deps.register.message(id.toLowerCase(), readableBy(request))
      if (found === undefined) throw new Refusal('message.unknown')
      return detailOf(found)
    },
  })

  app.get('/v1/messages/:id/findings', {
    config: { access: 'inspect' },
    schema: operation('What is found in the content of a message, and where, looking again', {
      params: MessageParams,
      response: { 200: MessageFindings, ...answers(401, 403, 404, 410, 500, 503) },
    }),
    handler: request => findingsOf(deps, request),
  })

  app.get('/v1/messages', {
    config: { access: 'read' },
    schema: operation('Messages, newest first', {
      querystring: MessageQuery,
      response: { 200: MessagePage, ...answers(401, 403, 422, 500, 503) },
    }),
    handler: request => listMessages(deps, request),
  })
}

async function findingsOf({ register, operator }: RouteDeps, request: FastifyRequest): Promise<MessageFindings> {
  const { id } = request.params as { id: string }
  const isOperator = operates(request)
  const known = await register.message(id.toLowerCase(), isOperator ? readableBy(request) : applicationOf(request).name)
  if (known === undefined) throw new Refusal('message.unknown')
  const findings = await operator.findings(known.message)
  if (findings === undefined) throw new Refusal('message.erased')
  return { findings: isOperator ? findings : findings.map(masked) }
}

/** An application that mixed people up is told which domain, and not who. */
const masked = (finding: Finding): Finding => ({ ...finding, what: finding.what.replace(localPart, '$1…@') })

/** Links have addresses in them too. */
const localPart = /([^\s@/?&=:%])[^\s@/?&=:%]*(?:@|%40)/gu

function readerOf(deps: RouteDeps, request: FastifyRequest): Reader {
  const reader: Reader = {
    application: applicationOf(request),
    knowsClass: name => deps.operator.knowsClass(name),
  }
  const build = request.headers['tocsin-build']
  if (build === undefined) return reader
  if (typeof build === 'string' && buildCheck.test(build)) return { ...reader, build }
  const detail = 'the header Tocsin-Build has 1 to 128 visible ASCII characters'
  throw new Refusal('message.invalid', { faults: [{ pointer: '', code: 'build.malformed', detail }] })
}

const buildCheck = /^[\x20-\x7e]{1,128}$/

async function postMessage(deps: RouteDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const reader = readerOf(deps, request)
  const idempotencyKey = keyHeader(request)
  const body: unknown = request.body
  const parsed = messageBody.accepts(body) ? parseMessage(reader, body) : undefined
  if (parsed === undefined && isTooDeep(body)) throw new Refusal('body.too-deep')
  if (parsed === undefined || !parsed.ok) {
    const faults = parsed?.faults ?? messageFaults(messageBody, reader, body)
    throw new Refusal('message.invalid', { faults: [...faults, ...idempotencyKey.faults] })
  }
  if (idempotencyKey.faults.length > 0) throw new Refusal('message.invalid', { faults: idempotencyKey.faults })
  if (idempotencyKey.value !== undefined) parsed.request.idempotencyKey = idempotencyKey.value

  const [answer] = await deps.intake.messages(reader.application, [parsed.request])
  deps.counters.decided(parsed.request.class, answer!)
  if (answer!.status === 'conflict') throw new Refusal('idempotency.key-reused', { id: answer!.id })
  if (answer!.status === 'refused') throw new Refusal('message.invalid', { faults: slotFaults(answer!.faults) })
  return reply.code(answer!.status === 'repeat' ? 200 : 202).send(explainAnswer(answer!))
}

const keyCheck = /^[\x20-\x7e]{1,255}$/

function keyHeader(request: FastifyRequest): {
  value?: string
  faults: { pointer: string; code: string; detail: string }[]
} {
  const value = request.headers['idempotency-key']
  if (value === undefined) return { faults: [] }
  if (typeof value === 'string' && keyCheck.test(value)) return { value, faults: [] }
  const detail = 'the header Idempotency-Key has 1 to 255 visible ASCII characters'
  return { faults: [{ pointer: '', code: 'idempotency.key-malformed', detail }] }
}

function postBatch(deps: RouteDeps, room: Room, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.headers['idempotency-key'] !== undefined) throw new Refusal('idempotency.header-not-for-batch')
  const body = request.body as AsyncIterable<Buffer> | undefined
  if (body === undefined || !(Symbol.asyncIterator in Object(body))) throw new Refusal('body.media-type')
  const reader = readerOf(deps, request)
  const results = answerBatch(body, {
    intake: deps.intake,
    reader,
    application: reader.application,
    room,
    decided: deps.counters.decided,
    failed: error => deps.log.error(faultFields(error as Error, request), 'a chunk of a batch failed'),
    brokenOff: () => reply.raw.once('finish', () => request.raw.destroy()),
  })
  return reply.code(200).type('application/x-ndjson').send(results)
}

async function listMessages(deps: RouteDeps, request: FastifyRequest): Promise<MessagePage> {
  const { account, class: name, outcome, from, to, cursor, limit = 50 } = request.query as MessageQuery
  const query: ListQuery = { limit }
  const application = readableBy(request)
  if (application !== undefined) query.application = application
  if (account !== undefined) query.account = deps.operator.accountHash(account)
  if (name !== undefined) query.class = name
  if (outcome !== undefined) query.outcome = outcome
  if (from !== undefined) query.from = parseInstant(from)!
  if (to !== undefined) query.to = parseInstant(to)!
  if (cursor !== undefined) query.cursor = cursor
  const page = await deps.register.list(query)
  if (page === undefined) throw new Refusal('cursor.malformed')
  return { items: page.items.map(rowOf), stale: page.stale, ...(page.next === undefined ? {} : { next: page.next }) }
}

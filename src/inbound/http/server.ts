import Fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify'
import type { Registry } from 'prom-client'
import type { TSchema } from 'typebox'
import type { Register } from '../../views/register.ts'
import type { CampaignPort } from '../campaigns.ts'
import type { DomainPort } from '../domains.ts'
import type { Intake } from '../intake.ts'
import type { Keys } from '../keys.ts'
import type { LedgerPort } from '../ledger.ts'
import type { OperatorPort } from '../operator.ts'
import type { TemplatePort } from '../templates.ts'
import type { VerifyPort } from '../verify.ts'
import { guard } from './access.ts'
import { alarmRoutes } from './alarms.ts'
import { isTooDeep, parseJson } from './body.ts'
import { campaignRoutes } from './campaigns.ts'
import { type Check, check } from './check.ts'
import { classRoutes } from './classes.ts'
import { confirmationRoutes } from './confirmations.ts'
import { batchBytesMax, smallBodyBytesMax } from './contract.ts'
import { correctionRoutes } from './corrections.ts'
import { documentation } from './documentation.ts'
import { domainRoutes } from './domains.ts'
import { drain } from './drain.ts'
import { eventRoutes } from './events.ts'
import { healthRoutes } from './health.ts'
import { holdRoutes } from './holds.ts'
import { ledgerRoutes } from './ledger.ts'
import { messageRoutes } from './messages.ts'
import { type HttpMetrics, httpMetrics } from './metrics.ts'
import { codeOf, type ProblemCode, Refusal, sendProblem } from './problems.ts'
import { proposalRoutes } from './proposals.ts'
import { serviceRoutes } from './service.ts'
import { templateRoutes } from './templates.ts'
import { verifyRoutes } from './verify.ts'

/** What logs are written to; a pino logger is one. */
export type Log = Record<'debug' | 'info' | 'error', (fields: object, text: string) => void>

/** The pages of the local mailbox. `path` is the whole path, `/mailbox` included. Shown on this machine only. */
export type MailboxPort = {
  render(request: { path: string; query: URLSearchParams }): Promise<{
    status: number
    headers: Record<string, string>
    body: string | Uint8Array
  }>
}

export type HttpDeps = {
  intake: Intake
  register: Register
  operator: OperatorPort
  campaigns: CampaignPort
  verify: VerifyPort
  templates: TemplatePort
  keys: Keys
  metrics: Registry
  ready(): { ok: true } | { ok: false; why: string }
  log: Log
  mailbox?: MailboxPort
  ledger?: LedgerPort
  domains?: DomainPort
  /** Clock, ms; the real one when absent. */
  now?: () => number
  /** How long a stop waits for requests under way. */
  drainMs?: number
}

/** What the routes are given: the dependencies, and the counters made from them. */
export type RouteDeps = Omit<HttpDeps, 'metrics' | 'now' | 'drainMs'> & {
  registry: Registry
  counters: HttpMetrics
  now(): number
}

// A batch may be held back by the journal for as long.
const requestTimeoutMs = 300_000
const headerBytesMax = 16 * 1024
const paramLengthMax = 1024 // 256 characters, percent-encoded

/**
 * The HTTP interface over the given ports, not yet listening. `inject` tests it in memory; `listen` serves it. Errors are RFC 9457 with a
 * stable `code`; nothing of a request but its route is logged.
 */
export function buildHttp(given: HttpDeps): FastifyInstance {
  const { metrics: registry, now = Date.now, drainMs, ...rest } = given
  const deps: RouteDeps = { ...rest, registry, now, counters: httpMetrics(registry) }
  const app = Fastify({
    logger: false,
    bodyLimit: smallBodyBytesMax,
    requestTimeout: requestTimeoutMs,
    http: { maxHeaderSize: headerBytesMax },
    routerOptions: { maxParamLength: paramLengthMax },
    onProtoPoisoning: 'ignore', // Our own parser reads bodies; the schemas are closed.
    exposeHeadRoutes: true,
  })
  bodies(app)
  validation(app)
  errors(app, deps)
  observation(app, deps)
  drain(app, drainMs)
  guard(app, deps.keys)
  documentation(app)
  app.after(() => {
    serviceRoutes(app, deps)
    messageRoutes(app, deps)
    eventRoutes(app, deps)
    classRoutes(app, deps)
    healthRoutes(app, deps)
    holdRoutes(app, deps)
    alarmRoutes(app, deps)
    confirmationRoutes(app, deps)
    proposalRoutes(app, deps)
    campaignRoutes(app, deps)
    correctionRoutes(app, deps)
    templateRoutes(app, deps)
    domainRoutes(app, deps)
    ledgerRoutes(app, deps)
    verifyRoutes(app, deps)
  })
  return app
}

/** Media types that are read here, and how. What is not among them is 415. */
function bodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  const json = ['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json']
  app.addContentTypeParser(json, { parseAs: 'buffer' }, (request, body, done) => {
    if (!isUtf8Charset(request.headers['content-type'])) return done(new Refusal('body.media-type'))
    // A binary CloudEvent has its media type and no envelope: its handler reads it.
    if ('ce-specversion' in request.headers || 'ce-id' in request.headers) return done(null, body)
    const parsed = parseJson(body as Buffer)
    if (parsed.ok) return done(null, parsed.value)
    done(new Refusal(parsed.code))
  })
  app.addContentTypeParser(
    ['application/x-ndjson', 'application/ndjson', 'application/jsonl'],
    (request, payload, done) => {
      if (!isUtf8Charset(request.headers['content-type'])) return done(new Refusal('body.media-type'))
      const { streamBytesMax = batchBytesMax } = request.routeOptions.config
      if (Number(request.headers['content-length'] ?? 0) > streamBytesMax) return done(new Refusal('body.too-large'))
      done(null, payload)
    },
  )
}

const isUtf8Charset = (type: string | undefined): boolean => {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(type ?? '')?.[1]
  return charset === undefined || /^utf-?8$/i.test(charset)
}

/** Fastify asks for a check by schema; its answer is every fault at once. */
function validation(app: FastifyInstance): void {
  const known = new WeakMap<object, Check<unknown>>()
  app.setValidatorCompiler<TSchema>(({ schema, httpPart, url }) => {
    const checked = known.get(schema) ?? check(schema)
    known.set(schema, checked)
    return (given: unknown) => {
      const value = httpPart === 'querystring' ? withNumbers(schema, given) : given
      if (checked.accepts(value)) return { value }
      if (isTooDeep(value)) return { error: new Refusal('body.too-deep') }
      // What cannot be an id is the id of nothing.
      if (httpPart === 'params') return { error: new Refusal(unknownAt(url)) }
      // No body at all lacks the same fields as an empty one.
      const lacking = httpPart === 'body' && (value ?? undefined) === undefined ? checked.faults({}) : []
      return { error: new Refusal('request.invalid', { faults: lacking.length > 0 ? lacking : checked.faults(value) }) }
    }
  })
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  app.setSchemaErrorFormatter(errors => errors[0] as unknown as Error)
}

const unknowns = Object.entries({
  '/v1/messages/': 'message.unknown',
  '/v1/holds/': 'message.unknown',
  '/v1/proposals/': 'proposal.unknown',
  '/v1/campaigns/': 'campaign.unknown',
  '/v1/templates/': 'template.unknown',
  '/v1/domains/': 'domain.unknown',
} as const)

const unknownAt = (url = ''): ProblemCode => unknowns.find(([path]) => url.startsWith(path))?.[1] ?? 'route.unknown'

function withNumbers(schema: TSchema, given: unknown): unknown {
  const properties = (schema as { properties?: Record<string, { type?: string }> }).properties ?? {}
  const query: Record<string, unknown> = { ...(given as object) }
  for (const [name, value] of Object.entries(query))
    if (Object.hasOwn(properties, name) && properties[name]?.type === 'integer' && /^\d{1,9}$/.test(String(value)))
      query[name] = Number(value)
  return query
}

function errors(app: FastifyInstance, { log }: RouteDeps): void {
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 'route.unknown'))
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const code = codeOf(error)
    if (code === 'internal' || code === 'register.unavailable') log.error(faultFields(error, request), 'request failed')
    return sendProblem(reply, code, error instanceof Refusal ? error.extra : {})
  })
}

/** Where it happened, without what it happened to: messages of errors may quote a request. */
export function faultFields(error: Error & { code?: unknown }, request?: FastifyRequest): object {
  const at = (error.stack ?? '').split('\n').filter(line => line.startsWith('    at '))
  return { route: request?.routeOptions.url, name: error.name, code: error.code, at: at.slice(0, 10) }
}

function observation(app: FastifyInstance, { log, counters }: RouteDeps): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff')
    reply.header('cache-control', 'no-store')
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none')
    const { method } = request
    const ms = reply.elapsedTime
    counters.responded({ method, route, status: reply.statusCode }, ms / 1000)
    const fields = { method, route, status: reply.statusCode, ms: Math.round(ms * 10) / 10, key: request.key?.name }
    // What goes well is counted; a line for each costs as much as deciding a message. TOCSIN_LOG=debug shows them.
    if (reply.statusCode < 400) log.debug(fields, 'request')
    else log.info(fields, 'request')
    done()
  })
}

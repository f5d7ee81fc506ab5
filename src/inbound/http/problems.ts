import type { FastifyReply } from 'fastify'
import { Unavailable } from '../intake.ts'
import type { Fault, Problem, StopView } from './contract.ts'

// Every refusal that HTTP makes, in one place: its status, its stable code and the sentence for people (RFC 9457).

export const problems = {
  'auth.missing': [401, 'Authorization: Bearer KEY is required'],
  'auth.unknown-key': [401, 'This key is not known here'],
  'auth.scope-missing': [403, 'This key may not do this'],
  'body.empty': [400, 'A body is required'],
  'body.not-utf8': [400, 'The body is not UTF-8'],
  'body.not-json': [400, 'The body is not JSON'],
  'body.too-deep': [400, 'The body is nested too deeply'],
  'body.too-large': [413, 'The body is too large'],
  'body.media-type': [415, 'This media type is not taken here'],
  'request.malformed': [400, 'The request cannot be read'],
  'request.invalid': [422, 'The request has faults'],
  'message.invalid': [422, 'The message has faults'],
  'message.unknown': [404, 'There is no such message'],
  'message.erased': [410, 'The person was erased, and with them what the message said'],
  'message.not-held': [409, 'The message is not held'],
  'message.not-to-confirm': [409, 'The message does not wait for its holder'],
  'message.not-live': [409, 'The message has ended'],
  'budget.exhausted': [409, 'The budget of this class and lane is used up for this hour'],
  'domain.unknown': [404, 'This domain is not audited'],
  'domain.not-yet': [404, 'This domain has not been audited yet'],
  'class.unknown': [404, 'There is no such class'],
  'brake.not-faulty': [409, 'The brake serves all lanes; there is nothing to clear'],
  'stop.unknown': [409, 'Nothing of exactly this scope is stopped'],
  'stops.too-many': [409, 'There are as many stops as there may be; end one first'],
  'proposal.unknown': [404, 'There is no such proposal'],
  'proposal.empty': [409, 'Nothing that is held fits the query'],
  'proposal.not-open': [409, 'The proposal has been approved or has ended'],
  'proposal.expired': [409, 'The proposal was not approved in time'],
  'proposals.too-many': [409, 'As many proposals as may be are open or under way; cancel one first'],
  'template.unknown': [404, 'There is no such template, or no such version of it'],
  'template.other-hash': [409, 'This version now has another hash; read it again'],
  'template.other-kind': [409, 'A template of this name was learnt from mails, or is written here; take another name'],
  'template.other-class': [409, 'The template is for another class; take another name'],
  'template.not-editable': [409, 'What was approved or retired does not change; draft another version'],
  'template.not-draft': [409, 'This version is not a draft'],
  'template.not-in-review': [409, 'This version is not in review'],
  'template.versions-too-many': [409, 'The template has as many versions as may be; retire one first'],
  'templates.too-many': [409, 'There are as many templates as may be'],
  'approval.same-person': [403, 'This takes a second person'],
  'campaign.unknown': [404, 'There is no such campaign'],
  'campaign.not-editable': [409, 'The campaign has started or ended; draft another one'],
  'campaign.no-audience': [409, 'The campaign has no audience yet'],
  'campaign.class-not-for-campaigns': [422, 'Messages of this class are not sent in bulk; its lane must be campaign'],
  'campaign.not-approved': [409, 'A second person must approve the campaign before it starts'],
  'campaign.not-running': [409, 'The campaign does not run'],
  'campaign.not-paused': [409, 'The campaign is neither paused nor halted'],
  'campaign.expired': [409, 'The campaign has expired'],
  'campaign.ended': [409, 'The campaign has ended; draft another one'],
  'campaign.started': [409, 'The campaign has started, and rests; resume it'],
  'campaigns.too-many': [409, 'Too many campaigns are under way; end one first'],
  'campaign.audience-size': [409, 'The audience has another size than the author expects'],
  'campaign.audience-tests': [409, 'There are test addresses among the audience'],
  'campaign.template-not-approved': [409, 'The template of the campaign is not approved, or not with this content'],
  'template.invalid': [422, 'The template has faults'],
  'template.lint': [422, 'The wording or looks of the template have errors; mend them, or say why it is right'],
  'template.not-current': [412, 'The template has another newest version than the one that was read'],
  'template.no-source': [409, 'The source of this version is not here, or was changed in the database'],
  'template.learnt': [409, 'A learnt template has no source; "npx tocsin templates show NAME@VERSION" shows its look'],
  'template.not-written': [409, 'The template of the message is not approved, so there is nothing to send'],
  'approval.void': [409, 'The content or the audience is no longer what was looked at; read it again'],
  'approval.wrong-answer': [409, 'The answer does not fit the content; it is recorded'],
  'approval.not-due': [409, 'There is nothing to approve now'],
  'correction.nobody': [409, 'Nobody is left who got one of these messages'],
  'correction.too-large': [413, 'The set has too many messages; correct it in parts'],
  'correction.discard-apart': [422, 'Discarding takes two people: propose it with POST /v1/holds/discard'],
  'correction.text-unknown': [422, 'No correction text has this name; approved texts stand in the configuration'],
  'correction.text-not-for-class': [422, 'This correction text is not for messages of this class'],
  'correction.alarm-unknown': [404, 'No breaker is open that this alarm opened; name the class and the time'],
  'correction.no-stop': [409, 'The class is not stopped'],
  'cursor.malformed': [422, 'The cursor is not one of ours'],
  'idempotency.key-reused': [409, 'This idempotency key was used for another message'],
  'idempotency.header-not-for-batch': [400, 'In a batch each line has its own idempotencyKey'],
  'line.empty': [400, 'The line is empty'],
  'line.too-long': [413, 'The line is too long'],
  'batch.too-many-lines': [413, 'The batch has too many lines; this line and all behind it were not read'],
  'batch.too-large': [413, 'The batch is too large; this line and all behind it were not read'],
  'rate.limited': [429, 'Too many questions just now; try again later'],
  'journal.unavailable': [503, 'Nothing was decided because it could not be made durable; try again'],
  'register.unavailable': [503, 'The register cannot be read now; try again'],
  'not-ready': [503, 'Not ready'],
  'mailbox.loopback-only': [403, 'The mailbox is shown on this machine only'],
  'route.unknown': [404, 'There is nothing here'],
  internal: [500, 'A fault of ours; it is in the log'],
} as const satisfies Record<string, readonly [number, string]>

export type ProblemCode = keyof typeof problems

export const retryAfterSeconds = 1
export const busyRetryAfterSeconds = 30

/** A refusal that unwinds to the error handler. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: ProblemCode
  readonly extra: { faults?: Fault[]; detail?: string; id?: string; stops?: StopView[] }
  constructor(code: ProblemCode, extra: Refusal['extra'] = {}) {
    super(code)
    this.code = code
    this.extra = extra
  }
}

export function problemOf(code: ProblemCode, extra: Refusal['extra'] = {}): Problem {
  const [status, title] = problems[code]
  return { type: `urn:tocsin:problem:${code}`, title, status, code, ...extra }
}

export function sendProblem(reply: FastifyReply, code: ProblemCode, extra: Refusal['extra'] = {}): FastifyReply {
  const problem = problemOf(code, extra)
  if (problem.status === 503) reply.header('retry-after', String(retryAfterSeconds))
  // The same for everybody: how full a bucket is tells nobody anything.
  if (problem.status === 429) reply.header('retry-after', String(busyRetryAfterSeconds))
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(problem.status).type('application/problem+json').send(problem)
}

// Codes of Fastify's own refusals, before a handler runs.
const fastifyCodes: Record<string, ProblemCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'body.media-type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body.too-large',
  FST_ERR_CTP_EMPTY_TYPE: 'body.media-type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body.empty',
}

// SQLSTATE classes of a server that is away, starting, stopping, full or overloaded (PostgreSQL documentation, appendix A).
const awayClasses = new Set(['08', '53', '57', '58'])

function isAway(error: Error & { code?: unknown }): boolean {
  if (error.name === 'JournalUnavailable') return true
  if (typeof error.code !== 'string')
    return /^(?:Connection terminated|timeout exceeded when trying to connect)/.test(error.message)
  return /^E[A-Z]+$/.test(error.code) || (error.code.length === 5 && awayClasses.has(error.code.slice(0, 2)))
}

/** What an error says to the client. `internal` is a fault of ours. */
export function codeOf(error: Error & { code?: unknown; statusCode?: number }): ProblemCode {
  if (error instanceof Refusal) return error.code
  if (error instanceof Unavailable) return 'journal.unavailable'
  const own = typeof error.code === 'string' ? fastifyCodes[error.code] : undefined
  if (own !== undefined) return own
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) return 'request.malformed'
  return isAway(error) ? 'register.unavailable' : 'internal'
}

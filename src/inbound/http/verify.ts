import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { instantText } from '../../std/instant.ts'
import type { Form, Question, VerifyPage } from '../verify.ts'
import {
  addressLengthMax,
  codeLengthMax,
  type Fault,
  Verification,
  VerifyBody,
  VerifyQuery,
  verifyBodyBytesMax,
  verifyMailBytesMax,
} from './contract.ts'
import { answers, operation } from './documentation.ts'
import { busyRetryAfterSeconds, codeOf, problems, Refusal } from './problems.ts'
import { askerOf, Rate } from './rate.ts'
import { faultFields, type RouteDeps } from './server.ts'

// Anybody may ask whether a mail is genuine: as JSON, and on a page that needs no script.

/** A person checks a mail or two. All together: what four cores answer without being felt by the relay. */
const allowances = { each: { burst: 30, perSecond: 0.5 }, all: { burst: 300, perSecond: 60 } }

/** A large mail is as much work as many small ones. */
const bytesPerQuestion = 64 * 1024
const weightMax = 16

export function verifyRoutes(app: FastifyInstance, deps: RouteDeps): void {
  const rate = new Rate(allowances)
  const mayAsk = (request: FastifyRequest) => {
    const peer = request.raw.socket.remoteAddress ?? ''
    const forwarded = request.headers['x-forwarded-for']
    const list = Array.isArray(forwarded) ? forwarded.join(',') : forwarded
    const { bodyLimit } = request.routeOptions
    const bytes = Number(request.headers['content-length'] ?? bodyLimit)
    const weight = 1 + Math.min(weightMax, Math.floor(bytes / bytesPerQuestion))
    return rate.take(askerOf(peer, list, deps.verify.isTrustedProxy), deps.now(), weight)
  }

  app.register(async asking => {
    // The bytes one to one: a mail need not be UTF-8.
    asking.addContentTypeParser('message/rfc822', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, { mail: body.toString('latin1') }),
    )
    questionRoute(asking, deps, mayAsk)
  })
  app.register(async pages => {
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data'])
      pages.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    pageRoutes(pages, deps, mayAsk)
  })
}

function questionRoute(app: FastifyInstance, deps: RouteDeps, mayAsk: (request: FastifyRequest) => boolean): void {
  app.post('/v1/verify', {
    config: { access: 'public' },
    bodyLimit: verifyBodyBytesMax,
    onRequest: async request => {
      if (!mayAsk(request)) throw new Refusal('rate.limited')
    },
    schema: operation('Whether a mail is genuine, and was asked for', {
      querystring: VerifyQuery,
      body: VerifyBody,
      response: { 200: Verification, ...answers(400, 413, 415, 422, 429, 500, 503) },
    }),
    handler: async (request, reply) => {
      reply.header('vary', 'accept-language')
      return postQuestion(deps, request)
    },
  })
}

async function postQuestion(deps: RouteDeps, request: FastifyRequest): Promise<Verification> {
  const { recipient } = request.query as VerifyQuery
  const isRaw = /^message\/rfc822\b/i.test(request.headers['content-type'] ?? '')
  const question = questionOf({ ...(recipient !== undefined && { recipient }), ...(request.body as VerifyBody) }, isRaw)
  const { sentAt, ...answer } = await deps.verify.answer(question, request.headers['accept-language'])
  return { ...answer, ...(sentAt !== undefined && { sentAt: instantText(sentAt) }) } as Verification
}

function questionOf({ code, recipient, mail }: VerifyBody, isRaw: boolean): Question {
  if (mail !== undefined && code === undefined) {
    const data = Buffer.from(mail, isRaw ? 'latin1' : 'utf8')
    if (data.length > verifyMailBytesMax) throw new Refusal('body.too-large')
    return { kind: 'mail', data, ...(recipient !== undefined && { recipient }) }
  }
  const faults: Fault[] = []
  const missing = (pointer: string) => faults.push({ pointer, code: 'field.missing', detail: 'this field is required' })
  if (code === undefined) missing('/code')
  if (recipient === undefined) missing('/recipient')
  if (mail !== undefined)
    faults.push({ pointer: '/mail', code: 'field.not-with-code', detail: 'give a code or a mail' })
  if (faults.length > 0) throw new Refusal('request.invalid', { faults })
  return { kind: 'code', code: code!, recipient: recipient! }
}

/** Headers, boundaries and the other field of the form. */
const formBytesMax = verifyMailBytesMax + 64 * 1024

function pageRoutes(app: FastifyInstance, deps: RouteDeps, mayAsk: (request: FastifyRequest) => boolean): void {
  const show = async (request: FastifyRequest, reply: FastifyReply, form: Form | undefined) => {
    const page = await deps.verify.page(form, request.headers['accept-language'])
    return send(reply, page)
  }
  const refuse = (request: FastifyRequest, reply: FastifyReply, status: number) => {
    if (status === 429) reply.header('retry-after', String(busyRetryAfterSeconds))
    const fault = ({ 413: 'mailTooLarge', 429: 'busy', 500: 'away', 503: 'away' } as const)[status] ?? 'unreadable'
    return show(request, reply, { kind: 'refused', status, fault })
  }
  const config = { access: 'public' } as const
  app.get('/verify', {
    config,
    schema: { hide: true },
    handler: (request, reply) => show(request, reply, undefined),
  })
  app.post('/verify', {
    config,
    schema: { hide: true },
    bodyLimit: formBytesMax,
    onRequest: async request => {
      if (!mayAsk(request)) throw new Refusal('rate.limited')
    },
    errorHandler: (error: FastifyError, request, reply) => {
      const [status] = problems[codeOf(error)]
      if (status === 500) deps.log.error(faultFields(error, request), 'request failed')
      return refuse(request, reply, status)
    },
    handler: async (request, reply) => show(request, reply, await formOf(request)),
  })
}

const send = (reply: FastifyReply, { status, headers, body }: VerifyPage): FastifyReply =>
  reply.code(status).headers(headers).send(Buffer.from(body))

/** A form for a mail is multipart, for it may bring a file (RFC 7578); the other is not. */
async function formOf(request: FastifyRequest): Promise<Form> {
  const { body } = request
  if (!Buffer.isBuffer(body)) throw new Refusal('body.empty')
  const type = request.headers['content-type'] ?? ''
  if (!/^multipart\/form-data\b/i.test(type)) {
    const typed = new URLSearchParams(body.toString('latin1'))
    const of = (name: string, charsMax: number) => (typed.get(name) ?? '').trim().slice(0, charsMax)
    return { kind: 'code', code: of('code', codeLengthMax), recipient: of('recipient', addressLengthMax) }
  }
  const form = await new Response(Uint8Array.from(body), { headers: { 'content-type': type } }).formData().catch(() => {
    throw new Refusal('request.malformed')
  })
  const data = await mailIn(form)
  if (data === undefined) return { kind: 'mail' }
  return data.length > verifyMailBytesMax
    ? { kind: 'refused', status: 413, fault: 'mailTooLarge' }
    : { kind: 'mail', data }
}

/** The file if one was chosen, else what was pasted, with the line ends of a file; a browser sends an empty file for none. */
async function mailIn(form: FormData): Promise<Uint8Array | undefined> {
  const file = form.get('file')
  if (file instanceof File && file.size > 0) return new Uint8Array(await file.arrayBuffer())
  const pasted = form.get('mail')
  return typeof pasted === 'string' && pasted.trim() !== ''
    ? Buffer.from(pasted.replace(/^\s+/, '').replaceAll('\r\n', '\n'))
    : undefined
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Template, TemplateVersion } from '../../core/templates.ts'
import { instantText } from '../../std/instant.ts'
import type { LintFinding, TemplateRefused, VersionAct, VersionDetail } from '../templates.ts'
import { actor } from './access.ts'
import { faultsMax, reasonTextLengthMax } from './contract.ts'
import { answers, operation } from './documentation.ts'
import { Refusal } from './problems.ts'
import type { RouteDeps } from './server.ts'
import {
  ApproveTemplateBody,
  DiffQuery,
  DiffView,
  PreviewQuery,
  PreviewView,
  RetireBody,
  ReturnBody,
  SubmitBody,
  sampleNames,
  TemplateBody,
  TemplateHeaders,
  TemplateList,
  TemplateParams,
  TemplateView,
  templateBodyBytesMax,
  VersionDetailView,
  VersionParams,
  type VersionView,
} from './template-contract.ts'

// Templates: drafted, looked at, approved by a second person. For operators only.

export function templateRoutes(app: FastifyInstance, deps: RouteDeps): void {
  app.get('/v1/templates', {
    config: { access: 'operate' },
    schema: operation('All templates and their versions', {
      response: { 200: TemplateList, ...answers(401, 403, 500, 503) },
    }),
    handler: async () => ({ items: (await deps.templates.list()).map(viewOf) }),
  })

  app.get('/v1/templates/:name', {
    config: { access: 'operate' },
    schema: operation('A template and its versions; the ETag is that of the newest', {
      params: TemplateParams,
      response: { 200: TemplateView, ...answers(401, 403, 404, 500, 503) },
    }),
    handler: async (request, reply) => {
      const found = await deps.templates.find(nameOf(request))
      if (!found) throw new Refusal('template.unknown')
      return tagged(reply, found.versions.at(-1)?.hash).send(viewOf(found))
    },
  })

  // The parser of templates names every fault of a body; a check before it would name some of them only.
  app.put('/v1/templates/:name', {
    config: { access: 'operate' },
    bodyLimit: templateBodyBytesMax,
    validatorCompiler: ({ schema, httpPart, url, method }) =>
      httpPart === 'body'
        ? (value: unknown) => ({ value })
        : app.validatorCompiler!({ schema, httpPart, url, method } as never),
    schema: operation('Draft a version: a new one, or the newest anew while it is a draft or in review', {
      params: TemplateParams,
      headers: TemplateHeaders,
      body: TemplateBody,
      response: { 200: VersionDetailView, ...answers(400, 401, 403, 409, 412, 413, 415, 422, 500, 503) },
    }),
    handler: async (request, reply) => {
      const expected = expectedTag(request)
      const drafted = await deps.templates.draft(nameOf(request), request.body, {
        by: actor(request),
        ...(expected !== undefined && { expected }),
      })
      return tagged(reply, detail(drafted).hash).send(detail(drafted))
    },
  })

  versionRoutes(app, deps)
  actRoutes(app, deps)
}

function versionRoutes(app: FastifyInstance, deps: RouteDeps): void {
  app.get('/v1/templates/:name/versions/:version', {
    config: { access: 'operate' },
    schema: operation('A version: its source, and what is said against its wording and looks', {
      params: VersionParams,
      response: { 200: VersionDetailView, ...answers(401, 403, 404, 409, 500, 503) },
    }),
    handler: async (request, reply) => {
      const found = await deps.templates.detail(versionOf(request))
      if (!found) throw new Refusal('template.unknown')
      return tagged(reply, found.version.hash).send(detail(found))
    },
  })

  app.get('/v1/templates/:name/versions/:version/preview', {
    config: { access: 'operate' },
    schema: operation('How a version looks with sample values, hostile and international ones among them', {
      params: VersionParams,
      querystring: PreviewQuery,
      response: { 200: PreviewView, ...answers(401, 403, 404, 409, 422, 500, 503) },
    }),
    handler: (request, reply) => preview(deps, request, reply),
  })

  app.get('/v1/templates/:name/diff', {
    config: { access: 'operate' },
    schema: operation('What a reader would see differ between two versions', {
      params: TemplateParams,
      querystring: DiffQuery,
      response: { 200: DiffView, ...answers(401, 403, 404, 409, 422, 500, 503) },
    }),
    handler: async request => {
      const found = await deps.templates.diff(nameOf(request), request.query as DiffQuery)
      if ('status' in found) throw refusalOf(found)
      return found
    },
  })
}

const acts = [
  ['submit', SubmitBody, 'Send a draft to review'],
  ['approve', ApproveTemplateBody, 'Approve a version in review; nobody who shaped it may'],
  ['return', ReturnBody, 'Send a version back from review, with a reason'],
  ['retire', RetireBody, 'Retire a version for good: no message is written from it any more'],
] as const

function actRoutes(app: FastifyInstance, deps: RouteDeps): void {
  for (const [act, body, summary] of acts)
    app.post(`/v1/templates/:name/versions/:version/${act}`, {
      config: { access: 'operate' },
      schema: operation(summary, {
        params: VersionParams,
        body,
        response: { 200: VersionDetailView, ...answers(400, 401, 403, 404, 409, 413, 415, 422, 500, 503) },
      }),
      handler: async (request, reply) => {
        const wanted = { act, ...(request.body as object) } as VersionAct
        const done = detail(await deps.templates.act(versionOf(request), wanted, actor(request)))
        return tagged(reply, done.hash).send(done)
      },
    })
}

/** What is shown runs nothing, asks for nothing, and is not ours to anybody who frames it: the mail's own markup is all it has. */
const sandbox =
  "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

async function preview(deps: RouteDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { locale, sample = 'usual', part } = request.query as PreviewQuery
  const how = { sample, ...(locale !== undefined && { locale }) }
  const shown = await deps.templates.preview(versionOf(request), how)
  if ('status' in shown) throw refusalOf(shown)
  reply.header('content-security-policy', sandbox)
  if (part === 'html') return reply.type('text/html; charset=utf-8').send(shown.html)
  if (part === 'text') return reply.type('text/plain; charset=utf-8').send(`${shown.subject}\n\n${shown.text}`)
  return reply.send({ ...shown, samples: sampleNames })
}

const nameOf = (request: FastifyRequest): string => (request.params as { name: string }).name
const versionOf = (request: FastifyRequest) => request.params as { name: string; version: string }

const tagged = (reply: FastifyReply, hash: string | undefined): FastifyReply =>
  hash === undefined ? reply : reply.header('etag', `"${hash}"`)

/** RFC 9110 §13.1.1; one tag is all that a client needs here. */
function expectedTag(request: FastifyRequest): string | undefined {
  const header = request.headers['if-match']
  if (header === undefined || header === '*') return undefined
  const tag = /^"([A-Za-z0-9_-]{1,64})"$/.exec(header)?.[1]
  if (tag === undefined) throw new Refusal('template.not-current')
  return tag
}

const timeFields = ['at', 'submittedAt', 'approvedAt', 'retiredAt'] as const

function versionView(version: TemplateVersion): VersionView {
  const { returned, ...rest } = version
  const view: Record<string, unknown> = { ...rest }
  for (const field of timeFields) if (version[field] !== undefined) view[field] = instantText(version[field])
  if (returned) view.returned = { ...returned, at: instantText(returned.at) }
  return view as VersionView
}

const viewOf = ({ versions, ...template }: Template): TemplateView => ({
  ...template,
  versions: versions.map(versionView),
})

function detail(found: VersionDetail | TemplateRefused): VersionDetailView {
  if ('status' in found) throw refusalOf(found)
  const { template, version, source, findings, look } = found
  const { name, kind, class: className, application } = template
  return {
    template: {
      ...{ name, kind },
      ...(className !== undefined && { class: className }),
      ...(application !== undefined && { application }),
    },
    ...versionView(version),
    ...(source !== undefined && { source }),
    findings,
    ...(look && {
      look: { ...look, unlearnt: look.unlearnt.map(one => ({ ...one, seenAt: instantText(one.seenAt) })) },
    }),
  }
}

function refusalOf(refused: TemplateRefused): Refusal {
  if (refused.status === 'refused') return new Refusal(refused.code)
  if (refused.status === 'invalid')
    return new Refusal('template.invalid', { faults: refused.faults.slice(0, faultsMax) })
  return new Refusal('template.lint', { faults: refused.findings.map(lintFault) })
}

const lintFault = ({ rule, locale, part, quote, reason, better }: LintFinding) => ({
  pointer: `/locales/${locale}/${part === 'html' ? 'mjml' : part}`,
  code: `lint.${rule}`,
  detail: `${quote === undefined ? '' : `"${quote}": `}${reason} ${better}`.slice(0, reasonTextLengthMax),
})

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { answers, operation } from './documentation.ts'
import { Refusal } from './problems.ts'
import type { MailboxPort, RouteDeps } from './server.ts'

const Ok = Type.Object({ ok: Type.Literal(true) })

export function serviceRoutes(app: FastifyInstance, deps: RouteDeps): void {
  app.get('/healthz', {
    config: { access: 'public' },
    schema: operation('Whether the process answers', { response: { 200: Ok } }),
    handler: async () => ({ ok: true }),
  })

  app.get('/readyz', {
    config: { access: 'public' },
    schema: operation('Whether messages can be decided and made durable', { response: { 200: Ok, ...answers(503) } }),
    handler: async () => {
      const ready = deps.ready()
      if (!ready.ok) throw new Refusal('not-ready', { detail: ready.why })
      return { ok: true }
    },
  })

  // Not public: on a small site the counters tell whether a request for some account led to a message. A scraper on this machine needs no key.
  app.get('/metrics', {
    config: { access: 'local' },
    schema: operation('Metrics in the Prometheus text format', {
      response: {
        200: { description: 'Metrics', content: { 'text/plain': { schema: Type.String() } } },
        ...answers(401, 403, 500),
      },
    }),
    handler: async (_request, reply) => reply.type(deps.registry.contentType).send(await deps.registry.metrics()),
  })

  if (deps.mailbox !== undefined) mailboxRoutes(app, deps.mailbox)
}

function mailboxRoutes(app: FastifyInstance, mailbox: MailboxPort): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const [path = '', query = ''] = request.url.split('?', 2)
    const page = await mailbox.render({ path, query: new URLSearchParams(query) })
    return reply.code(page.status).headers(page.headers).send(Buffer.from(page.body))
  }
  for (const url of ['/mailbox', '/mailbox/*'])
    app.get(url, { config: { access: 'loopback' }, schema: { hide: true }, handler })
}

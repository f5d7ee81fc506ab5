import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import Type, { type TSchema } from 'typebox'
import { Problem } from './contract.ts'
import { problems } from './problems.ts'

// The OpenAPI 3.1 document is made from the very schemas that check the requests; `/docs` tries it out and loads nothing from elsewhere.

// The page styles itself by attributes; scripts, fonts, pictures and calls are ours alone.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

type Operation = {
  consumes?: string[]
  body?: TSchema
  headers?: TSchema
  params?: TSchema
  querystring?: TSchema
  response: Record<number, unknown>
}

/** One operation of the document. */
export const operation = (summary: string, parts: Operation) => ({ summary, ...parts })

const statusNames: Record<number, string> = {
  400: 'The request cannot be read',
  401: 'No key, or one that is not known',
  403: 'The key lacks the scope',
  404: 'Not found',
  409: 'In conflict with what was decided',
  410: 'Erased',
  412: 'Somebody else was faster',
  413: 'Too large',
  415: 'A media type that is not taken',
  422: 'Faults, all of them at once',
  429: 'Too many questions; try again after the time in Retry-After',
  500: 'A fault of ours',
  503: 'Try again; nothing was decided',
}

/** The refusals that an operation may answer with. */
export function answers(...statuses: number[]): Record<number, unknown> {
  const schema = { 'application/problem+json': { schema: Problem } }
  return Object.fromEntries(statuses.map(status => [status, { description: statusNames[status], content: schema }]))
}

export function documentation(app: FastifyInstance): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tocsin',
        version: '1',
        description: `Errors are RFC 9457 problem details. Codes: ${Object.keys(problems).join(', ')}.`,
      },
      servers: [{ url: '/' }],
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    },
    transform: ({ schema, url, route }) => {
      const access = route.config?.access
      const guarded =
        access === undefined || access === 'public'
          ? { security: [] }
          : { security: [{ key: [] }, ...(access === 'local' ? [{}] : [])], 'x-scope': access }
      return { schema: { ...schema, ...guarded }, url }
    },
  })
  app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentSecurityPolicy,
    validatorUrl: false,
    uiConfig: { layout: 'BaseLayout', persistAuthorization: false, tryItOutEnabled: true },
  })
  app.after(() => {
    app.get('/openapi.json', {
      config: { access: 'public' },
      schema: operation('This document', { response: { 200: Type.Unknown() } }),
      handler: async () => app.swagger(),
    })
  })
}

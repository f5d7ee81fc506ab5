import type { FastifyInstance } from 'fastify'
import { DomainList, DomainParams, DomainReport } from './contract.ts'
import { answers, operation } from './documentation.ts'
import { Refusal } from './problems.ts'
import type { RouteDeps } from './server.ts'

/** Whether receivers can believe that mail is ours: an operator's to read, and to ask again once something was mended. */
export function domainRoutes(app: FastifyInstance, { domains }: RouteDeps): void {
  app.get('/v1/domains', {
    config: { access: 'operate' },
    schema: operation('The domains that are audited, with what was found last', {
      response: { 200: DomainList, ...answers(401, 403, 500) },
    }),
    handler: async () => ({ items: (domains?.domains ?? []).map(domain => rowOf(domain)) }),
  })

  const rowOf = (domain: string): DomainList['items'][number] => {
    const report = domains?.report(domain)
    return report ? { domain, at: report.at, counts: report.counts } : { domain }
  }

  app.get('/v1/domains/:domain', {
    config: { access: 'operate' },
    schema: operation('What the last audit of a domain found', {
      params: DomainParams,
      response: { 200: DomainReport, ...answers(401, 403, 404, 500) },
    }),
    handler: async request => {
      const domain = nameIn(request.params)
      if (!domains?.domains.includes(domain)) throw new Refusal('domain.unknown')
      const report = domains.report(domain)
      if (!report) throw new Refusal('domain.not-yet')
      return report
    },
  })

  app.post('/v1/domains/:domain/audit', {
    config: { access: 'operate' },
    schema: operation('Audit a domain now', {
      params: DomainParams,
      response: { 200: DomainReport, ...answers(401, 403, 404, 500, 503) },
    }),
    handler: async request => {
      const begun = domains?.auditNow(nameIn(request.params))
      if (!begun) throw new Refusal('domain.unknown')
      return await begun
    },
  })
}

const nameIn = (params: unknown): string => (params as DomainParams).domain.toLowerCase().replace(/\.$/, '')

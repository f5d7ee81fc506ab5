import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Scope, scopeOf } from '../../core/scope.ts'
import { instantText, parseInstant } from '../../std/instant.ts'
import type { ClassCounts } from '../../views/register.ts'
import type { ClassPolicyPatch, ClassStatus, OperatorPort, Stop } from '../operator.ts'
import { actor } from './access.ts'
import {
  AccountParams,
  ClassList,
  ClassParams,
  ClassPatch,
  ClassView,
  Done,
  type Fault,
  PauseBody,
  Paused,
  PauseUnconfirmed,
  ResumeBody,
  type StopView,
} from './contract.ts'
import { answers, operation } from './documentation.ts'
import { Refusal } from './problems.ts'
import type { RouteDeps } from './server.ts'

export function classRoutes(app: FastifyInstance, deps: RouteDeps): void {
  app.get('/v1/classes', {
    config: { access: 'read' },
    schema: operation('All classes, their policy and live counts', {
      response: { 200: ClassList, ...answers(401, 403, 500, 503) },
    }),
    handler: async () => ({ items: await views(deps) }),
  })

  app.get('/v1/classes/:class', {
    config: { access: 'read' },
    schema: operation('A class, its policy and live counts', {
      params: ClassParams,
      response: { 200: ClassView, ...answers(401, 403, 404, 500, 503) },
    }),
    handler: async request => {
      const view = (await views(deps)).find(one => one.name === nameOf(request))
      if (view === undefined) throw new Refusal('class.unknown')
      return view
    },
  })

  app.put('/v1/classes/:class', {
    config: { access: 'operate' },
    schema: operation('Change the policy of a class; what is not named stays', {
      params: ClassParams,
      body: ClassPatch,
      response: { 200: ClassView, ...answers(400, 401, 403, 413, 415, 422, 500, 503) },
    }),
    handler: request => putClass(deps, request),
  })

  stopRoutes(app, deps)

  app.delete('/v1/accounts/:account', {
    config: { access: 'operate' },
    schema: operation('Erase the keys of a person; the answer is the same for an account that is not known', {
      params: AccountParams,
      response: { 200: Done, ...answers(401, 403, 404, 500, 503) },
    }),
    handler: async request => {
      await deps.operator.erase((request.params as { account: string }).account, actor(request))
      return { done: true }
    },
  })
}

function stopRoutes(app: FastifyInstance, deps: RouteDeps): void {
  app.post('/v1/classes/:class/pause', {
    config: { access: 'operate' },
    schema: operation('Stop a class, or of it a lane, a source of causes, a template; answers when the stop holds', {
      params: ClassParams,
      body: PauseBody,
      response: { 200: Paused, 202: PauseUnconfirmed, ...answers(400, 401, 403, 404, 409, 413, 415, 422, 500, 503) },
    }),
    handler: async (request, reply) => {
      const pause = await deps.operator.pause(stopOf(deps, request))
      if (pause.status === 'unknown-class') throw new Refusal('class.unknown')
      if (pause.status === 'too-many') throw new Refusal('stops.too-many')
      if (pause.status === 'unconfirmed') return reply.code(202).send({ unconfirmed: pause.unconfirmed })
      return { handedOver: pause.handedOver }
    },
  })

  app.post('/v1/classes/:class/resume', {
    config: { access: 'operate' },
    schema: operation('End the stop of exactly this scope; refused, with the stops that hold, when there is none', {
      params: ClassParams,
      body: ResumeBody,
      response: { 200: Done, ...answers(400, 401, 403, 404, 409, 413, 415, 422, 500, 503) },
    }),
    handler: async request => {
      const resume = await deps.operator.resume({ ...scopeIn(request), by: actor(request) })
      if (resume.status === 'unknown-class') throw new Refusal('class.unknown')
      if (resume.status === 'unknown-stop') throw new Refusal('stop.unknown', { stops: resume.stops.map(stopView) })
      return { done: true }
    },
  })
}

const nameOf = (request: FastifyRequest): string => (request.params as { class: string }).class

async function views(deps: RouteDeps): Promise<ClassView[]> {
  const [classes, { classes: counts, stale }] = await Promise.all([
    deps.operator.classes(),
    deps.register.counts(deps.now()),
  ])
  return classes.map(one => viewOf(one, counts[one.name], stale))
}

const noCounts: ClassCounts = { lastHour: {}, lastDay: {}, held: 0 }

function viewOf(status: ClassStatus, counts: ClassCounts = noCounts, stale: boolean): ClassView {
  const stops = status.stops.map(stopView)
  const { name, policy, requirements, caps, budgets } = status
  return { name, policy, requirements, caps, budgets, stops, counts, stale }
}

function stopView({ since, until, endsAt, ...stop }: Stop): StopView {
  return {
    ...stop,
    since: instantText(since),
    ...(until === undefined ? {} : { until: instantText(until) }),
    ...(endsAt === undefined ? {} : { endsAt: instantText(endsAt) }),
  }
}

const className = /^[a-z][a-z0-9-]*$/

async function putClass(deps: RouteDeps, request: FastifyRequest): Promise<ClassView> {
  const name = nameOf(request)
  if (!className.test(name) || name.length > 64)
    throw invalid([{ pointer: '', code: 'class.name', detail: 'a name has lower-case letters, digits and hyphens' }])
  const set = await deps.operator.setClass(name, request.body as ClassPolicyPatch, actor(request))
  if (set.status === 'refused') throw invalid(set.faults)
  const { classes, stale } = await deps.register.counts(deps.now())
  return viewOf(set.class, classes[name], stale)
}

const invalid = (faults: Fault[]): Refusal => new Refusal('request.invalid', { faults })

function stopOf(deps: RouteDeps, request: FastifyRequest): Parameters<OperatorPort['pause']>[0] {
  const { reason, until } = request.body as PauseBody
  const end = until === undefined ? undefined : parseInstant(until)!
  if (end !== undefined && end <= deps.now())
    throw invalid([{ pointer: '/until', code: 'field.in-the-past', detail: 'must be in the future' }])
  const stop = { ...scopeIn(request), by: actor(request), reason }
  return end === undefined ? stop : { ...stop, until: end }
}

const scopeIn = (request: FastifyRequest): Scope =>
  scopeOf({ class: nameOf(request), ...(request.body as Omit<Scope, 'class'>) })

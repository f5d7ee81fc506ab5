import type { FastifyInstance, FastifyRequest } from 'fastify'
import { assert } from '../../std/assert.ts'
import type { Application } from '../intake.ts'
import type { Key, Keys, Scope } from '../keys.ts'
import { Refusal } from './problems.ts'

// Who may call what. Every route names its scope where it is declared; one that does not stops the start.

/**
 * `local`: this machine without a key, anybody else with one that operates. `report`: whoever reports causes or operates.
 * `inspect`: whoever operates, and applications for what they sent.
 */
export type Access = Scope | 'public' | 'loopback' | 'local' | 'report' | 'inspect'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    /** Bytes that a streamed body may have; `batchBytesMax` when absent. */
    streamBytesMax?: number
  }
  interface FastifyRequest {
    key: Key | null
  }
}

export function guard(app: FastifyInstance, keys: Keys): void {
  app.decorateRequest('key', null)
  app.addHook('onRoute', route => {
    const access = route.config?.access ?? (/^\/docs(?:\/|$)/.test(route.url) ? 'public' : undefined)
    assert(access !== undefined, `route ${route.url} names its access`)
    route.config = { ...route.config, access }
  })
  app.addHook('onRequest', (request, _reply, done) => {
    const access = request.is404 ? 'public' : request.routeOptions.config.access
    if (access !== 'public') admit(request, keys, access)
    done()
  })
}

/** `undefined` lets nobody in. */
function admit(request: FastifyRequest, keys: Keys, access: Exclude<Access, 'public'> | undefined): void {
  if (access === 'loopback') {
    if (!isFromThisMachine(request)) throw new Refusal('mailbox.loopback-only')
    return
  }
  if (access === 'local' && request.headers.authorization === undefined && isFromThisMachine(request)) return
  const header = request.headers.authorization
  const token = header === undefined ? undefined : /^Bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1]
  if (token === undefined) throw new Refusal('auth.missing')
  const key = keys.bearer(token)
  if (key === undefined) throw new Refusal('auth.unknown-key')
  if (access === undefined || !scopesFor(access).some(scope => key.scopes.includes(scope)))
    throw new Refusal('auth.scope-missing')
  request.key = key
}

/** One of these is enough. */
function scopesFor(access: Scope | 'local' | 'report' | 'inspect'): readonly Scope[] {
  if (access === 'report') return ['causes', 'operate']
  if (access === 'inspect') return ['send', 'operate']
  return [access === 'local' ? 'operate' : access]
}

const loopbackPeer = /^(?:127\.|::1$|::ffff:127\.)/
const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i

// The host is looked at as well: a page elsewhere whose name is made to resolve to this machine brings its own name.
function isFromThisMachine(request: FastifyRequest): boolean {
  const peer = request.raw.socket.remoteAddress ?? ''
  return loopbackPeer.test(peer) && loopbackHost.test(request.headers.host ?? '')
}

/** The application that a key sends for. */
export function applicationOf(request: FastifyRequest): Application {
  const key = request.key
  assert(key !== null, 'a route with a scope has a key')
  return key.application ?? { name: key.name }
}

/** The application whose messages a key may read; `undefined` is all of them. */
export function readableBy(request: FastifyRequest): string | undefined {
  return request.key?.application?.name
}

/** Whether a key is one of a person who decides about messages, and not only of an application that sends them. */
export const operates = (request: FastifyRequest): boolean => request.key?.scopes.includes('operate') ?? false

export const actor = (request: FastifyRequest): string => request.key?.name ?? 'nobody'

import type { FastifyInstance, FastifyReply } from 'fastify'
import Type from 'typebox'
import type { LedgerPort } from '../ledger.ts'
import { readableBy } from './access.ts'
import { MessageParams } from './contract.ts'
import { answers, operation } from './documentation.ts'
import { Refusal } from './problems.ts'
import type { RouteDeps } from './server.ts'

// C2SP tlog-tiles over HTTP. Everybody may read it, and may keep what they have read: tiles never change. Nothing is shown beyond the last
// checkpoint, so that it cannot be asked whether somebody was just written to.

const checkpointSecondsMax = 5
const immutable = 'public, max-age=31536000, immutable'

const TileParams = Type.Object({ '*': Type.String({ description: 'L/N or entries/N, and .p/W for a partial one' }) })

const Keys = Type.Object({
  keys: Type.Array(
    Type.Object({
      verifier: Type.String({ description: 'C2SP signed-note verifier key' }),
      from: Type.String({ format: 'date-time' }),
      until: Type.Optional(Type.String({ format: 'date-time', description: 'It signs nothing after this' })),
    }),
  ),
})

const Proof = Type.Object({
  id: Type.String({ format: 'uuid' }),
  status: Type.Enum(['sealed', 'not-sealed']),
  index: Type.Optional(Type.Integer({ description: 'of the leaf in the log, from 0' })),
  size: Type.Optional(Type.Integer({ description: 'of the tree that the proof is for' })),
  leaf: Type.Optional(Type.String({ description: 'HMAC-SHA-256(commitment, record), base64' })),
  proof: Type.Optional(Type.Array(Type.String(), { description: 'RFC 9162 §2.1.3, base64, from the leaf up' })),
  record: Type.Optional(Type.Unknown({ description: 'what the leaf says of the message' })),
  commitment: Type.Optional(Type.String({ description: 'HMAC-SHA-256 of the content under its nonce, base64url' })),
  checkpoint: Type.Optional(Type.String({ description: 'C2SP signed note' })),
})

export function ledgerRoutes(app: FastifyInstance, { ledger }: RouteDeps): void {
  if (!ledger) return
  publicRoutes(app, ledger)
  app.get('/v1/messages/:id/proof', {
    config: { access: 'read' },
    schema: operation('That a message stands in the public register', {
      params: MessageParams,
      response: { 200: Proof, ...answers(401, 403, 404, 500, 503) },
    }),
    handler: async request => {
      const { id } = request.params as { id: string }
      const answer = await ledger.proof(id.toLowerCase(), readableBy(request))
      if (answer.status === 'unknown') throw new Refusal('message.unknown')
      return { id: id.toLowerCase(), ...answer }
    },
  })
}

function publicRoutes(app: FastifyInstance, ledger: LedgerPort): void {
  const config = { access: 'public' } as const
  const text = { 200: { description: 'A signed note', content: { 'text/plain': { schema: Type.String() } } } }
  app.get('/ledger/checkpoint', {
    config,
    schema: operation('The newest checkpoint of the register (C2SP tlog-checkpoint)', {
      response: { ...text, ...answers(404, 500, 503) },
    }),
    handler: async (_request, reply) => {
      const note = await ledger.checkpoint()
      if (note === undefined) throw new Refusal('route.unknown')
      return reply
        .header('cache-control', `public, max-age=${checkpointSecondsMax}`)
        .type('text/plain; charset=utf-8')
        .send(note)
    },
  })
  app.get('/ledger/keys', {
    config,
    schema: operation('The keys that sign or have signed checkpoints', {
      response: { 200: Keys, ...answers(500, 503) },
    }),
    handler: async (_request, reply) => {
      const keys = await ledger.keys()
      reply.header('cache-control', `public, max-age=${checkpointSecondsMax}`)
      return {
        keys: keys.map(({ verifier, from, until }) => ({
          verifier,
          from: instant(from),
          ...(until && { until: instant(until) }),
        })),
      }
    },
  })
  app.get('/ledger/tile/*', {
    config,
    schema: operation('A tile, or a bundle of entries, of the register (C2SP tlog-tiles)', {
      params: TileParams,
      response: {
        200: { description: 'Hashes or entries', content: { 'application/octet-stream': { schema: Type.String() } } },
        ...answers(404, 500, 503),
      },
    }),
    handler: async (request, reply) =>
      sendTile(reply, await ledger.tile(`tile/${(request.params as { '*': string })['*']}`)),
  })
}

function sendTile(reply: FastifyReply, tile: Uint8Array | undefined): FastifyReply {
  if (!tile) throw new Refusal('route.unknown')
  return reply.header('cache-control', immutable).type('application/octet-stream').send(Buffer.from(tile))
}

const instant = (ms: number): string => new Date(ms).toISOString()

// Fastify with Tocsin's own schema for a message and an answer of the same shape, deciding and keeping nothing. A process of its own.
// usage: node fastify-server.ts PORT
import { randomUUID } from 'node:crypto'
import Fastify from 'fastify'
import type { TSchema } from 'typebox'
import { check } from '../../src/inbound/http/check.ts'
import { MessageBody, MessageDecision, messageBodyBytesMax } from '../../src/inbound/http/contract.ts'

const app = Fastify({ bodyLimit: messageBodyBytesMax })
app.setValidatorCompiler<TSchema>(({ schema }) => {
  const { accepts } = check(schema)
  return value => (accepts(value) ? { value } : { error: new Error('the body is not of the schema') })
})
app.post('/v1/messages', { schema: { body: MessageBody, response: { 202: MessageDecision } } }, (_request, reply) => {
  reply.code(202)
  return { id: randomUUID(), outcome: 'deliver', reasons: [], lane: 'open', code: 'ABCD-EFGH-JKLM' }
})
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' })
process.once('SIGTERM', () => process.exit(0))

import type { FastifyInstance } from 'fastify'

/** How long a stop waits for requests under way. */
export const drainMsMax = 10_000

/**
 * A stop answers what is under way and takes nothing new. Fastify ends the connections that are idle when it begins; one that was busy then
 * would be kept alive behind its answer for as long as its client likes, and the stop with it. Who has not ended his request in time is cut.
 */
export function drain(app: FastifyInstance, drainMs = drainMsMax): void {
  let cut: NodeJS.Timeout | undefined
  app.addHook('preClose', done => {
    cut = setTimeout(() => app.server.closeAllConnections(), drainMs)
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (cut) reply.header('connection', 'close')
    done()
  })
  app.addHook('onResponse', (_request, _reply, done) => {
    // A batch has sent its header before the stop began. Its connection is idle only after this hook.
    if (cut) setImmediate(() => app.server.closeIdleConnections())
    done()
  })
  app.addHook('onClose', (_app, done) => {
    clearTimeout(cut)
    done()
  })
}

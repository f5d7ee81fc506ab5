import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { toNodeHandler } from 'better-auth/node'
import { auth, settled, visit } from './auth.js'
import { isKnownDevice } from './device.js'
import { reportEvent } from './tocsin.js'

// The web tier. It sees the person's request before Better Auth does and reports it, under a key of its own, as the cause of what follows.
const betterAuth = toNodeHandler(auth)

const server = createServer((request, response) => {
  const cookies = request.headers.cookie
  const seen = { knownDevice: userId => isKnownDevice(cookies, userId) }
  visit.run(seen, () => serve(request, response, seen))
})

async function serve(request, response, seen) {
  if (request.url === '/fault' && process.env.EXAMPLE_FAULT) return fault(response)
  if (request.url === '/api/auth/request-password-reset') {
    request.body = await readJson(request)
    seen.cause = randomUUID()
    await reportReset(request, seen).catch(error => console.error(error.message))
  }
  return betterAuth(request, response)
}

/** One look-up and one report, whether the account exists or not: the same work, so the same time. */
async function reportReset({ body, headers, socket }, { cause, knownDevice }) {
  const { internalAdapter } = await auth.$context
  const user = (await internalAdapter.findUserByEmail(String(body?.email ?? '').toLowerCase()))?.user
  const session = await auth.api.getSession({ headers: new Headers({ cookie: headers.cookie ?? '' }) })
  const isOwn = user !== undefined && session?.user.id === user.id
  await reportEvent({
    id: cause,
    type: 'reset.requested',
    account: user?.id ?? 'nobody',
    data: {
      known: user !== undefined,
      trust: isOwn ? 'session' : user && knownDevice(user.id) ? 'known-device' : 'unknown',
      requester: { ip: socket.remoteAddress },
      ...(user && { recipients: [{ email: user.email }] }),
    },
  })
}

/** What a fault looks like: every account gets a reset mail that nobody asked for. Only with EXAMPLE_FAULT=1. */
async function fault(response) {
  const { adapter } = await auth.$context
  for (const { email } of await adapter.findMany({ model: 'user' }))
    await auth.api.requestPasswordReset({ body: { email } })
  await settled()
  response.end('done\n')
}

async function readJson(request) {
  let text = ''
  for await (const chunk of request) if ((text += chunk).length > 10_000) break
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const port = Number(process.env.APP_PORT ?? 3000)
server.listen(port, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`))
process.on('SIGTERM', () => {
  server.close(() => settled().then(() => process.exit()))
  server.closeIdleConnections()
})

import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash, randomUUID } from 'node:crypto'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { createAuthMiddleware } from 'better-auth/api'
import { deviceCookie, rememberDevice } from './device.js'
import { reportEvent, sendMessage } from './tocsin.js'

// Links may lead to the sender's domain: on a developer's machine both are localhost, elsewhere both are yours.
const from = process.env.APP_FROM ?? 'Example <security@localhost>'

/** What the web tier knows of the request that is being served: `{cause, knownDevice}`. Nothing from outside can set it. */
export const visit = new AsyncLocalStorage()

const underWay = new Set()

/** Waits for the sends that are under way. */
export const settled = () => Promise.allSettled(underWay)

function inBackground(promise) {
  const sending = promise.catch(error => console.error(error.message)).finally(() => underWay.delete(sending))
  underWay.add(sending)
}

export const auth = betterAuth({
  baseURL: process.env.APP_URL ?? 'http://127.0.0.1:3000',
  secret: process.env.APP_SECRET,
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  emailAndPassword: {
    enabled: true,
    autoSignIn: false,
    resetPasswordTokenExpiresIn: 15 * 60,
    sendResetPassword: ({ user, url, token }) => sendReset(user, url, token),
  },
  // Without this Better Auth awaits the send, and how long an answer takes tells whether the account exists.
  advanced: { backgroundTasks: { handler: inBackground } },
  databaseHooks: { session: { create: { after: async session => inBackground(alertOfSignIn(session)) } } },
  hooks: {
    after: createAuthMiddleware(async ctx => {
      const user = ctx.context.newSession?.user
      if (user) ctx.setCookie(deviceCookie, rememberDevice(user.id), { httpOnly: true, sameSite: 'lax', path: '/' })
    }),
  },
})

async function sendReset(user, url, token) {
  const cause = visit.getStore()?.cause
  await sendMessage(
    {
      class: 'password-reset',
      account: user.id,
      recipient: { email: user.email },
      from,
      subject: 'Choose a new password',
      text: `You asked for a new password. Choose one here within 15 minutes:\n\n${url}\n\nIf it was not you, you need not do anything.\n`,
      expiresAt: new Date(Date.now() + 15 * 60_000).toISOString(),
      ...(cause && { cause: { id: cause } }),
    },
    createHash('sha256').update(token).digest('base64url'),
  )
}

/** A sign-in from a device that the account has not used before is told to its holder. */
async function alertOfSignIn({ userId, ipAddress }) {
  if (visit.getStore()?.knownDevice?.(userId)) return
  const { internalAdapter } = await auth.$context
  const user = await internalAdapter.findUserById(userId)
  const id = randomUUID()
  await reportEvent({
    id,
    type: 'login.succeeded',
    account: userId,
    data: { ip: ipAddress || '127.0.0.1', newDevice: true, recipients: [{ email: user.email }] },
  })
  await sendMessage(
    {
      class: 'sign-in-alert',
      account: userId,
      recipient: { email: user.email },
      from,
      subject: 'A new device signed in to your account',
      text: 'Somebody signed in to your account from a device that it has not been used on before.\n\nIf it was you, all is well.\nIf not, open our website as you always do and end the session there.\n',
      cause: { id },
    },
    id,
  )
}

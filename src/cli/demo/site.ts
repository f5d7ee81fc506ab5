import { createTransport } from 'nodemailer'

/** How the people of the demonstration ask: from their own device, or from somewhere new. */
export type Requester = 'session' | 'known-device' | 'unknown'

export type Told = { outcome: string; ms: number }

/**
 * A small site with two halves, as most sites have them: the web tier, which sees what people do and reports it as causes, and the
 * notification system, which sends mail. Each has a credential of its own; neither can do what the other does.
 */
export class Site {
  readonly #url: string
  readonly #keys: { api: string; cause: string }
  readonly #smtp: ReturnType<typeof createTransport>

  constructor({
    url,
    smtpPort,
    keys,
  }: { url: string; smtpPort: number; keys: { api: string; cause: string; smtp: string } }) {
    this.#url = url
    this.#keys = keys
    const [user = '', pass = ''] = keys.smtp.split(':')
    this.#smtp = createTransport({
      host: '127.0.0.1',
      port: smtpPort,
      pool: true,
      maxConnections: 4,
      auth: { user, pass },
      tls: { rejectUnauthorized: false },
    })
  }

  /** The web tier: somebody asked for a password reset, or signed in. */
  async report(
    kind: 'reset.requested' | 'login.succeeded',
    id: string,
    account: string,
    requester: Requester,
  ): Promise<void> {
    const data =
      kind === 'reset.requested'
        ? { known: true, trust: requester, requester: { ip: '192.0.2.7' }, recipients: [{ email: addressOf(account) }] }
        : { ip: '192.0.2.7', newDevice: requester === 'unknown' }
    const event = {
      specversion: '1.0',
      id,
      source: '/web',
      type: `tocsin.${kind}`,
      time: new Date().toISOString(),
      subject: account,
      data,
    }
    await this.#post('/v1/events', 'application/cloudevents+json', this.#keys.cause, event)
  }

  /** The notification system, over HTTP. */
  async send(className: string, account: string, mail: { subject: string; text: string }): Promise<Told> {
    const began = performance.now()
    const body = { class: className, account, recipient: { email: addressOf(account) }, ...mail }
    const answer = await this.#post('/v1/messages', 'application/json', this.#keys.api, body)
    const { outcome } = answer as { outcome: string }
    return { outcome, ms: performance.now() - began }
  }

  /** The notification system, over SMTP, as any product sends. */
  async mail(className: string, account: string, { subject, text }: { subject: string; text: string }): Promise<Told> {
    const began = performance.now()
    const sent = await this.#smtp.sendMail({
      from: 'Example Site <security@example.org>',
      to: addressOf(account),
      subject,
      text,
      headers: { 'X-Tocsin-Class': className, 'X-Tocsin-Account': account },
    })
    const outcome = sent.response.trim().split(' ').at(-1) ?? '?'
    return { outcome, ms: performance.now() - began }
  }

  close(): void {
    this.#smtp.close()
  }

  async #post(path: string, type: string, key: string, body: unknown): Promise<unknown> {
    const response = await fetch(new URL(path, this.#url), {
      method: 'POST',
      headers: { 'content-type': type, authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    })
    const answer = (await response.json()) as { title?: string; detail?: string }
    if (!response.ok)
      throw new Error(`${path} answered ${response.status}: ${answer.title ?? ''} ${answer.detail ?? ''}`)
    return answer
  }
}

export const addressOf = (account: string): string => `${account}@people.example.net`

export const resetMail = (account: string): { subject: string; text: string } => ({
  subject: 'Reset your password',
  text: `Hello ${account},

you can choose a new password here: https://example.org/reset?token=${account}-0001
The link works for one hour. If you did not ask for it, you need not do anything.
`,
})

export const signInMail = (account: string): { subject: string; text: string } => ({
  subject: 'You signed in on a new device',
  text: `Hello ${account},

somebody signed in to your account just now, from a browser that we had not seen before.
If this was you, all is well. If not, open the app and look under Security, Devices.
`,
})

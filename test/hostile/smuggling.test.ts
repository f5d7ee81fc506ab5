import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Product, SmtpClient } from '../product.ts'
import { bareLineBreaks, type Sink, startSink } from '../sink.ts'

// SMTP smuggling (CVE-2023-51764, -51765, -51766): what one server takes for text, the next takes for the end of a mail and for commands. One
// mail in is at most one mail out, and what leaves has no line end that two readers could see differently.

const smuggled =
  'MAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\nSubject: smuggled\r\n\r\nsmuggled\r\n'

/** What stands where a careless reader sees an end of data. */
const refused: [name: string, variant: string][] = [
  ['LF . LF', '\n.\n'],
  ['CRLF . LF', '\r\n.\n'],
  ['LF . CRLF', '\n.\r\n'],
  ['CR . CR', '\r.\r'],
  ['CRLF . CR', '\r\n.\r'],
  ['CR . CRLF', '\r.\r\n'],
  ['CR . LF', '\r.\n'],
  ['LF . CR', '\n.\r'],
  ['CRLF . CR CR LF', '\r\n.\r\r\n'],
  ['LF CR . CRLF', '\n\r.\r\n'],
  ['NUL before the dot', '\r\n\0.\r\n'],
  ['NUL behind the dot', '\r\n.\0\r\n'],
  ['NUL in the line end before', '\r\0\n.\r\n'],
  ['NUL in the line end behind', '\r\n.\r\0\n'],
]
const delivered: typeof refused = [
  ['two dots', '\r\n..\r\n'],
  ['a blank before the dot', '\r\n .\r\n'],
  ['a blank behind the dot', '\r\n. \r\n'],
  ['a dot at the end of a line', '\r\nx.\r\n'],
  ['NEL', '\x85.\x85'],
  ['LINE SEPARATOR', '\xe2\x80\xa8.\xe2\x80\xa8'],
  ['vertical tab and form feed', '\v.\f'],
]

const mailWith = (variant: string): string => `Subject: outer\r\n\r\nbody${variant}${smuggled}`
const plain = 'Subject: next\r\n\r\nfine\r\n'

type Out = { port: number; texts(): string[]; recipients(): string[]; close(): Promise<void> }

async function recording(): Promise<Out & { sink: Sink }> {
  const sink = await startSink()
  return {
    sink,
    port: sink.port,
    texts: () => sink.mails.map(({ data }) => data.toString('latin1')),
    recipients: () => sink.mails.flatMap(({ to }) => to),
    close: () => sink.close(),
  }
}

async function independent(): Promise<Out> {
  const texts: string[] = []
  const recipients: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const parts: Buffer[] = []
      stream.on('data', part => parts.push(part))
      stream.on('end', () => {
        texts.push(Buffer.concat(parts).toString('latin1'))
        for (const { address } of session.envelope.rcptTo) recipients.push(`<${address}>`)
        done()
      })
    },
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as { port: number }
  return {
    port,
    texts: () => texts,
    recipients: () => recipients,
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}

describe.each([
  ['our sink', recording],
  ['smtp-server', independent],
] as const)('through the relay to %s', (name, open) => {
  let out: Out
  let product: Product
  beforeAll(async () => {
    out = await open()
    product = await Product.start({ upstreams: [out.port] })
  })
  afterAll(async () => {
    await product.stop()
    await out.close()
  })

  it.each(
    refused,
  )('%s within a mail: refused for good, and the next mail on the connection is fine', async (_, variant) => {
    const client = await product.smtp()
    expect(await client.mail(mailWith(variant))).toMatch(/^550 5\.6\.11 /)
    expect(await client.mail(plain)).toMatch(/^250 2\.0\.0 /)
    // The same in single bytes, so that the variant is cut at every place.
    for (const line of ['MAIL FROM:<app@example.org>', 'RCPT TO:<someone@example.net>', 'DATA']) await client.say(line)
    client.write('Subject: outer\r\n\r\nbody')
    for (const piece of variant) {
      client.write(piece)
      await new Promise(resolve => setImmediate(resolve))
    }
    client.write(`${smuggled}.\r\n`)
    expect(await client.reply()).toMatch(/^550 5\.6\.11 /)
    expect(await client.mail(plain)).toMatch(/^250 2\.0\.0 /)
    client.close()
  })

  it.each(delivered)('%s is text: one in, one out', async (_, variant) => {
    const client = await product.smtp()
    expect(await client.mail(mailWith(variant))).toMatch(/^250 2\.0\.0 /)
    expect(await client.mail(plain)).toMatch(/^250 2\.0\.0 /)
    client.close()
  })

  it('all of it in one write, as PIPELINING allows: as many replies as mails, in order', async () => {
    const all = [...refused, ...delivered]
    const client = await SmtpClient.open(product.running.smtpPort)
    const begin = 'MAIL FROM:<app@example.org>\r\nRCPT TO:<someone@example.net>\r\nDATA\r\n'
    const stuffedDots = (text: string) => text.replaceAll(/(^|\r\n)\.(?=[. x])/g, '$1..')
    client.write(all.map(([, variant]) => `${begin}${stuffedDots(mailWith(variant))}.\r\n`).join(''))
    const ends: string[] = []
    for (const _ of all) {
      for (const expected of ['250', '250', '354']) expect((await client.reply()).slice(0, 3)).toBe(expected)
      ends.push((await client.reply()).slice(0, 3))
    }
    expect(ends).toEqual([...refused.map(() => '550'), ...delivered.map(() => '250')])
    client.close()
  })

  it.each(refused)('%s in a message over HTTP: one out', async (_, variant) => {
    const message = { class: 'other', recipient: { email: 'someone@example.net' }, subject: 'outer' }
    const text = mailWith(variant)
    const answer = await product.send({ ...message, text: text.replaceAll('\0', '') })
    expect(answer).toMatchObject({ status: 202, body: { outcome: 'deliver' } })
    const withNul = await product.send({ ...message, text })
    if (text.includes('\0')) expect(withNul).toMatchObject({ status: 422, body: { code: 'message.invalid' } })
    else expect(withNul.status).toBe(202)
  })

  it('what came out is what was accepted: nothing smuggled, nobody else written to', async () => {
    const states = await product.settled()
    expect(Object.keys(states)).toEqual(['delivered'])
    expect(out.texts()).toHaveLength(states.delivered!)
    expect(new Set(out.recipients())).toEqual(new Set(['<someone@example.net>']))
    expect(out.recipients()).toHaveLength(states.delivered!)
    for (const text of out.texts()) expect(text.split('\r\n\r\n')[0]).not.toMatch(/^Subject: smuggled/m)
  })

  it.runIf(name === 'our sink')('no bare CR, no bare LF and no NUL on the wire', () => {
    const { sink } = out as Awaited<ReturnType<typeof recording>>
    const wire = sink.octets.map(chunks => Buffer.concat(chunks))
    expect(wire.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(10_000)
    for (const octets of wire) {
      expect(bareLineBreaks(octets)).toBe(0)
      expect(octets.includes(0)).toBe(false)
    }
  })
})

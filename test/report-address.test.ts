import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { zoneDns } from '../src/domains/test-zone.ts'
import type { Application, Intake, MessageRequest, ReportedEvent } from '../src/inbound/intake.ts'
import { DkimSigner, generateDkimKeys } from '../src/outbound/email/dkim.ts'
import { reportDesk } from '../src/report-port.ts'
import { type Mailbox, parseMailbox } from '../src/std/mailbox.ts'
import { type Corpus, genuineMails } from './campaign/forgery/genuine.ts'
import { openHouse, Product } from './product.ts'

const mailbox = (text: string): Mailbox => (parseMailbox(text) as { ok: true; mailbox: Mailbox }).mailbox
const address = mailbox('report@example.org')

let corpus: Corpus
let signer: DkimSigner
let zone: Parameters<typeof zoneDns>[0]
beforeAll(async () => {
  corpus = await genuineMails()
  const keys = await generateDkimKeys('example.net')
  signer = new DkimSigner({ keys })
  zone = { '_dmarc.example.net': { txt: ['v=DMARC1; p=reject'] } }
  for (const { record } of keys) zone[record.name] = { txt: [record.value] }
})
afterAll(() => {
  corpus.close()
  signer.close()
})

function desk(start = Date.UTC(2026, 0, 8, 12)) {
  const clock = { now: start }
  const sent: MessageRequest[] = []
  const events: ReportedEvent[] = []
  const intake: Intake = {
    messages: async (_: Application, requests) => {
      sent.push(...requests)
      return []
    },
    events: async reported => {
      events.push(...reported)
      return []
    },
    confirm: async () => ({ status: 'done' }),
  }
  const { take } = reportDesk({
    ...{ address, hostname: 'mx.example.org', application: { name: 'default' }, intake },
    ...{ verifier: corpus.verifier, dns: zoneDns(zone), now: () => clock.now },
  })
  const textOf = (request: MessageRequest | undefined) =>
    request?.content.kind === 'raw' ? Buffer.from(request.content.data).toString() : undefined
  return { take, sent, events, clock, textOf }
}

const reported = () => corpus.mails.find(({ name }) => name === 'text')!.data.toString('latin1')

const forwarded = (enclosed: string, more: string[] = [], from = 'Ann <ann@example.net>') =>
  [
    `From: ${from}`,
    'To: report@example.org',
    'Subject: Fwd: Reset',
    'Date: Thu, 08 Jan 2026 12:00:00 +0000',
    'Message-ID: <f-1@example.net>',
    ...more,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=f',
    '',
    '--f',
    'Content-Type: text/plain',
    '',
    'Is this yours?',
    '--f',
    'Content-Type: message/rfc822',
    '',
    `${enclosed.replace(/\r\n$/, '')}`,
    '--f--',
    '',
  ].join('\r\n')

const inline = [
  'From: ann@example.net',
  'To: report@example.org',
  'Message-ID: <f-2@example.net>',
  '',
  'Fwd: Reset',
  '',
]

async function signed(mail: string): Promise<Buffer> {
  const result = await signer.sign(Buffer.from(mail, 'latin1'), Date.UTC(2026, 0, 8, 12))
  if (result.status !== 'signed') throw new Error(result.status)
  return result.data
}

const envelope = (from: Mailbox | null = mailbox('ann@example.net')) => ({
  ...{ from, to: address, remoteAddress: '192.0.2.1', tls: false, helo: 'mx.example.net' },
})

describe('a mail that is forwarded to the report address', () => {
  it('is checked, recorded, and answered by a mail that says that a machine wrote it', async () => {
    const { take, sent, events, textOf } = desk()
    const mail = reported().replace(/\r\n$/, '\r\n')
    expect(await take(envelope(), await signed(forwarded(mail)))).toBe('taken')
    expect(events).toMatchObject([
      { type: 'signal', signal: { kind: 'reported', from: { address: 'ann@example.net' } } },
    ])
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({ class: 'other', recipient: { address: 'ann@example.net' } })
    expect(sent[0]!.from).toBeUndefined()
    const text = textOf(sent[0])
    expect(text).toMatch(/^From: report@example\.org\r\nTo: ann@example\.net\r\n/)
    expect(text).toMatch(/^Auto-Submitted: auto-replied\r$/m)
    expect(text).toMatch(/^In-Reply-To: <f-1@example\.net>\r$/m)
    expect(text).not.toMatch(/https?:|4f9a2c|Is this yours/)
  })

  it.each<[given: string, enclosed: () => string, kind: string, says: RegExp]>([
    [
      'that is changed',
      () => reported().replace('www.example.org', 'evil.example'),
      'phishing',
      /not the mail as we sent it/,
    ],
    [
      'that has nothing of ours',
      () => 'From: a@evil.example\r\nTo: ann@example.net\r\n\r\nx\r\n',
      'phishing',
      /Nothing in this mail shows/,
    ],
  ])('%s is answered as what it is', async (_, enclosed, kind, says) => {
    const { take, sent, events, textOf } = desk()
    await take(envelope(), await signed(forwarded(enclosed())))
    expect(events).toMatchObject([{ signal: { report: kind } }])
    expect(textOf(sent[0])).toMatch(says)
  })

  it('within the text is never called genuine', async () => {
    const { take, sent, events, textOf } = desk()
    await take(envelope(), await signed([...inline, corpus.mails[0]!.code, ''].join('\r\n')))
    expect(events).toMatchObject([{ signal: { report: 'question' } }])
    expect(textOf(sent[0])).toMatch(/We cannot confirm[\s\S]*Forward it as an attachment/)
  })

  it('is answered once an hour', async () => {
    const { take, sent, events, clock } = desk()
    const mail = await signed(forwarded(reported()))
    for (const minutes of [0, 30, 59, 61]) {
      clock.now = Date.UTC(2026, 0, 8, 12, minutes)
      await take(envelope(), mail)
    }
    expect(sent).toHaveLength(2)
    expect(new Set(events.map(event => event.id)).size).toBe(1)
  })

  it.each<[given: string, mail: () => Promise<Buffer>, from: Mailbox | null | undefined, recorded: number]>([
    ['unsigned', async () => Buffer.from(forwarded(reported())), undefined, 1],
    [
      'changed after it was signed',
      async () => Buffer.from(String(await signed(forwarded(reported()))).replace('yours', 'ours')),
      undefined,
      1,
    ],
    ['with another envelope', () => signed(forwarded(reported())), mailbox('bob@example.net'), 1],
    [
      'of a domain without a policy',
      () =>
        signed(forwarded(reported())).then(mail => Buffer.from(String(mail).replaceAll('example.net', 'example.com'))),
      mailbox('ann@example.com'),
      1,
    ],
    ['with an empty reverse path', () => signed(forwarded(reported())), null, 0],
    ['by a machine', () => signed(forwarded(reported(), ['Auto-Submitted: auto-replied'])), undefined, 0],
    ['from a list', () => signed(forwarded(reported(), ['List-Id: <a.example.net>'])), undefined, 0],
    ['in bulk', () => signed(forwarded(reported(), ['Precedence: bulk'])), undefined, 0],
    ['to somebody else', async () => signed(forwarded(reported()).replace('To: report@', 'To: other@')), undefined, 1],
    ['from the address itself', async () => Buffer.from(forwarded(reported(), [], 'report@example.org')), address, 0],
  ])('%s is not answered', async (_, mail, from, recorded) => {
    const { take, sent, events } = desk()
    expect(await take(envelope(from === undefined ? mailbox('ann@example.net') : from), await mail())).toBe('taken')
    expect(sent).toEqual([])
    expect(events).toHaveLength(recorded)
  })

  it('is not taken without end', async () => {
    const { take } = desk()
    const taken: string[] = []
    for (let n = 0; n < 25; n++) taken.push(await take(envelope(null), Buffer.from('x')))
    expect(taken.filter(one => one === 'busy')).toHaveLength(5)
  })
})

it('anybody may write to the report address, and to no other', async () => {
  const config = { ...openHouse, trustedNetworks: [], report: { address: 'report@example.org' } }
  const product = await Product.start({ config, env: { TOCSIN_DNS: '127.0.0.1:9' } })
  const client = await product.smtp()
  const say = async (line: string) => (await client.say(line)).slice(0, 9)
  expect(await say('VRFY ann')).toBe('530 5.7.0')
  expect(await say('MAIL FROM:<ann@example.net>')).toBe('250 2.1.0')
  for (const other of ['ann@example.org', 'report@example.net', 'report+x@example.org'])
    expect(await say(`RCPT TO:<${other}>`)).toBe('530 5.7.0')
  expect(await say('DATA')).toBe('554 5.5.1')
  expect(await say('RCPT TO:<Report@Example.ORG>')).toBe('250 2.1.5')
  expect(await say('DATA')).toMatch(/^354/)
  expect(await say(`${forwarded(reported())}.`)).toBe('250 2.0.0')
  const signals = await product.query("select convert_from(events, 'utf8') as events from journal")
  expect(signals.rows.filter(({ events }) => String(events).includes('"kind":"reported"'))).toHaveLength(1)
  expect(String(signals.rows.map(({ events }) => events))).not.toMatch(/ann@|example\.net/)
  expect(await say('MAIL FROM:<ann@example.net> SIZE=99999999999')).toBe('552 5.3.4')
  expect(
    (await product.query("select count(*)::int as count from register_message where via = 'smtp'")).rows[0]!.count,
  ).toBe(0)
})

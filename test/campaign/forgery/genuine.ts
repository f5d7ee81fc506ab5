import { type OwnKey, signatureCheck } from '../../../src/authenticity/signature.ts'
import { openVerifier, type Verifier } from '../../../src/authenticity/verify.ts'
import type { Content } from '../../../src/core/content.ts'
import type { MessageFacts, MessageId } from '../../../src/core/events.ts'
import { keyringOf } from '../../../src/engine/keyring.ts'
import { addressHash } from '../../../src/inbound/requests.ts'
import { sentMail } from '../../../src/outbound/deliver.ts'
import { DkimSigner, generateDkimKeys } from '../../../src/outbound/email/dkim.ts'
import { type Mailbox, parseMailbox } from '../../../src/std/mailbox.ts'
import { readCode } from '../../../src/std/message-code.ts'
import type { SentRecord } from '../../../src/views/sent.ts'

// Genuine mails of every kind that leaves, and the verifier that knows them: the very code of production over a register in memory.

export type Genuine = { name: string; recipient: string; code: string; signed: boolean; data: Buffer }

const mailbox = (text: string): Mailbox => {
  const parsed = parseMailbox(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.code}`)
  return parsed.mailbox
}

const link = 'https://www.example.org/reset/4f9a2c'
const html = `<!doctype html><html><body><h1>Reset</h1><p>Hello Ann,</p><p><a href="${link}">Set a new password</a></p></body></html>`
const attached = [
  'From: Example <noreply@example.org>',
  'To: ann@example.net',
  'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= from us',
  'Message-ID: <raw-1@example.org>',
  'Date: Thu, 08 Jan 2026 12:00:00 +0000',
  'MIME-Version: 1.0',
  'X-Mailer: shop 1.2',
  'Content-Type: multipart/mixed; boundary="outer"',
  '',
  '--outer',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Gr=C3=BC=C3=9Fe, your code is 482913.=20',
  '--outer',
  'Content-Type: text/calendar; name="a.ics"',
  'Content-Disposition: attachment; filename="a.ics"',
  'Content-Transfer-Encoding: base64',
  '',
  'QkVHSU46VkNBTEVOREFSDQpFTkQ6VkNBTEVOREFSDQo=',
  '--outer--',
  '',
]
const plain = [
  'From: noreply@example.org',
  'To: "Ann (of shop)" <ann@example.net>',
  'Subject: Sign-in from a new device',
  'Message-ID: <raw-2@example.org>',
  'Date: Thu, 08 Jan 2026 12:00:00 +0000',
  '',
  'Somebody signed in. If it was not you, change your password.',
  '',
  'Yours, the shop',
  '',
  '',
]

type Kind = {
  name: string
  content: Omit<Content, 'recipient'>
  signed: boolean
  via?: MessageFacts['via']
  to?: string
}

const kinds: readonly Kind[] = [
  { name: 'text', content: { subject: 'Reset', text: `Hello Ann,\n\nset a new password: ${link}\n` }, signed: true },
  { name: 'text, unsigned', content: { subject: 'Reset', text: `Hello Ann,\n\n${link}\n` }, signed: false },
  {
    name: 'text and HTML',
    content: { subject: 'Reset', text: `Hello: ${link}`, html, appendCode: true },
    signed: true,
  },
  { name: 'HTML, unsigned', content: { subject: 'Reset', html }, signed: false },
  {
    name: 'long, with letters of the world',
    content: {
      subject: 'Größe 🙂 Ελληνικά',
      text: `${'Zeile mit Umläuten äöü und – Strichen. '.repeat(40)}\n`.repeat(8),
    },
    signed: true,
  },
  { name: 'as mail, with an attachment', content: { raw: Buffer.from(attached.join('\r\n')) }, signed: true },
  { name: 'as mail, unsigned', content: { raw: Buffer.from(attached.join('\r\n')) }, signed: false },
  { name: 'as plain mail', content: { raw: Buffer.from(plain.join('\r\n')) }, signed: false },
  { name: 'notice', content: { subject: 'x', text: 'y' }, signed: true, via: 'notice' },
  {
    name: 'to somebody else',
    content: { subject: 'Reset', text: `Hello: ${link}` },
    signed: true,
    to: 'bob@example.net',
  },
]

export type Corpus = { mails: Genuine[]; verifier: Verifier; close(): void }

/** One mail of each kind, signed as in production; `domain` of the keys: where the unsigned ones come from we sign nothing. */
export async function genuineMails(): Promise<Corpus> {
  const keyring = keyringOf(new Uint8Array(32).fill(7))
  const published = await generateDkimKeys('example.org')
  const signer = new DkimSigner({ keys: published })
  const keys: OwnKey[] = published.map(({ domain, selector, privateKey }) => ({ domain, selector, privateKey }))
  const sent = new Map<string, { record: SentRecord; mail: Buffer }>()
  const mails: Genuine[] = []
  for (const [n, { name, content, signed, via = 'http', to = 'ann@example.net' }] of kinds.entries()) {
    const id = `019b9d3c-5000-${via === 'notice' ? '8' : '7'}000-8000-${String(n).padStart(12, '0')}` as MessageId
    const domain = signed ? 'example.org' : 'unsigned.example'
    const from = { name: 'Example', mailbox: mailbox(`noreply@${domain}`) }
    const composing = { from, hostname: 'mx.example.org', code: keyring.code, write: async () => undefined }
    const unsigned =
      content.raw && !signed
        ? Buffer.from(String(content.raw).replace('noreply@example.org', `noreply@${domain}`))
        : content.raw
    const whole: Content = { ...content, recipient: mailbox(to), from, ...(unsigned && { raw: unsigned }) }
    const mail = (await sentMail(composing, { id, facts: { via, class: 'password-reset' } }, whole))!
    const code = keyring.code(id)
    const address = addressHash(keyring, mailbox(to))
    const sealed = { offset: 0, length: 0, page: 0, slot: 0 }
    const at = { sentAt: Date.UTC(2026, 0, 8, 12), decidedAt: 1 }
    const record: SentRecord = {
      id,
      class: 'password-reset',
      lane: 'open',
      address,
      via,
      marks: 0,
      erased: false,
      isCaused: true,
      sealed,
      ...at,
    }
    sent.set(readCode(code)!, { record, mail })
    const made = signed ? await signer.sign(mail, Date.UTC(2026, 0, 8, 12)) : { status: 'signed' as const, data: mail }
    if (made.status !== 'signed') throw new Error(`${name}: ${made.status}`)
    mails.push({ name, recipient: to, code, signed, data: made.data })
  }
  const verifier = openVerifier({
    reached: async () => true,
    sentByCode: async codes => codes.flatMap(code => sent.get(code)?.record ?? []),
    addressHash: text => {
      const parsed = parseMailbox(text)
      return parsed.ok ? addressHash(keyring, parsed.mailbox) : keyring.hash('nobody', text)
    },
    mailOf: async ({ id }) => sent.get(readCode(keyring.code(id))!)?.mail,
    signature: signatureCheck(keys),
  })
  return { mails, verifier, close: () => signer.close() }
}

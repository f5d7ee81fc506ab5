import type { Random } from '../../../src/std/random.ts'
import type { Genuine } from './genuine.ts'

// What forgers do to a mail that they have: they keep what vouches for it and change what it says. Bytes are latin1 throughout.

export type Forgery = { name: string; data: Buffer }

type Mutation = (mail: string, random: Random, others: readonly Genuine[]) => string

/** Behind what servers put on top: our signatures, which only say what the rest must be, and which mails may lose on their way. */
function ownAt(mail: string): number {
  let at = 0
  while (/^DKIM-Signature:/i.test(mail.slice(at, at + 15))) at = /\r\n(?![ \t])/.exec(mail.slice(at))!.index + at + 2
  return at
}

const bodyAt = (mail: string): number => mail.indexOf('\r\n\r\n') + 4
const pick = <T>(random: Random, list: readonly T[]): T => list[random.integer(0, list.length)]!
const place = (mail: string, random: Random): number => random.integer(ownAt(mail), mail.length)
const byte = (random: Random): string => String.fromCharCode(random.integer(1, 256))
const withField = (mail: string, field: string, isFirst: boolean): string => {
  const at = isFirst ? 0 : mail.indexOf('\r\n\r\n') + 2
  return `${mail.slice(0, at)}${field}\r\n${mail.slice(at)}`
}

const fields = [
  'From: Example <noreply@evil.example>',
  'Reply-To: help@evil.example',
  'Sender: help@evil.example',
  'Subject: Your account is locked',
  'To: mallory@evil.example',
  'Cc: mallory@evil.example',
  'Content-Type: text/html; charset=utf-8',
  'Content-Type: multipart/alternative; boundary="evil"',
  'Content-Transfer-Encoding: base64',
  'Content-Disposition: attachment; filename="a.html"',
  'List-Unsubscribe: <https://evil.example/u>',
  'List-Help: <https://evil.example/h>',
  'Disposition-Notification-To: help@evil.example',
  'Tocsin-Code: 0000-0000-0000',
  'Date: Fri, 09 Jan 2026 12:00:00 +0000',
  'Message-ID: <evil@evil.example>',
  'MIME-Version: 2.0',
  'In-Reply-To: <evil@evil.example>',
  'Priority: urgent',
  'X-Priority: 1',
  ' folded into what was there',
  'no field at all',
  ' ',
]

const lures = [
  'Your account is locked. Sign in at https://evil.example/login',
  '<a href="https://evil.example">Set a new password</a>',
  'Call +1 555 0100 now.',
  '\u00e2\u0080\u00ae',
  '<style>body{display:none}</style>',
  '<!-- -->',
  ' ',
  '\r\n',
  '=20',
  '=\r\n',
]

const part = (text: string): string => `Content-Type: text/html; charset=utf-8\r\n\r\n<p>${text}</p>\r\n`

const mutations: Record<string, Mutation> = {
  'a bit is flipped': (mail, random) => {
    const at = place(mail, random)
    const flipped = mail.charCodeAt(at) ^ (1 << random.integer(0, 8))
    return mail.slice(0, at) + String.fromCharCode(flipped) + mail.slice(at + 1)
  },
  'a byte is another': (mail, random) => {
    const at = place(mail, random)
    return mail.slice(0, at) + byte(random) + mail.slice(at + 1)
  },
  'bytes are gone': (mail, random) => {
    const at = place(mail, random)
    return mail.slice(0, at) + mail.slice(at + random.integer(1, 40))
  },
  'bytes are added': (mail, random) => {
    const at = place(mail, random)
    return (
      mail.slice(0, at) + Array.from({ length: random.integer(1, 6) }, () => byte(random)).join('') + mail.slice(at)
    )
  },
  'a line is gone': (mail, random) => {
    const lines = mail.slice(ownAt(mail)).split('\r\n')
    lines.splice(random.integer(0, lines.length - 1), 1)
    return mail.slice(0, ownAt(mail)) + lines.join('\r\n')
  },
  'a line stands twice': (mail, random) => {
    const lines = mail.slice(ownAt(mail)).split('\r\n')
    const at = random.integer(1, lines.length)
    lines.splice(at, 0, lines[at - 1]!)
    return mail.slice(0, ownAt(mail)) + lines.join('\r\n')
  },
  'two lines change places': (mail, random) => {
    const lines = mail.slice(ownAt(mail)).split('\r\n')
    const at = random.integer(1, lines.length)
    ;[lines[at - 1], lines[at]] = [lines[at]!, lines[at - 1]!]
    return mail.slice(0, ownAt(mail)) + lines.join('\r\n')
  },
  'the rest is cut off': (mail, random) => mail.slice(0, place(mail, random)),
  'a field is added': (mail, random) => withField(mail, pick(random, fields), random.integer(0, 2) === 0),
  'a field has another value': (mail, random) => {
    const name = pick(random, ['From', 'To', 'Subject', 'Date', 'Message-ID', 'Content-Type', 'Tocsin-Code'])
    const value = pick(random, ['x', 'Example <noreply@evil.example>', 'Ann <ann@example.net>, bob@example.net', ''])
    return mail.replace(new RegExp(`^${name}:[^\\r]*(?:\\r\\n[ \\t][^\\r]*)*`, 'm'), `${name}: ${value}`)
  },
  'a link leads elsewhere': mail => mail.replaceAll('www.example.org', 'www.examp1e.org'),
  'a lure is put in': (mail, random) => {
    const at = random.integer(bodyAt(mail), mail.length)
    return mail.slice(0, at) + pick(random, lures) + mail.slice(at)
  },
  'a lure stands at the end': (mail, random) => mail + pick(random, lures),
  'a lure replaces the body': (mail, random) => mail.slice(0, bodyAt(mail)) + pick(random, lures),
  'a part is put in front': (mail, random) =>
    mail.replace(/\r\n--([^\r]+)\r\n/, (found, mark) => `\r\n--${mark}\r\n${part(pick(random, lures))}${found}`),
  'it is wrapped': (mail, random) => {
    const head = mail.slice(0, bodyAt(mail)).replace(/^(?:Content|MIME)[^\r]*(?:\r\n[ \t][^\r]*)*\r\n/gim, '')
    const type = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=w\r\n\r\n'
    const inner = `Content-Type: text/plain\r\n\r\n${mail.slice(bodyAt(mail))}`
    return `${head.slice(0, -2)}${type}--w\r\n${part(pick(random, lures))}\r\n--w\r\n${inner}\r\n--w--\r\n`
  },
  'its body is written in base64': mail => {
    const head = mail.slice(0, bodyAt(mail)).replace(/^Content-Transfer-Encoding:[^\r]*\r\n/im, '')
    const body = Buffer.from(mail.slice(bodyAt(mail)), 'latin1')
      .toString('base64')
      .replaceAll(/.{76}/g, '$&\r\n')
    return `${head.slice(0, -2)}Content-Transfer-Encoding: base64\r\n\r\n${body}\r\n`
  },
  'it has the code of another': (mail, random, others) => {
    const { code } = pick(random, others)
    return mail.replaceAll(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/g, code)
  },
  'it has the body of another': (mail, random, others) => {
    const other = pick(random, others).data.toString('latin1')
    return mail.slice(0, bodyAt(mail)) + other.slice(bodyAt(other))
  },
  'another lends it its header': (mail, random, others) => {
    const other = pick(random, others).data.toString('latin1')
    return other.slice(0, bodyAt(other)) + mail.slice(bodyAt(mail))
  },
  'a new mail has only the code': (mail, random) => {
    const code = /[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(mail)![0]
    const to = /^To: [^\r]*/m.exec(mail)![0]
    const head = ['From: Example <noreply@example.org>', to, 'Subject: Reset', `Tocsin-Code: ${code}`]
    return [...head, '', pick(random, lures), `Code: ${code}`, ''].join('\r\n')
  },
  'a break of a line is half': (mail, random) => {
    const own = ownAt(mail)
    const breaks = [...mail.slice(own).matchAll(/\r\n/g)].map(({ index }) => index + own)
    const at = pick(random, breaks)
    return mail.slice(0, at) + pick(random, ['\r', '\n', '\r\r\n', '\n\r']) + mail.slice(at + 2)
  },
  'letters look alike': mail => {
    const at = bodyAt(mail)
    const [head, body] = [mail.slice(0, at), mail.slice(at)]
    return head + body.replace(/a/, '\u00d0\u00b0').replace(/o/, '\u00d0\u00be')
  },
}

export const mutationNames = Object.keys(mutations)

/** A forgery of one of the mails, or of several at once; never the mail itself, nor another that is genuine. */
export function forge(mails: readonly Genuine[], random: Random): Forgery {
  const known = new Set(mails.map(({ data }) => data.toString('latin1')))
  for (;;) {
    const genuine = pick(random, mails)
    const others = mails.filter(one => one !== genuine)
    let mail = genuine.data.toString('latin1')
    const names: string[] = []
    for (let steps = random.integer(0, 4) === 0 ? 2 : 1; steps > 0; steps--) {
      const name = pick(random, mutationNames)
      mail = mutations[name]!(mail, random, others)
      names.push(name)
      if (bodyAt(mail) < 4) break
    }
    if (!known.has(mail)) return { name: `${genuine.name}: ${names.join(', ')}`, data: Buffer.from(mail, 'latin1') }
  }
}

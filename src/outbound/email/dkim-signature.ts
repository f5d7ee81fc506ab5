import crypto from 'node:crypto'

/** A key and where its public half is published: TXT of `selector._domainkey.domain`. */
export type DkimKey = { domain: string; selector: string; privateKey: crypto.KeyObject }

/**
 * Fields that are signed, and signed once more than they occur (RFC 6376 §8.15), so that nobody can put a second one in front.
 * `DKIM-Signature: h=` lists each field as often as it occurs plus once.
 */
export const signedFields = [
  'from',
  'to',
  'cc',
  'subject',
  'date',
  'message-id',
  'reply-to',
  'sender',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'in-reply-to',
  'references',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'auto-submitted',
  'tocsin-code',
]

/** One header field as it stands in the mail, folds included, without its last CRLF. */
type Field = { name: string; raw: string }

const lineCharsMax = 76

/**
 * The `DKIM-Signature` fields (RFC 6376, relaxed/relaxed; RSA-SHA256 of RFC 8301, Ed25519-SHA256 of RFC 8463) to put in front of a mail,
 * one per key, each ended by CRLF. Written here because the library that verifies them in the tests cannot sign a field once more than it
 * occurs, and takes several times as long. `signedAt` is in seconds.
 */
export function dkimSignatures(mail: Buffer, keys: readonly DkimKey[], signedAt: number): string {
  const headerEnd = mail.indexOf('\r\n\r\n')
  const header = mail.toString('latin1', 0, headerEnd < 0 ? mail.length : headerEnd)
  const bodyText = headerEnd < 0 ? '' : mail.toString('latin1', headerEnd + 4)
  const bodyHash = crypto.createHash('sha256').update(relaxedBody(bodyText), 'latin1').digest('base64')
  const chosen = choose(splitFields(header))
  const data = chosen.present.map(field => `${relaxedField(field.raw)}\r\n`).join('')
  return keys.map(key => signature(key, { names: chosen.names, data, bodyHash, signedAt })).join('')
}

type Hashed = { names: string[]; data: string; bodyHash: string; signedAt: number }

function signature(key: DkimKey, hashed: Hashed): string {
  const rsa = key.privateKey.asymmetricKeyType === 'rsa'
  const unsigned = [
    `DKIM-Signature: v=1; a=${rsa ? 'rsa' : 'ed25519'}-sha256; c=relaxed/relaxed;`,
    ` d=${key.domain}; s=${key.selector}; t=${hashed.signedAt};`,
    ...folded(hashed.names),
    ` bh=${hashed.bodyHash};`,
    ' b=',
  ].join('\r\n')
  const input = Buffer.from(hashed.data + relaxedField(unsigned), 'latin1')
  const bytes = rsa
    ? crypto.sign('sha256', input, key.privateKey)
    : crypto.sign(null, crypto.createHash('sha256').update(input).digest(), key.privateKey)
  const pieces = bytes.toString('base64').match(/.{1,72}/g) ?? []
  return `${unsigned}${pieces.join('\r\n ')}\r\n`
}

/** The `h=` tag in lines of moderate length. */
function folded(names: string[]): string[] {
  const lines: string[] = []
  let line = ' h='
  names.forEach((name, at) => {
    const piece = name + (at === names.length - 1 ? ';' : ':')
    if (line.length + piece.length > lineCharsMax) {
      lines.push(line)
      line = ' '
    }
    line += piece
  })
  return [...lines, line]
}

function splitFields(header: string): Field[] {
  return header.split(/\r\n(?![ \t])/).map(raw => {
    const colon = raw.indexOf(':')
    return { name: colon < 0 ? '' : raw.slice(0, colon).trim().toLowerCase(), raw }
  })
}

/** Fields of one name are signed from the last to the first (RFC 6376 §5.4.2); the one name more stands for "and no other". */
function choose(fields: Field[]): { names: string[]; present: Field[] } {
  const names: string[] = []
  const present: Field[] = []
  for (const name of signedFields) {
    const occurrences = fields.filter(field => field.name === name).reverse()
    for (const field of occurrences) {
      names.push(name)
      present.push(field)
    }
    names.push(name)
  }
  return { names, present }
}

/** RFC 6376 §3.4.2. */
function relaxedField(raw: string): string {
  const colon = raw.indexOf(':')
  const value = raw
    .slice(colon + 1)
    .replaceAll('\r\n', '')
    .replace(/[ \t]+/g, ' ')
  return `${raw.slice(0, colon).trim().toLowerCase()}:${value.trim()}`
}

/** RFC 6376 §3.4.4. Runs of white space shrink first, so that the second pattern needs to look at single spaces only. */
function relaxedBody(text: string): string {
  const lines = text.replace(/[ \t]+/g, ' ').replace(/ (?=\r\n|$)/g, '')
  let end = lines.length
  while (end >= 2 && lines[end - 1] === '\n' && lines[end - 2] === '\r') end -= 2
  return end === 0 ? '' : `${lines.slice(0, end)}\r\n`
}

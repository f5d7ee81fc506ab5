// One address, exactly. Whoever authorizes a recipient and whoever issues RCPT must read the same bytes, and libraries do not: some split one
// string into two recipients, some map look-alike dots. So there is one parser, it is narrower than RFC 5321 wherever two readers could differ,
// and `address` is the only string that may reach the wire.

/** One addr-spec. `local` keeps its case; `domain` is lower-case ASCII (A-labels); `address` is `local@domain`, safe between `<` and `>`. */
export type Mailbox = { readonly local: string; readonly domain: string; readonly address: string }

/** A `From`-like value: one mailbox and the name shown for it (Unicode, NFC, unquoted), if any. */
export type NamedMailbox = { readonly name?: string; readonly mailbox: Mailbox }

export type MailboxRefusal = { readonly ok: false; readonly code: MailboxFault; readonly detail: string }

/** Why a text is not one mailbox. Stable: clients and tests rely on the codes. The texts never repeat the address. */
export const mailboxFaults = {
  empty: 'the address is empty',
  'too-long': 'an address has at most 254 bytes',
  'line-break': 'an address contains no line break',
  'control-character': 'an address contains no control character',
  'bidi-control': 'an address contains no bidirectional control',
  'invisible-character': 'an address contains no invisible character',
  'look-alike-separator': 'the dots and the at sign are the ASCII ones',
  'not-unicode': 'the address is not well-formed Unicode',
  'source-route': 'a source route is not allowed',
  'percent-hack': 'routing by a percent sign is not allowed',
  'bang-path': 'routing by an exclamation mark is not allowed',
  'display-name': 'only the address itself is allowed here: no name, no angle brackets',
  comment: 'a comment is not allowed',
  group: 'a group is not allowed',
  'several-addresses': 'exactly one address is allowed',
  'white-space': 'an address contains no white space',
  'no-at-sign': 'the address has no at sign',
  'several-at-signs': 'the address has more than one at sign',
  'local-empty': 'there is nothing before the at sign',
  'local-too-long': 'at most 64 bytes before the at sign',
  'local-not-ascii': 'only ASCII before the at sign',
  'local-dots': 'no dot first, last or twice in a row before the at sign',
  'local-character': 'a character before the at sign is not allowed',
  'quoted-character': 'in quotes only letters, digits, dots, spaces and the usual signs are allowed',
  'domain-empty': 'there is nothing behind the at sign',
  'domain-empty-label': 'the domain has an empty label',
  'domain-label-too-long': 'a label of the domain has at most 63 bytes',
  'domain-too-long': 'the domain has at most 255 bytes',
  'domain-hyphen': 'a label of the domain neither begins nor ends with a hyphen',
  'domain-character': 'a character of the domain is not allowed',
  'domain-ambiguous': 'the domain has more than one spelling: write its labels in lower case, or as A-labels (xn--)',
  'domain-not-qualified': 'the domain has only one label',
  'domain-numeric': 'the last label of the domain is a number',
  'address-literal': 'an IP address in the place of a domain is not allowed',
  'name-character': 'a character of the name is not allowed',
  'name-too-long': 'the name has at most 256 characters',
  'angle-brackets': 'the address ends with one closing angle bracket',
} as const
export type MailboxFault = keyof typeof mailboxFaults

// RFC 5321 §4.5.3.1: local part 64, domain 255, path 256 with its angle brackets, hence an address 254; RFC 1035 §2.3.4: label 63.
const localBytesMax = 64
const domainBytesMax = 255
const addressBytesMax = 254
const labelBytesMax = 63
const textLengthMax = 1024
const nameLengthMax = 256

const atext = 1
const letter = 2
const digit = 4
const upper = 8

// atext of RFC 5322 §3.2.3 without % and !, which old relays take for routes.
const kinds = new Uint8Array(128)
for (const sign of "#$&'*+-/=?^_`{|}~") kinds[sign.charCodeAt(0)] = atext
for (let c = 0x30; c <= 0x39; c++) kinds[c] = atext | digit
for (let c = 0x61; c <= 0x7a; c++) kinds[c] = atext | letter
for (let c = 0x41; c <= 0x5a; c++) kinds[c] = atext | letter | upper

const dotAtom = /^[\w#$&'*+\-/=?^`{|}~]+(?:\.[\w#$&'*+\-/=?^`{|}~]+)*$/
const quotedContent = /^[\w#$&'*+\-/=?^`{|}~. ]+$/

function refuse(code: MailboxFault): MailboxRefusal {
  return { ok: false, code, detail: mailboxFaults[code] }
}

/**
 * Parses exactly one addr-spec (RFC 5321 §4.1.2): a dot-atom or a quoted string, an at sign, a qualified domain of LDH labels, A-labels or
 * U-labels. Quoted strings lose needless quotes and escapes; U-labels become A-labels; nothing is trimmed, mapped or guessed.
 * parseMailbox(m.address) yields m again. `localhost` is the only domain of one label.
 */
export function parseMailbox(text: string): { ok: true; mailbox: Mailbox } | MailboxRefusal {
  const mailbox = plainMailbox(text)
  return mailbox === undefined ? unusualMailbox(text) : { ok: true, mailbox }
}

// The common ASCII form in one pass; undefined sends everything else, faults included, the long way.
function plainMailbox(text: string): Mailbox | undefined {
  const at = endOfDotAtom(text)
  if (at === -1 || text.length > addressBytesMax) return undefined
  const shape = shapeOfDomain(text, at + 1)
  if (shape === -1) return undefined
  const local = text.slice(0, at)
  if (shape === 0) return { local, domain: text.slice(at + 1), address: text }
  const domain = text.slice(at + 1).toLowerCase()
  return { local, domain, address: `${local}@${domain}` }
}

function endOfDotAtom(text: string): number {
  let afterDot = true
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x40) return afterDot || i > localBytesMax ? -1 : i
    if (c === 0x2e) {
      if (afterDot) return -1
      afterDot = true
    } else {
      if (c > 127 || (kinds[c]! & atext) === 0) return -1
      afterDot = false
    }
  }
  return -1
}

// -1: not a plain qualified domain; otherwise the bit `upper` when it has capitals, else 0.
function shapeOfDomain(text: string, from: number): number {
  let labelAt = from
  let seen = 0
  let capitals = 0
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x2e) {
      if (!isLabel(text, labelAt, i)) return -1
      labelAt = i + 1
      seen = 0
    } else if (c !== 0x2d) {
      if (c > 127 || (kinds[c]! & (letter | digit)) === 0) return -1
      seen |= kinds[c]!
      capitals |= kinds[c]! & upper
    }
  }
  if (labelAt === from || !isLabel(text, labelAt, text.length) || (seen & letter) === 0) return -1
  return capitals
}

function isLabel(text: string, from: number, to: number): boolean {
  const length = to - from
  return length > 0 && length <= labelBytesMax && text.charCodeAt(from) !== 0x2d && text.charCodeAt(to - 1) !== 0x2d
}

type Precedence = readonly (readonly [MailboxFault, RegExp])[]

// What must not occur anywhere, in order of precedence. A name may have joiners and variation selectors: scripts and emoji need them.
const dangerous: Precedence = [
  ['line-break', /[\r\n\u0085\u2028\u2029]/],
  ['control-character', /[\u0000-\u001f\u007f-\u009f]/],
  ['bidi-control', /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/],
]
const forbidden: Precedence = [
  ...dangerous,
  ['invisible-character', /\p{Default_Ignorable_Code_Point}/u],
  ['look-alike-separator', /[\u2024\u3002\ufe52\uff0e\uff61\ufe6b\uff20]/],
]

// What must not occur outside quotes, in order of precedence.
const structure: Precedence = [
  ['source-route', /^@/],
  ['display-name', /[<>]/],
  ['comment', /[()]/],
  ['address-literal', /@\[/],
  ['group', /:/],
  ['several-addresses', /[,;]/],
  ['white-space', /\s/],
  ['no-at-sign', /^[^@]*$/],
  ['several-at-signs', /@.*@/],
  ['percent-hack', /%/],
  ['bang-path', /!/],
]

function faultOf(text: string, table: Precedence): MailboxFault | undefined {
  return table.find(([, pattern]) => pattern.test(text))?.[0]
}

function unusualMailbox(text: string): { ok: true; mailbox: Mailbox } | MailboxRefusal {
  if (text === '') return refuse('empty')
  if (text.length > textLengthMax) return refuse('too-long')
  if (!text.isWellFormed()) return refuse('not-unicode')
  const quoted = /^"((?:[^"\\]|\\.)*)"(@.*)$/.exec(text)
  const fault = faultOf(text, forbidden) ?? faultOf(quoted === null ? text : `q${quoted[2]}`, structure)
  if (fault !== undefined) return refuse(fault)

  const at = text.lastIndexOf('@')
  const local = quoted === null ? unquotedLocal(text.slice(0, at)) : quotedLocal(quoted[1]!)
  if (local.ok === false) return local
  const domain = anyDomain(text.slice(at + 1))
  if (domain.ok === false) return domain
  const address = `${local.text}@${domain.text}`
  if (address.length > addressBytesMax) return refuse('too-long')
  return { ok: true, mailbox: { local: local.text, domain: domain.text, address } }
}

type Part = { ok: true; text: string } | MailboxRefusal

function unquotedLocal(text: string): Part {
  if (text === '') return refuse('local-empty')
  if (/[^\u0000-\u007f]/.test(text)) return refuse('local-not-ascii')
  if (text.length > localBytesMax) return refuse('local-too-long')
  if (dotAtom.test(text)) return { ok: true, text }
  return refuse(quotedContent.test(text) ? 'local-dots' : 'local-character')
}

// A quoted at sign, comma or bracket is legal, and is exactly what other readers take for structure: refused. The rest is kept in its one shortest form.
function quotedLocal(inner: string): Part {
  const content = inner.replace(/\\(.)/g, '$1')
  if (content === '') return refuse('local-empty')
  if (/[^\u0000-\u007f]/.test(content)) return refuse('local-not-ascii')
  if (!quotedContent.test(content)) return refuse('quoted-character')
  const text = dotAtom.test(content) ? content : `"${content}"`
  return text.length > localBytesMax ? refuse('local-too-long') : { ok: true, text }
}

function anyDomain(text: string): Part {
  if (text === '') return refuse('domain-empty')
  const labels: string[] = []
  for (const written of text.split('.')) {
    const label = /[^\u0000-\u007f]/.test(written) ? aLabel(written) : asciiLabel(written)
    if (label.ok === false) return label
    labels.push(label.text)
  }
  const domain = labels.join('.')
  if (domain.length > domainBytesMax) return refuse('domain-too-long')
  if (labels.length === 1 && domain !== 'localhost') return refuse('domain-not-qualified')
  return /[a-z]/.test(labels.at(-1)!) ? { ok: true, text: domain } : refuse('domain-numeric')
}

function asciiLabel(text: string): Part {
  if (text === '') return refuse('domain-empty-label')
  if (!/^[\w-]+$/.test(text) || text.includes('_')) return refuse('domain-character')
  if (text.startsWith('-') || text.endsWith('-')) return refuse('domain-hyphen')
  return text.length > labelBytesMax ? refuse('domain-label-too-long') : { ok: true, text: text.toLowerCase() }
}

// IDNA without its tables, hence narrower: letters, marks and digits whose compatibility form is themselves. The sharp s and the final sigma
// are two different domains to IDNA 2003 and 2008 (UTS 46 §4, "deviation characters"), so the writer has to say which: as an A-label.
function aLabel(written: string): Part {
  const label = written.normalize('NFC').toLowerCase().normalize('NFC')
  if (/[\u00df\u1e9e\u03c2]/.test(label) || label.normalize('NFKC') !== label) return refuse('domain-ambiguous')
  if (!/^[\p{Ll}\p{Lo}\p{Lm}\p{Nd}][\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}-]*$/u.test(label))
    return refuse('domain-character')
  if (label.endsWith('-')) return refuse('domain-hyphen')
  if (label.length > labelBytesMax) return refuse('domain-label-too-long')
  const text = /^[\u0000-\u007f]*$/.test(label) ? label : `xn--${punycode(label)}`
  return text.length > labelBytesMax ? refuse('domain-label-too-long') : { ok: true, text }
}

// RFC 3492 §6.3 with the parameters of §5. Input has at most 63 code units, so no sum comes near 2^53.
function punycode(label: string): string {
  const points = Array.from(label, char => char.codePointAt(0)!)
  const basic = points.filter(point => point < 128)
  let output = basic.length === 0 ? '' : `${String.fromCharCode(...basic)}-`
  let handled = basic.length
  let reached = 128
  let delta = 0
  let bias = 72
  while (handled < points.length) {
    const next = Math.min(...points.filter(point => point >= reached))
    delta += (next - reached) * (handled + 1)
    reached = next
    for (const point of points) {
      if (point < reached) delta++
      if (point !== reached) continue
      output += variableLength(delta, bias)
      bias = adaptedBias(delta, handled + 1, handled === basic.length)
      delta = 0
      handled++
    }
    delta++
    reached++
  }
  return output
}

function variableLength(delta: number, bias: number): string {
  let output = ''
  for (let k = 36; ; k += 36) {
    const threshold = Math.min(Math.max(k - bias, 1), 26)
    if (delta < threshold) return output + punycodeDigit(delta)
    output += punycodeDigit(threshold + ((delta - threshold) % (36 - threshold)))
    delta = Math.floor((delta - threshold) / (36 - threshold))
  }
}

function punycodeDigit(value: number): string {
  return 'abcdefghijklmnopqrstuvwxyz0123456789'.charAt(value)
}

function adaptedBias(delta: number, points: number, first: boolean): number {
  delta = Math.floor(delta / (first ? 700 : 2))
  delta += Math.floor(delta / points)
  let k = 0
  for (; delta > 455; k += 36) delta = Math.floor(delta / 35)
  return k + Math.floor((36 * delta) / (delta + 38))
}

/**
 * Parses `a@b.example`, `<a@b.example>`, `Name <a@b.example>` or `"Name, Inc." <a@b.example>` (RFC 5322 §3.4, one mailbox, no comments, no
 * encoded words). The name is NFC; a name with an at sign is refused, for it is shown where an address is expected.
 */
export function parseAddressHeader(text: string): ({ ok: true } & NamedMailbox) | MailboxRefusal {
  if (text.length > textLengthMax) return refuse('too-long')
  const open = text.lastIndexOf('<')
  if (open === -1) return parseMailbox(text)
  if (!text.endsWith('>')) return refuse('angle-brackets')
  const parsed = parseMailbox(text.slice(open + 1, -1))
  const name = text.slice(0, open).replace(/^ +| +$/g, '')
  if (parsed.ok === false || name === '') return parsed
  const shown = displayName(name)
  return shown.ok ? { ok: true, name: shown.text, mailbox: parsed.mailbox } : shown
}

function displayName(text: string): Part {
  if (text.length > nameLengthMax) return refuse('name-too-long')
  if (!text.isWellFormed()) return refuse('not-unicode')
  const fault = faultOf(text, dangerous)
  if (fault !== undefined) return refuse(fault)
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(text)
  const name = quoted === null ? text : quoted[1]!.replace(/\\(.)/g, '$1')
  const special = quoted === null ? /[()<>[\]:;@\\,"]|=\?/ : /[@<>]|=\?/
  return special.test(name) || name.trim() === '' ? refuse('name-character') : { ok: true, text: name.normalize('NFC') }
}

// Providers that document that what follows a plus sign is a tag of the same mailbox. Elsewhere a plus is a letter like any other.
const plusTagDomains = new Set([
  'gmail.com',
  'outlook.com',
  'hotmail.com',
  'live.com',
  'msn.com',
  'icloud.com',
  'me.com',
  'mac.com',
  'fastmail.com',
  'fastmail.fm',
  'proton.me',
  'protonmail.com',
  'pm.me',
])

/**
 * The key under which a mailbox is counted for caps: spellings of one mailbox share it. Case is folded everywhere; Gmail's dots, tags and
 * second domain, and the tags of a few providers, are removed. For counting only: never deliver to it.
 */
export function canonicalMailbox(mailbox: Mailbox): string {
  const domain = mailbox.domain === 'googlemail.com' ? 'gmail.com' : mailbox.domain
  let local = mailbox.local.toLowerCase()
  if (local.charCodeAt(0) === 0x22) local = local.slice(1, -1)
  if (plusTagDomains.has(domain)) {
    const plus = local.indexOf('+')
    if (plus > 0) local = local.slice(0, plus)
    if (domain === 'gmail.com') local = local.replaceAll('.', '') || local
  }
  return `${local}@${domain}`
}

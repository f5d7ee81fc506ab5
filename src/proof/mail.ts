import type { Field } from './header.ts'

// A mail as its bytes say it. Read here once; the proof, the skeletons and the verification all look at the same reading.

/** What reading one mail may take. All of it is linear in the bytes; parts are counted over all enclosed mails together. */
export type MailLimits = {
  bytesMax: number
  partsMax: number
  /** Multiparts and enclosed mails within one another. */
  depthMax: number
  /** Of one header, that of a part included. */
  headerBytesMax: number
  headerFieldsMax: number
  /** Over all headers. */
  encodedWordsMax: number
  /** Decoded text over all parts, in UTF-16 units. */
  textLengthMax: number
}

export const defaultMailLimits: MailLimits = {
  bytesMax: 32 * 1024 * 1024,
  partsMax: 500,
  depthMax: 20,
  headerBytesMax: 256 * 1024,
  headerFieldsMax: 1000,
  encodedWordsMax: 2000,
  textLengthMax: 4 * 1024 * 1024,
}

/** Why a mail is not read. */
export const mailFaults = {
  'too-large': 'the mail has too many bytes',
  'too-many-parts': 'the mail has too many parts',
  'too-deep': 'parts stand too deep within one another',
  'header-too-large': 'a header has too many bytes or fields',
  'too-many-encoded-words': 'the headers have too many encoded words',
  'too-much-text': 'the mail has too much text',
} as const
export type MailFault = keyof typeof mailFaults

/** What two readers may take differently: the mail is read, but nobody can say what its recipient will see. */
export const ambiguities = {
  nul: 'a NUL byte, at which some readers stop',
  'bare-line-break': 'a carriage return that ends no line',
  'header-broken': 'a line of a header that is no field',
  'field-repeated': 'a field that may stand once is given more than once',
  'parameter-repeated': 'a parameter is given more than once, or in two forms',
  'type-malformed': 'a Content-Type or Content-Disposition that does not follow the grammar',
  'boundary-missing': 'a multipart without a boundary, or in which the boundary never stands',
  'boundary-nested': 'a boundary that is also, or that begins, the one around it',
  'encoding-unknown': 'a Content-Transfer-Encoding that the standard does not have',
  'encoding-of-multipart': 'a multipart that is itself encoded',
  'base64-broken': 'base64 with other characters in it, or with something behind its end',
  'content-elsewhere': 'a part that stands for something which is not in the mail',
  'charset-unknown': 'a charset that is not known, or that hides ASCII',
} as const
export type Ambiguity = keyof typeof ambiguities

export type Part = {
  fields: readonly Field[]
  /** Media type, lower case: `text/plain`. What is malformed is `text/plain` (RFC 2045 §5.2) and an ambiguity. */
  type: string
  disposition: 'inline' | 'attachment'
  /** File name, decoded. */
  name?: string
  /** 0 for a mail that is not multipart. */
  depth: number
  /** Decoded, for `text/*` and what clients show as text; line ends are LF. */
  text?: string
  /** `message/rfc822`, looked into. */
  enclosed?: Mail
  /** Its bytes, decoded. */
  enclosedData?: Uint8Array
}

export type Mail = {
  fields: readonly Field[]
  /** Decoded; empty where there is none. */
  subject: string
  /** What stands inline as plain text and as HTML, in the order of the parts, joined by a line end. */
  text?: string
  html?: string
  /** The leaves of the tree in order; those of enclosed mails are in these. */
  parts: readonly Part[]
  /** Each once, those of enclosed mails too. */
  ambiguities: readonly Ambiguity[]
}

export type ReadMail = { ok: true; mail: Mail } | { ok: false; fault: MailFault }

/** The values of a field, unfolded and decoded, in order. `name` in lower case. */
export const valuesOf = (fields: readonly Field[], name: string): string[] =>
  fields.filter(field => field.name === name).map(({ value }) => value)

/** Whether clients show a part of this type as HTML. */
export const isMarkup = (type: string): boolean =>
  type === 'text/html' || type === 'text/x-amp-html' || type === 'application/xhtml+xml' || type === 'image/svg+xml'

/** Whether a part is a page to whoever opens it: by its type, or as a file by its name or by a type that says so little as `application/xml`. */
export const isPage = ({ type, name = '' }: Pick<Part, 'type' | 'name'>): boolean =>
  isMarkup(type) || pageTypes.has(type) || /\.(?:[sx]?html?|xht|svg|mht|mhtml)\s*$/i.test(name)

const pageTypes = new Set(['application/html', 'application/xml', 'text/xml'])

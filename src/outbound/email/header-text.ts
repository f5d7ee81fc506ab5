import type { NamedMailbox } from '../../std/mailbox.ts'
import { path } from './wire.ts'

/** RFC 5322 §2.1.1: lines should have 78 characters and must not have more than 998. */
const lineCharsPreferredMax = 78
const lineCharsMax = 998
/** RFC 2047 §2: a line with an encoded word, and the word itself. */
const wordLineCharsMax = 76
const wordCharsMax = 75

const frameChars = '=?UTF-8?Q??='.length
/** Behind a field name longer than this the first encoded word begins on the next line: four bytes need 12 characters in Q. */
const startCharsMax = wordLineCharsMax - frameChars - 12

/** Printable ASCII without a blank at either end, which readers remove. */
const printable = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/
/** RFC 5322 §3.2.3: atoms, one blank between them. */
const atoms = /^[\w!#$%&'*+\-/=?^`{|}~]+(?: [\w!#$%&'*+\-/=?^`{|}~]+)*$/
/** What looks like an encoded word would be read as one (RFC 2047 §6.1), in a quoted string too by many a reader. */
const isAsItIs = (text: string): boolean => printable.test(text) && !text.includes('=?')

/**
 * A field of unstructured text (RFC 5322 §2.2.1), with its CRLF. ASCII stays as it is, folded before white space (§2.2.3); everything else
 * becomes encoded words. The name is a field name and the text has no control characters: both were checked.
 */
export function textField(name: string, text: string): string {
  if (text === '') return `${name}:\r\n`
  const start = `${name}: `
  const literal = isAsItIs(text) ? folded(start, text) : undefined
  return `${literal ?? withWords(start, text)}\r\n`
}

/** A field of one address (RFC 5322 §3.4), with its CRLF: the name as atoms, a quoted string or encoded words. */
export function addressField(field: string, { name, mailbox }: NamedMailbox): string {
  const address = path(mailbox)
  const start = `${field}: `
  if (name === undefined || name === '') {
    return `${start}${mailbox.local.startsWith('"') ? address : address.slice(1, -1)}\r\n`
  }
  const phrase = start + literalPhrase(name)
  const isShort = isAsItIs(name) && phrase.length <= lineCharsPreferredMax
  const named = isShort ? phrase : withWords(start, name)
  const column = named.length - (named.lastIndexOf('\n') + 1)
  return `${named}${column + 1 + address.length > wordLineCharsMax ? '\r\n' : ''} ${address}\r\n`
}

const literalPhrase = (name: string): string => (atoms.test(name) ? name : `"${name.replaceAll(/["\\]/g, '\\$&')}"`)

/** `undefined` when a line would be too long even so. A run of blanks goes to the next line whole: none ends a line, none is a line. */
function folded(start: string, text: string): string | undefined {
  if (start.length + text.length <= lineCharsPreferredMax) return start + text
  let out = ''
  let line = start
  for (const word of text.match(/ *[^ ]+/g) ?? []) {
    if (line.length + word.length > lineCharsPreferredMax && line !== start) {
      out += `${line}\r\n`
      line = ''
    }
    line += word
    if (line.length > lineCharsMax) return undefined
  }
  return out + line
}

/** How encoded words hold text (RFC 2047 §4): `size` of a character, how much of it fits in `chars`, and the text itself. */
type WordForm = {
  letter: 'B' | 'Q'
  size(char: string): number
  fits(chars: number): number
  encode(text: string): string
}

const bForm: WordForm = {
  letter: 'B',
  size: char => Buffer.byteLength(char),
  fits: chars => Math.floor(chars / 4) * 3,
  encode: text => Buffer.from(text).toString('base64'),
}

/** RFC 2047 §5 (3): what a name may hold may stand in any text. */
const qLiteral = /^[A-Za-z0-9!*+\-/ ]$/

const qForm: WordForm = {
  letter: 'Q',
  size: char => (qLiteral.test(char) ? 1 : 3 * Buffer.byteLength(char)),
  fits: chars => chars,
  encode: text =>
    text.replaceAll(/[^A-Za-z0-9!*+\-/]/gu, char =>
      char === ' ' ? '_' : Buffer.from(char).toString('hex').toUpperCase().replaceAll(/../g, '=$&'),
    ),
}

/** The whole text in encoded words, one a line, no character split over two (RFC 2047 §5). Blanks are in the words, hence kept. */
function withWords(start: string, text: string): string {
  const form = shorterForm(text)
  const isOwnLine = start.length > startCharsMax
  const words: string[] = []
  let chunk = ''
  let left = form.fits((isOwnLine ? wordCharsMax : wordLineCharsMax - start.length) - frameChars)
  for (const char of text) {
    const size = form.size(char)
    if (size > left) {
      words.push(`=?UTF-8?${form.letter}?${form.encode(chunk)}?=`)
      chunk = ''
      left = form.fits(wordCharsMax - frameChars)
    }
    chunk += char
    left -= size
  }
  words.push(`=?UTF-8?${form.letter}?${form.encode(chunk)}?=`)
  return (isOwnLine ? `${start.trimEnd()}\r\n ` : start) + words.join('\r\n ')
}

function shorterForm(text: string): WordForm {
  let chars = 0
  for (const char of text) chars += qForm.size(char)
  return chars <= (Buffer.byteLength(text) * 4) / 3 ? qForm : bForm
}

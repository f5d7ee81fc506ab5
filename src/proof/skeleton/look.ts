import { type Mail, valuesOf } from '../mail.ts'

/**
 * A decoded mail as the skeleton sees it. `from` is the field as it is read: display name and address. `files`: the media types of what is
 * attached or neither plain text nor HTML.
 */
export type Look = { from?: string; subject: string; text?: string; html?: string; files?: string }

export const partNames = ['from', 'subject', 'text', 'html', 'files'] as const
export type PartName = (typeof partNames)[number]

/** Longer parts are not learnt and match nothing. */
export const partCharsMax = 256 * 1024

/**
 * White space as far as it means something: line ends as LF, blanks next to them gone, an empty line as one, and in HTML every run as one
 * blank. The encoding for transport is gone already, so that a mail sent as quoted-printable and as base64 is the same.
 */
export function normalized(part: PartName, text: string): string {
  if (part === 'html') return htmlNormalized(text)
  if (part !== 'text') return text.replace(fieldBlanks, ' ').trim()
  if (!untidy.test(text)) return text.trim()
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[ \t\f]*\n[ \t\f]*/g, '\n')
    .replace(/[\t\f]+[ \t\f]*| [ \t\f]+/g, ' ')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

/** Most HTML has line ends as its only runs: searched for, they take half as long as by the pattern. */
function htmlNormalized(text: string): string {
  if (!text.includes('\t') && !text.includes('\r') && !text.includes('\f')) {
    const lines = text.replaceAll('\n', ' ')
    if (!lines.includes('  ')) return lines.trim()
  }
  return text.replace(htmlBlanks, ' ').trim()
}

/** A single blank stays as it is: most are. */
const htmlBlanks = /[\t\r\n\f][ \t\r\n\f]*| [ \t\r\n\f]+/g
const fieldBlanks = /[^\S ]\s*| \s+/g
const untidy = /[\t\r\f]| {2}| \n|\n |\n{3}/

/** Of a sender that wraps lines by the length of what it fills in: a line end is a blank. */
export const unwrapped = (text: string): string => text.replace(/(?<!\n)\n(?!\n)/g, ' ')

/** What people see of a mail as it was read: who it is from, its subject and its texts. */
export function lookOf({ fields, subject, text, html, parts }: Mail): Look {
  const look: Look = { subject }
  const from = valuesOf(fields, 'from')
  if (from.length > 0) look.from = from.join(', ')
  if (text !== undefined) look.text = text
  if (html !== undefined) look.html = html
  const files = parts.filter(({ type, disposition }) => disposition === 'attachment' || !bodyTypes.has(type))
  if (files.length > 0)
    look.files = files
      .slice(0, filesMax)
      .map(({ type }) => type)
      .join(' ')
  return look
}

const bodyTypes = new Set(['text/plain', 'text/html'])
const filesMax = 20

import { type Mail, valuesOf } from '../proof/mail.ts'
import { readMail } from '../proof/read-mail.ts'
import type { Alteration } from './verdict.ts'

// Whether a mail is the one that was sent. What makes it the same is strict: every field that we wrote, every byte of the body; only folds, line ends
// that a file or a clipboard has changed as a whole, and what servers add on the way may differ. Why it is not the same is told from what people read.

/** `same`: nothing that people or their mail programs act on differs. */
export function compareMails(received: Buffer, sent: Buffer): 'same' | Exclude<Alteration, 'signature'> {
  if (isSame(received, sent)) return 'same'
  const [theirs, ours] = [readMail(received), readMail(sent)]
  if (!theirs.ok || !ours.ok) return 'content'
  const alteration = alterationOf(readable(theirs.mail), readable(ours.mail))
  return alteration === 're-encoded' && hasMore(theirs.mail, ours.mail) ? 'added' : alteration
}

/** A Reply-To, say, that we did not write. */
const hasMore = (theirs: Mail, ours: Mail): boolean =>
  theirs.fields.some(
    ({ name }) => !isAdded(name) && !/^(?:content-|mime-)/.test(name) && !ours.fields.some(one => one.name === name),
  )

type Field = { name: string; value: string }
/** `isFile`: lines end as in files and in what was pasted, which also lose or gain an empty line at the end. */
type Split = { fields: Field[]; body: string; isFile: boolean }

function isSame(received: Buffer, sent: Buffer): boolean {
  const [theirs, ours] = [split(received), split(sent)]
  if (!theirs || !ours || !isSameBody(theirs, ours)) return false
  const wanted = ours.fields.map(lineOf)
  const known = new Set(wanted)
  // What is left without what servers add: our fields, each as often as we wrote it, in our order, and nothing else.
  const left = theirs.fields.filter(field => !isAdded(field.name) || known.has(lineOf(field))).map(lineOf)
  return left.length === wanted.length && left.every((line, i) => line === wanted[i])
}

/** The names of the fields that mail programs act on, as they stand; `undefined` where readers would not agree what they are. */
export const actedOn = (mail: Buffer): string[] | undefined =>
  split(mail)?.fields.flatMap(({ name }) => (isAdded(name) ? [] : [name]))

const lineOf = ({ name, value }: Field): string => `${name}:${value}`

const isSameBody = (theirs: Split, ours: Split): boolean =>
  theirs.isFile ? theirs.body.replace(/\n+$/, '') === ours.body.replace(/\n+$/, '') : theirs.body === ours.body

/**
 * What servers put on a mail on its way, and no mail program acts on. Everything else that we did not write makes it another mail: a Reply-To, a
 * second Subject, a list's fields.
 */
const addedOnTheWay =
  /^(?:received|received-spf|return-path|delivered-to|envelope-to|delivery-date|authentication-results(?:-original)?|arc-(?:seal|message-signature|authentication-results)|dkim-signature|dkim-filter|domainkey-signature|thread-(?:topic|index)|acceptlanguage|accept-language|ironport-[a-z-]+|status|content-length|lines|x-(?!priority$|msmail-priority$|image-url$|face$|confirm-reading-to$|reply|from|sender|to$)[a-z0-9-]+)$/
const isAdded = (name: string): boolean => addedOnTheWay.test(name.toLowerCase())

const fieldStart = /^([!-9;-~]+)[ \t]*:/

/** Header and body with folds undone (RFC 5322 §2.2.3). `undefined` where readers would not agree what is a line or a field. */
function split(mail: Buffer): Split | undefined {
  const lines = withLineFeeds(mail.toString('latin1'))
  if (!lines) return undefined
  const { text, isFile } = lines
  const end = text.startsWith('\n') ? 0 : text.indexOf('\n\n')
  // Files of mailboxes have a line of their own above each mail.
  const header = (end < 0 ? text : text.slice(0, end)).replace(/^From [^\n]*\n/, '')
  const fields: Field[] = []
  for (const field of header.split(/\n(?![ \t])/)) {
    const name = fieldStart.exec(field)
    if (!name || /\n[ \t]*(?:\n|$)/.test(field)) return undefined
    fields.push({ name: name[1]!, value: field.slice(name[0].length).replaceAll('\n', '') })
  }
  return { fields, body: end < 0 ? '' : text.slice(end + 2), isFile }
}

/** All lines end with CR LF, or all with LF. */
function withLineFeeds(raw: string): { text: string; isFile: boolean } | undefined {
  if (raw.includes('\0')) return undefined
  const text = raw.replaceAll('\r\n', '\n')
  if (text.includes('\r')) return undefined
  const pairs = raw.length - text.length
  const feeds = text.split('\n').length - 1
  if (pairs > 0 && pairs < feeds) return undefined
  return { text, isFile: pairs === 0 }
}

/** What a person sees of a mail, white space made equal. */
type Readable = {
  subject: string
  from: string
  text: string | undefined
  html: string | undefined
  attached: string
  isListed: boolean
}

function readable({ fields, subject, text, html, parts }: Mail): Readable {
  const attached = parts.filter(part => part.disposition === 'attachment' || part.text === undefined)
  return {
    subject: evened(subject),
    from: evened(valuesOf(fields, 'from').join(', ')),
    text: text === undefined ? undefined : evened(text),
    html: html === undefined ? undefined : evened(html),
    attached: attached.map(({ type, name }) => `${type} ${name ?? ''}`).join('\n'),
    isListed: fields.some(({ name }) => name.startsWith('list-')),
  }
}

const evened = (text: string): string =>
  text
    .normalize('NFC')
    .replaceAll(/[\s\u00a0]+/g, ' ')
    .trim()

function alterationOf(theirs: Readable, ours: Readable): Exclude<Alteration, 'signature'> {
  const isSameFrom = theirs.from === ours.from && theirs.attached === ours.attached
  const isSameText = theirs.text === ours.text && theirs.subject === ours.subject
  // A server may leave out the HTML, and what is left says the same.
  if (isSameFrom && isSameText && (theirs.html === ours.html || (theirs.html === undefined && ours.text !== undefined)))
    return 're-encoded'
  // A list writes under its own name (RFC 7960 §4.1.3.3), and puts its own before the subject.
  if (theirs.from !== ours.from && !theirs.isListed) return 'content'
  const isSubject = theirs.subject.endsWith(ours.subject)
  return isSubject && holds(theirs.text, ours.text) && holdsHtml(theirs.html, ours.html) ? 'added' : 'content'
}

const holds = (theirs: string | undefined, ours: string | undefined): boolean =>
  ours === undefined ? true : theirs?.includes(ours) === true

/** Lists write their line before the end of the body. */
function holdsHtml(theirs: string | undefined, ours: string | undefined): boolean {
  if (ours === undefined || theirs === undefined) return ours === undefined || ours === ''
  const end = ours.toLowerCase().lastIndexOf('</body>')
  return theirs.includes(end < 0 ? ours : ours.slice(0, end).trimEnd())
}

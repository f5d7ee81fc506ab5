import crypto from 'node:crypto'
import MailComposer from 'nodemailer/lib/mail-composer'
import type { NamedMailbox } from '../../std/mailbox.ts'
import { type HeaderField, rfc5322Date } from './fields.ts'

/** One mail to make. `messageId` is `<id@domain>` and, like `date` (ms), an input: the same mail composes to the same bytes each time. */
export type Composition = {
  from: NamedMailbox
  to: NamedMailbox
  subject: string
  text?: string
  html?: string
  date: number
  messageId: string
  headers?: readonly HeaderField[]
}

export type Composed = { status: 'composed'; raw: Buffer } | { status: 'refused'; faults: CompositionFault[] }
export type CompositionFault = {
  code: 'message-id' | 'header-name' | 'header-value' | 'subject' | 'name' | 'no-content'
  detail: string
}

export const subjectCharsMax = 998
const messageIdForm = /^<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,128}@[A-Za-z0-9.-]{1,253}>$/
const headerName = /^[A-Za-z][A-Za-z0-9-]{0,75}$/
const control = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/
const controls = /[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g
/** Fields that the composer writes itself, and those that tell MTAs where to send a mail or its bounces. */
const ownHeaders = new Set(
  'from to cc bcc sender reply-to subject date message-id mime-version content-type content-transfer-encoding return-path received resent-to resent-cc resent-bcc resent-from dkim-signature'.split(
    ' ',
  ),
)

/** Make the raw MIME mail, lines ended by CRLF, 7-bit throughout. Reads no file and no URL. */
export async function compose(mail: Composition): Promise<Composed> {
  const faults = compositionFaults(mail)
  if (faults.length > 0) return { status: 'refused', faults }
  const built = await new MailComposer({
    from: named(mail.from),
    to: named(mail.to),
    subject: mail.subject,
    ...(mail.text !== undefined && { text: lines(mail.text) }),
    ...(mail.html !== undefined && { html: lines(mail.html) }),
    messageId: mail.messageId,
    date: rfc5322Date(mail.date),
    headers: (mail.headers ?? []).map(([key, value]) => ({ key, value })),
    baseBoundary: boundary(mail.messageId),
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: 'windows',
  } as ConstructorParameters<typeof MailComposer>[0])
    .compile()
    .build()
  return { status: 'composed', raw: built }
}

/** Every reason why a mail cannot be made, before anything is made. */
export function compositionFaults(mail: Composition): CompositionFault[] {
  const faults: CompositionFault[] = []
  const report = (code: CompositionFault['code'], detail: string) => faults.push({ code, detail })
  if (!messageIdForm.test(mail.messageId)) report('message-id', 'Message-ID must be <id@domain>')
  if (mail.subject.length > subjectCharsMax)
    report('subject', `the subject has more than ${subjectCharsMax} characters`)
  if (control.test(mail.subject)) report('subject', 'the subject has a line break or another control character')
  if (control.test(mail.from.name ?? '') || control.test(mail.to.name ?? '')) {
    report('name', 'a name has a line break or another control character')
  }
  if (mail.text === undefined && mail.html === undefined) report('no-content', 'a mail has text, html or both')
  for (const [name, value] of mail.headers ?? []) {
    if (!headerName.test(name) || ownHeaders.has(name.toLowerCase()))
      report('header-name', 'a header name is not allowed')
    if (control.test(value)) report('header-value', 'a header value has a line break or another control character')
  }
  return faults
}

/** A subject or name on one line: runs of control characters and line breaks become one space. */
export function oneLine(text: string): string {
  return text.replace(controls, ' ').trim()
}

/** A lone CR is a line end too: kept, it would make a mail that no upstream may be given. */
const lines = (text: string): string => text.replaceAll(/\r\n?/g, '\n')

/** The composer takes an object as exactly one address, where it would look for several in a string. */
function named({ name, mailbox }: NamedMailbox): { name: string; address: string } {
  return { name: name ?? '', address: mailbox.address }
}

/** The same for the same mail, and nothing that someone who writes the body can know beforehand to be in it by chance. */
function boundary(messageId: string): string {
  return crypto.createHash('sha256').update(messageId).digest('hex').slice(0, 24)
}

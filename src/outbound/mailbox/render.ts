import {
  frame,
  frameHeaders,
  listPage,
  mailPage,
  missingPage,
  notice,
  pageHeaders,
  preformatted,
  type View,
} from './pages.ts'
import { type Parsed, type ParsedMail, parseForDisplay } from './parse.ts'
import type { KeptMail, LocalMailbox } from './store.ts'

export type MailboxRequest = { path: string; query: URLSearchParams }
export type MailboxResponse = { status: number; headers: Record<string, string>; body: string | Buffer }

/** The longest source or text that a page shows; the whole is at `/mailbox/{id}/raw`. */
const shownCharsMax = 512 * 1024

/**
 * The pages of a local mailbox: `/mailbox`, `/mailbox/{id}?view=html|text|source`, `/mailbox/{id}/html` (for the frame) and
 * `/mailbox/{id}/raw`. For GET and HEAD. Answers 404 for everything else; throws only what the disk says.
 */
export function renderMailbox(store: LocalMailbox): (request: MailboxRequest) => Promise<MailboxResponse> {
  return async ({ path, query }) => {
    if (path === '/mailbox' || path === '/mailbox/') return list(store, query)
    const [, id = '', part = ''] = /^\/mailbox\/([0-9A-Za-z._-]{1,128})(?:\/(html|raw))?$/.exec(path) ?? []
    const kept = await store.get(id)
    if (!kept) return { status: 404, headers: pageHeaders, body: missingPage() }
    if (part === 'raw') return raw(id, kept.data)
    if (part === 'html') return html(await parseForDisplay(kept.data))
    return page(kept.mail, kept.data, query.get('view'))
  }
}

function list(store: LocalMailbox, query: URLSearchParams): MailboxResponse {
  const cursor = query.get('cursor') ?? undefined
  const { mails, next } = store.list(cursor === undefined ? {} : { cursor })
  const options = { count: store.count, older: cursor !== undefined, ...(next !== undefined && { next }) }
  return { status: 200, headers: pageHeaders, body: listPage(mails, options) }
}

function raw(id: string, data: Buffer): MailboxResponse {
  const headers = {
    ...pageHeaders,
    'content-type': 'message/rfc822',
    'content-disposition': `attachment; filename="${id}.eml"`,
    'content-security-policy': "sandbox; default-src 'none'",
  }
  return { status: 200, headers, body: data }
}

function html(parsed: Parsed): MailboxResponse {
  if (parsed.status === 'refused' || parsed.mail.html === undefined) {
    return { status: 404, headers: pageHeaders, body: missingPage() }
  }
  return { status: 200, headers: frameHeaders, body: parsed.mail.html }
}

async function page(mail: KeptMail, data: Buffer, wanted: string | null): Promise<MailboxResponse> {
  const parsed = await parseForDisplay(data)
  const views = parsed.status === 'parsed' ? viewsOf(parsed.mail) : (['source'] as const)
  const view = views.find(one => one === wanted) ?? views[0]!
  const body =
    parsed.status === 'refused' ? refused(parsed.reason) + source(data) : content(mail, view, parsed.mail, data)
  const options = { view, views, body, ...(parsed.status === 'parsed' && { parsed: parsed.mail }) }
  return { status: 200, headers: pageHeaders, body: mailPage(mail, options) }
}

function viewsOf(mail: ParsedMail): View[] {
  return [
    ...(mail.html === undefined ? [] : ['html' as const]),
    ...(mail.text === undefined ? [] : ['text' as const]),
    'source',
  ]
}

function content(mail: KeptMail, view: View, parsed: ParsedMail, data: Buffer): string {
  if (view === 'html') return frame(mail.id, mail.subject)
  if (view === 'text') return preformatted(shortened(parsed.text ?? ''), 'Text of the mail')
  return source(data)
}

function source(data: Buffer): string {
  return preformatted(shortened(data.toString('utf8', 0, shownCharsMax + 1)), 'Source of the mail')
}

function shortened(text: string): string {
  return text.length > shownCharsMax ? `${text.slice(0, shownCharsMax)}\n… shortened` : text
}

const refusals: Record<Extract<Parsed, { status: 'refused' }>['reason'], string> = {
  'too-large': 'This mail is too large to be taken apart here. Its source is below.',
  'too-many-parts': 'This mail has too many parts to be taken apart here. Its source is below.',
  timeout: 'This mail takes too long to be taken apart. Its source is below.',
  unreadable: 'This mail could not be taken apart. Its source is below.',
  busy: 'Other mails are being taken apart right now. Refresh in a moment; the source is below.',
}

function refused(reason: keyof typeof refusals): string {
  return notice(refusals[reason])
}

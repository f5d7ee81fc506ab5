import { buffer } from 'node:stream/consumers'
import PostalMime, { type Attachment, type Email } from 'postal-mime'
import type { ParsedMail } from './parse.ts'

// A process: a mail on standard input, what is shown of it as JSON on standard output.

const inlineBytesMax = 5 * 1024 * 1024

const { attachments, ...mail } = await PostalMime.parse(await buffer(process.stdin), {
  attachmentEncoding: 'arraybuffer',
})
const shown: ParsedMail = {
  subject: mail.subject ?? '',
  headers: mail.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
  ...(mail.text !== undefined && { text: mail.text }),
  ...(mail.html !== undefined && { html: withInlineImages(mail.html, attachments) }),
  attachments: attachments.map(one => ({
    name: one.filename ?? '',
    type: one.mimeType,
    bytes: contentOf(one).byteLength,
  })),
}
process.stdout.write(JSON.stringify(shown))

/** Images that the mail carries are shown from it: `cid:` becomes `data:`, up to a limit. */
function withInlineImages(html: string, all: Email['attachments']): string {
  let left = inlineBytesMax
  for (const one of all) {
    const id = one.contentId?.replace(/^<|>$/g, '')
    const bytes = contentOf(one)
    if (!id || !/^image\/(png|jpeg|gif|webp)$/.test(one.mimeType) || bytes.byteLength > left) continue
    left -= bytes.byteLength
    html = html.replaceAll(`cid:${id}`, `data:${one.mimeType};base64,${Buffer.from(bytes).toString('base64')}`)
  }
  return html
}

function contentOf(one: Attachment): Uint8Array {
  return typeof one.content === 'string' ? Buffer.from(one.content) : new Uint8Array(one.content)
}

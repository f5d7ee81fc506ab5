import { parentPort, workerData } from 'node:worker_threads'
import PostalMime, { type Attachment, type Email } from 'postal-mime'
import type { ParsedMail } from './parse.ts'

const { data, inlineBytesMax } = workerData as { data: Uint8Array; inlineBytesMax: number }
const { attachments, ...mail } = await PostalMime.parse(data as Uint8Array<ArrayBuffer>, {
  attachmentEncoding: 'arraybuffer',
})

parentPort!.postMessage({
  subject: mail.subject ?? '',
  headers: mail.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
  ...(mail.text !== undefined && { text: mail.text }),
  ...(mail.html !== undefined && { html: withInlineImages(mail.html, attachments) }),
  attachments: attachments.map(one => ({
    name: one.filename ?? '',
    type: one.mimeType,
    bytes: contentOf(one).byteLength,
  })),
} satisfies ParsedMail)

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

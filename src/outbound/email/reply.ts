import type { Mailbox } from '../../std/mailbox.ts'

/** One SMTP reply (RFC 5321 §4.2): its code and the texts of its lines, codes and separators removed, latin1. */
export type Reply = { code: number; lines: string[] }

/** RFC 5321 §4.5.3.1.5 allows 512 bytes a line; servers in the field send more. */
export const replyLineBytesMax = 4096
export const replyLinesMax = 128
/** What is kept of a reply for people to read. */
export const replyTextCharsMax = 200

const LF = 10
const CR = 13
const SPACE = 32
const HYPHEN = 45
const ZERO = 48

/**
 * Cuts bytes from a server into replies. It keeps at most one reply's worth of bytes, and stops for good at the first thing that is not
 * a reply: from then on nothing that the server says can be trusted to belong to a certain command.
 */
export class ReplyReader {
  #buffer: Buffer = Buffer.alloc(0)
  #offset = 0
  #lines: string[] = []
  #code = 0
  #faulty = false

  push(chunk: Buffer): void {
    this.#buffer =
      this.#offset === this.#buffer.length ? chunk : Buffer.concat([this.#buffer.subarray(this.#offset), chunk])
    this.#offset = 0
  }

  /** True when bytes have arrived that no reply has been made of yet. */
  get hasMore(): boolean {
    return this.#offset < this.#buffer.length || this.#lines.length > 0
  }

  /** The next whole reply; `undefined` when more bytes are needed; `'garbage'` when this is not SMTP. */
  next(): Reply | 'garbage' | undefined {
    while (!this.#faulty) {
      const end = this.#buffer.indexOf(LF, this.#offset)
      if (end < 0) return this.#waiting()
      const reply = this.#line(this.#offset, end)
      this.#offset = end + 1
      if (reply) return reply
    }
    return 'garbage'
  }

  #waiting(): 'garbage' | undefined {
    if (this.#buffer.length - this.#offset <= replyLineBytesMax) return undefined
    this.#faulty = true
    return 'garbage'
  }

  #line(start: number, lf: number): Reply | undefined {
    const bytes = this.#buffer
    const end = lf > start && bytes[lf - 1] === CR ? lf - 1 : lf
    const code = codeAt(bytes, start, end)
    const separator = end > start + 3 ? bytes[start + 3] : SPACE
    const fits = end - start <= replyLineBytesMax && this.#lines.length < replyLinesMax
    const sameReply = this.#lines.length === 0 || this.#code === code
    if (code === 0 || !fits || !sameReply || (separator !== SPACE && separator !== HYPHEN)) {
      this.#faulty = true
      return undefined
    }
    this.#code = code
    this.#lines.push(bytes.toString('latin1', Math.min(start + 4, end), end))
    if (separator === HYPHEN) return undefined
    const lines = this.#lines
    this.#lines = []
    return { code, lines }
  }
}

/** 200 to 599, or 0 when the line does not begin with a reply code. */
function codeAt(bytes: Buffer, start: number, end: number): number {
  if (end - start < 3) return 0
  const a = bytes[start]! - ZERO
  const b = bytes[start + 1]! - ZERO
  const c = bytes[start + 2]! - ZERO
  if (a < 2 || a > 5 || b < 0 || b > 9 || c < 0 || c > 9) return 0
  return a * 100 + b * 10 + c
}

const enhancedCode = /^([245]\.\d{1,3}\.\d{1,3})(?:\s|$)/

/** The enhanced status code (RFC 3463) at the start of a reply, when there is one. */
export function enhancedOf(reply: Reply): string | undefined {
  return enhancedCode.exec(reply.lines[0] ?? '')?.[1]
}

const addressLike = /[^\s<>()[\]",;:]*(?:@|%40|=40|&#64;)[^\s<>()[\]",;:]*/gi
const notPrintable = /[^\x20-\x7e]+/g
const regExpSpecial = /[.*+?^${}()|[\]\\]/g

/** Short local parts only as whole words, so that a recipient called `a` does not blank out every text. */
function withoutWord(text: string, local: string): string {
  const escaped = local.replace(regExpSpecial, '\\$&')
  const pattern = local.length < 4 ? `(?<![a-z0-9])${escaped}(?![a-z0-9])` : escaped
  return text.replace(new RegExp(pattern, 'gi'), '(address)')
}

/**
 * What may be kept and shown of a reply: one line, printable ASCII, at most `replyTextCharsMax` characters, without anything that looks
 * like an address and without the local part of the recipient.
 */
export function replyText(reply: Reply, to?: Mailbox): string {
  let text = reply.lines.length === 1 ? reply.lines[0]! : reply.lines.join(' ')
  if (to && text.toLowerCase().includes(to.local.toLowerCase())) text = withoutWord(text, to.local)
  text = text.replace(notPrintable, ' ')
  if (text.includes('@') || text.includes('40') || text.includes('&#64;')) text = text.replace(addressLike, '(address)')
  return text.length > replyTextCharsMax ? `${text.slice(0, replyTextCharsMax - 1)}…` : text
}

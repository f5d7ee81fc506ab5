import { Buffer } from 'node:buffer'

/** What DATA may hold. Sizes in bytes as sent, without the terminator and the stuffed dots (RFC 1870 §5). */
export type DataLimits = {
  readonly mailBytesMax: number
  readonly lineBytesMax: number
  readonly headerBytesMax: number
  readonly headerLinesMax: number
  readonly boundaryLinesMax: number
}

// RFC 5321 §4.5.3.1.6 allows 1,000 bytes a line, and real mailers send whole HTML pages in one: only absurd lines are refused. A MIME part costs
// its reader far more than its bytes, and starts at a line that begins with two hyphens: a mail of empty parts is refused before anyone parses it.
export const defaultDataLimits: DataLimits = {
  mailBytesMax: 25 * 1024 * 1024,
  lineBytesMax: 1024 * 1024,
  headerBytesMax: 256 * 1024,
  headerLinesMax: 1000,
  boundaryLinesMax: 10_000,
}

/** In order of precedence: a mail with several faults is refused for the first. */
export const dataFaults = [
  'out-of-memory',
  'too-large',
  'bare-line-break',
  'nul',
  'line-too-long',
  'header-too-large',
  'too-many-parts',
] as const
export type DataFault = (typeof dataFaults)[number]

const bit = Object.fromEntries(dataFaults.map((fault, i) => [fault, 1 << i])) as Record<DataFault, number>

const cr = 13
const lf = 10
const dot = 46
const hyphen = 45

// Where the next byte stands. Only CR LF ends a line; only CR LF . CR LF ends the mail (RFC 5321 §4.1.1.4).
const inText = 0
const afterCr = 1
const atLineStart = 2
const afterDot = 3
const afterDotCr = 4
const afterHyphen = 5
const ended = 6

// Socket reads are kept as they are; crumbs are copied together, or a mail sent byte by byte would cost a hundred times its size.
const crumbBytesMax = 8 * 1024
const blockBytes = 32 * 1024

/**
 * Reads the text behind DATA, in chunks cut anywhere, up to its one possible end. One pass over the bytes finds the end, bare CR and LF, NUL and
 * what exceeds the limits: no other reader of the mail gets to see another end of data. After a fault the rest is read and thrown away.
 */
export class DataReader {
  readonly #limits: DataLimits
  #parts: Buffer[] = []
  #block: Buffer | undefined
  #blockFilled = 0
  #state = atLineStart
  #bytes = 0
  #stuffedDots = 0
  #lineAt = 0
  #headerLines = 0
  #inHeader = true
  #boundaryLines = 0
  #faults = 0

  constructor(limits: DataLimits) {
    this.#limits = limits
  }

  /** Bytes read so far, as sent. */
  get bytesRead(): number {
    return this.#bytes
  }

  /** Bytes of the mail that this reader keeps in memory. */
  get bytesHeld(): number {
    return this.#faults === 0 ? this.#bytes : 0
  }

  /** The fault that counts, once the end was reached. */
  get fault(): DataFault | undefined {
    return dataFaults.find(fault => (this.#faults & bit[fault]) !== 0)
  }

  /** Memory is short: throws away what was read; the rest will be read and thrown away too. */
  drop(): void {
    this.#refuse(bit['out-of-memory'])
  }

  /** Takes the bytes of `chunk` from `from` on. Returns where the mail ended in it (the index behind the last LF), or -1. */
  read(chunk: Buffer, from: number): number {
    const end = this.#scan(chunk, from)
    const to = end === -1 ? chunk.length : end
    this.#bytes += to - from
    if (this.#contentBytes(end) > this.#limits.mailBytesMax) this.#refuse(bit['too-large'])
    if (this.#faults === 0) this.#keep(chunk.subarray(from, to), end !== -1)
    return end
  }

  /** The mail, dots unstuffed, without its terminator. Only after `read` found the end and there is no fault. */
  take(): Buffer {
    const parts = this.#parts
    this.#parts = []
    const raw = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    const mail = raw.subarray(0, raw.length - '.\r\n'.length)
    return this.#stuffedDots === 0 ? mail : unstuffed(mail, mail.length - this.#stuffedDots)
  }

  // While the end is not known, the last bytes may belong to it and do not count yet.
  #contentBytes(end: number): number {
    return this.#bytes - this.#stuffedDots - (end === -1 && this.#state === inText ? 0 : '.\r\n'.length)
  }

  #refuse(faults: number): void {
    this.#faults |= faults
    this.#parts = []
    this.#block = undefined
  }

  #keep(part: Buffer, last: boolean): void {
    if (this.#parts.length === 0 || last || part.length > crumbBytesMax) {
      this.#parts.push(part)
      this.#block = undefined
      return
    }
    const block = this.#block
    if (block !== undefined && this.#blockFilled + part.length <= blockBytes) {
      part.copy(block, this.#blockFilled)
      this.#blockFilled += part.length
      this.#parts[this.#parts.length - 1] = block.subarray(0, this.#blockFilled)
      return
    }
    this.#block = Buffer.allocUnsafeSlow(blockBytes)
    part.copy(this.#block)
    this.#blockFilled = part.length
    this.#parts.push(this.#block.subarray(0, part.length))
  }

  #scan(chunk: Buffer, from: number): number {
    const length = chunk.length
    const before = this.#bytes - from
    let state = this.#state
    let faults = 0
    let i = from
    scan: while (i < length) {
      if (state === inText) {
        while (i < length && chunk[i]! > cr) i++
        if (i === length) break
      }
      const c = chunk[i++]!
      switch (state) {
        case afterCr:
          if (c === lf) {
            this.#endLine(before + i)
            state = atLineStart
            continue
          }
          faults |= bit['bare-line-break']
          break
        case atLineStart:
          if (c === dot) {
            state = afterDot
            continue
          }
          if (c === hyphen) {
            state = afterHyphen
            continue
          }
          if (c === cr) this.#inHeader = false
          break
        case afterDot:
          if (c === cr) {
            state = afterDotCr
            continue
          }
          this.#stuffedDots++
          if (c === hyphen) {
            state = afterHyphen
            continue
          }
          break
        case afterDotCr:
          if (c === lf) {
            state = ended
            break scan
          }
          faults |= bit['bare-line-break']
          break
        case afterHyphen:
          if (c === hyphen) this.#boundaryLines++
          break
      }
      if (c === cr) state = afterCr
      else {
        state = inText
        if (c === lf) faults |= bit['bare-line-break']
        else if (c === 0) faults |= bit.nul
      }
    }
    this.#state = state
    if (this.#boundaryLines > this.#limits.boundaryLinesMax) faults |= bit['too-many-parts']
    if (faults !== 0) this.#refuse(faults)
    return state === ended ? i : -1
  }

  #endLine(at: number): void {
    const limits = this.#limits
    if (at - this.#lineAt - '\r\n'.length > limits.lineBytesMax) this.#refuse(bit['line-too-long'])
    this.#lineAt = at
    if (!this.#inHeader) return
    this.#headerLines++
    if (this.#headerLines > limits.headerLinesMax || at > limits.headerBytesMax) this.#refuse(bit['header-too-large'])
  }
}

// RFC 5321 §4.5.2: of a line that begins with a dot the first dot is removed.
function unstuffed(mail: Buffer, length: number): Buffer {
  const output = Buffer.allocUnsafeSlow(length)
  let filled = 0
  let copiedTo = mail[0] === dot ? 1 : 0
  for (;;) {
    const at = mail.indexOf('\r\n.', copiedTo, 'latin1')
    const to = at === -1 ? mail.length : at + '\r\n'.length
    filled += mail.copy(output, filled, copiedTo, to)
    if (at === -1) return output
    copiedTo = to + 1
  }
}

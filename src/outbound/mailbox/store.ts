import { strict as assert } from 'node:assert'
import fs from 'node:fs/promises'
import path from 'node:path'
import { decodeWords } from 'postal-mime'
import type { HandoverOutcome, Mail } from '../email/outcome.ts'

/** What the list shows of a kept mail. `at`: when it was kept, ms. */
export type KeptMail = { id: string; at: number; from: string; to: string; subject: string; bytes: number }

export const keptMailsMax = 10_000
export const keptBytesMax = 512 * 1024 * 1024
export const pageMailsMax = 100
const subjectCharsMax = 200
const headerBytesRead = 64 * 1024
/** The index is written anew when it has this many times as many lines as there are mails. */
const indexSlackMax = 4
const indexName = 'index.ndjson'
const mailId = /^[0-9A-Za-z][0-9A-Za-z._-]{0,127}$/

/**
 * The local mailbox: mails as `<id>.eml` in a folder, and an index of one JSON line each. The files are the truth and the index can be
 * rebuilt from them. Survives a kill of the process; a power cut may take the last seconds, as this is for development and drills.
 * Bounded: the oldest mails go first.
 */
export class LocalMailbox {
  readonly #folder: string
  readonly #mailsMax: number
  readonly #bytesMax: number
  /** Oldest first. */
  readonly #kept = new Map<string, KeptMail>()
  readonly #underWay = new Map<string, Promise<HandoverOutcome>>()
  #bytes = 0
  #indexLines = 0
  #tasks: Promise<unknown> = Promise.resolve()

  private constructor(folder: string, limits: { mailsMax?: number; bytesMax?: number }) {
    this.#folder = folder
    this.#mailsMax = limits.mailsMax ?? keptMailsMax
    this.#bytesMax = limits.bytesMax ?? keptBytesMax
  }

  /** Open the mailbox in a folder, which is made when absent. Throws what the file system says. */
  static async open(folder: string, limits: { mailsMax?: number; bytesMax?: number } = {}): Promise<LocalMailbox> {
    await fs.mkdir(folder, { recursive: true, mode: 0o700 })
    const mailbox = new LocalMailbox(folder, limits)
    for (const kept of await readFolder(folder)) mailbox.#note(kept)
    await mailbox.#rewriteIndex()
    await mailbox.#dropOldest()
    return mailbox
  }

  get count(): number {
    return this.#kept.size
  }

  /**
   * Keep a mail. The same id handed over again is the same mail, and accepted again. `now` in ms. When the disk refuses, the mail is
   * deferred and nothing of it is left.
   */
  put(mail: Mail, now: number): Promise<HandoverOutcome> {
    assert(mailId.test(mail.id), 'the id of a kept mail is safe as a file name')
    if (this.#kept.has(mail.id)) return Promise.resolve(accepted)
    const before = this.#underWay.get(mail.id)
    if (before) return before
    const putting = this.#write(mail, now).finally(() => this.#underWay.delete(mail.id))
    this.#underWay.set(mail.id, putting)
    return putting
  }

  async #write(mail: Mail, now: number): Promise<HandoverOutcome> {
    const file = this.#file(mail.id)
    try {
      await fs.writeFile(`${file}.new`, mail.data, { mode: 0o600 })
      // Commit point: from here on the mail is kept, also when the process ends before the index has it.
      await fs.rename(`${file}.new`, file)
    } catch (error) {
      await fs.rm(`${file}.new`, { force: true })
      const text = `the local mailbox cannot write: ${(error as NodeJS.ErrnoException).code ?? 'error'}`
      return { status: 'deferred', stage: 'body', reason: 'lost', text }
    }
    const kept = describe(mail, now)
    this.#note(kept)
    void this.#inTurn(async () => {
      await this.#appendToIndex(kept)
      await this.#dropOldest()
    })
    return accepted
  }

  /** Newest first. `cursor` is `next` of the page before; an unknown one begins at the newest. */
  list({ cursor, limit = 50 }: { cursor?: string; limit?: number } = {}): { mails: KeptMail[]; next?: string } {
    const all = [...this.#kept.values()].reverse()
    const from = cursor === undefined ? 0 : all.findIndex(kept => kept.id === cursor) + 1
    const mails = all.slice(from, from + Math.min(Math.max(1, limit), pageMailsMax))
    const last = mails.at(-1)
    return last && from + mails.length < all.length ? { mails, next: last.id } : { mails }
  }

  /** A kept mail and its bytes; undefined when it is not here (any more). */
  async get(id: string): Promise<{ mail: KeptMail; data: Buffer } | undefined> {
    const mail = this.#kept.get(id)
    if (!mail) return undefined
    try {
      return { mail, data: await fs.readFile(this.#file(id)) }
    } catch (error) {
      // Removed between the look-up and the read; anything else is for the caller to hear.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Wait until index and folder show everything that was put. */
  async close(): Promise<void> {
    await Promise.all(this.#underWay.values())
    await this.#tasks
  }

  #file(id: string): string {
    return path.join(this.#folder, `${id}.eml`)
  }

  #note(kept: KeptMail): void {
    this.#kept.set(kept.id, kept)
    this.#bytes += kept.bytes
  }

  /** Index and removal happen one after the other. The index is only a convenience: when it cannot be written, the files remain. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    const mine = this.#tasks.then(task).catch(() => {})
    this.#tasks = mine
    return mine
  }

  async #appendToIndex(kept: KeptMail): Promise<void> {
    this.#indexLines++
    if (this.#indexLines > indexSlackMax * Math.max(this.#kept.size, 1000)) return this.#rewriteIndex()
    await fs.appendFile(path.join(this.#folder, indexName), `${JSON.stringify(kept)}\n`, { mode: 0o600 })
  }

  async #rewriteIndex(): Promise<void> {
    const file = path.join(this.#folder, indexName)
    await fs.writeFile(`${file}.new`, [...this.#kept.values()].map(kept => `${JSON.stringify(kept)}\n`).join(''), {
      mode: 0o600,
    })
    await fs.rename(`${file}.new`, file)
    this.#indexLines = this.#kept.size
  }

  /** For a person who is erased. Their lines go from the index as well: they name the person. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const kept = this.#kept.get(id)
      if (!kept) continue
      this.#kept.delete(id)
      this.#bytes -= kept.bytes
      await fs.rm(this.#file(id), { force: true })
    }
    await this.#inTurn(() => this.#rewriteIndex())
  }

  async #dropOldest(): Promise<void> {
    for (const kept of this.#kept.values()) {
      if (this.#kept.size <= this.#mailsMax && this.#bytes <= this.#bytesMax) return
      this.#kept.delete(kept.id)
      this.#bytes -= kept.bytes
      await fs.rm(this.#file(kept.id), { force: true })
    }
  }
}

const accepted: HandoverOutcome = { status: 'accepted', code: 250, text: 'kept in the local mailbox' }

/** Every mail file of the folder, oldest first: as the index describes it, else as the file itself says. */
async function readFolder(folder: string): Promise<KeptMail[]> {
  const names = await fs.readdir(folder)
  await Promise.all(
    names.filter(name => name.endsWith('.new')).map(name => fs.rm(path.join(folder, name), { force: true })),
  )
  const indexed = await readIndex(path.join(folder, indexName))
  const found: KeptMail[] = []
  for (const name of names.filter(one => one.endsWith('.eml'))) {
    const id = name.slice(0, -4)
    if (mailId.test(id)) found.push(indexed.get(id) ?? (await describeFile(path.join(folder, name), id)))
  }
  return found.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
}

async function readIndex(file: string): Promise<Map<string, KeptMail>> {
  const indexed = new Map<string, KeptMail>()
  const text = await fs.readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  for (const line of text.split('\n')) {
    const kept = parseIndexLine(line)
    if (kept) indexed.set(kept.id, kept)
  }
  return indexed
}

/** A line that was cut off by a crash, or that someone edited, is passed over; the mail's file describes itself then. */
function parseIndexLine(line: string): KeptMail | undefined {
  try {
    const { id, at, from, to, subject, bytes } = JSON.parse(line) as KeptMail
    const whole =
      [id, from, to, subject].every(text => typeof text === 'string') && Number.isFinite(at) && Number.isFinite(bytes)
    return whole ? { id, at, from, to, subject, bytes } : undefined
  } catch {
    return undefined
  }
}

async function describeFile(file: string, id: string): Promise<KeptMail> {
  const data = await fs.readFile(file)
  const { mtimeMs } = await fs.stat(file)
  const [from, to] = [headerValue(data, 'from'), headerValue(data, 'to')]
  return { id, at: Math.round(mtimeMs), from, to, subject: headerValue(data, 'subject'), bytes: data.length }
}

function describe(mail: Mail, now: number): KeptMail {
  return {
    id: mail.id,
    at: now,
    from: headerValue(mail.data, 'from') || (mail.from?.address ?? ''),
    to: mail.to.address,
    subject: headerValue(mail.data, 'subject'),
    bytes: mail.data.length,
  }
}

/** One header value for the list: unfolded, decoded, short. */
function headerValue(data: Buffer, name: string): string {
  const end = data.subarray(0, headerBytesRead).indexOf('\r\n\r\n')
  const header = data.toString('utf8', 0, end < 0 ? Math.min(data.length, headerBytesRead) : end)
  const found = new RegExp(`^${name}[ \\t]*:(.*(?:\\r\\n[ \\t].*)*)`, 'im').exec(header)?.[1] ?? ''
  const value = decodeWords(
    found
      .replaceAll('\r\n', '')
      .trim()
      .slice(0, subjectCharsMax * 4),
  )
  return value.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').slice(0, subjectCharsMax)
}

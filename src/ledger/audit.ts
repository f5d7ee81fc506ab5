import { type Event, isEventType } from '../core/events.ts'
import { openCheckpoint } from './checkpoint.ts'
import { hashBytes, isEqual, sha256 } from './hashing.ts'
import { SealFault } from './leaf.ts'
import { NoteFault, openNote, type Verifier } from './note.ts'
import type { Cursor, StoredCheckpoint } from './store.ts'
import { tileWidth, type Written } from './tiles.ts'
import { LogWriter, type Sealed } from './writer.ts'

// Goes through a journal and its log from the beginning, and names the first record that is not what it should be. It needs no key of any person:
// what was erased verifies as what was not.

/** A row of the journal. The sealed bytes come as their SHA-256 and their length: they are large, and nothing else of them is looked at. */
export type AuditRow = {
  position: number
  at: number
  hash: Uint8Array
  events: Uint8Array
  sealedHash: Uint8Array
  /** Absent in an export. */
  sealedBytes?: number
}

/** What is looked at: a database or an export. */
export type AuditSource = {
  partition: number
  /** Where the journal says that it ends; `undefined` where that was not written down, as in an export. */
  head(): Promise<{ position: number; hash: Uint8Array; at: number } | undefined>
  rows(): AsyncIterable<AuditRow>
  /** Up to where the log is kept. */
  cursor(): Promise<Cursor>
  tiles(wanted: readonly { level: number; number: number }[]): Promise<Written[]>
  bundle(number: number): Promise<Uint8Array | undefined>
  /** All, the smallest first. */
  checkpoints(): AsyncIterable<StoredCheckpoint>
  /** Where the first leaf of each batch lies, in the order of the journal; absent in an export. */
  batches?(): AsyncIterable<{ position: number; first: number }>
}

/** A record of a source is not what one looks like. */
export class SourceFault extends Error {
  override readonly name = 'SourceFault'
  readonly kind: AuditKind
  readonly position: number | undefined
  constructor(kind: AuditKind, detail: string, position?: number) {
    super(detail)
    this.kind = kind
    this.position = position
  }
}

export const auditKinds = [
  'journal.position',
  'journal.hash',
  'journal.time',
  'journal.format',
  'journal.sealed',
  'journal.head',
  'journal.truncated',
  'register.seal',
  'register.leaf',
  'register.bundle',
  'register.tile',
  'register.batch',
  'register.cursor',
  'checkpoint.missing',
  'checkpoint.unknown',
  'checkpoint.malformed',
  'checkpoint.signature',
  'checkpoint.root',
  'key.malformed',
  'key.unknown',
] as const
export type AuditKind = (typeof auditKinds)[number]

/** The first record that is wrong. `event`: its number in the batch, from 1. */
export type AuditFinding = {
  kind: AuditKind
  partition: number
  position: number
  event?: number
  message?: string
  detail: string
}

export type AuditOptions = {
  /** The chain of the journal, from the hash before and the digests of a row: see `journal/chain.ts`. */
  chain(before: Uint8Array, row: { position: number; at: number; events: Uint8Array; sealed: Uint8Array }): Uint8Array
  origin: string
  known: readonly Verifier[]
  /** Checkpoints that somebody has kept from earlier: they must be of this log. */
  kept?: readonly string[]
  progress?(position: number): void
}

export type AuditReport = {
  partition: number
  batches: number
  events: number
  leaves: number
  checkpoints: number
  finding?: AuditFinding
}

/** Never throws for what it finds; throws what the source does. */
export async function audit(source: AuditSource, options: AuditOptions): Promise<AuditReport> {
  const auditor = await Auditor.of(source, options)
  try {
    await auditor.begin()
    await auditor.run()
  } catch (error) {
    const finding =
      error instanceof Found ? error.finding : error instanceof SourceFault ? auditor.findingOf(error) : undefined
    if (!finding) throw error
    return { ...auditor.report, finding: (await auditor.earlier(finding)) ?? finding }
  }
  return auditor.report
}

/** Unwinds to `audit`. */
class Found extends Error {
  readonly finding: AuditFinding
  constructor(finding: AuditFinding) {
    super(finding.detail)
    this.finding = finding
  }
}

type Ref = { position: number; event: number; message?: string }

class Auditor {
  readonly report: AuditReport
  readonly #source: AuditSource
  readonly #options: AuditOptions
  #cursor: Cursor = { position: 0, size: 0 }
  readonly #stored: AsyncIterator<StoredCheckpoint>
  readonly #batches: AsyncIterator<{ position: number; first: number }> | undefined
  readonly #kept = new Map<number, Uint8Array>()
  #writer!: LogWriter
  #next: StoredCheckpoint | undefined
  #refs: { first: number; all: Ref[] } = { first: 0, all: [] }
  #hash: Uint8Array = new Uint8Array(hashBytes)
  #position = 0
  #at = 0

  private constructor(source: AuditSource, options: AuditOptions) {
    this.#source = source
    this.#options = options
    this.#stored = source.checkpoints()[Symbol.asyncIterator]()
    this.#batches = source.batches?.()[Symbol.asyncIterator]()
    this.report = { partition: source.partition, batches: 0, events: 0, leaves: 0, checkpoints: 0 }
  }

  static async of(source: AuditSource, options: AuditOptions): Promise<Auditor> {
    const auditor = new Auditor(source, options)
    auditor.#writer = await LogWriter.at({ size: 0 }, { tile: async () => undefined, bundle: async () => undefined })
    return auditor
  }

  async begin(): Promise<void> {
    this.#cursor = await this.#source.cursor()
  }

  findingOf({ kind, position = this.#position + 1, message: detail }: SourceFault): AuditFinding {
    return { kind, partition: this.#source.partition, position, detail }
  }

  /** Leaves are looked at when their bundle is whole: one of those that wait may be wrong before what was found. */
  async earlier(found: AuditFinding): Promise<AuditFinding | undefined> {
    for (const { number, leaves } of this.#writer.written().bundles) {
      const kept = Math.min(leaves.length, (this.#cursor.size - number * tileWidth) * hashBytes)
      const stored = kept > 0 ? await this.#source.bundle(number) : undefined
      if (!stored || isEqual(stored.subarray(0, kept), leaves.subarray(0, kept))) continue
      try {
        this.#leafFault(number * tileWidth, leaves.subarray(0, kept), stored)
      } catch (error) {
        if (error instanceof Found && error.finding.position < found.position) return error.finding
      }
    }
    return undefined
  }

  async run(): Promise<void> {
    this.#takeKept()
    await this.#advance()
    await this.#edge()
    for await (const row of this.#source.rows()) {
      await this.#row(row)
      this.#options.progress?.(row.position)
    }
    await this.#end()
  }

  #found(kind: AuditKind, detail: string, at: Partial<Ref> = {}): never {
    const { position = this.#position + 1, event, message } = at
    throw new Found({
      kind,
      partition: this.#source.partition,
      position,
      ...(event !== undefined && { event }),
      ...(message !== undefined && { message }),
      detail,
    })
  }

  #takeKept(): void {
    for (const note of this.#options.kept ?? []) {
      const { size, root } = this.#opened(note, { position: 0 })
      const before = this.#kept.get(size)
      if (before && !isEqual(before, root))
        this.#found('checkpoint.root', `two checkpoints of ${size} leaves were signed, with different roots`, {
          position: 0,
        })
      this.#kept.set(size, root)
    }
  }

  async #row(row: AuditRow): Promise<void> {
    const { position, at, hash } = row
    if (position !== this.#position + 1) {
      const detail = `batch ${this.#position + 1} is not there; the next one found is ${position}`
      this.#found('journal.position', detail)
    }
    if (at < this.#at) this.#found('journal.time', `the batch is older than the one before it`)
    const digests = { position, at, events: sha256(row.events), sealed: row.sealedHash }
    const chained = this.#options.chain(this.#hash, digests)
    if (!isEqual(chained, hash)) await this.#hashFault(row)
    const events = this.#eventsOf(row)
    this.#checkSealed(row, events)
    await this.#log(row, events)
    this.#hash = hash
    this.#position = position
    this.#at = at
    this.report.batches++
    this.report.events += events.length
    this.report.leaves = this.#writer.size
  }

  /** The batch is not the one that was hashed. Where the log was kept for it, a leaf may tell which event it is. */
  async #hashFault(row: AuditRow): Promise<never> {
    try {
      await this.#log(row, this.#eventsOf(row))
      if (this.#writer.size <= this.#cursor.size) await this.#compare(this.#writer.written())
    } catch (error) {
      if (!(error instanceof Found) || error.finding.kind !== 'register.leaf') throw wrongHash(this, row.position)
      const { event, message } = error.finding
      throw wrongHash(this, row.position, { event: event!, ...(message !== undefined && { message }) })
    }
    throw wrongHash(this, row.position)
  }

  hashFound(position: number, at: Partial<Ref>): never {
    this.#found('journal.hash', 'the hash of the batch is not that of its bytes and the batch before', {
      position,
      ...at,
    })
  }

  #eventsOf({ position, events }: AuditRow): Event[] {
    const parsed = parse(events)
    if (!Array.isArray(parsed)) this.#found('journal.format', 'the events are not a JSON array', { position })
    for (const [i, event] of parsed.entries()) {
      const type = (event as { type?: unknown } | null)?.type
      if (!isEventType(type))
        this.#found('journal.format', 'an event of a type that is not known', { position, event: i + 1 })
      if (type === 'MessageDecided' && !isDecided(event))
        this.#found('journal.format', 'a decision without the parts of one', { position, event: i + 1 })
    }
    return parsed as Event[]
  }

  /** What an event names of the sealed bytes must be there. */
  #checkSealed({ position, sealedBytes }: AuditRow, events: Event[]): void {
    for (const [i, event] of events.entries()) {
      if (event.type !== 'MessageDecided') continue
      const { sealed, id } = event.message
      if (sealedBytes !== undefined && sealed.offset + sealed.length > sealedBytes)
        this.#found('journal.sealed', 'the ciphertext of a message is not there', {
          position,
          event: i + 1,
          message: id,
        })
    }
  }

  async #log(row: AuditRow, events: Event[]): Promise<void> {
    const before = this.#writer.size
    this.#refer(row.position, events)
    try {
      this.#writer.take(events, row)
    } catch (error) {
      if (!(error instanceof SealFault)) throw error
      const event = events.findIndex(({ type }) => type === 'RegisterSealed') + 1
      this.#found('register.seal', error.message, { position: row.position, event })
    }
    const { size, position } = this.#cursor
    const isEdge = row.position === position
    if (isEdge && this.#writer.size !== size)
      this.#found('register.cursor', `the log has ${size} leaves up to here, the journal ${this.#writer.size}`, row)
    const written = this.#writer.written({ partial: isEdge })
    if (before < size) await this.#compare(written)
    if (row.position <= position) await this.#checkBatch(written.batches[0])
    for (const seal of written.seals) await this.#seal(seal)
  }

  async #checkBatch(expected: { position: number; first: number } | undefined): Promise<void> {
    if (!expected || !this.#batches) return
    const { value: found } = await this.#batches.next()
    if (found?.position === expected.position && found.first === expected.first) return
    this.#found('register.batch', 'where the leaves of the batch lie in the log is not noted, or wrongly', expected)
  }

  /** Remembers which event each leaf comes from, for as long as its bundle is open. */
  #refer(position: number, events: Event[]): void {
    for (const [i, event] of events.entries()) {
      if (event.type === 'MessageDecided') this.#refs.all.push({ position, event: i + 1, message: event.message.id })
      if (event.type !== 'RegisterSealed') continue
      const count = Math.min(event.padding, tileWidth)
      for (let n = 0; n < count; n++) this.#refs.all.push({ position, event: i + 1 })
    }
  }

  async #compare({ bundles, tiles }: ReturnType<LogWriter['written']>): Promise<void> {
    for (const { number, leaves } of bundles) {
      const stored = await this.#source.bundle(number)
      const first = number * tileWidth
      if (!stored || !isEqual(stored, leaves)) this.#leafFault(first, leaves, stored)
      if (leaves.length < tileWidth * hashBytes) continue
      this.#refs.all.splice(0, first + tileWidth - this.#refs.first)
      this.#refs.first = first + tileWidth
    }
    const stored = await this.#source.tiles(tiles)
    for (const { level, number, hashes } of tiles) {
      const found = stored.find(one => one.level === level && one.number === number)
      if (found && isEqual(found.hashes, hashes)) continue
      this.#found(
        'register.tile',
        `tile ${number} of level ${level} is not what its leaves amount to`,
        this.#refAt(hashes),
      )
    }
  }

  /** A tile is no record of the journal: what is named is where the journal is. */
  #refAt(_hashes: Uint8Array): Partial<Ref> {
    const last = this.#refs.all.at(-1)
    return last ? { position: last.position } : {}
  }

  #leafFault(first: number, leaves: Uint8Array, stored: Uint8Array | undefined): never {
    for (let at = 0; stored && at < leaves.length; at += hashBytes) {
      if (isEqual(leaves.subarray(at, at + hashBytes), stored.subarray(at, at + hashBytes))) continue
      const index = first + at / hashBytes
      const ref = this.#refs.all[index - this.#refs.first]
      if (at + hashBytes > stored.length) break
      this.#found('register.leaf', `leaf ${index} is not the one that the journal says`, ref)
    }
    const detail = `the bundle of the leaves from ${first} on is ${stored ? 'of another length' : 'not there'}`
    this.#found('register.bundle', detail, this.#refs.all[first - this.#refs.first])
  }

  async #seal({ size, root, position, at }: Sealed): Promise<void> {
    const kept = this.#kept.get(size)
    if (kept && !isEqual(kept, root))
      this.#found('checkpoint.root', `a checkpoint that was kept has another root for ${size} leaves`, { position })
    this.#kept.delete(size)
    if (position > this.#cursor.position) {
      // Whoever keeps it had it from the log, or saw it signed: the log was once kept up to here.
      if (kept)
        this.#found(
          'checkpoint.missing',
          `the checkpoint of ${size} leaves was signed, and the log is not kept so far`,
          { position },
        )
      return
    }
    const stored = this.#next
    if (!stored || stored.size > size)
      this.#found('checkpoint.missing', `the checkpoint of ${size} leaves is not there`, { position })
    if (stored.size < size)
      this.#found('checkpoint.unknown', `a checkpoint of ${stored.size} leaves, which was never sealed`, { position })
    const opened = this.#opened(stored.note, { position })
    if (opened.size !== size || stored.position !== position || stored.at !== at)
      this.#found('checkpoint.malformed', `the checkpoint of ${size} leaves says another size, place or time`, {
        position,
      })
    if (!isEqual(opened.root, root))
      this.#found('checkpoint.root', `the checkpoint of ${size} leaves has another root than the journal amounts to`, {
        position,
      })
    this.report.checkpoints++
    await this.#advance()
  }

  #opened(note: string, at: Partial<Ref>) {
    const { origin, known } = this.#options
    try {
      return openCheckpoint(note, { origin, known })
    } catch (error) {
      if (!(error instanceof NoteFault)) throw error
      this.#found(isSigned(note, known) ? 'checkpoint.malformed' : 'checkpoint.signature', error.message, at)
    }
  }

  async #advance(): Promise<void> {
    const { value, done } = await this.#stored.next()
    this.#next = done ? undefined : value
  }

  /** A log that claims to be kept for more, or for nothing of, what was signed. */
  async #edge(): Promise<void> {
    if (this.#cursor.position === 0 && this.#next)
      this.#found('register.cursor', 'there are checkpoints, and the log is not kept', { position: 0 })
  }

  async #end(): Promise<void> {
    const head = await this.#source.head()
    if (head && head.position > this.#position)
      this.#found(
        'journal.truncated',
        `the journal ends at batch ${this.#position}, and batch ${head.position} was written`,
      )
    if (head && (head.position < this.#position || head.at !== this.#at || !isEqual(head.hash, this.#hash)))
      this.#found('journal.head', 'the head of the journal is not its last batch', { position: head.position })
    if (this.#cursor.position > this.#position)
      this.#found(
        'journal.truncated',
        `the log was kept up to batch ${this.#cursor.position}, and the journal ends before`,
      )
    if (this.#next)
      this.#found(
        'journal.truncated',
        `a checkpoint of ${this.#next.size} leaves was signed, and the journal has ${this.#writer.size}`,
      )
    const { value: left } = (await this.#batches?.next()) ?? {}
    if (left) this.#found('register.batch', 'leaves are noted for a batch that has none', left)
    for (const size of this.#kept.keys())
      this.#found(
        size > this.#writer.size ? 'journal.truncated' : 'checkpoint.unknown',
        `a checkpoint of ${size} leaves was kept, and there is no such seal`,
      )
  }
}

function wrongHash(auditor: Auditor, position: number, at: Partial<Ref> = {}): unknown {
  try {
    return auditor.hashFound(position, at)
  } catch (found) {
    return found
  }
}

function parse(events: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(events))
  } catch {
    return undefined // Neither UTF-8 nor JSON: told as a finding by the caller.
  }
}

/** What the log and this audit read of a decision. */
function isDecided(event: unknown): boolean {
  const { message, lane, outcome } = event as { message?: Record<string, unknown>; lane?: unknown; outcome?: unknown }
  const sealed = message?.sealed as { offset?: unknown; length?: unknown } | undefined
  return (
    [message?.id, message?.application, message?.class, message?.commitment, lane, outcome].every(
      text => typeof text === 'string',
    ) &&
    /^[A-Za-z0-9_-]{43}$/.test(String(message?.commitment)) &&
    Number.isSafeInteger(sealed?.offset) &&
    Number.isSafeInteger(sealed?.length)
  )
}

function isSigned(note: string, known: readonly Verifier[]): boolean {
  try {
    return openNote(note, known).signedBy.length > 0
  } catch {
    return false // Its fault is told by the caller.
  }
}

import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type AuditKind, type AuditRow, type AuditSource, SourceFault } from './audit.ts'
import type { StoredKey } from './database-source.ts'
import { bundleOf, entriesOf } from './entries.ts'
import { hashBytes } from './hashing.ts'
import type { Cursor, StoredCheckpoint } from './store.ts'
import { type TileName, tilePath, tileWidth, type Written, widthIn } from './tiles.ts'

// A log and its journal as a directory, for auditors without the database. It has no key and nothing that was sealed:
//   ledger.json         origin, partition, how far journal and log go
//   keys                verifier keys, as /ledger/keys gives them
//   checkpoint          the newest; checkpoints.ndjson: all of them
//   tile/…              as C2SP tlog-tiles names them, so that any client of such logs can read the directory
//   journal.ndjson      a batch a line: position, instant, hash, events, SHA-256 of the ciphertexts

type Meta = {
  origin: string
  partition: number
  head: { position: number; hash: string; at: number }
  cursor: Cursor
}

export type ExportSource = AuditSource & { keys(): Promise<StoredKey[]> }

/** Writes the export; `origin` names the log. Gives how much there is. */
export async function writeExport(
  source: ExportSource,
  directory: string,
  { origin, progress }: { origin: string; progress?: (position: number) => void },
): Promise<{ batches: number; leaves: number; checkpoints: number }> {
  const [cursor, head] = [await source.cursor(), await source.head()]
  const to = (name: string) => join(directory, name)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const keys = (await source.keys()).map(({ verifier, from, until }) => ({
    verifier,
    from: new Date(from).toISOString(),
    ...(until !== null && { until: new Date(until).toISOString() }),
  }))
  await writeFile(to('keys'), JSON.stringify({ keys }))
  let newest: StoredCheckpoint | undefined
  const checkpoints = await writeLines(to('checkpoints.ndjson'), source.checkpoints(), one => {
    newest = one
    return JSON.stringify({ size: one.size, position: one.position, at: one.at, note: one.note })
  })
  if (newest) await writeFile(to('checkpoint'), newest.note)
  await writeTiles(source, directory, [cursor.size, newest?.size ?? 0])
  const batches = await writeLines(to('journal.ndjson'), source.rows(), row => {
    progress?.(row.position)
    return lineOf(row)
  })
  const meta: Meta = {
    origin,
    partition: source.partition,
    head: { position: head?.position ?? 0, hash: hex(head?.hash ?? new Uint8Array(hashBytes)), at: head?.at ?? 0 },
    cursor,
  }
  await writeFile(to('ledger.json'), JSON.stringify(meta))
  return { batches, leaves: cursor.size, checkpoints }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Events that are not UTF-8 are not what was written: they go as base 64, and the audit says so. */
function lineOf({ position, at, hash, events, sealedHash }: AuditRow): string {
  const text = Buffer.from(events).toString('utf8')
  const isText = Buffer.compare(Buffer.from(text), events) === 0
  const said = isText ? { events: text } : { eventsBase64: Buffer.from(events).toString('base64') }
  return JSON.stringify({ position, at, hash: hex(hash), ...said, sealedHash: hex(sealedHash) })
}

async function writeLines<T>(path: string, all: AsyncIterable<T>, lineOf: (one: T) => string): Promise<number> {
  const file = await open(path, 'w', 0o600)
  const out = file.createWriteStream()
  let count = 0
  for await (const one of all) {
    count++
    if (!out.write(`${lineOf(one)}\n`)) await new Promise<void>(resolve => void out.once('drain', () => resolve()))
  }
  await new Promise<void>((resolve, reject) => {
    out.once('error', reject)
    out.end(resolve)
  })
  return count
}

/** The tiles of the trees of those sizes, the largest first; a smaller one adds its partial tiles. */
async function writeTiles(source: AuditSource, directory: string, sizes: readonly number[]): Promise<void> {
  const [largest = 0] = sizes
  for (let level = 0; tileWidth ** level <= largest; level++)
    for (let number = 0; widthIn(largest, { level, number }) > 0; number++) {
      const [tile] = await source.tiles([{ level, number }])
      const leaves = level === 0 ? await source.bundle(number) : undefined
      for (const width of new Set(sizes.map(size => widthIn(size, { level, number })))) {
        if (width === 0) continue
        const bytes = width * hashBytes
        if (tile) await writeAt(directory, { level, number, width }, tile.hashes.subarray(0, bytes))
        if (leaves) await writeAt(directory, { level: 'entries', number, width }, bundleOf(leaves.subarray(0, bytes)))
      }
    }
}

async function writeAt(directory: string, name: TileName, bytes: Uint8Array): Promise<void> {
  const path = join(directory, tilePath(name))
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
}

/** Reads an export back, to be audited. Throws `SourceFault` when it is none. */
export class ExportedSource implements AuditSource {
  readonly #directory: string
  readonly #meta: Meta
  /** Verifier keys as the export names them. */
  readonly verifiers: readonly string[]

  private constructor(directory: string, meta: Meta, verifiers: readonly string[]) {
    this.#directory = directory
    this.#meta = meta
    this.verifiers = verifiers
  }

  static async open(directory: string): Promise<ExportedSource> {
    const meta = parseWhole<Meta>(await readText(join(directory, 'ledger.json')), 'register.cursor', isMeta)
    const isKeys = (value: { keys?: unknown }) => Array.isArray(value.keys)
    const { keys } = parseWhole<{ keys: { verifier?: unknown }[] }>(
      await readText(join(directory, 'keys')),
      'key.malformed',
      isKeys,
    )
    return new ExportedSource(
      directory,
      meta,
      keys.map(({ verifier }) => String(verifier)),
    )
  }

  get origin(): string {
    return this.#meta.origin
  }

  get partition(): number {
    return this.#meta.partition
  }

  async head() {
    const { position, hash, at } = this.#meta.head
    return { position, hash: Buffer.from(hash, 'hex'), at }
  }

  async cursor(): Promise<Cursor> {
    return this.#meta.cursor
  }

  async *rows(): AsyncGenerator<AuditRow> {
    type Line = {
      position: number
      at: number
      hash: string
      events?: string
      eventsBase64?: string
      sealedHash: string
    }
    for await (const line of linesOf(join(this.#directory, 'journal.ndjson'))) {
      const { position, at, hash, events, eventsBase64, sealedHash } = parseWhole<Line>(line, 'journal.format', isRow)
      yield {
        position,
        at,
        hash: Buffer.from(hash, 'hex'),
        events: events === undefined ? Buffer.from(eventsBase64 ?? '', 'base64') : Buffer.from(events),
        sealedHash: Buffer.from(sealedHash, 'hex'),
      }
    }
  }

  async *checkpoints(): AsyncGenerator<StoredCheckpoint> {
    for await (const line of linesOf(join(this.#directory, 'checkpoints.ndjson')))
      yield parseWhole<StoredCheckpoint>(line, 'checkpoint.malformed', isCheckpoint)
  }

  async tiles(wanted: readonly { level: number; number: number }[]): Promise<Written[]> {
    const found = await Promise.all(
      wanted.map(async ({ level, number }) => {
        const hashes = await this.#read({ level, number, width: widthIn(this.#meta.cursor.size, { level, number }) })
        return hashes ? [{ level, number, hashes }] : []
      }),
    )
    return found.flat()
  }

  async bundle(number: number): Promise<Uint8Array | undefined> {
    const width = widthIn(this.#meta.cursor.size, { level: 0, number })
    const bundle = await this.#read({ level: 'entries', number, width })
    const entries = bundle && entriesOf(bundle)
    return entries && Buffer.concat(entries)
  }

  async #read(name: TileName): Promise<Uint8Array | undefined> {
    return readFile(join(this.#directory, tilePath(name))).catch(error =>
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : Promise.reject(error),
    )
  }
}

const readText = (path: string): Promise<string> => readFile(path, 'utf8')

/** Ends of lines are line feeds, and nothing else is one. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of createReadStream(path, { encoding: 'utf8' })) {
    const lines = `${rest}${piece}`.split('\n')
    rest = lines.pop()!
    yield* lines
  }
  if (rest !== '') yield rest
}

/** One JSON value, written exactly as we write it. */
// biome-ignore lint/suspicious/noExplicitAny: any JSON, which the check then looks at
function parseWhole<T>(text: string, kind: AuditKind, is: (value: any) => boolean): T {
  const value = parse(text)
  const isOurs = value !== null && typeof value === 'object' && JSON.stringify(value) === text && is(value)
  const { position } = (value ?? {}) as { position?: unknown }
  if (!isOurs) throw new SourceFault(kind, 'a record is not written as an export has it', knownPosition(position))
  return value as T
}

const knownPosition = (position: unknown): number | undefined => (isCount(position) ? (position as number) : undefined)

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Told as a fault by the caller.
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isHash = (value: unknown): boolean => /^[0-9a-f]{64}$/.test(String(value))
const isCursor = (value?: { position?: unknown; size?: unknown }): boolean =>
  isCount(value?.position) && isCount(value?.size)
const isMeta = ({ origin, partition, head, cursor }: Meta): boolean =>
  typeof origin === 'string' && isCount(partition) && isCount(head?.position) && isHash(head?.hash) && isCursor(cursor)
const isRow = ({ position, at, hash, events, eventsBase64, sealedHash }: Record<string, unknown>): boolean =>
  isCount(position) &&
  isCount(at) &&
  isHash(hash) &&
  isHash(sealedHash) &&
  (typeof events === 'string' || typeof eventsBase64 === 'string')
const isCheckpoint = ({ size, position, at, note }: Record<string, unknown>): boolean =>
  isCount(size) && isCount(position) && isCount(at) && typeof note === 'string'

import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { NoteFault, newSigner, parseSigner, parseVerifier, type Signer, type Verifier } from './note.ts'

/**
 * The keys that sign checkpoints: `keys/ledger-<n>.key` in the data directory, readable by its owner alone. A file has the signer key as C2SP
 * signed-note writes it, `from INSTANT`, and, once another key has come after it, `until INSTANT`: up to then both sign. After that the file
 * keeps the verifier key alone, so that what was signed can be checked and nothing more be signed.
 */
export type LedgerKey = { number: number; verifier: Verifier; signer?: Signer; from: number; until?: number }

/** What keeps a log from being signed; told to people, with its code. */
export class LedgerKeyFault extends Error {
  override readonly name = 'LedgerKeyFault'
  readonly code: 'ledger.key-unreadable' | 'ledger.origin-changed'
  constructor(code: LedgerKeyFault['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** How long an old key signs beside its successor, ms: monitors have as long to learn the new one. */
export const graceMs = 30 * 24 * 3_600_000

const folderOf = (dataDir: string): string => join(dataDir, 'keys')
const nameShape = /^ledger-([1-9]\d{0,5})\.key$/

/** The keys of a data directory, the oldest first; none when it has none. Throws `LedgerKeyFault`. */
export function readLedgerKeys(dataDir: string): LedgerKey[] {
  const folder = folderOf(dataDir)
  const keys = namesIn(folder).flatMap(name => {
    const number = nameShape.exec(name)?.[1]
    return number === undefined ? [] : [readKey(join(folder, name), Number(number))]
  })
  return keys.toSorted((a, b) => a.number - b.number)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function readKey(path: string, number: number): LedgerKey {
  try {
    const [text = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n')
    const said = new Map(lines.map(line => line.split(' ', 2) as [string, string]))
    const [from, until] = [instantOf(said.get('from')), instantOf(said.get('until'))]
    if (from === undefined) throw new NoteFault('it does not say from when it signs')
    const signer = text.startsWith('PRIVATE+KEY+') ? parseSigner(text) : undefined
    const verifier = signer ?? parseVerifier(text)
    return { number, verifier, from, ...(signer && { signer }), ...(until !== undefined && { until }) }
  } catch (error) {
    if (!(error instanceof NoteFault)) throw error
    throw new LedgerKeyFault('ledger.key-unreadable', `${path} is not a key of the register: ${error.message}.`)
  }
}

function instantOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const instant = Date.parse(text)
  if (Number.isNaN(instant)) throw new NoteFault('an instant in it cannot be read')
  return instant
}

/**
 * The keys, with a first one made for a log of that origin when there is none. A log keeps its origin: `asked`, the one that is configured, must be
 * that of the keys that there are. Throws `LedgerKeyFault`.
 */
export function openLedgerKeys(
  dataDir: string,
  { asked, otherwise, now }: { asked?: string; otherwise: string; now: number },
): LedgerKey[] {
  const keys = readLedgerKeys(dataDir)
  const origin = keys.at(-1)?.verifier.name
  if (origin === undefined) return [makeKey(dataDir, { name: asked ?? otherwise, number: 1, now })]
  if (asked !== undefined && asked !== origin)
    throw new LedgerKeyFault(
      'ledger.origin-changed',
      `the register of this data directory is the log ${origin}, and ledger.origin says ${asked}. A log keeps its name: ` +
        'set ledger.origin back, or remove it.',
    )
  return keys
}

/** Makes a new key; the ones before it sign on for the time of grace. Gives all keys. Throws `LedgerKeyFault` when there is none yet. */
export function rotateLedgerKeys(
  dataDir: string,
  { now, grace = graceMs }: { now: number; grace?: number },
): LedgerKey[] {
  const keys = readLedgerKeys(dataDir)
  const newest = keys.at(-1)
  if (!newest)
    throw new LedgerKeyFault(
      'ledger.key-unreadable',
      `${dataDir} has no key of a register yet; start Tocsin on it once.`,
    )
  // The new one first: a crash in between leaves one key too many that signs on, never a log that nobody signs.
  makeKey(dataDir, { name: newest.verifier.name, number: newest.number + 1, now })
  for (const key of keys) if (key.until === undefined) writeKey(dataDir, { ...key, until: now + grace })
  return readLedgerKeys(dataDir)
}

/** Destroys the private parts whose time is over. */
export function retireLedgerKeys(dataDir: string, keys: readonly LedgerKey[], now: number): LedgerKey[] {
  return keys.map(key => {
    const { signer, ...rest } = key
    if (!signer || key.until === undefined || now < key.until) return key
    writeKey(dataDir, rest)
    return rest
  })
}

/** The keys that sign now. */
export const signersAt = (keys: readonly LedgerKey[], now: number): Signer[] =>
  keys.flatMap(({ signer, until }) => (signer && (until === undefined || now < until) ? [signer] : []))

function makeKey(dataDir: string, { name, number, now }: { name: string; number: number; now: number }): LedgerKey {
  const signer = newSigner(name)
  const key: LedgerKey = { number, verifier: signer, signer, from: now }
  writeKey(dataDir, key)
  return key
}

/** Written aside and renamed, so that a crash leaves either the file as it was or as it shall be. */
function writeKey(dataDir: string, { number, verifier, signer, from, until }: LedgerKey): void {
  const lines = [signer?.secret ?? verifier.text, `from ${new Date(from).toISOString()}`]
  if (until !== undefined) lines.push(`until ${new Date(until).toISOString()}`)
  writeWhole(join(folderOf(dataDir), `ledger-${number}.key`), `${lines.join('\n')}\n`)
}

/** Writes a file of a data directory that only its owner can read, all or nothing. */
export function writeWhole(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
  const file = openSync(`${path}.new`, 'w', 0o600)
  writeSync(file, text)
  fsyncSync(file)
  closeSync(file)
  renameSync(`${path}.new`, path)
  // The name as well: a key that a crash takes away again must not have signed anything.
  const folder = openSync(join(path, '..'), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

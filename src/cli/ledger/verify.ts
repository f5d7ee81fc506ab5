import { readFile } from 'node:fs/promises'
import { chainHashOfDigests } from '../../journal/chain.ts'
import { type AuditFinding, type AuditOptions, type AuditReport, audit, SourceFault } from '../../ledger/audit.ts'
import { isCheckpointNote } from '../../ledger/checkpoint.ts'
import { ExportedSource } from '../../ledger/export.ts'
import { LedgerKeyFault, readLedgerKeys } from '../../ledger/keys.ts'
import { NoteFault, parseVerifier, type Verifier } from '../../ledger/note.ts'
import { readOptions, UsageFault } from '../usage.ts'
import { type OpenLedger, openLedger, originOf } from './open.ts'

export const help = `usage: npx tocsin verify ledger [--data-dir DIR | --export DIR] [--key VERIFIER]... [--checkpoint FILE]... [--json]

Goes through the whole journal and the register's log: the hash chain and form of every batch, every leaf made again, padding, tiles, the
signature and root of every checkpoint. It names the first record that is wrong. It needs no network, works beside a running Tocsin and on
one that is stopped, and takes the settings TOCSIN_DATA_DIR and DATABASE_URL.

  --export DIR       what "npx tocsin ledger export DIR" has written, in place of a database
  --key VERIFIER     whom to believe: verifier keys that you have kept, in place of those found with the log
  --checkpoint FILE  a checkpoint that you have kept from earlier: the log must continue it

Exit 0 when all is right, 1 when something was changed, 2 for wrong use, 3 for a fault of ours.`

type Verdict = AuditReport & {
  ok: boolean
  origin: string
  keysFrom: 'given' | 'data directory' | 'database' | 'export'
}
type Options = { 'data-dir'?: string; export?: string; key?: string[]; checkpoint?: string[]; json: boolean }

export async function verifyLedger(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args, {
    'data-dir': { type: 'string' },
    export: { type: 'string' },
    key: { type: 'string', multiple: true },
    checkpoint: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
  })
  if (positionals.length > 0) throw new UsageFault(`nothing is expected after the options, found ${positionals[0]}`)
  if (values.export !== undefined && values['data-dir'] !== undefined)
    throw new UsageFault('--export and --data-dir name two different things; give one of them')
  const verdict = await verify(values as Options)
  console.log(values.json ? JSON.stringify(verdict) : told(verdict))
  return verdict.ok ? 0 : 1
}

async function verify(options: Options): Promise<Verdict> {
  const given = options.key && verifiersOf(options.key)
  const kept = await Promise.all((options.checkpoint ?? []).map(path => keptAt(path)))
  try {
    return options.export === undefined
      ? await verifyDatabase(options, kept, given)
      : await verifyExport(options.export, kept, given)
  } catch (error) {
    const finding = findingOf(error)
    if (!finding) throw error
    const none = { partition: 0, batches: 0, events: 0, leaves: 0, checkpoints: 0 }
    return { ok: false, origin: '', keysFrom: given ? 'given' : 'database', ...none, finding }
  }
}

/** What was found before the journal was looked at. */
function findingOf(error: unknown): AuditFinding | undefined {
  const at = { partition: 0, position: 0 }
  if (error instanceof LedgerKeyFault || error instanceof KeyFinding)
    return { kind: 'key.malformed', ...at, detail: error.message }
  if (error instanceof UnknownKey) return { kind: 'key.unknown', ...at, detail: error.message }
  if (error instanceof SourceFault) return { kind: error.kind, ...at, detail: error.message }
  return undefined
}

class KeyFinding extends Error {
  override readonly name = 'KeyFinding'
}
class UnknownKey extends Error {
  override readonly name = 'UnknownKey'
}

async function keptAt(path: string): Promise<string> {
  const note = await readFile(path, 'utf8').catch((error: Error) => {
    throw new UsageFault(`${path} cannot be read: ${error.message}`)
  })
  if (!isCheckpointNote(note))
    throw new UsageFault(`${path} is no checkpoint: origin, size and root, a blank line, and signatures`)
  return note
}

function verifiersOf(texts: readonly string[]): Verifier[] {
  try {
    return texts.map(parseVerifier)
  } catch (error) {
    throw error instanceof NoteFault ? new UsageFault(`--key: ${error.message}`) : error
  }
}

const storedVerifiers = (texts: readonly string[]): Verifier[] => {
  try {
    return texts.map(parseVerifier)
  } catch (error) {
    throw error instanceof NoteFault ? new KeyFinding(error.message) : error
  }
}

async function verifyExport(directory: string, kept: string[], given?: Verifier[]): Promise<Verdict> {
  const source = await ExportedSource.open(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
      throw new UsageFault(`${directory} is no export of a log: ${error.message}`)
    throw error
  })
  const known = given ?? storedVerifiers(source.verifiers)
  const report = await audit(source, optionsOf({ origin: source.origin, known, kept }))
  return { ok: !report.finding, origin: source.origin, keysFrom: given ? 'given' : 'export', ...report }
}

async function verifyDatabase(options: Options, kept: string[], given?: Verifier[]): Promise<Verdict> {
  const opened = await openLedger(options['data-dir'])
  try {
    const { known, from } = given ? { known: given, from: 'given' as const } : await keysOf(opened)
    const origin = await originOf(opened)
    const witnessed = opened.witness === undefined ? kept : [...kept, opened.witness]
    const report = await audit(opened.source, optionsOf({ origin, known, kept: witnessed }))
    return { ok: !report.finding, origin, keysFrom: from, ...report }
  } finally {
    await opened.close()
  }
}

/** The keys of the data directory; those of the database must be among them. */
async function keysOf({ source, dataDir }: OpenLedger): Promise<{ known: Verifier[]; from: Verdict['keysFrom'] }> {
  const stored = storedVerifiers((await source.keys()).map(({ verifier }) => verifier))
  const own = dataDir === undefined ? [] : readLedgerKeys(dataDir).map(({ verifier }) => verifier)
  if (own.length === 0) return { known: stored, from: 'database' }
  const unknown = stored.find(({ text }) => !own.some(one => one.text === text))
  if (unknown) throw new UnknownKey(`the database names the key ${unknown.text}, which is not in the data directory`)
  return { known: own, from: 'data directory' }
}

function optionsOf(given: Pick<AuditOptions, 'origin' | 'known' | 'kept'>): AuditOptions {
  let told = performance.now()
  return {
    ...given,
    chain: chainHashOfDigests,
    progress(position) {
      if (performance.now() - told < progressMs) return
      told = performance.now()
      process.stderr.write(`batch ${position}\n`)
    },
  }
}

const progressMs = 2000

function told({ finding, batches, events, leaves, checkpoints, origin, keysFrom }: Verdict): string {
  const looked = `${batches} batches with ${events} events, ${leaves} leaves, ${checkpoints} checkpoints`
  if (!finding) return `All is right: ${looked}. Log ${origin}, keys from: ${keysFrom}.`
  const { kind, partition, position, event, message, detail } = finding
  const place = [
    `partition ${partition}`,
    `batch ${position}`,
    ...(event === undefined ? [] : [`event ${event}`]),
    ...(message === undefined ? [] : [`message ${message}`]),
  ]
  return `Changed: ${kind} at ${place.join(', ')}: ${detail}.\nBefore it, all was right: ${looked}.`
}

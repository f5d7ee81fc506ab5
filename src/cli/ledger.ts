import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { writeExport } from '../ledger/export.ts'
import { LedgerKeyFault, rotateLedgerKeys } from '../ledger/keys.ts'
import { openLedger, originOf } from './ledger/open.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

export const ledger: Command = {
  help: `usage: npx tocsin ledger export DIR [--data-dir DIR] [--json]
       npx tocsin ledger rotate [--grace-days N] [--data-dir DIR] [--json]

export writes checkpoints, tiles and the journal without keys and ciphertexts to a new directory, for "npx tocsin verify ledger --export DIR"
and for examples/ledger-verifier. rotate makes a new key that signs from the next checkpoint on; the old one signs beside it for 30 days, or
as many as --grace-days says, and is destroyed then. Tell those who verify: /ledger/keys has both. A running Tocsin need not be stopped.`,
  async run([action, ...args]) {
    const { values, positionals } = readOptions(args, {
      'data-dir': { type: 'string' },
      'grace-days': { type: 'string' },
      json: { type: 'boolean', default: false },
    })
    const tell = (value: object, text: string) => console.log(values.json ? JSON.stringify(value) : text)
    if (action === 'export' && positionals.length === 1) return exportTo(positionals[0]!, values['data-dir'], tell)
    if (action === 'rotate' && positionals.length === 0)
      return rotate(values['data-dir'], daysOf(values['grace-days']), tell)
    throw new UsageFault('say "ledger export DIR" or "ledger rotate"')
  },
}

type Tell = (value: object, text: string) => void

async function exportTo(directory: string, dataDir: string | undefined, tell: Tell): Promise<number> {
  if (existsSync(directory) && readdirSync(directory).length > 0)
    throw new UsageFault(`${directory} is not empty; an export has a directory of its own`)
  const opened = await openLedger(dataDir)
  try {
    const origin = await originOf(opened)
    const done = await writeExport(opened.source, directory, { origin })
    tell(
      { directory: resolve(directory), ...done },
      `${done.batches} batches, ${done.leaves} leaves, ${done.checkpoints} checkpoints.`,
    )
    return 0
  } finally {
    await opened.close()
  }
}

const dayMs = 24 * 3_600_000
const graceDaysMax = 3650

function daysOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,4}$/.test(text) && Number(text) <= graceDaysMax) return Number(text)
  throw new UsageFault(`--grace-days is a whole number up to ${graceDaysMax}`)
}

async function rotate(given: string | undefined, days: number | undefined, tell: Tell): Promise<number> {
  const dataDir = resolve(given || process.env.TOCSIN_DATA_DIR || '.tocsin')
  try {
    const keys = rotateLedgerKeys(dataDir, { now: Date.now(), ...(days !== undefined && { grace: days * dayMs }) })
    const newest = keys.at(-1)!.verifier.text
    tell({ verifier: newest }, `The new verifier key: ${newest}`)
    return 0
  } catch (error) {
    if (!(error instanceof LedgerKeyFault)) throw error
    throw new UsageFault(error.message)
  }
}

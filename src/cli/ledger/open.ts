import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { reachRunning, StartupFault, startEmbedded } from '../../journal/postgres/embedded.ts'
import { DatabaseSource } from '../../ledger/database-source.ts'
import { readLedgerKeys } from '../../ledger/keys.ts'
import { UsageFault } from '../usage.ts'

// Where commands find journal and log: a server of one's own, the embedded one of a running Tocsin, or of one that is not running.

/** The one partition of a machine. */
const partitionNumber = 0

export type OpenLedger = {
  source: DatabaseSource
  /** Where the keys are; `undefined` when there is no such directory here. */
  dataDir: string | undefined
  /** The checkpoint that was signed last, as it lies beside the keys. */
  witness: string | undefined
  close(): Promise<void>
}

/** Throws `UsageFault` when there is nothing to look at. */
export async function openLedger(given?: string): Promise<OpenLedger> {
  const dataDir = resolve(given || process.env.TOCSIN_DATA_DIR || '.tocsin')
  const server = await reach(dataDir)
  const client = new pg.Client(server.config)
  client.on('error', () => {}) // Its query reports the same loss.
  try {
    await client.connect()
    await checkTables(client)
    const witnessPath = join(dataDir, 'keys', `ledger-${partitionNumber}.checkpoint`)
    return {
      source: await DatabaseSource.open(client, partitionNumber),
      dataDir: existsSync(join(dataDir, 'keys')) ? dataDir : undefined,
      witness: existsSync(witnessPath) ? await readFile(witnessPath, 'utf8') : undefined,
      async close() {
        await client.end()
        await server.close()
      },
    }
  } catch (error) {
    await client.end().catch(() => {}) // Was never made, or is lost already.
    await server.close()
    throw error
  }
}

async function reach(dataDir: string): Promise<{ config: pg.ClientConfig; close(): Promise<void> }> {
  const { DATABASE_URL: url } = process.env
  if (url) return { config: { connectionString: url }, close: async () => {} }
  if (!existsSync(join(dataDir, 'postgres')))
    throw new UsageFault(`there is no database of Tocsin in ${dataDir}; name its data directory with --data-dir`)
  try {
    const server = await startEmbedded({ dataDir, log: { info: () => {}, warn: () => {}, error: () => {} } })
    return { config: server.config, close: () => server.stop() }
  } catch (error) {
    if (!(error instanceof StartupFault)) throw error
    if (error.code === 'data-dir-in-use') return reachRunning(dataDir)
    throw new UsageFault(error.message)
  }
}

async function checkTables(client: pg.Client): Promise<void> {
  const { rows } = await client.query(`select to_regclass('ledger_cursor') is not null as there`)
  if (!rows[0].there)
    throw new UsageFault('this database was last used by an earlier release; run "npx tocsin up" once')
}

/** The name of the log: that of its keys, the newest first. */
export async function originOf({ source, dataDir }: OpenLedger): Promise<string> {
  const stored = (await source.keys()).at(-1)?.verifier
  const own = dataDir === undefined ? undefined : readLedgerKeys(dataDir).at(-1)?.verifier.name
  return own ?? stored?.split('+')[0] ?? ''
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import pg from 'pg'
import { PostgresJournal } from './journal/postgres/journal.ts'
import { followLedger } from './ledger/follow.ts'
import { readLedgerKeys, retireLedgerKeys, writeWhole } from './ledger/keys.ts'
import { LedgerStore } from './ledger/store.ts'
import type { FollowReport, FollowRequest } from './views/follow-apart.ts'

// The thread that makes the register's log: it follows the journal over connections of its own. When it dies, the other side starts another,
// which goes on at the cursor.

export type LedgerWork = { database: pg.ClientConfig; partition: number; dataDir: string }

const { database, partition, dataDir } = workerData as LedgerWork
const port = parentPort!
const tell = (report: FollowReport) => port.postMessage(report)
const failed = (error: unknown) => tell({ failed: error instanceof Error ? error.message : String(error) })

// One stretch is read, then written: it needs no more than one connection for each.
const journal = new PostgresJournal(database, { onLost: failed, readConnectionsMax: 1 })
const pool = new pg.Pool({ ...database, max: 1 })
pool.on('error', failed)

const witnessPath = join(dataDir, 'keys', `ledger-${partition}.checkpoint`)

function witnessed(): string | undefined {
  try {
    return readFileSync(witnessPath, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const following = await followLedger({
  store: new LedgerStore(pool, partition),
  journal,
  // Read again at each seal: a rotation is a matter of files, and needs no restart.
  keys: now => retireLedgerKeys(dataDir, readLedgerKeys(dataDir), now),
  witness: { load: witnessed, save: note => writeWhole(witnessPath, note) },
  now: Date.now,
  failed,
  moved: ({ position }) => tell({ position }),
})
tell({ position: following.cursor().position })

port.on('message', (request: FollowRequest) => {
  if (request === 'wake') following.wake()
  else void end()
})

async function end(): Promise<void> {
  await following.stop()
  await Promise.all([journal.close(), pool.end()])
  port.close()
}

import { parentPort, workerData } from 'node:worker_threads'
import pg from 'pg'
import { PostgresJournal } from './journal/postgres/journal.ts'
import { codeNumber } from './std/message-code.ts'
import { siphash } from './std/siphash.ts'
import { follow, followDefaults } from './views/follow.ts'
import type { FollowReport, FollowRequest } from './views/follow-apart.ts'

// The thread that writes the register: it follows the journal over connections of its own and says how far it is. When it dies, the other
// side starts another, which goes on at the cursor.

export type RegisterWork = { database: pg.ClientConfig; partition: number; codeKey: Uint32Array }

const { database, partition, codeKey } = workerData as RegisterWork
const port = parentPort!
const tell = (report: FollowReport) => port.postMessage(report)
const failed = (error: unknown) => tell({ failed: error instanceof Error ? error.message : String(error) })

// One stretch is read, then written: it needs no more than one connection for each.
const journal = new PostgresJournal(database, { onLost: failed, readConnectionsMax: 1 })
const pool = new pg.Pool({ ...database, max: 1 })
pool.on('error', failed)

const codeOf = (id: string) => codeNumber(siphash(codeKey, Buffer.from(id)))
const moved = (position: number) => tell({ position })
const following = await follow(pool, journal, partition, { ...followDefaults, failed, moved, codeOf })
moved(following.position())

port.on('message', (request: FollowRequest) => {
  if (request === 'wake') following.wake()
  else void end()
})

async function end(): Promise<void> {
  await following.stop()
  await Promise.all([journal.close(), pool.end()])
  port.close()
}

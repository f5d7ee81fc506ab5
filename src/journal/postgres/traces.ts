import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'

// What an erasure leaves behind in PostgreSQL's files, and its removal. An update leaves the old row in its page until that is written over, which
// a plain vacuum does not do; and the log files have both, those that were renamed to be used again included.

/** The tables that hold wrapped keys, and what is sealed under keys of campaigns. */
const tables = ['subject_keys', 'campaign_recipient']

/** Rather try again than let appends wait behind a lock that is itself waiting. */
const lockMsMax = 2000
const lockTriesMax = 30
const roundsMax = 5
const switchesMax = 4096

const currentFile = 'select pg_walfile_name(pg_current_wal_insert_lsn()) as name'
const lastFile = `select max(name) as name from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'`
/** Something to log, so that the switch that follows is one. */
const touch = 'select pg_current_xact_id()'
const switchFile = 'select pg_switch_wal()'

/**
 * Writes the tables with keys anew, which blocks appends while they are copied. Of an embedded server, whose `ownServer` is true, the log files
 * that there are now are then used up and removed, those laid by for use again included; of another server a checkpoint is asked for, and its
 * log is its owner's. Throws what the database does.
 */
export async function removeTraces(config: pg.ClientConfig, { ownServer }: { ownServer: boolean }): Promise<void> {
  const client = new pg.Client(config)
  client.on('error', () => {}) // Its query reports the same loss.
  await client.connect()
  try {
    await client.query(`set lock_timeout = ${lockMsMax}`)
    for (const table of tables) await rewrite(client, table)
    if (ownServer) await dropLogFiles(client)
    else await client.query('checkpoint').catch(mayNot)
  } finally {
    await client.end()
  }
}

async function rewrite(client: pg.Client, table: string): Promise<void> {
  for (let tries = 1; ; tries++)
    try {
      await client.query(`vacuum full ${table}`)
      return
    } catch (error) {
      if ((error as { code?: string }).code !== lockNotAvailable || tries === lockTriesMax) throw error
    }
}

const lockNotAvailable = '55P03'
const insufficientPrivilege = '42501'

/** A role that may not ask for a checkpoint waits for the next one. */
function mayNot(error: { code?: string }): void {
  if (error.code !== insufficientPrivilege) throw error
}

async function dropLogFiles(client: pg.Client): Promise<void> {
  await client.query('alter system set wal_recycle = off')
  await client.query('select pg_reload_conf()')
  try {
    for (let round = 1; round <= roundsMax; round++) {
      const last = await nameOf(client, lastFile)
      for (let i = 0; (await nameOf(client, currentFile)) <= last; i++) {
        if (i === switchesMax) throw new Error(`the log of the database has more than ${switchesMax} files`)
        await client.query(touch)
        await client.query(switchFile)
      }
      await client.query('checkpoint')
      // Files beyond the one in use were laid by: the checkpoint had not heard of the setting yet, or one was made ahead.
      if ((await nameOf(client, lastFile)) <= (await nameOf(client, currentFile))) return
    }
  } finally {
    await client.query('alter system reset wal_recycle')
    await client.query('select pg_reload_conf()')
  }
}

const nameOf = async (client: pg.Client, statement: string): Promise<string> =>
  (await client.query<{ name: string }>(statement)).rows[0]!.name

/**
 * Removes traces one time after the other, and once for all who ask meanwhile. That it is due is written down before anything is erased, so that a
 * crash in between leaves it to the next start.
 */
export class Traces {
  readonly #remove: () => Promise<void>
  readonly #marker: string
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(dataDir: string, remove: () => Promise<void>) {
    this.#remove = remove
    this.#marker = join(dataDir, 'erasing')
  }

  get isDue(): boolean {
    return existsSync(this.#marker)
  }

  /** Before keys are erased. */
  async expect(): Promise<void> {
    await writeFile(this.#marker, '', { mode: 0o600, flush: true })
  }

  /** Resolves when what was erased before the call is gone. */
  remove(): Promise<void> {
    this.#next ??= (this.#running ?? Promise.resolve()).catch(() => {}).then(() => this.#begin())
    return this.#next
  }

  #begin(): Promise<void> {
    this.#next = undefined
    const running = this.#once()
    this.#running = running
    return running
  }

  async #once(): Promise<void> {
    await this.#remove()
    // Whoever has asked meanwhile waits for the next run; until that is done more is due.
    if (!this.#next) await rm(this.#marker, { force: true })
  }
}

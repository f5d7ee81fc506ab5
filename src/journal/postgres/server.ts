import pg from 'pg'
import { StartupFault } from '../startup-fault.ts'

const connectMsMax = 10_000
const majorMin = 16

const describeServer = `
  select current_setting('server_version') as version, current_setting('server_version_num')::integer / 10000 as major,
    pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as read_only`

/**
 * Look at the server that DATABASE_URL names. Throws `StartupFault`: `database-unreachable`, `postgres-wrong-version` (older than 16) or
 * `database-read-only`. The password is in no message.
 */
export async function checkServer(url: string): Promise<{ version: string }> {
  const client = clientFor(url)
  client.on('error', () => {}) // Its query reports the same loss.
  try {
    await client.connect()
    const { rows } = await client.query<{ version: string; major: number; read_only: boolean }>(describeServer)
    return accepted(rows[0]!)
  } catch (error) {
    if (error instanceof StartupFault) throw error
    const where = `database ${client.database} on ${client.host}:${client.port} as ${client.user}`
    throw unreachable(`${where}: ${error instanceof Error ? error.message || error.name : 'no reason given'}`)
  } finally {
    client.end().catch(() => {}) // Was never made.
  }
}

function clientFor(url: string): pg.Client {
  try {
    return new pg.Client({ connectionString: url, connectionTimeoutMillis: connectMsMax })
  } catch {
    // The reason would quote the address, and with it the password.
    throw unreachable('the address cannot be read')
  }
}

function accepted(server: { version: string; major: number; read_only: boolean }): { version: string } {
  if (server.major < majorMin) {
    throw new StartupFault(
      'postgres-wrong-version',
      `The server of DATABASE_URL is PostgreSQL ${server.version}; Tocsin needs ${majorMin} or newer. ` +
        'Upgrade it, or unset DATABASE_URL to use the embedded PostgreSQL.',
    )
  }
  if (server.read_only) {
    throw new StartupFault(
      'database-read-only',
      'The server of DATABASE_URL takes no writes: it is a standby, or default_transaction_read_only is on. Name the primary.',
    )
  }
  return { version: server.version }
}

const unreachable = (found: string): StartupFault =>
  new StartupFault(
    'database-unreachable',
    `The server of DATABASE_URL cannot be used: ${found}. The form is postgres://user:password@host:port/database. ` +
      'Start the server or correct DATABASE_URL, or unset it to use the embedded PostgreSQL.',
  )

import pg from 'pg'
import { StartupFault } from '../startup-fault.ts'

const claimInstallation = `
  insert into installation (key_check) values ($1) on conflict (singleton) do update set key_check = installation.key_check
  returning key_check`

/**
 * Sees that the master key of the data directory is the one that this database was begun with; the first start writes it down. `check` tells
 * keys apart and nothing about them. Throws `StartupFault` `master-key-wrong`.
 */
export async function checkInstallation(
  config: pg.ClientConfig,
  check: string,
  { keyFile }: { keyFile: string },
): Promise<void> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    const { rows } = await client.query<{ key_check: string }>(claimInstallation, [check])
    if (rows[0]!.key_check === check) return
  } finally {
    await client.end()
  }
  throw new StartupFault(
    'master-key-wrong',
    `${keyFile} is not the key that this database was begun with, or was lost and made anew. Without the old one nothing that is sealed in ` +
      'the journal can be read or sent. Put the old file back; or, to begin anew, use another data directory or database.',
  )
}

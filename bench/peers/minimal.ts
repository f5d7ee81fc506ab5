// smtp-server and nodemailer's pool, nothing durable: what the libraries cost before anything is decided or kept.
import { join } from 'node:path'
import type { RelayContestant } from '../contestant.ts'
import { installPeers } from '../install.ts'
import { freePort, start, stop, until } from '../processes.ts'
import { answers } from '../wire.ts'

const startSecondsMax = 20

export const minimal: RelayContestant = {
  name: 'minimal',
  about: 'smtp-server + nodemailer pool of 16, mails in memory only, nothing decided',
  absence: installPeers,
  start: async ({ sinkPort }) => {
    const smtpPort = await freePort()
    const relay = start(process.execPath, [join(import.meta.dirname, 'minimal-relay.ts'), `${smtpPort}`, `${sinkPort}`])
    await until('the minimal relay', () => answers(smtpPort), startSecondsMax, relay)
    return { smtpPort, roots: () => [relay.pid], stop: () => stop(relay) }
  },
}

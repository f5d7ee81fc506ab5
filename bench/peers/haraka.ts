// Haraka 3: by its outbound queue, which is durable and the peer that counts, and by smtp_forward, which answers after the next hop.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RelayContestant, Surroundings } from '../contestant.ts'
import { benchFolder, installPeers } from '../install.ts'
import { freePort, start, stop, until } from '../processes.ts'
import { answers } from '../wire.ts'

const startSecondsMax = 30
const home = join(benchFolder, 'node_modules', 'Haraka')

interface Setup {
  /** Worker processes; 0 is a single process without a cluster. */
  processes: number
  plugins: string[]
  files: (sinkPort: number) => Record<string, string>
}

function configure(directory: string, setup: Setup, ports: { smtpPort: number; sinkPort: number }) {
  const files: Record<string, string> = {
    'config/me': 'relay.example.test\n',
    'config/host_list': 'relay.example.test\n',
    'config/loglevel': 'ERROR\n',
    'config/internalcmd_key': 'bench\n',
    'config/plugins': `bench_relay\n${setup.plugins.join('\n')}\n`,
    'config/smtp.ini': `listen=127.0.0.1:${ports.smtpPort}\nnodes=${setup.processes}\n`,
    'plugins/bench_relay.js': relayPlugin(ports.sinkPort),
    ...setup.files(ports.sinkPort),
  }
  for (const folder of ['config', 'plugins', 'queue']) mkdirSync(join(directory, folder))
  copyFileSync(join(home, 'config/connection.ini'), join(directory, 'config/connection.ini'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
}

/**
 * Everybody on the loopback may relay, and every domain is delivered to the sink. Haraka leaves Nagle's algorithm on and writes a mail's
 * last dot by itself, which waits for the sink's delayed acknowledgement: 40 ms a mail. Off, for its better result (45 ms became 4 to 7).
 */
function relayPlugin(sinkPort: number) {
  return `const { Socket } = require('node:net')
const connect = Socket.prototype.connect
Socket.prototype.connect = function (...args) {
  return connect.apply(this, args).setNoDelay(true)
}
exports.hook_connect = (next, connection) => {
  connection.relaying = true
  next()
}
exports.hook_get_mx = (next, hmail, domain) => next(OK, { exchange: '127.0.0.1', port: ${sinkPort}, priority: 0 })
`
}

async function startHaraka(setup: Setup, { directory, sinkPort }: Surroundings) {
  const smtpPort = await freePort()
  configure(directory, setup, { smtpPort, sinkPort })
  const haraka = start(process.execPath, [join(home, 'bin', 'haraka'), '-c', directory])
  await until('Haraka', () => answers(smtpPort), startSecondsMax, haraka)
  return { smtpPort, roots: () => [haraka.pid], stop: () => stop(haraka) }
}

/** One process and two did equally well on two noisy cores (565 and 531 mails/s), so both take part: the better one counts. */
const queue: Setup = {
  processes: 0,
  plugins: [],
  files: () => ({ 'config/outbound.ini': 'enable_tls=false\nlocal_mx_ok=true\n' }),
}

const queueOfTwo: Setup = { ...queue, processes: 2 }

const forward: Setup = {
  processes: 2,
  plugins: ['queue/smtp_forward'],
  files: sinkPort => ({
    'config/smtp_forward.ini': `host=127.0.0.1\nport=${sinkPort}\nenable_outbound=true\nenable_tls=false\nmax_connections=64\n`,
  }),
}

export const haraka: RelayContestant = {
  name: 'haraka',
  about: 'Haraka, outbound queue on disk, fsync before 250, 1 process',
  absence: installPeers,
  start: at => startHaraka(queue, at),
}

export const harakaOfTwo: RelayContestant = {
  name: 'harakaOfTwo',
  about: 'Haraka, outbound queue on disk, fsync before 250, 2 processes',
  absence: installPeers,
  start: at => startHaraka(queueOfTwo, at),
}

export const harakaForward: RelayContestant = {
  name: 'harakaForward',
  about: 'Haraka, smtp_forward: nothing kept, 250 after the next hop has taken it, 2 processes',
  absence: installPeers,
  start: at => startHaraka(forward, at),
}

export function harakaVersion(): string | undefined {
  const manifest = join(home, 'package.json')
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : undefined
}

// Postfix as a relay, in directories of its own on ports of its own. The system's Postfix is neither started nor changed: master(8) is
// run directly on our configuration, because `postfix start` would first check and mend files that all instances share.
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RelayContestant } from '../contestant.ts'
import { postfixTools } from '../load.ts'
import { freePort, run, start, stop, until } from '../processes.ts'
import { answers } from '../wire.ts'

const startSecondsMax = 20

function mainConfiguration(directory: string, sinkPort: number) {
  return `compatibility_level = 3.6
queue_directory = ${directory}/queue
data_directory = ${directory}/data
mail_owner = postfix
setgid_group = postdrop
syslog_name = tocsin-bench
myhostname = relay.example.test
mydestination =
local_recipient_maps =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
smtpd_tls_security_level = none
relayhost = [127.0.0.1]:${sinkPort}
${tuning}`
}

/**
 * What gave its better result here: 586 mails/s [567..735] against 543 [511..662] with the default of one second. Process limits of 20 and
 * 200 and destination limits of 10, 50 and 64 gave no more than their defaults, which stay, fsync included.
 */
const tuning = 'in_flow_delay = 0\n'

function services(port: number) {
  return `127.0.0.1:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
`
}

const id = async (...args: string[]) => Number(await run('id', args))
const groupId = async (name: string) => Number((await run('getent', ['group', name])).split(':')[2])

/** The spool as Postfix's own installer lays it out: who owns what is checked by its daemons. */
async function makeSpool(directory: string) {
  const owner = await id('-u', 'postfix')
  const ownerGroup = await id('-g', 'postfix')
  const dropGroup = await groupId('postdrop')
  const make = (path: string, uid: number, gid: number, mode: number) => {
    mkdirSync(join(directory, path))
    chownSync(join(directory, path), uid, gid)
    chmodSync(join(directory, path), mode)
  }
  make('config', 0, 0, 0o755)
  make('data', owner, ownerGroup, 0o700)
  make('queue', 0, 0, 0o755)
  make('queue/pid', 0, 0, 0o755)
  make('queue/public', owner, dropGroup, 0o710)
  make('queue/maildrop', owner, dropGroup, 0o1730)
  const own = 'active bounce corrupt defer deferred flush hold incoming private saved trace'.split(' ')
  for (const name of own) make(`queue/${name}`, owner, ownerGroup, 0o700)
}

export const postfix: RelayContestant = {
  name: 'postfix',
  about: 'Postfix as a relay, queue on disk, fsync before 250',
  absence: async () => {
    if (process.getuid?.() !== 0) return 'Postfix runs only as root'
    return postfixTools()
  },
  start: async ({ directory, sinkPort }) => {
    const smtpPort = await freePort()
    await makeSpool(directory)
    writeFileSync(join(directory, 'config/main.cf'), mainConfiguration(directory, sinkPort))
    writeFileSync(join(directory, 'config/master.cf'), services(smtpPort))
    const daemons = await run('postconf', ['-d', '-h', 'daemon_directory'])
    const master = start(join(daemons, 'master'), ['-c', join(directory, 'config'), '-s'])
    await until('Postfix', () => answers(smtpPort), startSecondsMax, master)
    return { smtpPort, roots: () => [master.pid], stop: () => stop(master) }
  },
}

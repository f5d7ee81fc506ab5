import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { promises as dns } from 'node:dns'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Zone } from '../src/domains/test-zone.ts'

/** A real DNS server that has one zone and asks nobody else. */
export type Dnsmasq = {
  server: string /** Ends it and starts it again with another zone, at the same port. */
  serve(zone: Zone): Promise<void>
  stop(): Promise<void>
}

const program = ['/usr/sbin/dnsmasq', '/usr/bin/dnsmasq'].find(path => spawnSync(path, ['--version']).status === 0)

/** Why tests with it are skipped, or nothing. */
export const dnsmasqMissing = program ? undefined : 'dnsmasq is not installed'

const startMsMax = 10_000

export async function startDnsmasq(zone: Zone): Promise<Dnsmasq> {
  const port = await freePort()
  const server = `127.0.0.1:${port}`
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-dns-'))
  // In a file texts may be quoted, and have commas in them.
  const file = join(folder, 'zone.conf')
  let child: ChildProcess | undefined
  const end = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise(resolve => child!.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  const serve = async (next: Zone) => {
    await end()
    writeFileSync(file, [...fixed, ...Object.entries(next).flatMap(linesOf), ''].join('\n'))
    child = spawn(program!, ['--keep-in-foreground', `--conf-file=${file}`, `--port=${port}`, '--pid-file'])
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', piece => {
        said += piece
      })
    await answering(server, () => (child!.exitCode === null ? undefined : said))
  }
  const stop = async () => {
    await end()
    rmSync(folder, { recursive: true, force: true })
  }
  await serve(zone)
  return { server, serve, stop }
}

const fixed = [
  'no-resolv',
  'no-hosts',
  'no-poll',
  'user=',
  'listen-address=127.0.0.1',
  'bind-interfaces',
  // Everything that is not in the zone is not there; the root is.
  'address=/#/',
  `dns-rr=.,2,${hexName('ns.test')}`,
  'txt-record=ready.test,"yes"',
]

/** What a name has, as lines of a configuration of dnsmasq. */
function linesOf([name, { txt, mx, a, aaaa, ns, cname, ptr }]: [string, Zone[string]]): string[] {
  const list = (records: unknown): unknown[] => (Array.isArray(records) ? records : [])
  const addresses = [...list(a), ...list(aaaa)]
  return [
    ...list(txt).map(text => `txt-record=${name},${strings(text)}`),
    ...list(mx).map(record => `mx-host=${name},${(record as string[])[1]},${(record as string[])[0]}`),
    ...(addresses.length > 0 ? [`host-record=${name},${addresses.join(',')}`] : []),
    ...list(ns).map(server => `dns-rr=${name},2,${hexName(String(server))}`),
    ...list(cname).map(target => `cname=${name},${target}`),
    ...list(ptr).map(target => `ptr-record=${name},${target}`),
  ]
}

const strings = (text: unknown): string =>
  (Array.isArray(text) ? text : (String(text).match(/[\s\S]{1,255}/g) ?? [''])).map(part => `"${part}"`).join(',')

function hexName(name: string): string {
  const labels = name.split('.').map(label => String.fromCharCode(label.length) + label)
  return Buffer.from(`${labels.join('')}\0`, 'latin1').toString('hex')
}

async function answering(server: string, failed: () => string | undefined): Promise<void> {
  const resolver = new dns.Resolver({ timeout: 100, tries: 1 })
  resolver.setServers([server])
  const until = performance.now() + startMsMax
  for (;;) {
    const why = failed()
    if (why !== undefined) throw new Error(`dnsmasq has ended: ${why}`)
    const ready = await resolver.resolveTxt('ready.test').catch(() => undefined)
    if (ready) return
    if (performance.now() > until) throw new Error('dnsmasq does not answer')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  await new Promise<void>(resolve => socket.close(resolve))
  return port
}

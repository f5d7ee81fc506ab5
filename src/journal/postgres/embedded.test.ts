import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { execute, freshDirectory, quiet } from '../../../test/postgres.ts'
import { genesisHash } from '../chain.ts'
import { type EmbeddedServer, startEmbedded } from './embedded.ts'
import { PostgresJournal } from './journal.ts'
import { migrate } from './migrate.ts'

const isRoot = process.getuid?.() === 0
const nobody = { uid: 65534, gid: 65534 }
const module = new URL('./embedded.ts', import.meta.url)
const batch = { at: 1, events: Buffer.from('[1]'), sealed: Buffer.alloc(0), keys: Buffer.alloc(0) }
const first = { expected: 0, hash: genesisHash() }

let dataDir: string
const running: EmbeddedServer[] = []

/** Faster, and the same under kill -9: the kernel keeps what was written. Only a power cut would tell the difference. */
const quick = { fsync: 'off', shared_buffers: '32MB', wal_buffers: '1MB' }

async function start(options: { settings?: Record<string, string>; dataDir?: string } = {}): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDir, log: quiet, ...options, settings: { ...quick, ...options.settings } })
  running.push(server)
  return server
}

const faultOf = (starting: Promise<unknown>) =>
  starting.then(
    () => undefined,
    error => error,
  )

beforeEach(() => {
  dataDir = join(freshDirectory(), 'data')
})
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
})

describe('embedded PostgreSQL', () => {
  it('is durable, and open to nobody else: no TCP, a closed directory, a password of its own', async () => {
    const server = await startEmbedded({ dataDir, log: quiet })
    running.push(server)
    const setting = async (name: string) => (await execute(server.config, `show ${name}`)).rows[0][name]
    const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses']
    expect(await Promise.all(names.map(setting))).toEqual(['on', 'on', 'on', ''])
    expect(server.version).toMatch(/^18\./)
    const mode = (name: string) => (lstatSync(join(dataDir, name)).mode & 0o777).toString(8)
    expect([mode('postgres'), mode('postgres.password'), mode('postgres.log')]).toEqual(['700', '600', '600'])
    expect(statSync(dataDir).mode & 0o022).toBe(0)
    await expect(execute({ ...server.config, password: 'wrong' }, 'select')).rejects.toMatchObject({ code: '28P01' })
  })

  it('keeps what it was given over a stop and a start, with its password', async () => {
    const one = await start()
    await execute(one.config, 'create table kept ()')
    await one.stop()
    expect(existsSync(join(dataDir, 'tocsin.lock'))).toBe(false)
    const two = await start()
    expect(two.config).toEqual(one.config)
    await execute(two.config, 'select from kept')
  })

  it('comes back by itself when it is killed; the journal says unavailable meanwhile and has lost nothing', async () => {
    const server = await start()
    await migrate(server.config)
    const journal = new PostgresJournal(server.config)
    const claim = await journal.claim(0)
    const appended = await journal.append(claim, first, batch)
    process.kill(server.pid!, 'SIGKILL')
    const head = await untilAvailable(() => journal.head(0))
    expect(head).toEqual({ position: 1, epoch: 1 })
    if (appended.status !== 'appended') throw new Error('the first append goes through')
    const next = { expected: 1, hash: appended.hash }
    expect(await untilAvailable(() => journal.append(claim, next, batch))).toMatchObject({ status: 'appended' })
    await journal.close()
  })

  it('starts over an orphan that outlived its killed Tocsin, and over a Ctrl-C that was not meant for it', async () => {
    const child = await startInChild(dataDir)
    const orphan = child.postgres
    process.kill(-child.process.pid!, 'SIGINT') // To the whole process group, as a terminal does.
    await once(child.process, 'exit')
    expect(isRunning(orphan)).toBe(true)
    const server = await start()
    expect(server.pid).not.toBe(orphan)
    expect(isRunning(orphan)).toBe(false)
    await execute(server.config, 'select from kept')
  })

  it('starts after everything was killed, although another process has the old process id now', async () => {
    const child = await startInChild(dataDir)
    child.process.kill('SIGKILL')
    process.kill(child.postgres, 'SIGKILL')
    await once(child.process, 'exit')
    for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
      const path = join(dataDir, 'postgres', name)
      const lines = readFileSync(path, 'utf8').split('\n')
      writeFileSync(path, [String(process.ppid), ...lines.slice(1)].join('\n'))
    }
    expect(lstatSync(join(dataDir, 'postgres', '.s.PGSQL.5432')).isSocket()).toBe(true)
    const server = await start()
    await execute(server.config, 'select from kept')
  })

  it('makes the cluster anew when that was cut short', async () => {
    mkdirSync(join(dataDir, 'postgres.unfinished', 'data', 'base'), { recursive: true })
    writeFileSync(join(dataDir, 'postgres.unfinished', 'data', 'PG_VERSION'), '18\n')
    writeFileSync(join(dataDir, 'postgres.password'), 'of a cluster that never was')
    const server = await start()
    await execute(server.config, 'select')
    expect(existsSync(join(dataDir, 'postgres.unfinished'))).toBe(false)
  })

  it('takes a path longer than a socket may have', async () => {
    const server = await start({ dataDir: join(dataDir, 'a'.repeat(100), 'b'.repeat(100)) })
    await execute(server.config, 'select')
    expect(server.config.host!.length).toBeLessThan(90)
    await server.stop()
    expect(existsSync(dirname(server.config.host!))).toBe(false)
    running.length = 0
  })

  it.skipIf(!isRoot)('as root runs as another user, also below a directory that is closed to that user', async () => {
    const closed = join(dataDir, 'closed')
    mkdirSync(closed, { recursive: true })
    chmodSync(closed, 0o700)
    const server = await start({ dataDir: join(closed, 'data') })
    expect(statSync(`/proc/${server.pid}`).uid).toBe(nobody.uid)
    const script = `require('net').connect('${server.config.host}/.s.PGSQL.5432').on('error', e => { console.log(e.code) })`
    const outside = spawnSync('/proc/self/exe', ['-e', script], {
      ...nobody,
      argv0: process.execPath,
      encoding: 'utf8',
    })
    expect(outside.error ?? outside.stdout.trim()).toBe('EACCES')
  })

  it.skipIf(!isRoot || !isOpen(module.pathname))('runs as an ordinary user', async () => {
    mkdirSync(dataDir)
    chmodSync(dirname(dataDir), 0o755)
    chownSync(dataDir, nobody.uid, nobody.gid)
    const child = await startInChild(dataDir, nobody)
    expect(statSync(`/proc/${child.postgres}`).uid).toBe(nobody.uid)
    child.process.kill('SIGTERM')
    expect(await once(child.process, 'exit')).toEqual([0, null])
    expect(isRunning(child.postgres)).toBe(false)
    // And root, later, on the same directory.
    await execute((await start()).config, 'select from kept')
  })
})

describe('embedded PostgreSQL that cannot start says', () => {
  it('data-dir-in-use', async () => {
    await start()
    const fault = await faultOf(start())
    expect(fault).toMatchObject({ name: 'StartupFault', code: 'data-dir-in-use' })
  })

  it('data-dir-not-writable, for a path through a file', async () => {
    writeFileSync(dataDir, '')
    for (const path of [dataDir, join(dataDir, 'below')]) {
      const fault = await faultOf(start({ dataDir: path }))
      expect(fault).toMatchObject({ code: 'data-dir-not-writable' })
      expect(fault.message).toContain(path)
    }
  })

  it.skipIf(!isRoot || !isOpen(module.pathname))('data-dir-not-writable, for a directory of another user', async () => {
    chmodSync(dirname(dataDir), 0o755)
    mkdirSync(dataDir)
    const child = await startInChild(dataDir, nobody).catch(error => error.message)
    expect(child).toContain('data-dir-not-writable')
    expect(child).toContain('user id 65534')
  })

  it('postgres-wrong-version', async () => {
    await (await start()).stop()
    running.length = 0
    writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '15\n')
    const fault = await faultOf(start())
    expect(fault).toMatchObject({ code: 'postgres-wrong-version' })
    expect(fault.message).toContain('PostgreSQL 15')
    expect(existsSync(join(dataDir, 'tocsin.lock'))).toBe(false)
  })

  it('postgres-not-startable, with the last lines of its log', async () => {
    await (await start()).stop()
    running.length = 0
    truncateSync(join(dataDir, 'postgres', 'global', 'pg_control'), 0)
    const fault = await faultOf(start())
    expect(fault).toMatchObject({ code: 'postgres-not-startable' })
    expect(fault.message).toContain('global/pg_control')
    const wrong = await faultOf(start({ dataDir: join(dataDir, 'other'), settings: { shared_buffers: 'lots' } }))
    expect(wrong.message).toContain('shared_buffers')
  })

  it('postgres-binaries-missing', async () => {
    const platform = Object.getOwnPropertyDescriptor(process, 'arch')!
    Object.defineProperty(process, 'arch', { ...platform, value: 'abacus' })
    const fault = await faultOf(start()).finally(() => Object.defineProperty(process, 'arch', platform))
    expect(fault).toMatchObject({ code: 'postgres-binaries-missing' })
  })

  const unmountable = isRoot ? mountFault() : 'needs root'
  describe.skipIf(unmountable)(`disk-full (${unmountable ?? 'on a small file system'})`, () => {
    afterEach(() => {
      execFileSync('umount', [dataDir])
    })

    it('before anything is made', async () => {
      mountSmall(dataDir, '20m')
      const fault = await faultOf(start())
      expect(fault).toMatchObject({ code: 'disk-full' })
      expect(fault.message).toContain('needs 256 MB')
    })

    it('before it starts again; and starts when there is room', async () => {
      mountSmall(dataDir, '300m')
      await (await start()).stop()
      running.length = 0
      fill(join(dataDir, 'filler'))
      expect(await faultOf(start())).toMatchObject({ code: 'disk-full' })
      rmSync(join(dataDir, 'filler'))
      await (await start()).stop()
      running.length = 0
    })

    it('while it runs: the journal is unavailable, keeps what it had, and goes on when there is room', async () => {
      mountSmall(dataDir, '300m')
      const server = await start({ settings: { min_wal_size: '32MB' } })
      await migrate(server.config)
      const journal = new PostgresJournal(server.config)
      let claim = await journal.claim(0)
      fill(join(dataDir, 'filler'))
      const large = { ...batch, sealed: Buffer.alloc(8 * 1024 * 1024) }
      let [expected, hash] = [claim.head, claim.headHash]
      const append = async () => {
        const appended = await journal.append(claim, { expected, hash }, large)
        if (appended.status === 'conflict') throw new Error('conflict')
        expected += 1
        hash = appended.hash
      }
      const fault = await faultOf(
        (async () => {
          for (;;) await append()
        })(),
      )
      expect(fault).toMatchObject({ name: 'JournalUnavailable' })
      rmSync(join(dataDir, 'filler'))
      claim = await untilAvailable(() => journal.claim(0))
      expect([expected, expected + 1]).toContain(claim.head)
      ;[expected, hash] = [claim.head, claim.headHash]
      await append()
      await journal.close()
      await server.stop()
      running.length = 0
    })
  })
})

/** A Tocsin of its own, which keeps the server up until it is told to stop. */
async function startInChild(
  dir: string,
  user: { uid?: number; gid?: number } = {},
): Promise<{ process: ChildProcess; postgres: number }> {
  const script = `
    import { startEmbedded } from '${module.href}'
    import pg from '${import.meta.resolve('pg')}'
    const log = { info() {}, warn() {}, error() {} }
    const server = await startEmbedded({ dataDir: '${dir}', log }).catch(error => { console.log(error.code, error.message); process.exit(1) })
    const client = new pg.Client(server.config)
    await client.connect()
    await client.query('create table if not exists kept ()')
    await client.end()
    process.on('SIGTERM', async () => { await server.stop(); process.exit(0) })
    console.log('postgres', server.pid)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    ...user,
  })
  const [said] = await once(child.stdout, 'data')
  const [, pid] = /^postgres (\d+)/.exec(String(said)) ?? []
  if (pid === undefined) throw new Error(String(said))
  return { process: child, postgres: Number(pid) }
}

async function untilAvailable<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'JournalUnavailable') throw error
    }
  }
}

/** A process that has ended and that nobody has asked about, as in a container without an init, does not run. */
function isRunning(pid: number): boolean {
  try {
    if (process.platform !== 'linux') return process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')
  } catch {
    return false
  }
}

/** Whether any user may read a file of ours, and run our Node. */
function isOpen(path: string): boolean {
  if (!isRoot) return false
  const script = `require('fs').accessSync('${path}')`
  return spawnSync(process.execPath, ['-e', script], { ...nobody, cwd: '/' }).status === 0
}

function mountFault(): string | undefined {
  const probe = freshDirectory()
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe], { encoding: 'utf8' })
  if (mounted.error || mounted.status !== 0)
    return `cannot mount a small file system: ${mounted.error ?? mounted.stderr.trim()}`
  execFileSync('umount', [probe])
  return undefined
}

function mountSmall(path: string, size: string): void {
  mkdirSync(path, { recursive: true })
  accessSync(path, constants.W_OK)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path])
}

function fill(path: string): void {
  spawnSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=1M'])
}

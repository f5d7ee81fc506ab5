import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockDataDir } from './lock.ts'

describe('lock of a data directory', () => {
  let dataDir: string
  let file: string
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'tocsin-lock-'))
    file = join(dataDir, 'tocsin.lock')
  })
  afterEach(() => rmSync(dataDir, { recursive: true }))

  it('keeps a second one out, naming the first, until it is released', async () => {
    const lock = await lockDataDir(dataDir)
    const fault = await lockDataDir(dataDir).catch(error => error)
    expect(fault).toMatchObject({ name: 'StartupFault', code: 'data-dir-in-use' })
    expect(fault.message).toContain(`process ${process.pid}`)
    await lock.release()
    expect(readdirSync(dataDir)).toEqual([])
    await (await lockDataDir(dataDir)).release()
  })

  it('is taken over from a process that was killed', async () => {
    const module = new URL('./lock.ts', import.meta.url).href
    const script = `import { lockDataDir } from '${module}'; await lockDataDir(process.argv[1]); console.log('held'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await expect(lockDataDir(dataDir)).rejects.toMatchObject({ code: 'data-dir-in-use' })
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await lockDataDir(dataDir)).release()
  })

  it('is taken over when the process id belongs to another process now', async () => {
    await lockDataDir(dataDir)
    const held = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...held, startedAt: `${held.startedAt}0` }))
    await (await lockDataDir(dataDir)).release()
  })

  it.each([
    '',
    '{',
    '{}',
    '{"pid":1}',
    'null',
    '{"pid":-1,"startedAt":"x"}',
  ])('is taken over from a torn file: %j', async content => {
    writeFileSync(file, content)
    await (await lockDataDir(dataDir)).release()
  })

  it('goes to exactly one of many that find a stale one', async () => {
    writeFileSync(file, '{}')
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataDir(dataDir)))
    expect(results.filter(result => result.status === 'fulfilled')).toHaveLength(1)
    const codes = results.flatMap(result => (result.status === 'rejected' ? [result.reason.code] : []))
    expect(new Set(codes)).toEqual(new Set(['data-dir-in-use']))
    expect(readdirSync(dataDir)).toEqual(['tocsin.lock'])
  })

  it('that is no longer ours is left alone by release', async () => {
    const lock = await lockDataDir(dataDir)
    writeFileSync(file, 'of another')
    await lock.release()
    expect(readFileSync(file, 'utf8')).toBe('of another')
  })
})

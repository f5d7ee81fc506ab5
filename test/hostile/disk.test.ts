import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { freshDirectory } from '../postgres.ts'
import { apiKey, ProductProcess, SmtpClient } from '../product.ts'
import { type Sink, startSink } from '../sink.ts'

// A full disk: senders are told to come back, nothing that was acknowledged is lost, and when there is room again all goes on by itself.

const diskMb = 600
const fillerPieceBytes = 1024 * 1024

/** A file system of its own, or why there is none. */
function smallDisk(): { path: string } | { reason: string } {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return { reason: 'only root on Linux can mount a small disk' }
  const path = freshDirectory()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMb}m`, 'tmpfs', path], { stdio: 'pipe' })
    return { path }
  } catch {
    return { reason: 'this machine does not let us mount a small disk' }
  }
}

const disk = smallDisk()
const where = 'path' in disk ? `${diskMb} MB` : disk.reason
let product: ProductProcess | undefined
let sink: Sink | undefined
afterAll(async () => {
  await product?.stop()
  await sink?.close()
  if ('path' in disk) execFileSync('umount', ['-l', disk.path])
})

/** Writes until nothing more fits. */
function fill(path: string): void {
  const file = openSync(path, 'a')
  for (let bytes = fillerPieceBytes; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    const piece = Buffer.alloc(bytes)
    try {
      while (writeSync(file, piece) === bytes) {}
    } catch {
      // No space left for a piece of this size.
    }
  }
  closeSync(file)
}

describe.runIf('path' in disk)(`a full disk (${where})`, () => {
  it('503 and 451, nothing acknowledged is lost, and it goes on when there is room', { timeout: 120_000 }, async () => {
    const { path } = disk as { path: string }
    mkdirSync(join(path, 'data'))
    sink = await startSink()
    product = await ProductProcess.start(path, { upstreams: [sink.port], env: { TOCSIN_LOG: 'warn' } })
    const running = product
    const acknowledged: string[] = []
    const refusals = { http: 0, smtp: 0 }
    let count = 0
    const text = 'x'.repeat(100_000)

    const overHttp = async () => {
      const response = await running.send({
        class: 'other',
        recipient: { email: `r${count++}@example.net` },
        subject: 's',
        text,
      })
      const body = (await response.json()) as { id: string; code: string }
      if (response.status === 202) return void acknowledged.push(body.id)
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(body.code).toBe('journal.unavailable')
      refusals.http++
    }
    const overSmtp = async () => {
      const client = await SmtpClient.open(running.smtpPort)
      const reply = await client.mail(`Subject: s\r\n\r\n${text}\r\n`, { to: `r${count++}@example.net` })
      client.close()
      if (reply.startsWith('250 ')) return void acknowledged.push(reply.split(' ')[2]!)
      expect(reply).toMatch(/^451 4\.3\.0 /)
      refusals.smtp++
    }

    for (let i = 0; i < 5; i++) await Promise.all([overHttp(), overSmtp()])
    expect(acknowledged).toHaveLength(10)
    const filler = join(path, 'filler')
    fill(filler)
    for (let i = 0; i < 1000 && (refusals.http === 0 || refusals.smtp === 0); i++) {
      await overHttp()
      await overSmtp()
      fill(filler)
    }
    expect(refusals.http).toBeGreaterThan(0)
    expect(refusals.smtp).toBeGreaterThan(0)
    const whenFull = acknowledged.length
    for (let i = 0; i < 5; i++) await Promise.all([overHttp(), overSmtp()])

    const freedAt = performance.now()
    rmSync(filler)
    await vi.waitFor(
      async () => {
        const before = acknowledged.length
        await overHttp()
        await overSmtp()
        expect(acknowledged.length).toBe(before + 2)
      },
      { timeout: 60_000, interval: 100 },
    )
    const backMs = performance.now() - freedAt
    console.log(
      `${whenFull} acknowledged until it was full, ${refusals.http} and ${refusals.smtp} refused over HTTP and SMTP; open again ${backMs.toFixed(0)} ms after there was room`,
    )

    for (const id of acknowledged)
      await vi.waitFor(
        async () => {
          const response = await fetch(`${running.httpUrl}/v1/messages/${id}`, {
            headers: { authorization: `Bearer ${apiKey}` },
          })
          expect(await response.json(), id).toMatchObject({ state: 'delivered' })
        },
        { timeout: 30_000, interval: 100 },
      )
    const ids = sink.mails.map(({ data }) => /^Message-ID: <(.*)@/im.exec(data.toString())![1]!)
    for (const id of acknowledged)
      expect(
        ids.filter(one => one === id),
        'handed over once',
      ).toEqual([id])
    expect(running.process.exitCode).toBeNull()
  })
})

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { ClientConfig } from 'pg'
import { describe, expect, it } from 'vitest'
import { execute, freshDatabase } from '../../../test/postgres.ts'
import { checkServer } from './server.ts'

const urlOf = (config: ClientConfig, password?: string) =>
  `postgres://${config.user}:${password ?? config.password}@/${config.database}?host=${encodeURIComponent(config.host!)}&port=5432`

describe('the server of DATABASE_URL', () => {
  it('is accepted, with its version', async () => {
    expect(await checkServer(urlOf(await freshDatabase()))).toEqual({ version: '18.4' })
  })

  it('that is not there: database-unreachable, with the place and without the password', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    await new Promise(done => closed.close(done))
    const fault = await checkServer(`postgres://someone:hidden@127.0.0.1:${port}/place`).catch(error => error)
    expect(fault).toMatchObject({ name: 'StartupFault', code: 'database-unreachable' })
    expect(fault.message).toContain(`127.0.0.1:${port}`)
    expect(fault.message).not.toContain('hidden')
  })

  it('that does not let us in: database-unreachable, without the password', async () => {
    const fault = await checkServer(urlOf(await freshDatabase(), 'hidden')).catch(error => error)
    expect(fault.code).toBe('database-unreachable')
    expect(fault.message).toContain('password authentication failed')
    expect(fault.message).not.toContain('hidden')
  })

  it.each([
    'not a url',
    'postgres://someone:hidden@host:port/place',
    'postgres://%zz:hidden@host/place',
  ])('that cannot be read, %s: database-unreachable, without the password', async url => {
    const fault = await checkServer(url).catch(error => error)
    expect(fault.code).toBe('database-unreachable')
    expect(fault.message).not.toContain('hidden')
  })

  it('that takes no writes: database-read-only', async () => {
    const config = await freshDatabase()
    await execute(config, `alter database ${config.database} set default_transaction_read_only = on`)
    await expect(checkServer(urlOf(config))).rejects.toMatchObject({ code: 'database-read-only' })
  })

  it('older than 16: postgres-wrong-version', async () => {
    const config = await freshDatabase()
    const old = createServer(near => {
      const far = connect(`${config.host}/.s.PGSQL.5432`)
      near.pipe(far)
      // No older server is at hand: this one's version is changed on the wire, in the row that answers the question.
      far.on('data', bytes =>
        near.write(Buffer.from(bytes.toString('latin1').replace('\0\0\0\x0218', '\0\0\0\x0215'), 'latin1')),
      )
      for (const socket of [near, far])
        socket.on('error', () => {}).on('close', () => [near, far].map(s => s.destroy()))
    }).listen(0, '127.0.0.1')
    await once(old, 'listening')
    const { port } = old.address() as AddressInfo
    const url = `postgres://${config.user}:${config.password}@127.0.0.1:${port}/${config.database}`
    await expect(checkServer(url)).rejects.toMatchObject({ code: 'postgres-wrong-version' })
    old.close()
  })
})

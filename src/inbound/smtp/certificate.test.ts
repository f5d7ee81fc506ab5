import { spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadCertificate, selfSigned } from './certificate.ts'

const dayMs = 24 * 60 * 60 * 1000
const now = Date.UTC(2026, 5, 1, 12)
const hostname = 'mx.example.org'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tocsin-certificate-'))
})
afterAll(() => rm(root, { recursive: true }))

const directory = () => mkdtemp(join(root, 'data-'))

describe('our own certificate', () => {
  it('is for the host, signed by its own key, valid for a year', () => {
    const made = selfSigned(hostname, now)
    const x509 = new X509Certificate(made.cert)
    expect(x509.verify(x509.publicKey)).toBe(true)
    expect(x509.checkIssued(x509)).toBe(true)
    expect(x509.checkPrivateKey(createPrivateKey(made.key))).toBe(true)
    expect([hostname, 'localhost', 'other.example.org'].map(name => x509.checkHost(name))).toEqual([
      hostname,
      'localhost',
      undefined,
    ])
    expect(['127.0.0.1', '::1'].map(address => x509.checkIP(address) !== undefined)).toEqual([true, true])
    expect(Date.parse(x509.validFrom)).toBe(now - dayMs)
    expect(Date.parse(x509.validTo)).toBe(now + 365 * dayMs)
    expect(x509.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(x509.ca).toBe(false)
  })

  it('is well formed after 2049 and with a long name', () => {
    const x509 = new X509Certificate(
      selfSigned(`${'a'.repeat(60)}.${'b'.repeat(60)}.example.org`, Date.UTC(2049, 5, 1)).cert,
    )
    expect(Date.parse(x509.validTo)).toBe(Date.UTC(2049, 5, 1) + 365 * dayMs)
    expect(x509.verify(x509.publicKey)).toBe(true)
  })

  const openssl = spawnSync('openssl', ['version']).status === 0
  it.skipIf(!openssl)(`is read by openssl${openssl ? '' : ' (skipped: there is no openssl)'}`, () => {
    const { stdout, status } = spawnSync('openssl', ['x509', '-noout', '-text'], {
      input: selfSigned(hostname, now).cert,
      encoding: 'utf8',
    })
    expect(status).toBe(0)
    expect(stdout).toContain('ecdsa-with-SHA256')
    expect(stdout).toContain(`DNS:${hostname}, DNS:localhost, IP Address:127.0.0.1`)
  })
})

describe('where it is kept', () => {
  it('is made once, for its owner only, and found again', async () => {
    const data = join(await directory(), 'made', 'too')
    const first = await loadCertificate({ directory: data, hostname, now })
    expect((await stat(join(data, 'smtp-certificate.pem'))).mode & 0o777).toBe(0o600)
    expect(await loadCertificate({ directory: data, hostname, now: now + 334 * dayMs })).toEqual(first)
  })

  it.each([
    ['it ends within 30 days', { at: now + 336 * dayMs, host: hostname }],
    ['it is for another host', { at: now, host: 'other.example.org' }],
  ])('is made anew when %s', async (_why, { at, host }) => {
    const data = await directory()
    const first = await loadCertificate({ directory: data, hostname, now })
    const second = await loadCertificate({ directory: data, hostname: host, now: at })
    expect(second.cert).not.toBe(first.cert)
    expect(await readFile(join(data, 'smtp-certificate.pem'), 'utf8')).toBe(second.key + second.cert)
  })

  it('is made anew when the file is cut short', async () => {
    const data = await directory()
    const first = await loadCertificate({ directory: data, hostname, now })
    await writeFile(join(data, 'smtp-certificate.pem'), first.key)
    expect((await loadCertificate({ directory: data, hostname, now })).cert).not.toBe(first.cert)
  })

  it('is the operator’s where there are paths, and a missing file is a fault', async () => {
    const data = await directory()
    const own = selfSigned('own.example.org', now)
    const paths = { key: join(data, 'key.pem'), cert: join(data, 'cert.pem') }
    await writeFile(paths.key, own.key)
    await writeFile(paths.cert, own.cert)
    expect(await loadCertificate({ directory: data, hostname, now, paths })).toEqual({ ...own, selfSigned: false })
    await expect(
      loadCertificate({ directory: data, hostname, now, paths: { ...paths, key: join(data, 'none') } }),
    ).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

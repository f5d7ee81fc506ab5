import { Buffer } from 'node:buffer'
import { generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export type Certificate = {
  readonly key: string
  readonly cert: string
  readonly expiresAt: number
  readonly selfSigned: boolean
}

const dayMs = 24 * 60 * 60 * 1000
const validForMs = 365 * dayMs
const renewBeforeMs = 30 * dayMs
// Clocks of clients run late.
const backdatedMs = dayMs
const fileName = 'smtp-certificate.pem'

/**
 * The certificate for STARTTLS: of the operator's two PEM files where `paths` names them, else our own, self-signed, made on the first start,
 * kept in `directory` as one file of mode 0600 (key and certificate cannot part in a crash) and made anew when it ends within 30 days, is for
 * another host name or cannot be read. Fails when the operator's files cannot be read, or the directory not written.
 */
export async function loadCertificate(options: {
  directory: string
  hostname: string
  now: number
  paths?: { key: string; cert: string } | undefined
}): Promise<Certificate> {
  const { directory, hostname, now, paths } = options
  if (paths !== undefined) {
    const [key, cert] = await Promise.all([readFile(paths.key, 'utf8'), readFile(paths.cert, 'utf8')])
    return { key, cert, expiresAt: expiryOf(cert), selfSigned: false }
  }
  const file = join(directory, fileName)
  const kept = await readKept(file, hostname, now)
  if (kept !== undefined) return kept
  const made = selfSigned(hostname, now)
  await mkdir(directory, { recursive: true })
  await writeFile(`${file}.new`, made.key + made.cert, { mode: 0o600 })
  await chmod(`${file}.new`, 0o600)
  await rename(`${file}.new`, file)
  return made
}

async function readKept(file: string, hostname: string, now: number): Promise<Certificate | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(text)?.[0]
  const cert = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(text)?.[0]
  if (key === undefined || cert === undefined) return undefined
  const kept = { key, cert, expiresAt: expiryOf(cert), selfSigned: true }
  const usable = kept.expiresAt - now > renewBeforeMs && new X509Certificate(cert).checkHost(hostname) !== undefined
  return usable ? kept : undefined
}

function expiryOf(cert: string): number {
  return Date.parse(new X509Certificate(cert).validTo)
}

/** A self-signed X.509 v3 server certificate (RFC 5280) with an ECDSA P-256 key, for `hostname`, localhost and the loopback addresses; a year. */
export function selfSigned(hostname: string, now: number): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const expiresAt = Math.floor((now + validForMs) / 1000) * 1000
  const name = sequence(set(sequence(oid(commonName), der(0x0c, Buffer.from(hostname.slice(0, 64), 'utf8')))))
  const toBeSigned = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    sequence(oid(ecdsaWithSha256)),
    name,
    sequence(time(now - backdatedMs), time(expiresAt)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions(hostname))),
  )
  const signature = sign('sha256', toBeSigned, privateKey)
  const certificate = sequence(toBeSigned, sequence(oid(ecdsaWithSha256)), der(0x03, Buffer.from([0]), signature))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: pem(certificate),
    expiresAt,
    selfSigned: true,
  }
}

// Object identifiers, encoded (X.690 §8.19).
const commonName = '550403'
const ecdsaWithSha256 = '2a8648ce3d040302'
const subjectAltName = '551d11'
const basicConstraints = '551d13'
const extendedKeyUsage = '551d25'
const serverAuth = '2b06010505070301'

// No key usage: one without certificate signing would keep a client from trusting this certificate as its own issuer.
function extensions(hostname: string): Buffer[] {
  const names = [...new Set([hostname, 'localhost'])].map(host => der(0x82, Buffer.from(host, 'ascii')))
  const addresses = [Buffer.from([127, 0, 0, 1]), Buffer.from([...new Array<number>(15).fill(0), 1])].map(bytes =>
    der(0x87, bytes),
  )
  const critical = der(0x01, Buffer.from([0xff]))
  return [
    sequence(oid(basicConstraints), critical, octets(sequence())),
    sequence(oid(extendedKeyUsage), octets(sequence(oid(serverAuth)))),
    sequence(oid(subjectAltName), octets(sequence(...names, ...addresses))),
  ]
}

// X.690: tag, length, content.
function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(header), content])
}

function sequence(...contents: Buffer[]): Buffer {
  return der(0x30, ...contents)
}

function set(content: Buffer): Buffer {
  return der(0x31, content)
}

function octets(content: Buffer): Buffer {
  return der(0x04, content)
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

// Positive and without a needless leading zero: every caller's first byte is 1 to 127.
function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes)
}

// RFC 5280 §4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050.
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '')
  return digits < '2050' ? der(0x17, Buffer.from(digits.slice(2), 'ascii')) : der(0x18, Buffer.from(digits, 'ascii'))
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g)!
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

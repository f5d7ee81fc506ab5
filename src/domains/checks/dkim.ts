import { createPublicKey, type KeyObject } from 'node:crypto'
import { type Dns, recordsOf } from '../dns.ts'
import { type Finding, finding, isBad, txt } from '../finding.ts'

export type DkimSelector = {
  selector: string
  /** The key that mail is signed with, SubjectPublicKeyInfo in base64, where it is known. */
  publicKey?: string
}

export type DkimGiven = {
  domain: string
  selectors: readonly DkimSelector[]
  /** Since when a record of this value is known, ms. */
  seenSince?: (name: string, value: string) => number | undefined
  /** Ms. */
  now: number
}

const dayMs = 86_400_000
const rotationDueMs = 182 * dayMs
const rotationOverdueMs = 366 * dayMs
const rsaBitsMin = 1024
const rsaBitsGood = 2048

export const keyName = (selector: string, domain: string): string => `${selector}._domainkey.${domain}`

/** The keys that a domain's mail is signed with, RFC 6376 §3.6.1, RFC 8301, RFC 8463. */
export async function checkDkim(dns: Dns, given: DkimGiven): Promise<Finding[]> {
  const { domain, selectors } = given
  if (selectors.length === 0) return [finding('dkim.no-selector', domain)]
  const looked = await Promise.all(selectors.map(selector => checkSelector(dns, given, selector)))
  const findings = looked.flatMap(one => one.findings)
  const kinds = looked.map(({ kind }) => kind)
  if (kinds.includes('ed25519') && kinds.every(kind => kind === 'ed25519'))
    findings.push(finding('dkim.only-ed25519', domain))
  return findings
}

type Kind = 'rsa' | 'ed25519' | undefined

async function checkSelector(
  dns: Dns,
  given: DkimGiven,
  wanted: DkimSelector,
): Promise<{ kind: Kind; findings: Finding[] }> {
  const name = keyName(wanted.selector, given.domain)
  const texts = recordsOf(await dns.txt(name))?.map(strings => strings.join(''))
  if (!texts) return { kind: undefined, findings: [] }
  const suggested = wanted.publicKey === undefined ? {} : { publish: txt(name, recordFor(wanted.publicKey)) }
  if (texts.length === 0) return { kind: undefined, findings: [finding('dkim.key-missing', name, suggested)] }
  if (texts.length > 1) {
    const found = `${texts.length} records: ${texts.join(' | ')}`
    return { kind: undefined, findings: [finding('dkim.several-records', name, { found, ...suggested })] }
  }
  const { kind, findings } = checkKey(name, texts[0]!, wanted)
  findings.push(...ageFindings(name, texts[0]!, given))
  if (!findings.some(isBad)) findings.unshift(finding('dkim.ok', name, { found: texts[0]! }))
  return { kind, findings }
}

/** What is to be published for a key of ours. */
export function recordFor(publicKey: string): string {
  const key = keyFrom(Buffer.from(publicKey, 'base64'))
  if (key?.asymmetricKeyType !== 'ed25519') return `v=DKIM1; k=rsa; p=${publicKey}`
  return `v=DKIM1; k=ed25519; p=${rawEd25519(key)}`
}

const rawEd25519 = (key: KeyObject): string =>
  key.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')

function checkKey(name: string, text: string, { publicKey }: DkimSelector): { kind: Kind; findings: Finding[] } {
  const { tags, faults } = parseTags(text)
  const suggested = publicKey === undefined ? {} : { publish: txt(name, recordFor(publicKey)) }
  const only = (code: Parameters<typeof finding>[0], found: string) => ({
    kind: undefined,
    findings: [finding(code, name, { found, ...suggested })],
  })
  if (faults.length > 0) return only('dkim.key-syntax', faults.join(' | '))
  const given = tags.get('p')
  if (given === undefined) return only('dkim.key-syntax', 'p= is missing')
  if (given === '') return only('dkim.key-revoked', text)
  const declared = (tags.get('k') ?? 'rsa').toLowerCase()
  if (declared !== 'rsa' && declared !== 'ed25519') return only('dkim.key-type-unknown', `k=${declared}`)
  const key = /^[A-Za-z0-9+/]+={0,2}$/.test(given) ? keyFrom(Buffer.from(given, 'base64')) : undefined
  if (key?.asymmetricKeyType !== declared) return only('dkim.key-syntax', `p= is no ${declared} key`)
  const findings = [...strengthFindings(name, key), ...useFindings(name, tags)]
  if (publicKey !== undefined && !isSameKey(key, publicKey))
    findings.push(finding('dkim.key-mismatch', name, suggested))
  return { kind: declared, findings }
}

/** RFC 6376 §3.2, with white space out of the values as §3.6.1 has it. */
function parseTags(text: string): { tags: Map<string, string>; faults: string[] } {
  const tags = new Map<string, string>()
  const faults: string[] = []
  for (const [i, part] of text.split(';').entries()) {
    if (part.trim() === '') continue
    const [, name, value] = /^\s*([a-z][a-z0-9_]*)\s*=([\s\S]*)$/i.exec(part) ?? []
    if (name === undefined) faults.push(part.trim())
    else if (tags.has(name)) faults.push(`${name}= stands there twice`)
    else {
      const compact = value!.replaceAll(/\s+/g, '')
      tags.set(name, compact)
      if (name === 'v' && (i !== 0 || compact !== 'DKIM1')) faults.push(`v=${compact}`)
    }
  }
  return { tags, faults }
}

/** SubjectPublicKeyInfo as everybody publishes, RSAPublicKey as RFC 6376 says, or the 32 bytes of RFC 8463 §4. */
function keyFrom(bytes: Buffer): KeyObject | undefined {
  const spki = bytes.length === 32 ? Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes]) : bytes
  for (const type of ['spki', 'pkcs1'] as const)
    try {
      return createPublicKey({ key: spki, format: 'der', type })
    } catch {
      // The other form, or none.
    }
  return undefined
}

const isSameKey = (key: KeyObject, publicKey: string): boolean =>
  keyFrom(Buffer.from(publicKey, 'base64'))?.equals(key) ?? false

function strengthFindings(name: string, key: KeyObject): Finding[] {
  if (key.asymmetricKeyType !== 'rsa') return []
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  const found = `${bits} bits`
  if (bits < rsaBitsMin) return [finding('dkim.key-too-short', name, { found })]
  return bits < rsaBitsGood ? [finding('dkim.key-short', name, { found })] : []
}

const listOf = (value: string): string[] => value.toLowerCase().split(':')

function useFindings(name: string, tags: Map<string, string>): Finding[] {
  const findings: Finding[] = []
  const [hashes, services, flags] = ['h', 's', 't'].map(tag => tags.get(tag))
  if (hashes !== undefined && !listOf(hashes).includes('sha256'))
    findings.push(finding('dkim.hash-not-allowed', name, { found: `h=${hashes}` }))
  if (hashes !== undefined && listOf(hashes).includes('sha256') && listOf(hashes).includes('sha1'))
    findings.push(finding('dkim.hash-sha1', name, { found: `h=${hashes}` }))
  if (services !== undefined && !listOf(services).some(service => service === '*' || service === 'email'))
    findings.push(finding('dkim.not-for-mail', name, { found: `s=${services}` }))
  if (flags !== undefined && listOf(flags).includes('y'))
    findings.push(finding('dkim.testing', name, { found: `t=${flags}` }))
  return findings
}

function ageFindings(name: string, text: string, { seenSince, now }: DkimGiven): Finding[] {
  const since = seenSince?.(name, text)
  if (since === undefined) return []
  const age = now - since
  const found = `seen for ${Math.floor(age / dayMs)} days`
  if (age > rotationOverdueMs) return [finding('dkim.rotation-overdue', name, { found })]
  return age > rotationDueMs ? [finding('dkim.rotation-due', name, { found })] : []
}

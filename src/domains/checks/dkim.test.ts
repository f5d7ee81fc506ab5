import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Zone } from '../test-zone.ts'
import { checkDkim, type DkimGiven } from './dkim.ts'
import { codesIn, findingsIn } from './test-check.ts'

const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64')
const rsa = (modulusLength: number): KeyObject => generateKeyPairSync('rsa', { modulusLength }).publicKey
const [tiny, short, long, other] = [rsa(768), rsa(1024), rsa(2048), rsa(2048)]
const edwards = generateKeyPairSync('ed25519').publicKey
const raw = edwards.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')
const bare = long.export({ type: 'pkcs1', format: 'der' }).toString('base64')

const name = 's._domainkey.example.org'
const zone = (...texts: string[]): Zone => ({ [name]: { txt: texts } })
const dayMs = 86_400_000
const given: DkimGiven = { domain: 'example.org', selectors: [{ selector: 's' }], now: 1000 * dayMs }
const codes = (where: Zone, more: Partial<DkimGiven> = {}, lost: readonly string[] = []) =>
  codesIn(where, 'dkim.cannot-tell', dns => checkDkim(dns, { ...given, ...more }), lost)

describe('DKIM', () => {
  it.each<[given: string, texts: string[], then: string[]]>([
    ['a long key', [`v=DKIM1; k=rsa; p=${spki(long)}`], ['dkim.ok']],
    ['a key alone', [`p=${spki(long)}`], ['dkim.ok']],
    ['a key as RFC 6376 writes it', [`v=DKIM1; p=${bare}`], ['dkim.ok']],
    ['a key with spaces in it', [`v=DKIM1; p=${spki(long).replace(/.{60}/g, '$& ')}`], ['dkim.ok']],
    ['no key', [], ['dkim.key-missing']],
    ['two records', [`p=${spki(long)}`, `p=${spki(other)}`], ['dkim.several-records']],
    ['a revoked key', ['v=DKIM1; p='], ['dkim.key-revoked']],
    ['no p', ['v=DKIM1; k=rsa'], ['dkim.key-syntax']],
    ['another version', [`v=DKIM2; p=${spki(long)}`], ['dkim.key-syntax']],
    ['a version that is not first', [`p=${spki(long)}; v=DKIM1`], ['dkim.key-syntax']],
    ['a tag twice', [`p=${spki(long)}; p=${spki(long)}`], ['dkim.key-syntax']],
    ['letters that are no base64', ['v=DKIM1; p=%%%'], ['dkim.key-syntax']],
    ['bytes that are no key', ['v=DKIM1; p=AAAA'], ['dkim.key-syntax']],
    ['a key of another type than it says', [`v=DKIM1; k=ed25519; p=${spki(long)}`], ['dkim.key-syntax']],
    ['an unknown type', [`v=DKIM1; k=dsa; p=${spki(long)}`], ['dkim.key-type-unknown']],
    ['768 bits', [`v=DKIM1; p=${spki(tiny)}`], ['dkim.key-too-short']],
    ['1024 bits', [`v=DKIM1; p=${spki(short)}`], ['dkim.key-short']],
    ['Ed25519 alone', [`v=DKIM1; k=ed25519; p=${raw}`], ['dkim.ok', 'dkim.only-ed25519']],
    ['SHA-1 only', [`v=DKIM1; h=sha1; p=${spki(long)}`], ['dkim.hash-not-allowed']],
    ['SHA-1 too', [`v=DKIM1; h=sha1:sha256; p=${spki(long)}`], ['dkim.ok', 'dkim.hash-sha1']],
    ['SHA-256 only', [`v=DKIM1; h=sha256; p=${spki(long)}`], ['dkim.ok']],
    ['another service', [`v=DKIM1; s=tlsrpt; p=${spki(long)}`], ['dkim.not-for-mail']],
    ['mail among services', [`v=DKIM1; s=tlsrpt:email; p=${spki(long)}`], ['dkim.ok']],
    ['a test', [`v=DKIM1; t=y:s; p=${spki(long)}`], ['dkim.testing']],
    ['no subdomains', [`v=DKIM1; t=s; p=${spki(long)}`], ['dkim.ok']],
  ])('%s', async (_, texts, then) => {
    expect(await codes(texts.length > 0 ? zone(...texts) : {})).toEqual(then)
  })

  it('without selectors it cannot tell', async () => {
    expect(await codes({}, { selectors: [] })).toEqual(['dkim.no-selector'])
  })

  it('a lost key: nothing is called good', async () => {
    const selectors = [{ selector: 's' }, { selector: 'r' }]
    const where = { ...zone(`p=${spki(long)}`), 'r._domainkey.example.org': { txt: [`p=${spki(other)}`] } }
    expect(await codes(where, { selectors })).toEqual(['dkim.ok', 'dkim.ok'])
    expect(await codes(where, { selectors }, ['TXT r._domainkey.example.org'])).toEqual(['dkim.cannot-tell'])
  })

  it('RSA beside Ed25519 is enough', async () => {
    const selectors = [{ selector: 's' }, { selector: 'r' }]
    const where = { ...zone(`k=ed25519; p=${raw}`), 'r._domainkey.example.org': { txt: [`p=${spki(other)}`] } }
    expect(await codes(where, { selectors })).toEqual(['dkim.ok', 'dkim.ok'])
  })

  it.each<[given: string, key: KeyObject, published: string, then: string[]]>([
    ['the key that signs', long, `p=${spki(long)}`, ['dkim.ok']],
    ['the same in its other form', long, `p=${bare}`, ['dkim.ok']],
    ['an Ed25519 key that signs', edwards, `k=ed25519; p=${raw}`, ['dkim.ok', 'dkim.only-ed25519']],
    ['another key', other, `p=${spki(long)}`, ['dkim.key-mismatch']],
  ])('%s is published', async (_, key, published, then) => {
    const selectors = [{ selector: 's', publicKey: spki(key) }]
    expect(await codes(zone(published), { selectors })).toEqual(then)
  })

  it.each([
    [long, `v=DKIM1; k=rsa; p=${spki(long)}`],
    [edwards, `v=DKIM1; k=ed25519; p=${raw}`],
  ])('says what to publish for a key of ours', async (key, value) => {
    const selectors = [{ selector: 's', publicKey: spki(key) }]
    const [first] = await findingsIn({}, 'dkim.cannot-tell', dns => checkDkim(dns, { ...given, selectors }))
    expect(first?.publish).toEqual([{ name, type: 'TXT', value }])
    expect(await codes(zone(value), { selectors })).toContain('dkim.ok')
  })

  it.each([
    [100, ['dkim.ok']],
    [200, ['dkim.ok', 'dkim.rotation-due']],
    [400, ['dkim.rotation-overdue']],
  ])('a key seen for %i days', async (days, then) => {
    expect(await codes(zone(`p=${spki(long)}`), { seenSince: () => given.now - days * dayMs })).toEqual(then)
  })
})

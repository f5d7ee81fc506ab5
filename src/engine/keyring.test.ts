import { createHash, createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idOf } from '../../test/core.ts'
import type { Content } from '../core/content.ts'
import { fits, pack, unpack } from './content.ts'
import { decrypt, encrypt, keyringOf, openKeyring } from './keyring.ts'
import { eraseInPage, KeyPage, keyInPage, Subjects } from './subjects.ts'

const keyring = keyringOf(Buffer.alloc(32, 7))
const key = createSecretKey(Buffer.alloc(32, 9))

describe('a ciphertext', () => {
  it('comes back, and is another each time', () => {
    fc.assert(
      fc.property(fc.uint8Array(), plaintext => {
        const sealed = encrypt(key, plaintext, 'bound')
        expect(Uint8Array.from(decrypt(key, sealed, 'bound'))).toEqual(plaintext)
        expect(encrypt(key, plaintext, 'bound')).not.toEqual(sealed)
      }),
    )
  })

  it('with any bit changed does not', () => {
    const sealed = encrypt(key, Buffer.from('a secret'), 'bound')
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Uint8Array.from(sealed)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => decrypt(key, changed, 'bound')).toThrow()
    }
  })

  it.each([
    ['another key', () => decrypt(createSecretKey(Buffer.alloc(32)), encrypt(key, Buffer.from('a'), 'b'), 'b')],
    ['another message', () => decrypt(key, encrypt(key, Buffer.from('a'), 'b'), 'c')],
    ['its end cut off', () => decrypt(key, encrypt(key, Buffer.from('a')).subarray(0, 20))],
  ])('does not open with %s', (_name, open) => {
    expect(open).toThrow()
  })
})

describe('the keyring', () => {
  it('hashes equal texts of different meaning apart, and otherwise under another master key', () => {
    expect(keyring.hash('account', 'a')).toBe(keyring.hash('account', 'a'))
    expect(keyring.hash('account', 'a')).not.toBe(keyring.hash('address', 'a'))
    expect(keyring.hash('account', 'a')).not.toBe(keyringOf(randomBytes(32)).hash('account', 'a'))
  })

  it('makes codes that nobody misreads, and that are told by no other key', () => {
    const codes = Array.from({ length: 1000 }, (_, n) => keyring.code(idOf(n)))
    for (const code of codes) expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(new Set(codes).size).toBe(1000)
    expect(keyringOf(randomBytes(32)).code(idOf(1))).not.toBe(codes[1])
  })

  it('makes a master key once, for its owner alone, and says when the file is none', () => {
    const directory = mkdtempSync(join(tmpdir(), 'tocsin-keyring-'))
    try {
      const hash = openKeyring(directory).hash('account', 'a')
      expect(openKeyring(directory).hash('account', 'a')).toBe(hash)
      const path = join(directory, 'keys', 'master.key')
      expect(statSync(path).mode & 0o777).toBe(0o600)
      writeFileSync(path, 'short')
      expect(() => openKeyring(directory)).toThrow('32 bytes')
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

describe('keys per person', () => {
  const given = () => {
    const subjects = new Subjects()
    const page = new KeyPage(5)
    const people = ['a', 'b', 'c'].map(name => subjects.keyOf(keyring.hash('account', name)))
    return { subjects, page, people, places: people.map(person => page.place(person)) }
  }

  it('have a place each, and keep it', () => {
    const { subjects, page, people, places } = given()
    expect(places.map(({ page, slot }) => [page, slot])).toEqual([
      [5, 0],
      [5, 1],
      [5, 2],
    ])
    expect(subjects.keyOf(keyring.hash('account', 'b'))).toBe(people[1])
    expect(new KeyPage(6).place(people[1]!)).toEqual({ page: 5, slot: 1 })
    const wrapped = page.wrapped(keyring)
    for (const [slot, person] of people.entries())
      expect(keyInPage(keyring, wrapped, slot)?.export()).toEqual(person.key.export())
  })

  it('of a batch that did not become durable have none', () => {
    const { page, people } = given()
    page.abandon()
    expect(new KeyPage(6).place(people[1]!)).toEqual({ page: 6, slot: 0 })
  })

  it('that are erased are gone, the others are not', () => {
    const { page } = given()
    const erased = eraseInPage(keyring, page.wrapped(keyring), [1])
    expect([0, 1, 2].map(slot => keyInPage(keyring, erased, slot) !== undefined)).toEqual([true, false, true])
    expect(() => keyInPage(keyring, erased, 3)).toThrow('a slot lies within its page')
  })
})

describe('a content', () => {
  const mailbox = { local: 'ann', domain: 'example.org', address: 'ann@example.org' }
  it.each<[string, Content]>([
    ['parts', { recipient: mailbox, subject: 'Grüße', text: 'a\nb', html: '<p>a</p>' }],
    ['a raw mail', { recipient: mailbox, raw: Buffer.from([0, 255, 13, 10, 128]) }],
    ['nothing but a recipient', { recipient: mailbox }],
  ])('of %s comes back, and fits its commitment and no other', (_name, content) => {
    const { plaintext, commitment, digest } = pack(content)
    const { raw, ...rest } = unpack(plaintext)
    const { raw: rawBefore, ...before } = content
    expect(rest).toEqual(before)
    expect(raw && [...raw]).toEqual(rawBefore && [...rawBefore])
    expect(fits(plaintext, commitment)).toBe(true)
    const contentHash = createHash('sha256').update(plaintext.subarray(16)).digest()
    expect(commitment).toBe(createHmac('sha256', plaintext.subarray(0, 16)).update(contentHash).digest('base64url'))
    const ofFirstVersion = createHash('sha256')
      .update(plaintext.subarray(0, 16))
      .update(contentHash)
      .digest('base64url')
    expect(fits(plaintext, ofFirstVersion)).toBe(true)
    const again = pack(content)
    expect(again.digest).toBe(digest)
    expect(again.commitment).not.toBe(commitment)
    expect(fits(again.plaintext, commitment)).toBe(false)
  })
})

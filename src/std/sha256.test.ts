import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Sha256 } from './sha256.ts'

describe('SHA-256', () => {
  // FIPS 180-4, examples of NIST.
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('of "%s"', (text, hex) => {
    expect(new Sha256().add(text).hex()).toBe(hex)
  })

  it('is that of the platform, whatever the pieces', () => {
    const ascii = fc.string({ unit: 'binary-ascii', maxLength: 200 })
    fc.assert(
      fc.property(fc.array(ascii, { maxLength: 5 }), pieces => {
        const hash = new Sha256()
        for (const piece of pieces) hash.add(piece)
        expect(hash.hex()).toBe(createHash('sha256').update(pieces.join(''), 'latin1').digest('hex'))
      }),
    )
  })
})

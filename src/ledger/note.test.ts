import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.ts'
import { sha256 } from './hashing.ts'
import { NoteFault, newSigner, openNote, parseSigner, parseVerifier, signNote } from './note.ts'

const origin = 'log.example.org/ledger'
const signer = newSigner(origin)
const checkpoint = { origin, size: 512, root: sha256(Buffer.from('root')) }

describe('a key', () => {
  it('is read back as it was written', () => {
    expect(parseVerifier(signer.text)).toMatchObject({ name: origin, id: signer.id, text: signer.text })
    expect(parseSigner(signer.secret)).toMatchObject({ text: signer.text, secret: signer.secret })
    expect(signer.text).not.toContain('PRIVATE')
  })

  it.each([
    ['another id', signer.text.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['another name', `x${signer.text}`],
    ['no name', signer.text.slice(origin.length)],
    ['a space in the name', `a ${signer.text}`],
    ['another type', signer.text.replace('+AX', '+BX').replace(/\+A[^+]/, '+Cw')],
    ['a part missing', signer.text.slice(0, -4)],
    ['a sign that stands for nothing', `${signer.text}!`],
  ])('with %s is none', (_what, text) => {
    expect(() => parseVerifier(text)).toThrow(NoteFault)
  })

  it('cannot have a name that a note would not show', () => {
    for (const name of ['', 'a b', 'a+b', 'a\nb', 'a\u2003b']) expect(() => newSigner(name)).toThrow(NoteFault)
  })
})

describe('a note', () => {
  const text = 'Grüße aus dem Register,\nzwei Zeilen.\n'
  it('has the form of the specification', () => {
    const note = signNote(text, [signer])
    expect(note).toMatch(new RegExp(`^${text}\n— ${origin} [A-Za-z0-9+/]{91}=\n$`))
    expect(openNote(note, [signer])).toMatchObject({ text, signedBy: [{ id: signer.id }] })
  })

  it('may have blank lines, and signatures of others', () => {
    const other = newSigner('witness.example.org')
    const withBlank = 'a\n\nb\n'
    const note = signNote(withBlank, [other, signer])
    expect(openNote(note, [signer])).toMatchObject({ text: withBlank, signedBy: [{ name: origin }] })
    expect(openNote(note, [signer, other]).signedBy).toHaveLength(2)
  })

  it('is refused when a key that is known has signed something else, whoever else has signed', () => {
    const other = newSigner('witness.example.org')
    const wrong = signNote('x\n', [other]).split('\n').at(-2)!
    const note = `${signNote(text, [signer])}${wrong}\n`
    expect(() => openNote(note, [signer, other])).toThrow('is wrong')
    expect(openNote(note, [signer]).signedBy).toHaveLength(1)
  })

  it('with any bit flipped is not opened', () => {
    const note = Buffer.from(signCheckpoint(checkpoint, [signer]))
    const seed = Date.now()
    console.info(`seed ${seed}`)
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.nat(7), (at, bit) => {
        const changed = Buffer.from(note)
        changed[at]! ^= 1 << bit
        expect(() => openCheckpoint(changed.toString('utf8'), { origin, known: [signer] })).toThrow(NoteFault)
      }),
      { seed, numRuns: 500 },
    )
  })
})

describe('a checkpoint', () => {
  it('is three lines', () => {
    const note = signCheckpoint(checkpoint, [signer])
    expect(note.split('\n').slice(0, 4)).toEqual([origin, '512', Buffer.from(checkpoint.root).toString('base64'), ''])
    expect(openCheckpoint(note, { origin, known: [signer] })).toMatchObject({ origin, size: 512 })
  })

  it.each([
    ['a size with a zero before it', `${origin}\n0512\n${'A'.repeat(43)}=\n`],
    ['a size that is no number', `${origin}\n-1\n${'A'.repeat(43)}=\n`],
    ['a root of another length', `${origin}\n1\nAAAA\n`],
    ['a further line', `${origin}\n1\n${'A'.repeat(43)}=\nmore\n`],
    ['no origin', `\n1\n${'A'.repeat(43)}=\n`],
  ])('with %s is none', (_what, text) => {
    expect(() => parseCheckpoint(text)).toThrow(NoteFault)
  })

  it('of another log is none of ours', () => {
    const note = signCheckpoint({ ...checkpoint, origin: 'other.example.org' }, [signer])
    expect(() => openCheckpoint(note, { origin, known: [signer] })).toThrow('not of')
  })
})

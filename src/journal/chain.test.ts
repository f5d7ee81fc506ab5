import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Chained, chainHash, genesisHash } from './chain.ts'

const entry: Chained = { position: 1, at: 1_769_000_000_000, events: Buffer.from('[]'), sealed: new Uint8Array() }
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('chain', () => {
  it('is SHA-256 over before ‖ u64be position ‖ u64be at ‖ sha256(events) ‖ sha256(sealed)', () => {
    const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
    const numbers = Buffer.from(`0000000000000001${(1_769_000_000_000).toString(16).padStart(16, '0')}`, 'hex')
    expect(hex(chainHash(genesisHash(), entry))).toBe(
      hex(sha(Buffer.alloc(32), numbers, sha(entry.events), sha(entry.sealed))),
    )
  })

  it('keeps its value over releases', () => {
    expect(hex(chainHash(genesisHash(), entry))).toBe(
      'e698f1d51835cd922b375d7728cb7015e5f481e327a9d30d16b357f7cd327ab3',
    )
  })

  it('changes with every byte and every field', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 })
    const entries = fc.record({ position: fc.nat(), at: fc.nat(), events: bytes, sealed: bytes })
    const change = fc.record({
      field: fc.constantFrom('position', 'at', 'events', 'sealed'),
      where: fc.nat(),
      bit: fc.nat(7),
    })
    fc.assert(
      fc.property(
        entries,
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        change,
        (before, previous, { field, where, bit }) => {
          const after = { ...before, events: before.events.slice(), sealed: before.sealed.slice() }
          if (field === 'position' || field === 'at') after[field] += where + 1
          else after[field as 'events'][where % after[field as 'events'].length]! ^= 1 << bit
          expect(hex(chainHash(previous, after))).not.toBe(hex(chainHash(previous, before)))
          const other = previous.slice()
          other[where % 32]! ^= 1 << bit
          expect(hex(chainHash(other, before))).not.toBe(hex(chainHash(previous, before)))
        },
      ),
    )
  })

  it('does not take bytes of the sealed part for bytes of the events', () => {
    const moved = { ...entry, events: Buffer.from('['), sealed: Buffer.from(']') }
    expect(hex(chainHash(genesisHash(), moved))).not.toBe(hex(chainHash(genesisHash(), entry)))
  })
})

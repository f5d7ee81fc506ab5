import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Core } from '../../test/core.ts'
import type { Event } from '../core/events.ts'
import { hmac } from './hashing.ts'
import { isSeal, type Leaf, leafOf, leavesOf, paddingLeaf, recordBytes, recordOf, SealFault } from './leaf.ts'

const record = {
  id: '019bf000-0000-7000-8000-000000000001',
  application: 'shop "é"',
  class: 'password-reset',
  lane: 'open',
  outcome: 'deliver',
  decidedAt: 1_769_000_000_000,
}
const commitment = Buffer.alloc(32, 7).toString('base64url')
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('a leaf', () => {
  it('keeps its value over releases: the proofs of old messages rest on it', () => {
    expect(Buffer.from(recordBytes(record)).toString()).toBe(
      '["tocsin/leaf/1","019bf000-0000-7000-8000-000000000001","shop \\"é\\"","password-reset","open","deliver",1769000000000]',
    )
    const expected = createHmac('sha256', Buffer.alloc(32, 7)).update(recordBytes(record)).digest('hex')
    expect(hex(leafOf(commitment, record))).toBe(expected)
  })

  it('is another when anything of the record or the commitment is', () => {
    const leaf = hex(leafOf(commitment, record))
    for (const field of Object.keys(record) as (keyof typeof record)[]) {
      const value = record[field]
      const other = { ...record, [field]: typeof value === 'number' ? value + 1 : `${value}x` }
      expect(hex(leafOf(commitment, other)), field).not.toBe(leaf)
    }
    expect(hex(leafOf(Buffer.alloc(32, 8).toString('base64url'), record))).not.toBe(leaf)
  })

  it('of padding is made of its seal’s salt and its index', () => {
    const message = Buffer.from('0000000000000100', 'hex')
    const expected = createHmac('sha256', Buffer.alloc(32, 7)).update(message).digest('hex')
    expect(hex(paddingLeaf(commitment, 256))).toBe(expected)
  })

  it('is an HMAC as the library makes it, for any key and message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 300 }), (key, message) => {
        expect(hex(hmac(key, message))).toBe(createHmac('sha256', key).update(message).digest('hex'))
      }),
    )
  })
})

describe('the leaves of a journal', () => {
  const core = new Core()
  core.send({ class: 'other' })
  core.send({ class: 'sign-in-alert' })
  core.do({ type: 'SealRegister', salt: commitment })
  core.send({ class: 'other', to: 'x@example.org' })

  it('are those of its decisions and its padding, in order', () => {
    const found = [...leavesOf(core.events, { position: 1, at: 5 }, 0)]
    const leaves = found.filter((one): one is Leaf => !isSeal(one))
    const decided = core.events.filter(({ type }) => type === 'MessageDecided') as Extract<
      Event,
      { type: 'MessageDecided' }
    >[]
    expect(leaves.map(({ index }) => index)).toEqual(Array.from({ length: 257 }, (_, i) => i))
    expect(leaves.flatMap(({ id }) => id ?? [])).toEqual(decided.map(({ message }) => message.id))
    expect(hex(leaves[0]!.data)).toBe(hex(leafOf(decided[0]!.message.commitment, recordOf(decided[0]!, 5))))
    expect(found.filter(isSeal)).toEqual([{ size: 256, at: 5, position: 1 }])
  })

  it('are not what a seal says that was made for another journal', () => {
    expect(() => [...leavesOf(core.events, { position: 1, at: 5 }, 1)]).toThrow(SealFault)
  })
})

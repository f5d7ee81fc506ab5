import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isMessageId, uuidv7 } from './uuid.ts'

const random = fc.uint8Array({ minLength: 8, maxLength: 8 })
const ms = fc.integer({ min: 0, max: 2 ** 48 - 1 })

it('holds the time, its version and its variant (RFC 9562 §5.7)', () => {
  fc.assert(
    fc.property(ms, fc.nat(0xffff), random, (ms, counter, random) => {
      const id = uuidv7(ms, counter, random)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(ms)
      expect(isMessageId(id)).toBe(true)
    }),
  )
})

it('keeps the order of time, and of the counter within a millisecond', () => {
  fc.assert(
    fc.property(ms, ms, fc.nat(0xfff), fc.nat(0xfff), random, random, (ms1, ms2, n1, n2, r1, r2) => {
      if (ms1 === ms2 && n1 === n2) return
      const isBefore = ms1 < ms2 || (ms1 === ms2 && n1 < n2)
      expect(uuidv7(ms1, n1, r1) < uuidv7(ms2, n2, r2)).toBe(isBefore)
    }),
  )
})

it.each([
  ['019bf000-0000-7000-8000-000000000001', true],
  ['019bf000-0000-8000-8000-000000000001', true],
  ['019bf000-0000-4000-8000-000000000001', false],
  ['019bf000-0000-7000-c000-000000000001', false],
  ['019BF000-0000-7000-8000-000000000001', false],
  ['019bf000-0000-7000-8000-00000000000', false],
  ['019bf00000007000800000000000000001', false],
  ['', false],
])('%s is the id of a message: %s', (text, then) => {
  expect(isMessageId(text)).toBe(then)
})

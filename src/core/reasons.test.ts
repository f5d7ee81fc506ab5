import fc from 'fast-check'
import { expect, it } from 'vitest'
import { explain, fromMask, reasonCodes, toMask } from './reasons.ts'

it('fit the 59 bits that a table has for them, in the order of the checks', () => {
  expect(reasonCodes.length).toBeLessThanOrEqual(59)
  fc.assert(
    fc.property(fc.subarray(reasonCodes), codes => {
      expect(fromMask(toMask(codes))).toEqual(codes)
      expect(fromMask(toMask([...codes].reverse()))).toEqual(codes)
    }),
  )
})

it('are explained in words that name nobody', () => {
  for (const { code, detail } of explain(reasonCodes)) {
    expect(code).toMatch(/^[a-z]+\.[a-z-]+$/)
    expect(detail).toMatch(/^[A-Z].*\.$/)
    expect(detail).not.toContain('@')
  }
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hash64 } from './hash64.ts'
import { codeNumber, codeText, readCode } from './message-code.ts'

const word = fc.integer({ min: 0, max: 0xffffffff })

describe('the code of a message', () => {
  it('is read back as the number that the register keeps', () => {
    fc.assert(
      fc.property(word, word, (hi, lo) => {
        const hash = hash64(hi, lo)
        expect(readCode(codeText(hash))).toBe(codeNumber(hash))
        expect(BigInt(codeNumber(hash))).toBeLessThan(2n ** 60n)
      }),
    )
  })

  const code = codeText(hash64(0x10410820, 0x00000004))

  it.each([
    ['as printed', code],
    ['in lower case', code.toLowerCase()],
    ['without dashes', code.replaceAll('-', '')],
    ['with spaces and other dashes', ` ${code.replaceAll('-', ' – ')} `],
    ['with O for 0', code.replaceAll('0', 'O')],
    ['with I for 1', code.replaceAll('1', 'I')],
    ['with l for 1', code.replaceAll('1', 'l')],
  ])('is read %s', (_, text) => {
    expect(code).toMatch(/1.*0|0.*1/)
    expect(readCode(text)).toBe(readCode(code))
    expect(readCode(text)).toBeDefined()
  })

  it.each([
    ['nothing', ''],
    ['too short', code.slice(1)],
    ['too long', `${code}0`],
    ['with a U', `U${code.slice(1)}`],
    ['with a letter of another script', `а${code.slice(1)}`],
    ['endless', `${code}${' '.repeat(100)}`],
  ])('is not read when it is %s', (_, text) => {
    expect(readCode(text)).toBeUndefined()
  })
})

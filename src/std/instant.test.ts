import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { earlier, hourOfWeek, instantText, parseInstant } from './instant.ts'

const anyInstant = fc.integer({ min: Date.UTC(-100, 0), max: Date.UTC(11_000, 0) })
const writable = fc.integer({ min: Date.parse('0000-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') })

describe('instantText', () => {
  it.each([
    [0, '1970-01-01T00:00:00.000Z'],
    [-1, '1969-12-31T23:59:59.999Z'],
    [951_782_400_000, '2000-02-29T00:00:00.000Z'],
    [1_767_862_800_123, '2026-01-08T09:00:00.123Z'],
    [1_767_862_800_123.9, '2026-01-08T09:00:00.123Z'],
  ])('%d is %s', (ms, text) => expect(instantText(ms)).toBe(text))

  it('is what Date writes, for every instant', () => {
    fc.assert(fc.property(anyInstant, ms => instantText(ms) === new Date(ms).toISOString()))
  })
})

describe('parseInstant', () => {
  it('reads what instantText writes', () => {
    fc.assert(fc.property(writable, ms => parseInstant(instantText(ms)) === ms))
  })

  it.each([
    ['2026-01-08T04:00:00-05:00', '2026-01-08T09:00:00.000Z'],
    ['2026-01-08t09:00:00z', '2026-01-08T09:00:00.000Z'],
    ['2026-01-08T09:00:00.123456789Z', '2026-01-08T09:00:00.123Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0000-02-29T12:00:00+23:59', '0000-02-28T12:01:00.000Z'],
  ])('%s is %s', (text, utc) => expect(instantText(parseInstant(text)!)).toBe(utc))

  it.each([
    '',
    '2026-01-08',
    '2026-01-08T09:00Z',
    '2026-01-08T09:00:00',
    '2026-01-08 09:00:00Z',
    '2026-13-08T09:00:00Z',
    '2026-00-08T09:00:00Z',
    '2026-02-29T09:00:00Z',
    '1900-02-29T09:00:00Z',
    '2026-01-00T09:00:00Z',
    '2026-01-08T24:00:00Z',
    '2026-01-08T09:60:00Z',
    '2026-01-08T09:00:61Z',
    '2026-01-08T09:00:00.Z',
    '2026-01-08T09:00:00+24:00',
    '2026-01-08T09:00:00+00:60',
    'Thu, 08 Jan 2026 09:00:00 GMT',
  ])('%j is none', text => expect(parseInstant(text)).toBeUndefined())
})

describe('hourOfWeek', () => {
  it.each([
    ['2026-01-05T00:00:00Z', 0],
    ['2026-01-05T00:59:59Z', 0],
    ['2026-01-05T09:00:00Z', 9],
    ['2026-01-04T23:59:59Z', 167],
    ['1969-12-29T00:00:00Z', 0],
    ['1969-12-28T23:00:00Z', 167],
  ])('%s is %d', (text, hour) => expect(hourOfWeek(parseInstant(text)!)).toBe(hour))

  it('is what Date says, for every instant', () => {
    fc.assert(
      fc.property(anyInstant, ms => {
        const date = new Date(ms)
        return hourOfWeek(ms) === ((date.getUTCDay() + 6) % 7) * 24 + date.getUTCHours()
      }),
    )
  })
})

describe('earlier', () => {
  it.each([
    [1, 2, 1],
    [2, 1, 1],
    [undefined, 1, 1],
    [1, undefined, 1],
    [undefined, undefined, undefined],
  ])('of %s and %s is %s', (a, b, first) => expect(earlier(a, b)).toBe(first))
})

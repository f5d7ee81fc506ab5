import { expect, it } from 'vitest'
import { assert, unreachable } from './assert.ts'

it.each([true, 1, 'text', {}])('holds for %j', value => {
  expect(() => assert(value, 'it holds')).not.toThrow()
})

it.each([false, 0, '', null, undefined])('says what must hold when there is %j', value => {
  expect(() => assert(value, 'it holds')).toThrow('assertion failed: it holds')
})

it('stops at a case that nobody has thought of', () => {
  expect(() => unreachable('other' as never)).toThrow('assertion failed: unknown case "other"')
})

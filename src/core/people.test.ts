import { describe, expect, it } from 'vitest'
import { commandLine, firstOperator, isSamePerson, isTakenName } from './people.ts'

describe('two names', () => {
  it.each([
    ['ana', 'ana', true],
    ['ana', 'ben', false],
    ['ana', 'Ana', false],
    [firstOperator, firstOperator, true],
    [firstOperator, commandLine, true],
    [commandLine, firstOperator, true],
    [commandLine, commandLine, true],
    ['ana', commandLine, false],
    [firstOperator, 'ana', false],
  ])('%s and %s are one person: %s', (a, b, same) => {
    expect(isSamePerson(a, b)).toBe(same)
    expect(isSamePerson(b, a)).toBe(same)
  })
})

describe('a name', () => {
  it.each([
    ['ana', false],
    ['first operator', true],
    ['Command Line', true],
    ['config', true],
    ['Tocsin', true],
  ])('%s is taken: %s', (name, taken) => {
    expect(isTakenName(name)).toBe(taken)
  })
})

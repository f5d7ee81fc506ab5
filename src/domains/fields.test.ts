import { describe, expect, it } from 'vitest'
import { fieldsOf } from './fields.ts'

describe('the fields of a record', () => {
  it.each([
    [
      'v=STSv1; id=1;',
      [
        ['v', 'STSv1'],
        ['id', '1'],
      ],
    ],
    [
      'v=X ;a=b;c=d=e ',
      [
        ['v', 'X'],
        ['a', 'b'],
        ['c', 'd=e'],
      ],
    ],
    ['v=X', [['v', 'X']]],
    ['v=X;;a=b', undefined],
    ['v=X; a = b', undefined],
    ['v=X; a=', undefined],
    ['v=X; =b', undefined],
    ['v=X; a=b c', undefined],
    ['', []],
  ])('%j', (text, then) => {
    expect(fieldsOf(text)).toEqual(then)
  })
})

import { describe, expect, it } from 'vitest'
import type { Slot } from '../definition.ts'
import { sampleSets } from './template.ts'

const slot = (samples: string[], required = false): Slot => ({
  type: 'text',
  control: 'trusted',
  required,
  charsMax: 10,
  characters: 'printable',
  samples,
})

describe('sets of sample values', () => {
  it('have each sample of each slot, and begin with what is required', () => {
    expect(sampleSets({ a: slot(['1', '2', '3'], true), b: slot(['x', 'y']), c: slot([]) })).toEqual([
      { a: '1' },
      { a: '1', b: 'x' },
      { a: '2', b: 'y' },
      { a: '3', b: 'x' },
    ])
  })

  it('of nothing are empty', () => {
    expect(sampleSets({})).toEqual([{}, {}])
  })
})

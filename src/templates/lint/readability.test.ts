import { describe, expect, it } from 'vitest'
import { lixMaxOf, readability } from './readability.ts'

describe('LIX', () => {
  it('is words in a sentence plus the percentage of long words', () => {
    // 4 sentences of 10 words, one of each has seven letters or more: 10 + 10.
    const sentence = 'the cat sat on a mat and had lemonade too'
    expect(readability(Array.from({ length: 4 }, () => sentence))).toMatchObject({ lix: 20 })
  })

  it('says nothing of few words, and counts no numbers', () => {
    expect(readability(['one two three'])).toBeUndefined()
    expect(readability(Array.from({ length: 39 }, () => 'word 12 34-56'))).toBeUndefined()
    expect(readability(Array.from({ length: 40 }, () => 'word 12 34-56'))).toMatchObject({ lix: 1 })
  })

  it.each([
    ['en', 46],
    ['de', 53],
    ['es', 61],
    ['ja', undefined],
    [undefined, undefined],
  ])('%s: at most %s', (language, most) => {
    expect(lixMaxOf(language)).toBe(most)
  })
})

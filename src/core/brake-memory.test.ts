import { describe, expect, it } from 'vitest'
import { Random } from '../std/random.ts'
import { count, countMax, countOf, newBrakeMemory, sweepBrakeMemory, unuse, use, usedUntil } from './brake-memory.ts'

const word = (random: Random): number => random.integer(0, 0x1_0000_0000)
const million = 1_000_000
const hour = 490_000
/** 16,384 sets of 128 bytes, at the emptiest that a shard of a table may be. */
const bytesMax = (16_384 * 128 * 1.12) / 0.82

describe('the mailboxes of an hour', () => {
  it.each([1, 3])('%i million of them: nobody is counted for what others got', millions => {
    const seed = 11
    console.log(`seed ${seed}`)
    const memory = newBrakeMemory()
    const random = new Random(seed)
    // Some are written to as often as they may be, all the hour long.
    const often = Array.from({ length: 1000 }, () => ({ hi: word(random), lo: word(random), sent: 0 }))
    let [over, two] = [0, 0]
    for (let n = 0; n < millions * million; n++) {
      if (n % (millions * 100) === 0) {
        const one = often[(n / (millions * 100)) % often.length]!
        if (count(memory, one.hi, one.lo, hour) > ++one.sent) over++
      }
      if (count(memory, word(random), word(random), hour) > 1) two++
    }
    expect(often.every(({ sent }) => sent === 10)).toBe(true)
    expect(over).toBe(0)
    // 29 places of 22 bits: so many of a million look like another, once.
    expect(two).toBeLessThanOrEqual(millions * 20)
    expect(memory.brakeMailboxes.bytes).toBeLessThanOrEqual(bytesMax)
  }, 60_000)

  it('a loop is counted to the last message, in the middle of millions', () => {
    const memory = newBrakeMemory()
    const random = new Random(12)
    for (let n = 0; n < million; n++) count(memory, word(random), word(random), hour)
    const [hi, lo] = [word(random), word(random)]
    for (let n = 1; n <= 50; n++) {
      expect(countOf(memory, hi, lo, hour)).toBe(n - 1)
      expect(count(memory, hi, lo, hour)).toBe(n)
      for (let other = 0; other < 2000; other++) count(memory, word(random), word(random), hour)
    }
  })

  it('begins anew each hour, and ends at its largest number', () => {
    const memory = newBrakeMemory()
    for (let n = 0; n < countMax + 5; n++) count(memory, 1, 2, hour)
    expect(countOf(memory, 1, 2, hour)).toBe(countMax)
    expect(countOf(memory, 1, 2, hour + 1)).toBe(0)
    expect(count(memory, 1, 2, hour + 1)).toBe(1)
  })
})

describe('what was used', () => {
  it('nothing is that was not, of three million; the newest hundred thousand are', () => {
    const memory = newBrakeMemory()
    const random = new Random(13)
    const newest: [number, number][] = []
    for (let n = 0; n < 3 * million; n++) {
      const [hi, lo] = [word(random), word(random)]
      if (use(memory, hi, lo, 1000 + Math.floor(n / 800)) !== 0) throw new Error(`${hi} ${lo} was used by nobody`)
      if (n >= 3 * million - 100_000) newest.push([hi, lo])
    }
    const kept = newest.filter(([hi, lo]) => usedUntil(memory, hi, lo) > 0).length
    expect(kept).toBeGreaterThan(0.95 * newest.length)
    expect(memory.brakeUsed.bytes).toBeLessThanOrEqual(bytesMax)
  }, 60_000)

  it('is given back, and forgotten after its time', () => {
    const memory = newBrakeMemory()
    expect([use(memory, 7, 8, 100), use(memory, 7, 8, 200), usedUntil(memory, 7, 8)]).toEqual([0, 100, 200])
    unuse(memory, 7, 8)
    expect(usedUntil(memory, 7, 8)).toBe(0)
    use(memory, 7, 8, 200)
    count(memory, 7, 8, hour)
    for (let turn = 0; turn < 256; turn++) sweepBrakeMemory(memory, turn, 199, hour)
    expect([memory.brakeUsed.size, memory.brakeMailboxes.size]).toEqual([1, 1])
    for (let turn = 0; turn < 256; turn++) sweepBrakeMemory(memory, turn, 200, hour + 1)
    expect([memory.brakeUsed.size, memory.brakeMailboxes.size]).toEqual([0, 0])
  })
})

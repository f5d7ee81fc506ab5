import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Room } from './room.ts'

describe('room', () => {
  it('is given out in order, never more than there is, and to all in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 30 }), async counts => {
        const room = new Room(10)
        const entered: number[] = []
        let taken = 0
        await Promise.all(
          counts.map(async (count, i) => {
            await room.take(count)
            entered.push(i)
            taken += count
            expect(taken === count || taken <= 10).toBe(true)
            await Promise.resolve()
            taken -= count
            room.give(count)
          }),
        )
        expect(entered).toEqual(counts.map((_, i) => i))
      }),
    )
  })
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { partitionClock } from './clock.ts'

const start = 1_800_000_000_000

it.each([
  ['runs with the monotonic clock', 0, 0, 5000, 5000],
  ['begins at the last instant of the journal when the machine is behind it', 9000, 0, 5000, 14_000],
  ['believes a wall clock that is set forward', 0, 3_600_000, 5000, 3_605_000],
  ['does not follow one that is set back', 0, -3_600_000, 5000, 5000],
  ['leaves small differences alone', 0, 900, 5000, 5000],
])('%s', (_name, lastAhead, step, passed, then) => {
  let [wall, monotonic] = [start, 77]
  const clock = partitionClock(start + lastAhead, { wall: () => wall, monotonic: () => monotonic })
  wall += passed + step
  monotonic += passed
  expect(clock.now()).toBe(start + then)
})

it('never goes back, whatever the machine does', () => {
  const step = fc.record({ passed: fc.nat(10_000), jump: fc.integer({ min: -7_200_000, max: 7_200_000 }) })
  fc.assert(
    fc.property(fc.array(step), steps => {
      let [wall, monotonic, last] = [start, 0, 0]
      const clock = partitionClock(start, { wall: () => wall, monotonic: () => monotonic })
      for (const { passed, jump } of steps) {
        wall += passed + jump
        monotonic += passed
        const now = clock.now()
        expect(now).toBeGreaterThanOrEqual(last)
        expect(Number.isInteger(now)).toBe(true)
        last = now
      }
    }),
  )
})

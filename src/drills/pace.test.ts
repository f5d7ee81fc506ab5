import { describe, expect, it } from 'vitest'
import { ramped, surging } from './pace.ts'
import { type Parameters, parameterDefaults } from './parameters.ts'

const minute = 60_000
const given = (parameters: Partial<Parameters>): Parameters => ({ ...parameterDefaults, perSecond: 64, ...parameters })

describe('a ramp', () => {
  it.each([
    ['step', 0, 64],
    ['step', 60 * minute, 64],
    ['linear', 0, 1],
    ['linear', 5 * minute, 32],
    ['linear', 10 * minute, 64],
    ['linear', 60 * minute, 64],
    ['exponential', 0, 1],
    ['exponential', 5 * minute, 8],
    ['exponential', 10 * minute, 64],
    ['exponential', 60 * minute, 64],
  ] as const)('%s, after %d ms: %d a second', (ramp, elapsedMs, perSecond) => {
    expect(ramped(given({ ramp, rampMs: 10 * minute }))(elapsedMs)).toBeCloseTo(perSecond, 9)
  })
})

describe('a surge', () => {
  const pace = surging(given({ ramp: 'linear', rampMs: 4 * minute }), { holdMs: 6 * minute, halfLifeMs: 10 * minute })
  it.each([
    [2 * minute, 32],
    [4 * minute, 64],
    [10 * minute, 64],
    [20 * minute, 32],
    [30 * minute, 16],
    [600 * minute, 0.64],
  ])('after %d ms: %d a second', (elapsedMs, perSecond) => expect(pace(elapsedMs)).toBeCloseTo(perSecond, 9))
})

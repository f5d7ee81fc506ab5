import { exp } from '../std/exponential.ts'
import type { Parameters } from './parameters.ts'

/** How many a second, `elapsedMs` after the start. Never 0: what has a pace goes on. */
export type Pace = (elapsedMs: number) => number

const ln2 = Math.LN2
/** An exponential ramp doubles six times on its way to the height. */
const doublings = 6
const rampStart = 1 / 2 ** doublings

/** At once, in a straight line over `rampMs`, or doubling every sixth of `rampMs`. */
export function ramped({ ramp, rampMs, perSecond }: Parameters): Pace {
  switch (ramp) {
    case 'step':
      return () => perSecond
    case 'linear':
      return elapsedMs => perSecond * Math.min(1, Math.max(rampStart, elapsedMs / rampMs))
    case 'exponential':
      return elapsedMs =>
        elapsedMs >= rampMs ? perSecond : perSecond * rampStart * exp((ln2 * doublings * elapsedMs) / rampMs)
  }
}

/**
 * What people do at once when something happens: the ramp up, then half as many every `halfLifeMs`. It never falls below a hundredth of the
 * height, so that the size is reached.
 */
export function surging(parameters: Parameters, { holdMs, halfLifeMs }: { holdMs: number; halfLifeMs: number }): Pace {
  const up = ramped(parameters)
  const climbMs = parameters.ramp === 'step' ? 0 : parameters.rampMs
  return elapsedMs => {
    const after = elapsedMs - climbMs - holdMs
    if (after <= 0) return up(elapsedMs)
    return parameters.perSecond * Math.max(0.01, exp((-ln2 * after) / halfLifeMs))
  }
}

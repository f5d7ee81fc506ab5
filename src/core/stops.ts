import type { Policy } from './policy.ts'
import { covers, isSameScope, type Place, type Scope } from './scope.ts'

/**
 * What is stopped, by people and by detectors alike. A person's stop holds until it is lifted or its time is over. A detector's breaker is
 * open for a while, then half-open: a few canaries an interval, and closed when nothing was found for the whole of the trial. Each time
 * that it opens again before it had closed it stays open twice as long. A stop never grows wider by itself.
 */
export type Stop = {
  scope: Scope
  by: string
  reason: string
  since: number
  /** A person's stop ends by itself then. */
  until?: number
  /** Of a breaker that a detector opened. */
  breaker?: Breaker
  /** What was on its way when the breaker opened has been caught. */
  isSwept?: boolean
}

export type Breaker = {
  /** Id of the alarm that opened it. */
  alarm: number
  /** How often it has opened without having closed between. */
  trips: number
  phase: 'open' | 'half-open'
  /** When the phase ends: an open breaker becomes half-open, a half-open one closes. */
  endsAt: number
  /** Canaries that went in the interval that began at `intervalAt`. */
  canaries: number
  intervalAt: number
  /** When those who wait longest are next let through, in a trial. */
  slowAt?: number
}

/** Each stop is looked at for each message that comes. */
export const stopsMax = 256
/** The rest is kept for people: whatever detectors have found, a person can stop a class. */
export const breakersMax = 192

/** Detectors act under this name. */
export const byDetector = 'detector'

/** A person's stop of exactly this scope. A breaker may stand beside it, and outlasts it when it ends by itself. */
export const findStop = (stops: readonly Stop[], scope: Scope): Stop | undefined =>
  stops.find(stop => !stop.breaker && isSameScope(stop.scope, scope))

export const findBreaker = (stops: readonly Stop[], scope: Scope): (Stop & { breaker: Breaker }) | undefined =>
  stops.find((stop): stop is Stop & { breaker: Breaker } => isBreaker(stop) && isSameScope(stop.scope, scope))

const isBreaker = (stop: Stop): stop is Stop & { breaker: Breaker } => stop.breaker !== undefined

/** Whether a breaker can open here. */
export const mayOpen = (stops: readonly Stop[], scope: Scope): boolean =>
  stops.length < breakersMax || stops.filter(isBreaker).length < breakersMax || findBreaker(stops, scope) !== undefined

/** The stop that holds for a place now, if any; a person's first, and an open breaker before one that lets canaries through. */
export function stopOf(
  { stops, policy }: { stops: readonly Stop[]; policy: Policy },
  place: Place,
  now: number,
): Stop | undefined {
  if (stops.length === 0) return undefined
  let found: Stop | undefined
  for (const stop of stops) {
    if (!covers(stop.scope, place) || !holds(stop, policy, now)) continue
    if (!stop.breaker) return stop
    if (!found || found.breaker?.phase === 'half-open') found = stop
  }
  return found
}

/** A half-open breaker holds when the canaries of its interval are used up. */
export function holds({ until, breaker }: Stop, policy: Policy, now: number): boolean {
  if (!breaker) return until === undefined || now < until
  if (breaker.phase === 'open') return true
  return canariesLeft(breaker, policy, now) === 0
}

/** Half-open breakers that a message at this place is a canary of. */
export const trialsOf = (stops: readonly Stop[], place: Place): Stop[] =>
  stops.filter(({ scope, breaker }) => breaker?.phase === 'half-open' && covers(scope, place))

/** How long a breaker stays open that opens for the n-th time. */
export function openMs({ breakers }: Policy, trips: number): number {
  let ms = breakers.openMs
  for (let i = 1; i < trips && ms < breakers.openMsMax; i++) ms *= 2
  return Math.min(ms, breakers.openMsMax)
}

/** The next instant at which a stop changes by itself. */
export function nextStopDue(stops: readonly Stop[]): number | undefined {
  let due: number | undefined
  for (const { until, since, breaker, isSwept } of stops) {
    const at = breaker && !isSwept ? since : (earlier(breaker?.endsAt, breaker?.slowAt) ?? until)
    if (at !== undefined && (due === undefined || at < due)) due = at
  }
  return due
}

const earlier = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a

/** How many more canaries may go now. */
export function canariesLeft({ phase, canaries, intervalAt }: Breaker, { breakers }: Policy, now: number): number {
  if (phase === 'open') return 0
  return now - intervalAt >= breakers.canaryIntervalMs ? breakers.canaries : Math.max(0, breakers.canaries - canaries)
}

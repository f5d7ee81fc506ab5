import {
  alarmsOf,
  countMessage,
  type Forecast,
  isProven,
  newForecast,
  prepare,
} from '../../../src/core/detectors/forecast.ts'
import { surge, surgeCells } from '../../../src/core/detectors/surge.ts'
import { hardDays, softDays } from '../../../src/core/detectors/watch.ts'
import { Random } from '../../../src/std/random.ts'
import { type Background, dayMs, drawMinute, hourMs, minuteMs, type Series } from './backgrounds.ts'
import { forecastFrom, shareOfRate } from './rate-gauges.ts'
import { knownAt } from './sends.ts'
import { poissonInterval } from './statistics.ts'

// Traffic with no incident in it: whatever is stopped here is a false stop.

export type QuietRow = {
  background: string
  level: number
  /** `loaded`: what is usual was vouched for. `learnt`: from nothing, and only what came once it might enforce counts. */
  history: 'loaded' | 'learnt'
  /** Counts come by so many ms; shorter blocks are left out. */
  stepMs: number
  days: number
  hard: number
  hardPer30Days: [value: number, from: number, to: number]
  soft: number
  softPer30Days: [value: number, from: number, to: number]
}

export type QuietOptions = { level: number; history: QuietRow['history']; days: number; seed: number }

/** An episode is over when the evidence was low for so long. */
const episodeMs = hourMs

/** The rate test of a lane's stream as the gate asks it, over counts. */
class RateWatch {
  readonly #cells = new Float64Array(surgeCells)
  readonly #forecast: Forecast
  readonly #finest: number
  #from = -1
  #softAt = Number.NEGATIVE_INFINITY
  #hardAt = Number.NEGATIVE_INFINITY
  soft = 0
  hard = 0

  constructor(forecast: Forecast, finest: number) {
    this.#forecast = forecast
    this.#finest = finest
  }

  take(at: number, count: number): void {
    const tables = prepare(this.#forecast, at, this.#from)
    const days = tables
      ? shareOfRate * surge(this.#cells, tables, { from: this.#from, at, count, keep: true, finest: this.#finest })
      : 0
    if (tables) this.#from = at
    if (days < softDays) return countMessage(this.#forecast, at, count)
    const enforces = isProven(this.#forecast, at)
    if (enforces && at - this.#softAt > episodeMs) this.soft++
    this.#softAt = at
    if (days < hardDays) return
    if (enforces && at - this.#hardAt > episodeMs) this.hard++
    this.#hardAt = at
    // As after a breaker's return.
    this.#cells.fill(0)
    this.#from = -1
  }
}

/** One message at a time while they are few, else by blocks of ten seconds. */
const singleLevelMax = 2

export function measureQuiet(one: Background, { level, history, days, seed }: QuietOptions): QuietRow {
  const random = new Random(seed)
  const isReal = Number.isFinite(one.until)
  const steps = level <= singleLevelMax ? 60 : 6
  const stepMs = minuteMs / steps
  const finest = steps === 60 ? 0 : 1
  const from = one.from + (history === 'loaded' && isReal ? 28 * dayMs : 0)
  const until = isReal ? Math.min(one.until, from + days * dayMs) : from + days * dayMs
  const forecast = history === 'loaded' ? forecastFrom(knownAt(one, from, level)) : newForecast({ finestScale: finest })
  const watch = new RateWatch(forecast, finest)
  const into = new Uint32Array(steps)
  let proven = 0
  for (let at = from; at < until; at += minuteMs) {
    drawMinute(one, { at, level, random, into })
    for (let step = 0; step < steps; step++) if (into[step]! > 0) watch.take(at + step * stepMs, into[step]!)
    if ((at - from) % hourMs === 0 && isProven(forecast, at)) proven++
  }
  const seen = proven / 24
  return {
    background: one.name,
    level,
    history,
    stepMs,
    days: seen,
    hard: watch.hard,
    hardPer30Days: per30(watch.hard, seen),
    soft: watch.soft,
    softPer30Days: per30(watch.soft, seen),
  }
}

function per30(alarms: number, days: number): [number, number, number] {
  const [from, to] = poissonInterval(alarms)
  const scale = days > 0 ? 30 / days : 0
  return [alarms * scale, from * scale, to * scale]
}

export type RealRow = {
  series: string
  days: number
  alarms: number
  outside: number
  per30Days: [value: number, from: number, to: number]
  outsidePer30Days: [value: number, from: number, to: number]
  proven: boolean
  at: number[]
}

/** A real series as it was counted, the forecast learnt from it as it goes: alarms of the back-test that decides whether a class may enforce. */
export function measureReal({ name, minutes, counts, windows }: Series): RealRow {
  const forecast = newForecast({ finestScale: minutes === 1 ? 2 : 3 })
  const slots = Math.max(1, minutes / 10)
  const at: number[] = []
  for (const one of counts) {
    const before = alarmsOf(forecast)
    for (let slot = 0; slot < slots; slot++) {
      const part = Math.floor((one.count * (slot + 1)) / slots) - Math.floor((one.count * slot) / slots)
      if (part > 0) countMessage(forecast, one.at + slot * 10 * minuteMs, part)
    }
    if (alarmsOf(forecast) > before) at.push(one.at)
  }
  const days = (counts.at(-1)!.at - counts[0]!.at) / dayMs
  const outside = at.filter(alarm => !windows.some(([from, until]) => alarm >= from && alarm <= until)).length
  return {
    series: name,
    days,
    alarms: at.length,
    outside,
    per30Days: per30(at.length, days),
    outsidePer30Days: per30(outside, days),
    proven: isProven(forecast, counts.at(-1)!.at),
    at,
  }
}

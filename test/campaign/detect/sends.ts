import { countMessage, type Forecast } from '../../../src/core/detectors/forecast.ts'
import { hourOfWeek } from '../../../src/std/instant.ts'
import { Random } from '../../../src/std/random.ts'
import { type Background, dayMs, drawInstants, drawMinute, hourMs, minuteMs } from './backgrounds.ts'
import { forecastFrom, type Gauge, type Known, OracleCusum, Ours } from './rate-gauges.ts'
import { boundOf, levelPassedOncePer, type Spread, spreadOf } from './statistics.ts'

/** An hour of ordinary messages one by one, and then a send at a steady pace among them. */
export type Send = {
  onset: number
  usual: number[]
  wrongful: number[]
  ratio: number
  known: Known
  forecast(): Forecast
}

const sendMessagesMax = 20_000
const softHoldMs = 10_000

export function drawSend(one: Background, { seed, level, perSecond }: SendOptions): Send {
  const random = new Random(seed).fork(Math.round(level * 10))
  const known28 = one.from + (Number.isFinite(one.until) ? 28 * dayMs : 0)
  const last = Math.min(one.until, known28 + 7 * dayMs * 8) - 3 * hourMs
  const onset = known28 + dayMs + Math.floor(random.uniform() * (last - known28 - dayMs))
  const from = Math.floor((onset - hourMs) / minuteMs) * minuteMs
  const gap = 1_000 / perSecond
  const count = Math.min(sendMessagesMax, Math.floor(hourMs / gap))
  const wrongful = Array.from({ length: count }, (_, index) => onset + Math.floor(index * gap))
  const usual = drawInstants(one, { from, until: wrongful.at(-1)! + minuteMs, level, random })
  const known = knownAt(one, from, level)
  const usualPerSecond = known.mean[hourOfWeek(onset)]! / 60
  const past = dayBefore(one, { from, level, random })
  return { onset, usual, wrongful, ratio: 1 + perSecond / usualPerSecond, known, forecast: () => taught(known, past) }
}
type SendOptions = { seed: number; level: number; perSecond: number }

export function knownAt(one: Background, at: number, level: number): Known {
  const { mean, sd } = one.historyAt(at)
  const scaled = mean.map(rate => level * rate)
  if (one.dispersion !== Number.POSITIVE_INFINITY)
    return {
      mean: scaled,
      sd: scaled.map(rate => Math.sqrt(rate + (rate * rate) / one.dispersion)),
      dispersion: one.dispersion,
    }
  // What Poisson adds at this level, to what the real rate scatters.
  return { mean: scaled, sd: sd.map((value, hour) => Math.sqrt(level * level * value * value + scaled[hour]!)) }
}

/** Seconds with their counts: on real rates the last day teaches level, scatter and κ; where all is known nothing need be learnt. */
function dayBefore(one: Background, { from, level, random }: { from: number; level: number; random: Random }) {
  const seconds: { at: number; count: number }[] = []
  if (one.dispersion !== Number.POSITIVE_INFINITY) return seconds
  const into = new Uint32Array(60)
  for (let at = from - dayMs; at < from; at += minuteMs) {
    drawMinute(one, { at, level, random, into })
    into.forEach((count, second) => {
      if (count > 0) seconds.push({ at: at + second * 1_000, count })
    })
  }
  return seconds
}

function taught(known: Known, past: { at: number; count: number }[]): Forecast {
  const forecast = forecastFrom(known)
  for (const { at, count } of past) countMessage(forecast, at, count)
  return forecast
}

export type Outcome = { delivered: number; seconds?: number; isStopped: boolean; isFalse: boolean; withheld: number }

/** `delivered`: wrongful messages that went. What waits for seconds is recalled by a stop that comes before they are over. */
export function playSend(gauge: Gauge, { onset, usual, wrongful }: Send): Outcome {
  let [delivered, withheld, next, waited] = [0, 0, 0, 0]
  const waiting: number[] = []
  const release = (until: number) => {
    while (waited < waiting.length && waiting[waited]! + softHoldMs <= until) waited++
  }
  for (const at of wrongful) {
    for (; next < usual.length && usual[next]! <= at; next++) {
      const verdict = gauge.message(usual[next]!, false)
      if (verdict !== 'pass') withheld++
      if (verdict !== 'stop') continue
      release(usual[next]!)
      const isFalse = usual[next]! < onset
      return {
        delivered: delivered + waited,
        seconds: (usual[next]! - onset) / 1_000,
        isStopped: !isFalse,
        isFalse,
        withheld,
      }
    }
    const verdict = gauge.message(at, true)
    if (verdict === 'stop') {
      release(at)
      return { delivered: delivered + waited, seconds: (at - onset) / 1_000, isStopped: true, isFalse: false, withheld }
    }
    if (verdict === 'pass') delivered++
    if (verdict === 'wait') waiting.push(at)
  }
  return { delivered: delivered + waiting.length, isStopped: false, isFalse: false, withheld }
}

export type SendRow = {
  background: string
  level: number
  perSecond: number
  seeds: number
  ratio: number
  delivered: Spread
  neverStopped: number
  falseBefore: number
  seconds: Spread
  bound: number
  perBound: number
  /** Where it can be calibrated: on ordinary traffic whose law is known. */
  oracle?: number
  perOracle?: number
  withCauses: Spread
}

/** One background, level and pace over seeds: ours with causes hidden and reported, the bound and the oracle. */
export function measureSends(
  one: Background,
  { seeds, level, perSecond }: { seeds: number[] } & Omit<SendOptions, 'seed'>,
): SendRow {
  const sends = seeds.map(seed => drawSend(one, { seed, level, perSecond }))
  const outcomes = sends.map(send =>
    playSend(new Ours({ forecast: send.forecast(), at: send.usual[0] ?? send.onset }), send),
  )
  const caused = sends.map(send =>
    playSend(new Ours({ forecast: send.forecast(), at: send.usual[0] ?? send.onset, causes: true }), send),
  )
  const stopped = outcomes.filter(({ isFalse }) => !isFalse)
  const ratios = sends.map(({ ratio }) => ratio)
  const ratio = spreadOf(ratios).median
  const bound = boundOf(ratio, 365 * 1_440 * level)
  const oracle =
    one.dispersion === Number.POSITIVE_INFINITY || ratio < 2 ? undefined : oracleOf(one, { sends, level, ratio })
  const delivered = spreadOf(stopped.map(outcome => outcome.delivered))
  return {
    background: one.name,
    level,
    perSecond,
    seeds: seeds.length,
    ratio,
    delivered,
    neverStopped: stopped.filter(({ isStopped }) => !isStopped).length,
    falseBefore: outcomes.length - stopped.length,
    seconds: spreadOf(stopped.flatMap(({ seconds }) => seconds ?? [])),
    bound,
    perBound: delivered.median / bound,
    ...(oracle !== undefined && { oracle, perOracle: delivered.median / Math.max(1, oracle) }),
    withCauses: spreadOf(caused.map(outcome => outcome.delivered)),
  }
}

const calibrationMessagesMax = 300_000

/** Median of the oracle, its height such that it stops once a year on ordinary traffic of the same kind. */
function oracleOf(one: Background, { sends, level, ratio }: { sends: Send[]; level: number; ratio: number }): number {
  const random = new Random(7)
  const days = Math.max(0.25, Math.min(60, calibrationMessagesMax / (level * 1_440)))
  const from = one.from + (Number.isFinite(one.until) ? 28 * dayMs : 0)
  const instants = drawInstants(one, { from, until: from + Math.floor(days * 1_440) * minuteMs, level, random })
  const known = knownAt(one, from, level)
  const gauge = new OracleCusum({ ratio, height: Number.POSITIVE_INFINITY, known })
  const heights: number[] = []
  let height = 0
  const floor = Math.log(ratio)
  for (const at of instants) {
    gauge.message(at)
    // An excursion ends where the sum has come back to nothing.
    if (gauge.value <= floor * (1 + 1e-9) && height > 0) {
      heights.push(height)
      height = 0
    }
    height = Math.max(height, gauge.value)
  }
  const threshold = levelPassedOncePer(365 / days, heights)
  const outcomes = sends.map(send =>
    playSend(new OracleCusum({ ratio: send.ratio, height: threshold, known: send.known }), send),
  )
  return spreadOf(outcomes.filter(({ isFalse }) => !isFalse).map(({ delivered }) => delivered)).median
}

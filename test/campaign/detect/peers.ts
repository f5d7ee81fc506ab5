import { hourOfWeek } from '../../../src/std/instant.ts'
import { Random } from '../../../src/std/random.ts'
import { type Background, dayMs, drawMinute, hourMs, minuteMs } from './backgrounds.ts'
import { type Gauge, type Known, Ours, PrometheusRule, SeasonalScore, StaticLimit, TokenBucket } from './rate-gauges.ts'
import { drawSend, knownAt, playSend } from './sends.ts'
import { quantile, type Spread, spreadOf } from './statistics.ts'

// What others do about it, each made as quiet as ours on ordinary traffic before it is compared.

export const peerNames = ['static limit', 'token bucket', 'rate[1m] > f·baseline for 1m', 'seasonal z, 1 min'] as const
export type PeerName = (typeof peerNames)[number]

/** Ordinary traffic by the scrape of 15 s. */
export type Quiet = { counts: Uint32Array; from: number; days: number; known: Known; burst: number }

const scrapes = 4

export function drawQuiet(
  one: Background,
  { level, days, seed }: { level: number; days: number; seed: number },
): Quiet {
  const random = new Random(seed)
  const isReal = Number.isFinite(one.until)
  const from = one.from + (isReal ? 28 * dayMs : 0)
  const minutes = Math.floor(Math.min(days * 1_440, isReal ? (one.until - from) / minuteMs : Number.POSITIVE_INFINITY))
  const counts = new Uint32Array(minutes * scrapes)
  for (let minute = 0; minute < minutes; minute++)
    drawMinute(one, {
      at: from + minute * minuteMs,
      level,
      random,
      into: counts.subarray(minute * scrapes, (minute + 1) * scrapes),
    })
  const perMinute = Array.from({ length: minutes }, (_, minute) => minuteOf(counts, minute))
  return {
    counts,
    from,
    days: minutes / 1_440,
    known: knownAt(one, from, level),
    burst: 2 * quantile(perMinute, 0.999),
  }
}

const minuteOf = (counts: Uint32Array, minute: number): number => {
  let sum = 0
  for (let scrape = 0; scrape < scrapes; scrape++) sum += counts[minute * scrapes + scrape]!
  return sum
}

/** Alarms, at most one an hour: a rule that fires all the time has twenty-four a day. */
function episodes({ counts }: Quiet, isAlarm: (scrape: number) => boolean): number {
  let [alarms, counted] = [0, Number.NEGATIVE_INFINITY]
  for (let scrape = 0; scrape < counts.length; scrape++) {
    if (!isAlarm(scrape) || scrape - counted < (hourMs / minuteMs) * scrapes) continue
    alarms++
    counted = scrape
  }
  return alarms
}

/** False alarms of a peer with a parameter: limit, refill per minute, factor or sigmas. */
export function falseAlarms(name: PeerName, parameter: number, quiet: Quiet): number {
  const { counts, from, known, burst } = quiet
  const hourAt = (scrape: number) => hourOfWeek(from + (scrape * minuteMs) / scrapes)
  switch (name) {
    case 'static limit':
      return episodes(quiet, scrape => scrape % scrapes === 3 && minuteOf(counts, (scrape - 3) / scrapes) > parameter)
    case 'token bucket': {
      let tokens = burst
      return episodes(quiet, scrape => {
        tokens = Math.min(burst, tokens + parameter / scrapes) - counts[scrape]!
        const isOver = tokens < 0
        if (isOver) tokens = 0
        return isOver
      })
    }
    case 'rate[1m] > f·baseline for 1m': {
      let firing = 0
      return episodes(quiet, scrape => {
        let rate = 0
        for (let back = Math.max(0, scrape - 3); back <= scrape; back++) rate += counts[back]!
        firing = rate > parameter * known.mean[hourAt(scrape)]! ? firing + 1 : 0
        return firing > scrapes
      })
    }
    case 'seasonal z, 1 min':
      return episodes(quiet, scrape => {
        if (scrape % scrapes !== 3) return false
        const hour = hourAt(scrape - 3)
        return (
          (minuteOf(counts, (scrape - 3) / scrapes) - known.mean[hour]!) / Math.max(1e-9, known.sd[hour]!) > parameter
        )
      })
  }
}

const unit: Record<PeerName, (quiet: Quiet) => number> = {
  'static limit': quiet => quiet.burst / 4,
  'token bucket': quiet => quiet.burst / 8,
  'rate[1m] > f·baseline for 1m': () => 1,
  'seasonal z, 1 min': () => 1,
}

/** The tightest parameter with no more alarms than allowed. */
export function tuned(name: PeerName, quiet: Quiet[], alarmsMax: number): number {
  const total = (parameter: number) => quiet.reduce((sum, one) => sum + falseAlarms(name, parameter, one), 0)
  let high = unit[name](quiet[0]!)
  while (total(high) > alarmsMax) high *= 2
  let low = 0
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2
    if (total(middle) > alarmsMax) low = middle
    else high = middle
  }
  return high
}

export function peerOf(name: PeerName, parameter: number, { known, burst }: { known: Known; burst: number }): Gauge {
  switch (name) {
    case 'static limit':
      return new StaticLimit(parameter)
    case 'token bucket':
      return new TokenBucket({ burst, perMinute: parameter })
    case 'rate[1m] > f·baseline for 1m':
      return new PrometheusRule(parameter, known)
    case 'seasonal z, 1 min':
      return new SeasonalScore(parameter, known)
  }
}

export type PeerRow = {
  background: string
  level: number
  detector: string
  parameter: number
  falsePerYear: number
  /** By messages a second of the send. */
  delivered: Record<string, Spread & { neverStopped: number }>
}

export const paces = [0.5, 5, 50]

export function comparePeers(
  one: Background,
  { level, seeds, days, devSeeds }: { level: number; seeds: number[]; days: number; devSeeds: number[] },
): PeerRow[] {
  const quiet = devSeeds.map(seed => drawQuiet(one, { level, days: days / devSeeds.length, seed }))
  const years = quiet.reduce((sum, each) => sum + each.days, 0) / 365
  const alarmsMax = Math.floor(Math.max(1, years))
  const burst = Math.max(...quiet.map(each => each.burst))
  const rows: PeerRow[] = [false, true].map(causes => ({
    background: one.name,
    level,
    detector: causes ? 'Tocsin, causes reported' : 'Tocsin, causes hidden',
    parameter: 365,
    falsePerYear: Number.NaN,
    delivered: sentTo(
      one,
      { level, seeds },
      send => new Ours({ forecast: send.forecast(), at: send.usual[0] ?? send.onset, causes }),
    ),
  }))
  for (const name of peerNames) {
    const parameter = tuned(name, quiet, alarmsMax)
    const alarms = quiet.reduce((sum, each) => sum + falseAlarms(name, parameter, each), 0)
    rows.push({
      background: one.name,
      level,
      detector: name,
      parameter,
      falsePerYear: alarms / years,
      delivered: sentTo(one, { level, seeds }, ({ known }) => peerOf(name, parameter, { known, burst })),
    })
  }
  return rows
}

type Drawn = ReturnType<typeof drawSend>

function sentTo(one: Background, { level, seeds }: { level: number; seeds: number[] }, gauge: (send: Drawn) => Gauge) {
  const delivered: PeerRow['delivered'] = {}
  for (const perSecond of paces) {
    const outcomes = seeds.map(seed => {
      const send = drawSend(one, { seed, level, perSecond })
      return playSend(gauge(send), send)
    })
    const counted = outcomes.filter(({ isFalse }) => !isFalse)
    delivered[perSecond] = {
      ...spreadOf(counted.map(outcome => outcome.delivered)),
      neverStopped: counted.filter(({ isStopped }) => !isStopped).length,
    }
  }
  return delivered
}

export type ParetoPoint = { detector: string; parameter: number; falsePerYear: number; delivered: number }

/** Wrongful messages against false stops, each detector over a range of its parameter, sends of 5 a second. */
export function pareto(
  one: Background,
  { level, seeds, days, devSeeds }: { level: number; seeds: number[]; days: number; devSeeds: number[] },
): ParetoPoint[] {
  const quiet = devSeeds.map(seed => drawQuiet(one, { level, days: days / devSeeds.length, seed }))
  const years = quiet.reduce((sum, each) => sum + each.days, 0) / 365
  const burst = Math.max(...quiet.map(each => each.burst))
  const sends = seeds.map(seed => drawSend(one, { seed, level, perSecond: 5 }))
  const medianOf = (gauge: (send: Drawn) => Gauge) =>
    quantile(
      sends.map(send => playSend(gauge(send), send)).flatMap(({ isFalse, delivered }) => (isFalse ? [] : delivered)),
      0.5,
    )
  const points: ParetoPoint[] = []
  for (const name of peerNames)
    for (const allowed of [1, 3, 10, 30, 100, 300]) {
      const parameter = tuned(name, quiet, Math.floor(allowed * years))
      const alarms = quiet.reduce((sum, each) => sum + falseAlarms(name, parameter, each), 0)
      const delivered = medianOf(({ known }) => peerOf(name, parameter, { known, burst }))
      points.push({ detector: name, parameter, falsePerYear: alarms / years, delivered })
    }
  for (const hardDays of [1, 3, 10, 36.5, 100, 365]) {
    const delivered = medianOf(
      send => new Ours({ forecast: send.forecast(), at: send.usual[0] ?? send.onset, hardDays }),
    )
    // The promise; what was measured on the same traffic is in the table of false alarms, and is less.
    points.push({
      detector: 'Tocsin, rate alone (promised)',
      parameter: hardDays,
      falsePerYear: 365 / hardDays,
      delivered,
    })
  }
  return points
}

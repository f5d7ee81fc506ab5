import { existsSync, readFileSync } from 'node:fs'
import { season } from '../../../src/drills/season.ts'
import { hourOfWeek } from '../../../src/std/instant.ts'
import type { Random } from '../../../src/std/random.ts'

export const minuteMs = 60_000
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs
/** A Monday, 00:00 UTC. */
export const monday = Date.UTC(2026, 0, 5)

/** Ordinary traffic: what comes in a minute, and what history says of it. */
export type Background = {
  name: string
  /** Mean messages of a minute at a mean level of 1 a minute. Real ones have the rate that was counted then. */
  rateAt(at: number): number
  /** Size k by which a minute scatters around its rate; ∞: Poisson. What a real rate scatters is in it already. */
  dispersion: number
  /** Whole minutes between which it is known, ms. */
  from: number
  until: number
  /** Mean messages a minute of each hour of the week at level 1, and their standard deviation between minutes, from what was before `at`. */
  historyAt(at: number): { mean: readonly number[]; sd: readonly number[] }
}

/** Independent minutes around a known season: here the theory must hold. */
export function synthetic(dispersion: number): Background {
  return {
    name: `synthetic, k = ${dispersion}`,
    rateAt: at => season[hourOfWeek(at)]!,
    dispersion,
    from: monday,
    until: Number.POSITIVE_INFINITY,
    historyAt: () => ({ mean: season, sd: season.map(rate => Math.sqrt(rate + (rate * rate) / dispersion)) }),
  }
}

const folder = new URL('../../../../shared/data/counts/', import.meta.url)

export type Series = {
  name: string
  minutes: number
  counts: { at: number; count: number }[]
  /** What others labelled as unusual. */
  windows: [from: number, until: number][]
}

const files: { name: string; minutes: number; labels?: string }[] = [
  { name: 'worldcup98_per_minute', minutes: 1 },
  { name: 'nab_elb_request_count', minutes: 5, labels: 'realAWSCloudwatch/elb_request_count_8c0756.csv' },
  { name: 'nab_nyc_taxi', minutes: 30, labels: 'realKnownCause/nyc_taxi.csv' },
  ...['AAPL', 'CRM', 'FB', 'IBM', 'PFE'].map(company => ({
    name: `nab_tweets_${company}`,
    minutes: 5,
    labels: `realTweets/Twitter_volume_${company}.csv`,
  })),
]

const instantOf = (time: string): number => Date.parse(`${time.slice(0, 19).replace(' ', 'T')}Z`)

/** Real counts beside the repository; none where they are absent. */
export function realSeries(): Series[] {
  if (!existsSync(folder)) return []
  const labels = JSON.parse(readFileSync(new URL('nab_windows.json', folder), 'utf8')) as Record<string, string[][]>
  return files.map(file => ({
    name: file.name,
    minutes: file.minutes,
    counts: readFileSync(new URL(`${file.name}.csv`, folder), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map(line => line.split(','))
      .map(([time, count]) => ({ at: instantOf(time!), count: Number(count) })),
    windows: file.labels
      ? labels[file.labels]!.map(window => window.map(instantOf) as [number, number])
      : [[Date.UTC(1998, 4, 12), Date.UTC(1998, 4, 13)]],
  }))
}

/** A real series as a rate: at another level its minutes are drawn anew, by Poisson, around the rate that was counted. */
export function real({ name, minutes, counts }: Series): Background {
  const from = counts[0]!.at
  const until = counts.at(-1)!.at
  const rates = new Float64Array(Math.floor((until - from) / minuteMs) + minutes)
  const mean = counts.reduce((sum, { count }) => sum + count, 0) / counts.length
  for (const { at, count } of counts) {
    const minute = Math.round((at - from) / minuteMs)
    rates.fill(count / mean, minute, minute + minutes)
  }
  const rateAt = (at: number): number => rates[Math.floor((at - from) / minuteMs)] ?? 0
  return { name, rateAt, dispersion: Number.POSITIVE_INFINITY, from, until, historyAt: at => history(rateAt, from, at) }
}

const historyMs = 28 * dayMs

function history(rateAt: (at: number) => number, from: number, at: number) {
  const [sums, squares, seen] = [new Float64Array(168), new Float64Array(168), new Float64Array(168)]
  for (let minute = Math.max(from, at - historyMs); minute < at; minute += minuteMs) {
    const hour = hourOfWeek(minute)
    const rate = rateAt(minute)
    sums[hour]! += rate
    squares[hour]! += rate * rate
    seen[hour]! += 1
  }
  const mean = Array.from(sums, (sum, hour) => sum / Math.max(1, seen[hour]!))
  const sd = mean.map((value, hour) =>
    Math.sqrt(Math.max(0, squares[hour]! / Math.max(1, seen[hour]!) - value * value)),
  )
  return { mean, sd }
}

/** Messages of each `stepMs` of a minute that begins at `at`. */
export function drawMinute(one: Background, { at, level, random, into }: DrawnMinute): void {
  const mean = level * one.rateAt(at)
  const up = one.dispersion === Number.POSITIVE_INFINITY ? 1 : random.gamma(one.dispersion) / one.dispersion
  const each = (mean * up) / into.length
  for (let step = 0; step < into.length; step++) into[step] = each > 0 ? random.poisson(each) : 0
}
type DrawnMinute = { at: number; level: number; random: Random; into: Uint32Array }

/** Instants of single messages between two whole minutes, ascending. */
export function drawInstants(
  one: Background,
  { from, until, level, random }: { from: number; until: number; level: number; random: Random },
): number[] {
  const instants: number[] = []
  const count = new Uint32Array(1)
  for (let at = from; at < until; at += minuteMs) {
    drawMinute(one, { at, level, random, into: count })
    const own = Array.from({ length: count[0]! }, () => at + Math.floor(minuteMs * random.uniform()))
    for (const instant of own.sort((a, b) => a - b)) instants.push(instant)
  }
  return instants
}

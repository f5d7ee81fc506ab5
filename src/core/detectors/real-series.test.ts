import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { rateShare } from './features.ts'
import { alarmsOf, countMessage, isProven, newForecast, scatterOf } from './forecast.ts'

// Counts that nobody made up, with no incident injected: what the rate test says about them when it learns its forecast as it goes.

const folder = new URL('../../../../shared/data/counts/', import.meta.url)

type Series = { name: string; minutes: number; outsideMost: number; source?: string }

/**
 * `outsideMost`: alarms outside of what others labelled as unusual. Where it is not 0 the promise fails on that series; it is here so that it
 * does not grow unnoticed.
 */
const series: Series[] = [
  { name: 'worldcup98_per_minute', minutes: 1, outsideMost: 1 },
  {
    name: 'nab_elb_request_count',
    minutes: 5,
    outsideMost: 0,
    source: 'realAWSCloudwatch/elb_request_count_8c0756.csv',
  },
  { name: 'nab_nyc_taxi', minutes: 30, outsideMost: 0, source: 'realKnownCause/nyc_taxi.csv' },
  ...['AAPL', 'CRM', 'FB', 'IBM', 'PFE'].map(company => ({
    name: `nab_tweets_${company}`,
    minutes: 5,
    outsideMost: 0,
    source: `realTweets/Twitter_volume_${company}.csv`,
  })),
]

/** The instants between which others found something unusual: NAB's windows, and the jump of one day that nobody explained. */
function windowsOf({ source }: Series): [number, number][] {
  if (!source) return [[Date.UTC(1998, 4, 12), Date.UTC(1998, 4, 13)]]
  const all = JSON.parse(readFileSync(new URL('nab_windows.json', folder), 'utf8')) as Record<string, string[][]>
  return all[source]!.map(window => window.map(instantOf) as [number, number])
}

const instantOf = (time: string): number => Date.parse(`${time.slice(0, 19).replace(' ', 'T')}Z`)

/** The rate's share of one alarm a year. */
const promisedPer30Days = (30 / 365) * rateShare

function countsOf(name: string): { at: number; count: number }[] {
  return readFileSync(new URL(`${name}.csv`, folder), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map(line => line.split(','))
    .map(([time, count]) => ({ at: instantOf(time!), count: Number(count) }))
}

/** Counts of five minutes go to blocks of ten minutes only, those of thirty are spread over three of them. */
function replayed(one: Series) {
  const counts = countsOf(one.name)
  const forecast = newForecast({ finestScale: one.minutes === 1 ? 2 : 3 })
  const slots = Math.max(1, one.minutes / 10)
  const alarms: number[] = []
  for (const { at, count } of counts) {
    const before = alarmsOf(forecast)
    for (let slot = 0; slot < slots; slot++) {
      const part = Math.floor((count * (slot + 1)) / slots) - Math.floor((count * slot) / slots)
      if (part > 0) countMessage(forecast, at + slot * 600_000, part)
    }
    if (alarmsOf(forecast) > before) alarms.push(at)
  }
  const windows = windowsOf(one)
  const outside = alarms.filter(at => !windows.some(([from, until]) => at >= from && at <= until))
  const [first, last] = [counts[0]!.at, counts.at(-1)!.at]
  const { sizes, safety } = scatterOf(forecast)
  const days = (last - first) / 86_400_000
  return { ...one, days, alarms, outside, windows, size: sizes[3]!, safety, proven: isProven(forecast, last) }
}

const table = (rows: readonly ReturnType<typeof replayed>[]): string =>
  [
    `promised: ${promisedPer30Days.toFixed(3)} alarms per 30 days of the rate test alone`,
    'series                  days  alarms  per 30 d  outside windows  per 30 d  windows  k at 600 s      κ  proven',
    ...rows.map(({ name, days, alarms, outside, windows, size, safety, proven }) =>
      [
        name.padEnd(22),
        days.toFixed(0).padStart(5),
        String(alarms.length).padStart(7),
        ((alarms.length * 30) / days).toFixed(2).padStart(9),
        String(outside.length).padStart(16),
        ((outside.length * 30) / days).toFixed(2).padStart(9),
        String(windows.length).padStart(8),
        size.toFixed(1).padStart(11),
        safety.toFixed(2).padStart(6),
        (proven ? 'yes' : 'no').padStart(7),
        ...outside.map(at => ` FAILS ${new Date(at).toISOString().slice(0, 16)}`),
      ].join(' '),
    ),
  ].join('\n')

const isHere = existsSync(folder)
if (!isHere) console.log('skipped: no real count series beside the repository, ../shared/data/counts')

describe.skipIf(!isHere)('the rate test on real series', () => {
  it('is quiet but for what others found unusual too, and where it is not is known', () => {
    const rows = series.map(replayed)
    console.log(table(rows))
    for (const { name, outside, outsideMost } of rows) expect(outside.length, name).toBeLessThanOrEqual(outsideMost)
  })
})

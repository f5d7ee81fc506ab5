import { describe, expect, it } from 'vitest'
import { hourOfWeek, parseInstant } from '../std/instant.ts'
import { parameterDefaults } from './parameters.ts'
import { drillOf } from './scenario.ts'
import { season } from './season.ts'

// A baseline that promises another rate than the traffic has would make every figure about false alarms worthless.

const seed = 3
const hours = 48
const quiet = drillOf({
  name: 'quiet',
  title: 'Nothing happens',
  family: 'legitimate',
  about: 'Nothing happens. It is a test.',
  expected: { stop: false, headline: 'undetermined' },
  script: () => {},
})
const parameters = { ...parameterDefaults, seed, size: 0, perMinute: 20, warmUpHours: hours, dispersion: 5 }
const events = [...quiet.play(parameters)].map(({ event }) => event)
const minuteOf = (time: string): number => Math.floor(parseInstant(time)! / 60_000)
const first = minuteOf(events[0]!.time)

describe(`ordinary traffic, seed ${seed}`, () => {
  it('has a shape of the week with the mean 1', () => {
    expect(season).toHaveLength(168)
    expect(season.reduce((sum, value) => sum + value, 0) / 168).toBeCloseTo(1, 12)
  })

  const baselines = events.filter(({ type }) => type === 'tocsin.baseline.loaded').map(({ data }) => data)

  it.each(['password-reset', 'sign-in-alert', 'credential-changed'])('%s comes as its baseline says', name => {
    const counts = new Map<number, number>()
    for (const { type, data, time } of events)
      if (type === 'tocsin.message.requested' && data.class === name)
        counts.set(minuteOf(time), (counts.get(minuteOf(time)) ?? 0) + 1)
    const rates = baselines.filter(data => data.class === name).map(data => data.ratePerHourOfWeek as number[])
    let expected = 0
    let came = 0
    let residuals = 0
    const minutes = hours * 60
    for (let minute = first + 1; minute < first + minutes; minute++) {
      const mean = rates.reduce((sum, rate) => sum + rate[hourOfWeek(minute * 60_000)]!, 0) / 60
      const count = counts.get(minute) ?? 0
      expected += mean
      came += count
      residuals += (count - mean) ** 2 / (mean + mean ** 2 / parameters.dispersion)
    }
    // The sum over 48 hours has a relative standard error below 1 %; residuals divided by their variance have the mean 1.
    expect(came / expected).toBeGreaterThan(0.96)
    expect(came / expected).toBeLessThan(1.04)
    expect(residuals / minutes).toBeGreaterThan(0.85)
    expect(residuals / minutes).toBeLessThan(1.15)
  })

  it('says which share goes in which lane', () => {
    const causes = new Map(events.map(event => [event.id, event]))
    const trusted = events.filter(({ data }) => {
      const cause = causes.get((data.cause as { id: string } | undefined)?.id ?? '')
      return data.class === 'password-reset' && cause !== undefined && cause.data.trust !== 'unknown'
    }).length
    const resets = events.filter(
      ({ type, data }) => type === 'tocsin.message.requested' && data.class === 'password-reset',
    ).length
    const rateOf = (lane: string): number => {
      const found = baselines.find(data => data.class === 'password-reset' && data.lane === lane)
      return (found?.ratePerHourOfWeek as number[])[0]!
    }
    const share = rateOf('reserved') / (rateOf('reserved') + rateOf('open'))
    expect(Math.abs(trusted / resets - share)).toBeLessThan(0.02)
  })

  it('follows causes within half a second, is delivered, and most people do what they asked for', () => {
    const at = new Map(events.map(({ id, time }) => [id, parseInstant(time)!]))
    const resets = events.filter(
      ({ type, data }) => type === 'tocsin.message.requested' && data.class === 'password-reset',
    )
    const waits = resets.map(({ time, data }) => parseInstant(time)! - at.get((data.cause as { id: string }).id)!)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(49)
    expect(Math.max(...waits)).toBeLessThanOrEqual(501)
    const countOf = (type: string): number => events.filter(event => event.type === `tocsin.${type}`).length
    const followed = countOf('link.followed') / resets.length
    expect(followed).toBeGreaterThan(0.66)
    expect(followed).toBeLessThan(0.74)
    expect(countOf('reset.completed') / countOf('link.followed')).toBeGreaterThan(0.9)
    const messages = countOf('message.requested')
    expect(countOf('provider.delivered') / messages).toBeGreaterThan(0.98)
    expect(countOf('provider.bounced') / messages).toBeGreaterThan(0.001)
    expect(countOf('report.received') / messages).toBeLessThan(0.003)
  })

  it('lets the cause source be heard at least every ten minutes, in each other source every half hour', () => {
    for (const [source, apartMs] of [
      ['auth', 600_000],
      ['access', 1_800_000],
    ] as const) {
      const heard = events.filter(({ data }) => data.source === source).map(({ data }) => data)
      const gaps = heard.map(({ from, until }) => parseInstant(until as string)! - parseInstant(from as string)!)
      expect(Math.max(...gaps)).toBeLessThan(apartMs)
      expect(heard.every(({ from }, i) => i === 0 || from === heard[i - 1]!.until)).toBe(true)
    }
  })
})

import { describe, expect, it } from 'vitest'
import { hourOfWeek, instantText } from '../std/instant.ts'
import { drills } from './drill.ts'
import { type Drill, mixtureOf } from './scenario.ts'

const named = (name: string): Drill => drills.find(drill => drill.name === name)!

describe('the onset', () => {
  it.each([
    ['instagram-2026-endpoint', 81, /^2026-01-08T09:/],
    ['coinbase-2021', 116, /^2021-08-27T20:/],
    ['lets-encrypt-2016', 121, /^2016-06-11T01:/],
    ['mautic-2020', 132, /^2020-02-08T12:/],
    ['entra-2025', 148, /^2025-04-20T04:00:00.000Z$/],
    ['twitter-2012', 80, /^2012-11-08T08:/],
    ['fbi-2021', 125, /^2021-11-13T05:/],
    ['robinhood-2026', 160, /^2026-04-26T16:/],
    ['safebase-2023', 38, /^2023-08-29T14:/],
    ['github-2024-late', 89, /^2024-04-11T17:/],
    ['hbo-max-2021', 96, /^2021-06-18T00:/],
    ['new-year', 72, /^2026-01-01T00:00:00.000Z$/],
    ['double-run', 145, /^2025-10-26T01:00:00.000Z$/],
  ])('of %s is in hour %d of its week', (name, hour, text) => {
    const { onsetOf, defaults } = named(name)
    expect(defaults.hour).toBe(hour)
    expect(instantText(onsetOf(defaults))).toMatch(text)
  })

  it('is in the hour that is asked for, at a time that the seed chooses', () => {
    const { onsetOf, defaults } = named('leaked-list')
    for (const hour of [0, 5, 100, 167]) expect(hourOfWeek(onsetOf({ ...defaults, hour }))).toBe(hour)
    const onsets = [1, 2, 3, 4].map(seed => onsetOf({ ...defaults, seed }))
    expect(new Set(onsets).size).toBe(4)
  })
})

describe('parameters', () => {
  const { play, defaults, onsetOf } = named('leaked-list')
  const quick = { ...defaults, seed: 2, size: 300, perMinute: 4, ramp: 'step', perSecond: 10, unknownShare: 0 } as const

  it('with little traffic the warm-up is long enough for causes to become required', () => {
    const onset = onsetOf(quick)
    const parameters = { ...quick, perMinute: 0.5, warmUpHours: 0 }
    const before = [...play(parameters)].filter(
      ({ event, label }) => label && event.time < instantText(onset) && event.data.class === 'sign-in-alert',
    )
    expect(before.length).toBeGreaterThan(20)
  })

  it.each([1, 7, 1000])('an outsider acts from %d networks', networks => {
    const sources = new Set<string>()
    for (const { event } of play({ ...quick, networks, size: 3000, perSecond: 500 })) {
      const { ip, agent } = (event.data.requester ?? {}) as { ip?: string; agent?: string }
      if (agent?.startsWith('python')) sources.add(ip!)
    }
    expect(sources.size).toBeLessThanOrEqual(networks)
    expect(sources.size).toBeGreaterThan(0.8 * networks)
  })

  it.each([0.2, 0.9])('a share of %d of the requests names nobody', unknownShare => {
    let known = 0
    let unknown = 0
    for (const { event } of play({ ...quick, unknownShare, size: 1000 })) {
      const { agent } = (event.data.requester ?? {}) as { agent?: string }
      if (!agent?.startsWith('python')) continue
      if (event.data.known) known++
      else unknown++
    }
    expect(known).toBe(1000)
    expect(unknown / (known + unknown)).toBeCloseTo(unknownShare, 2)
  })

  it.each([
    ['step', 100, 30_000],
    ['linear', 100, 250_000],
    ['exponential', 100, 250_000],
  ] as const)('%s: the size takes as long as the ramp and the height say', (ramp, perSecond, tookAboutMs) => {
    const times = [...play({ ...quick, ramp, rampMs: 360_000, perSecond, size: 3000 })]
      .filter(({ label }) => label?.wrongful)
      .map(({ event }) => event.time)
    const took = Date.parse(times.at(-1)!) - Date.parse(times[0]!)
    expect(took).toBeGreaterThan(0.5 * tookAboutMs)
    expect(took).toBeLessThan(1.6 * tookAboutMs)
  })
})

describe('a mixture', () => {
  const mixed = mixtureOf(named('enumeration'), named('pumping'), {
    name: 'both',
    title: 'Both',
    about: 'Both at once. It is a test.',
    expected: { stop: true, headline: 'reset-abuse' },
  })

  it('has both incidents over one background, the second scaled with the first', () => {
    const parameters = { ...mixed.defaults, size: 100, perMinute: 4 }
    const labels = [...mixed.play(parameters)].flatMap(({ label }) => label?.incident ?? [])
    expect(labels.filter(name => name === 'enumeration').length).toBe(100)
    expect(labels.filter(name => name === 'pumping').length).toBe(500)
    expect(mixed.row).toBe('A1 + A8')
    expect(mixed.defaults).toEqual(named('enumeration').defaults)
  })
})

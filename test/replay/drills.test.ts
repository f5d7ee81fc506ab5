import { describe, expect, it } from 'vitest'
import { playDrill } from '../../src/cli/replay/score.ts'
import { drills, type Parameters } from '../../src/drills/drill.ts'
import { freshSetting, ndjson, replayed, type TraceLine } from './traces.ts'

const setting = await freshSetting
const seed = 3
const small = (name: string, more: Partial<Parameters> = {}) => {
  const drill = drills.find(one => one.name === name)!
  const parameters = { ...drill.defaults, seed, size: 300, perMinute: 10, warmUpHours: 0.2, ...more }
  return { drill, parameters }
}
const play = (name: string, more: Partial<Parameters> = {}) => {
  const { drill, parameters } = small(name, more)
  return playDrill(drill, parameters, setting)
}

describe(`a drill, seed ${seed}`, () => {
  it('whose messages have no cause: the gate keeps them, and honest people do not wait', () => {
    const outcome = play('coinbase-2021')
    expect(outcome.wrongful).toMatchObject({ requested: 300, delivered: 0, held: 300 })
    expect(outcome).toMatchObject({ duplicatesDelivered: 0, asExpected: true })
    expect(outcome.stop).toMatchObject({ expected: true, deliveredBefore: 0, beforeOnset: 0 })
    expect(outcome.honest.share).toBe(1)
    expect(outcome.honest.delayMs.max).toBe(0)
    expect(outcome.warmUp.requested).toBeGreaterThan(20)
  })

  it('gives the same outcome twice, and another with another seed', () => {
    const outcomes = [seed, seed, seed + 1].map(seed => play('retry-storm', { seed }))
    expect(outcomes[1]).toEqual(outcomes[0])
    expect(outcomes[2]!.report.journalHash).not.toBe(outcomes[0]!.report.journalHash)
  })

  it('is what a replay of its trace is', async () => {
    const { drill, parameters } = small('instagram-2026-endpoint')
    const events: TraceLine[] = [...drill.play(parameters)].map(({ event }) => event)
    const { report } = playDrill(drill, parameters, setting)
    expect(await replayed(ndjson(events))).toEqual(report)
  })

  it('counts every message once: wrongful, honest, meant or before the onset', () => {
    const { wrongful, honest, meant, warmUp, report } = play('wrong-recipient-query')
    const sum = [wrongful, honest, meant, warmUp].reduce((all, { requested }) => all + requested, 0)
    expect(sum).toBe(report.messages.requested + report.messages.repeated)
  })
})

describe.each(['reported', 'hidden'] as const)('what the values show, causes %s', causes => {
  it.each([
    ['lets-encrypt-2016', 1],
    ['robinhood-2026', 0],
    ['fbi-2021', 0],
    ['hbo-max-2021', 0],
  ])('%s: %i leave, and the mail of honest people goes', (name, delivered) => {
    const outcome = play(name, { causes, perMinute: 30 })
    expect(outcome.wrongful).toMatchObject({ requested: 300, delivered })
    expect(outcome.honest).toMatchObject({ share: 1, delayMs: { max: 0 } })
    expect(outcome.stop.expected).toBe(true)
  })
})

describe('the background of a drill alone', () => {
  it.each(['coinbase-2021', 'retry-storm', 'instagram-2026-endpoint'])('%s: nothing is to be stopped', name => {
    const outcome = play(name, { size: 0 })
    expect(outcome.wrongful.requested).toBe(0)
    expect(outcome).toMatchObject({ asExpected: true, stop: { expected: false, by: 'nothing' } })
  })
})

describe('a drill that history knows the beginning of', () => {
  it.each(['double-run', 'mautic-2020', 'safebase-2023'])('%s: the usual batch is let go', name => {
    const { meant, stop } = play(name, { warmUpHours: 1.1 })
    expect(stop.beforeOnset).toBe(0)
    expect(meant.requested).toBe(meant.delivered)
  })
})

describe('an application that reports no causes', () => {
  it('has its mail delivered, whatever else is reported', () => {
    const { warmUp } = play('password-spray', { causes: 'hidden', size: 5, perMinute: 2, warmUpHours: 1.5 })
    expect(warmUp.requested).toBe(warmUp.delivered)
  })
})

describe('a job that runs twice', () => {
  it('writes again to a handful', () => {
    const { wrongful, stop } = play('double-run', { warmUpHours: 1.5 })
    expect(stop.by).toBe('breaker')
    expect(wrongful.delivered).toBeLessThan(15)
  })
})

describe('an attack on one mailbox', () => {
  it.each(['reset-bombing', 'smoke-screen'])('%s: stops nobody else', name => {
    const outcome = play(name, { perMinute: 60, size: 500 })
    expect(outcome).toMatchObject({ asExpected: true, honest: { share: 1 } })
    expect(outcome.wrongful.delivered).toBe(setting.policy.caps.open.perHour)
  })
})

describe('every drill', () => {
  it.each(drills.map(({ name }) => name))('%s is understood to the last event', name => {
    const { report } = play(name, { size: 60, perMinute: 5, warmUpHours: 0.1 })
    // Events that come twice are what one of the drills is about.
    const { 'trace.event-repeated': repeated = 0, ...others } = report.faultsByCode
    expect([others, repeated > 0]).toEqual([{}, name === 'webhook-replay'])
    expect(report.events).toBe(report.lines - repeated)
  })
})

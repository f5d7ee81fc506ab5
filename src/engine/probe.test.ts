import { describe, expect, it } from 'vitest'
import { Core, hashOf, hour, minute, second } from '../../test/core.ts'
import type { MessageId } from '../core/events.ts'
import { nextDue } from '../core/state.ts'
import { Probe, type ProbeStatus } from './probe.ts'

/** A probe over the real core, with a clock of its own. `carries`: whether hand-overs are made. */
function bench({ carries = true, writes = true } = {}) {
  const core = new Core()
  const timers: { at: number; what: () => void }[] = []
  const measured: string[] = []
  const warned: string[] = []
  const world = { carries, writes }
  let ids = 0
  const probe = new Probe({
    everyMs: minute,
    newId: () => `019bf000-0000-7000-8000-${(++ids).toString(16).padStart(12, '0')}` as MessageId,
    hash: (domain, text) => hashOf(`${domain} ${text}`),
    seal: () => ({ commitment: 'c'.repeat(43), sealed: undefined as never }),
    async submit(submissions) {
      if (!world.writes) throw new Error('the journal is away')
      const from = core.events.length
      for (const { command } of submissions) core.do(command)
      probe.appended({ events: core.events.slice(from) })
    },
    now: () => core.at,
    surroundings: {
      monotonic: () => core.at,
      after(ms, what) {
        const timer = { at: core.at + ms, what }
        timers.push(timer)
        return () => void timers.splice(timers.indexOf(timer), 1)
      },
    },
    log: { warn: (_, text) => warned.push(text) },
    measured: stage => measured.push(stage),
  })
  const handOver = () => {
    if (!world.carries) return
    for (const { id } of core.due()) probe.appended({ events: core.handover(id, 'accepted') })
  }
  /** Time goes on, a tenth of a second at a time. */
  async function pass(ms: number) {
    for (const end = core.at + ms; core.at < end; ) {
      core.at += 100
      for (const timer of timers.filter(({ at }) => at <= core.at)) {
        timers.splice(timers.indexOf(timer), 1)
        timer.what()
      }
      await new Promise<void>(resolve => setImmediate(resolve))
      if ((nextDue(core.state) ?? Number.POSITIVE_INFINITY) <= core.at) core.wait(0)
      handOver()
    }
  }
  return { core, probe, pass, measured, warned, world }
}

const alarms = (core: Core) =>
  core.events.flatMap(event => (event.type === 'AlarmRaised' ? [`${event.alarm.detector} ${event.alarm.class}`] : []))

describe('a probe', () => {
  it('goes the whole way each minute, and is measured', async () => {
    const { core, probe, pass, measured } = bench()
    expect(probe.last).toBeUndefined()
    await pass(3 * minute + second)
    expect(probe.last).toMatchObject({ status: 'handed-over', decidedMs: 0, handedOverMs: expect.any(Number) })
    expect(measured).toEqual(['decided', 'handed-over', 'decided', 'handed-over', 'decided', 'handed-over'])
    expect(alarms(core)).toEqual([])
  })

  it('raises late for its class when nothing is handed over, and is told as waiting', async () => {
    const { core, probe, pass } = bench({ carries: false })
    await pass(2 * minute + 10 * second)
    expect(alarms(core)).toEqual(['late probe'])
    expect(probe.last?.status).toBe<ProbeStatus['status']>('waiting')
  })

  it('says so when the journal cannot be written, and goes on when it can', async () => {
    const { probe, pass, warned, world } = bench({ writes: false })
    await pass(minute + second)
    expect(probe.last?.status).toBe('not-decided')
    expect(warned).toEqual(['the probe could not be decided'])
    world.writes = true
    await pass(minute)
    expect(probe.last?.status).toBe('handed-over')
  })

  it('is not handed over while its class is stopped', async () => {
    const { core, probe, pass } = bench()
    core.do({ type: 'PauseClass', class: 'probe', by: 'operator', reason: 'drill' })
    await pass(minute + second)
    expect(probe.last?.status).toBe('held')
  })

  it('stops', async () => {
    const { core, probe, pass } = bench()
    await pass(minute + second)
    probe.stop()
    const before = core.events.length
    await pass(5 * minute)
    expect(core.events.length).toBe(before)
  })

  it('for hours uses up no cap and no budget, alarms nobody, and leaves other classes as they were', async () => {
    const { core, pass } = bench()
    const others = () =>
      JSON.stringify([core.state.streams.list.filter(one => one.class !== 'probe'), [...core.state.streaks]])
    const before = others()
    for (let n = 0; n < 4; n++) await pass(hour)
    expect(alarms(core)).toEqual([])
    expect(others()).toBe(before)
    const outcomes = new Set(core.events.flatMap(event => (event.type === 'MessageDecided' ? [event.outcome] : [])))
    expect([...outcomes]).toEqual(['deliver'])
    expect(core.state.brake.books.fault).toBeUndefined()
  })
})

it.each(['probe', 'password-reset'])('nobody but the probe sends its class: %s', className => {
  const core = new Core()
  expect(core.send({ class: className, via: className === 'probe' ? 'http' : 'probe' })).toBe('refused class.unknown')
})

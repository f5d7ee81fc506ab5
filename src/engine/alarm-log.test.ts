import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import type { Event } from '../core/events.ts'
import { logAlarms } from './alarm-log.ts'
import { engineMetrics } from './metrics.ts'

const raised = (level: 'soft' | 'hard' | 'notice', id: number): Event => ({
  type: 'AlarmRaised',
  alarm: {
    id,
    class: 'other',
    lane: 'open',
    source: '',
    template: '',
    level,
    detector: 'causeless',
    numbers: { causeless: 5 },
    messages: [],
  },
})
const events = [raised('soft', 1), raised('hard', 2), raised('hard', 3), raised('notice', 4)]

describe('alarms', () => {
  it('have a line in the log when they are hard, and only then', () => {
    const lines: [object, string][] = []
    logAlarms({ warn: (fields, text) => void lines.push([fields, text]) }, events)
    expect(lines.map(([fields]) => fields)).toMatchObject([
      { id: 2, class: 'other', detector: 'causeless', numbers: { causeless: 5 } },
      { id: 3 },
    ])
  })

  it('are counted by class, detector and level', async () => {
    const registry = new Registry()
    engineMetrics(registry).appended({ events })
    expect(await registry.getSingleMetricAsString('tocsin_alarms_total')).toContain(
      'tocsin_alarms_total{class="other",detector="causeless",level="hard"} 2',
    )
  })
})

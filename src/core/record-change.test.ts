import { describe, expect, it } from 'vitest'
import { Core } from '../../test/core.ts'
import { changeLengthMax, changeValuesMax, type RecordChange } from './alarms.ts'

const change: RecordChange = {
  domain: 'example.org',
  name: '_dmarc.example.org',
  type: 'TXT',
  before: ['a'],
  after: [],
}

describe('a record that has changed', () => {
  it('is an alarm that names it, and stops nothing', () => {
    const core = new Core()
    core.do({ type: 'ReportRecordChange', change })
    core.do({ type: 'ReportRecordChange', change: { ...change, before: [], after: ['b', 'c'] } })
    expect(core.events.filter(({ type }) => type === 'AlarmRaised')).toEqual([
      {
        type: 'AlarmRaised',
        alarm: {
          ...{
            id: 1,
            level: 'notice',
            detector: 'domain-changed',
            class: '',
            lane: 'system',
            source: '',
            template: '',
          },
          ...{ numbers: { before: 1, after: 0 }, messages: [], change },
        },
      },
      expect.objectContaining({ alarm: expect.objectContaining({ id: 2, numbers: { before: 0, after: 2 } }) }),
    ])
    expect(core.state.stops).toEqual([])
    expect(core.send({})).toContain('deliver')
  })

  it('takes no more of the journal than it may', () => {
    const core = new Core()
    const many = Array.from({ length: 50 }, () => 'x'.repeat(5000))
    core.do({ type: 'ReportRecordChange', change: { ...change, before: many, after: many } })
    const raised = core.events.find(event => event.type === 'AlarmRaised')
    expect(raised?.alarm.change?.after.map(({ length }) => length)).toEqual(
      Array(changeValuesMax).fill(changeLengthMax),
    )
    expect(raised?.alarm.numbers).toEqual({ before: 50, after: 50 })
  })
})

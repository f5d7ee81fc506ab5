import { describe, expect, it } from 'vitest'
import { minute, t0 } from '../../test/core.ts'
import { newForecast } from './detectors/forecast.ts'
import { weigh } from './detectors/watch.ts'
import { countAsked, countFinished, mature, newStreams, openStream } from './streams.ts'

describe('messages that people go on with, or not', () => {
  it.each([
    { given: 'many at once, as usual from the beginning', perMinute: 1200, shares: [0.63], suspicious: false },
    { given: 'few, as usual', perMinute: 20, shares: [0.63], suspicious: false },
    { given: 'that nobody goes on with any more', perMinute: 20, shares: [0.63, 0], suspicious: true },
  ])('$given', ({ perMinute, shares, suspicious }) => {
    const streams = newStreams()
    const stream = streams.list[openStream(streams, { class: 'password-reset', lane: 'open', source: 'web' }, t0)]!
    const forecast = newForecast()
    let worst = 0
    for (const [part, share] of shares.entries())
      for (let n = 0; n < 20; n++) {
        const at = t0 + (part * 20 + n) * minute
        mature(stream, forecast, at)
        for (let i = 0; i < perMinute; i++) countAsked(stream, at)
        for (let i = 0; i < perMinute * share; i++) countFinished(stream, at)
        worst = Math.max(worst, weigh(stream.watch, forecast, { at, tested: 0, present: 0, counted: false }).days)
      }
    expect(worst >= 1).toBe(suspicious)
  })
})

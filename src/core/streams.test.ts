import { describe, expect, it } from 'vitest'
import { newForecast } from './detectors/forecast.ts'
import { countAsked, countFinished, mature, newStreams, openStream, streamFor, streamsOfClassMax } from './streams.ts'

const minute = 60_000
const t0 = 30_000_000 * minute

const opened = () => {
  const streams = newStreams()
  const stream = streams.list[openStream(streams, { class: 'c', lane: 'open', source: 'web' }, t0)]!
  mature(stream, newForecast(), t0)
  return stream
}
const sum = (counts: number[]) => counts.reduce((all, one) => all + one, 0)

describe('what was asked for counts in its own minute', () => {
  it.each<[string, number, number]>([
    ['now', 0, 1],
    ['five minutes ago', -5, 1],
    ['so long ago that its minute has matured', -6, 0],
    ['by a clock that is ahead', 1, 0],
  ])('%s', (_, minutes, counted) => {
    const stream = opened()
    countAsked(stream, t0 + minutes * minute)
    countFinished(stream, t0 + minutes * minute)
    expect([sum(stream.conversion.asked), sum(stream.conversion.finished)]).toEqual([counted, counted])
  })
})

describe('sources', () => {
  const name = (n: number) => ({ class: 'c', lane: 'open', source: `web-${n}` }) as const

  it('that come last are watched with the messages that have none', () => {
    const streams = newStreams()
    for (let n = 0; n < streamsOfClassMax; n++) expect(openStream(streams, name(n), t0)).toBe(n)
    expect(streamFor(streams, name(1000))).toBe(-1)
    const shared = openStream(streams, name(1000), t0)
    expect(streams.list[shared]).toMatchObject({ lane: 'open', source: '' })
    expect([streamFor(streams, name(1000)), streamFor(streams, name(2000))]).toEqual([shared, shared])
    expect(streamFor(streams, name(3))).toBe(3)
  })
})

import type { AlarmSource } from './alarms.ts'
import { bitOf } from './detectors/features.ts'
import { type Forecast, forecastFromJson, forecastToJson, newForecast } from './detectors/forecast.ts'
import { newWatch, observe, type Watch, watchFromJson, watchToJson } from './detectors/watch.ts'
import { categories, type MessageId } from './events.ts'
import type { Lane } from './policy.ts'

/**
 * The streams that detectors watch. A class as a whole is one: whether its messages have causes shows only among all of them. Each lane and
 * source of causes in it is another, with the rate, the requesters and what became of the messages.
 */
export type Stream = {
  class: string
  /** Absent for the stream of the whole class. */
  lane?: Lane
  source?: string
  watch: Watch
  /** Its part of the false alarms that the class may have: those of a class never sum to more than one. */
  share: number
  conversion: Conversion
  requesters: Requesters
  /** The last messages that showed what the leading detector looks for, the newest last. */
  suspects: MessageId[]
  /** When an alarm was last raised, by level and detector, so that one finding is told once an hour. */
  told: Record<string, number>
}

/** Of places with a source; that of a class and those without a source are opened in any case. */
export const streamsMax = 1024
export const streamsOfClassMax = 64

export type Streams = { list: Stream[]; forecasts: Map<string, Partial<Record<Lane, Forecast>>> }

export const newStreams = (): Streams => ({ list: [], forecasts: new Map() })

/** Two look-ups of names that are there already: a joined key would be made for every message. */
function stored({ forecasts }: Streams, className: string, lane: Lane): Forecast | undefined {
  return forecasts.get(className)?.[lane]
}

/** A forecast that nobody has loaded or learnt yet is the pooled default; it is stored when it first learns. */
export const forecastOf = (streams: Streams, className: string, lane: Lane): Forecast =>
  stored(streams, className, lane) ?? pooled

const pooled: Forecast = newForecast()

export function ownForecast(streams: Streams, className: string, lane: Lane): Forecast {
  const known = stored(streams, className, lane)
  if (known) return known
  const made = newForecast()
  setForecast(streams, className, lane, made)
  return made
}

export function setForecast({ forecasts }: Streams, className: string, lane: Lane, forecast: Forecast): void {
  const ofClass = forecasts.get(className)
  if (ofClass) ofClass[lane] = forecast
  else forecasts.set(className, { [lane]: forecast })
}

export type StreamName = { class: string; lane?: Lane; source?: string }

/** Index of a stream, or -1. Their number is small; the usual message finds its own within a few steps. */
export function findStream({ list }: Streams, { class: className, lane, source }: StreamName): number {
  for (let i = 0; i < list.length; i++) {
    const one = list[i]!
    if (one.class === className && one.lane === lane && one.source === source) return i
  }
  return -1
}

/**
 * Index of the stream that watches over a place, or -1 when there is none yet. When too many sources have come, those that come last are watched
 * together with the messages that have none: names of sources are made by others.
 */
export function streamFor(streams: Streams, name: StreamName): number {
  const own = findStream(streams, name)
  if (own >= 0 || !name.source || !isFull(streams, name.class)) return own
  return findStream(streams, { ...name, source: '' })
}

const placesOf = ({ list }: Streams, className: string): number =>
  list.reduce((count, one) => (one.class === className && one.lane !== undefined ? count + 1 : count), 0)

const isFull = (streams: Streams, className: string): boolean =>
  streams.list.length >= streamsMax || placesOf(streams, className) >= streamsOfClassMax

/** The share of the n-th stream of lane and source is 1/(2·n·(n+1)); the other half is that of the class as a whole. */
export function openStream(streams: Streams, name: StreamName, at: number): number {
  const found = streamFor(streams, name)
  if (found >= 0) return found
  if (name.source && isFull(streams, name.class)) return openStream(streams, { ...name, source: '' }, at)
  const n = placesOf(streams, name.class) + 1
  const share = name.lane === undefined ? 1 / 2 : 1 / (2 * n * (n + 1))
  const stream: Stream = {
    ...name,
    watch: newWatch(at),
    share,
    conversion: newConversion(),
    requesters: newRequesters(),
    suspects: [],
    told: {},
  }
  return streams.list.push(stream) - 1
}

/** A minute's messages are looked at again after this long: those whose link nobody has followed by then count as unfinished. */
const maturityMinutes = 5
const ringMinutes = maturityMinutes + 1

/** How many messages went out in each of the last minutes, and how many of these were followed by what the person does next. */
export type Conversion = { minute: number; asked: number[]; finished: number[]; finishedEver: number }

export const newConversion = (): Conversion => ({
  minute: 0,
  asked: new Array<number>(ringMinutes).fill(0),
  finished: new Array<number>(ringMinutes).fill(0),
  finishedEver: 0,
})

const minuteOf = (at: number): number => Math.floor(at / 60_000)
/** Bounds the work of one step; a busier minute is judged by as many of its messages. */
const maturedMax = 2000

/** Let time pass: minutes that have matured become evidence of the stream. */
export function mature(stream: Stream, forecast: Forecast, at: number): void {
  const { conversion, watch } = stream
  const minute = minuteOf(at)
  if (conversion.minute === 0) conversion.minute = minute
  for (let steps = 0; conversion.minute < minute; steps++) {
    if (steps >= ringMinutes) conversion.minute = minute - 1
    conversion.minute++
    const slot = conversion.minute % ringMinutes
    const asked = Math.min(conversion.asked[slot]!, maturedMax)
    const finished = Math.min(conversion.finished[slot]!, asked)
    const unfinished = conversion.finishedEver >= finishedEverMin ? unfinishedBit : 0
    const tested = reportedBit | unfinished
    // Nobody knows any more in which order they came, so the unfinished are spread among the others. All at the end, what is usual had been
    // learnt from the finished ones before them: a large send that was meant, and went on as usual, was stopped.
    const left = asked - finished
    for (let i = 0; i < asked; i++) {
      const isLeft = Math.floor(((i + 1) * left) / asked) > Math.floor((i * left) / asked)
      observe(watch, forecast, { at, tested, present: isLeft ? unfinished : 0, counted: false })
    }
    conversion.asked[slot] = 0
    conversion.finished[slot] = 0
  }
}

const unfinishedBit = bitOf('unfinished')
/** A message that has matured without a report speaks against `reported`. */
const reportedBit = bitOf('reported')
/** Where hardly anything was ever finished nobody reports what people do, and nothing follows from silence. */
const finishedEverMin = 20

/** Whether a minute is one of those that have not matured: what is older comes too late to count, and a clock that is ahead is not of it yet. */
const isOpen = ({ minute: newest }: Conversion, minute: number): boolean =>
  minute <= newest && minute > newest - ringMinutes

export function countAsked({ conversion }: Stream, at: number): void {
  const minute = minuteOf(at)
  if (isOpen(conversion, minute)) conversion.asked[minute % ringMinutes]! += 1
}

/** `askedAt`: when the message was asked for, as it was counted then. */
export function countFinished({ conversion }: Stream, askedAt: number): void {
  conversion.finishedEver++
  const minute = minuteOf(askedAt)
  if (isOpen(conversion, minute)) conversion.finished[minute % ringMinutes]! += 1
}

/**
 * Who asks while all is well, and who asked for what was reported, by kind of client and of network: when the reports are about a few of
 * them, these are held, and the others go on.
 */
export type Requesters = { usual: Kinds; reported: Kinds }
type Kinds = { agents: number[]; networks: number[]; total: number }

export const newKinds = (): Kinds => ({
  agents: new Array<number>(categories).fill(0),
  networks: new Array<number>(categories).fill(0),
  total: 0,
})
const newRequesters = (): Requesters => ({ usual: newKinds(), reported: newKinds() })

const rememberedMax = 512

export function countKinds(kinds: Kinds, { agent, network }: { agent: number; network: number }): void {
  if (kinds.total >= rememberedMax) {
    kinds.agents = kinds.agents.map(count => count / 2)
    kinds.networks = kinds.networks.map(count => count / 2)
    kinds.total /= 2
  }
  kinds.agents[agent]! += 1
  kinds.networks[network]! += 1
  kinds.total += 1
}

/** Among the reports a kind that is this much more frequent than usual is what they are about. */
const timesUsualMin = 3

const timesUsual = ({ usual, reported }: Requesters, which: 'agents' | 'networks', kind: number): number =>
  reported[which][kind]! / reported.total / ((usual[which][kind]! + 1) / (usual.total + categories))

/** `others`: the reports are about some kinds, of which this is none. `nobody`: they are about no kind in particular. */
export function reportedKind(requesters: Requesters, agent: number, network: number): 'this' | 'others' | 'nobody' {
  const { reported } = requesters
  if (reported.total === 0) return 'nobody'
  const isReported = (which: 'agents' | 'networks', kind: number) =>
    reported[which][kind]! >= 2 && timesUsual(requesters, which, kind) >= timesUsualMin
  if (isReported('agents', agent) || isReported('networks', network)) return 'this'
  for (let kind = 0; kind < categories; kind++)
    if (isReported('agents', kind) || isReported('networks', kind)) return 'others'
  return 'nobody'
}

const suspectsMax = 8

export function addSuspect(stream: Stream, id: MessageId): void {
  stream.suspects.push(id)
  if (stream.suspects.length > suspectsMax) stream.suspects.shift()
}

const toldEveryMs = 3_600_000

export const isTold = (stream: Stream, level: string, detector: AlarmSource, now: number): boolean =>
  now - (stream.told[`${level}/${detector}`] ?? Number.NEGATIVE_INFINITY) < toldEveryMs

type StreamsJson = {
  list: (Omit<Stream, 'watch'> & { watch: ReturnType<typeof watchToJson> })[]
  forecasts: [className: string, lane: Lane, forecast: ReturnType<typeof forecastToJson>][]
}

export const streamsToJson = ({ list, forecasts }: Streams): StreamsJson => ({
  list: list.map(stream => ({ ...stream, watch: watchToJson(stream.watch) })),
  forecasts: [...forecasts].flatMap(([className, ofClass]) =>
    Object.entries(ofClass).map(([lane, forecast]) => [className, lane as Lane, forecastToJson(forecast)] as const),
  ) as StreamsJson['forecasts'],
})

export function streamsFromJson({ list, forecasts }: StreamsJson): Streams {
  const streams = newStreams()
  for (const stream of list) streams.list.push({ ...stream, watch: watchFromJson(stream.watch) })
  for (const [className, lane, json] of forecasts) setForecast(streams, className, lane, forecastFromJson(json))
  return streams
}

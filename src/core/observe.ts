import { causeOf, finishCause, recordCause, sourcesMax } from './causes.ts'
import { isExplained, observationsOf } from './detection.ts'
import { bitOf } from './detectors/features.ts'
import { countMessage, loaded } from './detectors/forecast.ts'
import { observe, reset } from './detectors/watch.ts'
import type { CauseFacts, MessageId } from './events.ts'
import { laneByTrust } from './gate.ts'
import { hourOf } from './leases.ts'
import { classOf, type Lane, lanes } from './policy.ts'
import { finishedMark, recall, remember, reportedMark, setMark } from './recent.ts'
import { countRequest, requestingOf, requestsMax } from './requesters.ts'
import type { Place, Scope } from './scope.ts'
import { messagesUntilUsual, type Seen } from './seen.ts'
import type { SignalFacts } from './signals.ts'
import type { State } from './state.ts'
import {
  addSuspect,
  countAsked,
  countFinished,
  countKinds,
  forecastOf,
  mature,
  newKinds,
  openStream,
  ownForecast,
  setForecast,
  streamFor,
} from './streams.ts'

// What `fold` does with the streams: the only writer of what the detectors know.

export type Taken = { id: MessageId; place: Place; seen: Seen; at: number }

/** A message is taken in by its two streams. Forecasts learn only while nothing is suspicious, so that an incident does not become the usual. */
export function takeIn(state: State, { id, place, seen, at }: Taken): void {
  const forecast = ownForecast(state.streams, place.class, place.lane)
  for (const { name, one } of observationsOf(place, seen, { at, explained: isExplained(state, place, at) })) {
    const stream = state.streams.list[openStream(state.streams, name, at)]!
    if (stream.lane !== undefined) mature(stream, forecast, at)
    const days = observe(stream.watch, forecast, one) * stream.share
    if (one.present !== 0 || stream.lane !== undefined) addSuspect(stream, id)
    if (stream.lane === undefined) continue
    if (days >= state.policy.detection.softDays) continue
    countMessage(forecast, at)
    if (seen.agent !== undefined) countKinds(stream.requesters.usual, { agent: seen.agent, network: seen.network ?? 0 })
  }
}

/** `isRepeated`: the mailbox got another in this lane within the hour. One person who asks and asks, or a page that does, is one who does not go on. */
export type AskedBy = { askedAt: number; isRepeated: boolean; agent?: number; network?: number }

/** A message goes out: what is heard of it later belongs to its stream. `askedAt`: when its cause happened, else when it was decided. */
export function followUp(state: State, { id, place, at, ...asked }: Omit<Taken, 'seen'> & AskedBy): void {
  const { class: className, lane, source } = place
  const index = openStream(state.streams, { class: className, lane, source }, at)
  const { askedAt, isRepeated, ...who } = asked
  const stream = state.streams.list[index]!
  mature(stream, forecastOf(state.streams, className, lane), at)
  if (!isRepeated) countAsked(stream, askedAt)
  remember(state.recent, id, { stream: index, at: askedAt, ...who })
}

/** Templates become usual in a class while it is new, or when a person says so. */
export function learnTemplate(state: State, className: string, template: string | undefined, byPerson = false): void {
  const usual = (state.usual[className] ??= { messages: 0, templates: [] })
  if (!byPerson) usual.messages++
  if (template === undefined || template === '' || usual.templates.includes(template)) return
  if (byPerson || usual.messages <= messagesUntilUsual)
    usual.templates = [...usual.templates, template].slice(-templatesMax)
}

const templatesMax = 1000

/** After a breaker's return its streams begin anew; what they learnt of the usual stays. */
export function rearm(state: State, { template: _, ...place }: Scope, at: number): void {
  for (const name of [{ class: place.class }, place]) {
    const stream = state.streams.list[streamFor(state.streams, name)]
    if (!stream) continue
    reset(stream.watch, at)
    stream.requesters.reported = newKinds()
    stream.suspects = []
    stream.told = {}
  }
}

export function takeSignal(state: State, signal: SignalFacts, at: number): void {
  switch (signal.kind) {
    case 'link-followed':
    case 'reset-completed':
      return finished(state, signal)
    case 'reported':
      return reported(state, signal, at)
    case 'campaign-announced': {
      const { class: className, audience, from, until } = signal
      state.announced = [
        ...state.announced.filter(one => at < one.until),
        { class: className, audience, from, until, sent: 0 },
      ].slice(-announcedMax)
      return
    }
    case 'baseline':
      return loadBaseline(state, signal)
    case 'provider':
    case 'change':
    case 'noted':
      return
  }
}

const announcedMax = 1000

function finished(
  state: State,
  { cause, message }: Extract<SignalFacts, { kind: 'link-followed' | 'reset-completed' }>,
): void {
  const known = cause && causeOf(state.ledger, cause)
  if (known) {
    if (!finishCause(state.ledger, known.key)) return
    const source = state.sources[known.traits.source] ?? ''
    for (const [name, policy] of Object.entries(state.policy.classes)) {
      if (!policy.causes.kinds.includes(known.kind)) continue
      const lane = laneByTrust(policy, known.trust)
      const stream = state.streams.list[streamFor(state.streams, { class: name, lane, source })]
      if (stream) countFinished(stream, known.occurredAt)
    }
    return
  }
  const found = message && recall(state.recent, message, finishedMark)
  if (!found || found.marked) return
  setMark(state.recent, message, finishedMark)
  const stream = state.streams.list[found.stream]
  if (stream) countFinished(stream, found.at)
}

const reportedBit = bitOf('reported')

function reported(
  state: State,
  { report, message, about }: Extract<SignalFacts, { kind: 'reported' }>,
  at: number,
): void {
  if (report === 'question') return
  const found = message && recall(state.recent, message, reportedMark)
  if (found?.marked) return
  if (found) setMark(state.recent, message!, reportedMark)
  const stream = state.streams.list[found ? found.stream : about ? streamFor(state.streams, about) : -1]
  // In the account's own lane a report is what the message is for: it tells of somebody else's act, and must not silence its warning.
  if (!stream?.lane || classOf(state.policy, stream.class)?.lane !== 'by-requester') return
  const forecast = forecastOf(state.streams, stream.class, stream.lane)
  observe(stream.watch, forecast, { at, tested: reportedBit, present: reportedBit, counted: false })
  if (found && stream.lane === 'open') countKinds(stream.requesters.reported, found)
}

/** Counts as history that has been tested: somebody vouches for it. */
function loadBaseline(state: State, signal: Extract<SignalFacts, { kind: 'baseline' }>): void {
  const { class: className, lane, ratePerHourOfWeek, dispersion, safety, templates = [] } = signal
  const forecast = () =>
    loaded({
      ratePerHourOfWeek,
      ...(dispersion !== undefined && { dispersion }),
      ...(safety !== undefined && { safety }),
    })
  for (const each of lane === undefined ? lanes : [lane as Lane])
    setForecast(state.streams, className, each, forecast())
  if (templates.length === 0) return
  const usual = (state.usual[className] ??= { messages: 0, templates: [] })
  usual.messages = Math.max(usual.messages, messagesUntilUsual + 1)
  usual.templates = [...new Set([...usual.templates, ...templates.map(({ template }) => template)])].slice(
    -templatesMax,
  )
  for (const { template, versions } of templates) {
    const known = Object.hasOwn(state.approved, template) ? state.approved[template]! : []
    state.approved[template] = [...new Set([...known, ...versions])]
  }
}

/** What the network of a request from an unknown place has asked for, and how much it may; `undefined` for other causes. */
export function networkShare(state: State, { kind, trust, requester }: CauseFacts, now: number) {
  if (trust !== 'unknown' || !requester?.network) return undefined
  const className = Object.keys(state.policy.classes).find(name => {
    const { causes, lane } = state.policy.classes[name]!
    return lane === 'by-requester' && causes.kinds.includes(kind)
  })
  if (className === undefined) return undefined
  const { requests, usual, isNew } = requestingOf(state.networks, requester.network, now)
  const perHourMax = requestsMax(state.policy.requesters, usual, isPressed(state, className, now))
  return { className, requests, usual, isNew, perHourMax }
}

/** More than half of what the open lane may send in this hour is spent. */
function isPressed(state: State, className: string, now: number): boolean {
  const hour = hourOf(now)
  return state.leases.spent(className, 'open', hour) * 2 > state.leases.granted(className, 'open', hour)
}

export function takeCause(state: State, cause: CauseFacts, now: number): void {
  const share = networkShare(state, cause, now)
  const traits = {
    newNetwork: share?.isNew ?? false,
    concentrated: share !== undefined && share.requests >= share.perHourMax,
  }
  recordCause(state.ledger, cause, { now, source: sourceNumber(state, cause.source), ...traits })
  if (share) countRequest(state.networks, cause.requester!.network!, { now, perHourMax: share.perHourMax })
}

/** Beyond `sourcesMax` all share the last number. */
function sourceNumber(state: State, name: string): number {
  const known = state.sources.indexOf(name)
  if (known >= 0) return known
  if (state.sources.length < sourcesMax) return state.sources.push(name) - 1
  return sourcesMax - 1
}

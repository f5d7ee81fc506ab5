import type { Alarm, AlarmLevel } from './alarms.ts'
import { bitOf, type Detector, type Feature } from './detectors/features.ts'
import { type Forecast, isProven } from './detectors/forecast.ts'
import { agentsBit, type Evidence, isExcess, networksBit, type Observation, rateBit, weigh } from './detectors/watch.ts'
import type { MessageFacts } from './events.ts'
import type { ClassPolicy } from './policy.ts'
import type { Place } from './scope.ts'
import type { Seen } from './seen.ts'
import type { State } from './state.ts'
import { mayOpen } from './stops.ts'
import { forecastOf, isTold, reportedKind, type Stream, type StreamName, streamFor } from './streams.ts'

// What the detectors say of one message before it is decided. The gate asks with what it has found out; nothing is changed here. What was
// observed goes into the event, and `fold` takes it into the same streams, so that a replay learns what production learnt.

/** Features that only the whole class shows, and those that a lane and source show. */
const ofClass = maskOf(
  'causeless',
  'repeated-recipient',
  'unseen-template',
  'test-material',
  'wrong-recipient',
  'in-order',
)
const ofPlace = maskOf('old-cause', 'unknown-account', 'new-network', 'unfinished', 'reported')

function maskOf(...some: Feature[]): number {
  return some.reduce((mask, feature) => mask | bitOf(feature), 0)
}

/** The two streams of a message, and what each is told of it. */
export function observationsOf(
  place: Place,
  { tested, present, agent, network }: Seen,
  { at, explained }: { at: number; explained: boolean },
): { name: StreamName; one: Observation }[] {
  const here: Observation = { at, tested: tested & ofPlace, present: present & ofPlace, counted: true, explained }
  if (agent !== undefined) here.agent = agent
  if (network !== undefined) here.network = network
  return [
    { name: { class: place.class }, one: { at, tested: tested & ofClass, present: present & ofClass, counted: false } },
    { name: { class: place.class, lane: place.lane, source: place.source }, one: here },
  ]
}

/**
 * The worst that the streams of a message say, this message taken in; and what people are told of it. `isKept`: the message, and each other in its
 * place, is held whatever is found here, so that a breaker would stop nobody: whoever makes up names of templates would only use them up.
 */
export function detect(
  state: State,
  {
    facts,
    place,
    policy,
    seen,
    isKept,
    now,
  }: { facts: MessageFacts; place: Place; policy: ClassPolicy; seen: Seen; isKept: boolean; now: number },
): Detected {
  const found: Detected = { alarms: [] }
  const raise = (stream: Stream, level: AlarmLevel, { leading: detector, numbers, days }: Evidence) => {
    if (level !== 'hard' && isTold(stream, level, detector, now)) return
    const id = state.alarms + found.alarms.length + 1
    const told = { days: Math.round(days * stream.share), ...numbers }
    found.alarms.push({
      ...place,
      id,
      level,
      detector,
      numbers: told,
      messages: [...stream.suspects.slice(-7), facts.id],
    })
  }
  const { softDays, hardDays } = state.policy.detection
  for (const { name, one } of observationsOf(place, seen, { at: now, explained: isExplained(state, place, now) })) {
    const stream = state.streams.list[streamFor(state.streams, name)]
    // Of a class as a whole there is only what messages show themselves, and most show nothing.
    if (!stream || (stream.lane === undefined && one.present === 0)) continue
    const forecast = forecastOf(state.streams, place.class, place.lane)
    if ((one.present & toldOnly) !== 0) {
      const added = weigh(stream.watch, forecast, one, {
        tellFromDays: hardDays / stream.share,
        hidden: ~(one.present & toldOnly),
      })
      if (added.days * stream.share >= hardDays) raise(stream, 'notice', added)
    }
    const hidden = hiddenOf(stream, one) | toldOnly
    const evidence = weigh(stream.watch, forecast, one, { tellFromDays: softDays / stream.share, hidden })
    const worst = levelOf(state, { stream, forecast, evidence, one, policy, now })
    const level = worst === 'hard' && (isKept || !mayOpen(state.stops, place)) ? 'held' : worst
    if (!level) continue
    if (level !== 'notice' && severity[level] > severity[found.level ?? 'none']) found.level = level
    if (level !== 'held' || !isTold(stream, 'hard', evidence.leading, now))
      raise(stream, level === 'held' ? 'hard' : level, evidence)
  }
  return found
}

/**
 * `soft`: the message waits. `hard`: its breaker opens. `held`: the message alone is held, since what was found is about who asked, or
 * about single messages: others in the same place go on, and nobody can stop them by asking for much.
 */
export type Detected = { level?: 'soft' | 'hard' | 'held'; alarms: Alarm[] }

const aboutOne: ReadonlySet<Detector> = new Set<Detector>([
  'agents',
  'networks',
  'new-network',
  'unknown-account',
  'old-cause',
])

/** Of these people are told, and no breaker opens: the exact checks keep each wrong recipient and each piece of test material by themselves. */
const toldOnly = maskOf('test-material', 'wrong-recipient')

function isAboutOne({ requesters }: Stream, { agent, network = 0 }: Observation, leading: Detector): boolean {
  if (leading === 'reported') return agent !== undefined && reportedKind(requesters, agent, network) === 'this'
  return aboutOne.has(leading)
}

const severity = { none: 0, soft: 1, held: 2, hard: 3 }

type Weighed = {
  stream: Stream
  forecast: Forecast
  evidence: Evidence
  one: Observation
  policy: ClassPolicy
  now: number
}

/**
 * Exact and cause tests bind from the first day; the statistical ones once their history has been tested. Until then, and in a class that does
 * not enforce, people are told. The evidence is that of what the message itself shows: the others of its stream go on.
 */
function levelOf(
  state: State,
  { stream, forecast, evidence, one, policy, now }: Weighed,
): NonNullable<Detected['level']> | 'notice' | undefined {
  const { softDays, hardDays } = state.policy.detection
  const days = evidence.days * stream.share
  if (days < softDays) return undefined
  const binding = isProven(forecast, now) ? days : evidence.firmDays * stream.share
  if (policy.mode !== 'enforce' || binding < softDays) return days >= hardDays ? 'notice' : undefined
  if (binding < hardDays) return 'soft'
  return isAboutOne(stream, one, evidence.leading) ? 'held' : 'hard'
}

/** What is known only later, such as a report, is shown by every message of the stream. */
const knownLater = maskOf('unfinished', 'reported')

/** The components that a message does not show: the evidence of others is not held against it, and does not hide its own. */
function hiddenOf({ watch, requesters }: Stream, { present, counted, explained, agent, network }: Observation): number {
  let shown = present | knownLater
  if (agent !== undefined && reportedKind(requesters, agent, network ?? 0) === 'others') shown &= ~bitOf('reported')
  if (counted && !explained) shown |= rateBit
  if (agent !== undefined && isExcess(watch, 'agents', agent)) shown |= agentsBit
  if (network !== undefined && isExcess(watch, 'networks', network)) shown |= networksBit
  return ~shown
}

/** Messages with causes are as many as their causes, so their rate says nothing; and announced sends are expected. */
export const isExplained = (state: State, { class: className, source }: Place, now: number): boolean =>
  source !== '' || state.announced.some(one => one.class === className && one.from <= now && now < one.until)

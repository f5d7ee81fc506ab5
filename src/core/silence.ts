import type { Hash64 } from '../std/hash64.ts'
import { earlier } from '../std/instant.ts'
import type { Alarm } from './alarms.ts'
import { isProven, silentBlocksMin } from './detectors/forecast.ts'
import type { CauseFacts, Event, MessageFacts } from './events.ts'
import { type CauseKind, type ClassPolicy, classOf, type Lane } from './policy.ts'
import type { State } from './state.ts'
import { forecastOf } from './streams.ts'

/**
 * Mail that does not come. Of each source of causes and kind of cause some accounts wait for their message; what has not been asked for within a
 * minute is missing. Some always is (people without an address, an application that has its own limits): how much is learnt, and more than
 * that is evidence, as a Bernoulli e-process (Shin, Ramdas, Rinaldo 2022) with time as restart weight: while nothing is wrong, a class, source
 * and kind is told at most once in `hardDays`, in the mean. A source whose causes never brought messages of a class is not connected to it.
 *
 * A class of which nobody reports causes is held against its forecast instead: a silence that by itself is as unlikely.
 */
export type Silence = { sources: Source[]; mail: Mail[] }

type Source = {
  source: string
  kind: CauseKind
  /** By account, the oldest first: since when it waits, and for which tests it was answered, as bits by their places. */
  pending: Map<Hash64, Pending>
  /** When the newest of them was taken. */
  takenAt: number
  tests: Test[]
  /** When the first of its tests has something to tell; undefined until it is looked for again. Follows from the rest, and is in no snapshot. */
  due: number | undefined
}

type Pending = { at: number; answered: number }

/** Whether the causes of a source are answered with messages of a class. */
type Test = {
  class: string
  /** Answered so far, as many as matter. */
  matches: number
  /** Causes that the usual was learnt from, and those of them that no message answered. */
  causes: number
  missing: number
  /** The evidence of each bet, in days. */
  values: number[]
  at: number
  answeredAt: number
  /** Since the evidence was last in order. */
  during: { causes: number; missing: number }
  /** Causes answered in a row. */
  row: number
  /** It has become silent, and nobody has been told. */
  foundAt?: number
  /** The alarm of the episode that people were told of, and since when it has been over. */
  told?: { alarm: number; overAt?: number }
}

/** The mail of a class and lane without causes. `blocks`: whole minutes of silence that are too many; absent where nothing can be said. */
type Mail = {
  class: string
  lane: Lane
  countedAt: number
  blocks?: number
  told?: { alarm: number; back: number; overAt?: number }
}

const minuteMs = 60_000
const dayMs = 86_400_000
/** A message that comes later than this after its cause counts as missing. */
const answerMsMax = minuteMs
/** The message of a cause that is reported late may have come before it. */
const reportMsMax = 10_000
const pendingMax = 128
/** The second half of the places is for bursts; the first is filled evenly, or a busy source would be looked at once a minute. */
const evenMsMin = (2 * minuteMs) / pendingMax
const sourcesMax = 64
/** Bits of a word. */
const testsMax = 30
const matchesMin = 20
const causesMax = 4096
/** Alternatives, as in the watch over streams: the share of the way from the usual to all. */
const bets = [0.02, 0.1, 0.5, 0.9] as const
const usualMax = 0.95
const evidenceMax = 1e12
const rowMin = 5
const mailMax = 512

export const newSilence = (): Silence => ({ sources: [], mail: [] })

export const silenceToJson = ({ sources, mail }: Silence) => ({
  sources: sources.map(({ due: _, ...one }) => ({ ...one, pending: [...one.pending] })),
  mail,
})

export const silenceFromJson = ({ sources, mail }: ReturnType<typeof silenceToJson>): Silence => ({
  sources: sources.map(one => ({ ...one, pending: new Map(one.pending), due: undefined })),
  mail,
})

/** Takes one event in, before the rest of the state does. */
export function watchSilence(state: State, event: Event, at: number): void {
  switch (event.type) {
    case 'CauseReported':
      return asked(state, event.cause, at)
    case 'CoverageReported':
      return matureAll(state, at)
    case 'MessageDecided':
      if (!isOrdinary(event.message)) return
      answered(state, event.account, event.message.class, at)
      return countMail(state, event.message.class, event.lane, at)
    case 'MessageReleased':
    case 'MessageHeld': {
      // Its cause came after it, and only now its account is known for certain.
      const live = event.cause && state.messages.get(event.id)
      if (!live || !isOrdinary(live.facts)) return
      return answered(state, event.account ?? live.account, live.facts.class, at)
    }
    case 'AlarmRaised':
      return told(state, event.alarm, at)
    case 'AlarmCleared':
      return cleared(state.silence, event.alarm)
    case 'PolicyApplied':
      for (const source of state.silence.sources) source.due = undefined
      return
    default:
      return
  }
}

const isOrdinary = ({ via, campaign }: MessageFacts): boolean => via !== 'probe' && via !== 'notice' && !campaign

const isCausedBy = (policy: ClassPolicy | undefined, kind: CauseKind): boolean =>
  policy !== undefined && policy.lane !== 'campaign' && policy.causes.kinds.includes(kind)

/** An account begins to wait for what its cause brings, once in a minute. */
function asked(state: State, { source: name, kind, account, known, occurredAt }: CauseFacts, at: number): void {
  const source = sourceOf(state.silence, name, kind)
  if (!source) return
  mature(state, source, at)
  const { pending } = source
  if (!known || at - occurredAt > reportMsMax || pending.size >= pendingMax || pending.has(account)) return
  if (pending.size >= pendingMax / 2 && at - source.takenAt < evenMsMin) return
  source.takenAt = at
  pending.set(account, { at, answered: 0 })
  source.due = undefined
}

function sourceOf({ sources }: Silence, name: string, kind: CauseKind): Source | undefined {
  for (const one of sources) if (one.source === name && one.kind === kind) return one
  if (sources.length >= sourcesMax) return undefined
  const made: Source = { source: name, kind, pending: new Map(), takenAt: 0, tests: [], due: undefined }
  sources.push(made)
  return made
}

/** A message of the class was asked for; whether it may go is another question. */
function answered(state: State, account: Hash64, className: string, at: number): void {
  const { sources } = state.silence
  if (sources.length === 0) return
  const policy = classOf(state.policy, className)
  for (const source of sources) {
    if (!isCausedBy(policy, source.kind)) continue
    mature(state, source, at)
    const waits = source.pending.get(account)
    if (!waits) continue
    let index = source.tests.findIndex(test => test.class === className)
    if (index < 0 && source.tests.length < testsMax) index = source.tests.push(newTest(className, at)) - 1
    if (index < 0) continue
    waits.answered |= 1 << index
    source.due = undefined
    source.tests[index]!.answeredAt = at
  }
}

const newTest = (className: string, at: number): Test => ({
  class: className,
  matches: 0,
  causes: 0,
  missing: 0,
  values: bets.map(() => 0),
  at,
  answeredAt: at,
  during: { causes: 0, missing: 0 },
  row: 0,
})

function matureAll(state: State, at: number): void {
  for (const source of state.silence.sources) mature(state, source, at)
}

/** Whoever has waited for a minute has been answered or not. */
function mature(state: State, source: Source, at: number): void {
  const { kind, pending, tests, takenAt } = source
  // A clock that went back says nothing of those who wait.
  if (takenAt > at + answerMsMax) {
    pending.clear()
    source.due = undefined
  }
  for (const [account, waits] of pending) {
    if (at - waits.at < answerMsMax) return
    pending.delete(account)
    source.due = undefined
    tests.forEach((test, index) => {
      if (!isCausedBy(classOf(state.policy, test.class), kind)) return
      learn(state, test, { isMissing: ((waits.answered >>> index) & 1) === 0, at: waits.at + answerMsMax })
    })
  }
}

/** The usual share of causes without a message: an upper bound. */
const usualOf = ({ causes, missing }: Test): number => Math.min(usualMax, (1.5 * missing + 3) / Math.max(causes, 1))

function daysOf({ values }: Test): number {
  let sum = 0
  for (let j = 0; j < bets.length; j++) sum += values[j]!
  return sum / bets.length
}

/** One cause that matured. While the evidence is suspicious nothing is learnt, unless it turns out that most were answered meanwhile. */
function learn(state: State, test: Test, one: { isMissing: boolean; at: number }): void {
  const { softDays, hardDays } = state.policy.detection
  const { during } = test
  weigh(test, one)
  test.row = one.isMissing ? 0 : test.row + 1
  if (!one.isMissing && test.matches < matchesMin) test.matches++
  during.causes++
  if (one.isMissing) during.missing++
  if (test.told) {
    if (test.row >= rowMin) test.told.overAt ??= one.at
    return
  }
  const days = daysOf(test)
  if (days >= hardDays) test.foundAt ??= one.at
  else if (days < softDays && test.foundAt === undefined) settle(test)
}

/** The time since the last cause, a minute at most, is what a restart may begin with. */
function weigh(test: Test, { isMissing, at }: { isMissing: boolean; at: number }): void {
  const weight = Math.max(0, Math.min(at - test.at, minuteMs)) / dayMs
  test.at = Math.max(at, test.at)
  if (test.matches < matchesMin) return
  const perMissing = isMissing ? 1 / usualOf(test) : 0
  // In place: whoever looks ahead goes through all who wait, at every turn in which one of them was answered.
  for (let j = 0; j < bets.length; j++)
    test.values[j] = Math.min(evidenceMax, (test.values[j]! + weight) * (1 - bets[j]! + bets[j]! * perMissing))
}

/** What came meanwhile becomes part of the usual, unless most of it was missing: that was an episode. */
function settle(test: Test): void {
  const { causes, missing } = test.during
  test.during = { causes: 0, missing: 0 }
  if (missing * 2 > causes && causes > 1) return
  test.causes += causes
  test.missing += missing
  if (test.causes <= causesMax) return
  test.causes /= 2
  test.missing /= 2
}

/** When a test becomes silent if no message comes: at once when it has, or as those who wait mature. */
function silentAt(state: State, { kind, pending }: Source, test: Test, index: number): number | undefined {
  if (test.told || test.foundAt !== undefined) return test.foundAt
  if (test.matches < matchesMin || !isCausedBy(classOf(state.policy, test.class), kind)) return undefined
  let ahead: Test | undefined
  for (const { at, answered: bits } of pending.values()) {
    const isMissing = ((bits >>> index) & 1) === 0
    if (!isMissing && !ahead) continue
    // The answered ones before the first that is missing only speak against it.
    ahead ??= { ...test, values: [...test.values], during: { ...test.during } }
    learn(state, ahead, { isMissing, at: at + answerMsMax })
    if (ahead.foundAt !== undefined) return ahead.foundAt
  }
  return undefined
}

function countMail(state: State, className: string, lane: Lane, at: number): void {
  if (lane === 'campaign') return
  const one = mailOf(state.silence, className, lane)
  if (!one) return
  const isNewMinute = Math.floor(at / minuteMs) !== Math.floor(one.countedAt / minuteMs)
  one.countedAt = Math.max(one.countedAt, at)
  if (one.told && ++one.told.back >= rowMin) one.told.overAt ??= at
  if (isNewMinute) expect(state, one, at)
}

function mailOf({ mail }: Silence, className: string, lane: Lane): Mail | undefined {
  for (const one of mail) if (one.class === className && one.lane === lane) return one
  if (mail.length >= mailMax) return undefined
  return mail[mail.push({ class: className, lane, countedAt: 0 }) - 1]
}

/** How much silence from here on would be too much. Once a minute. */
function expect(state: State, one: Mail, at: number): void {
  const forecast = forecastOf(state.streams, one.class, one.lane)
  const isWatched = isProven(forecast, at) && !isConnected(state.silence, one.class, at)
  const blocks = isWatched ? silentBlocksMin(forecast, at, state.policy.detection.hardDays) : undefined
  if (blocks === undefined) delete one.blocks
  else one.blocks = blocks
}

/** Causes that call for this class were answered within the last day: they tell more of it than a forecast. */
const isConnected = ({ sources }: Silence, className: string, at: number): boolean =>
  sources.some(({ tests }) =>
    tests.some(test => test.class === className && test.matches >= matchesMin && at - test.answeredAt < dayMs),
  )

/** At the end of that many whole minutes. */
const missingAt = ({ countedAt, blocks, told: isTold }: Mail): number | undefined =>
  blocks === undefined || isTold ? undefined : (Math.floor(countedAt / minuteMs) + 1 + blocks) * minuteMs

/** The next instant at which mail is missing, or flows again, if nothing happens until then. */
export function silenceDue(state: State): number | undefined {
  let due: number | undefined
  for (const source of state.silence.sources) {
    source.due ??= sourceDue(state, source)
    if (source.due !== never) due = earlier(due, source.due)
  }
  for (const one of state.silence.mail) due = earlier(due, one.told ? one.told.overAt : missingAt(one))
  return due
}

const never = Number.POSITIVE_INFINITY

function sourceDue(state: State, source: Source): number {
  let due = never
  source.tests.forEach((test, index) => {
    due = Math.min(due, (test.told ? test.told.overAt : silentAt(state, source, test, index)) ?? never)
  })
  return due
}

/** What is to be told now. `firstId`: of the first alarm among them. */
export function silenceEvents(state: State, now: number, firstId: number): Event[] {
  const events: Event[] = []
  let id = firstId
  const isDue = (at: number | undefined): boolean => at !== undefined && at <= now
  for (const source of state.silence.sources)
    source.tests.forEach((test, index) => {
      const place = { class: test.class, lane: laneOf(state, test.class), source: source.source }
      const { told: before } = test
      if (before && isDue(before.overAt))
        events.push({ type: 'AlarmCleared', alarm: before.alarm, ...place, detector: 'class-silent' })
      if (before || !isDue(silentAt(state, source, test, index))) return
      events.push(noticed({ ...place, id: id++, detector: 'class-silent', numbers: numbersOf(source, index, now) }))
    })
  for (const one of state.silence.mail) {
    const place = { class: one.class, lane: one.lane, source: '' }
    if (one.told && isDue(one.told.overAt))
      events.push({ type: 'AlarmCleared', alarm: one.told.alarm, ...place, detector: 'missing' })
    if (one.told || !isDue(missingAt(one))) continue
    const numbers = { silentSeconds: (now - one.countedAt) / 1000, silentSecondsMax: 60 * one.blocks! }
    events.push(noticed({ ...place, id: id++, detector: 'missing', numbers }))
  }
  return events
}

const noticed = (alarm: Omit<Alarm, 'template' | 'level' | 'messages'>): Event => ({
  type: 'AlarmRaised',
  alarm: { ...alarm, template: '', level: 'notice', messages: [] },
})

/** A class whose lane is that of the requester has them all; the open one stands for it. */
function laneOf({ policy }: State, className: string): Lane {
  const lane = classOf(policy, className)?.lane
  return lane === undefined || lane === 'by-requester' ? 'open' : lane
}

/** Of the causes since it was last in order, how many have no message; those that still wait, and did so for a minute, counted in. */
function numbersOf({ pending, tests }: Source, index: number, now: number): Record<string, number> {
  const test = tests[index]!
  let { causes, missing } = test.during
  for (const { at, answered: bits } of pending.values()) {
    if (now - at < answerMsMax) break
    causes++
    if (((bits >>> index) & 1) === 0) missing++
  }
  const usual = usualOf(test)
  return { missing, causes, usual, expected: usual * causes, silentSeconds: (now - test.answeredAt) / 1000 }
}

function told(state: State, alarm: Alarm, at: number): void {
  const { sources, mail } = state.silence
  if (alarm.detector === 'missing') {
    const one = mail.find(({ class: name, lane }) => name === alarm.class && lane === alarm.lane)
    if (one) one.told = { alarm: alarm.id, back: 0 }
    return
  }
  if (alarm.detector !== 'class-silent') return
  matureAll(state, at)
  for (const source of sources)
    for (const test of source.tests) {
      if (source.source !== alarm.source || test.class !== alarm.class || test.foundAt === undefined || test.told)
        continue
      delete test.foundAt
      test.told = { alarm: alarm.id }
      test.row = 0
      source.due = undefined
      return
    }
}

/** It begins anew: the evidence at nothing. */
function cleared({ sources, mail }: Silence, alarm: number): void {
  for (const source of sources)
    for (const test of source.tests) {
      if (test.told?.alarm !== alarm) continue
      source.due = undefined
      delete test.told
      test.values = bets.map(() => 0)
      settle(test)
    }
  for (const one of mail) if (one.told?.alarm === alarm) delete one.told
}

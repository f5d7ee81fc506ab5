import { exp, log } from '../std/exponential.ts'
import { earlier } from '../std/instant.ts'
import { Table } from '../std/table.ts'
import type { Alarm } from './alarms.ts'
import { isOnlyReserved } from './brake.ts'
import type { Event, MessageId } from './events.ts'
import type { LiveMessage } from './messages.ts'
import { classOf, type Lane } from './policy.ts'
import { covers, type Place, type Scope, templateIn } from './scope.ts'
import type { SignalFacts } from './signals.ts'
import type { State } from './state.ts'

/**
 * Late mail (GitHub, 2024: password resets up to two hours late, unnoticed for 68 h 51 min). Of each class and lane the time from being let go
 * to being handed over is held against its usual; and, where the provider says when it delivered, so is the time from there on.
 *
 * It is late when one message in twenty of the last two minutes, those that still wait counted in, took longer than five times the usual
 * 95th percentile, or than a minute where that is more; and more of them did than the usual share of such stragglers explains (below). The
 * usual is learnt from minutes that were in order, and is frozen while mail is late.
 * What stands still because a person, a breaker or the brake holds it is not late; its time begins when it is let go on. Campaigns are paced
 * on purpose, and have their own progress.
 */
export type Lateness = { tracks: Track[]; handed: Table }

export type Track = {
  class: string
  lane: Lane
  /** `handover`: our part. `provider`: from the hand-over to what the provider reports. */
  stage: 'handover' | 'provider'
  /** Delays in bins, the older ones with less weight. */
  usual: number[]
  /** The 95th percentile of these, ms. */
  usualMs: number
  /** How many of these were over the limit at their time. */
  usualLate: number
  /** The last minutes with a delivery, the newest last. */
  minutes: Minute[]
  lines: Line[]
  /** It has become late, and nobody has been told. */
  foundAt?: number
  /** The episode that people were told of: its alarm, and the last message that was late. */
  late?: { alarm: number; badAt: number }
}

type Minute = { minute: number; delays: number[]; total: number; late: number }

/** What waits in one place, in slots of `widthMs` by when it was let go. */
type Line = {
  source: string
  template: string
  widthMs: number
  slots: { from: number; count: number }[]
  /** When a stop was last lifted from here. */
  liftedAt: number
}

/** Delays in ms by their number of binary digits: bin n holds 2^(n−1) to 2^n − 1. */
const bins = 32
const lateMsMin = 60_000
const timesUsual = 5
/** One in so many makes it late. */
const oneIn = 20
const minutesKept = 2
const goodMsMin = 5 * 60_000
/** From so many delays on the older half of their weight is dropped. */
const usualMax = 4096
const tracksMax = 512
const linesMax = 64
const slotMs = 5000
const slotsMax = 32
/** Hand-overs that the provider may still speak of: a newer one takes the place of an older. 20 bytes each. */
const handedRows = 16_384

export const newLateness = (): Lateness => ({ tracks: [], handed: new Table('handed', { rowWords: 5, shardBits: 8 }) })

/** Takes one event in, before the rest of the state does. */
export function watchLateness(state: State, event: Event, at: number): void {
  switch (event.type) {
    case 'MessageDecided': {
      const { message: facts, lane, source = '', outcome, notice } = event
      const template = templateIn(facts)
      if (outcome === 'deliver') arrive(state, { class: facts.class, lane, source, template }, at)
      if (notice) arrive(state, { class: facts.class, lane: 'system', source, template }, at)
      return
    }
    case 'MessageReleased': {
      const live = state.messages.get(event.id)
      if (live) arrive(state, { ...placeOf(live), lane: event.lane, source: event.source ?? live.source }, at)
      return
    }
    case 'MessageDelivered':
      return delivered(state, event.id, at)
    case 'MessageHeld':
    case 'MessageUndeliverable':
    case 'MessageExpired':
    case 'MessageDiscarded':
      return void leave(state, event.id)
    case 'SubjectErased':
      for (const id of event.messages) leave(state, id)
      return
    case 'ClassResumed':
      return lifted(state, event, at)
    case 'BreakerHalfOpened':
    case 'BreakerClosed':
      return lifted(state, event.scope, at)
    case 'BrakeCleared':
      for (const { lines } of state.lateness.tracks) for (const line of lines) line.liftedAt = at
      return
    case 'SignalReported':
      return reported(state, event.signal, at)
    case 'AlarmRaised':
    case 'AlarmCleared':
      return told(state, event, at)
    default:
      return
  }
}

const placeOf = ({ facts, lane, source }: LiveMessage): Place => ({
  class: facts.class,
  lane,
  source,
  template: templateIn(facts),
})

function trackOf({ lateness: { tracks } }: State, { class: className, lane }: Place, stage: Track['stage']): Track {
  const known = tracks.find(one => one.class === className && one.lane === lane && one.stage === stage)
  if (known) return known
  const made: Track = {
    class: className,
    lane,
    stage,
    usual: new Array<number>(bins).fill(0),
    usualMs: 0,
    usualLate: 0,
    minutes: [],
    lines: [],
  }
  if (tracks.length < tracksMax) tracks.push(made)
  return made
}

/** A message of a place begins to wait for its hand-over. */
function arrive(state: State, place: Place, at: number): void {
  if (place.lane === 'campaign') return
  const line = lineFor(trackOf(state, place, 'handover'), place)
  const from = Math.floor(at / line.widthMs) * line.widthMs
  const last = line.slots.at(-1)
  if (last && last.from >= from) last.count++
  else line.slots.push({ from, count: 1 })
  if (line.slots.length > slotsMax) coarsen(line)
}

/** The longer the line, the wider its slots: the age of the oldest is known to within a sixteenth. */
function coarsen(line: Line): void {
  line.widthMs *= 2
  const wider: Line['slots'] = []
  for (const { from, count } of line.slots) {
    const start = Math.floor(from / line.widthMs) * line.widthMs
    const last = wider.at(-1)
    if (last?.from === start) last.count += count
    else wider.push({ from: start, count })
  }
  line.slots = wider
}

/** An idle line is taken over by another place; when all are busy the last one is shared. */
function lineFor({ lines }: Track, { source, template }: Place): Line {
  const known = lines.find(one => one.source === source && one.template === template)
  if (known) return known
  const made: Line = { source, template, widthMs: slotMs, slots: [], liftedAt: 0 }
  if (lines.length < linesMax) return lines[lines.push(made) - 1]!
  const idle = lines.findIndex(({ slots }) => slots.length === 0)
  if (idle < 0) return lines.at(-1)!
  lines[idle] = made
  return made
}

/** A message no longer waits; answers since when it has, stops left out, or `undefined` when that says nothing. */
function leave(state: State, id: MessageId): { track: Track; since: number } | undefined {
  const live = state.messages.get(id)
  if (live?.status.is !== 'ready' || live.lane === 'campaign') return undefined
  const place = placeOf(live)
  const track = trackOf(state, place, 'handover')
  const line = lineFor(track, place)
  const index = line.slots.findLastIndex(({ from }) => from <= live.readyAt)
  const slot = line.slots[index]
  if (slot && --slot.count === 0) line.slots.splice(index, 1)
  if (line.slots.length === 0) line.widthMs = slotMs
  const heldUntil = heldUntilOf(state, place)
  return heldUntil === Number.POSITIVE_INFINITY
    ? undefined
    : { track, since: Math.max(live.readyAt, line.liftedAt, heldUntil) }
}

/** When the stops of a place end: never by themselves, or by the clock, or 0 without any. */
function heldUntilOf(state: State, place: Place): number {
  if (isOnlyReserved(state, place.lane)) return Number.POSITIVE_INFINITY
  let until = 0
  for (const stop of state.stops)
    if (covers(stop.scope, place)) until = Math.max(until, stop.until ?? Number.POSITIVE_INFINITY)
  return until
}

function lifted({ lateness: { tracks } }: State, scope: Scope, at: number): void {
  for (const track of tracks)
    for (const line of track.lines)
      if (covers(scope, { class: track.class, lane: track.lane, source: line.source, template: line.template }))
        line.liftedAt = at
}

function delivered(state: State, id: MessageId, at: number): void {
  const left = leave(state, id)
  if (!left) return
  observe(state, left.track, { delayMs: Math.max(0, at - left.since), at })
  remember(state, id, at)
}

/** One delay of a track: into the minute that it ended in, and from there into the usual. */
function observe(state: State, track: Track, { delayMs, at }: { delayMs: number; at: number }): void {
  const minute = minuteAt(track, Math.floor(at / 60_000))
  minute.delays[binOf(delayMs)]!++
  minute.total++
  if (delayMs <= limitOf(state, track)) return
  minute.late++
  if (track.late) track.late.badAt = at
  else {
    const { total, late } = recent(track, at)
    if (late >= lateMin(track, total)) track.foundAt ??= at
  }
}

function minuteAt(track: Track, number: number): Minute {
  const last = track.minutes.at(-1)
  if (last && last.minute >= number) return last
  const made: Minute = { minute: number, delays: new Array<number>(bins).fill(0), total: 0, late: 0 }
  track.minutes.push(made)
  if (track.minutes.length > minutesKept) learn(track, track.minutes.shift()!)
  return made
}

/** A minute in order becomes part of the usual. */
function learn(track: Track, { delays, total, late }: Minute): void {
  if (track.late || track.foundAt !== undefined || total === 0) return
  for (let bin = 0; bin < bins; bin++) track.usual[bin]! += delays[bin]!
  track.usualLate += late
  if (totalOf(track.usual) > usualMax) {
    track.usual = track.usual.map(count => count / 2)
    track.usualLate /= 2
  }
  track.usualMs = percentile95(track.usual)
}

/** Never more than a quarter of the message's life, for what comes after that helps few. */
function limitOf({ policy }: State, { class: className, usualMs }: Track): number {
  const lifetimeMs = classOf(policy, className)?.lifetimeMs ?? Number.POSITIVE_INFINITY
  return Math.max(lateMsMin, Math.min(timesUsual * usualMs, lifetimeMs / 4))
}

function recent({ minutes }: Track, at: number): { total: number; late: number } {
  const first = Math.floor(at / 60_000) - minutesKept + 1
  let [total, late] = [0, 0]
  for (const one of minutes) {
    if (one.minute < first) continue
    total += one.total
    late += one.late
  }
  return { total, late }
}

const totalOf = (counts: readonly number[]): number => counts.reduce((a, b) => a + b)

/**
 * How many of so many messages must be over the limit before that is more than the usual stragglers: one in twenty, and so many that with
 * their usual share p it would happen in one window of two minutes in a million, which is a false alarm in some years. Without it a hundredth
 * of the mail that is deferred for a minute, as at any provider, was told ten times an hour in classes with thirty messages in a window.
 */
function lateMin(track: Track, of: number): number {
  return Math.max(1, Math.ceil(of / oneIn), beyondChance(of, stragglers(track)))
}

/**
 * An upper bound of the usual share of messages over the limit, in thousandths. 0 where there never was one: then the first is told. Providers
 * defer some mail for a while everywhere, so that of theirs something is usual from the beginning.
 */
function stragglers({ stage, usual, usualLate }: Track): number {
  if (stage === 'handover' && usualLate === 0) return 0
  const before = stage === 'provider' ? providersUsual : { late: 0, of: 0 }
  const share = (1.5 * (usualLate + before.late) + 3) / (totalOf(usual) + before.of + 1)
  return Math.min(thousandthsMax, Math.ceil(1000 * share))
}

const providersUsual = { late: 2, of: 200 }
const thousandthsMax = 200
const chanceMax = 1e-6
const exactMax = 512
/** By thousandths and messages; 0 is not computed yet. */
const beyond = new Uint16Array((thousandthsMax + 1) * (exactMax + 1))

/** The least k that a binomial of so many trials reaches with a chance of at most `chanceMax`; more than all of them where none does. */
function beyondChance(of: number, thousandths: number): number {
  if (thousandths === 0 || of <= 0) return 1
  const share = thousandths / 1000
  if (of > exactMax) return bernstein(of * share)
  const cell = thousandths * (exactMax + 1) + of
  if (beyond[cell] === 0) beyond[cell] = binomialBeyond(of, share)
  return beyond[cell]!
}

/** Of many trials: P(X ≥ μ + t) ≤ exp(−t²/(2(μ + t/3))) (Bernstein), solved for t. */
function bernstein(mean: number): number {
  const third = -log(chanceMax) / 3
  return Math.ceil(mean + third + exp(0.5 * log(third * third + 6 * third * mean)))
}

function binomialBeyond(of: number, share: number): number {
  let chance = exp(of * log(1 - share))
  let above = 1
  for (let k = 0; k <= of; k++) {
    if (above <= chanceMax) return k
    above -= chance
    chance *= ((of - k) / (k + 1)) * (share / (1 - share))
  }
  return of + 1
}

const binOf = (ms: number): number => Math.min(bins - 1, 32 - Math.clz32(Math.floor(ms)))

/** Within its bin as if all lay evenly. */
function percentile95(counts: readonly number[]): number {
  const total = totalOf(counts)
  let below = 0
  for (let bin = 0; bin < bins; bin++) {
    const count = counts[bin]!
    if (count > 0 && below + count >= total * 0.95) {
      const from = bin === 0 ? 0 : 1 << (bin - 1)
      return Math.round(from + (from * (total * 0.95 - below)) / count)
    }
    below += count
  }
  return 0
}

type Waiting = { waiting: number; oldestFrom: number; lateAt: number | undefined }

/**
 * What waits in a track: how many, since when the oldest, and when so many of them are over the limit that the track is late, if nothing
 * changes until then. The work is that of the slots, not of the messages.
 */
function waitingOf(state: State, track: Track): Waiting | undefined {
  const groups: { since: number; count: number }[] = []
  let [waiting, oldestFrom] = [0, Number.POSITIVE_INFINITY]
  for (const { source, template, slots, liftedAt, widthMs } of track.lines) {
    if (slots.length === 0) continue
    const heldUntil = heldUntilOf(state, { class: track.class, lane: track.lane, source, template })
    if (heldUntil === Number.POSITIVE_INFINITY) continue
    const notBefore = Math.max(liftedAt, heldUntil)
    for (const { from, count } of slots) {
      waiting += count
      oldestFrom = Math.min(oldestFrom, Math.max(from, notBefore))
      groups.push({ since: Math.max(from + widthMs, notBefore), count })
    }
  }
  if (waiting === 0) return undefined
  const overMin = lateMin(track, waiting + recent(track, oldestFrom).total)
  return { waiting, oldestFrom, lateAt: lateAtOf(groups, overMin, limitOf(state, track)) }
}

function lateAtOf(groups: { since: number; count: number }[], overMin: number, limitMs: number): number | undefined {
  let over = 0
  for (const { since, count } of groups.sort((a, b) => a.since - b.since)) {
    over += count
    if (over >= overMin) return since + limitMs
  }
  return undefined
}

/** When a track has something to tell, if nothing happens until then. */
function dueOf(state: State, track: Track): number | undefined {
  const waiting = waitingOf(state, track)
  if (!track.late) return earlier(track.foundAt, waiting?.lateAt)
  const goodAt = track.late.badAt + goodMsMin
  return waiting?.lateAt !== undefined && waiting.lateAt <= goodAt ? undefined : goodAt
}

/** The next instant at which mail becomes late, or is in order again, if nothing happens until then. */
export function latenessDue(state: State): number | undefined {
  let due: number | undefined
  for (const track of state.lateness.tracks)
    if (track.late || track.foundAt !== undefined || track.lines.some(({ slots }) => slots.length > 0))
      due = earlier(due, dueOf(state, track))
  return due
}

/** What is to be told now. `firstId`: of the first alarm among them. */
export function latenessEvents(state: State, now: number, firstId: number): Event[] {
  let id = firstId
  return state.lateness.tracks.flatMap((track): Event[] => {
    if ((dueOf(state, track) ?? Number.POSITIVE_INFINITY) > now) return []
    const { class: className, lane, late } = track
    if (late) return [{ type: 'AlarmCleared', alarm: late.alarm, class: className, lane, source: '', detector: 'late' }]
    const numbers = numbersOf(state, track, now)
    const alarm: Alarm = {
      id: id++,
      class: className,
      lane,
      source: '',
      template: '',
      level: 'notice',
      detector: 'late',
      numbers,
      messages: [],
    }
    return [{ type: 'AlarmRaised', alarm }]
  })
}

/** `atProvider` is 1 when the time is the provider's. */
function numbersOf(state: State, track: Track, now: number): Record<string, number> {
  const delays = new Array<number>(bins).fill(0)
  for (const minute of track.minutes.slice(-minutesKept))
    for (let bin = 0; bin < bins; bin++) delays[bin]! += minute.delays[bin]!
  for (const { slots, liftedAt } of track.lines)
    for (const { from, count } of slots) delays[binOf(Math.max(0, now - Math.max(from, liftedAt)))]! += count
  const { waiting = 0, oldestFrom = now } = waitingOf(state, track) ?? {}
  return {
    p95Ms: percentile95(delays),
    usualMs: track.usualMs,
    waiting,
    oldestMs: now - oldestFrom,
    ...(track.stage === 'provider' && { atProvider: 1 }),
  }
}

function told(state: State, event: Extract<Event, { type: 'AlarmRaised' | 'AlarmCleared' }>, at: number): void {
  if (event.type === 'AlarmCleared') {
    const track = state.lateness.tracks.find(({ late }) => late?.alarm === event.alarm)
    if (!track) return
    delete track.late
    // What was measured while mail was late teaches nothing, but that there was some: the next straggler alone is not told.
    track.minutes = []
    track.usualLate++
    return
  }
  const { alarm } = event
  if (alarm.detector !== 'late' || alarm.numbers.p95Ms === undefined) return
  const track = trackOf(state, alarm, alarm.numbers.atProvider === 1 ? 'provider' : 'handover')
  delete track.foundAt
  track.late = { alarm: alarm.id, badAt: at }
}

/** A row of `handed`: its place in the table 2, the message 1, the number of its track 1, when (s) 1. */
function rowOf(id: MessageId): { hi: number; lo: number; tag: number } {
  const tag = Number.parseInt(id.slice(28), 16)
  const place = (tag ^ Number.parseInt(id.slice(24, 28), 16)) % handedRows
  return { hi: (place * (0x1_0000_0000 / handedRows)) >>> 0, lo: Math.imul(place + 1, 0x9e3779b1) >>> 0, tag }
}

function remember(state: State, id: MessageId, at: number): void {
  const { tracks, handed } = state.lateness
  const live = state.messages.get(id)!
  const number = tracks.findIndex(one => one.class === live.facts.class && one.lane === live.lane)
  const { hi, lo, tag } = rowOf(id)
  const row = handed.insert(hi, lo)
  handed.words[row + 2] = tag
  handed.words[row + 3] = Math.max(0, number)
  handed.words[row + 4] = Math.floor(at / 1000)
}

/** A deferral says that it took at least so long. */
function reported(state: State, signal: SignalFacts, at: number): void {
  if (signal.kind !== 'provider' || !signal.message) return
  if (signal.what !== 'delivered' && signal.what !== 'deferred') return
  const { tracks, handed } = state.lateness
  const { hi, lo, tag } = rowOf(signal.message)
  const row = handed.find(hi, lo)
  const ours = row >= 0 && handed.words[row + 2] === tag ? tracks[handed.words[row + 3]!] : undefined
  if (!ours) return
  const delayMs = Math.max(0, signal.occurredAt - handed.words[row + 4]! * 1000)
  const track = trackOf(state, { ...ours, source: '', template: '' }, 'provider')
  if (signal.what === 'delivered' || delayMs > limitOf(state, track)) observe(state, track, { delayMs, at })
}

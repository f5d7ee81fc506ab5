import { exp, log } from '../../std/exponential.ts'
import { rateShare } from './features.ts'
import {
  beginLack,
  blockMs,
  fill,
  fillGap,
  lack,
  lackCells,
  newTables,
  slotMs,
  surge,
  surgeCells,
  type Tables,
} from './surge.ts'

/**
 * What is expected of one class and lane: a profile of 168 hours of the week times a level that follows the last two hours; how much counts
 * of blocks scatter beyond Poisson (k of a negative binomial, per scale); and how far the forecast itself is off (κ). All of it is from the
 * past, strictly: what holds for a slot of ten minutes is settled when it begins. While the history looks like a mass send, nothing is learnt.
 */
export type Forecast = {
  readonly numbers: Float64Array
  readonly cells: Float64Array
  /** Follows from the rest, and is in no snapshot. */
  readonly tables: Tables
}

const minuteMs = 60_000
const hourMs = 3_600_000
const dayMs = 86_400_000
/** 1970-01-01 was a Thursday: hours from Monday 00:00 UTC to it. */
const thursday = 72

// Where is what in `numbers`. Part of the snapshot's form: new ones go to the end.
const at0 = {
  hours: 0, // 168 mean messages of that hour of the week
  weeks: 168, // 168 how often it was seen
  days: 336, // 24 mean messages of that hour of the day
  seen: 360, // 24 how often
  numer: 384, // 4 Σ (n − Λ)² − n of blocks
  denom: 388, // 4 Σ Λ²
  open: 392, // 4 messages in the open blocks
  sizes: 396, // 4 k that hold in the open slot
  slot: 400, // the open slot, −1 before the first message
  slotCount: 401,
  mean: 402, // messages a second expected in the open slot
  upper: 403,
  lower: 404,
  plain: 405, // messages of the open slot by the profile alone
  levelSeen: 406, // messages and, by the profile, expected ones, both halved every two hours
  levelUsual: 407,
  hour: 408, // the open hour since 1970
  hourCount: 409,
  hourWhole: 410, // 1 when it was seen from its beginning and nothing in it was suspicious
  safety: 411, // κ as learnt
  givenSafety: 412, // 0: learnt
  givenSize: 413, // 0: learnt
  loaded: 414,
  began: 415, // ms; −1 before the first message
  countedAt: 416,
  alarmAt: 417, // when the test over its own history last crossed the hard threshold, −1 never
  alarms: 418,
  suspectSince: 419, // ms; 0: not suspicious
  graceUntil: 420,
  finest: 421,
  wholeHours: 422, // how many hours were learnt
  cellsAt: 423, // how far the test over its own history has come, −1: to begin anew
  end: 424,
} as const

/** Before any history: a message a minute. Nothing is tested against it. */
const pooledPerSecond = 1 / 60
/** A stream that is expected to be silent altogether would make the first message an alarm. */
const perSecondMin = 1 / 86_400

/** Of a slot: what a half-life of two hours leaves. */
const slotDecay = 0.9438743126816935
const pseudoMessages = 4
const levelMin = 0.5
const levelMax = 8

const safetyFirst = 3
const safetyLoaded = 2
const safetyMin = 1.3
const safetyMax = 20
const doubtMax = 2.2
/** The largest excess is forgotten with a half-life of 14 days. */
const safetyDecay = 0.9996562
const scatterDecay = 1 - 1 / (144 * 28)
const sizeMin = 0.25
const sizeMax = 100
/** Before anything was learnt: a rate that is up for a minute now and then, minutes independent. */
const sizesFirst = [4, 4, 4, 40] as const

const softDays = 1
const hardDays = 365
/** What has gone on for so long is how it is now: learning goes on, and the test begins anew. */
const suspicionMsMax = 6 * hourMs
const historyMsMin = 28 * dayMs

/** `finestScale`: where counts come by the minute only, blocks of 1 s and 10 s mean nothing; 2 leaves them out. */
export function newForecast({ finestScale = 0 }: { finestScale?: number } = {}): Forecast {
  const numbers = new Float64Array(at0.end)
  numbers[at0.slot] = -1
  numbers[at0.hour] = -1
  numbers[at0.began] = -1
  numbers[at0.countedAt] = -1
  numbers[at0.alarmAt] = -1
  numbers[at0.cellsAt] = -1
  numbers[at0.safety] = safetyFirst
  numbers[at0.finest] = finestScale
  return { numbers, cells: new Float64Array(surgeCells), tables: newTables() }
}

/** A history that somebody vouches for, in place of four weeks. What is not given is learnt, from k = 4 and κ = 2. */
export function loaded(baseline: {
  ratePerHourOfWeek: readonly number[]
  dispersion?: number
  safety?: number
}): Forecast {
  const forecast = newForecast()
  const { numbers } = forecast
  for (let hour = 0; hour < 168; hour++) {
    numbers[at0.hours + hour] = baseline.ratePerHourOfWeek[hour] ?? 0
    numbers[at0.weeks + hour] = 8
  }
  numbers[at0.givenSize] = baseline.dispersion ?? 0
  numbers[at0.givenSafety] = baseline.safety ?? 0
  numbers[at0.loaded] = 1
  numbers[at0.safety] = safetyLoaded
  // As much as a class of two messages a minute shows in three days and a half.
  for (let scale = 0; scale < blockMs.length; scale++) {
    numbers[at0.denom + scale] = 20_000
    numbers[at0.numer + scale] = 20_000 / sizesFirst[scale]!
  }
  return forecast
}

export const forecastToJson = (forecast: Forecast) => ({
  numbers: [...forecast.numbers],
  cells: [...forecast.cells],
})

export const forecastFromJson = (json: { numbers: readonly number[]; cells: readonly number[] }): Forecast => ({
  numbers: Float64Array.from(json.numbers),
  cells: Float64Array.from(json.cells),
  tables: newTables(),
})

const hourOf = (at: number): number => Math.floor(at / hourMs)

/**
 * Mean messages in the hour since 1970, by the profile: that of the hour of the week, drawn to that of the hour of the day while weeks are
 * few and counts small. A class with thousands an hour needs one week; drawn to the mean of the days it was off by a third on Mondays.
 */
function profile(numbers: Float64Array, hour: number): number {
  const ofWeek = (((hour + thursday) % 168) + 168) % 168
  const ofDay = ((hour % 24) + 24) % 24
  const weeks = numbers[at0.weeks + ofWeek]!
  const byWeek = numbers[at0.hours + ofWeek]!
  if (numbers[at0.seen + ofDay] === 0) return weeks > 0 ? byWeek : pooledPerSecond * 3_600
  const byDay = numbers[at0.days + ofDay]!
  const drawn = 4 / (4 + byWeek)
  return (weeks * byWeek + drawn * byDay) / (weeks + drawn)
}

/** The same between hours, messages a second: each hour's mean stands at its middle. */
function profileAt(numbers: Float64Array, at: number): number {
  const place = at / hourMs - 0.5
  const hour = Math.floor(place)
  const share = place - hour
  return (profile(numbers, hour) * (1 - share) + profile(numbers, hour + 1) * share) / 3_600
}

/** ½ ln x to the exponent: the root to some units in the last place, which is enough here. */
const root = (x: number): number => exp(0.5 * log(x))

const between = (low: number, x: number, high: number): number => (x < low ? low : x > high ? high : x)

/** What the level is made of at the beginning of `slot`, as if the slots up to it had been closed. */
function levelSums(numbers: Float64Array, slot: number): { seen: number; usual: number } {
  const seen = numbers[at0.levelSeen]!
  const usual = numbers[at0.levelUsual]!
  const plain = numbers[at0.plain]!
  const closed = numbers[at0.slot]!
  if (closed < 0 || slot <= closed || isSuspicious(numbers, slot * slotMs)) return { seen, usual }
  const left = exp(Math.max(-700, log(slotDecay) * (slot - closed - 1)))
  return {
    seen: (seen * slotDecay + slotSeen(numbers)) * left,
    usual: (usual * slotDecay + plain) * left + (plain * (1 - left)) / (1 - slotDecay),
  }
}

const levelOf = ({ seen, usual }: { seen: number; usual: number }): number =>
  between(levelMin, (seen + pseudoMessages) / (usual + pseudoMessages), levelMax)

/** A slot's count as the level takes it: a single slot of many times the usual does not move it further than four times. */
const slotSeen = (numbers: Float64Array): number => Math.min(numbers[at0.slotCount]!, 4 * numbers[at0.plain]! + 8)

function isSuspicious(numbers: Float64Array, at: number): boolean {
  return numbers[at0.suspectSince]! > 0 && at >= numbers[at0.graceUntil]!
}

const isTested = (numbers: Float64Array): boolean => numbers[at0.loaded] === 1 || numbers[at0.wholeHours]! >= 24

/** κ now: as given, or as learnt, and twice that in the first week, when every hour is guessed from other days. */
function safety(numbers: Float64Array): number {
  const given = numbers[at0.givenSafety]!
  if (given > 0) return given
  const first = numbers[at0.loaded] === 0 && numbers[at0.wholeHours]! < 168 ? 2 : 1
  return Math.max(safetyMin, numbers[at0.safety]!) * first
}

/** k of a scale: by moments, and then its lower confidence value (three standard errors of 1/k under Poisson), a fourth less. */
function sizeOf(numbers: Float64Array, scale: number): number {
  const given = numbers[at0.givenSize]!
  // Given at 60 s: shorter blocks share the minute's, and minutes are taken for independent.
  if (given > 0) return scale === 3 ? 10 * given : given
  const denom = numbers[at0.denom + scale]!
  const prior = 50
  const inverse = Math.max(0, (numbers[at0.numer + scale]! + prior / sizesFirst[scale]!) / (denom + prior))
  return between(sizeMin, 1 / (1.25 * inverse + 3 * root(2 / (denom + prior)) * 0.5), sizeMax)
}

/** Fills the tables with what holds at `at`, and with the bounds of the gap from `from` (−1: none). Nothing that is kept changes. */
export function prepare(forecast: Forecast, at: number, from: number): Tables | undefined {
  const { numbers, tables } = forecast
  if (!isTested(numbers)) return undefined
  const slot = Math.max(Math.floor(at / slotMs), numbers[at0.slot]!)
  if (tables.slot !== slot) {
    settle(numbers, tables, slot)
    fill(tables)
    tables.slot = slot
  }
  // Within an hour a forecast moves by less than κ covers.
  const gapSlot = Math.floor(from / slotMs)
  if (from < 0 || at - from < hourMs) tables.gapFrom = -1
  else if (tables.gapFrom !== gapSlot) fillGap(tables, gapSlot, boundsOfGap(forecast, from, at))
  return tables
}

/** What holds in a slot: as it was settled when the slot was opened, or as it would be now. */
function settle(numbers: Float64Array, tables: Tables, slot: number): void {
  if (slot === numbers[at0.slot]! && numbers[at0.mean]! > 0) {
    tables.mean = numbers[at0.mean]!
    tables.upper = numbers[at0.upper]!
    tables.lower = numbers[at0.lower]!
    for (let scale = 0; scale < blockMs.length; scale++) tables.sizes[scale] = numbers[at0.sizes + scale]!
    return
  }
  const kappa = safety(numbers)
  tables.mean = Math.max(perSecondMin, profileAt(numbers, (slot + 0.5) * slotMs) * levelOf(levelSums(numbers, slot)))
  tables.upper = tables.mean * kappa
  tables.lower = tables.mean / kappa
  for (let scale = 0; scale < blockMs.length; scale++) tables.sizes[scale] = sizeOf(numbers, scale)
}

/** The largest upper and the smallest lower rate between two instants, by the hour; of more than a week, a week is all there is. */
function boundsOfGap(forecast: Forecast, from: number, at: number): { upper: number; lower: number } {
  const { numbers, tables } = forecast
  const kappa = safety(numbers)
  let [upper, lower] = [tables.upper, tables.lower]
  const last = hourOf(at) + 1
  for (let hour = Math.max(hourOf(from) - 1, last - 168); hour <= last; hour++) {
    const mean = Math.max(perSecondMin, profile(numbers, hour) / 3_600)
    upper = Math.max(upper, mean * kappa)
    lower = Math.min(lower, mean / kappa)
  }
  return { upper, lower }
}

/** Of these numbers of whole minutes one is looked for: each a fifth more than the one before, for a day. */
const silences = [
  2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 180, 220, 270, 330, 400, 480,
]
silences.push(580, 700, 850, 1020, 1230, 1440)
const silent = new Float64Array(2 * lackCells)

/**
 * After how many whole minutes without a message, from `from` on, the silence by itself is evidence of so many days; `undefined` when a day is
 * not enough. The test begins with nothing: what it would have before only adds to its evidence, so that the promise holds.
 */
export function silentBlocksMin(forecast: Forecast, from: number, days: number): number | undefined {
  for (const blocks of silences) {
    const at = (Math.floor(from / minuteMs) + 1 + blocks) * minuteMs
    const tables = prepare(forecast, at, from)
    if (!tables) return undefined
    beginLack(silent)
    if (lack(silent, 0, tables, { from, at, count: 0, keep: false }) >= days) return blocks
  }
  return undefined
}

/** Messages a second, before κ. */
export function rateAt(forecast: Forecast, at: number): number {
  return prepare(forecast, at, -1)?.mean ?? pooledPerSecond
}

/** Whether statistical tests may enforce: somebody vouched for the history, or it has four weeks, the last four without an alarm of its own. */
export function isProven(forecast: Forecast, at: number): boolean {
  const { numbers } = forecast
  if (numbers[at0.loaded] === 1) return true
  const began = numbers[at0.began]!
  const alarmAt = numbers[at0.alarmAt]!
  return began >= 0 && at - began >= historyMsMin && isTested(numbers) && (alarmAt < 0 || at - alarmAt >= historyMsMin)
}

/** The alarms of the rate test over the forecast's own history: episodes that reached the hard threshold. */
export const alarmsOf = (forecast: Forecast): number => forecast.numbers[at0.alarms]!

/** What the scatter and the error of the forecast were found to be: k of each scale, and κ. */
export const scatterOf = ({ numbers }: Forecast): { sizes: number[]; safety: number } => ({
  sizes: blockMs.map((_, scale) => sizeOf(numbers, scale)),
  safety: safety(numbers),
})

/**
 * Learns from one message, or from `count` that came together. The caller leaves out what other detectors find suspicious. The test over its
 * own history runs along: while that is above the soft threshold nothing is learnt, for six hours at most.
 */
export function countMessage(forecast: Forecast, at: number, count = 1): void {
  const { numbers, tables } = forecast
  const now = Math.max(at, numbers[at0.countedAt]!)
  const slot = Math.floor(now / slotMs)
  if (numbers[at0.began]! < 0) numbers[at0.began] = now
  test(forecast, now, count)
  scatter(numbers, now)
  if (slot !== numbers[at0.slot]) openSlot(forecast, slot, now)
  if (hourOf(now) !== numbers[at0.hour]) openHour(forecast, hourOf(now), now)
  for (let scale = 0; scale < blockMs.length; scale++) numbers[at0.open + scale]! += count
  numbers[at0.slotCount]! += count
  numbers[at0.hourCount]! += count
  if (isSuspicious(numbers, now)) numbers[at0.hourWhole] = 0
  numbers[at0.countedAt] = now
  if (tables.slot !== slot) tables.slot = -1
}

/** The back-test: the rate test over the forecast's own history, with the forecast that held then. One episode is one alarm. */
function test(forecast: Forecast, now: number, count: number): void {
  const { numbers, cells } = forecast
  const from = numbers[at0.cellsAt]!
  const tables = prepare(forecast, now, from)
  if (!tables) return
  const days = rateShare * surge(cells, tables, { from, at: now, count, keep: true, finest: numbers[at0.finest]! })
  numbers[at0.cellsAt] = now
  const since = numbers[at0.suspectSince]!
  if (days < softDays) numbers[at0.suspectSince] = 0
  else if (since === 0) numbers[at0.suspectSince] = now
  if (days >= hardDays && (numbers[at0.alarmAt]! < since || since === 0)) {
    numbers[at0.alarmAt] = now
    numbers[at0.alarms]! += 1
  }
  if (since > 0 && now - since > suspicionMsMax) {
    numbers[at0.cellsAt] = -1
    numbers[at0.suspectSince] = 0
    numbers[at0.graceUntil] = now + suspicionMsMax
  }
}

/** Closed blocks: how far their counts were from what was expected, squared and beyond Poisson. Empty ones count too. */
function scatter(numbers: Float64Array, now: number): void {
  const from = numbers[at0.countedAt]!
  const mean = numbers[at0.mean]!
  for (let scale = numbers[at0.finest]!; scale < blockMs.length; scale++) {
    const blocks = from < 0 ? 0 : Math.floor(now / blockMs[scale]!) - Math.floor(from / blockMs[scale]!)
    if (blocks === 0) continue
    const expected = (mean * blockMs[scale]!) / 1_000
    if (mean > 0 && !isSuspicious(numbers, now)) {
      const n = Math.min(numbers[at0.open + scale]!, 8 * expected + 8)
      const empty = Math.min(blocks - 1, hourMs / blockMs[scale]!) * expected * expected
      numbers[at0.numer + scale]! += (n - expected) * (n - expected) - n + empty
      numbers[at0.denom + scale]! += expected * expected + empty
    }
    numbers[at0.open + scale] = 0
  }
}

/** Settles what holds in the new slot, from what was known before the last one; then learns from that. */
function openSlot(forecast: Forecast, slot: number, now: number): void {
  const { numbers } = forecast
  const learns = numbers[at0.mean]! > 0 && !isSuspicious(numbers, now)
  const level = levelSums(numbers, slot)
  const tables = prepare(forecast, now, -1)
  if (tables) {
    if (numbers[at0.mean]! > 0) learnSafety(numbers, learns)
    if (learns) learnSlot(numbers, level)
    numbers[at0.mean] = tables.mean
    numbers[at0.upper] = tables.upper
    numbers[at0.lower] = tables.lower
    for (let scale = 0; scale < blockMs.length; scale++) numbers[at0.sizes + scale] = tables.sizes[scale]!
    numbers[at0.plain] = profileAt(numbers, (slot + 0.5) * slotMs) * 600
  }
  numbers[at0.slot] = slot
  numbers[at0.slotCount] = 0
  forecast.tables.gapFrom = -1
}

/** The level, and what is forgotten of the scatter. */
function learnSlot(numbers: Float64Array, level: { seen: number; usual: number }): void {
  numbers[at0.levelSeen] = level.seen
  numbers[at0.levelUsual] = level.usual
  for (let scale = 0; scale < blockMs.length; scale++) {
    numbers[at0.numer + scale]! *= scatterDecay
    numbers[at0.denom + scale]! *= scatterDecay
  }
}

/**
 * κ, by how far the closed slot was above its forecast beyond Poisson. What k explains of it is left in: taken out, κ fell to its least and
 * the real series gave up to nine alarms in 30 days instead of one. Up to twice is taken for an error of the forecast even
 * where it is suspicious, else a forecast that is often wrong would never learn so: ten alarms in forty days at 60 messages a minute. What
 * hides below κ is for the tests of causes and features.
 */
function learnSafety(numbers: Float64Array, learns: boolean): void {
  const count = numbers[at0.slotCount]!
  const excess = (1.1 * (count - 3 * root(count))) / (numbers[at0.mean]! * 600)
  const kept = numbers[at0.safety]! * (learns ? safetyDecay : 1)
  if (learns || excess <= doubtMax) numbers[at0.safety] = between(safetyMin, Math.max(kept, excess), safetyMax)
}

/** Closes the hour, and the empty ones behind it, into the profile. An hour that was seen in part or was suspicious teaches nothing. */
function openHour({ numbers, tables }: Forecast, hour: number, now: number): void {
  const last = numbers[at0.hour]!
  if (last >= 0 && numbers[at0.hourWhole] === 1) {
    learnHour(numbers, last, numbers[at0.hourCount]!)
    for (let empty = Math.max(last + 1, hour - 168); empty < hour; empty++) learnHour(numbers, empty, 0)
  }
  numbers[at0.hour] = hour
  numbers[at0.hourCount] = 0
  numbers[at0.hourWhole] = last < 0 || isSuspicious(numbers, now) ? 0 : 1
  tables.gapFrom = -1
}

function learnHour(numbers: Float64Array, hour: number, count: number): void {
  const ofWeek = (((hour + thursday) % 168) + 168) % 168
  const ofDay = ((hour % 24) + 24) % 24
  learnMean(numbers, at0.hours + ofWeek, at0.weeks + ofWeek, count)
  learnMean(numbers, at0.days + ofDay, at0.seen + ofDay, count)
  numbers[at0.wholeHours]! += 1
}

/** A mean over the last five or so; a value of more than four times it moves it as four times would. */
function learnMean(numbers: Float64Array, mean: number, times: number, count: number): void {
  const seen = numbers[times]!
  const before = numbers[mean]!
  const taken = seen === 0 ? count : Math.min(count, 4 * before + 8)
  numbers[mean] = before + (taken - before) / Math.min(seen + 1, 5)
  numbers[times] = seen + 1
}

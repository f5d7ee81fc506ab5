import { assert } from '../std/assert.ts'
import { hourOfWeek, hoursOfWeek } from '../std/instant.ts'
import type { Lane } from './policy.ts'

/**
 * How many messages of a class and lane an hour usually has: what budgets follow. Counted are messages that were delivered and had a cause of
 * their own, hour by hour over four weeks. An hour in which an alarm or a stop held teaches nothing, and neither does one without a message.
 *
 * Nobody can talk a budget up quickly: an hour counts for at most twice what was usual for it, and what is usual rests on hours that are at
 * least a day old. So it grows at most twofold a day, from `base` on, which is what the budget before history stands for.
 */
type Usual = {
  /** Newest hour that was counted. */
  newest: number
  /** Messages by hour, the slot of an hour being its remainder by `hoursKept`; `unknown` for one that teaches nothing. */
  counts: number[]
  /** By hour of the week, stated by the operator in place of weeks of history. */
  loaded?: number[]
  /** A person lowered the budget in that hour to so many messages: from there it may double each day, and not before the next. */
  lowered?: { hour: number; messages: number }
}

const hoursKept = 4 * hoursOfWeek
const unknown = -1
const day = 24
const growthADay = 2
/** Counts stay far from where whole numbers end. */
const countMax = 1_000_000_000

export type Counted = {
  class: string
  lane: Lane
  hour: number
  /** What an hour without any history may count for: the budget before history by the headroom. */
  base: number
}

export class Demand {
  /** Goes on with every change that a forecast may follow; derived. */
  changes = 0
  readonly #usuals = new Map<string, Usual>()
  /** The hour in which a class last had an alarm or a stop. */
  readonly #frozen = new Map<string, number>()
  /** Derived: what is usual for an hour, until a count that it rests on changes. */
  readonly #known = new Map<Usual, Map<number, number>>()

  /** One message that was delivered and had its own cause. */
  count({ class: className, lane, hour, base }: Counted): void {
    if (this.#frozen.get(className) === hour) return
    const usual = this.#of(className, lane)
    if (hour > usual.newest) this.#advance(usual, hour)
    else if (hour < usual.newest) this.#known.delete(usual)
    const slot = hour % hoursKept
    if (hour <= usual.newest - hoursKept || usual.counts[slot] === unknown) return
    this.changes++
    const most = Math.ceil(growthADay * Math.max(base, this.#usual(usual, hour)))
    usual.counts[slot] = Math.min(usual.counts[slot]! + 1, most, countMax)
  }

  /** An alarm or a stop held for this class in this hour: nothing of the hour counts, before or after. */
  freeze(className: string, hour: number): void {
    this.changes++
    if ((this.#frozen.get(className) ?? unknown) < hour) this.#frozen.set(className, hour)
    for (const [name, usual] of this.#usuals) {
      if (!name.startsWith(`${className}/`)) continue
      if (hour > usual.newest) this.#advance(usual, hour)
      if (hour > usual.newest - hoursKept) usual.counts[hour % hoursKept] = unknown
      this.#known.delete(usual)
    }
  }

  /** What the operator knows of the traffic, messages an hour for each hour of the week; it fills weeks that are not known yet. */
  load(className: string, lane: Lane, ratePerHourOfWeek: readonly number[]): void {
    assert(ratePerHourOfWeek.length === hoursOfWeek, 'a week has 168 hours')
    this.changes++
    const usual = this.#of(className, lane)
    usual.loaded = ratePerHourOfWeek.map(rate => (rate > 0 ? Math.min(Math.ceil(rate), countMax) : 0))
    this.#known.delete(usual)
  }

  /** A person lowered the budget of an hour to so many messages. What has been learned stays, and counts again as far as this lets it. */
  lower(className: string, lane: Lane, { hour, messages }: { hour: number; messages: number }): void {
    this.changes++
    this.#of(className, lane).lowered = { hour, messages }
  }

  /** A person raised it. */
  raise(className: string, lane: Lane): void {
    const usual = this.#usuals.get(key(className, lane))
    this.changes++
    if (usual) delete usual.lowered
  }

  /** The budget that a person's lowering leaves for an hour; infinite without one. */
  limit(className: string, lane: Lane, hour: number): number {
    const lowered = this.#usuals.get(key(className, lane))?.lowered
    if (!lowered) return Number.POSITIVE_INFINITY
    const days = Math.floor(Math.max(0, hour - lowered.hour) / day)
    return days > doublingsMax ? Number.POSITIVE_INFINITY : lowered.messages * (1 << days)
  }

  /** Messages that an hour will have, by what is known now; 0 without history. Whole, and in steps that keep reports few while it grows. */
  forecast(className: string, lane: Lane, hour: number): number {
    const usual = this.#usuals.get(key(className, lane))
    if (!usual) return 0
    const running = Math.max(at(usual, hour), at(usual, hour - 1))
    return Math.max(this.#usual(usual, hour), stepDown(running))
  }

  /** By the same hours of the weeks before and of the last day that is known; an hour earlier and later counts as well, for clocks change. */
  #usual(usual: Usual, hour: number): number {
    let known = this.#known.get(usual)
    if (!known) this.#known.set(usual, (known = new Map()))
    const found = known.get(hour)
    if (found !== undefined) return found
    if (known.size >= knownMax) known.clear()
    const result = Math.max(byWeek(usual, hour - 1), byWeek(usual, hour), byWeek(usual, hour + 1), byDay(usual, hour))
    known.set(hour, result)
    return result
  }

  #advance(usual: Usual, hour: number): void {
    const from = Math.max(usual.newest + 1, hour - hoursKept + 1)
    for (let passed = from; passed < hour; passed++) usual.counts[passed % hoursKept] = unknown
    usual.counts[hour % hoursKept] = 0
    usual.newest = hour
    this.#known.delete(usual)
  }

  #of(className: string, lane: Lane): Usual {
    const name = key(className, lane)
    const found = this.#usuals.get(name)
    if (found) return found
    const usual: Usual = { newest: unknown, counts: Array.from({ length: hoursKept }, () => unknown) }
    this.#usuals.set(name, usual)
    return usual
  }

  toJSON(): unknown {
    return { usuals: [...this.#usuals], frozen: [...this.#frozen] }
  }

  static from(json: unknown): Demand {
    const { usuals, frozen } = json as { usuals: [string, Usual][]; frozen: [string, number][] }
    const demand = new Demand()
    for (const [name, usual] of usuals) demand.#usuals.set(name, usual)
    for (const [name, hour] of frozen) demand.#frozen.set(name, hour)
    return demand
  }
}

/** After so many days a lowered budget binds nobody any more. */
const doublingsMax = 30
const knownMax = 4

const key = (className: string, lane: Lane): string => `${className}/${lane}`

function at({ newest, counts }: Usual, hour: number): number {
  return hour > newest || hour <= newest - hoursKept || hour < 0 ? unknown : counts[hour % hoursKept]!
}

/** The middle of the four weeks before; what was loaded stands for a week that is not known. */
function byWeek(usual: Usual, hour: number): number {
  const weeks: number[] = []
  const loaded = usual.loaded?.[hourOfWeek(hour * hourMs)]
  for (let week = 1; week <= 4; week++) {
    const count = at(usual, hour - week * hoursOfWeek)
    if (count !== unknown) weeks.push(count)
    else if (loaded !== undefined) weeks.push(loaded)
  }
  weeks.sort((a, b) => a - b)
  return weeks[Math.floor(weeks.length / 2)] ?? 0
}

/** The same hour of the last day of which it is known; no count is younger than a day. */
function byDay(usual: Usual, hour: number): number {
  for (let days = 1; days <= 7; days++) {
    const before = hour - days * day
    const later = days > 1 ? at(usual, before + 1) : unknown
    const count = Math.max(at(usual, before), at(usual, before - 1), later)
    if (count !== unknown) return count
  }
  return 0
}

const hourMs = 3_600_000

/** The next number below that has three bits: at most a fifth less, and four steps to a doubling. */
function stepDown(count: number): number {
  if (count < 8) return Math.max(count, 0)
  const shift = 29 - Math.clz32(count)
  return (count >> shift) << shift
}

import type { Alarm } from '../../core/alarms.ts'
import type { Event, MessageId } from '../../core/events.ts'
import type { Lane } from '../../core/policy.ts'
import { covers, isSameScope, type Place, type Scope } from '../../core/scope.ts'
import { instantText } from '../../std/instant.ts'
import type { Decision } from './outcomes.ts'

/** A breaker that opened. `deliveredBefore`: messages of its scope delivered since the trace began, or since the breaker closed last. */
export type StopReport = {
  at: string
  class: string
  lane?: Lane
  scope: Scope
  detector: string
  deliveredBefore: number
  reason: string
  /** 1 for the first time; more when it opens again before it had closed. */
  trips: number
  closedAt?: string
}

export type AlarmReport = Omit<Alarm, 'messages'> & { at: string; messages: string[] }

const alarmsMax = 1000
const stopsMax = 1000
const recentMessagesMax = 4096

/** What the detectors said and did in a replay: counted in full, the first thousand in detail. */
export class Alarms {
  readonly alarms: AlarmReport[] = []
  readonly stops: StopReport[] = []
  alarmsTotal = 0
  stopsTotal = 0
  readonly #delivered = new Map<string, { place: Place; count: number }>()
  readonly #closed: { scope: Scope; delivered: number }[] = []
  /** A ring: written for every message, searched only when an alarm is raised. */
  readonly #recentIds: MessageId[] = []
  readonly #recentEvents: string[] = []
  #requested = 0
  readonly #detectors = new Map<number, string>()

  /** So that an alarm can name its messages by the ids of the trace. */
  requested(id: MessageId, eventId: string): void {
    const at = this.#requested++ % recentMessagesMax
    this.#recentIds[at] = id
    this.#recentEvents[at] = eventId
  }

  delivered({ class: className, lane, source, template }: Decision): void {
    const key = `${className}\0${lane}\0${source}\0${template}`
    const known = this.#delivered.get(key)
    if (known) known.count++
    else this.#delivered.set(key, { place: { class: className, lane, source, template }, count: 1 })
  }

  happened(event: Event, at: number): void {
    if (event.type === 'AlarmRaised') this.#raised(event.alarm, at)
    else if (event.type === 'BreakerOpened') this.#opened(event, at)
    else if (event.type === 'BreakerClosed') this.#close(event.scope, at)
  }

  #raised({ messages, ...alarm }: Alarm, at: number): void {
    this.alarmsTotal++
    if (alarm.level === 'hard') this.#detectors.set(alarm.id, alarm.detector)
    if (this.alarms.length === alarmsMax) return
    this.alarms.push({ at: instantText(at), ...alarm, messages: messages.map(id => this.#eventOf(id)) })
  }

  #eventOf(id: MessageId): string {
    const at = this.#recentIds.lastIndexOf(id)
    return at < 0 ? id : this.#recentEvents[at]!
  }

  #opened({ scope, alarm, reason, trips }: Extract<Event, { type: 'BreakerOpened' }>, at: number): void {
    this.stopsTotal++
    if (this.stops.length === stopsMax) return
    const before = this.#closed.find(one => isSameScope(one.scope, scope))?.delivered ?? 0
    const stop: StopReport = {
      at: instantText(at),
      class: scope.class,
      scope,
      detector: this.#detectors.get(alarm) ?? 'unknown',
      deliveredBefore: this.#deliveredIn(scope) - before,
      reason,
      trips,
    }
    if (scope.lane !== undefined) stop.lane = scope.lane
    this.stops.push(stop)
  }

  #close(scope: Scope, at: number): void {
    const stop = this.stops.findLast(one => isSameScope(one.scope, scope))
    if (stop) stop.closedAt = instantText(at)
    const known = this.#closed.find(one => isSameScope(one.scope, scope))
    const delivered = this.#deliveredIn(scope)
    if (known) known.delivered = delivered
    else this.#closed.push({ scope, delivered })
  }

  #deliveredIn(scope: Scope): number {
    let sum = 0
    for (const { place, count } of this.#delivered.values()) if (covers(scope, place)) sum += count
    return sum
  }
}

import type { Effect } from '../src/core/effects.ts'
import { isStopped, isVouchedFor } from '../src/core/effects.ts'
import type { Event } from '../src/core/events.ts'
import type { MemoryStore } from '../src/journal/memory/journal.ts'
import { eventsOf } from './dump.ts'
import { type Host, inFlightMax } from './host.ts'

const overtakenMax = inFlightMax

/**
 * Property 7. Whoever floods the open lane delays nobody at a known device, and no warning of the account's own: once such a message may go,
 * only those of the open lane begin before it is chosen that were chosen before it came, which is the in-flight window. Counted at each hand-over
 * of the open lane, for each of these messages that could go and has not been chosen. Once it has its place in the window nobody's mail delays
 * it; reading it back from a slow journal may.
 */
export class Lanes {
  readonly wrong: string[] = []
  /** Hand-overs of the open lane that began while such a message waited. */
  passed = 0
  readonly #overtaken = new Map<string, { life: object; times: number }>()
  /** In which life a hand-over began that may not have ended. */
  readonly #begun = new Map<string, object>()

  begins(host: Host, { lane, id, priority }: Effect): void {
    this.#begun.set(id, host.life)
    if (lane !== 'open') return
    const { state } = host.partition!
    const now = host.partition!.now()
    for (const message of state.messages.all()) {
      const { status, expiresAt, attempts, facts } = message
      if ((message.lane !== 'reserved' && message.lane !== 'system') || facts.campaign || attempts > 0) continue
      // Urgency goes first: a reset that a stranger asked for before a message of a class that can wait.
      if (priority < message.priority) continue
      if (status.is !== 'ready' || status.at > now || expiresAt <= now || this.#begun.get(facts.id) === host.life)
        continue
      if (host.partition!.isChosen(facts.id)) continue
      if (isStopped(state, { ...message, isVouchedFor: isVouchedFor(message) }, now)) continue
      this.#count(host, facts.id)
    }
  }

  #count({ life, number }: Host, id: string): void {
    this.passed++
    const before = this.#overtaken.get(id)
    const times = before?.life === life ? before.times + 1 : 1
    this.#overtaken.set(id, { life, times })
    if (times === overtakenMax + 1)
      this.wrong.push(`partition ${number}: more of the open lane than the window holds went before ${id}`)
  }
}

/** What the journals say of the watches: the brake never found itself at fault, and nothing but a person stops more than one place. */
export function watchesAreExact(store: MemoryStore): { wrong: string[]; breakers: number } {
  const wrong: string[] = []
  let breakers = 0
  for (const [number, { rows }] of store.partitions)
    for (const { events, position } of rows)
      for (const event of eventsOf({ events })) {
        if (event.type === 'BreakerOpened') breakers++
        const found = faultOf(event)
        if (found) wrong.push(`partition ${number} at ${position}: ${found}`)
      }
  return { wrong, breakers }
}

function faultOf(event: Event): string | undefined {
  if (event.type === 'AlarmRaised' && event.alarm.detector === 'own-brake')
    return `the brake is said to be at fault: ${JSON.stringify(event.alarm)}`
  if (event.type !== 'BreakerOpened') return undefined
  const { class: name, lane, source, template } = event.scope
  const isOnePlace = [name, lane, source, template].every(part => part !== undefined)
  return isOnePlace ? undefined : `a breaker stops more than a place: ${JSON.stringify(event.scope)}`
}

import { earlier } from '../std/instant.ts'
import { brakeAlarm, brakeDue, watchBrake } from './brake.ts'
import type { Command } from './commands.ts'
import type { Event } from './events.ts'
import { latenessDue, latenessEvents, watchLateness } from './lateness.ts'
import { silenceDue, silenceEvents, watchSilence } from './silence.ts'
import type { State } from './state.ts'

/**
 * What is watched of Tocsin itself and of what comes to it, besides the streams of messages: the brake, and
 * whether mail is late or missing. What `fold`
 * has found is told by the next tick, so that an alarm is an event as any other and has its number in turn.
 */
export function watchHealth(state: State, event: Event, at: number): void {
  watchBrake(state, event, at)
  watchLateness(state, event, at)
  watchSilence(state, event, at)
}

export function nextHealthDue(state: State): number | undefined {
  return earlier(brakeDue(state), earlier(latenessDue(state), silenceDue(state)))
}

/** What a tick has to look at. */
export const healthDue = (state: State, now: number): Command[] =>
  now >= (nextHealthDue(state) ?? Number.POSITIVE_INFINITY) ? [{ type: 'ReviewHealth' }] : []

/** The alarms that are due, and those that are over. */
export function reviewHealth(state: State, now: number): Event[] {
  const brake = brakeAlarm(state)
  const events: Event[] = brake ? [{ type: 'AlarmRaised', alarm: brake }] : []
  events.push(...latenessEvents(state, now, state.alarms + 1 + events.length))
  const raised = events.filter(({ type }) => type === 'AlarmRaised').length
  return [...events, ...silenceEvents(state, now, state.alarms + 1 + raised)]
}

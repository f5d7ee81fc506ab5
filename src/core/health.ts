import { brakeAlarm, brakeDue } from './brake.ts'
import type { Command } from './commands.ts'
import type { Event } from './events.ts'
import type { State } from './state.ts'

/**
 * What is watched of Tocsin itself and of what comes to it, besides the streams of messages: the brake. What `fold` has found is told by the
 * next tick, so that an alarm is an event as any other and has its number in turn.
 */
export const nextHealthDue = (state: State): number | undefined => brakeDue(state)

/** What a tick has to look at. */
export const healthDue = (state: State, now: number): Command[] =>
  now >= (nextHealthDue(state) ?? Number.POSITIVE_INFINITY) ? [{ type: 'ReviewHealth' }] : []

/** The alarms that are due. */
export function reviewHealth(state: State): Event[] {
  const alarm = brakeAlarm(state)
  return alarm ? [{ type: 'AlarmRaised', alarm }] : []
}

import type { Event } from '../core/events.ts'

type Warn = { warn(fields: object, text: string): void }

/** A line for whoever is on call when a breaker opens. It names messages by their ids and nobody. */
export function logAlarms(log: Warn, events: readonly Event[]): void {
  for (const event of events) {
    if (event.type !== 'AlarmRaised' || event.alarm.level !== 'hard') continue
    log.warn(event.alarm, 'a detector has stopped messages')
  }
}

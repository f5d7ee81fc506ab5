import { alarmTexts } from '../../core/alarms.ts'
import type { Event } from '../../core/events.ts'
import { instantText } from '../../std/instant.ts'

// What webhooks tell beside changes of messages: alarms of the detectors, and what becomes of the breakers that they open. Names of the policy
// and of sources of causes go out, numbers and ids of messages; nobody does.

/** The part of a webhook's type behind `dev.tocsin.`, without its version, and its data. */
export type News = { name: string; data: Record<string, unknown> }

export const newsNames = [
  'alarm.raised',
  'alarm.cleared',
  'breaker.opened',
  'breaker.half-opened',
  'breaker.closed',
] as const

export function newsOf(event: Event): News | undefined {
  switch (event.type) {
    case 'AlarmRaised':
      return { name: 'alarm.raised', data: { ...event.alarm, detail: alarmTexts[event.alarm.detector] } }
    case 'AlarmCleared': {
      const { type: _, alarm: id, ...place } = event
      return { name: 'alarm.cleared', data: { id, ...place } }
    }
    case 'BreakerOpened': {
      const { scope, alarm, trips, endsAt, reason: detector } = event
      return { name: 'breaker.opened', data: { ...scope, alarm, detector, trips, endsAt: instantText(endsAt) } }
    }
    case 'BreakerHalfOpened':
      return { name: 'breaker.half-opened', data: { ...event.scope, endsAt: instantText(event.endsAt) } }
    case 'BreakerClosed':
      // Who closed it, a person or its trial, is in the journal; operators are not told of outside.
      return { name: 'breaker.closed', data: { ...event.scope } }
    default:
      return undefined
  }
}

/** Standard Webhooks 1.0.0, "Payload structure", as for messages. */
export const newsBody = ({ name, data }: News, at: number): string =>
  JSON.stringify({ type: `dev.tocsin.${name}.v1`, timestamp: instantText(at), data })

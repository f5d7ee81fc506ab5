import type { Event } from '../../core/events.ts'
import { scopeOf } from '../../core/scope.ts'
import { instantText } from '../../std/instant.ts'
import type { News } from './alarms.ts'

// What people do that others should hear of at once: stops, and what waits for a second person. Who it was, and their words, stay here.

export function newsOfPeople(event: Event): News | undefined {
  switch (event.type) {
    case 'ClassPaused': {
      const { until } = event
      const data = { ...scopeOf(event), ...(until !== undefined && { until: instantText(until) }) }
      return { name: 'class.stopped', data }
    }
    case 'ClassResumed':
      return { name: 'class.resumed', data: { ...scopeOf(event) } }
    case 'HoldsProposed': {
      const { proposal: id, action, count, digest, expiresAt } = event
      return { name: 'proposal.made', data: { id, action, count, digest, expiresAt: instantText(expiresAt) } }
    }
    case 'ProposalApproved':
      return { name: 'proposal.approved', data: { id: event.proposal, expiresAt: instantText(event.expiresAt) } }
    case 'ProposalEnded':
      return { name: 'proposal.ended', data: { id: event.proposal, how: event.how } }
    default:
      return undefined
  }
}

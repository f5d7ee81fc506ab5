import { describe, expect, it } from 'vitest'
import type { Event, MessageId } from '../../core/events.ts'
import { newsBody } from './alarms.ts'
import { newsOfPeople } from './people.ts'

const at = Date.UTC(2026, 0, 10)
const instant = '2026-01-10T00:00:00.000Z'
const scope = { class: 'other', lane: 'open', source: '', template: 'code' } as const
const made = { query: { class: 'other' }, mark: 9, sample: ['m' as MessageId], count: 2, digest: 'd', expiresAt: at }

describe('what people do', () => {
  it.each<[Event, string, object]>([
    [
      { type: 'ClassPaused', ...scope, by: 'Ana', reason: 'secret words', until: at },
      'class.stopped',
      { ...scope, until: instant },
    ],
    [{ type: 'ClassPaused', class: 'other', by: 'Ana', reason: 'x' }, 'class.stopped', { class: 'other' }],
    [{ type: 'ClassResumed', class: 'other', by: 'Ana' }, 'class.resumed', { class: 'other' }],
    [
      { type: 'HoldsProposed', proposal: 'p', action: 'release', reason: 'secret words', by: 'Ana', ...made },
      'proposal.made',
      { id: 'p', action: 'release', count: 2, digest: 'd', expiresAt: instant },
    ],
    [
      { type: 'ProposalApproved', proposal: 'p', by: 'Ben', expiresAt: at },
      'proposal.approved',
      { id: 'p', expiresAt: instant },
    ],
    [
      { type: 'ProposalEnded', proposal: 'p', how: 'completed', by: 'Ben' },
      'proposal.ended',
      { id: 'p', how: 'completed' },
    ],
  ])('%j', (event, name, data) => {
    const body = newsBody(newsOfPeople(event)!, at)
    expect(JSON.parse(body)).toEqual({ type: `dev.tocsin.${name}.v1`, timestamp: instant, data })
    expect(body).not.toMatch(/Ana|Ben|secret/)
  })

  it('is nothing where it is about one message, or about nobody', () => {
    expect(newsOfPeople({ type: 'MessageDiscarded', id: 'm' as MessageId, by: 'Ana', reason: 'x' })).toBeUndefined()
    expect(newsOfPeople({ type: 'CoverageReported', source: 'web', until: 0, complete: true })).toBeUndefined()
  })
})

import type { Event } from '../../core/events.ts'
import { explain } from '../../core/reasons.ts'
import { instantText } from '../../std/instant.ts'
import type { MessageHistory, MessageRecord, TimelineEntry } from '../../views/register.ts'
import type { MessageAnswer, SlotFault } from '../intake.ts'
import type { Fault, HoldRow, MessageDecision, MessageDetail, MessageRow, TimelineStep } from './contract.ts'

// What is told about a message. No hash of a person leaves: hashes are keyed, but the same person would always have the same one.

export function explainAnswer(answer: MessageAnswer & { status: 'decided' | 'repeat' }): MessageDecision {
  const { id, outcome, reasons, lane, code } = answer
  return { id, outcome, reasons, lane, code }
}

/** Faults of slots where a message has them. */
export const slotFaults = (faults: readonly SlotFault[]): Fault[] =>
  faults.map(({ slot, code, detail }) => ({ pointer: `/slots/${slot}`, code, detail }))

export function rowOf(record: MessageRecord): MessageRow {
  const { id, lane, state, first, outcome, application, via, attempts, erased } = record
  const row: MessageRow = {
    id,
    class: record.class,
    lane,
    state,
    first,
    outcome,
    reasons: explain(record.reasons),
    application,
    via,
    attempts,
    erased,
    at: instantText(record.at),
    updatedAt: instantText(record.updatedAt),
    expiresAt: instantText(record.expiresAt),
  }
  if (record.template !== null) row.template = record.template
  if (record.upstream !== '') row.upstream = record.upstream
  return row
}

export function holdOf(record: MessageRecord): HoldRow {
  // What waits has not changed since it began to.
  const row: HoldRow = { ...rowOf(record), since: instantText(record.updatedAt) }
  if (record.source) row.source = record.source
  if (record.priority !== null) row.priority = record.priority
  return row
}

export function detailOf(history: MessageHistory): MessageDetail {
  const { message, timeline, truncated, stale } = history
  return {
    ...rowOf(message),
    partition: message.partition,
    timeline: timeline.map(stepOf),
    timelineTruncated: truncated,
    stale,
  }
}

function stepOf({ at, position, event }: TimelineEntry): TimelineStep {
  return { at: instantText(at), type: event.type, position, detail: detailsOf(event) }
}

function detailsOf(event: Event): Record<string, unknown> {
  switch (event.type) {
    case 'MessageDecided': {
      const { outcome, reasons, lane, priority, upstream } = event
      const awaits =
        event.awaitsCauseUntil === undefined ? {} : { awaitsCauseUntil: instantText(event.awaitsCauseUntil) }
      const { commitment } = event.message
      return { outcome, reasons: explain(reasons), lane, priority, upstream, commitment, ...awaits }
    }
    case 'MessageReleased': {
      const by = event.by === undefined ? {} : { by: event.by }
      return { reasons: explain(event.reasons), lane: event.lane, ...by, ...proposalOf(event) }
    }
    case 'MessageHeld':
    case 'MessageRejected':
    case 'MessageExpired':
      return { reasons: explain(event.reasons) }
    case 'MessageDiscarded':
      return { by: event.by, reason: event.reason, ...proposalOf(event) }
    case 'MessageDelivered':
      return { upstream: event.upstream, attempt: event.attempt, reply: event.reply }
    case 'HandoverDeferred': {
      const { upstream, attempt, reply, nextUpstream } = event
      return { upstream, attempt, reply, nextAt: instantText(event.nextAt), nextUpstream }
    }
    case 'HandoverUnknown': {
      const { upstream, attempt, reply } = event
      return { upstream, attempt, reply, nextAt: instantText(event.nextAt) }
    }
    case 'MessageUndeliverable': {
      const { upstream, attempt, reply, reasons } = event
      return { upstream, attempt, reply, reasons: explain(reasons) }
    }
    case 'SubjectErased':
      return { by: event.by }
    default:
      return {}
  }
}

const proposalOf = ({ proposal }: { proposal?: string }): { proposal?: string } =>
  proposal === undefined ? {} : { proposal }

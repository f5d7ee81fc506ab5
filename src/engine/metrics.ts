import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Event } from '../core/events.ts'
import type { Partition } from './partition.ts'

/** Figures of the engine for `/metrics`. Labels are names from the policy: never an address, an account or an id. */
export function engineMetrics(registry: Registry): {
  appended(batch: { events: Event[] }): void
  watch(partition: Partition): void
} {
  const registers = [registry]
  const decisions = new Counter({
    name: 'tocsin_decisions_total',
    help: 'Messages decided, by class, lane and outcome',
    labelNames: ['class', 'lane', 'outcome'],
    registers,
  })
  const ends = new Counter({
    name: 'tocsin_handovers_total',
    help: 'What the upstreams made of hand-overs',
    labelNames: ['upstream', 'outcome'],
    registers,
  })
  const batches = new Histogram({
    name: 'tocsin_batch_events',
    help: 'Events in one batch of the journal',
    buckets: [1, 4, 16, 64, 256, 1024, 4096],
    registers,
  })
  return {
    appended({ events }) {
      batches.observe(events.length)
      for (const event of events) count(event, decisions, ends)
    },
    watch(partition) {
      const gauge = (name: string, help: string, read: () => number) =>
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(read())
          },
        })
      gauge('tocsin_messages_queued', 'Messages that wait to be handed over', () => partition.state.messages.queued())
      gauge(
        'tocsin_messages_held',
        'Messages that are held or wait for their cause',
        () => partition.state.messages.heldCount,
      )
      gauge('tocsin_messages_in_flight', 'Messages that are with the world', () => partition.inFlight)
      gauge('tocsin_journal_head', 'Position of the newest batch', () => partition.head)
    },
  }
}

function count(event: Event, decisions: Counter, ends: Counter): void {
  switch (event.type) {
    case 'MessageDecided':
      decisions.inc({ class: event.message.class, lane: event.lane, outcome: event.outcome })
      return
    case 'MessageDelivered':
      ends.inc({ upstream: event.upstream, outcome: 'accepted' })
      return
    case 'HandoverDeferred':
      ends.inc({ upstream: event.upstream, outcome: 'deferred' })
      return
    case 'HandoverUnknown':
      ends.inc({ upstream: event.upstream, outcome: 'unknown' })
      return
    case 'MessageUndeliverable':
      ends.inc({ upstream: event.upstream, outcome: 'rejected' })
      return
    default:
  }
}

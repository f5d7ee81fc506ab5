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
  const alarms = new Counter({
    name: 'tocsin_alarms_total',
    help: 'Alarms raised, by class, detector and level',
    labelNames: ['class', 'detector', 'level'],
    registers,
  })
  const holds = new Counter({
    name: 'tocsin_holds_total',
    help: 'Messages that had to wait when they were decided, by class and by each reason',
    labelNames: ['class', 'reason'],
    registers,
  })
  return {
    appended({ events }) {
      batches.observe(events.length)
      const tally = new Tally()
      for (const event of events) count(event, tally, { decisions, ends, alarms, holds })
      tally.flush()
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
      breakerGauge(registers, partition)
      gauge('tocsin_messages_in_flight', 'Messages that are with the world', () => partition.inFlight)
      gauge(
        'tocsin_clock_ahead_seconds',
        'How far the journal is ahead of the clock of this machine',
        () => partition.clockAheadMs / 1000,
      )
      gauge('tocsin_journal_head', 'Position of the newest batch', () => partition.head)
    },
  }
}

/** Takes what a probe took from its submission to a stage. */
export function probeMeasure(registry: Registry): (stage: 'decided' | 'handed-over', ms: number) => void {
  const probes = new Histogram({
    name: 'tocsin_probe_seconds',
    help: 'What a probe took until it was durably decided, and until it was handed over',
    labelNames: ['stage'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300],
    registers: [registry],
  })
  return (stage, ms) => probes.observe({ stage }, ms / 1000)
}

/** Sums over a batch, so that a counter looks its labels up once for each series and not for each message. */
class Tally {
  readonly #sums = new Map<string, { counter: Counter; labels: Record<string, string>; sum: number }>()

  add(counter: Counter, labels: Record<string, string>, key: string): void {
    const known = this.#sums.get(key)
    if (known) known.sum++
    else this.#sums.set(key, { counter, labels, sum: 1 })
  }

  flush(): void {
    for (const { counter, labels, sum } of this.#sums.values()) counter.inc(labels, sum)
  }
}

/** Breakers that detectors opened and that have not closed, and stops of people; none is as good to know as some. */
function breakerGauge(registers: Registry[], partition: Partition): void {
  new Gauge({
    name: 'tocsin_stops',
    help: 'Stops that hold: breakers open or half-open, and stops of people',
    labelNames: ['kind'],
    registers,
    collect() {
      const found = { open: 0, 'half-open': 0, person: 0 }
      for (const { breaker } of partition.state.stops) found[breaker ? breaker.phase : 'person']++
      for (const [kind, stops] of Object.entries(found)) this.set({ kind }, stops)
    },
  })
}

type Counters = Record<'decisions' | 'ends' | 'alarms' | 'holds', Counter>

function count(event: Event, tally: Tally, { decisions, ends, alarms, holds }: Counters): void {
  const ended = (upstream: string, outcome: string) => tally.add(ends, { upstream, outcome }, `${outcome} ${upstream}`)
  switch (event.type) {
    case 'MessageDecided': {
      const { message, lane, outcome, reasons } = event
      if (outcome === 'hold' || outcome === 'confirm')
        for (const reason of reasons)
          tally.add(holds, { class: message.class, reason }, `${reason} held ${message.class}`)
      return tally.add(decisions, { class: message.class, lane, outcome }, `${outcome} ${lane} ${message.class}`)
    }
    case 'AlarmRaised': {
      const { class: name, detector, level } = event.alarm
      return tally.add(alarms, { class: name, detector, level }, `${level} ${detector} alarm ${name}`)
    }
    case 'MessageDelivered':
      return ended(event.upstream, 'accepted')
    case 'HandoverDeferred':
      return ended(event.upstream, 'deferred')
    case 'HandoverUnknown':
      return ended(event.upstream, 'unknown')
    case 'MessageUndeliverable':
      return ended(event.upstream, 'rejected')
    default:
  }
}

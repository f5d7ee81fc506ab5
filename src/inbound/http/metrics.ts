import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { MessageAnswer } from '../intake.ts'

export type HttpMetrics = {
  decided(messageClass: string, answer: MessageAnswer, messages?: number): void
  events(accepted: number, rejected: number): void
  responded(request: { method: string; route: string; status: number }, seconds: number): void
}

/** Counters and histograms of HTTP. A class is a label only when it is known, so that a caller cannot make series. */
export function httpMetrics(registry: Registry): HttpMetrics {
  const registers = [registry]
  const decisions = new Counter({
    name: 'tocsin_http_decisions_total',
    help: 'Messages that came in over HTTP, by what was decided',
    labelNames: ['class', 'lane', 'outcome', 'repeat'],
    registers,
  })
  const events = new Counter({
    name: 'tocsin_http_events_total',
    help: 'Reported events, by whether they were taken',
    labelNames: ['result'],
    registers,
  })
  const durations = new Histogram({
    name: 'tocsin_http_request_duration_seconds',
    help: 'From the first byte of a request to the last of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  return {
    decided(messageClass, answer, messages = 1) {
      if (answer.status === 'conflict' || answer.status === 'refused')
        decisions.inc({ class: messageClass, lane: '', outcome: answer.status, repeat: 'false' }, messages)
      else
        decisions.inc(
          {
            class: messageClass,
            lane: answer.lane,
            outcome: answer.outcome,
            repeat: `${answer.status === 'repeat'}`,
          },
          messages,
        )
    },
    events(accepted, rejected) {
      if (accepted > 0) events.inc({ result: 'accepted' }, accepted)
      if (rejected > 0) events.inc({ result: 'rejected' }, rejected)
    },
    responded({ method, route, status }, seconds) {
      durations.observe({ method, route, status: String(status) }, seconds)
    },
  }
}

/** A gauge that asks when it is scraped: `read` gives the depth of a queue, by name. */
export function depthGauge(
  registry: Registry,
  name: `tocsin_${string}`,
  help: string,
  read: () => Record<string, number>,
): void {
  new Gauge({
    name,
    help,
    labelNames: ['queue'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [queue, depth] of Object.entries(read())) this.set({ queue }, depth)
    },
  })
}

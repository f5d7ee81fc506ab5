import { Line, type OutgoingAnswer, type ReachAllowance } from '../fetch.ts'
import { type WebhookKeys, webhookHeaders } from './sign.ts'

export type WebhookEndpoint = { url: string; keys: WebhookKeys; allow?: ReachAllowance }
/** `timestamp`: RFC 3339 instant of the event, not of the attempt. */
export type WebhookEvent = { id: string; type: string; timestamp: string; data: unknown }

export type WebhookOutcome =
  | { status: 'accepted'; code: number }
  /** Try again after `nextAttemptDelayMs`, or later when `retryAfterMs` says so. */
  | { status: 'deferred'; reason: string; code?: number; retryAfterMs?: number }
  /** No answer, and surely nothing arrived: no name, no connection, no TLS. */
  | { status: 'deferred'; reason: string; unreachable: true }
  /** 410: the receiver wants no more; the endpoint is to be switched off. */
  | { status: 'rejected'; code: 410 }
  /** It may have arrived; trying again with the same id is safe. */
  | { status: 'unknown'; reason: string }

const second = 1000
const minute = 60 * second
const hour = 60 * minute
/** Standard Webhooks 1.0.0, "Deliverability": how long to wait before each attempt, the first at once. */
export const attemptDelaysMs = [
  0,
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
]
/** Up to this share is added, so that receivers that were down together are not visited together. */
const jitterShareMax = 0.2
const retryAfterMsMax = 24 * hour

/**
 * How long to wait before attempt `attempt` (0 is the first), undefined when there is no further one. The same seed gives the same jitter,
 * so that a replay waits as long as the first time did.
 */
export function nextAttemptDelayMs(attempt: number, jitterSeed: string): number | undefined {
  const delay = attemptDelaysMs[attempt]
  if (delay === undefined) return undefined
  return Math.round(delay * (1 + jitterShareMax * share(`${jitterSeed}:${attempt}`)))
}

/** FNV-1a, its top bits mixed once more, as a number from 0 to 1. */
function share(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32
}

/** Nothing was heard: that tells of the endpoint, not of this event. */
export const isUnanswered = (outcome: WebhookOutcome): boolean =>
  outcome.status === 'unknown' || 'unreachable' in outcome

/** What of an answer is read so that its connection can be used again; a longer one costs the connection. */
const answerBytesMax = 16 * 1024

/** The connections to an endpoint, for requests of `post`. */
export const lineTo = (
  { allow }: WebhookEndpoint,
  { requestsMax, requestMsMax }: { requestsMax: number; requestMsMax: number },
): Line => new Line({ connectionsMax: requestsMax, msMax: requestMsMax, ...(allow && { allow }) })

/** Send an event to an endpoint, once. `now` in ms is signed as the instant of this attempt. */
export async function post(
  line: Line,
  endpoint: WebhookEndpoint,
  event: WebhookEvent,
  now: number,
): Promise<WebhookOutcome> {
  const body = JSON.stringify({ type: event.type, timestamp: event.timestamp, data: event.data })
  const signed = webhookHeaders(endpoint.keys, { id: event.id, timestamp: Math.floor(now / 1000), body })
  const answer = await line.ask({
    url: endpoint.url,
    method: 'POST',
    headers: { ...signed, 'content-type': 'application/json', 'user-agent': 'Tocsin' },
    body,
    responseBytesMax: answerBytesMax,
  })
  return outcomeOf(answer)
}

function outcomeOf(answer: OutgoingAnswer): WebhookOutcome {
  if (answer.status === 'unknown') return answer
  if (answer.status === 'unreachable') return { status: 'deferred', reason: answer.reason, unreachable: true }
  if (answer.status === 'blocked') return { status: 'deferred', reason: answer.reason }
  const { code, headers } = answer
  if (code >= 200 && code < 300) return { status: 'accepted', code }
  if (code === 410) return { status: 'rejected', code }
  const retryAfterMs = parseRetryAfter(headers['retry-after'])
  return { status: 'deferred', reason: 'answer', code, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

/** Only the form in seconds (RFC 9110 §10.2.3): the other would need to trust the receiver's clock. */
function parseRetryAfter(value: string | string[] | undefined): number | undefined {
  if (typeof value !== 'string' || !/^\d{1,9}$/.test(value)) return undefined
  return Math.min(Number(value) * second, retryAfterMsMax)
}

import type { Stage } from './outcome.ts'

/** How long each answer may take, in ms. */
export type Timeouts = Record<Stage, number>

/**
 * RFC 5321 §4.5.3.2 recommends 5 minutes for most answers and 10 for the final one. A security mail is stale by then, and trying again
 * before the end of the mail was sent is safe, so the answers up to then get less. `body` is for each part of the mail that is sent, not
 * for all of it. `final` stays long: giving up there leaves the outcome unknown, and the next try may be a second copy.
 */
export const defaultTimeouts: Timeouts = {
  connect: 10_000,
  greeting: 30_000,
  ehlo: 30_000,
  tls: 15_000,
  auth: 30_000,
  mail: 30_000,
  rcpt: 60_000,
  data: 30_000,
  body: 60_000,
  final: 300_000,
}

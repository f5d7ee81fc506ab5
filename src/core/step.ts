import { checksAfter } from './campaign-decisions.ts'
import type { Answer, Command } from './commands.ts'
import { decide } from './decide.ts'
import type { Event } from './events.ts'
import { fold, type When } from './fold.ts'
import type { State } from './state.ts'

/**
 * Decide one command and fold what follows from it, the commands that it brings about included. The same function runs in production, in
 * replays and in the simulator; `events` is what must become durable before anybody is told.
 */
export function step(state: State, command: Command, when: When): { events: Event[]; answer: Answer } {
  const decision = decide(state, command, when.at)
  const { events, answer } = decision
  const checks = checksAfter(state, events)
  const next = decision.next ? [...decision.next, ...checks] : checks
  for (const event of events) fold(state, event, when)
  if (next.length === 0) return { events, answer }
  const all = [...events]
  for (const follower of next) all.push(...step(state, follower, when).events)
  return { events: all, answer }
}

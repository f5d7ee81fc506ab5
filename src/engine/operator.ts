import { type BudgetNow, budgetNow } from '../core/budgets.ts'
import type { Answer, Command, RefusalCode } from '../core/commands.ts'
import type { MessageId } from '../core/events.ts'
import { hourOf } from '../core/leases.ts'
import { type Cap, type ClassPolicy, type Lane, lanes, type Policy } from '../core/policy.ts'
import { type Scope, scopeOf } from '../core/scope.ts'
import { requirementOf } from '../core/state.ts'
import type { Stop } from '../core/stops.ts'
import type { Hash64 } from '../std/hash64.ts'
import type { Partition } from './partition.ts'
/** What people do to the running gate. Every act is a command, so it is journalled before it is answered. */
export type ClassNow = {
  name: string
  policy: ClassPolicy
  /** Whether a message must have its cause now, by application: `auto` has become one or the other. */
  requirements: Record<string, 'required' | 'expected' | 'never'>
  caps: Record<Lane, Cap>
  budgets: Record<Lane, BudgetNow>
  stops: StopNow[]
}

/** A stop as people are shown it; `phase` and `endsAt` are those of a breaker that a detector opened. */
export type StopNow = Omit<Scope, 'class'> & {
  by: string
  reason: string
  since: number
  until?: number
  phase?: 'open' | 'half-open'
  endsAt?: number
  alarm?: number
}

function stopNow({ scope, breaker, ...stop }: Stop): StopNow {
  const { class: _, ...rest } = scope
  if (!breaker) return { ...rest, ...stop }
  const { phase, endsAt, alarm } = breaker
  return { ...rest, ...stop, phase, endsAt, alarm }
}

/** Those that the configuration names or that have sent messages with causes; the first application always. */
function applicationsOf({ policy, streaks }: Partition['state'], className: string): string[] {
  const known = new Set(['default', ...Object.keys(policy.applications)])
  for (const key of streaks.keys()) if (key.endsWith(`/${className}`)) known.add(key.slice(0, -className.length - 1))
  return [...known]
}

export function classesNow({ state, now }: { state: Partition['state']; now: number }): ClassNow[] {
  const hour = hourOf(now)
  return Object.entries(state.policy.classes).map(([name, policy]) => ({
    name,
    policy,
    requirements: Object.fromEntries(
      applicationsOf(state, name).map(application => [application, requirementOf(state, application, name, policy)]),
    ),
    caps: state.policy.caps,
    budgets: Object.fromEntries(lanes.map(lane => [lane, budgetNow(state, name, lane, hour)])) as ClassNow['budgets'],
    stops: state.stops
      .filter(({ scope, until }) => scope.class === name && (until === undefined || now < until))
      .map(stopNow),
  }))
}

/** One command, its answer when durable. */
export async function act(partition: Partition, command: Command): Promise<Answer> {
  const [answer] = await partition.submit([{ command }])
  return answer!
}

/** How many hand-overs had begun when the class was stopped: with the world then, and no more begin after. */
export async function pauseClass(
  partition: Partition,
  stop: Scope & { by: string; reason: string; until?: number },
): Promise<{ handedOver: number } | { refused: RefusalCode }> {
  const answer = await act(partition, { type: 'PauseClass', ...stop })
  return answer.type === 'refused' ? { refused: answer.code } : { handedOver: partition.inFlightOf(scopeOf(stop)) }
}

export async function resumeClass(partition: Partition, stop: Scope & { by: string }): Promise<'done' | RefusalCode> {
  const answer = await act(partition, { type: 'ResumeClass', ...stop })
  return answer.type === 'refused' ? answer.code : 'done'
}

export const applyPolicy = (
  partition: Partition,
  policy: Policy,
  { hash, by }: { hash: string; by: string },
): Promise<Answer> => act(partition, { type: 'ApplyPolicy', policy, hash, by })

/** Answers the messages concerned. Live messages of the person end, and the keys of all that was ever sealed for them are destroyed, the newest first. */
export async function eraseSubject(
  partition: Partition,
  subject: Hash64,
  { by, places }: { by: string; places(upTo: number): AsyncIterable<{ page: number; slot: number; id: MessageId }> },
): Promise<MessageId[]> {
  // First of all: what is sealed from now on is under new keys, and is none of this.
  partition.forgetKeys()
  await act(partition, { type: 'EraseSubject', subject, by })
  const upTo = partition.head
  const slots = new Map<number, Set<number>>()
  const erased: MessageId[] = []
  for await (const { page, slot, id } of places(upTo)) {
    const known = slots.get(page)
    if (known) known.add(slot)
    else slots.set(page, new Set([slot]))
    erased.push(id)
  }
  for (const [page, ofPage] of slots) await partition.eraseKeys(page, [...ofPage])
  partition.forgetKeys()
  return erased
}

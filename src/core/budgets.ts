import type { MessageId } from './events.ts'
import { hourOf } from './leases.ts'
import type { LiveMessage } from './messages.ts'
import { budgetOf, classOf, completed, type Lane, lanes, type Policy } from './policy.ts'
import type { SignalFacts } from './signals.ts'
import type { State } from './state.ts'

// What events mean for the budgets to come.

/** A policy applies; a budget that it lowers is lower at once, whatever was expected or granted. */
export function applyPolicy(state: State, policy: Policy, at: number): void {
  const before = state.policy
  state.policy = completed(policy)
  for (const [name, { budgetPerHour }] of Object.entries(state.policy.classes))
    for (const lane of lanes) {
      const was = classOf(before, name)?.budgetPerHour[lane] ?? 0
      const is = budgetPerHour[lane]
      if (is < was) state.demand.lower(name, lane, { hour: hourOf(at), messages: is })
      else if (is > was) state.demand.raise(name, lane)
    }
}

/** A delivered message counts for the hour it was decided in; one that lay in wait for long counts for none. */
export function countDelivered(state: State, id: MessageId, at: number): void {
  const message = state.messages.get(id)
  if (!message || !isDemand(message) || at - message.decidedAt > countedLateMsMax) return
  const { class: className } = message.facts
  if (isStopped(state, className, at)) return state.demand.freeze(className, hourOf(at))
  const base = (classOf(state.policy, className)?.budgetPerHour[message.lane] ?? 0) / state.policy.budgets.headroom
  state.demand.count({ class: className, lane: message.lane, hour: hourOf(message.decidedAt), base })
}

/** A message with a cause of its own. What a person let go says nothing of what is usual, and bulk is ordered each time. */
const isDemand = ({ cause, lane, reasons }: LiveMessage): boolean =>
  cause !== undefined && lane !== 'campaign' && !reasons.includes('hold.released')

const isStopped = ({ stops }: State, className: string, at: number): boolean =>
  stops.some(({ scope, until }) => scope.class === className && (until === undefined || at < until))

const countedLateMsMax = 12 * 3_600_000

/** The operator states what is usual, for one lane or for all that have a forecast. */
export function loadBaseline(state: State, signal: SignalFacts): void {
  if (signal.kind !== 'baseline' || !classOf(state.policy, signal.class)) return
  const all: Lane[] = ['reserved', 'open', 'system']
  for (const lane of signal.lane ? [signal.lane] : all) state.demand.load(signal.class, lane, signal.ratePerHourOfWeek)
}

/** `perHour` is in force, `used` is charged, `floor` holds before any history, `forecast` is expected of the hour. */
export type BudgetNow = { perHour: number; used: number; floor: number; forecast: number }

/** The budget in force as far as this partition knows, what it is before any history, and what is expected of the hour. */
export function budgetNow({ policy, leases, demand }: State, className: string, lane: Lane, hour: number): BudgetNow {
  const forecast = lane === 'campaign' ? 0 : demand.forecast(className, lane, hour)
  const budget = leases.budget(className, lane, hour) ?? budgetOf(policy, className, lane, forecast)
  return {
    perHour: Math.min(budget, demand.limit(className, lane, hour)),
    used: leases.spent(className, lane, hour),
    floor: classOf(policy, className)?.budgetPerHour[lane] ?? 0,
    forecast,
  }
}

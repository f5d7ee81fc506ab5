import { earlier } from '../std/instant.ts'
import { Table } from '../std/table.ts'
import { type Brake, newBrake } from './brake.ts'
import { type Campaigns, nextCampaignDue } from './campaigns.ts'
import { type Caps, newCaps } from './caps.ts'
import { type Ledger, newLedger } from './causes.ts'
import { Demand } from './demand.ts'
import { nextHealthDue } from './health.ts'
import { type Lateness, newLateness } from './lateness.ts'
import { hourOf, Leases } from './leases.ts'
import { LiveMessages } from './messages.ts'
import {
  type ClassPolicy,
  classOf,
  freshPolicy,
  type Lane,
  type Policy,
  probeClass,
  probesPerHourMax,
  type Requirement,
} from './policy.ts'
import type { Proposals } from './proposals.ts'
import { newRecent, type Recent } from './recent.ts'
import { newRegisterBook, type RegisterBook } from './register.ts'
import { newRepeats, type Repeats } from './repeats.ts'
import { type Networks, newNetworks } from './requesters.ts'
import { newSilence, type Silence } from './silence.ts'
import { nextStopDue, type Stop } from './stops.ts'
import { newStreams, type Streams } from './streams.ts'
import { newSuppressions, type Suppressions } from './suppressions.ts'
import { Templates } from './templates.ts'

/** Everything that a partition knows. Changed in place, by `fold` alone. */
export type State = {
  policy: Policy
  /** Hash of the configuration that was applied last. */
  configHash: string
  messages: LiveMessages
  repeats: Repeats
  caps: Caps
  brake: Brake
  lateness: Lateness
  silence: Silence
  ledger: Ledger
  leases: Leases
  /** How long the register's log is. */
  register: RegisterBook
  /** What budgets follow. */
  demand: Demand
  /** Matched messages in a row, by application and class, for the requirement `auto`. */
  streaks: Map<string, number>
  /** When the sources of causes were last heard, once they have promised to be heard at all. */
  heartbeat: { promised: boolean; heardAt: number }
  /** Messages that went out on the allowance for a silent source, by class: hour and count. */
  allowance: Map<string, { hour: number; count: number }>
  stops: Stop[]
  /** Intended bulk sends and corrections, by id. */
  campaigns: Campaigns
  proposals: Proposals
  /** Alarms raised so far; the next one's id is one more. */
  alarms: number
  /** Names of the sources of causes, in order of appearance; rows hold the place of the name. */
  sources: string[]
  networks: Networks
  streams: Streams
  recent: Recent
  /** Keys of the signals of the last day, so that one that comes twice counts once. A row has 12 bytes: key 2, reported (s) 1. */
  signals: Table
  /** Mailboxes that bulk mail leaves alone. */
  suppressions: Suppressions
  /** Announced bulk sends that are still to come or under way. */
  announced: Announced[]
  /** What was sent of a class so far: messages, and the templates that are usual in it. */
  usual: Record<string, { messages: number; templates: string[] }>
  /** What messages may look like, and who has approved it. */
  templates: Templates
  /** Templates and versions that a loaded baseline names as approved, besides those of the policy and `templates`. */
  approved: Record<string, string[]>
  /** Events folded; drives the sweeping of the tables. */
  folded: number
  /** Instant of the newest batch. */
  at: number
}

/** Who applies the policy of the configuration. */
export const fromConfig = 'config'

export const newState = (): State => ({
  policy: freshPolicy(),
  configHash: '',
  messages: new LiveMessages(),
  repeats: newRepeats(),
  caps: newCaps(),
  brake: newBrake(),
  lateness: newLateness(),
  silence: newSilence(),
  ledger: newLedger(),
  leases: new Leases(),
  register: newRegisterBook(),
  demand: new Demand(),
  streaks: new Map(),
  heartbeat: { promised: false, heardAt: 0 },
  allowance: new Map(),
  stops: [],
  campaigns: new Map(),
  proposals: new Map(),
  alarms: 0,
  sources: [],
  networks: newNetworks(),
  streams: newStreams(),
  recent: newRecent(),
  signals: new Table('signals', { rowWords: 3, shardBits: 8 }),
  suppressions: newSuppressions(),
  announced: [],
  usual: {},
  templates: new Templates(),
  approved: {},
  folded: 0,
  at: 0,
})

export const streakKey = (application: string, className: string): string => `${application}/${className}`
/** The next instant at which something is due without any command, or `undefined`. */
export function nextDue(state: State): number | undefined {
  const due = earlier(state.messages.nextDue(), nextStopDue(state.stops))
  return earlier(due, earlier(nextCampaignDue(state.campaigns), nextHealthDue(state)))
}

/** A bulk send that an operator announced; `sent` of its audience so far. */
export type Announced = { class: string; audience: number; from: number; until: number; sent: number }

/** The announced send that a bulk message of this class belongs to: one that is under way and has not reached its audience. */
export const announcedOf = ({ announced }: State, className: string, now: number): Announced | undefined =>
  announced.find(one => one.class === className && one.from <= now && now < one.until && one.sent < one.audience)

/** How many messages of a class and lane may still be charged in this clock hour; of an announced send, how many of its audience are left. */
export function budgetLeft(state: State, className: string, lane: Lane, now: number): number {
  if (!classOf(state.policy, className)) return 0
  const announced = lane === 'campaign' ? announcedOf(state, className, now) : undefined
  if (announced) return announced.audience - announced.sent
  const hour = hourOf(now)
  if (className === probeClass) return probesPerHourMax - state.leases.spent(className, lane, hour)
  return state.leases.left(className, lane, hour, state.demand.limit(className, lane, hour))
}

/** The requirement in force for an application and class; `auto` has become `required` or is still `expected`. */
export function requirementOf(
  state: State,
  application: string,
  className: string,
  policy: ClassPolicy,
): Exclude<Requirement, 'auto'> {
  const configured = state.policy.applications[application]?.requirements?.[className] ?? policy.causes.requirement
  if (configured !== 'auto') return configured
  const streak = state.streaks.get(streakKey(application, className)) ?? 0
  return streak >= state.policy.matchesUntilRequired ? 'required' : 'expected'
}

export const isSilent = (state: State, now: number): boolean =>
  state.heartbeat.promised && now - state.heartbeat.heardAt > state.policy.silentSource.afterMs

export const longestFreshnessMs = (policy: Policy): number =>
  Object.values(policy.classes).reduce((longest, one) => Math.max(longest, one.causes.freshForMs), 0)

import type { Hash64 } from '../std/hash64.ts'
import { isCorrection } from './campaigns.ts'
import { capState } from './caps.ts'
import { accountOf, type Match, matchCause, ownsAddress } from './causes.ts'
import type { MessageFacts, Outcome } from './events.ts'
import { hourOf } from './leases.ts'
import { type ClassPolicy, type Lane, versionsOf } from './policy.ts'
import type { ReasonCode } from './reasons.ts'
import type { Place } from './scope.ts'
import { budgetLeft, isSilent, requirementOf, type State, streakKey } from './state.ts'
import { stopOf } from './stops.ts'

/**
 * The gate: what becomes of one message, by the checks of the design in their order. Check 1, whether it was decided before, is taken in
 * `decide`. Every check that applies is recorded; the first that says no and binds decides.
 */
export type Verdict = {
  outcome: Outcome
  reasons: ReasonCode[]
  lane: Lane
  account: Hash64
  cause?: Hash64
  /** Source of the matched cause. */
  source?: string
  awaitsCauseUntil?: number
  noticeDue: boolean
  /** The message goes out on the small allowance for causes whose source has fallen silent. */
  onAllowance: boolean
}

export type Occasion = {
  now: number
  /** A message that has waited for its cause is looked at once more: it has been counted against its mailbox already. */
  again?: { decidedAt: number; until: number; lane: Lane }
}

/** What the checks look at. */
type Case = {
  state: State
  policy: ClassPolicy
  facts: MessageFacts
  now: number
  match: Match | undefined
  lane: Lane
  place: Place
  expiresAt: number
  again: Occasion['again']
}

/** `binds: always` holds in every mode; else it binds in `enforce` only; `never` is recorded. */
type Finding = { code: ReasonCode; outcome: Outcome; binds: 'always' | 'enforced' | 'never'; awaitsUntil?: number }

type Check = (one: Case) => Finding | undefined

const checks: Check[] = [
  environment,
  template,
  cause,
  recipient, // and the rest of the proof of the rendered bytes
  secret,
  cap,
  breaker,
  budget,
]

export function judge(state: State, facts: MessageFacts, policy: ClassPolicy, { now, again }: Occasion): Verdict {
  const requirement = requirementOf(state, facts.application, facts.class, policy)
  // What two people have approved needs no other cause, and uses none up.
  const match = facts.campaign || requirement === 'never' ? undefined : matchCause(state.ledger, facts, policy, now)
  const expiresAt = expiryOf(facts, policy, again?.decidedAt ?? now)
  const lane = laneOf(policy, match)
  const place = placeOf(state, facts, lane, match)
  const one: Case = { state, policy, facts, now, match, lane, place, expiresAt, again }
  const verdict: Verdict = {
    outcome: 'deliver',
    reasons: [],
    lane: one.lane,
    account: match?.account ?? accountOf(state.ledger, facts),
    noticeDue: false,
    onAllowance: false,
  }
  if (match?.status === 'matched') {
    verdict.cause = match.cause.key
    verdict.source = one.place.source
  }
  let decided = false
  for (const check of checks) {
    const finding = check(one)
    if (!finding) continue
    verdict.reasons.push(finding.code)
    if (decided || !binds(finding, policy)) continue
    decided = true
    verdict.outcome = finding.outcome
    if (finding.awaitsUntil !== undefined) verdict.awaitsCauseUntil = finding.awaitsUntil
  }
  verdict.onAllowance = verdict.outcome === 'deliver' && verdict.reasons.includes('cause.source-silent')
  verdict.noticeDue = !facts.campaign && verdict.outcome === 'suppress' && capOf(one).noticeDue
  return verdict
}

const binds = (finding: Finding, policy: ClassPolicy): boolean =>
  finding.binds === 'always' || (finding.binds === 'enforced' && policy.mode === 'enforce')

/** The end of a message's life: when its secret expires, or when it is no longer worth delivering. */
export const expiryOf = (facts: MessageFacts, policy: ClassPolicy, decidedAt: number): number =>
  Math.min(facts.expiresAt ?? Number.POSITIVE_INFINITY, decidedAt + policy.lifetimeMs)

const placeOf = (state: State, facts: MessageFacts, lane: Lane, match: Match | undefined): Place => ({
  class: facts.class,
  lane,
  source: match?.status === 'matched' ? (state.sources[match.cause.traits.source] ?? '') : '',
  template: facts.template?.name ?? '',
})

/** 7. The lane, by trust in the requester. */
function laneOf(policy: ClassPolicy, match: Match | undefined): Lane {
  if (policy.lane === 'campaign') return 'campaign'
  if (match?.status !== 'matched') return 'open'
  if (policy.lane === 'system') return 'system'
  return match.cause.trust === 'unknown' ? 'open' : 'reserved'
}

/** 2. Test and staging material never reaches people outside the allow-list. */
function environment({ state, facts }: Case): Finding | undefined {
  if (!facts.environment || facts.environment === 'production' || facts.allowListed) return undefined
  return {
    code: 'environment.not-allowed',
    outcome: 'reject',
    binds: state.policy.deliversLocally ? 'never' : 'enforced',
  }
}

/** 3. Template and version approved; inline content where the class allows it. */
function template({ state, policy, facts }: Case): Finding | undefined {
  if (facts.template) {
    const { name, version } = facts.template
    const versions = versionsOf(state.policy, name)
    if (versions && (version === undefined || versions.includes(version))) return undefined
    return { code: 'template.unknown', outcome: 'hold', binds: 'always' }
  }
  if (policy.content === 'inline' || facts.via === 'notice' || facts.campaign) return undefined
  return { code: 'content.inline-not-allowed', outcome: 'hold', binds: 'enforced' }
}

/** 4. A cause of the right kind, for this account, fresh and not used up. */
function cause(one: Case): Finding | undefined {
  const { state, policy, facts, now, match, again } = one
  if (!match || match.status === 'matched') return undefined
  const requirement = requirementOf(state, facts.application, facts.class, policy)
  if (requirement === 'never') return undefined
  if (match.code === 'cause.missing' && mayStillCome(one, requirement)) {
    const awaitsUntil = again ? again.until : now + state.policy.causeAwaitedMs
    return { code: 'cause.awaited', outcome: 'hold', binds: 'enforced', awaitsUntil }
  }
  if (match.code === 'cause.missing' && isSilent(state, now)) {
    const used = state.allowance.get(facts.class)
    const count = used?.hour === hourOf(now) ? used.count : 0
    const exhausted = count >= state.policy.silentSource.allowancePerHour
    return { code: 'cause.source-silent', outcome: 'hold', binds: exhausted ? 'enforced' : 'never' }
  }
  const outcome = policy.causes.whenMissing
  // Who names a cause claims to have one, and is taken at the word: a mailer at fault must not get by with a made-up or used-up name.
  const binding = requirement === 'required' || facts.cause !== undefined
  return { code: match.code, outcome, binds: binding ? 'enforced' : 'never' }
}

/**
 * A message may be ahead of its cause. It is made to wait only where causes are known to come: it names one, the class requires one, or the
 * application has had messages matched before. A plain SMTP sender that reports none is never delayed.
 */
function mayStillCome({ state, policy, facts, now, again }: Case, requirement: 'required' | 'expected'): boolean {
  if (policy.mode !== 'enforce') return false
  if (again) return now < again.until
  if (facts.cause || requirement === 'required') return true
  return (state.streaks.get(streakKey(facts.application, facts.class)) ?? 0) > 0
}

/** 5. The recipient is one of the account's addresses, where these are known. (Exactly one recipient is a matter of the edge.) */
function recipient({ state, facts, match, now }: Case): Finding | undefined {
  if (isCorrection(state.campaigns, facts)) return undefined
  const account = match?.account ?? accountOf(state.ledger, facts)
  if (ownsAddress(state.ledger, account, facts.address, now) !== 'no') return undefined
  return { code: 'recipient.not-the-accounts', outcome: 'hold', binds: 'enforced' }
}

/** 6. The secret outlives the delivery. Holds in every mode: an expired secret helps nobody. */
function secret({ policy, expiresAt, facts, now }: Case): Finding | undefined {
  const lastsUntil = facts.expiresAt === undefined ? expiresAt : facts.expiresAt - policy.deliveryMs
  return now < lastsUntil ? undefined : { code: 'secret.expired', outcome: 'expire', binds: 'always' }
}

function capOf({ state, facts, lane, now, again }: Case): { full: boolean; noticeDue: boolean } {
  const counted = again?.lane === lane ? 1 : 0
  return capState(state.caps, facts.mailbox, lane, state.policy.caps[lane], { now, counted })
}

/** 8. The mailbox has room in this lane. */
function cap(one: Case): Finding | undefined {
  if (isCorrection(one.state.campaigns, one.facts) || !capOf(one).full) return undefined
  return { code: 'cap.mailbox', outcome: 'suppress', binds: 'enforced' }
}

/** 9. Nobody has stopped this place. A person's stop holds in every mode; so does a breaker, which opens only where detectors enforce. */
function breaker({ state, place, now }: Case): Finding | undefined {
  if (!stopOf(state, place, now)) return undefined
  return { code: 'breaker.open', outcome: 'hold', binds: 'always' }
}

/** 10. The lease of this hour has room. A campaign has a budget of its own: its approved audience, each recipient once. */
function budget({ state, facts, lane, now }: Case): Finding | undefined {
  if (facts.campaign) return undefined
  if (budgetLeft(state, facts.class, lane, now) > 0) return undefined
  return { code: 'budget.exhausted', outcome: 'hold', binds: 'enforced' }
}

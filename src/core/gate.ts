import type { Hash64 } from '../std/hash64.ts'
import type { Alarm } from './alarms.ts'
import { brakeHolds } from './brake.ts'
import { isCorrection } from './campaigns.ts'
import { capState, countLately, wasWrittenTo } from './caps.ts'
import { accountOf, type Match, matchCause, ownershipOf } from './causes.ts'
import { type ContentFinding, contentFindings } from './content.ts'
import { type Detected, detect } from './detection.ts'
import type { MessageFacts, Outcome, Trust } from './events.ts'
import { hourOf } from './leases.ts'
import { type ClassPolicy, type Lane, versionsOf } from './policy.ts'
import { type ReasonCode, reasonCodes } from './reasons.ts'
import { type Place, templateIn } from './scope.ts'
import { type Seen, seenOf } from './seen.ts'
import { budgetLeft, isSilent, requirementOf, type State, streakKey } from './state.ts'
import { stopOf } from './stops.ts'
import type { Approval } from './templates.ts'

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
  softUntil?: number
  /** What the detectors were shown. */
  seen?: Seen
  alarms: Alarm[]
  /** The breaker of this place opens, by the last of the alarms. */
  opens?: Place
  noticeDue: boolean
  /** The message goes out on the small allowance for causes whose source has fallen silent. */
  onAllowance: boolean
}

export type Occasion = {
  now: number
  /** A message that has waited is looked at once more: it has been counted against its mailbox already. */
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
  /** As far as the checks before have come. */
  verdict: Verdict
}

/** `binds: always` holds in every mode; else it binds in `enforce` only; `never` is recorded. */
type Finding = {
  code: ReasonCode
  outcome: Outcome
  binds: 'always' | 'enforced' | 'never'
  awaitsUntil?: number
  softUntil?: number
}

type Check = (one: Case) => Finding | Finding[] | undefined

const checks: Check[] = [
  environment,
  template,
  cause,
  recipient, // and the rest of the proof of the rendered bytes
  content,
  secret,
  cap,
  requester,
  breaker,
  evidence,
  budget,
]

export function judge(state: State, facts: MessageFacts, policy: ClassPolicy, { now, again }: Occasion): Verdict {
  const requirement = requirementOf(state, facts.application, facts.class, policy)
  // What two people have approved needs no other cause, and uses none up.
  const match = facts.campaign || requirement === 'never' ? undefined : matchCause(state.ledger, facts, policy, now)
  const expiresAt = expiryOf(facts, policy, again?.decidedAt ?? now)
  const lane = laneOf(policy, match)
  const place = placeOf(state, facts, lane, match)
  const verdict: Verdict = {
    outcome: 'deliver',
    reasons: [],
    lane,
    account: match?.account ?? accountOf(state.ledger, facts),
    alarms: [],
    noticeDue: false,
    onAllowance: false,
  }
  if (match?.status === 'matched') {
    verdict.cause = match.cause.key
    verdict.source = place.source
  }
  const one: Case = { state, policy, facts, now, match, lane, place, expiresAt, again, verdict }
  let decided = false
  for (const check of checks) {
    const found = check(one)
    if (!found) continue
    for (const finding of Array.isArray(found) ? found : [found]) {
      verdict.reasons.push(finding.code)
      if (decided || !binds(finding, policy)) continue
      decided = true
      verdict.outcome = finding.outcome
      if (finding.awaitsUntil !== undefined) verdict.awaitsCauseUntil = finding.awaitsUntil
      if (finding.softUntil !== undefined) verdict.softUntil = finding.softUntil
    }
  }
  heldByBrake(one, verdict)
  verdict.onAllowance = verdict.outcome === 'deliver' && verdict.reasons.includes('cause.source-silent')
  verdict.noticeDue = !facts.campaign && verdict.outcome === 'suppress' && capOf(one).noticeDue
  return verdict
}

/** Last of all, and whatever the mode: what has passed every check is looked at by the watch over these checks. */
function heldByBrake({ state, facts, lane, place: { source }, now }: Case, verdict: Verdict): void {
  if (verdict.outcome !== 'deliver' || !brakeHolds(state, { facts, lane, source, cause: verdict.cause }, now)) return
  verdict.outcome = 'hold'
  verdict.reasons.push('brake.faulty')
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
  template: templateIn(facts),
})

/** 7. The lane, by trust in the requester. */
function laneOf(policy: ClassPolicy, match: Match | undefined): Lane {
  if (policy.lane === 'campaign') return 'campaign'
  return match?.status === 'matched' ? laneByTrust(policy, match.cause.trust) : 'open'
}

/** The lane of a message with a cause of this trust. */
export function laneByTrust({ lane }: ClassPolicy, trust: Trust): Lane {
  if (lane !== 'by-requester') return lane
  return trust === 'unknown' ? 'open' : 'reserved'
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

/**
 * 3. Template and version approved; inline content where the class allows it. Of a sender whose looks people have begun to approve, every look
 * that nobody has approved holds, also that of a mail which looks like nothing that is known.
 */
function template({ state, policy, facts }: Case): Finding | undefined {
  if (facts.template && !facts.template.learnt)
    return approvalOf(state, facts) === 'unknown'
      ? { code: 'template.unknown', outcome: 'hold', binds: 'always' }
      : undefined
  if (facts.via === 'notice' || facts.campaign) return undefined
  const { application, class: className } = facts
  if (state.templates.guards(application, className)) {
    if (state.templates.isApprovedLook(application, className, facts.template?.hash)) return undefined
    return { code: 'template.changed', outcome: 'hold', binds: 'enforced' }
  }
  return policy.content === 'inline'
    ? undefined
    : { code: 'content.inline-not-allowed', outcome: 'hold', binds: 'enforced' }
}

/** What is approved by its hash counts first; then what configuration or baseline names, unless a person has retired it. */
function approvalOf(state: State, { template, class: className }: MessageFacts): Approval {
  const { name, version } = template!
  const approval = state.templates.approvalOf(template!, className)
  if (approval !== 'unknown' || state.templates.isRetired(name, version)) return approval
  const isNamed =
    isApproved(versionsOf(state.policy.templates, name), version) ||
    isApproved(versionsOf(state.approved, name), version)
  return isNamed ? 'approved' : 'unknown'
}

const isApproved = (versions: string[] | undefined, version: string | undefined): boolean =>
  versions !== undefined && (version === undefined || versions.includes(version))

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

/** 5. The recipient is one of the account's addresses that its holder has verified, where these are known. (Exactly one is a matter of the edge.) */
function recipient({ state, policy, facts, match, now }: Case): Finding | undefined {
  if (isCorrection(state.campaigns, facts)) return undefined
  const account = match?.account ?? accountOf(state.ledger, facts)
  const owned = ownershipOf(state.ledger, account, facts.address, now)
  if (owned === 'verified' || owned === 'unknown') return undefined
  if (owned === 'unverified' && policy.recipients === 'named') return undefined
  const code = owned === 'stale' ? 'recipient.stale' : 'recipient.not-the-accounts'
  return { code, outcome: 'hold', binds: 'enforced' }
}

/**
 * 5. What the proof of the rendered bytes has found, and the address of somebody else who was written to lately: a sender that mixes people up
 * names just that. Bytes other than the approved ones never go in any mode, nor does
 * what could not be written.
 */
function content({ state, facts, now }: Case): Finding[] | undefined {
  const isMixedUp = facts.mentions?.some(mailbox => wasWrittenTo(state.caps, mailbox, now)) === true
  const isOther = facts.template !== undefined && !facts.template.learnt && approvalOf(state, facts) === 'other-hash'
  if (!facts.findings && !isMixedUp && !isOther) return undefined
  const found = new Set<ContentFinding | 'content.other-recipient'>(facts.findings)
  if (isMixedUp) found.add('content.other-recipient')
  if (isOther) found.add('content.not-as-approved')
  return contentCodes
    .filter(code => found.has(code))
    .map(code => {
      // Where mail stays on this machine, as with test environments: a first try is a test.
      if (code === 'content.test-material' && state.policy.deliversLocally)
        return { code, outcome: 'hold', binds: 'never' }
      return { code, outcome: 'hold', binds: code === 'content.not-as-approved' ? 'always' : 'enforced' }
    })
}

/** As decisions name them. */
const contentCodes = reasonCodes.filter(
  (code): code is ContentFinding | 'content.other-recipient' =>
    code === 'content.other-recipient' || (contentFindings as readonly string[]).includes(code),
)

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

/** 8. Its network asks for no more than its share. What is over is held before it counts against what others need. */
function requester(one: Case): Finding | undefined {
  const { match, lane } = one
  if (lane !== 'open' || match?.status !== 'matched' || !match.cause.traits.concentrated) return undefined
  return { code: 'requester.concentrated', outcome: stoppedOutcome(one), binds: 'enforced' }
}

/** While a request from an unknown place cannot go, the holder of a known account may confirm it in the app. */
function stoppedOutcome({ state, policy, lane, place, match, now }: Case): 'confirm' | 'hold' {
  const isKnown = match?.status === 'matched' && match.cause.traits.known
  if (policy.whenStopped !== 'confirm' || lane !== 'open' || !isKnown) return 'hold'
  // A confirmation takes the reserved lane; while that is stopped as well it would lead nowhere.
  return stopOf(state, { ...place, lane: 'reserved' }, now) ? 'hold' : 'confirm'
}

/** 9. Nobody has stopped this place. A person's stop holds in every mode; so does a breaker, which opens only where detectors enforce. */
function breaker(one: Case): Finding | undefined {
  if (!stopOf(one.state, one.place, one.now)) return undefined
  return { code: 'breaker.open', outcome: stoppedOutcome(one), binds: 'always' }
}

/**
 * 9. What the detectors make of it. They are shown all that would reach a person, and what is held before it does; not what is suppressed,
 * ends here anyway or still waits for its cause.
 */
function evidence(one: Case): Finding | undefined {
  const { state, facts, policy, place, now, verdict } = one
  if (facts.via === 'notice' || facts.via === 'probe' || facts.campaign) return undefined
  if (verdict.awaitsCauseUntil !== undefined || endsHere.has(verdict.outcome)) return undefined
  // What its network asks beyond its share is held already, and must not add up to a stop for others.
  if (verdict.reasons.includes('requester.concentrated')) return undefined
  // So is what its values condemn: an outsider who puts links into names must not stop the mail of others by the number of his.
  if (policy.mode === 'enforce' && facts.findings?.some(code => byOthers.has(code))) return undefined
  const seen = shownBy(one)
  verdict.seen = seen
  const isStopped = verdict.reasons.includes('breaker.open')
  const isKept = verdict.reasons.includes('template.unknown') || verdict.reasons.includes('template.changed')
  const { level, alarms }: Detected = isStopped
    ? { alarms: [] }
    : detect(state, { facts, place, policy, seen, isKept, now })
  verdict.alarms = alarms
  if (level === 'hard') {
    verdict.opens = place
    return { code: 'breaker.open', outcome: stoppedOutcome(one), binds: 'enforced' }
  }
  if (level === 'held') return { code: 'evidence.hard', outcome: stoppedOutcome(one), binds: 'enforced' }
  if (level !== 'soft') return undefined
  return {
    code: 'evidence.soft',
    outcome: 'hold',
    binds: 'enforced',
    softUntil: now + state.policy.detection.softHoldMs,
  }
}

/** Of the findings, those that users can bring about; the others are faults of the sender, of which detectors make what they can. */
const byOthers: ReadonlySet<ContentFinding> = new Set<ContentFinding>([
  'content.link',
  'content.slot-active',
  'content.slot-invalid',
])

const endsHere = new Set<Outcome>(['suppress', 'reject', 'expire'])

function shownBy({ state, policy, facts, match, lane, now, again, verdict }: Case): Seen {
  const requirement = requirementOf(state, facts.application, facts.class, policy)
  const streak = state.streaks.get(streakKey(facts.application, facts.class)) ?? 0
  return seenOf({
    facts,
    match,
    lane,
    now,
    reasons: verdict.reasons,
    isConnected: (requirement === 'required' || streak > 0) && !isSilent(state, now),
    isRepeated: countLately(state.caps, facts.mailbox, lane, now) > (again?.lane === lane ? 1 : 0),
    usual: Object.hasOwn(state.usual, facts.class) ? state.usual[facts.class] : undefined,
  })
}

/** 10. The lease of this hour has room. A campaign has a budget of its own: its approved audience, each recipient once. */
function budget(one: Case): Finding | undefined {
  const { state, facts, lane, now } = one
  if (facts.campaign) return undefined
  if (budgetLeft(state, facts.class, lane, now) > 0) return undefined
  return { code: 'budget.exhausted', outcome: stoppedOutcome(one), binds: 'enforced' }
}

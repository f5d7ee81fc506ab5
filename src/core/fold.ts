import { assert, unreachable } from '../std/assert.ts'
import { type Hash64, high, low } from '../std/hash64.ts'
import type { Alarm } from './alarms.ts'
import { sweepBrake } from './brake.ts'
import { applyPolicy, countDelivered, loadBaseline } from './budgets.ts'
import { type CampaignEvent, foldCampaign, foldForCampaigns, isCampaignEvent } from './campaigns.ts'
import { countLately, countMessage, markNoticed, sweepCaps } from './caps.ts'
import { causeOf, returnCause, sweepLedger, useCause } from './causes.ts'
import type { Event, MessageFacts, MessageId } from './events.ts'
import { watchHealth } from './health.ts'
import { hourOf } from './leases.ts'
import type { LiveMessage } from './messages.ts'
import { placeOf } from './messages.ts'
import { followUp, learnTemplate, rearm, takeCause, takeIn, takeSignal } from './observe.ts'
import { classOf } from './policy.ts'
import { countLeavers, foldProposal, isProposalEvent, membersBefore, type ProposalEvent } from './proposals.ts'
import type { ReasonCode } from './reasons.ts'
import { sweepRecent } from './recent.ts'
import { rememberAnswer, sweepRepeats } from './repeats.ts'
import { sweepNetworks } from './requesters.ts'
import { type Place, scopeOf } from './scope.ts'
import { onceKey, type SignalFacts } from './signals.ts'
import { announcedOf, fromConfig, longestFreshnessMs, type State, streakKey } from './state.ts'
import { byDetector, findBreaker, findStop, type Stop, trialsOf } from './stops.ts'
import { openStream, streamFor } from './streams.ts'
import { foldSuppressions, sweepSuppressions } from './suppressions.ts'
import { foldTemplate, isTemplateEvent, type TemplateEvent } from './templates.ts'

/** Where an event stands: the position and instant of its batch. */
export type When = { position: number; at: number }

/** Take in what has happened. The only writer of the state; exhaustive, and an unknown event stops the partition rather than vanish. */
export function fold(state: State, event: Event, when: When): void {
  watchHealth(state, event, when.at)
  if (!isSaidAgain(state, event)) foldForCampaigns(state.campaigns, state.messages, event, when.at)
  foldSuppressions(state.suppressions, state.messages, event, when.at)
  const members = membersBefore(state.proposals, state.messages, event)
  if (isCampaignEvent(event)) foldCampaign(state.campaigns, event, when.at)
  else if (isProposalEvent(event)) foldProposal(state.proposals, event, when.at)
  else if (isTemplateEvent(event)) foldTemplate(state.templates, event, when.at)
  else apply(state, event, when)
  if (members) countLeavers(members, state.messages, event)
  state.at = when.at
  state.folded++
  if (state.folded % sweepEvery === 0) sweep(state, when.at)
}

function apply(state: State, event: Exclude<Event, CampaignEvent | ProposalEvent | TemplateEvent>, when: When): void {
  switch (event.type) {
    case 'PolicyApplied':
      applyPolicy(state, event.policy, when.at)
      if (event.by === fromConfig) state.configHash = event.hash
      return
    case 'CauseReported':
      state.heartbeat.heardAt = when.at
      return takeCause(state, event.cause, when.at)
    case 'CoverageReported':
      // Causes come from the web tier. A sign of life of the edge or of DMARC reports says nothing of them, neither that they are to come nor
      // that they still do.
      if ((event.about ?? 'auth') === 'auth') state.heartbeat = { promised: true, heardAt: when.at }
      return
    case 'MessageDecided':
      return messageDecided(state, event, when)
    case 'MessageConflicted':
      return
    case 'MessageReleased':
      return messageReleased(state, event, when)
    case 'MessageHeld':
      return messageHeld(state, event, when)
    case 'MessageRejected':
    case 'MessageDiscarded':
    case 'MessageExpired':
      return endUnsent(state, event.id)
    case 'MessageDelivered':
      countDelivered(state, event.id, when.at)
      state.messages.remove(event.id)
      return
    case 'MessageUndeliverable':
      state.messages.remove(event.id)
      return
    case 'HandoverDeferred':
      return tryAgain(state, event.id, event.nextAt, event.nextUpstream)
    case 'HandoverUnknown':
      return tryAgain(state, event.id, event.nextAt, event.upstream)
    case 'LeaseGranted':
      return state.leases.take(event.lease)
    case 'LeaseReturned':
      return state.leases.giveBack(event)
    case 'ClassPaused':
    case 'ClassResumed':
    case 'BreakerOpened':
    case 'BreakerSwept':
    case 'SlowLaneServed':
    case 'BreakerHalfOpened':
    case 'BreakerClosed':
      return applyStop(state, event, when)
    case 'SignalReported':
      return signalReported(state, event.signal, when.at)
    case 'RegisterSealed':
      state.register = { leaves: event.size, sealedAt: when.at }
      return
    case 'BrakeCleared':
    case 'AlarmCleared':
    case 'MessagesMarked':
      return
    case 'AlarmRaised':
      return alarmRaised(state, event.alarm, when.at)
    case 'SubjectErased':
      for (const id of event.messages) state.messages.remove(id)
      return
    default:
      return unreachable(event)
  }
}

type StopEvent = Extract<
  Event,
  {
    type:
      | 'ClassPaused'
      | 'ClassResumed'
      | 'BreakerOpened'
      | 'BreakerSwept'
      | 'SlowLaneServed'
      | 'BreakerHalfOpened'
      | 'BreakerClosed'
  }
>

function applyStop(state: State, event: StopEvent, when: When): void {
  switch (event.type) {
    case 'ClassPaused': {
      const { by, reason, until } = event
      const stop: Stop = { scope: scopeOf(event), by, reason, since: when.at }
      return putStop(state, until === undefined ? stop : { ...stop, until })
    }
    case 'ClassResumed':
      return removeStop(state, findStop(state.stops, scopeOf(event)))
    case 'BreakerOpened': {
      const { scope, alarm, reason, trips, endsAt } = event
      const breaker: Stop['breaker'] = { alarm, trips, phase: 'open', endsAt, canaries: 0, intervalAt: 0 }
      return putStop(state, { scope, by: byDetector, reason, since: when.at, breaker, isSwept: false })
    }
    case 'BreakerSwept': {
      const stop = findBreaker(state.stops, event.scope)
      if (stop) stop.isSwept = true
      return
    }
    case 'SlowLaneServed': {
      const breaker = findBreaker(state.stops, event.scope)?.breaker
      if (breaker) breaker.slowAt = event.nextAt
      return
    }
    case 'BreakerHalfOpened': {
      const stop = findBreaker(state.stops, event.scope)
      assert(stop, 'only a breaker becomes half-open')
      Object.assign(stop.breaker, {
        phase: 'half-open',
        endsAt: event.endsAt,
        canaries: 0,
        intervalAt: when.at,
        slowAt: when.at + state.policy.breakers.canaryIntervalMs,
      })
      return rearm(state, event.scope, when.at)
    }
    case 'BreakerClosed':
      removeStop(state, findBreaker(state.stops, event.scope))
      if (event.by !== byDetector) learnTemplate(state, event.scope.class, event.scope.template, true)
      return rearm(state, event.scope, when.at)
    default:
      return unreachable(event)
  }
}

/** It takes the place of the one of its kind and scope. */
function putStop(state: State, stop: Stop): void {
  state.demand.freeze(stop.scope.class, hourOf(stop.since))
  removeStop(state, stop.breaker ? findBreaker(state.stops, stop.scope) : findStop(state.stops, stop.scope))
  state.stops.push(stop)
}

function removeStop(state: State, gone: Stop | undefined): void {
  state.stops = state.stops.filter(stop => stop !== gone)
}

/** Whether the same was said of the same message before. */
function isSaidAgain({ signals }: State, event: Event): boolean {
  const once = event.type === 'SignalReported' ? onceKey(event.signal) : undefined
  return once !== undefined && signals.find(high(once), low(once)) >= 0
}

function signalReported(state: State, signal: SignalFacts, at: number): void {
  const once = onceKey(signal)
  const isNew = once === undefined || state.signals.find(high(once), low(once)) < 0
  for (const key of isNew && once !== undefined ? [signal.key, once] : [signal.key]) {
    const row = state.signals.insert(high(key), low(key))
    state.signals.words[row + 2] = Math.floor(at / 1000)
  }
  if (!isNew) return
  loadBaseline(state, signal)
  takeSignal(state, signal, at)
}

function alarmRaised(state: State, alarm: Alarm, at: number): void {
  state.alarms = alarm.id
  // What is told only stops nothing: one busy network an hour must not keep the budgets from following.
  if (alarm.level !== 'notice') state.demand.freeze(alarm.class, hourOf(at))
  const { class: className, lane, source, detector } = alarm
  // Requests alone, and messages that are kept for what they show, open no stream, and it must be remembered somewhere that people were told.
  if (detector === 'requester-concentrated' || detector === 'content-found')
    openStream(state.streams, { class: className, lane, source }, at)
  for (const name of [{ class: className }, { class: className, lane, source }]) {
    const stream = state.streams.list[streamFor(state.streams, name)]
    if (stream) stream.told[`${alarm.level}/${alarm.detector}`] = at
  }
}

type Decided = Extract<Event, { type: 'MessageDecided' }>

function messageDecided(state: State, event: Decided, when: When): void {
  state.register.leaves++
  const { message, outcome, reasons, lane, source, cause } = event
  const { at } = when
  rememberAnswer(state.repeats, message, { outcome, lane, reasons, at })
  if (message.template?.learnt) state.templates.countLook(message)
  if (reasons.includes('template.changed')) state.templates.noteTold(message, at)
  const going: Going = { facts: message, lane, source, cause, at }
  if (event.seen) takeIn(state, { id: message.id, place: placeAt(going), seen: event.seen, at })
  const goesOn = outcome === 'deliver' || outcome === 'hold' || outcome === 'confirm'
  if (event.notice) addNotice(state, event, event.notice, when)
  if (!goesOn) return
  countMessage(state.caps, message.mailbox, lane, at)
  if (outcome === 'deliver') {
    spend(state, message, lane, reasons, at)
    goOut(state, going)
  }
  if (cause) useCause(state.ledger, cause, message.class, message.address, at)
  if (event.awaitsCauseUntil === undefined && !message.campaign)
    countMatch(state, message.application, message.class, cause !== undefined)
  state.messages.add(liveMessage(event, when))
}

type Going = Pick<LiveMessage, 'facts' | 'lane'> & {
  source?: string | undefined
  cause?: Hash64 | undefined
  at: number
}

const placeAt = ({ facts, lane, source = '' }: Going): Place => placeOf({ facts, lane, source })

/** It leaves: as a canary if its breaker is half-open, and what is heard of it later finds its stream. */
function goOut(state: State, going: Going): void {
  const { facts, cause, at } = going
  if (facts.via === 'notice' || facts.via === 'probe' || facts.campaign) return
  const place = placeAt(going)
  countCanary(state, place, at)
  learnTemplate(state, facts.class, place.template)
  const asked = cause && causeOf(state.ledger, cause)
  const who = asked && { agent: asked.traits.agent, network: asked.traits.networkClass }
  followUp(state, {
    isRepeated: countLately(state.caps, facts.mailbox, going.lane, at) > 1,
    id: facts.id,
    place,
    at,
    askedAt: asked?.occurredAt ?? at,
    ...who,
  })
}

/** Of the few that a half-open breaker lets through in an interval this was one. */
function countCanary(state: State, place: Place, at: number): void {
  for (const { breaker } of trialsOf(state.stops, place)) {
    if (!breaker) continue
    if (at - breaker.intervalAt >= state.policy.breakers.canaryIntervalMs)
      Object.assign(breaker, { intervalAt: at, canaries: 0 })
    breaker.canaries++
  }
}

function liveMessage(event: Decided, { position, at }: When): LiveMessage {
  const { message, account, lane, priority, reasons, cause, expiresAt, upstream, awaitsCauseUntil, softUntil } = event
  const waitsUntil = awaitsCauseUntil ?? softUntil
  const live: LiveMessage = {
    facts: message,
    account,
    lane,
    priority,
    reasons,
    source: event.source ?? '',
    decidedAt: at,
    readyAt: at,
    expiresAt,
    position,
    upstream,
    attempts: 0,
    turn: 0,
    status:
      event.outcome === 'deliver'
        ? { is: 'ready', at }
        : waitsUntil !== undefined
          ? { is: 'waiting', until: waitsUntil }
          : { is: event.outcome === 'confirm' ? 'confirming' : 'held' },
  }
  if (cause) live.cause = cause
  return live
}

/** The one notice that explains a suppressed message goes to the same person, in the account's own lane. */
function addNotice(state: State, event: Decided, id: MessageId, when: When): void {
  const { message } = event
  markNoticed(state.caps, message.mailbox, when.at)
  state.leases.spend(message.class, 'system', hourOf(when.at))
  const facts = { ...message, id, via: 'notice' as const }
  // It uses no cause, so it has none to give back.
  const { cause: _, ...decided } = event
  state.messages.add(liveMessage({ ...decided, message: facts, lane: 'system', outcome: 'deliver', reasons: [] }, when))
}

function messageHeld(state: State, event: Extract<Event, { type: 'MessageHeld' }>, { at }: When): void {
  const { id, reasons, softUntil } = event
  const { facts, lane, reasons: before } = state.messages.get(id)!
  if (event.seen)
    takeIn(state, { id, place: placeAt({ ...event, facts, lane: event.lane ?? lane, at }), seen: event.seen, at })
  if (event.cause) useCause(state.ledger, event.cause, facts.class, facts.address, at)
  const kept = event.outcome === 'confirm' ? ({ is: 'confirming' } as const) : ({ is: 'held' } as const)
  const patch: Partial<LiveMessage> = {
    status: softUntil === undefined ? kept : { is: 'waiting', until: softUntil },
    reasons,
  }
  if (event.account) patch.account = event.account
  if (event.cause) Object.assign(patch, { cause: event.cause, source: event.source ?? '' })
  if (event.lane && event.lane !== lane) {
    countMessage(state.caps, facts.mailbox, event.lane, at)
    patch.lane = event.lane
  }
  state.messages.change(id, patch)
  if (before.includes('cause.awaited') && !event.cause) broken(state, streakKey(facts.application, facts.class))
}

function messageReleased(state: State, event: Extract<Event, { type: 'MessageReleased' }>, { at }: When): void {
  const message = state.messages.get(event.id)
  assert(message && message.status.is !== 'ready', 'only a message that is kept is released')
  const { facts } = message
  const waited = message.status.is === 'waiting' && message.reasons.includes('cause.awaited')
  const going: Going = { facts, lane: event.lane, source: event.source ?? message.source, at }
  const cause = event.cause ?? message.cause
  if (event.seen) takeIn(state, { id: event.id, place: placeAt(going), seen: event.seen, at })
  if (!event.by) goOut(state, cause ? { ...going, cause } : going)
  spend(state, facts, event.lane, event.reasons, at)
  if (event.lane !== message.lane) countMessage(state.caps, facts.mailbox, event.lane, at)
  if (event.cause) useCause(state.ledger, event.cause, facts.class, facts.address, at)
  if (waited) countMatch(state, facts.application, facts.class, event.cause !== undefined)
  const patch: Partial<LiveMessage> = {
    status: { is: 'ready', at },
    readyAt: at,
    reasons: event.reasons,
    lane: event.lane,
  }
  if (event.cause) patch.cause = event.cause
  if (event.source !== undefined) patch.source = event.source
  if (event.account) patch.account = event.account
  state.messages.change(event.id, patch)
}

/** A campaign's budget is its approved audience, and its ordinals are what is spent of it. */
function spend(state: State, facts: MessageFacts, lane: LiveMessage['lane'], reasons: ReasonCode[], at: number): void {
  if (facts.campaign) return
  const className = facts.class
  const announced = lane === 'campaign' ? announcedOf(state, className, at) : undefined
  if (announced) {
    announced.sent++
    return
  }
  const hour = hourOf(at)
  state.leases.spend(className, lane, hour)
  if (!reasons.includes('cause.source-silent')) return
  const used = state.allowance.get(className)
  state.allowance.set(className, { hour, count: (used?.hour === hour ? used.count : 0) + 1 })
}

/** Matched messages in a row make a requirement of `auto`; once it is one, a miss no longer takes it back. */
function countMatch(state: State, application: string, className: string, matched: boolean): void {
  if (classOf(state.policy, className)?.causes.requirement === 'never') return
  const key = streakKey(application, className)
  if (matched) state.streaks.set(key, (state.streaks.get(key) ?? 0) + 1)
  else broken(state, key)
}

function broken(state: State, key: string): void {
  if ((state.streaks.get(key) ?? 0) < state.policy.matchesUntilRequired) state.streaks.delete(key)
}

/**
 * A message that was kept to its end gives its cause back. One that was ready may have been handed over in the moment before a crash, which
 * nobody could tell: its cause stays used.
 */
function endUnsent(state: State, id: MessageId): void {
  const message = state.messages.remove(id)
  if (message?.cause && message.status.is !== 'ready')
    returnCause(state.ledger, message.cause, message.facts.class, message.facts.address)
}

function tryAgain(state: State, id: MessageId, at: number, upstream: string): void {
  const message = state.messages.get(id)
  assert(message, 'only a live message is tried again')
  state.messages.change(id, { status: { is: 'ready', at }, upstream, attempts: message.attempts + 1 })
}

/** Every so many events one shard of each table is swept: the same on every replay, and never a pause. */
const sweepEvery = 64

function sweep(state: State, at: number): void {
  const turn = state.folded / sweepEvery
  sweepBrake(state.brake, turn, at)
  sweepCaps(state.caps, turn % state.caps.shardCount, at)
  sweepRepeats(state.repeats, turn % state.repeats.shardCount, at, state.policy.repeatWindowMs)
  sweepRecent(state.recent, turn % state.recent.shardCount, at)
  sweepSuppressions(state.suppressions, turn % state.suppressions.shardCount, at)
  sweepNetworks(state.networks, turn % state.networks.shardCount, at)
  const day = Math.floor(at / 1000) - 24 * 3600
  state.signals.sweep(turn % state.signals.shardCount, (words, row) => words[row + 2]! < day)
  sweepLedger(state.ledger, turn % state.ledger.causes.shardCount, at, longestFreshnessMs(state.policy))
}

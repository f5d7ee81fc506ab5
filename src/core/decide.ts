import { unreachable } from '../std/assert.ts'
import { type Hash64, high, isHash64, low } from '../std/hash64.ts'
import {
  type Alarm,
  type AlarmSource,
  alarmMessagesMax,
  changeLengthMax,
  changeValuesMax,
  type RecordChange,
} from './alarms.ts'
import { brakeHolds } from './brake.ts'
import { campaignsDue, decideCampaign, isCampaignCommand } from './campaign-decisions.ts'
import { campaignFault } from './campaigns.ts'
import { causeAheadMsMax, hasCause } from './causes.ts'
import type { Answer, Command, Decision, Handover } from './commands.ts'
import { isVouchedFor } from './effects.ts'
import type { CauseFacts, Event, MessageFacts, MessageId } from './events.ts'
import { expiryOf, judge, type Verdict } from './gate.ts'
import { healthDue, reviewHealth } from './health.ts'
import { type LiveMessage, placeOf } from './messages.ts'
import { networkShare } from './observe.ts'
import { classOf, probeClass } from './policy.ts'
import { decideProposal, isProposalCommand } from './proposal-decisions.ts'
import type { ReasonCode } from './reasons.ts'
import { seal } from './register.ts'
import { earlierAnswer } from './repeats.ts'
import { covers, type Place, type Scope, scopeOf } from './scope.ts'
import type { SignalFacts } from './signals.ts'
import { budgetLeft, fromConfig, type State } from './state.ts'
import { byDetector, canariesLeft, findBreaker, findStop, openMs, type Stop, stopOf, stopsMax } from './stops.ts'
import { isTold, streamFor } from './streams.ts'
import { decideTemplate, isTemplateCommand } from './template-decisions.ts'

/** What happens when somebody wants something now. Pure: looks at the state, changes nothing. */
export function decide(state: State, command: Command, now: number): Decision {
  if (isCampaignCommand(command)) return decideCampaign(state, command, now)
  if (isProposalCommand(command)) return decideProposal(state, command, now)
  if (isTemplateCommand(command)) return decideTemplate(state, command)
  switch (command.type) {
    case 'RequestMessage':
      return requestMessage(state, command.message, now)
    case 'ReportCause':
      return reportCause(state, command.cause, now)
    case 'ReportCoverage': {
      const { source, about, until, complete } = command
      return done({ type: 'CoverageReported', source, ...(about !== undefined && { about }), until, complete })
    }
    case 'RecordHandover':
      return recordHandover(state, command, now)
    case 'ReconsiderMessage':
      return reconsider(state, command.id, now)
    case 'ReleaseMessage':
      return release(state, command.id, command.by, now)
    case 'DiscardMessage': {
      const { id, by, reason } = command
      return isKept(state.messages.get(id))
        ? done({ type: 'MessageDiscarded', id, by, reason })
        : refused('message.not-held')
    }
    case 'ApplyPolicy': {
      // What an operator changed stays until the configuration itself changes.
      const { hash, policy, by } = command
      if (by === fromConfig && hash === state.configHash) return { events: [], answer: { type: 'repeat' } }
      return done({ type: 'PolicyApplied', hash, policy, by })
    }
    case 'PauseClass':
      return pause(state, command)
    case 'ResumeClass':
      return resume(state, scopeOf(command), command.by)
    case 'ReportSignal':
      return reportSignal(state, command.signal, now)
    case 'ConfirmMessage':
      return confirm(state, command.id, command.by, now)
    case 'ReleaseWaiting':
      return releaseWaiting(state, command.id, now)
    case 'RecallMessage':
      return recall(state, command.id)
    case 'ReportRecordChange':
      return done({ type: 'AlarmRaised', alarm: changeAlarm(state, command.change) })
    case 'ReviewHealth':
      return done(...reviewHealth(state, now))
    case 'ClearBrakeFault':
      return state.brake.books.fault ? done({ type: 'BrakeCleared', by: command.by }) : refused('brake.not-faulty')
    case 'SealRegister':
      return done(seal(state.register, command.salt))
    case 'GrantLease':
      return state.leases.isNew(command.lease)
        ? done({ type: 'LeaseGranted', lease: command.lease })
        : refused('lease.stale')
    case 'ReturnLease': {
      const { type: _, ...returned } = command
      return state.leases.mayReturn(returned) ? done({ type: 'LeaseReturned', ...returned }) : refused('lease.stale')
    }
    case 'MarkMessages':
      return mark(command)
    case 'EraseSubject':
      return eraseSubject(state, command.subject, command.by)
    case 'Tick':
      return tick(state, command.inFlight, now)
    default:
      return unreachable(command)
  }
}

const done = (...events: Event[]): Decision => ({ events, answer: { type: 'done' } })
const refused = (code: Extract<Answer, { type: 'refused' }>['code']): Decision => ({
  events: [],
  answer: { type: 'refused', code },
})

const mark = ({ type: _, ...marked }: Extract<Command, { type: 'MarkMessages' }>): Decision =>
  done({ type: 'MessagesMarked', ...marked })

function pause(state: State, { type: _, ...stop }: Extract<Command, { type: 'PauseClass' }>): Decision {
  if (!classOf(state.policy, stop.class)) return refused('class.unknown')
  if (state.stops.length >= stopsMax && !findStop(state.stops, scopeOf(stop))) return refused('stops.too-many')
  return done({ type: 'ClassPaused', ...stop })
}

function resume(state: State, scope: Scope, by: string): Decision {
  if (!classOf(state.policy, scope.class)) return refused('class.unknown')
  const breaker = findBreaker(state.stops, scope)
  const events: Event[] = breaker ? [{ type: 'BreakerClosed', scope, by }] : []
  if (findStop(state.stops, scope)) events.push({ type: 'ClassResumed', ...scope, by })
  // Whoever meant another scope would believe that mail goes again.
  return events.length > 0 ? done(...events) : refused('stop.unknown')
}

const isKept = (message: LiveMessage | undefined): message is LiveMessage =>
  message !== undefined && message.status.is !== 'ready'

function requestMessage(state: State, facts: MessageFacts, now: number): Decision {
  const earlier =
    facts.repeat && earlierAnswer(state.repeats, facts.repeat, { now, windowMs: state.policy.repeatWindowMs })
  if (earlier?.type === 'conflict') {
    const conflicted: Event = { type: 'MessageConflicted', application: facts.application, key: facts.repeat!.key }
    return { events: [conflicted], answer: earlier }
  }
  if (earlier) return { events: [], answer: earlier }
  const policy = classOf(state.policy, facts.class)
  if (!policy || (facts.class === probeClass) !== (facts.via === 'probe')) return refused('class.unknown')
  const fault = campaignFault(state.campaigns, facts)
  if (fault) return refused(fault)
  const { noticeDue, onAllowance, alarms, opens, ...verdict } = judge(state, facts, policy, { now })
  const event: Event = {
    type: 'MessageDecided',
    message: facts,
    ...verdict,
    priority: facts.campaign ? 2 : policy.priority,
    expiresAt: expiryOf(facts, policy, now),
    upstream: state.policy.upstreams[0]!,
  }
  if (noticeDue && budgetLeft(state, facts.class, 'system', now) > 0) event.notice = noticeId(facts.id)
  const { outcome, reasons, lane } = verdict
  if (noticeDue) alarms.push(...recipientAlarm(state, facts, verdict, now))
  const changed = lookAlarms(state, facts, verdict, { id: state.alarms + alarms.length + 1, now })
  const told = alarmed(state, { alarms, ...(opens && { opens }) }, now)
  return {
    ...told,
    events: [...told.events, ...changed, event],
    answer: { type: 'decided', id: facts.id, outcome, reasons, lane, repeat: false },
  }
}

/** What people are told, and the breaker that opens; messages of its place that wait on soft evidence are then looked at again. */
function alarmed(
  state: State,
  { alarms, opens }: Pick<Verdict, 'alarms' | 'opens'>,
  now: number,
): Pick<Decision, 'events' | 'next'> {
  const events: Event[] = alarms.map(alarm => ({ type: 'AlarmRaised', alarm }))
  const alarm = alarms.at(-1)
  if (!opens || !alarm) return { events }
  const trips = (findBreaker(state.stops, opens)?.breaker.trips ?? 0) + 1
  const endsAt = now + openMs(state.policy, trips)
  events.push({ type: 'BreakerOpened', scope: opens, alarm: alarm.id, reason: alarm.detector, trips, endsAt })
  const next = state.messages.waitingAt(opens).map((id): Command => ({ type: 'ReconsiderMessage', id }))
  return { events, next }
}

/** The id of a notice is that of the message it is about with version 8 in place of 7 (RFC 9562 §5.8): unique, and the same on every replay. */
const noticeId = (id: MessageId): MessageId => `${id.slice(0, 14)}8${id.slice(15)}` as MessageId

/** An event that was reported before is a repeat; messages that waited for it are looked at again. */
function reportCause(state: State, cause: CauseFacts, now: number): Decision {
  if (hasCause(state.ledger, cause.key)) return { events: [], answer: { type: 'repeat' } }
  if (cause.occurredAt - now > causeAheadMsMax) return refused('cause.from-the-future')
  const told = concentrationAlarm(state, cause, now)
  const waiting = new Set<MessageId>()
  for (const key of [cause.key, cause.account, ...cause.recipients])
    for (const id of state.messages.waitingFor(key)) waiting.add(id)
  const next = [...waiting].map((id): Command => ({ type: 'ReconsiderMessage', id }))
  return { events: [...told, { type: 'CauseReported', cause }], answer: { type: 'done' }, next }
}

/** The frame of a notice, unless people were told of the same in this stream within the hour: one attack has thousands of occasions. */
function notice(state: State, place: Omit<Place, 'template'>, detector: AlarmSource, now: number) {
  const stream = state.streams.list[streamFor(state.streams, place)]
  if (stream && isTold(stream, 'notice', detector, now)) return undefined
  return { ...place, template: '', id: state.alarms + 1, level: 'notice', detector } as const
}

/** People are told when a mailbox is asked for more than it is sent. */
function recipientAlarm(
  state: State,
  { id, class: className }: MessageFacts,
  { lane, source = '' }: Pick<Verdict, 'lane' | 'source'>,
  now: number,
): Alarm[] {
  const told = notice(state, { class: className, lane, source }, 'recipient-concentrated', now)
  const { perHour: perHourMax, perDay: perDayMax } = state.policy.caps[lane]
  return told ? [{ ...told, numbers: { perHourMax, perDayMax }, messages: [id] }] : []
}

/** People are told of what messages show that should not, and of looks that have changed. */
function lookAlarms(
  state: State,
  facts: MessageFacts,
  verdict: Pick<Verdict, 'reasons' | 'lane' | 'source'>,
  { id, now }: { id: number; now: number },
): Event[] {
  const alarms: Alarm[] = []
  const { lane, source = '' } = verdict
  const told = facts.findings && notice(state, { class: facts.class, lane, source }, 'content-found', now)
  if (told) {
    const template = facts.template?.name ?? ''
    alarms.push({ ...told, id, template, numbers: { findings: facts.findings!.length }, messages: [facts.id] })
  }
  alarms.push(...changedAlarm(state, facts, verdict, { id: id + alarms.length, now }))
  return alarms.map(alarm => ({ type: 'AlarmRaised', alarm }))
}

/** People are told of each look that is not approved where others are, with what has shown it so far. */
function changedAlarm(
  { templates }: State,
  facts: MessageFacts,
  { reasons, lane, source = '' }: Pick<Verdict, 'reasons' | 'lane' | 'source'>,
  { id, now }: { id: number; now: number },
): Alarm[] {
  if (!reasons.includes('template.changed') || templates.isToldOf(facts, now)) return []
  const { application, class: className, template } = facts
  const { messages: messagesAsApproved, looks: approvedLooks } = templates.approvedLooks(application, className)
  const { name = '', version = '' } = template ?? {}
  const { messages = 0, examples = [] } = templates.version({ template: name, version }) ?? {}
  const alarm: Alarm = {
    ...{ class: className, lane, source, template: name },
    id,
    level: 'notice',
    detector: 'template-changed',
    numbers: { messages: messages + 1, approvedLooks, messagesAsApproved },
    messages: [...examples.slice(1 - alarmMessagesMax), facts.id],
  }
  return [alarm]
}

/** No class is concerned, since all that the domain sends is. */
function changeAlarm({ alarms }: State, change: RecordChange): Alarm {
  const cut = (values: string[]) => values.slice(0, changeValuesMax).map(value => value.slice(0, changeLengthMax))
  const { before, after } = change
  return {
    ...{ class: '', lane: 'system', source: '', template: '' },
    ...{ id: alarms + 1, level: 'notice', detector: 'domain-changed' },
    numbers: { before: before.length, after: after.length },
    messages: [],
    change: { ...change, before: cut(before), after: cut(after) },
  }
}

/** People are told when a network goes over its share. */
function concentrationAlarm(state: State, cause: CauseFacts, now: number): Event[] {
  const share = networkShare(state, cause, now)
  if (!share || share.requests !== share.perHourMax) return []
  const { requests, perHourMax, usual, className } = share
  const place = { class: className, lane: 'open', source: cause.source } as const
  const told = notice(state, place, 'requester-concentrated', now)
  if (!told) return []
  const numbers = { requests: requests + 1, perHourMax, usual }
  return [{ type: 'AlarmRaised', alarm: { ...told, numbers, messages: [] } }]
}

/** A signal that was reported before is a repeat. */
function reportSignal(state: State, signal: SignalFacts, now: number): Decision {
  if (state.signals.find(high(signal.key), low(signal.key)) >= 0) return { events: [], answer: { type: 'repeat' } }
  if (signal.occurredAt - now > causeAheadMsMax) return refused('signal.from-the-future')
  if ('class' in signal && !classOf(state.policy, signal.class)) return refused('class.unknown')
  return done({ type: 'SignalReported', signal })
}

/** A message whose cause came, or whose wait or life has ended. */
function reconsider(state: State, id: MessageId, now: number): Decision {
  const message = state.messages.get(id)
  if (!message) return refused('message.not-live')
  if (now >= message.expiresAt) {
    const code = message.status.is === 'ready' ? 'delivery.gave-up' : 'secret.expired'
    return done({ type: 'MessageExpired', id, reasons: [...new Set([...message.reasons, code] as const)] })
  }
  if (message.status.is !== 'waiting') return done()
  const policy = classOf(state.policy, message.facts.class)
  if (!policy) return done({ type: 'MessageHeld', id, reasons: message.reasons })
  if (message.reasons.includes('evidence.soft')) return goOn(state, message, message.status.until, now)
  const { until } = message.status
  const again = { decidedAt: message.decidedAt, until, lane: message.lane }
  const verdict = judge(state, message.facts, policy, { now, again })
  if (verdict.awaitsCauseUntil !== undefined) return done()
  const told = alarmed(state, verdict, now)
  return { ...told, events: [...told.events, settled(id, verdict)], answer: { type: 'done' } }
}

/**
 * It waits on soft evidence, with its cause already charged. It goes on when its seconds are over, if nothing has confirmed the evidence, and is
 * held as soon as a breaker opens; a cause that comes meanwhile, whoever reports it, cuts nothing short.
 */
function goOn(state: State, message: LiveMessage, until: number, now: number): Decision {
  const { facts, lane, reasons, source, cause } = message
  const { id } = facts
  const held = (code: ReasonCode) => done({ type: 'MessageHeld', id, reasons: [...new Set([...reasons, code])] })
  if (stopOf(state, placeOf(message), now)) return held('breaker.open')
  if (now < until) return done()
  if (!facts.campaign && budgetLeft(state, facts.class, lane, now) <= 0) return held('budget.exhausted')
  // Last, as in the gate: what the budget holds already is no fault of the limits.
  if (brakeHolds(state, { facts, lane, source, cause: undefined }, now)) return held('brake.faulty')
  return done({ type: 'MessageReleased', id, reasons, lane, ...(cause && { source }) })
}

/** What becomes of a message that has waited. */
function settled(id: MessageId, verdict: Verdict): Event {
  const { outcome, reasons, lane, cause, source = '', account, seen, softUntil } = verdict
  const shown = seen && { seen }
  switch (outcome) {
    case 'deliver':
      return { type: 'MessageReleased', id, reasons, lane, account, ...(cause && { cause, source }), ...shown }
    case 'reject':
      return { type: 'MessageRejected', id, reasons }
    case 'expire':
      return { type: 'MessageExpired', id, reasons }
    default: {
      const caused = cause && { cause, source, lane, account }
      const held: Event = { type: 'MessageHeld', id, reasons, ...caused, ...shown }
      if (softUntil !== undefined) held.softUntil = softUntil
      if (outcome === 'confirm') held.outcome = outcome
      return held
    }
  }
}

/** A person's word lifts every hold but the budget and the end of the message's life. */
function release(state: State, id: MessageId, by: string, now: number): Decision {
  const message = state.messages.get(id)
  if (!isKept(message)) return refused('message.not-held')
  if (now >= message.expiresAt) {
    const expired: Event = {
      type: 'MessageExpired',
      id,
      reasons: [...new Set([...message.reasons, 'secret.expired'] as const)],
    }
    return { events: [expired], answer: { type: 'refused', code: 'message.not-live' } }
  }
  if (!message.facts.campaign && budgetLeft(state, message.facts.class, message.lane, now) <= 0)
    return refused('budget.exhausted')
  return done({ type: 'MessageReleased', id, reasons: ['hold.released'], lane: message.lane, by })
}

/** The holder's word makes a request from an unknown place as good as one from a known device. */
function confirm(state: State, id: MessageId, by: string, now: number): Decision {
  const message = state.messages.get(id)
  if (message?.status.is !== 'confirming') return refused('message.not-to-confirm')
  if (now >= message.expiresAt) return refused('message.not-live')
  if (budgetLeft(state, message.facts.class, 'reserved', now) <= 0) return refused('budget.exhausted')
  return done({ type: 'MessageReleased', id, reasons: ['hold.confirmed'], lane: 'reserved', by })
}

/** What a breaker has caught on its way waits for a person. */
function recall(state: State, id: MessageId): Decision {
  const message = state.messages.get(id)
  if (message?.status.is !== 'ready') return refused('message.not-live')
  return done({ type: 'MessageHeld', id, reasons: [...new Set([...message.reasons, 'breaker.open'] as const)] })
}

type Recorded = { id: MessageId; handover: Handover; upstream: string; reply: string }

function recordHandover(state: State, { id, handover, upstream, reply }: Recorded, now: number): Decision {
  const message = state.messages.get(id)
  if (message?.status.is !== 'ready') return refused('message.not-live')
  const attempt = message.attempts + 1
  const common = { id, upstream, attempt, reply }
  switch (handover) {
    case 'accepted':
      return done({ type: 'MessageDelivered', ...common })
    case 'rejected':
      return done({ type: 'MessageUndeliverable', ...common, reasons: ['delivery.rejected'] })
    case 'unreadable':
      return done({ type: 'MessageUndeliverable', ...common, reasons: ['subject.erased'] })
    case 'unknown':
      return done({ type: 'HandoverUnknown', ...common, nextAt: now + backOff(state, id, attempt) })
    case 'deferred':
      return done({ type: 'HandoverDeferred', ...common, ...nextTry(state, id, { upstream, attempt, now }) })
    default:
      return unreachable(handover)
  }
}

/**
 * After a refusal for now the next upstream is tried at once; when all have been tried, the first again after a pause. After an unknown
 * outcome the upstream stays: it may have the message, and would recognize its Message-ID. If that second try is refused for now the message
 * moves on all the same: a person who may get the same Message-ID twice is better off than one who gets it when an upstream is mended.
 */
function nextTry(
  state: State,
  id: MessageId,
  { upstream, attempt, now }: { upstream: string; attempt: number; now: number },
): { nextAt: number; nextUpstream: string } {
  const { upstreams } = state.policy
  const at = upstreams.indexOf(upstream)
  const nextUpstream = upstreams[(at + 1) % upstreams.length]!
  const roundIsOver = attempt % upstreams.length === 0
  return { nextUpstream, nextAt: roundIsOver ? now + backOff(state, id, attempt / upstreams.length) : now }
}

/** Exponential, between half and three halves of the plan; the jitter comes from the random digits of the id, so that a replay agrees. */
function backOff(state: State, id: MessageId, attempt: number): number {
  const { firstMs, factor, maxMs } = state.policy.retry
  let delay = firstMs
  for (let i = 1; i < attempt && delay < maxMs; i++) delay *= factor
  const jitter = Number.parseInt(id.slice(-6, -2), 16) / 0x10000
  return Math.round(Math.min(delay, maxMs) * (0.5 + jitter))
}

/** Live messages of the person end; keys and views are the shell's to erase. */
function eraseSubject(state: State, subject: Hash64, by: string): Decision {
  if (!isHash64(subject)) return refused('message.unknown')
  const messages: MessageId[] = []
  for (const { account, facts } of state.messages.all())
    if (account === subject || facts.address === subject) messages.push(facts.id)
  return done({ type: 'SubjectErased', subject, by, messages })
}

/** What time alone brings about: stops that change, messages that a breaker has caught on their way, waits and lives that have ended. */
function tick(state: State, inFlight: ReadonlySet<MessageId>, now: number): Decision {
  const caught = state.stops.some(stop => isSweptNow(stop, now)) ? recalls(state, inFlight) : []
  // While some are left to be caught its phase does not change: they would pass as canaries.
  const isAll = caught.length < caughtAtOnceMax
  const slow = slowLane(state, now)
  const events = [...state.stops.flatMap(stop => stopDue(state, stop, isAll, now)), ...slow.events]
  return { events, answer: { type: 'done' }, next: [...caught, ...slow.next, ...dueNow(state, inFlight, now)] }
}

/** When it opens, and once more before its trial: what was with the world then has come back. */
const isSweptNow = ({ breaker, isSwept }: Stop, now: number): boolean =>
  breaker?.phase === 'open' && (!isSwept || now >= breaker.endsAt)

function stopDue(state: State, stop: Stop, isAll: boolean, now: number): Event[] {
  const { scope, until, by, breaker } = stop
  if (!breaker) return until !== undefined && now >= until ? [{ type: 'ClassResumed', ...scope, by }] : []
  if (breaker.phase === 'half-open')
    return now < breaker.endsAt ? [] : [{ type: 'BreakerClosed', scope, by: byDetector }]
  if (!isAll || !isSweptNow(stop, now)) return []
  const events: Event[] = stop.isSwept ? [] : [{ type: 'BreakerSwept', scope }]
  if (now >= breaker.endsAt)
    events.push({ type: 'BreakerHalfOpened', scope, endsAt: now + state.policy.breakers.trialMs })
  return events
}

/** The canaries of a trial are taken first from those who have waited for their word the longest. */
function slowLane(state: State, now: number): { events: Event[]; next: Command[] } {
  const events: Event[] = []
  const next: Command[] = []
  for (const { scope, breaker } of state.stops) {
    if (breaker?.slowAt === undefined || now < breaker.slowAt || now >= breaker.endsAt) continue
    let left = canariesLeft(breaker, state.policy, now)
    for (const message of state.messages.confirming(scope)) {
      if (left === 0) break
      const { facts, reasons, expiresAt } = message
      if (expiresAt <= now || stopOf(state, placeOf(message), now)) continue
      if (reasons.includes('requester.concentrated') || reasons.includes('evidence.hard')) continue
      next.push({ type: 'ReleaseWaiting', id: facts.id })
      left--
    }
    events.push({ type: 'SlowLaneServed', scope, nextAt: now + state.policy.breakers.canaryIntervalMs })
  }
  return { events, next }
}

function releaseWaiting(state: State, id: MessageId, now: number): Decision {
  const message = state.messages.get(id)
  if (message?.status.is !== 'confirming') return refused('message.not-to-confirm')
  const { facts, lane, reasons, source, cause } = message
  if (stopOf(state, placeOf(message), now)) return refused('message.not-to-confirm')
  if (budgetLeft(state, facts.class, lane, now) <= 0) return refused('budget.exhausted')
  if (brakeHolds(state, { facts, lane, source, cause: undefined }, now)) return refused('message.not-held')
  const told = [...new Set([...reasons, 'hold.slow-lane'] as const)]
  return done({ type: 'MessageReleased', id, reasons: told, lane, ...(cause && { source }) })
}

/**
 * What was decided before a breaker opened and is not with the world: it waits for a person. Canaries of a trial were decided with it in view,
 * and stay. In the order of their turns, which is the same after a recovery.
 */
function recalls(state: State, inFlight: ReadonlySet<MessageId>): Command[] {
  const open = state.stops.filter(({ breaker }) => breaker?.phase === 'open')
  const caught: LiveMessage[] = []
  for (const message of state.messages.all()) {
    if (message.status.is !== 'ready' || inFlight.has(message.facts.id) || isVouchedFor(message)) continue
    if (open.some(({ scope }) => covers(scope, placeOf(message)))) caught.push(message)
  }
  caught.sort((a, b) => a.turn - b.turn)
  return caught.slice(0, caughtAtOnceMax).map(({ facts }): Command => ({ type: 'RecallMessage', id: facts.id }))
}

/** Messages whose wait or life has ended. */
function dueNow(state: State, inFlight: ReadonlySet<MessageId>, now: number): Command[] {
  const ended = state.messages
    .takeEnded(now, endedAtOnceMax)
    .filter(message => !inFlight.has(message.facts.id))
    .map((message): Command => ({ type: 'ReconsiderMessage', id: message.facts.id }))
  return [...ended, ...campaignsDue(state, inFlight, now), ...healthDue(state, now)]
}

/** They bound the work of one tick; the next one follows at once. */
const endedAtOnceMax = 2000
const caughtAtOnceMax = 2000

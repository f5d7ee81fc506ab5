import { type Hash64, high, low } from '../std/hash64.ts'
import { Table } from '../std/table.ts'
import { type Alarm, alarmMessagesMax } from './alarms.ts'
import {
  type BrakeMemory,
  count,
  countMax,
  countOf,
  forgetMailboxes,
  newBrakeMemory,
  sweepBrakeMemory,
  unuse,
  use,
  usedUntil,
} from './brake-memory.ts'
import type { Event, MessageFacts, MessageId } from './events.ts'
import { classOf, type Lane, lanes, probeClass } from './policy.ts'
import { type Place, templateIn } from './scope.ts'
import type { State } from './state.ts'

/**
 * The brake, watched by a second one: what must hold whatever the limiters do, computed anew from the events by code that shares nothing with
 * caps, ledger, repeats and leases. A limiter at fault is worse than none, since everybody relies on it (Buttondown, incident 0021).
 *
 * Of one message: it is handed over once, after it was decided; one cause, one idempotency key and one place in a campaign let one message go;
 * a mailbox gets at most twice the cap of its lane in a clock hour, for an hour of the clock touches two hours of the cap. Of a class and
 * lane: no more is let go in an hour than was granted for it, and no more handed over than was let go.
 *
 * What would break one of these is held, and from then on only the reserved lane is served, until a person has looked. A person's own word
 * on a message is counted and not judged.
 */
export type Brake = { tables: BrakeTables; books: Books }

/** `brakeOpen` has a row for each message that was let go and has not ended: its key 2, when (s) 1. */
type BrakeTables = BrakeMemory & { brakeOpen: Table }

type Books = {
  accounts: Account[]
  /** The last grant that was counted. */
  epoch: number
  grant: number
  fault?: BrakeFault
}

/** Messages of a class and lane. `hours`: of this hour and of those that leases were granted ahead for. */
type Account = { class: string; lane: Lane; letGo: number; handedOver: number; hours: Hour[] }
type Hour = { hour: number; granted: number; letGo: number }

export type BrakeFault = Pick<Alarm, 'class' | 'lane' | 'source' | 'template' | 'numbers' | 'messages'> & {
  since: number
  /** Whether the alarm has been raised. */
  isTold: boolean
}

export const newBrake = (): Brake => ({
  tables: { brakeOpen: new Table('brakeOpen', { rowWords: 3, shardBits: 8 }), ...newBrakeMemory() },
  books: { accounts: [], epoch: 0, grant: 0 },
})

const usedMsMax = 3_600_000
/** A mailbox gets no more than so many times its cap in a clock hour. */
const timesCap = 2

/** One message about to be let go. */
export type Charge = { facts: MessageFacts; lane: Lane; source: string; cause: Hash64 | undefined }

type Numbers = Record<string, number>

const broken = {
  letGo: { letGo: 2, letGoMax: 1 },
  ofOneCause: { ofOneCause: 2, ofOneCauseMax: 1 },
  ofOneKey: { ofOneKey: 2, ofOneKeyMax: 1 },
  ofOneOrdinal: { ofOneOrdinal: 2, ofOneOrdinalMax: 1 },
} satisfies Record<string, Numbers>

function overCap({ policy }: State, lane: Lane, toMailboxInHour: number): Numbers | undefined {
  const toMailboxInHourMax = timesCap * policy.caps[lane].perHour
  // Counts end at `countMax`, and say nothing there.
  return toMailboxInHour > toMailboxInHourMax && toMailboxInHour < countMax
    ? { toMailboxInHour, toMailboxInHourMax }
    : undefined
}

const overLease = (letGoInHour: number, grantedForHour: number): Numbers | undefined =>
  letGoInHour > grantedForHour ? { letGoInHour, grantedForHour } : undefined

/** What letting the message go would break, in numbers, or `undefined`. Changes nothing. */
export function violationOf(state: State, charge: Charge, now: number): Numbers | undefined {
  const { tables, books } = state.brake
  const { facts, lane, cause } = charge
  idKey(facts.id)
  if (tables.brakeOpen.find(key.hi, key.lo) >= 0) return broken.letGo
  if (cause && isUsed(tables, causeKey(cause, facts), now)) return broken.ofOneCause
  if (facts.repeat && isUsed(tables, repeatKey(facts.repeat.key), now)) return broken.ofOneKey
  if (facts.campaign) return isUsed(tables, campaignKey(facts.campaign), now) ? broken.ofOneOrdinal : undefined
  if (!isLimited(state, facts)) return undefined
  const hour = Math.floor(now / hourMs)
  mailboxKey(facts.mailbox, lane)
  const numbers = overCap(state, lane, countOf(tables, key.hi, key.lo, hour) + 1)
  if (numbers) return numbers
  const { letGo, granted } = lookUpHour(books, facts.class, lane, hour)
  return overLease(letGo + 1, granted + announcedAudience(state, facts.class, lane, now))
}

/** What operators announced for this instant: no lease is granted for it. */
function announcedAudience({ announced }: State, className: string, lane: Lane, now: number): number {
  if (lane !== 'campaign') return 0
  let sum = 0
  for (const { class: name, from, until, audience } of announced)
    if (name === className && from <= now && now < until) sum += audience
  return sum
}

/** Whether the message must be held: it would break what always holds, or something else has. */
export const brakeHolds = (state: State, charge: Charge, now: number): boolean =>
  isOnlyReserved(state, charge.lane) || violationOf(state, charge, now) !== undefined

/** After a fault only the reserved lane is served. */
export const isOnlyReserved = ({ brake }: Pick<State, 'brake'>, lane: Lane): boolean =>
  brake.books.fault !== undefined && lane !== 'reserved'

/** Caps and budgets bind in classes that enforce. */
const isLimited = ({ policy }: State, { class: className }: MessageFacts): boolean =>
  className !== probeClass && classOf(policy, className)?.mode === 'enforce'

/** What was let go in its hour and is kept after all: released later it counts again. */
function takeBack(account: Account, decidedAt: number): void {
  const hour = account.hours.find(one => one.hour === Math.floor(decidedAt / hourMs))
  if (hour && hour.letGo > 0) hour.letGo--
}

/** Takes one event into the books, before the rest of the state takes it in. */
export function watchBrake(state: State, event: Event, at: number): void {
  const { brake } = state
  switch (event.type) {
    case 'MessageDecided':
      return decided(state, event, at)
    case 'MessageReleased': {
      const live = state.messages.get(event.id)
      if (!live) return
      const cause = event.cause ?? live.cause
      const charge: Charge = { facts: live.facts, lane: event.lane, source: event.source ?? live.source, cause }
      return letGo(state, charge, { at, isJudged: event.by === undefined })
    }
    case 'MessageHeld':
      return held(state, event, at)
    case 'MessageDelivered':
      return handedOver(state, event.id, at)
    case 'MessageUndeliverable':
    case 'MessageExpired':
    case 'MessageDiscarded':
    case 'MessageRejected':
      close(brake.tables, event.id)
      return
    case 'SubjectErased':
      for (const id of event.messages) close(brake.tables, id)
      return
    case 'LeaseGranted':
      return granted(brake, event.lease)
    case 'LeaseReturned':
      hourOf(accountOf(brake, event.class, event.lane), event.hour * hourMs).granted -= event.messages
      return
    case 'PolicyApplied':
      return beginAnew(brake)
    case 'AlarmRaised':
      if (event.alarm.detector === 'own-brake' && brake.books.fault) brake.books.fault.isTold = true
      return
    case 'BrakeCleared':
      delete brake.books.fault
      return beginAnew(brake)
    default:
      return
  }
}

function decided(state: State, event: Extract<Event, { type: 'MessageDecided' }>, at: number): void {
  const { message: facts, lane, source = '', cause, outcome, reasons, notice } = event
  const charge: Charge = { facts, lane, source, cause }
  if (outcome === 'deliver') letGo(state, charge, { at, isJudged: true })
  else if (outcome === 'hold' && reasons.includes('brake.faulty')) judge(state, charge, at)
  if (!notice) return
  open(state.brake, notice, at)
  const account = accountOf(state.brake, facts.class, 'system')
  account.letGo++
  if (isLimited(state, facts)) hourOf(account, at).letGo++
}

/** What the gate should have held, but has let pass, is a fault as well; the same rows are looked up and written at once. */
function letGo(state: State, charge: Charge, { at, isJudged }: { at: number; isJudged: boolean }): void {
  const { brake } = state
  const { facts, lane, cause } = charge
  const { tables } = brake
  const until = at + Math.min(usedMsMax, state.policy.repeatWindowMs)
  let numbers: Numbers | undefined
  if (open(brake, facts.id, at)) numbers = broken.letGo
  if (cause && wasUsed(tables, causeKey(cause, facts), { at, until })) numbers ??= broken.ofOneCause
  if (facts.repeat && wasUsed(tables, repeatKey(facts.repeat.key), { at, until })) numbers ??= broken.ofOneKey
  if (facts.campaign && wasUsed(tables, campaignKey(facts.campaign), { at, until })) numbers ??= broken.ofOneOrdinal
  const account = accountOf(brake, facts.class, lane)
  account.letGo++
  if (!facts.campaign && isLimited(state, facts)) {
    mailboxKey(facts.mailbox, lane)
    numbers ??= overCap(state, lane, count(tables, key.hi, key.lo, Math.floor(at / hourMs)))
    const hour = hourOf(account, at)
    numbers ??= overLease(++hour.letGo, hour.granted + announcedAudience(state, facts.class, lane, at))
  }
  if (numbers && isJudged) fail(brake, { ...placeOf(charge), numbers, messages: [facts.id] }, at)
}

/** What was let go and is held again may be let go anew, and its cause may be given back. */
function held(state: State, event: Extract<Event, { type: 'MessageHeld' }>, at: number): void {
  const live = state.messages.get(event.id)
  if (!live) return
  const { facts, lane, source, cause } = live
  const { tables } = state.brake
  if (close(tables, event.id)) {
    if (cause) giveBack(tables, causeKey(cause, facts))
    if (facts.repeat) giveBack(tables, repeatKey(facts.repeat.key))
    if (facts.campaign) giveBack(tables, campaignKey(facts.campaign))
    const account = accountOf(state.brake, facts.class, lane)
    account.letGo--
    if (!facts.campaign && isLimited(state, facts)) takeBack(account, live.decidedAt)
  } else if (event.reasons.includes('brake.faulty'))
    judge(state, { facts, lane: event.lane ?? lane, source: event.source ?? source, cause: event.cause ?? cause }, at)
}

function handedOver(state: State, id: MessageId, at: number): void {
  const { brake, messages } = state
  const live = messages.get(id)
  const wasOpen = close(brake.tables, id)
  const place = live ? placeOf({ ...live, cause: live.cause }) : nowhere
  const account = accountOf(brake, place.class, place.lane)
  account.handedOver++
  const { handedOver, letGo } = account
  if (!wasOpen || handedOver > letGo) fail(brake, { ...place, numbers: { handedOver, letGo }, messages: [id] }, at)
}

const placeOf = ({ facts, lane, source }: Charge): Place => ({
  class: facts.class,
  lane,
  source,
  template: templateIn(facts),
})

/** Of a message that nobody knows. */
const nowhere: Place = { class: '', lane: 'open', source: '', template: '' }

/** A message that is held because the brake was at fault already breaks nothing itself. */
function judge(state: State, charge: Charge, at: number): void {
  const numbers = violationOf(state, charge, at)
  if (numbers) fail(state.brake, { ...placeOf(charge), numbers, messages: [charge.facts.id] }, at)
}

/** One fault is one alarm; what follows until a person clears it only adds messages to it. */
function fail({ books }: Brake, found: Omit<BrakeFault, 'since' | 'isTold'>, at: number): void {
  if (!books.fault) books.fault = { ...found, since: at, isTold: false }
  else if (!books.fault.isTold && books.fault.messages.length < alarmMessagesMax)
    books.fault.messages.push(...found.messages)
}

/** The alarm that is to be raised, if one is. */
export function brakeAlarm({ brake, alarms }: State): Alarm | undefined {
  const { fault } = brake.books
  if (!fault || fault.isTold) return undefined
  const { since: _, isTold: __, ...found } = fault
  return { ...found, id: alarms + 1, level: 'hard', detector: 'own-brake' }
}

/** When the alarm is to be raised: at once. */
export const brakeDue = ({ brake: { books } }: State): number | undefined =>
  books.fault && !books.fault.isTold ? books.fault.since : undefined

/** After another policy, or after a person has looked, what was counted before is not held against what comes. */
function beginAnew({ tables, books }: Brake): void {
  forgetMailboxes(tables)
  for (const account of books.accounts) for (const hour of account.hours) hour.letGo = 0
}

function granted({ books }: Brake, lease: Extract<Event, { type: 'LeaseGranted' }>['lease']): void {
  const isNew = lease.epoch > books.epoch || (lease.epoch === books.epoch && lease.grant > books.grant)
  if (!isNew) return
  books.epoch = lease.epoch
  books.grant = lease.grant
  hourOf(accountIn(books, lease.class, lease.lane), lease.hour * hourMs).granted += lease.messages
}

const accountOf = ({ books }: Brake, className: string, lane: Lane): Account => accountIn(books, className, lane)

/** Some dozens: found within a few steps, without a name made of two. */
function findAccount({ accounts }: Books, className: string, lane: Lane): Account | undefined {
  for (let i = 0; i < accounts.length; i++) {
    const one = accounts[i]!
    if (one.lane === lane && one.class === className) return one
  }
  return undefined
}

function accountIn(books: Books, className: string, lane: Lane): Account {
  const known = findAccount(books, className, lane)
  if (known) return known
  const made: Account = { class: className, lane, letGo: 0, handedOver: 0, hours: [] }
  books.accounts.push(made)
  return made
}

const emptyHour = { granted: 0, letGo: 0 }

/** Changes nothing. */
function lookUpHour(books: Books, className: string, lane: Lane, hour: number): Pick<Hour, 'granted' | 'letGo'> {
  for (const one of findAccount(books, className, lane)?.hours ?? []) if (one.hour === hour) return one
  return emptyHour
}

const hourMs = 3_600_000
const hoursKept = 3

function hourOf({ hours }: Account, at: number): Hour {
  const hour = Math.floor(at / hourMs)
  for (const one of hours) if (one.hour === hour) return one
  const made = { hour, granted: 0, letGo: 0 }
  hours.push(made)
  if (hours.length > hoursKept) hours.shift()
  return made
}

/** Answers whether it was open already. */
function open({ tables: { brakeOpen } }: Brake, id: MessageId, at: number): boolean {
  idKey(id)
  const row = brakeOpen.insert(key.hi, key.lo)
  const was = brakeOpen.words[row + 2]! > 0
  brakeOpen.words[row + 2] = seconds(at)
  return was
}

function close({ brakeOpen }: BrakeTables, id: MessageId): boolean {
  idKey(id)
  return brakeOpen.remove(key.hi, key.lo)
}

const isUsed = (tables: BrakeTables, { hi, lo }: Key, now: number): boolean => usedUntil(tables, hi, lo) > seconds(now)

/** Uses it, and answers whether it was used already. */
const wasUsed = (tables: BrakeTables, { hi, lo }: Key, { at, until }: { at: number; until: number }): boolean =>
  use(tables, hi, lo, seconds(until)) > seconds(at)

const giveBack = (tables: BrakeTables, { hi, lo }: Key): void => unuse(tables, hi, lo)

/** One shard of each table at a time. */
export const sweepBrake = ({ tables }: Brake, turn: number, now: number): void =>
  sweepBrakeMemory(tables, turn, seconds(now), Math.floor(now / hourMs))

const seconds = (at: number): number => Math.floor(at / 1000)

type Key = { hi: number; lo: number }
/** The key that was made last: filled and read at once. A pair made for each was a third of what the books cost. */
const key: Key = { hi: 0, lo: 0 }

function keyOf(hi: number, lo: number): Key {
  key.hi = spread(hi)
  key.lo = spread(lo)
  return key
}

/** Of an id the last 16 digits: 62 of their bits are random, and spread over the word, for the first two never change. A notice has those of the message it is about, and another version. */
const idKey = (id: MessageId): Key => keyOf(hexWord(id, 28) ^ id.charCodeAt(14), hexWord(id, 19))

/** Eight hexadecimal digits from there on; hyphens are passed over. */
function hexWord(text: string, from: number): number {
  let value = 0
  for (let at = from, digits = 0; digits < 8; at++) {
    const code = text.charCodeAt(at)
    if (code === 45) continue
    value = (value << 4) | (code < 58 ? code - 48 : code - 87)
    digits++
  }
  return value >>> 0
}

function causeKey(cause: Hash64, { class: className, address }: MessageFacts): Key {
  const named = nameWord(className, 1)
  return keyOf(high(cause) ^ spread(high(address) ^ named), low(cause) ^ spread(low(address) + named))
}

const repeatKey = (repeat: Hash64): Key => keyOf(high(repeat) ^ 2, low(repeat) + 2)

const campaignKey = ({ id, ordinal }: NonNullable<MessageFacts['campaign']>): Key =>
  keyOf(nameWord(id, 3) ^ ordinal, nameWord(id, 4) + ordinal)

const mailboxKey = (mailbox: Hash64, lane: Lane): Key =>
  keyOf(high(mailbox) ^ (5 + lanes.indexOf(lane)), low(mailbox) + lanes.indexOf(lane))

function nameWord(name: string, seed: number): number {
  let word = seed
  for (let i = 0; i < name.length; i++) word = Math.imul(word ^ name.charCodeAt(i), 0x9e3779b1)
  return word
}

/** Every bit changes about half of the others (a xorshift-multiply step, as in SplitMix). */
function spread(word: number): number {
  word = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d)
  word = Math.imul(word ^ (word >>> 12), 0x297a2d39)
  return (word ^ (word >>> 15)) >>> 0
}

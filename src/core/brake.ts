import { type Hash64, high, low } from '../std/hash64.ts'
import { Table } from '../std/table.ts'
import { type Alarm, alarmMessagesMax } from './alarms.ts'
import type { Event, MessageFacts, MessageId } from './events.ts'
import { classOf, type Lane, lanes, probeClass } from './policy.ts'
import type { Place } from './scope.ts'
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

/**
 * | table          | key                                                              | row                           |
 * |----------------|------------------------------------------------------------------|-------------------------------|
 * | brakeOpen      | message that was let go and has not ended                        | when (s) 1                    |
 * | brakeUsed      | cause × class × address, idempotency key, campaign × ordinal     | until when it is kept (s) 1   |
 * | brakeMailboxes | mailbox                                                          | clock hour 1, four counters 2 |
 *
 * The first has a row for each message that waits to be handed over. The second remembers for `usedMsMax`, and for less the fuller it is. The
 * third holds the mailboxes of this hour.
 */
type BrakeTables = { brakeOpen: Table; brakeUsed: Table; brakeMailboxes: Table }

type Books = {
  accounts: Record<string, Account>
  /** The last grant that was counted. */
  epoch: number
  grant: number
  fault?: BrakeFault
}

/** Messages of a class and lane. `hours`: of this hour and of those that leases were granted ahead for. */
type Account = { letGo: number; handedOver: number; hours: { hour: number; granted: number; letGo: number }[] }

export type BrakeFault = Pick<Alarm, 'class' | 'lane' | 'source' | 'template' | 'numbers' | 'messages'> & {
  since: number
  /** Whether the alarm has been raised. */
  isTold: boolean
}

export const newBrake = (): Brake => ({
  tables: {
    brakeOpen: new Table('brakeOpen', { rowWords: 3, shardBits: 8 }),
    brakeUsed: new Table('brakeUsed', { rowWords: 3, shardBits: 10 }),
    brakeMailboxes: new Table('brakeMailboxes', { rowWords: 5, shardBits: 10 }),
  },
  books: { accounts: {}, epoch: 0, grant: 0 },
})

const usedMsMax = 3_600_000
/** 12 bytes each. */
const usedRowsMax = 4_000_000
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
  return toMailboxInHour > toMailboxInHourMax ? { toMailboxInHour, toMailboxInHourMax } : undefined
}

const overLease = (letGoInHour: number, grantedForHour: number): Numbers | undefined =>
  letGoInHour > grantedForHour ? { letGoInHour, grantedForHour } : undefined

/** What letting the message go would break, in numbers, or `undefined`. Changes nothing. */
export function violationOf(state: State, charge: Charge, now: number): Numbers | undefined {
  const { brake } = state
  const { facts, lane, cause } = charge
  if (brake.tables.brakeOpen.find(...idWords(facts.id)) >= 0) return broken.letGo
  if (cause && isUsed(brake, causeWords(cause, facts), now)) return broken.ofOneCause
  if (facts.repeat && isUsed(brake, repeatWords(facts.repeat.key), now)) return broken.ofOneKey
  if (facts.campaign) return isUsed(brake, campaignWords(facts.campaign), now) ? broken.ofOneOrdinal : undefined
  if (!isLimited(state, facts)) return undefined
  const { letGo, granted } = lookUpHour(brake, facts.class, lane, now)
  const allowed = granted + announcedAudience(state, facts.class, lane, now)
  return overCap(state, lane, mailboxCount(brake, facts.mailbox, lane, now) + 1) ?? overLease(letGo + 1, allowed)
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
      brake.tables.brakeOpen.remove(...idWords(event.id))
      return
    case 'SubjectErased':
      for (const id of event.messages) brake.tables.brakeOpen.remove(...idWords(id))
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
  const until = at + Math.min(usedMsMax, state.policy.repeatWindowMs)
  let numbers: Numbers | undefined
  if (open(brake, facts.id, at)) numbers = broken.letGo
  if (cause && use(brake, causeWords(cause, facts), { at, until })) numbers ??= broken.ofOneCause
  if (facts.repeat && use(brake, repeatWords(facts.repeat.key), { at, until })) numbers ??= broken.ofOneKey
  if (facts.campaign && use(brake, campaignWords(facts.campaign), { at, until })) numbers ??= broken.ofOneOrdinal
  const account = accountOf(brake, facts.class, lane)
  account.letGo++
  if (!facts.campaign && isLimited(state, facts)) {
    numbers ??= overCap(state, lane, countMailbox(brake, facts.mailbox, lane, at))
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
  const { brakeOpen, brakeUsed } = state.brake.tables
  if (brakeOpen.remove(...idWords(event.id))) {
    for (const words of usesOf(facts, cause)) brakeUsed.remove(...words)
    accountOf(state.brake, facts.class, lane).letGo--
  } else if (event.reasons.includes('brake.faulty'))
    judge(state, { facts, lane: event.lane ?? lane, source: event.source ?? source, cause: event.cause ?? cause }, at)
}

function handedOver(state: State, id: MessageId, at: number): void {
  const { brake, messages } = state
  const live = messages.get(id)
  const wasOpen = brake.tables.brakeOpen.remove(...idWords(id))
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
  template: facts.template?.name ?? '',
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
function beginAnew({ tables: { brakeMailboxes }, books }: Brake): void {
  for (let shard = 0; shard < brakeMailboxes.shardCount; shard++) brakeMailboxes.sweep(shard, () => true)
  for (const account of Object.values(books.accounts)) for (const hour of account.hours) hour.letGo = 0
}

function granted({ books }: Brake, lease: Extract<Event, { type: 'LeaseGranted' }>['lease']): void {
  const isNew = lease.epoch > books.epoch || (lease.epoch === books.epoch && lease.grant > books.grant)
  if (!isNew) return
  books.epoch = lease.epoch
  books.grant = lease.grant
  hourOf(accountIn(books, lease.class, lease.lane), lease.hour * hourMs).granted += lease.messages
}

const accountOf = ({ books }: Brake, className: string, lane: Lane): Account => accountIn(books, className, lane)

function accountIn({ accounts }: Books, className: string, lane: Lane): Account {
  const key = `${className}/${lane}`
  const known = accounts[key]
  if (known) return known
  const made: Account = { letGo: 0, handedOver: 0, hours: [] }
  accounts[key] = made
  return made
}

/** Changes nothing. */
function lookUpHour({ books }: Brake, className: string, lane: Lane, now: number): { granted: number; letGo: number } {
  const hour = Math.floor(now / hourMs)
  return books.accounts[`${className}/${lane}`]?.hours.find(one => one.hour === hour) ?? { granted: 0, letGo: 0 }
}

const hourMs = 3_600_000
const hoursKept = 3

function hourOf({ hours }: Account, at: number): Account['hours'][number] {
  const hour = Math.floor(at / hourMs)
  const known = hours.find(one => one.hour === hour)
  if (known) return known
  const made = { hour, granted: 0, letGo: 0 }
  hours.push(made)
  if (hours.length > hoursKept) hours.shift()
  return made
}

/** Answers whether it was open already. */
function open({ tables: { brakeOpen } }: Brake, id: MessageId, at: number): boolean {
  const row = brakeOpen.insert(...idWords(id))
  const was = brakeOpen.words[row + 2]! > 0
  brakeOpen.words[row + 2] = seconds(at)
  return was
}

function isUsed({ tables: { brakeUsed } }: Brake, words: Words, now: number): boolean {
  const at = brakeUsed.find(...words)
  return at >= 0 && brakeUsed.words[at + 2]! > seconds(now)
}

/** Answers whether it was used already. */
function use({ tables: { brakeUsed } }: Brake, words: Words, { at, until }: { at: number; until: number }): boolean {
  if (brakeUsed.size >= usedRowsMax) return false
  const row = brakeUsed.insert(...words)
  const was = brakeUsed.words[row + 2]! > seconds(at)
  brakeUsed.words[row + 2] = seconds(until)
  return was
}

function mailboxCount({ tables: { brakeMailboxes } }: Brake, mailbox: Hash64, lane: Lane, now: number): number {
  const at = brakeMailboxes.find(high(mailbox), low(mailbox))
  const { words } = brakeMailboxes
  if (at < 0 || words[at + 2] !== Math.floor(now / hourMs)) return 0
  const index = lanes.indexOf(lane)
  return (words[at + 3 + (index >> 1)]! >>> ((index & 1) * 16)) & 0xffff
}

function countMailbox({ tables: { brakeMailboxes } }: Brake, mailbox: Hash64, lane: Lane, at: number): number {
  const row = brakeMailboxes.insert(high(mailbox), low(mailbox))
  const { words } = brakeMailboxes
  const hour = Math.floor(at / hourMs)
  if (words[row + 2] !== hour) {
    words[row + 2] = hour
    words[row + 3] = 0
    words[row + 4] = 0
  }
  const index = lanes.indexOf(lane)
  const [word, shift] = [row + 3 + (index >> 1), (index & 1) * 16]
  const count = Math.min(0xffff, ((words[word]! >>> shift) & 0xffff) + 1)
  words[word] = ((words[word]! & ~(0xffff << shift)) | (count << shift)) >>> 0
  return count
}

/** One shard of each table at a time. The used ones go the earlier the fuller their table is, down to ten minutes. */
export function sweepBrake({ tables: { brakeUsed, brakeMailboxes } }: Brake, turn: number, now: number): void {
  const room = Math.min(1, 2 * (1 - brakeUsed.size / usedRowsMax))
  const early = Math.floor(((1 - Math.max(room, 1 / 6)) * usedMsMax) / 1000)
  brakeUsed.sweep(turn % brakeUsed.shardCount, (words, at) => words[at + 2]! <= seconds(now) + early)
  const hour = Math.floor(now / hourMs)
  brakeMailboxes.sweep(turn % brakeMailboxes.shardCount, (words, at) => words[at + 2]! < hour)
}

const seconds = (at: number): number => Math.floor(at / 1000)

type Words = readonly [hi: number, lo: number]

function usesOf(facts: MessageFacts, cause: Hash64 | undefined): Words[] {
  const uses: Words[] = []
  if (cause) uses.push(causeWords(cause, facts))
  if (facts.repeat) uses.push(repeatWords(facts.repeat.key))
  if (facts.campaign) uses.push(campaignWords(facts.campaign))
  return uses
}

/** Of an id the last 16 digits: 62 of their bits are random, and spread over the word, for the first two never change. A notice has those of the message it is about, and another version. */
function idWords(id: MessageId): Words {
  return [spread(hexWord(id, 28) ^ id.charCodeAt(14)), spread(hexWord(id, 19))]
}

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

const causeWords = (cause: Hash64, { class: className, address }: MessageFacts): Words => {
  const named = nameWord(className, 1)
  return [spread(high(cause) ^ spread(high(address) ^ named)), spread(low(cause) ^ spread(low(address) + named))]
}

const repeatWords = (key: Hash64): Words => [spread(high(key) ^ 2), spread(low(key) + 2)]

const campaignWords = ({ id, ordinal }: NonNullable<MessageFacts['campaign']>): Words => [
  spread(nameWord(id, 3) ^ ordinal),
  spread(nameWord(id, 4) + ordinal),
]

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

import { readFileSync } from 'node:fs'
import type { Load } from './load.ts'
import { correctionText, inFlightMax, type Parts, type Target } from './parts.ts'
import type { People, Reach, Stopped } from './people.ts'

// What the provider took, against what senders and people were told.

export type Taken = { at: number; messageId: string; key: string; recipients: string[] }
export type Kill = { at: number; target: Target }

export const ended = new Set(['delivered', 'undeliverable', 'expired', 'suppressed', 'rejected', 'discarded', 'held'])

export type Books = { load: Load; people: People; states: Map<string, string>; taken: Taken[]; kills: Kill[] }

export type Findings = {
  delivered: number
  /** Of two messages with one cause the second is held; any other lacked a lease. */
  held: { second: number; other: number }
  discarded: number
  /**
   * Hand-overs of a mail that the provider had taken before, and the most that one kill brought about. `lagMsMax`: how long after a kill a mail
   * was still taken that was then repeated.
   */
  repeated: { total: number; perKillMax: number; window: number; lagMsMax: number }
  /** Stops that were acknowledged, how many of them Tocsin was killed under, and what was taken under them of what they had counted. */
  stops: { counted: number; underKill: number; handedOver: number; taken: number }
  campaigns: { started: number; recipients: number }
  corrections: { drafted: number; recipients: number }
  lost: string[]
  wrong: string[]
}

/** A last line without an end was never answered for. */
export const readTaken = ({ taken }: Parts): Taken[] =>
  readFileSync(taken, 'utf8')
    .split('\n')
    .filter(line => line.endsWith('}'))
    .map(line => JSON.parse(line) as Taken)

const isBulk = ({ key }: Taken): boolean => key.startsWith('campaign-') || key === correctionText.subject

export function audit(record: Books): Findings {
  const { load, people, states, taken, kills } = record
  const lost: string[] = []
  const wrong = [...load.wrong, ...people.wrong]
  const single = taken.filter(one => !isBulk(one))
  auditLedger({ ...record, taken: single }, lost, wrong)
  const { needless, ...repeated } = repeats([...groupBy(taken, ({ messageId }) => messageId).values()], kills)
  wrong.push(...needless)
  if (repeated.perKillMax > inFlightMax) wrong.push(`${repeated.perKillMax} hand-overs were repeated after one kill`)
  // Budgets are open here, and whatever a stop held was let go: whoever is held still has lost something in a crash.
  const held = heldOf(load, states)
  if (held.other > 0) wrong.push(`${held.other} messages are held, and nothing holds them`)
  return {
    delivered: new Set(single.map(({ messageId }) => messageId)).size,
    held,
    discarded: [...states.values()].filter(state => state === 'discarded').length,
    repeated: { ...repeated, window: inFlightMax },
    stops: auditStops(record, wrong),
    campaigns: auditCampaigns(record, lost, wrong),
    corrections: auditCorrections(record, lost, wrong),
    lost,
    wrong,
  }
}

function auditLedger({ load, states, taken }: Books, lost: string[], wrong: string[]): void {
  const byKey = groupBy(taken, ({ key }) => key)
  for (const [key, { id }] of load.ledger) {
    const state = states.get(id) ?? ''
    if (!ended.has(state)) lost.push(`${key} (${id}) is ${state}`)
    if (state === 'delivered' && !byKey.has(key)) lost.push(`${key} (${id}) was not delivered`)
    if (state === 'discarded' && byKey.has(key)) wrong.push(`${key} (${id}) was discarded and delivered`)
  }
  for (const [key, mails] of byKey) {
    if (new Set(mails.map(({ messageId }) => messageId)).size > 1) wrong.push(`${key} was decided twice`)
    if (!load.ledger.has(key)) wrong.push(`${key} was delivered and never acknowledged`)
  }
  for (const keys of load.siblings)
    if (keys.filter(key => byKey.has(key)).length > 1) wrong.push(`${keys} have one cause and were both delivered`)
}

function heldOf({ caused, ledger }: Load, states: Map<string, string>): Findings['held'] {
  const keys = [...ledger].filter(([, { id }]) => states.get(id) === 'held').map(([key]) => key)
  const second = keys.filter(key => caused.has(key)).length
  return { second, other: keys.length - second }
}

/**
 * What lay whole on the line when Tocsin was killed is still taken, a moment later, as the provider comes to it: within 2 ms over 60 kills, up to
 * 130 ms while it waited for its disk after each mail. A killed Tocsin needs more than a second to be back, so what is taken within one was
 * sent before.
 */
const underWayMs: { [T in Target]: number } = {
  tocsin: 1000,
  both: 1000,
  postmaster: 100,
  postgres: 100,
  upstream: 100,
}

/** A mail that was taken again must have a kill between the two, and each kill may have no more of them than the window holds. */
function repeats(mails: Taken[][], kills: Kill[]) {
  const perKill = new Map<Kill, number>()
  const needless: string[] = []
  let total = 0
  let lagMsMax = 0
  for (const copies of mails)
    for (const [i, copy] of copies.entries()) {
      const before = copies[i - 1]
      if (!before) continue
      total++
      const between = kills.find(({ at }) => at >= before.at && at <= copy.at)
      const reason =
        between ?? kills.findLast(({ at, target }) => at <= before.at && at >= before.at - underWayMs[target])
      if (reason) perKill.set(reason, (perKill.get(reason) ?? 0) + 1)
      if (reason && !between) lagMsMax = Math.max(lagMsMax, before.at - reason.at)
      if (reason) continue
      const last = kills.findLast(({ at }) => at <= before.at)
      const ago = last ? `${before.at - last.at} ms after a kill of ${last.target}` : 'before any kill'
      needless.push(
        `${copy.key} was handed over again without a kill between, first ${ago}, again ${copy.at - before.at} ms later`,
      )
    }
  return { total, perKillMax: Math.max(0, ...perKill.values()), lagMsMax, needless }
}

const classOfMail = (load: Load, { key }: Taken): string => {
  if (key.startsWith('campaign-')) return 'forced-reset'
  if (key === correctionText.subject) return 'correction'
  return load.caused.has(key) ? 'password-reset' : 'other'
}

/** All that the scopes here name of a class is all of it, so that the class says it. */
const reaches = (load: Load, reach: Reach, mail: Taken): boolean =>
  'campaign' in reach ? mail.key === reach.campaign : classOfMail(load, mail) === reach.class

/** Under an acknowledged stop no more is taken than it had counted as begun, whoever is killed meanwhile. */
function auditStops({ load, people, taken, kills }: Books, wrong: string[]): Findings['stops'] {
  const all = { counted: people.stops.length, underKill: 0, handedOver: 0, taken: 0 }
  for (const { reach, handedOver, from, to } of people.stops) {
    const under = taken.filter(mail => mail.at > from && mail.at < to && reaches(load, reach, mail))
    if (isUnderKill({ from, to }, kills)) all.underKill++
    all.handedOver += handedOver
    all.taken += under.length
    if (handedOver > inFlightMax) wrong.push(`a stop of ${JSON.stringify(reach)} counted ${handedOver} as begun`)
    if (under.length > handedOver)
      wrong.push(`${under.length} were taken under a stop of ${JSON.stringify(reach)} that had counted ${handedOver}`)
  }
  return all
}

const isUnderKill = ({ from, to }: Pick<Stopped, 'from' | 'to'>, kills: Kill[]): boolean =>
  kills.some(({ at, target }) => target !== 'upstream' && at > from && at < to)

/** Everybody once, and nobody else. */
function auditCampaigns({ people, taken }: Books, lost: string[], wrong: string[]): Findings['campaigns'] {
  let recipients = 0
  for (const { subject, audience } of people.campaigns) {
    const mails = taken.filter(({ key }) => key === subject)
    recipients += once(subject, mails, audience, lost, wrong)
  }
  const known = new Set(people.campaigns.map(({ subject }) => subject))
  const stray = taken.filter(({ key }) => key.startsWith('campaign-') && !known.has(key)).length
  if (stray > 0) wrong.push(`${stray} were taken of campaigns that nobody has approved`)
  return { started: people.campaigns.length, recipients }
}

function auditCorrections({ people, taken }: Books, lost: string[], wrong: string[]): Findings['corrections'] {
  const mails = taken.filter(({ key }) => key === correctionText.subject)
  const to = people.corrections.flatMap(one => one.to)
  const recipients = once('a correction', mails, to, lost, wrong)
  return { drafted: people.corrections.length, recipients }
}

/** How many of an audience have their mail. */
function once(what: string, mails: Taken[], audience: string[], lost: string[], wrong: string[]): number {
  const byRecipient = groupBy(mails, ({ recipients }) => recipients.join())
  for (const email of audience) {
    const copies = byRecipient.get(email) ?? []
    if (copies.length === 0) lost.push(`${what} has not reached ${email}`)
    if (new Set(copies.map(({ messageId }) => messageId)).size > 1) wrong.push(`${what} was decided twice for ${email}`)
  }
  const meant = new Set(audience)
  const others = [...byRecipient.keys()].filter(email => !meant.has(email))
  if (others.length > 0) wrong.push(`${what} has reached ${others.length} others, ${others[0]} among them`)
  return audience.length
}

function groupBy<T>(list: T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of list) {
    const group = groups.get(keyOf(one))
    if (group) group.push(one)
    else groups.set(keyOf(one), [one])
  }
  return groups
}

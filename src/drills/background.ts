import { hoursOfWeek, instantText } from '../std/instant.ts'
import type { Random } from '../std/random.ts'
import type { Person } from './people.ts'
import { anyAgent, type Requester } from './places.ts'
import { season, seasonAt } from './season.ts'
import { type Stage, spans, type Trust, templates } from './stage.ts'

const { minute, second } = spans

/** Who asks for resets: shares of sessions, known devices and unknown places. */
const trustShares: Record<Trust, number> = { session: 0.25, 'known-device': 0.45, unknown: 0.3 }
const trusts = Object.keys(trustShares) as Trust[]
const shares = Object.values(trustShares)

/** Share of honest requests that name no account: people mistype their address. */
const mistyped = 0.06
/** Some ask a second time because they do not see the first mail. */
export const asksAgain = 0.04

const honest = { wrongful: false, honest: true }

const deeds: Record<string, (stage: Stage, random: Random) => void> = {
  'password-reset': askForReset,
  'sign-in-alert': signIn,
  'credential-changed': changeCredential,
}

/** Messages a minute of a class, mean over the week. */
export const perMinuteOf = (stage: Stage, classes: readonly string[], name: string): number =>
  name in deeds ? stage.parameters.perMinute * (name === classes[0] ? 1 : 0.5) : 0

/** The ordinary traffic of the classes, and what vouches that it is all reported. */
export function playBackground(stage: Stage, classes: readonly string[], usual: UsualBatch | undefined): void {
  stage.at(stage.start, () => {
    vouch(stage)
    for (const name of classes) loadBaseline(stage, classes, name, usual)
  })
  for (const name of classes) {
    const deed = deeds[name]
    if (deed === undefined) continue
    const random = stage.random(`background ${name}`)
    const again = name === 'password-reset' ? 1 + asksAgain : 1
    everyMinute(stage, perMinuteOf(stage, classes, name) / again, random, () => deed(stage, random))
  }
  const random = stage.random('background, the rest')
  const sparse = 0.1
  everyMinute(stage, sparse, random, () => administer(stage, random))
  everyMinute(stage, sparse / 30, random, () => deploy(stage, random))
}

/** A batch that is sent every day or week at a given hour, so that history knows it. */
export type UsualBatch = { class: string; size: number; hours: readonly number[] }

/** A job that sends an hour's messages within minutes: most minutes have none, and a few have all. History has seen that as well. */
const batchDispersion = 0.1

/** Arrivals by the minute: a negative binomial number, each somewhere in its minute. */
function everyMinute(stage: Stage, perMinute: number, random: Random, act: () => void): void {
  const turn = (): void => {
    if (stage.isOver) return
    const count = random.negativeBinomial(perMinute * seasonAt(stage.now), stage.parameters.dispersion)
    for (let i = 0; i < count; i++) stage.later(minute * random.uniform(), act)
    stage.later(minute, turn)
  }
  stage.at(stage.start, turn)
}

/** Causes are promised, so their source must be heard: a silence of ten minutes counts as broken. */
function vouch(stage: Stage): void {
  const { causes } = stage.parameters
  const others = ['edge', 'provider', 'reports', 'changes', 'access', 'dmarc']
  const say = (about: readonly string[], everyMs: number): void => {
    let from = stage.now - everyMs
    const turn = (): void => {
      const until = instantText(stage.now)
      for (const source of about)
        stage.tell('coverage.reported', { source, from: instantText(from), until, complete: true })
      from = stage.now
      stage.later(everyMs, turn)
    }
    turn()
  }
  if (causes === 'reported') say(['auth'], 4 * minute)
  say(others, 15 * minute)
}

/** What history would have taught about a class: its rate by lane and hour of the week. */
function loadBaseline(stage: Stage, classes: readonly string[], name: string, usual: UsualBatch | undefined): void {
  const { causes, dispersion } = stage.parameters
  const perHour = 60 * perMinuteOf(stage, classes, name)
  const lanes = causes === 'hidden' ? { open: 1 } : (lanesOf[name] ?? { open: 1 })
  const usualTemplate = templates[name]
  const approved = usualTemplate && [{ template: usualTemplate.template, versions: [usualTemplate.version] }]
  for (const [lane, share] of Object.entries(lanes)) {
    const ratePerHourOfWeek = season.map(factor => Math.round(perHour * share * factor * 1000) / 1000)
    if (usual?.class === name) for (const hour of usual.hours) ratePerHourOfWeek[hour % hoursOfWeek]! += usual.size
    stage.tell('baseline.loaded', {
      class: name,
      lane,
      ratePerHourOfWeek,
      dispersion: usual?.class === name ? batchDispersion : dispersion,
      ...(approved ? { templates: approved } : {}),
    })
  }
}

const lanesOf: Record<string, Record<string, number>> = {
  'password-reset': { reserved: shares[0]! + shares[1]!, open: shares[2]! },
  'sign-in-alert': { system: 1 },
  'credential-changed': { system: 1 },
  'recovery-changed': { system: 1 },
  'forced-reset': { campaign: 1 },
  'activity-review': { campaign: 1 },
}

function askForReset(stage: Stage, random: Random): void {
  const person = stage.people.any(random)
  const requester = stage.places.anybody(random)
  if (stage.faults.isAway?.(requester)) return
  const trust = trusts[random.weighted(shares)]!
  const device = trust === 'unknown' ? {} : { device: `device-${person.account.slice(8)}` }
  const session = trust === 'session' ? { session: `session-${random.word().toString(36)}` } : {}
  const from = { ...requester, ...device, ...session }
  if (random.chance(mistyped)) nobodyAsks(stage, random)
  resetFor(stage, person, trust, from)
  if (random.chance(asksAgain))
    stage.later(minute + random.exponential(2 * minute), () => resetFor(stage, person, trust, from))
}

function nobodyAsks(stage: Stage, random: Random): void {
  const person = { account: `account-${random.word().toString(16)}`, email: '' }
  stage.ask(person, { trust: 'unknown', requester: stage.places.anybody(random), known: false })
}

function resetFor(stage: Stage, person: Person, trust: Trust, requester: Requester): void {
  const cause = stage.ask(person, { trust, requester })
  const data = { slots: { agent: requester.agent } }
  stage.answer({ class: 'password-reset', person, cause, label: honest, data })
}

/** A sign-in from a new device causes an alert; beside it the sign-ins and mistakes that cause none. */
function signIn(stage: Stage, random: Random): void {
  const person = stage.people.any(random)
  const from = stage.places.anybody(random)
  if (stage.faults.isAway?.(from)) return
  const login = { ip: from.ip, asn: from.asn }
  const subject = person.account
  const device = `device-${random.word().toString(36)}`
  if (random.chance(0.35)) stage.tell('login.failed', { ...login, device, reason: 'wrong-password' }, { subject })
  const recipients = [{ email: person.email }]
  const cause = stage.tell('login.succeeded', { ...login, device, newDevice: true, recipients }, { subject })
  const data = { slots: { device: from.agent } }
  stage.answer({ class: 'sign-in-alert', person, cause, label: honest, data })
  stage.later(second * random.uniform(), () => {
    const other = stage.people.any(random)
    const place = stage.places.anybody(random)
    const known = { ip: place.ip, asn: place.asn, device: `device-${other.account.slice(8)}`, newDevice: false }
    stage.tell('login.succeeded', { ...known, recipients: [{ email: other.email }] }, { subject: other.account })
  })
}

const kinds = ['password', 'totp', 'passkey', 'phone'] as const

function changeCredential(stage: Stage, random: Random): void {
  const person = stage.people.any(random)
  if (stage.faults.isAway?.(stage.places.anybody(random))) return
  const kind = random.pick(kinds)
  const session = `session-${random.word().toString(36)}`
  const recipients = [{ email: person.email }]
  const cause = stage.tell('credential.changed', { kind, session, recipients }, { subject: person.account })
  const data = { slots: { kind, device: anyAgent(random) } }
  stage.answer({ class: 'credential-changed', person, cause, label: honest, data })
}

const actors = ['support-1', 'support-2', 'support-3', 'operations-1']

function administer(stage: Stage, random: Random): void {
  const resource = `account-${String(random.integer(0, stage.people.count)).padStart(8, '0')}`
  stage.tell('access.recorded', { actor: random.pick(actors), resource, action: 'read', records: 1 })
}

const services = ['web', 'search', 'billing', 'profile']

function deploy(stage: Stage, random: Random): void {
  const version = `2026.1.${random.integer(100, 999)}`
  stage.change('deploy', random.pick(services), { version, actor: 'delivery' })
}

/**
 * What an installation allows, as plain data. `config.ts` reads and validates it; the core is given it as a `PolicyApplied` event, so that the
 * journal alone says under which policy a decision was taken.
 */

/** By how far the requester is trusted: known devices, unknown places, events of the account itself, approved bulk. */
export const lanes = ['reserved', 'open', 'system', 'campaign'] as const
export type Lane = (typeof lanes)[number]

/** `observe`: recorded, the message goes. `warn`: it goes and people are told. `enforce`: the outcome binds. */
export const modes = ['observe', 'warn', 'enforce'] as const
export type Mode = (typeof modes)[number]

/**
 * Whether a message must show its cause. `auto` becomes `required` after `matchesUntilRequired` matched messages in a row, so that an
 * application that starts to report causes is protected without anyone turning a switch.
 */
export const requirements = ['required', 'expected', 'auto', 'never'] as const
export type Requirement = (typeof requirements)[number]

/** Kinds of events that can be causes, without the prefix `tocsin.`. */
export const causeKinds = [
  'reset.requested',
  'login.succeeded',
  'login.failed',
  'credential.changed',
  'protection.ordered',
  'session.started',
  'session.revoked',
] as const
export type CauseKind = (typeof causeKinds)[number]

/** What a `credential.changed` changed. */
export const credentialChanges = ['password', 'totp', 'passkey', 'email', 'phone', 'recovery'] as const
export type CredentialChange = (typeof credentialChanges)[number]

export type ClassPolicy = {
  mode: Mode
  causes: {
    kinds: CauseKind[]
    /** Of a `credential.changed`, what it may have changed; all when absent. A cause that does not say fits. */
    changes?: CredentialChange[]
    requirement: Requirement
    freshForMs: number
    whenMissing: 'hold' | 'reject'
  }
  /** `by-requester`: reserved or open by the trust of the cause; the others name the lane of a message that has its cause. */
  lane: 'by-requester' | 'system' | 'campaign'
  /** 0 leaves first. A reset never waits behind a campaign. */
  priority: 0 | 1 | 2
  content: 'inline' | 'approved-only'
  /** Where its links may lead, besides the sender's organizational domain and the hosts for all classes. */
  links: LinkPolicy
  /** Whose addresses its content may name: those of recipient and sender only, or anybody's. */
  addresses: 'own' | 'any'
  /** To which of an account's addresses its messages may go, once causes have named these: to those that its holder has verified, or to all. */
  recipients: 'verified' | 'named'
  /** What becomes of a request from an unknown place while its lane is stopped: the holder may confirm it in the app, or it is held. */
  whenStopped: 'confirm' | 'hold'
  /** How long the message is worth delivering when it names no expiry of its own. */
  lifetimeMs: number
  /** The time that delivery may take: a secret must outlive it. */
  deliveryMs: number
  /** Messages an hour, by lane, before there is any history; see `BudgetPolicy`. */
  budgetPerHour: Record<Lane, number>
}

/** Each is a host in lower case (an A-label where it is international), or `*.` before one for all below it. */
export type LinkPolicy = { hosts: string[] }

/** Messages to one canonical mailbox, over all classes, channels and sources. */
export type Cap = { perHour: number; perDay: number }

export type ApplicationPolicy = { requirements?: Record<string, Requirement> }

export type Policy = {
  classes: Record<string, ClassPolicy>
  applications: Record<string, ApplicationPolicy>
  caps: Record<Lane, Cap>
  /** Approved templates and their versions. */
  templates: Record<string, string[]>
  /** Where links may lead, in every class. */
  links: LinkPolicy
  /** Names of the upstreams, in order of preference. */
  upstreams: string[]
  /** With the local mailbox nothing leaves the machine, so that a test environment only warns. */
  deliversLocally: boolean
  matchesUntilRequired: number
  causeAwaitedMs: number
  repeatWindowMs: number
  silentSource: { afterMs: number; allowancePerHour: number }
  retry: { firstMs: number; factor: number; maxMs: number }
  detection: DetectionPolicy
  breakers: BreakerPolicy
  requesters: RequesterPolicy
  budgets: BudgetPolicy
}

/** Evidence is counted in days: how long a stream in order would take on average to look as bad. */
export type DetectionPolicy = {
  /** From here on messages wait `softHoldMs`, so that what follows can still recall them. */
  softDays: number
  /** From here on the breaker opens: at most one false stop in so many days and class. */
  hardDays: number
  softHoldMs: number
}

/** `canaries` in each `canaryIntervalMs` of a trial of `trialMs`. */
export type BreakerPolicy = {
  openMs: number
  openMsMax: number
  trialMs: number
  canaries: number
  canaryIntervalMs: number
}

/** What one network may ask for from unknown places in an hour before it is held first: this many, fewer while the lane is pressed, or so many times its usual. */
export type RequesterPolicy = { perHour: number; pressedPerHour: number; timesUsual: number }

/**
 * The budget of a class, lane and clock hour is `headroom` times the messages that the hour usually has, at least `budgetPerHour` and at most
 * `timesFloorMax` times that: with 1 it stays where it is. That of the campaign lane does.
 */
export type BudgetPolicy = { headroom: number; timesFloorMax: number }

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** DESIGN: before any history reserved and system 100,000 an hour, open 300 an hour and class. */
const budgetBeforeHistory: Record<Lane, number> = { reserved: 100_000, open: 300, system: 100_000, campaign: 100 }

function classPolicy(
  part: Partial<ClassPolicy> & {
    kinds?: CauseKind[]
    changes?: CredentialChange[]
    freshForMs?: number
    requirement?: Requirement
  },
): ClassPolicy {
  const { kinds = [], changes, freshForMs = hour, requirement = 'auto', ...rest } = part
  return {
    mode: 'enforce',
    causes: {
      kinds,
      ...(changes && { changes }),
      requirement: kinds.length === 0 ? 'never' : requirement,
      freshForMs,
      whenMissing: 'hold',
    },
    lane: 'system',
    priority: 0,
    content: 'inline',
    links: { hosts: [] },
    addresses: 'own',
    recipients: 'verified',
    whenStopped: 'hold',
    lifetimeMs: day,
    deliveryMs: 30 * second,
    budgetPerHour: { ...budgetBeforeHistory },
    ...rest,
  }
}

/** The classes of the mass sends: nothing leaves without an order, an approved campaign or an incident behind it. */
const bulk = (): ClassPolicy =>
  classPolicy({
    kinds: ['protection.ordered'],
    requirement: 'required',
    lane: 'campaign',
    priority: 2,
    lifetimeMs: 3 * day,
  })

/** The classes of a fresh installation. A telephone number is a second factor in one place and a way of recovery in another. */
export const freshClasses = (): Record<string, ClassPolicy> => ({
  'password-reset': classPolicy({
    kinds: ['reset.requested'],
    freshForMs: 15 * minute,
    lane: 'by-requester',
    whenStopped: 'confirm',
    lifetimeMs: hour,
  }),
  'sign-in-alert': classPolicy({ kinds: ['login.succeeded'] }),
  'credential-changed': classPolicy({
    kinds: ['credential.changed'],
    changes: ['password', 'totp', 'passkey', 'phone'],
  }),
  'recovery-changed': classPolicy({ kinds: ['credential.changed'], changes: ['recovery', 'email', 'phone'] }),
  'forced-reset': bulk(),
  'activity-review': bulk(),
  'breach-notice': bulk(),
  'incident-update': bulk(),
  correction: bulk(),
  other: classPolicy({ lane: 'by-requester', priority: 1, lifetimeMs: 3 * day }),
})

export const freshPolicy = (): Policy => ({
  classes: freshClasses(),
  applications: {},
  caps: {
    reserved: { perHour: 10, perDay: 30 },
    open: { perHour: 5, perDay: 15 },
    system: { perHour: 20, perDay: 60 },
    campaign: { perHour: 3, perDay: 6 },
  },
  templates: {},
  links: { hosts: [] },
  upstreams: ['mailbox'],
  deliversLocally: true,
  matchesUntilRequired: 20,
  causeAwaitedMs: 5 * second,
  repeatWindowMs: day,
  silentSource: { afterMs: 10 * minute, allowancePerHour: 2 },
  retry: { firstMs: 2 * second, factor: 2, maxMs: 10 * minute },
  detection: { softDays: 1, hardDays: 365, softHoldMs: 10 * second },
  breakers: { openMs: 10 * minute, openMsMax: 6 * hour, trialMs: 10 * minute, canaries: 3, canaryIntervalMs: minute },
  requesters: { perHour: 20, pressedPerHour: 3, timesUsual: 8 },
  budgets: { headroom: 3, timesFloorMax: 1000 },
})

/** Messages of our own that go the whole way each minute and reach nobody; nobody else may send them. */
export const probeClass = 'probe'
const probePolicy: ClassPolicy = classPolicy({ lifetimeMs: 10 * minute })
export const probesPerHourMax = 400

/** The policy of a class. A name comes from outside: what every object inherits (`constructor`) is no class. */
export const classOf = (policy: Policy, name: string): ClassPolicy | undefined =>
  name === probeClass ? probePolicy : Object.hasOwn(policy.classes, name) ? policy.classes[name] : undefined

/** The approved versions of a template, likewise. */
export const versionsOf = (templates: Record<string, string[]>, template: string): string[] | undefined =>
  Object.hasOwn(templates, template) ? templates[template] : undefined

/** The budget of an hour of which so many messages are expected. */
export function budgetOf(policy: Policy, className: string, lane: Lane, forecast: number): number {
  const floor = classOf(policy, className)?.budgetPerHour[lane] ?? 0
  if (lane === 'campaign') return floor
  const { headroom, timesFloorMax } = policy.budgets
  return Math.max(floor, Math.min(Math.ceil(headroom * forecast), Math.floor(floor * timesFloorMax)))
}

/** A policy that an older version wrote down has the defaults for what that version did not know. */
export function completed(policy: Policy): Policy {
  const { links, addresses, recipients } = probePolicy
  const later: Partial<ClassPolicy> = { links, addresses, recipients }
  const classes = Object.entries(policy.classes).map(([name, one]) => [name, { ...later, ...one }] as const)
  return { ...freshPolicy(), ...policy, classes: Object.fromEntries(classes) }
}

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const linkHost = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`)

/** Whether a text can stand in a `LinkPolicy`. */
export const isLinkHost = (text: string): boolean => text.length <= 253 && linkHost.test(text)

/** The hosts to which links of a class may lead, whoever sends. */
export const linkHostsOf = (policy: Policy, className: string): string[] => [
  ...policy.links.hosts,
  ...(classOf(policy, className)?.links.hosts ?? []),
]

/** Whether a host of a link, in lower case, is one of these. */
export const coversHost = (hosts: readonly string[], host: string): boolean =>
  hosts.some(one => (one.startsWith('*.') ? host.endsWith(one.slice(1)) : host === one))

/** Counters of a cap have 16 bits. */
export const capMax = 65_000

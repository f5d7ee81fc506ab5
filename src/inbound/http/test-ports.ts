import type { FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import type { MessageId } from '../../core/events.ts'
import { freshPolicy } from '../../core/policy.ts'
import type { Hash64 } from '../../std/hash64.ts'
import type { Register } from '../../views/register.ts'
import type { CampaignPort } from '../campaigns.ts'
import {
  type Application,
  type ConfirmAnswer,
  type Confirmer,
  type EventAnswer,
  type Intake,
  type MessageAnswer,
  type MessageRequest,
  type ReportedEvent,
  Unavailable,
} from '../intake.ts'
import type { Key, Keys } from '../keys.ts'
import type { ClassStatus, Finding, HealthStatus, OperatorPort, ProposalStatus } from '../operator.ts'
import type { TemplatePort } from '../templates.ts'
import type { VerifyPort } from '../verify.ts'
import { buildHttp, type HttpDeps } from './server.ts'

// The ports of HTTP, recorded in memory, for its tests: what is asked of them, and nothing of the gate but the rule about repeats.

export class RecordedIntake implements Intake {
  readonly requests: { application: Application; request: MessageRequest }[] = []
  readonly calls: number[] = []
  readonly reported: ReportedEvent[] = []
  /** Throws instead of answering, from this call on. */
  unavailableFrom = Number.POSITIVE_INFINITY
  eventAnswer: (event: ReportedEvent) => EventAnswer = () => ({ status: 'accepted' })
  readonly #byKey = new Map<string, { content: string; id: MessageId }>()

  async messages(application: Application, requests: MessageRequest[]): Promise<MessageAnswer[]> {
    if (this.calls.length >= this.unavailableFrom) throw new Unavailable('the journal is away')
    this.calls.push(requests.length)
    await new Promise(resolve => setImmediate(resolve))
    return requests.map(request => this.#answer(application, request))
  }

  async events(events: ReportedEvent[]): Promise<EventAnswer[]> {
    this.reported.push(...events)
    return events.map(this.eventAnswer)
  }

  readonly confirmed: unknown[] = []
  confirmAnswer: ConfirmAnswer = { status: 'done' }

  async confirm(application: Application, id: MessageId, by: Confirmer): Promise<ConfirmAnswer> {
    this.confirmed.push({ application: application.name, id, by })
    return this.confirmAnswer
  }

  #answer(application: Application, request: MessageRequest): MessageAnswer {
    this.requests.push({ application, request })
    const id = idOf(this.requests.length)
    const { idempotencyKey: key, ...rest } = request
    const content = JSON.stringify(rest)
    const before = key === undefined ? undefined : this.#byKey.get(`${application.name} ${key}`)
    if (key !== undefined && before === undefined) this.#byKey.set(`${application.name} ${key}`, { content, id })
    if (before !== undefined && before.content !== content) return { status: 'conflict', id: before.id }
    const told = { outcome: 'deliver', reasons: [], lane: 'open', code: 'code' } as const
    return { status: before === undefined ? 'decided' : 'repeat', id: before?.id ?? id, ...told, reasons: [] }
  }
}

export const idOf = (n: number): MessageId => `01890000-0000-7000-8000-${n.toString(16).padStart(12, '0')}` as MessageId

export class RecordedOperator implements OperatorPort {
  readonly acts: unknown[] = []
  readonly policy = freshPolicy()

  knowsClass = (name: string): boolean => Object.hasOwn(this.policy.classes, name)
  accountHash = (account: string): Hash64 => Buffer.from(account.padEnd(8)).toString('hex').slice(0, 16) as Hash64
  classes = async (): Promise<ClassStatus[]> => Object.keys(this.policy.classes).map(this.#status)

  setClass: OperatorPort['setClass'] = async (name, patch, by) => {
    this.acts.push({ act: 'set', name, patch, by })
    return { status: 'done', class: this.#status(name) }
  }
  pause: OperatorPort['pause'] = async stop => {
    this.acts.push({ act: 'pause', ...stop })
    return this.knowsClass(stop.class) ? { status: 'paused', handedOver: 3 } : { status: 'unknown-class' }
  }
  resume: OperatorPort['resume'] = async stop => {
    this.acts.push({ act: 'resume', ...stop })
    return this.knowsClass(stop.class) ? { status: 'done' } : { status: 'unknown-class' }
  }
  /** The one proposal there is. */
  proposal: ProposalStatus | undefined
  propose: OperatorPort['propose'] = async wanted => {
    this.acts.push({ act: 'propose', ...wanted })
    if (wanted.query.class === 'nope') return { status: 'refused', code: 'class.unknown' }
    const { by, ...rest } = wanted
    const numbers = { count: 2, done: 0, refused: {}, waiting: {}, at: 0, expiresAt: Date.UTC(2026, 0, 9) }
    const sample = [{ id: idOf(1) }]
    this.proposal = { id: idOf(9), by, ...rest, ...numbers, digest: 'd', sample, status: 'open' }
    return { status: 'done', proposal: this.proposal }
  }
  proposals: OperatorPort['proposals'] = async () => (this.proposal ? [this.proposal] : [])
  approve: OperatorPort['approve'] = async (id, by) => {
    this.acts.push({ act: 'approve', id, by })
    if (this.proposal?.id !== id) return { status: 'refused', code: 'proposal.unknown' }
    if (this.proposal.by === by) return { status: 'refused', code: 'approval.same-person' }
    return { status: 'done', proposal: { ...this.proposal, status: 'approved', approvedBy: by, approvedAt: 1 } }
  }
  cancel: OperatorPort['cancel'] = async (id, by) => {
    this.acts.push({ act: 'cancel', id, by })
    const ended = { how: 'cancelled', by, at: 1 } as const
    return { status: 'done', proposal: { ...this.proposal!, status: 'ended', ended } }
  }
  /** Of every message. */
  found: Finding[] | undefined
  findings: OperatorPort['findings'] = async () => this.found
  release: OperatorPort['release'] = async (id, by) => {
    this.acts.push({ act: 'release', id, by })
    return id === idOf(1) ? { status: 'done' } : { status: 'refused', code: 'message.unknown' }
  }
  discard: OperatorPort['discard'] = async (id, by, reason) => {
    this.acts.push({ act: 'discard', id, by, reason })
    return id === idOf(1) ? { status: 'done' } : { status: 'refused', code: 'message.not-held' }
  }
  healthNow: HealthStatus = { late: [] }
  health: OperatorPort['health'] = async () => this.healthNow
  clearBrake: OperatorPort['clearBrake'] = async by => {
    this.acts.push({ act: 'clear', by })
    return { status: this.healthNow.brakeFault ? 'done' : 'not-faulty' }
  }
  erase: OperatorPort['erase'] = async (account, by) => void this.acts.push({ act: 'erase', account, by })

  #status = (name: string): ClassStatus => {
    const lane = { perHour: 100, used: 1, floor: 100, forecast: 20 }
    return {
      name,
      policy: this.policy.classes[name] ?? this.policy.classes.other!,
      caps: this.policy.caps,
      requirements: { default: 'expected' },
      budgets: { reserved: lane, open: lane, system: lane, campaign: lane },
      stops: [{ by: 'operator', reason: 'test', since: 0, until: 1000 }],
    }
  }
}

/** An empty register. */
export const emptyRegister = (): Register => ({
  follow: async () => ({ position: () => 0, wake: () => {}, reached: async () => true, stop: async () => {} }),
  reached: async () => true,
  message: async () => undefined,
  list: async ({ cursor }) => (cursor === undefined ? { items: [], stale: false } : undefined),
  holds: async ({ cursor }) => (cursor === undefined ? { items: [], stale: false } : undefined),
  alarms: async ({ cursor }) => (cursor === undefined ? { items: [], stale: false } : undefined),
  confirmations: async () => ({ items: [], stale: false }),
  counts: async () => ({ classes: {}, stale: false }),
  stop: async () => {},
})

const application: Application = { name: 'shop' }
export const keyTable: Record<string, Key> = {
  send: { name: 'shop', application, scopes: ['send', 'read'] },
  causes: { name: 'web', scopes: ['causes'] },
  read: { name: 'reader', scopes: ['read'] },
  operate: { name: 'operator', scopes: ['operate', 'read'] },
  narrow: {
    name: 'narrow',
    application: { name: 'narrow', classes: ['other'], senders: ['a@example.org', '@example.net'] },
    scopes: ['send'],
  },
}
export const keys: Keys = { bearer: token => keyTable[token], smtp: async () => undefined }

/** No campaign there is. */
export const noCampaigns = (): CampaignPort => {
  const unknown = async () => ({ status: 'refused', code: 'campaign.unknown' }) as const
  return {
    draft: unknown,
    audience: unknown,
    find: async () => undefined,
    list: async () => [],
    dryRun: async () => undefined,
    approve: unknown,
    start: unknown,
    pause: unknown,
    resume: unknown,
    cancel: unknown,
    correct: async () => ({ status: 'unknown-text' }),
    mark: async () => ({ status: 'marked', messages: 0 }),
  }
}

/** Knows of no mail. */
export const nothingVerified: VerifyPort = {
  answer: async () => ({ verdict: 'unknown', advice: 'Be careful.' }),
  page: async form => ({
    status: form?.kind === 'refused' ? form.status : 200,
    headers: { 'content-type': 'text/html' },
    body: '<!doctype html>',
  }),
  isTrustedProxy: () => false,
}

const noTemplates = (): TemplatePort => {
  const unknown = async () => ({ status: 'refused', code: 'template.unknown' }) as const
  return {
    list: async () => [],
    find: async () => undefined,
    detail: async () => undefined,
    draft: unknown,
    act: unknown,
    preview: unknown,
    diff: unknown,
  }
}

export type Bench = {
  app: FastifyInstance
  intake: RecordedIntake
  operator: RecordedOperator
  logged: { fields: object; text: string }[]
}

/** The interface over recorded ports. */
export function httpOver(part: Partial<HttpDeps> = {}): Bench {
  const intake = new RecordedIntake()
  const operator = new RecordedOperator()
  const logged: Bench['logged'] = []
  const write = (fields: object, text: string) => void logged.push({ fields, text })
  const log = { debug: write, info: write, error: write }
  const app = buildHttp({
    intake,
    operator,
    campaigns: noCampaigns(),
    templates: noTemplates(),
    register: emptyRegister(),
    verify: nothingVerified,
    keys,
    metrics: new Registry(),
    ready: () => ({ ok: true }),
    log,
    now: () => Date.UTC(2026, 0, 8),
    ...part,
  })
  return { app, intake, operator, logged }
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

export const message = (part: object = {}) => ({
  class: 'password-reset',
  account: 'account-1',
  recipient: { email: 'someone@example.org' },
  subject: 'Reset your password',
  text: 'Follow the link.',
  ...part,
})

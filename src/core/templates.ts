import { assert, unreachable } from '../std/assert.ts'
import type { Event, MessageFacts, MessageId } from './events.ts'

/**
 * What messages may look like. A composed template is written here; a learnt one is the skeleton of the mails of a sender whose templates live
 * elsewhere. Each of its versions goes from draft over review to approval by a second person, and has its hash pinned on that way: what was
 * approved is what may leave. Here are names, hashes and who did what; the sources and skeletons themselves are the shell's to keep.
 */
export type Template = {
  name: string
  kind: 'composed' | 'learnt'
  /** The class that it is for; a learnt one always has it. */
  class?: string
  /** Whose mails show it; only of a learnt one. */
  application?: string
  /** From the oldest to the newest. */
  versions: TemplateVersion[]
}

export const templateStates = ['draft', 'in-review', 'approved', 'retired'] as const
export type TemplateState = (typeof templateStates)[number]

export type TemplateVersion = {
  version: string
  /** SHA-256, base64url, over the source and its compiler, or over the skeleton. */
  hash: string
  state: TemplateState
  /** Who drafted it last; `tocsin` for what was learnt. */
  author: string
  /** Everybody who drafted or submitted it: none of them may approve it. */
  shapedBy: string[]
  /** When it was drafted or learnt, ms. */
  at: number
  submittedBy?: string
  submittedAt?: number
  approvedBy?: string
  approvedAt?: number
  retiredBy?: string
  retiredAt?: number
  /** Why it is right although something was found against its wording or looks, by those who have said so. */
  despite?: { by: string; reason: string }[]
  /** Why it came back from review the last time. */
  returned?: { by: string; reason: string; at: number }
  /** Of a learnt one: how many messages have shown it, and the newest of them. */
  messages?: number
  examples?: MessageId[]
}

type Named = { template: string; version: string; hash: string }

export type TemplateEvent =
  /** Also a draft that is drafted anew, with another hash; one that was in review leaves it. */
  | ({ type: 'TemplateDrafted'; class?: string; by: string } & Named)
  | ({ type: 'TemplateSubmitted'; by: string; despite?: string } & Named)
  | ({ type: 'TemplateApproved'; by: string; despite?: string } & Named)
  /** Somebody has tried who may not, or meant something else than what is in review. */
  | ({ type: 'TemplateNotApproved'; by: string; code: NotApprovedCode } & Named)
  | ({ type: 'TemplateReturned'; by: string; reason: string } & Named)
  | ({ type: 'TemplateRetired'; by: string } & Named)
  | ({ type: 'SkeletonLearnt'; application: string; class: string } & Named)

export type NotApprovedCode = 'approval.same-person' | 'template.other-hash'

const templateEvents: Record<TemplateEvent['type'], true> = {
  TemplateDrafted: true,
  TemplateSubmitted: true,
  TemplateApproved: true,
  TemplateNotApproved: true,
  TemplateReturned: true,
  TemplateRetired: true,
  SkeletonLearnt: true,
}

export const isTemplateEvent = (event: Event): event is TemplateEvent => Object.hasOwn(templateEvents, event.type)

export const templatesMax = 512
/** Of one template. */
export const versionsMax = 32
/** Of one learnt template, looks that nobody has taken up: what changes with each mail must not push out what people decided on. */
export const untakenLooksMax = 8
/** Of one learnt look. */
export const examplesMax = 8

/** Whoever learns from what is sent is no person, and shapes nothing. */
export const byLearning = 'tocsin'

/** How a look stands to those that were approved for its sender and class. */
export type Approval = 'approved' | 'other-hash' | 'unknown'

/** All templates by name. Changed by `fold` alone. */
export class Templates {
  readonly #byName = new Map<string, Template>()
  /** Approved looks by sender and class: the hashes, and the messages that have shown them. */
  readonly #looks = new Map<string, Map<string, TemplateVersion>>()
  /** When people were told of a look that is not approved, by sender, class and hash; from the oldest to the newest. */
  readonly #told = new Map<string, number>()

  static from({ templates, told }: ReturnType<Templates['toJSON']>): Templates {
    const made = new Templates()
    for (const template of templates) made.#byName.set(template.name, template)
    for (const [key, at] of told) made.#told.set(key, at)
    made.index()
    return made
  }

  toJSON(): { templates: Template[]; told: [string, number][] } {
    return { templates: [...this.#byName.values()], told: [...this.#told] }
  }

  get size(): number {
    return this.#byName.size
  }

  get(name: string): Template | undefined {
    return this.#byName.get(name)
  }

  all(): IterableIterator<Template> {
    return this.#byName.values()
  }

  version({ template, version }: { template: string; version: string }): TemplateVersion | undefined {
    return this.#byName.get(template)?.versions.find(one => one.version === version)
  }

  /** The version that a message is written from which names none: the one that was approved last. */
  newestApproved(name: string): TemplateVersion | undefined {
    let newest: TemplateVersion | undefined
    for (const version of this.#byName.get(name)?.versions ?? [])
      if (version.state === 'approved' && (newest?.approvedAt ?? 0) <= version.approvedAt!) newest = version
    return newest
  }

  /**
   * Whether this version was approved for messages of this class with this very hash. `unknown` also for a retired version, for one without a
   * hash, and for a learnt one: nobody can write a message from it.
   */
  approvalOf({ name, version, hash }: { name: string; version?: string; hash?: string }, className: string): Approval {
    const template = this.#byName.get(name)
    if (template?.kind !== 'composed') return 'unknown'
    if (template.class !== undefined && template.class !== className) return 'unknown'
    const meant = version === undefined ? this.newestApproved(name) : this.version({ template: name, version })
    if (meant?.state !== 'approved' || hash === undefined) return 'unknown'
    return meant.hash === hash ? 'approved' : 'other-hash'
  }

  /** Whether what else says that this version is approved still counts: not once a person has retired it here. */
  isRetired(name: string, version: string | undefined): boolean {
    if (version === undefined) return false
    return this.version({ template: name, version })?.state === 'retired'
  }

  /** Whether any look of this sender and class was approved, so that one that was not holds. */
  guards(application: string, className: string): boolean {
    return this.#looks.size > 0 && this.#looks.has(lookKey(application, className))
  }

  isApprovedLook(application: string, className: string, hash: string | undefined): boolean {
    return hash !== undefined && this.#looks.get(lookKey(application, className))?.has(hash) === true
  }

  /** The approved looks of a sender and class, and how many messages have shown them. */
  approvedLooks(application: string, className: string): { looks: number; messages: number } {
    const looks = [...(this.#looks.get(lookKey(application, className))?.values() ?? [])]
    return { looks: looks.length, messages: looks.reduce((sum, { messages = 0 }) => sum + messages, 0) }
  }

  /** People are told once of each look, and of so many an hour of one sender and class: what changes with each mail is one fault. */
  isToldOf({ application, class: className, template }: MessageFacts, now: number): boolean {
    const key = lookKey(application, className)
    if (this.#told.has(`${key}/${template?.hash ?? ''}`)) return true
    let lately = 0
    for (const [told, at] of this.#told) if (now - at < hourMs && told.startsWith(`${key}/`)) lately++
    return lately >= toldPerHourMax
  }

  /** Notes what people were told of: exactly when `isToldOf` said that they were not. */
  noteTold(facts: MessageFacts, at: number): void {
    if (this.isToldOf(facts, at)) return
    this.#told.set(`${lookKey(facts.application, facts.class)}/${facts.template?.hash ?? ''}`, at)
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= toldMax) return
      this.#told.delete(oldest)
    }
  }

  /** A message has shown a look that was learnt. */
  countLook({ id, template }: MessageFacts): void {
    if (!template?.learnt || template.version === undefined) return
    const look = this.version({ template: template.name, version: template.version })
    if (look?.hash !== template.hash) return
    look!.messages = (look!.messages ?? 0) + 1
    look!.examples = [...(look!.examples ?? []), id].slice(-examplesMax)
  }

  /** Whether one more version of this template finds its place, if need be that of one that nobody will miss. */
  roomFor(name: string): 'templates.too-many' | 'template.versions-too-many' | undefined {
    const template = this.#byName.get(name)
    if (template) {
      const isFull = template.versions.length >= versionsMax && !dispensable(template)
      return isFull ? 'template.versions-too-many' : undefined
    }
    return this.#byName.size >= templatesMax && !this.#untaken() ? 'templates.too-many' : undefined
  }

  add(named: Omit<Template, 'versions'>, version: TemplateVersion): void {
    const known = this.#byName.get(named.name)
    if (!known) {
      const untaken = this.#byName.size >= templatesMax ? this.#untaken() : undefined
      if (untaken) this.#byName.delete(untaken.name)
    }
    const template: Template = known ?? { ...named, versions: [] }
    this.#byName.set(named.name, template)
    const looks = template.versions.filter(isUntakenLook)
    if (looks.length >= untakenLooksMax) drop(template, looks[0])
    else if (template.versions.length >= versionsMax) drop(template, dispensable(template))
    template.versions.push(version)
  }

  /** Made anew whenever something is approved or retired, in the order of the templates, so that a restored state has the very same. */
  index(): void {
    this.#looks.clear()
    for (const { application, class: className, versions } of this.#byName.values()) {
      if (application === undefined) continue
      const key = lookKey(application, className!)
      for (const version of versions) {
        if (version.state !== 'approved' || this.#looks.get(key)?.has(version.hash)) continue
        this.#looks.set(key, (this.#looks.get(key) ?? new Map<string, TemplateVersion>()).set(version.hash, version))
      }
    }
  }

  /** The oldest learnt template of which nobody has taken up anything. */
  #untaken(): Template | undefined {
    for (const template of this.#byName.values()) if (template.versions.every(isUntakenLook)) return template
    return undefined
  }
}

const lookKey = (application: string, className: string): string => `${application}/${className}`

const hourMs = 3_600_000
const toldPerHourMax = 8
const toldMax = 256

/** Learnt, and no person has submitted it. */
const isUntakenLook = ({ author, state, shapedBy }: TemplateVersion): boolean =>
  author === byLearning && state === 'draft' && shapedBy.length === 0

/** The version that goes first when there are too many. */
const dispensable = ({ versions }: Template): TemplateVersion | undefined =>
  versions.find(isUntakenLook) ?? versions.find(({ state }) => state === 'retired')

function drop(template: Template, gone: TemplateVersion | undefined): void {
  template.versions = template.versions.filter(version => version !== gone)
}

export function foldTemplate(templates: Templates, event: TemplateEvent, at: number): void {
  switch (event.type) {
    case 'TemplateDrafted':
      return drafted(templates, event, at)
    case 'SkeletonLearnt': {
      const { template: name, version, hash, application, class: className } = event
      const learnt: TemplateVersion = { version, hash, state: 'draft', author: byLearning, shapedBy: [], at }
      return templates.add({ name, kind: 'learnt', class: className, application }, learnt)
    }
    case 'TemplateNotApproved':
      return
    default:
      return moved(templates, event, at)
  }
}

function drafted(
  templates: Templates,
  { template: name, version, hash, class: className, by }: Extract<TemplateEvent, { type: 'TemplateDrafted' }>,
  at: number,
): void {
  const before = templates.version({ template: name, version })
  if (!before) {
    const draft: TemplateVersion = { version, hash, state: 'draft', author: by, shapedBy: [by], at }
    return templates.add({ name, kind: 'composed', ...(className !== undefined && { class: className }) }, draft)
  }
  Object.assign(before, { hash, state: 'draft', author: by, at })
  shape(before, by)
  delete before.submittedBy
  delete before.submittedAt
  delete before.despite
}

type Moved = Exclude<TemplateEvent, { type: 'TemplateDrafted' | 'SkeletonLearnt' | 'TemplateNotApproved' }>

function moved(templates: Templates, event: Moved, at: number): void {
  const { by } = event
  const version = templates.version(event)
  assert(version, 'a version is drafted or learnt before anything happens to it')
  switch (event.type) {
    case 'TemplateSubmitted':
      Object.assign(version, { state: 'in-review', submittedBy: by, submittedAt: at })
      noteDespite(version, event)
      return shape(version, by)
    case 'TemplateApproved':
      Object.assign(version, { state: 'approved', approvedBy: by, approvedAt: at })
      noteDespite(version, event)
      return templates.index()
    case 'TemplateReturned':
      Object.assign(version, { state: 'draft', returned: { by, reason: event.reason, at } })
      return
    case 'TemplateRetired':
      Object.assign(version, { state: 'retired', retiredBy: by, retiredAt: at })
      return templates.index()
    default:
      return unreachable(event)
  }
}

function noteDespite(version: TemplateVersion, { by, despite }: { by: string; despite?: string }): void {
  if (despite !== undefined)
    version.despite = [...(version.despite ?? []).filter(one => one.by !== by), { by, reason: despite }]
}

function shape(version: TemplateVersion, by: string): void {
  if (!version.shapedBy.includes(by)) version.shapedBy.push(by)
}

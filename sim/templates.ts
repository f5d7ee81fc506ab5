import type { ContentFinding } from '../src/core/content.ts'
import type { Event, MessageFacts } from '../src/core/events.ts'
import { isSamePerson } from '../src/core/people.ts'
import type { TemplateCommand } from '../src/core/template-decisions.ts'
import { act } from '../src/engine/operator.ts'
import type { MemoryStore } from '../src/journal/memory/journal.ts'
import { eventsOf } from './dump.ts'
import type { Host } from './host.ts'
import { untilAnswered } from './sender.ts'
import type { World } from './world.ts'

const people = ['first operator', 'command line', 'ana', 'ben', 'cem'] as const
export const drafts = ['1', '2', '3'] as const
/** Looks of the mails that come in as they are; what users write into one changes its hash. */
export const looks = ['look-1', 'look-2'] as const
export const composed = 'notice'
const learnt = 'look'
const named = (version: string, hash = version) => ({ version, hash })

/** People who draft, submit, approve, return and retire, together and alone, and somebody who learns what mails look like. */
export class Studio {
  readonly wrong: string[] = []
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  async act(host: Host): Promise<void> {
    const world = this.#world
    if (world.chance(0.3)) return this.#look(host)
    const template = composed
    const of = named(world.pick(drafts), world.pick(['a', 'a', 'b']))
    await this.#do(host, { type: 'DraftTemplate', template, ...of, class: 'password-reset', by: world.pick(people) })
    await this.#goOn(host, { template, ...of })
  }

  async #look(host: Host): Promise<void> {
    const version = this.#world.pick(looks)
    const of = { template: learnt, ...named(version) }
    await this.#do(host, { type: 'LearnSkeleton', ...of, application: 'shop', class: 'other' })
    if (this.#world.chance(0.5)) await this.#goOn(host, of)
  }

  async #goOn(host: Host, of: { template: string; version: string; hash: string }): Promise<void> {
    const world = this.#world
    await world.sleep(world.between(0, 5000))
    await this.#do(host, { type: 'SubmitTemplate', ...of, by: world.pick(people) })
    await world.sleep(world.between(0, 5000))
    const by = world.pick(people)
    if (world.chance(0.15)) await this.#do(host, { type: 'ReturnTemplate', ...of, by, reason: 'drill' })
    const before = host.partition?.state.templates.version(of)
    const answer = await this.#do(host, { type: 'ApproveTemplate', ...of, by })
    if (answer.type === 'done' && before?.shapedBy.some(person => isSamePerson(person, by)))
      this.wrong.push(`${by} has approved what they had a hand in`)
    await world.sleep(world.between(0, 60_000))
    if (world.chance(0.5)) await this.#do(host, { type: 'RetireTemplate', ...of, by: world.pick(people) })
  }

  #do(host: Host, command: TemplateCommand) {
    return untilAnswered(this.#world, host, () => host.partition && act(host.partition, command))
  }
}

/** What is found in the bytes of the n-th message: mostly nothing. */
export function findingsOf(n: number): ContentFinding[] {
  if (n % 11 !== 0) return []
  return n % 22 === 0 ? ['content.link'] : ['content.slot-active', 'content.other-address']
}

/** The look of the n-th mail: one that was learnt, one of an hour that nobody has seen, or none. */
export function lookOf(n: number): { name: string; version: string; hash: string } | undefined {
  if (n % 3 === 0) return undefined
  const version = n % 7 === 0 ? `new-${n}` : looks[n % 2]!
  return { name: learnt, ...named(version) }
}

/** A version as an auditor knows it. */
type Known = { hash: string; state: string; hands: Set<string> }
type Book = {
  versions: Map<string, Known>
  isPlain: Map<string, MessageFacts>
  wrong: string[]
  approvals: number
  kept: number
}

/**
 * Reads the journals as an auditor does, with none of the core's own folding: nothing is approved by one person, or with another hash than the one
 * that was submitted; and what goes without a person's word has no finding, is written from what is approved, and looks as is approved.
 */
export function templatesHold(
  store: MemoryStore,
  partitions: number,
): { wrong: string[]; approvals: number; kept: number } {
  const all = { wrong: [] as string[], approvals: 0, kept: 0 }
  for (let number = 0; number < partitions; number++) {
    const book: Book = { versions: new Map(), isPlain: new Map(), wrong: [], approvals: 0, kept: 0 }
    for (const row of store.partitions.get(number)?.rows ?? []) for (const event of eventsOf(row)) read(book, event)
    all.wrong.push(...book.wrong)
    all.approvals += book.approvals
    all.kept += book.kept
  }
  return all
}

function read(book: Book, event: Event): void {
  switch (event.type) {
    case 'TemplateDrafted':
    case 'SkeletonLearnt': {
      const key = `${event.template}@${event.version}`
      const hands = book.versions.get(key)?.hands ?? new Set()
      if (event.type === 'TemplateDrafted') hands.add(event.by)
      book.versions.set(key, { hash: event.hash, state: 'draft', hands })
      return
    }
    case 'TemplateSubmitted':
    case 'TemplateReturned':
    case 'TemplateApproved':
    case 'TemplateRetired':
      return moved(book, event)
    case 'MessageDecided': {
      const { message, outcome } = event
      if (message.findings && outcome === 'hold') book.kept++
      book.isPlain.set(message.id, message)
      if (outcome === 'deliver') goes(book, message, 'when it was decided')
      return
    }
    case 'MessageReleased':
      // What has waited for a moment only was looked at when it was decided.
      if (event.by === undefined && !event.reasons.includes('evidence.soft'))
        goes(book, book.isPlain.get(event.id), 'when it had waited')
      return
    default:
      return
  }
}

type Moved = Extract<Event, { type: 'TemplateSubmitted' | 'TemplateReturned' | 'TemplateApproved' | 'TemplateRetired' }>

function moved(book: Book, event: Moved): void {
  const name = `${event.template}@${event.version}`
  const known = book.versions.get(name)
  if (!known || known.hash !== event.hash) return void book.wrong.push(`${event.type} of ${name} is about another hash`)
  if (event.type === 'TemplateSubmitted') known.hands.add(event.by)
  if (event.type === 'TemplateApproved') {
    book.approvals++
    if (known.state !== 'in-review') book.wrong.push(`${name} was approved as ${known.state}`)
    if ([...known.hands].some(person => isSamePerson(person, event.by)))
      book.wrong.push(`${name} was approved by ${event.by}, who had a hand in it`)
  }
  known.state = states[event.type]
}

const states: Record<Moved['type'], string> = {
  TemplateSubmitted: 'in-review',
  TemplateReturned: 'draft',
  TemplateApproved: 'approved',
  TemplateRetired: 'retired',
}

/** It goes without anybody's word. */
function goes({ versions, wrong }: Book, facts: MessageFacts | undefined, when: string): void {
  if (!facts || facts.via === 'notice' || facts.via === 'probe') return
  const { id, template, findings } = facts
  if (findings) wrong.push(`${id} went with ${findings.join(' and ')} ${when}`)
  if (template && !template.learnt) {
    const known = versions.get(`${template.name}@${template.version}`)
    const isAsApproved = known?.state === 'approved' && known.hash === template.hash
    if (template.name === composed && !isAsApproved)
      wrong.push(`${id} went in ${template.version}, ${known?.state ?? 'unknown'}, ${when}`)
    return
  }
  if (facts.class !== 'other') return
  const approved = looks.filter(look => versions.get(`${learnt}@${look}`)?.state === 'approved')
  if (approved.length > 0 && !approved.some(look => look === template?.hash))
    wrong.push(`${id} went as ${template?.hash ?? 'nothing known'} ${when}, and only ${approved.join()} may`)
}

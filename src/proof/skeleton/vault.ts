import { learntPrefix } from '../../core/scope.ts'
import {
  type Candidate,
  hashOf,
  isLearnt,
  type Limits,
  newCandidate,
  type ReadPart,
  readParts,
  revealed,
  type TokenHash,
  takeIn,
} from './candidate.ts'
import { type Change, type ChangeKind, changesOf } from './changes.ts'
import type { Look } from './look.ts'
import { compile, type GapValue, type Matcher, Reading } from './match.ts'
import { canonicalSkeleton, isFixed, isTelling, type Skeleton } from './skeleton.ts'
import { kinds, type Token } from './tokens.ts'

/** A skeleton that was learnt: nothing in it is personal. `changes`: what is other than in the version that it is closest to. */
export type Learnt = {
  name: string
  version: string
  /** SHA-256, base64url, of the canonical skeleton. */
  hash: string
  application: string
  class: string
  skeleton: Skeleton
  mails: number
  learntAt: number
  changes: Change[]
  /** The version that `changes` speaks of. */
  comparedTo?: string
}

/** A mail at the gate. `recipient`: keyed hash of the canonical mailbox. `at`: ms. */
export type Sighting = { application: string; class: string; recipient: string; look: Look; at: number }

/**
 * `template`: what the mail shows; of a look that is close to a learnt one and not learnt itself the version is `unlearnt`, and the hash stands
 * for the look as long as it is being learnt. `values`: what stands in the gaps. `learnt`: this mail was the one that made it known.
 */
export type Recognition = {
  template?: { name: string; version: string; hash: string }
  values: GapValue[]
  learnt?: Learnt
  /** This mail was the first of a look that is close to a learnt one. */
  begun?: Begun
}

export type Begun = { look: string; comparedTo: string; changes: Change[] }

export const unlearnt = 'unlearnt'

/** A look that is being learnt. `near`: the learnt one that it is close to; `changes`: how it differs, new words masked. */
export type Underway = {
  id: string
  candidate: Candidate
  /** Tokens of its first mail: what it counts for. */
  tokens: number
  near?: { name: string; version: string }
  changes: Change[]
  /** Stands for the kinds of its changes: mails that differ in another way are another look. */
  differing: string
}

export type Group = {
  application: string
  class: string
  /** The one seen last is first. */
  learnt: Known[]
  underway: Underway[]
  /** Numbers given: of templates, of versions by name, of looks under way. */
  names: number
  versions: Record<string, number>
  looks: number
  /** Looks in a row that were like none before, and mails since the last one that was looked at. */
  strange: number
  passed: number
  /** Mails since something was learnt that had no known look. */
  unknown: number
  /** Words that enough people got, as hashes. */
  words: Set<number>
  dirty: boolean
}

/** `markers`: words by which mails that are close to it are known. */
type Known = Learnt & { matches: Matcher; words: Set<number>; markers: number[] }

/** What of a group is stored, sealed: hashes of words, no word. */
export type GroupState = Pick<Group, 'underway' | 'names' | 'versions' | 'looks' | 'strange' | 'passed' | 'unknown'>

export type VaultLimits = Limits & {
  /** Of one application and class; the one that was not seen for longest goes. */
  underwayMax: number
  /** Over all. */
  tokensUnderwayMax: number
  learntMax: number
  /** Over all. */
  groupsMax: number
  /** A look that got no mail for so long is forgotten, ms. */
  underwayAgeMsMax: number
  wordsMax: number
}

export const defaultVaultLimits: VaultLimits = {
  recipientsMin: 5,
  stableMailsMin: 10,
  underwayMax: 32,
  tokensUnderwayMax: 500_000,
  learntMax: 32,
  groupsMax: 256,
  underwayAgeMsMax: 30 * 86_400_000,
  wordsMax: 20_000,
}

export type VaultOptions = {
  hash: TokenHash
  /** SHA-256, base64url. */
  digest(text: string): string
  /** Learnt looks that people decided on are not pushed out by those that nobody has taken up. */
  isTakenUp?(learnt: Learnt): boolean
  limits?: Partial<VaultLimits>
}

const markersMax = 48
/** From this share of its markers on a mail is tried with a look under way, or compared with a learnt one. */
const nearShareMin = 0.5
/** After so many looks in a row that were like none before, fewer and fewer mails are looked at: who writes each mail by hand has no template. */
const strangeMax = 40
const passedShiftMax = 6
/** So many mails of no known look are all looked at; of what follows one in `unknown / unknownMax`, at least one in 64. A look takes 1 to 3 ms. */
const unknownMax = 300
const sampleMax = 64

/**
 * The looks of the mails of senders whose templates live elsewhere. Learns from what it sees; recognizes what it has learnt. What it keeps in
 * plain was in mails to `recipientsMin` different mailboxes; of everything else it has keyed hashes. All work and all memory is bounded, for
 * a sender can send whatever it likes.
 */
export class Vault {
  readonly #options: VaultOptions
  readonly limits: VaultLimits
  readonly #groups = new Map<string, Group>()

  constructor(options: VaultOptions) {
    this.#options = options
    this.limits = { ...defaultVaultLimits, ...options.limits }
  }

  see(sighting: Sighting): Recognition {
    const group = this.#group(sighting)
    return recognized(group, new Reading(sighting.look)) ?? this.#learn(group, sighting)
  }

  /**
   * Which of the looks of an application a mail has, or is close to, in whatever class; nothing is learnt from it. Also what is close: a mail
   * that was tampered with is not to get away with being of no class.
   */
  recognize(application: string, look: Look, isWanted: (learnt: Learnt) => boolean): Learnt | undefined {
    const reading = new Reading(look)
    const wanted = this.#learntBy(application).filter(isWanted)
    if (wanted.length === 0) return undefined
    const known = wanted.find(one => one.matches(reading))
    if (known) return known
    const parts = readParts(look, this.#options.hash)
    return parts && nearestKnown(wanted, tellingOf(parts))
  }

  /** Whether `recognize` could find anything: asked of every mail without a class. */
  knows(application: string, isWanted: (learnt: Learnt) => boolean): boolean {
    for (const group of this.#groups.values())
      if (group.application === application && group.learnt.some(isWanted)) return true
    return false
  }

  #learntBy(application: string): Known[] {
    return [...this.#groups.values()].flatMap(group => (group.application === application ? group.learnt : []))
  }

  learnt(): Learnt[] {
    return [...this.#groups.values()].flatMap(({ learnt }) => learnt)
  }

  find(name: string, version: string): Learnt | undefined {
    return this.learnt().find(one => one.name === name && one.version === version)
  }

  /** How looks that are not learnt yet differ from the one they are close to, by the template's name; the one seen last is first. */
  changesUnderway(
    name: string,
  ): { look: string; comparedTo: string; mails: number; seenAt: number; changes: Change[] }[] {
    const found = [...this.#groups.values()].flatMap(({ underway }) =>
      underway.filter(({ near }) => near?.name === name),
    )
    return found
      .map(({ id, near, candidate, changes }) => {
        const { mails, seenAt } = candidate
        return { look: id, comparedTo: near!.version, mails, seenAt, changes }
      })
      .sort((a, b) => b.seenAt - a.seenAt)
  }

  /** Takes back what was stored. Learnt ones come first. */
  restore(learnt: Learnt): void {
    const group = this.#group(learnt)
    const version = Number(learnt.version)
    group.versions[learnt.name] = Math.max(group.versions[learnt.name] ?? 0, version)
    group.names = Math.max(group.names, Number(learnt.name.slice(learnt.name.lastIndexOf(':') + 1)) || 0)
    this.#know(group, learnt)
  }

  restoreState(key: { application: string; class: string }, state: GroupState): void {
    const group = this.#group(key)
    const { names, versions, underway, looks, strange, passed, unknown } = state
    for (const [name, version] of Object.entries(versions))
      group.versions[name] = Math.max(group.versions[name] ?? 0, version)
    group.names = Math.max(group.names, names)
    Object.assign(group, { underway, looks, strange, passed, unknown })
  }

  /** The states that have changed since they were asked for last. */
  changedStates(): { application: string; class: string; state: GroupState }[] {
    const changed = [...this.#groups.values()].filter(({ dirty }) => dirty)
    return changed.map(group => {
      group.dirty = false
      const { application, class: className, underway, names, versions, looks, strange, passed, unknown } = group
      return { application, class: className, state: { underway, names, versions, looks, strange, passed, unknown } }
    })
  }

  #group({ application, class: className }: { application: string; class: string }): Group {
    const key = `${application}\n${className}`
    const known = this.#groups.get(key)
    if (known) return known
    if (this.#groups.size >= this.limits.groupsMax) this.#forgetGroup()
    const group: Group = { application, class: className, ...newGroup() }
    this.#groups.set(key, group)
    return group
  }

  /** The first that has learnt nothing, else the first. */
  #forgetGroup(): void {
    let gone: string | undefined
    for (const [key, { learnt }] of this.#groups) {
      gone ??= key
      if (learnt.length > 0) continue
      gone = key
      break
    }
    if (gone !== undefined) this.#groups.delete(gone)
  }

  #learn(group: Group, { recipient, look: seen, at }: Sighting): Recognition {
    if (++group.passed < sampling(group)) return passedOver(group)
    group.passed = 0
    const parts = readParts(seen, this.#options.hash)
    if (!parts) return { values: [] }
    group.dirty = true
    const telling = tellingOf(parts)
    group.underway = group.underway.filter(({ candidate }) => at - candidate.seenAt <= this.limits.underwayAgeMsMax)
    const near = nearestKnown(group.learnt, telling)
    const changes = near ? this.#changes(group, near, parts) : []
    const differing = near ? `${near.name}/${near.version} ${signatureOf(changes)}` : ''
    const alike = group.underway.filter(one => one.differing === differing)
    const taken = nearest(alike, telling).find(({ candidate }) =>
      takeIn(candidate, parts, { recipient, at }, this.limits),
    )
    const look = { changes, differing, ...(near && { near: { name: near.name, version: near.version } }) }
    const underway = taken ?? this.#begin(group, look, newCandidate(parts, recipient, at))
    group.strange = taken ? 0 : group.strange + 1
    if (taken && isLearnt(taken.candidate, this.limits)) {
      const learnt = this.#promote(group, taken, parts, at)
      if (learnt) return { template: namedOf(learnt), values: [], learnt }
    }
    if (!underway.near) return { values: [] }
    const { id, near: closest } = underway
    const shown: Recognition = { template: { name: closest.name, version: unlearnt, hash: id }, values: [] }
    return taken ? shown : { ...shown, begun: { look: id, comparedTo: closest.version, changes } }
  }

  #begin(group: Group, look: Pick<Underway, 'near' | 'changes' | 'differing'>, candidate: Candidate): Underway {
    const tokens = candidate.parts.reduce((sum, { hashes }) => sum + hashes.length, 0)
    const underway: Underway = { id: `look-${++group.looks}`, candidate, tokens, ...look }
    if (group.underway.length >= this.limits.underwayMax) drop(group)
    group.underway.push(underway)
    this.#makeRoom(group)
    return underway
  }

  /** Those of others go last: who sends much pays with its own. */
  #makeRoom(group: Group): void {
    let tokens = 0
    for (const { underway } of this.#groups.values()) for (const one of underway) tokens += one.tokens
    const donors = [group, ...this.#groups.values()]
    for (const donor of donors)
      while (tokens > this.limits.tokensUnderwayMax && donor.underway.length > (donor === group ? 1 : 0))
        tokens -= drop(donor)
  }

  #changes(group: Group, near: Known, parts: ReadPart[]): Change[] {
    const { hash } = this.#options
    return changesOf(near.skeleton, parts, hash, token => group.words.has(hashOf(token, hash)))
  }

  /** `undefined` in the rare case that the mail does not show all of the look in the bounds of the alignment. */
  #promote(group: Group, { candidate, near, id }: Underway, parts: ReadPart[], at: number): Learnt | undefined {
    const skeleton = revealed(candidate, parts)
    if (!skeleton) return undefined
    const hash = this.#options.digest(canonicalSkeleton(skeleton))
    const base = group.learnt.find(one => one.name === near?.name && one.version === near.version)
    const { application, class: className } = group
    const name = near?.name ?? `${learntPrefix}${application}:${className}:${++group.names}`
    const version = (group.versions[name] = (group.versions[name] ?? 0) + 1)
    const learnt: Learnt = {
      name,
      version: String(version),
      hash,
      application,
      class: className,
      skeleton,
      mails: candidate.mails,
      learntAt: at,
      changes: [],
    }
    group.underway = group.underway.filter(one => one.id !== id)
    group.unknown = 0
    this.#know(group, learnt)
    if (base) Object.assign(learnt, { changes: this.#changes(group, base, parts), comparedTo: base.version })
    const known = group.learnt[0]!
    known.changes = learnt.changes
    if (learnt.comparedTo !== undefined) known.comparedTo = learnt.comparedTo
    return learnt
  }

  #know(group: Group, learnt: Learnt): void {
    const { hash, isTakenUp } = this.#options
    if (group.learnt.length >= this.limits.learntMax) {
      const spare = group.learnt.findLastIndex(one => !isTakenUp?.(one))
      group.learnt.splice(spare < 0 ? group.learnt.length - 1 : spare, 1)
    }
    const fixed = fixedTokens(learnt.skeleton)
    for (const token of fixed) if (group.words.size < this.limits.wordsMax) group.words.add(hashOf(token, hash))
    const words = new Set(fixed.filter(isSaying).map(token => hashOf(token, hash)))
    group.learnt.unshift({ ...learnt, matches: compile(learnt.skeleton), words, markers: [] })
    for (const known of group.learnt) known.markers = ownWords(known, group.learnt)
  }
}

/** The look that is missed least: of those with one mail, else of all, the one that was seen longest ago. How many tokens that was. */
function drop(group: Group): number {
  const single = group.underway.filter(({ candidate }) => candidate.mails === 1)
  const from = single.length > 0 ? single : group.underway
  const gone = from.reduce((a, b) => (b.candidate.seenAt < a.candidate.seenAt ? b : a))
  group.underway.splice(group.underway.indexOf(gone), 1)
  return gone.tokens
}

const newsThatCounts = new Set<ChangeKind>([
  'link-host',
  'link-added',
  'address-added',
  'attribute-added',
  'tag-added',
  'tracking-pixel',
  'image-added',
])

/** What is new in words may be a value, and another one in each mail. */
const signatureOf = (changes: readonly Change[]): string =>
  JSON.stringify(changes.map(({ part, kind, was, now }) => [part, kind, was, newsThatCounts.has(kind) && now]))

const newGroup = (): Omit<Group, 'application' | 'class'> => ({
  learnt: [],
  underway: [],
  names: 0,
  versions: {},
  looks: 0,
  strange: 0,
  passed: 0,
  unknown: 0,
  words: new Set(),
  dirty: true,
})

/** One in how many mails of no known look is looked at. */
function sampling(group: Group): number {
  const { strange, unknown, learnt } = group
  group.unknown = unknown + 1
  if (unknown > unknownMax) return Math.min(Math.floor(unknown / unknownMax) + 1, sampleMax)
  return strange > strangeMax && learnt.length === 0 ? 1 << Math.min(strange - strangeMax, passedShiftMax) : 1
}

/** What is said of a mail that was not looked at: most likely it is as the one before. */
function passedOver({ underway }: Group): Recognition {
  let last: Underway | undefined
  for (const one of underway) if (one.near && (!last || one.candidate.seenAt >= last.candidate.seenAt)) last = one
  if (!last) return { values: [] }
  return { template: { name: last.near!.name, version: unlearnt, hash: last.id }, values: [] }
}

const namedOf = ({ name, version, hash }: Learnt) => ({ name, version, hash })

/** The one that was seen last is tried first. */
function recognized(group: Group, reading: Reading): Recognition | undefined {
  const { learnt } = group
  for (let i = 0; i < learnt.length; i++) {
    const known = learnt[i]!
    const values = known.matches(reading)
    if (!values) continue
    if (i > 0) [learnt[i], learnt[i - 1]] = [learnt[i - 1]!, known]
    return { template: namedOf(known), values }
  }
  return undefined
}

const fixedTokens = ({ parts }: Skeleton): Token[] =>
  parts.flatMap(({ pieces }) => pieces.flatMap(piece => (isFixed(piece) ? piece.fixed : [])))

function tellingOf(parts: readonly ReadPart[]): Set<number> {
  const telling = new Set<number>()
  for (const { tokens, hashes } of parts)
    for (let i = 0; i < tokens.length; i++) if (isTelling(tokens[i]!.kind)) telling.add(hashes[i]!)
  return telling
}

const isSaying = ({ kind }: Token): boolean => isTelling(kind) && kind !== 'tag' && kind !== 'value'

const ownWordsMin = 6

/** Senders have one layout for all their mails: what other templates say as well tells nothing, as long as enough is left. */
function ownWords({ name, words }: Known, all: readonly Known[]): number[] {
  const others = all.filter(one => one.name !== name)
  const own = [...words].filter(word => !others.some(other => other.words.has(word)))
  return spread(own.length >= ownWordsMin ? own : [...words])
}

/** Some of many, evenly. */
function spread(values: readonly number[]): number[] {
  if (values.length <= markersMax) return [...values]
  return Array.from({ length: markersMax }, (_, i) => values[Math.floor((i * values.length) / markersMax)]!)
}

function share(markers: readonly number[], telling: ReadonlySet<number>): number {
  let found = 0
  for (const marker of markers) if (telling.has(marker)) found++
  return markers.length === 0 ? 0 : found / markers.length
}

const knownMarkers = new WeakMap<Candidate['parts'], number[]>()

/** Made anew when a mail was taken in. */
function markersOf({ parts }: Candidate): number[] {
  const known = knownMarkers.get(parts)
  if (known) return known
  const telling = new Set<number>()
  for (const { hashes, kinds: numbers } of parts)
    for (let i = 0; i < hashes.length; i++) if (isTelling(kinds[numbers[i]!]!)) telling.add(hashes[i]!)
  const markers = spread([...telling])
  knownMarkers.set(parts, markers)
  return markers
}

/** Those that a mail may belong to, the most likely first. */
function nearest(underway: readonly Underway[], telling: ReadonlySet<number>): Underway[] {
  return underway
    .map(one => ({ one, near: share(markersOf(one.candidate), telling) }))
    .filter(({ near }) => near >= nearShareMin)
    .sort((a, b) => b.near - a.near)
    .slice(0, 3)
    .map(({ one }) => one)
}

function nearestKnown(learnt: readonly Known[], telling: ReadonlySet<number>): Known | undefined {
  let best: Known | undefined
  let most = nearShareMin
  for (const known of learnt) {
    const near = share(known.markers, telling)
    if (near < most || (near === most && best)) continue
    best = known
    most = near
  }
  return best
}

import { type Hash64, hash64, high, low, mix, nameHash } from '../std/hash64.ts'
import { Table } from '../std/table.ts'
import type { CauseFacts, MessageFacts, Trust } from './events.ts'
import { trusts } from './events.ts'
import { type CauseKind, type ClassPolicy, type CredentialChange, causeKinds, credentialChanges } from './policy.ts'
import type { ReasonCode } from './reasons.ts'

/**
 * The cause ledger: which events were reported, for which account, and what each has already justified. One cause justifies one message per
 * class and recipient. Six tables, all bounded by the longest freshness of a class:
 *
 * | table     | key                         | row                                              |
 * |-----------|-----------------------------|--------------------------------------------------|
 * | causes    | cause                       | account 2, the account's cause before it 2, what and who 1, occurred (s) 1 |
 * | accounts  | account                     | newest cause 2, generation of its addresses 1, seen (s) 1, addresses named (s) 1 |
 * | addresses | account × address           | generation and whether verified 1, seen (s) 1    |
 * | owners    | address                     | account 2, seen (s) 1                            |
 * | uses      | cause × class × address     | used (s) 1                                       |
 */
export type Ledger = { causes: Table; accounts: Table; addresses: Table; owners: Table; uses: Table }

export const newLedger = (): Ledger => ({
  causes: new Table('causes', { rowWords: 8, shardBits: 10 }),
  accounts: new Table('accounts', { rowWords: 7, shardBits: 10 }),
  addresses: new Table('addresses', { rowWords: 4, shardBits: 10 }),
  owners: new Table('owners', { rowWords: 5, shardBits: 10 }),
  uses: new Table('uses', { rowWords: 3, shardBits: 10 }),
})

/** How many of an account's causes are looked at for a message that names none. */
const causesLookedAtMax = 16

/** A word of a row has no sign: what claims to be from before 1970 is from then, or it would seem to come from the year 2106. */
const seconds = (at: number): number => Math.max(0, Math.floor(at / 1000))

/** What a row keeps of its cause in one word, from the lowest bit: kind 4, trust 2, known 1, from a network not seen before 1, agent 5, network 5, source 8, its network asks too much 1, finished 1, what it changed 3 (0: it did not say). */
export type CauseTraits = {
  kind: number
  trust: number
  known: boolean
  newNetwork: boolean
  agent: number
  networkClass: number
  source: number
  /** Its network has asked for more than its share. */
  concentrated: boolean
  /** What a `credential.changed` changed. */
  change: CredentialChange | undefined
}

export const sourcesMax = 255

function traitsWord(traits: CauseTraits): number {
  const { kind, trust, known, newNetwork, agent, networkClass, source, concentrated, change } = traits
  const changed = change === undefined ? 0 : credentialChanges.indexOf(change) + 1
  const flags = (known ? 1 << 6 : 0) | (newNetwork ? 1 << 7 : 0) | (concentrated ? 1 << 26 : 0) | (changed << 28)
  return ((kind & 15) | ((trust & 3) << 4) | flags | (agent << 8) | (networkClass << 13) | (source << 18)) >>> 0
}

const finishedBit = 1 << 27

const changeOf = (word: number): CredentialChange | undefined => credentialChanges[((word >>> 28) & 7) - 1]

const traitsOf = (word: number): CauseTraits => ({
  kind: word & 15,
  trust: (word >>> 4) & 3,
  known: ((word >>> 6) & 1) === 1,
  newNetwork: ((word >>> 7) & 1) === 1,
  agent: (word >>> 8) & 31,
  networkClass: (word >>> 13) & 31,
  source: (word >>> 18) & 255,
  concentrated: ((word >>> 26) & 1) === 1,
  change: changeOf(word),
})

export type MatchedCause = {
  key: Hash64
  kind: CauseKind
  account: Hash64
  trust: Trust
  occurredAt: number
  traits: CauseTraits
}

export type Match =
  | { status: 'matched'; cause: MatchedCause; account: Hash64 }
  | { status: 'unmatched'; code: ReasonCode; account: Hash64 }

export const hasCause = (ledger: Ledger, key: Hash64): boolean => ledger.causes.find(high(key), low(key)) >= 0

/** `traits`: what the state knows of the cause besides, such as the number of its source. */
export function recordCause(
  ledger: Ledger,
  cause: CauseFacts,
  { now, ...traits }: { now: number } & Pick<CauseTraits, 'source' | 'newNetwork' | 'concentrated'>,
): void {
  const account = ledger.accounts.insert(high(cause.account), low(cause.account))
  const accountWords = ledger.accounts.words
  const { newer, older } = neighbors(ledger, [accountWords[account + 2]!, accountWords[account + 3]!], cause.occurredAt)
  if (newer) {
    const link = ledger.causes.update(newer[0], newer[1])
    ledger.causes.words[link + 4] = high(cause.key)
    ledger.causes.words[link + 5] = low(cause.key)
  } else {
    accountWords[account + 2] = high(cause.key)
    accountWords[account + 3] = low(cause.key)
  }
  accountWords[account + 5] = seconds(now)
  // What an old event says that arrives late does not replace what a newer one said.
  if (cause.recipients.length + (cause.unverified?.length ?? 0) > 0 && (!newer || accountWords[account + 4] === 0)) {
    accountWords[account + 6] = seconds(now)
    recordAddresses(ledger, cause, ++accountWords[account + 4]!, now)
  }

  const at = ledger.causes.insert(high(cause.key), low(cause.key))
  const { words } = ledger.causes
  words[at + 2] = high(cause.account)
  words[at + 3] = low(cause.account)
  words[at + 4] = older[0]
  words[at + 5] = older[1]
  words[at + 6] = traitsWord({
    kind: causeKinds.indexOf(cause.kind),
    trust: trusts.indexOf(cause.trust),
    known: cause.known,
    agent: cause.requester?.agent ?? 0,
    networkClass: cause.requester?.networkClass ?? 0,
    change: cause.change,
    ...traits,
  })
  words[at + 7] = seconds(cause.occurredAt)
}

type Words = readonly [hi: number, lo: number]

/** An account's causes are linked from the newest to the oldest by when they happened, in whatever order they are reported. */
function neighbors(ledger: Ledger, newest: Words, occurredAt: number): { newer: Words | undefined; older: Words } {
  let newer: Words | undefined
  let older = newest
  for (let looked = 0; looked < causesLookedAtMax && (older[0] | older[1]) !== 0; looked++) {
    const at = ledger.causes.find(older[0], older[1])
    const { words } = ledger.causes
    if (at < 0 || words[at + 7]! <= seconds(occurredAt)) break
    newer = older
    older = [words[at + 4]!, words[at + 5]!]
  }
  return { newer, older }
}

/** The newest report names all the account's addresses: those of an older generation are no longer the account's. */
function recordAddresses(ledger: Ledger, cause: CauseFacts, generation: number, now: number): void {
  for (const address of cause.unverified ?? []) recordMember(ledger, mix(cause.account, address), generation * 2, now)
  for (const address of cause.recipients) {
    recordMember(ledger, mix(cause.account, address), generation * 2 + 1, now)
    // Only whoever has verified an address owns it: else an account could be opened in the name of somebody else's address.
    const owner = ledger.owners.insert(high(address), low(address))
    ledger.owners.words[owner + 2] = high(cause.account)
    ledger.owners.words[owner + 3] = low(cause.account)
    ledger.owners.words[owner + 4] = seconds(now)
  }
}

function recordMember(ledger: Ledger, key: Hash64, generationAndVerified: number, now: number): void {
  const member = ledger.addresses.insert(high(key), low(key))
  ledger.addresses.words[member + 2] = generationAndVerified
  ledger.addresses.words[member + 3] = seconds(now)
}

/** The account of a message: as the application says, else the one that is known to own the address, else the address stands for it. */
export function accountOf(ledger: Ledger, facts: Pick<MessageFacts, 'account' | 'address'>): Hash64 {
  if (facts.account) return facts.account
  const at = ledger.owners.find(high(facts.address), low(facts.address))
  return at < 0 ? facts.address : hash64(ledger.owners.words[at + 2]!, ledger.owners.words[at + 3]!)
}

/**
 * What an address is to an account. `stale`: it was a verified one of it and no longer is, as far back as addresses are remembered. `unknown`
 * while no cause has named the account's addresses, or none in the time that they are remembered.
 */
export type Ownership = 'verified' | 'unverified' | 'stale' | 'none' | 'unknown'

export function ownershipOf(ledger: Ledger, account: Hash64, address: Hash64, now: number): Ownership {
  const at = ledger.accounts.find(high(account), low(account))
  if (at < 0) return 'unknown'
  const generation = ledger.accounts.words[at + 4]!
  const named = ledger.accounts.words[at + 6]!
  if (generation === 0 || seconds(now) - named > addressesKeptMs / 1000) return 'unknown'
  const key = mix(account, address)
  const member = ledger.addresses.find(high(key), low(key))
  if (member < 0) return 'none'
  // The generation alone does not do: an account that was forgotten begins at one again while its old rows may still be there.
  const { words } = ledger.addresses
  const isVerified = words[member + 2]! % 2 === 1
  const isCurrent = Math.floor(words[member + 2]! / 2) === generation && words[member + 3] === named
  if (isCurrent) return isVerified ? 'verified' : 'unverified'
  return isVerified ? 'stale' : 'none'
}

const useKey = (cause: Hash64, className: string, address: Hash64): Hash64 =>
  mix(mix(cause, nameHash(className)), address)

export function useCause(ledger: Ledger, cause: Hash64, className: string, address: Hash64, now: number): void {
  const key = useKey(cause, className, address)
  const at = ledger.uses.insert(high(key), low(key))
  ledger.uses.words[at + 2] = seconds(now)
}

/** A message that was not sent gives its cause back. */
export function returnCause(ledger: Ledger, cause: Hash64, className: string, address: Hash64): void {
  const key = useKey(cause, className, address)
  ledger.uses.remove(high(key), low(key))
}

/** A named cause wins; without a name the account's newest one that fits is taken (check 4). */
export function matchCause(ledger: Ledger, facts: MessageFacts, policy: ClassPolicy, now: number): Match {
  const account = accountOf(ledger, facts)
  if (facts.cause) return matchNamed(ledger, { ...facts, cause: facts.cause }, policy, account, now)
  const newest = ledger.accounts.find(high(account), low(account))
  if (newest < 0) return { status: 'unmatched', code: 'cause.missing', account }
  let [hi, lo] = [ledger.accounts.words[newest + 2]!, ledger.accounts.words[newest + 3]!]
  for (let looked = 0; looked < causesLookedAtMax && (hi | lo) !== 0; looked++) {
    const at = ledger.causes.find(hi, lo)
    if (at < 0) break
    const { words } = ledger.causes
    const before = [words[at + 4]!, words[at + 5]!] as const
    const fault = faultOf(ledger, hash64(hi, lo), at, facts, policy, now)
    if (!fault) return { status: 'matched', cause: rowOf(ledger, hi, lo), account }
    if (fault === 'cause.stale') break
    ;[hi, lo] = before
  }
  return { status: 'unmatched', code: 'cause.missing', account }
}

function matchNamed(
  ledger: Ledger,
  facts: MessageFacts & { cause: Hash64 },
  policy: ClassPolicy,
  account: Hash64,
  now: number,
): Match {
  const [hi, lo] = [high(facts.cause), low(facts.cause)]
  const at = ledger.causes.find(hi, lo)
  if (at < 0) return { status: 'unmatched', code: 'cause.missing', account }
  const cause = rowOf(ledger, hi, lo)
  const code =
    facts.account && facts.account !== cause.account
      ? 'cause.other-account'
      : faultOf(ledger, facts.cause, ledger.causes.find(hi, lo), facts, policy, now)
  return code ? { status: 'unmatched', code, account } : { status: 'matched', cause, account: cause.account }
}

function faultOf(
  ledger: Ledger,
  cause: Hash64,
  at: number,
  facts: MessageFacts,
  policy: ClassPolicy,
  now: number,
): ReasonCode | undefined {
  const { words } = ledger.causes
  if (!policy.causes.kinds.includes(causeKinds[words[at + 6]! & 15]!)) return 'cause.wrong-kind'
  if (seconds(now) - words[at + 7]! > policy.causes.freshForMs / 1000) return 'cause.stale'
  if (!fitsChange(policy, changeOf(words[at + 6]!))) return 'cause.other-change'
  const use = useKey(cause, facts.class, facts.address)
  return ledger.uses.find(high(use), low(use)) >= 0 ? 'cause.used' : undefined
}

/** A mail that tells of a new password does not answer a new address. What a source does not say is not held against the message. */
const fitsChange = ({ causes: { changes } }: ClassPolicy, change: CredentialChange | undefined): boolean =>
  changes === undefined || change === undefined || changes.includes(change)

function rowOf(ledger: Ledger, hi: number, lo: number): MatchedCause {
  const at = ledger.causes.find(hi, lo)
  const { words } = ledger.causes
  const traits = traitsOf(words[at + 6]!)
  return {
    key: hash64(hi, lo),
    account: hash64(words[at + 2]!, words[at + 3]!),
    kind: causeKinds[traits.kind]!,
    trust: trusts[traits.trust]!,
    occurredAt: words[at + 7]! * 1000,
    traits,
  }
}

/** A cause that was reported and is remembered. */
export const causeOf = (ledger: Ledger, key: Hash64): MatchedCause | undefined =>
  hasCause(ledger, key) ? rowOf(ledger, high(key), low(key)) : undefined

/** Marks that the person went on with what the cause brought; false when that was known, or the cause is not. */
export function finishCause(ledger: Ledger, key: Hash64): boolean {
  const at = ledger.causes.update(high(key), low(key))
  if (at < 0) return false
  const { words } = ledger.causes
  if ((words[at + 6]! & finishedBit) !== 0) return false
  words[at + 6] = (words[at + 6]! | finishedBit) >>> 0
  return true
}

/** Drops what can no longer justify anything from one shard of each table. `keepMs` is the longest freshness of a class. */
export function sweepLedger(ledger: Ledger, shard: number, now: number, keepMs: number): number {
  const old = (word: number) => (words: Uint32Array, at: number) => seconds(now) - words[at + word]! > keepMs / 1000
  // A cause from a clock ahead of ours is fresh for longer, and must stay used for as long.
  const used = (words: Uint32Array, at: number) => seconds(now) - words[at + 2]! > (keepMs + causeAheadMsMax) / 1000
  const remembered = (word: number) => (words: Uint32Array, at: number) =>
    seconds(now) - words[at + word]! > addressesKeptMs / 1000
  return (
    ledger.causes.sweep(shard, old(7)) +
    ledger.uses.sweep(shard, used) +
    ledger.accounts.sweep(shard, remembered(5)) +
    ledger.addresses.sweep(shard, remembered(3)) +
    ledger.owners.sweep(shard, remembered(4))
  )
}

/** How far the clock of a source of causes may be ahead of ours. */
export const causeAheadMsMax = 2 * 60_000

/** An account's addresses are remembered this long after a cause named them: they tell a wrong recipient when the next message comes. */
const addressesKeptMs = 24 * 3600_000

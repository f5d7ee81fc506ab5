import { hash } from 'node:crypto'
import type pg from 'pg'
import type pino from 'pino'
import type { Keyring } from './engine/keyring.ts'
import type { Partition } from './engine/partition.ts'
import { machine, type Surroundings } from './engine/surroundings.ts'
import { postgresSkeletons } from './journal/postgres/skeleton-store.ts'
import type { SkeletonStore } from './journal/skeleton-store.ts'
import { inlineBytesMax } from './proof/pool.ts'
import { readMail } from './proof/read-mail.ts'
import type { Change } from './proof/skeleton/changes.ts'
import { dateNames } from './proof/skeleton/dates.ts'
import { lookOf } from './proof/skeleton/look.ts'
import { canonicalSkeleton, shownSkeleton } from './proof/skeleton/skeleton.ts'
import { keyedTokenHash } from './proof/skeleton/token-hash.ts'
import {
  type GroupState,
  type Learnt,
  type Recognition,
  type Sighting,
  Vault,
  type VaultLimits,
} from './proof/skeleton/vault.ts'
import { high, low } from './std/hash64.ts'

/** A learnt look as people are shown it: fixed words, and the kinds of values in ‹…›. */
export type ShownLook = {
  shown: Partial<Record<'from' | 'subject' | 'text' | 'html' | 'files', string>>
  mails: number
  comparedTo?: string
  changes: Change[]
}

/** A look that is not learnt yet, and how it differs from the version that it is close to. */
export type ShownUnderway = { look: string; comparedTo: string; mails: number; seenAt: number; changes: Change[] }

export type OpenSkeletons = Awaited<ReturnType<typeof openSkeletons>>

/** How much of what is being learnt a crash may cost. */
const saveMs = 30_000

/**
 * The vault of learnt looks as the engine is handed it. What is learnt is stored first, and then told to the partition: what people decide on can
 * be shown. A crash in between is made good at the next start. What is being learnt is saved now and then, and at the end.
 */
export async function openSkeletons(
  {
    pool,
    keyring,
    log,
    limits,
    surroundings = machine,
  }: {
    pool: pg.Pool
    keyring: Keyring
    log: pino.Logger
    limits?: Partial<VaultLimits>
    surroundings?: Pick<Surroundings, 'after' | 'wall'>
  },
  undo: { later(step: () => Promise<unknown>): void },
) {
  const store = postgresSkeletons(pool)
  dateNames() // Not while a message waits.
  let partition: Partition | undefined
  const secret = keyring.hash('skeleton', 'words')
  const vault = new Vault({
    hash: keyedTokenHash(high(secret), low(secret)),
    digest,
    isTakenUp: ({ name, version }) => {
      const known = partition?.state.templates.version({ template: name, version })
      return known !== undefined && known.state !== 'draft'
    },
    ...(limits && { limits }),
  })
  await restore(vault, { store, keyring, log, now: surroundings.wall() })
  const tell = (learnt: readonly Learnt[]) => tellPartition(partition, learnt, log)
  const saver = new Saver({ vault, store, keyring, surroundings, log })
  undo.later(() => saver.stop())
  const isApproved = ({ application, class: className, hash: one }: Learnt) =>
    partition?.state.templates.isApprovedLook(application, className, one) === true
  return {
    follow(followed: Partition): Promise<void> {
      partition = followed
      const { templates } = followed.state
      return tell(vault.learnt().filter(({ name, version }) => !templates.version({ template: name, version })))
    },
    /** What a mail shows, and learning from it. */
    see(sighting: Omit<Sighting, 'at'>): Recognition {
      const recognition = vault.see({ ...sighting, at: surroundings.wall() })
      const { learnt, begun, template } = recognition
      if (learnt) saver.keep(store.put(rowOf(learnt)).then(() => tell([learnt])))
      if (begun && template) logBegun(log, template.name, begun)
      return recognition
    },
    /** The class of a mail that names none: that of the approved look which it has or is close to. */
    classOf(application: string, data: Uint8Array): string | undefined {
      if (data.length > inlineBytesMax || !vault.knows(application, isApproved)) return undefined
      const read = readMail(data)
      return read.ok ? vault.recognize(application, lookOf(read.mail), isApproved)?.class : undefined
    },
    find(name: string, version: string): ShownLook | undefined {
      const learnt = vault.find(name, version)
      if (!learnt) return undefined
      const { skeleton, mails, changes, comparedTo } = learnt
      return { shown: shownSkeleton(skeleton), mails, changes, ...(comparedTo !== undefined && { comparedTo }) }
    },
    underway: (name: string): ShownUnderway[] => vault.changesUnderway(name),
    /** Stores what is being learnt. */
    save: () => saver.save(),
  }
}

const digest = (text: string): string => hash('sha256', text, 'base64url')

const rowOf = (learnt: Learnt) => ({
  name: learnt.name,
  version: learnt.version,
  hash: learnt.hash,
  application: learnt.application,
  class: learnt.class,
  learnt: JSON.stringify(learnt),
})

type Restored = { store: SkeletonStore; keyring: Keyring; log: pino.Logger; now: number }

/** A learnt look that is not what its hash says is left out: approved is what people read. */
async function restore(vault: Vault, { store, keyring, log, now }: Restored): Promise<void> {
  for (const row of await store.all()) {
    const learnt = JSON.parse(row.learnt) as Learnt
    const isIntact = learnt.hash === row.hash && digest(canonicalSkeleton(learnt.skeleton)) === row.hash
    if (isIntact) vault.restore(learnt)
    else
      log.error({ template: row.name, version: row.version }, 'a learnt look is not what its hash says and is left out')
  }
  await store.forget(now - vault.limits.underwayAgeMsMax)
  for (const { application, class: className, sealed } of await store.underway()) {
    const state = unsealed(keyring, sealed)
    if (state) vault.restoreState({ application, class: className }, state)
    else log.warn({ application, class: className }, 'what was being learnt of looks cannot be read and is learnt anew')
  }
}

function unsealed(keyring: Keyring, sealed: Uint8Array): GroupState | undefined {
  try {
    return JSON.parse(Buffer.from(keyring.unwrap(sealed)).toString()) as GroupState
  } catch {
    return undefined
  }
}

async function tellPartition(
  partition: Partition | undefined,
  learnt: readonly Learnt[],
  log: pino.Logger,
): Promise<void> {
  if (!partition || learnt.length === 0) return
  const commands = learnt.map(({ name: template, version, hash: one, application, class: className }) => ({
    command: { type: 'LearnSkeleton', template, version, hash: one, application, class: className } as const,
  }))
  const answers = await partition.submit(commands)
  for (const [i, answer] of answers.entries())
    if (answer.type === 'refused')
      log.warn({ template: learnt[i]!.name, code: answer.code }, 'a learnt look has no place among the templates')
}

/** What differs, in words that are nobody's: static text, hosts, tags. */
function logBegun(
  log: pino.Logger,
  template: string,
  { look, comparedTo, changes }: NonNullable<Recognition['begun']>,
): void {
  const sentences = changes.map(({ text }) => text)
  log.warn({ template, look, comparedTo, changes: sentences }, 'a mail is close to a learnt look and has not got it')
}

type SaverOptions = {
  vault: Vault
  store: SkeletonStore
  keyring: Keyring
  surroundings: Pick<Surroundings, 'after' | 'wall'>
  log: pino.Logger
}

/** Stores now and then what is being learnt; a failure costs some learning. */
class Saver {
  readonly #options: SaverOptions
  #cancel: () => void
  #work: Promise<unknown> = Promise.resolve()

  constructor(options: SaverOptions) {
    this.#options = options
    this.#cancel = this.#again()
  }

  #again(): () => void {
    return this.#options.surroundings.after(saveMs, () => {
      this.keep(this.save())
      this.#cancel = this.#again()
    })
  }

  /** Waited for at the end. */
  keep(work: Promise<unknown>): void {
    const failed = (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      this.#options.log.warn({ reason }, 'what was learnt of looks is not stored')
    }
    const kept = work.catch(failed)
    this.#work = this.#work.then(() => kept)
  }

  async save(): Promise<void> {
    const { vault, store, keyring, surroundings } = this.#options
    const seenAt = surroundings.wall()
    const rows = vault.changedStates().map(({ application, class: className, state }) => ({
      application,
      class: className,
      sealed: keyring.wrap(Buffer.from(JSON.stringify(state))),
      seenAt,
    }))
    await store.save(rows)
  }

  async stop(): Promise<void> {
    this.#cancel()
    this.keep(this.save())
    await this.#work
  }
}

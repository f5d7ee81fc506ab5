import { createHash, createSecretKey, hash, type KeyObject, randomBytes } from 'node:crypto'
import type { Content } from '../core/content.ts'
import type { AudienceRow, CampaignStore } from '../journal/campaign-store.ts'
import { assert } from '../std/assert.ts'
import type { Hash64 } from '../std/hash64.ts'
import type { Mailbox } from '../std/mailbox.ts'
import { decrypt, encrypt, type Keyring } from './keyring.ts'

/** What a campaign says: the part that its approval is bound to. */
export type CampaignContent = {
  class: string
  application: string
  from?: NonNullable<Content['from']>
  subject?: string
  text?: string
  html?: string
  /** The approved version that each message is written from, and the values that all have; a recipient brings the others. */
  template?: { name: string; version: string; hash: string }
  slots?: Record<string, string>
}

/** What people read before they approve. */
export type Dossier = { title: string; question: string; content: CampaignContent }

/** One recipient in plain, as it is sealed in the audience. */
export type Recipient = { recipient: Mailbox; account?: string; slots?: Record<string, string>; locale?: string }

/** With the keyed hashes under which everybody else knows it; `account` is the address where none was named. */
export type HashedRecipient = Recipient & { hashes: { mailbox: Hash64; address: Hash64; account: Hash64 } }

/** Keys of an object in order at every depth, so that equal contents have equal bytes. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  fields.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join()}}`
}

export const contentHashOf = (content: CampaignContent): string => hash('sha256', canonicalJson(content), 'hex')

/** However it is written: an answer is known by its letters and digits. */
export function answerHash(keyring: Pick<Keyring, 'hash'>, campaign: string, answer: string): Hash64 {
  const plain = answer.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim()
  return keyring.hash('campaign-answer', JSON.stringify([campaign, plain]))
}

const keyBytes = 32
const hashedAtOnce = 10_000

/** What campaigns say and to whom, sealed: the audience under a key of each campaign, the rest under the installation's. */
export class CampaignVault {
  readonly store: CampaignStore
  readonly #keyring: Keyring
  readonly #keys = new Map<string, KeyObject>()

  constructor(store: CampaignStore, keyring: Keyring) {
    this.store = store
    this.#keyring = keyring
  }

  /** Makes the key of a new campaign; that of a known one stays. */
  async open(campaign: string): Promise<void> {
    await this.store.create(campaign, this.#keyring.wrap(randomBytes(keyBytes)))
  }

  async putDossier(campaign: string, dossier: Dossier): Promise<string> {
    const contentHash = contentHashOf(dossier.content)
    await this.store.putContent(campaign, contentHash, this.#keyring.wrap(Buffer.from(JSON.stringify(dossier))))
    return contentHash
  }

  /** `undefined` when there is none; a content that is not what its hash says is none. */
  async dossier(campaign: string, contentHash: string): Promise<Dossier | undefined> {
    const sealed = await this.store.content(campaign, contentHash)
    if (!sealed) return undefined
    const dossier = JSON.parse(Buffer.from(this.#keyring.unwrap(sealed)).toString()) as Dossier
    return contentHashOf(dossier.content) === contentHash ? dossier : undefined
  }

  /** Adds recipients; gives the places in `recipients` of those that were there before, by their canonical mailbox. */
  async add(campaign: string, revision: number, recipients: readonly HashedRecipient[]): Promise<number[]> {
    const key = await this.#key(campaign)
    assert(key, 'a campaign that gets an audience has its key')
    const first = new Map<Hash64, number>()
    const rows: AudienceRow[] = []
    for (const [i, { hashes, ...plain }] of recipients.entries()) {
      if (first.has(hashes.mailbox)) continue
      first.set(hashes.mailbox, i)
      const sealed = encrypt(key, Buffer.from(JSON.stringify(plain)), bound(campaign, hashes.mailbox))
      rows.push({ ...hashes, sealed })
    }
    const added = rows.length === 0 ? new Set<Hash64>() : await this.store.add(campaign, revision, rows)
    return recipients.flatMap(({ hashes }, i) =>
      first.get(hashes.mailbox) === i && added.has(hashes.mailbox) ? [] : [i],
    )
  }

  /** `undefined` for one who was erased. Throws when a row is not what was sealed, or the key was destroyed. */
  async recipient(campaign: string, row: AudienceRow): Promise<Recipient | undefined> {
    if (row.sealed.length === 0) return undefined
    const key = await this.#key(campaign)
    assert(key, 'the audience of a campaign that is under way has its key')
    return JSON.parse(Buffer.from(decrypt(key, row.sealed, bound(campaign, row.mailbox))).toString()) as Recipient
  }

  /**
   * SHA-256 over the keyed hashes of all recipients in the order of their mailboxes, hex; and how many there are. `withValues`: over their values
   * and languages as well, for where a template shows them.
   */
  async audienceHash(
    campaign: string,
    revision: number,
    { withValues = false }: { withValues?: boolean } = {},
  ): Promise<{ hash: string; size: number }> {
    if (withValues) return this.#hashWithValues(campaign, revision)
    const sum = createHash('sha256')
    let size = 0
    for (let after = ''; ; ) {
      const rows = await this.store.hashes(campaign, revision, { after, limit: hashedAtOnce })
      sum.update(rows.map(({ mailbox, address, account }) => `${mailbox} ${address} ${account}\n`).join(''))
      size += rows.length
      if (rows.length < hashedAtOnce) return { hash: sum.digest('hex'), size }
      after = rows.at(-1)!.mailbox
    }
  }

  async #hashWithValues(campaign: string, revision: number): Promise<{ hash: string; size: number }> {
    const sum = createHash('sha256')
    let size = 0
    for (let after = ''; ; ) {
      const rows = await this.store.page(campaign, revision, { after, limit: hashedAtOnce })
      for (const row of rows) {
        const { slots, locale } = (await this.recipient(campaign, row)) ?? {}
        sum.update(`${row.mailbox} ${row.address} ${row.account} ${canonicalJson([slots ?? {}, locale ?? ''])}\n`)
      }
      size += rows.length
      if (rows.length < hashedAtOnce) return { hash: sum.digest('hex'), size }
      after = rows.at(-1)!.mailbox
    }
  }

  async destroy(campaign: string): Promise<void> {
    this.#keys.delete(campaign)
    await this.store.destroy(campaign)
  }

  async #key(campaign: string): Promise<KeyObject | undefined> {
    const known = this.#keys.get(campaign)
    if (known) return known
    const wrapped = (await this.store.find(campaign))?.key
    if (!wrapped) return undefined
    const key = createSecretKey(this.#keyring.unwrap(wrapped))
    this.#keys.set(campaign, key)
    return key
  }
}

/** A row belongs to one campaign and one mailbox. */
const bound = (campaign: string, mailbox: Hash64): string => `${campaign}/${mailbox}`

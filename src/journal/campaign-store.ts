import type { Hash64 } from '../std/hash64.ts'

/** One of an audience. `account` is the address where none was named. `sealed` is empty once the person was erased. */
export type AudienceRow = { mailbox: Hash64; address: Hash64; account: Hash64; sealed: Uint8Array }

export type AudienceHashes = Omit<AudienceRow, 'sealed'>

/** `key`: wrapped, and absent once it was destroyed. `findings`: JSON of whoever wrote it. */
export type CampaignRow = { revision: number; key?: Uint8Array; findings: string }

/**
 * What campaigns say and to whom, sealed by the caller. Nothing here decides: the journal says which content and which revision count.
 * Throws what the database says.
 */
export interface CampaignStore {
  /** Nothing happens when it is there. */
  create(campaign: string, key: Uint8Array): Promise<void>
  find(campaign: string): Promise<CampaignRow | undefined>
  /** Contents stay, each under its hash: one that is being approved is never overwritten by another. */
  putContent(campaign: string, hash: string, sealed: Uint8Array): Promise<void>
  content(campaign: string, hash: string): Promise<Uint8Array | undefined>
  /** A revision that no other upload has. */
  newRevision(campaign: string): Promise<number>
  setFindings(campaign: string, findings: string): Promise<void>
  /** A revision begins with the rows of another one. */
  copy(campaign: string, from: number, to: number): Promise<void>
  /** The mailboxes that were not there yet; the others stay as they were. */
  add(campaign: string, revision: number, rows: readonly AudienceRow[]): Promise<Set<Hash64>>
  /** In the order of the mailboxes' hashes, behind `after`; '' is the beginning. */
  page(campaign: string, revision: number, range: { after: string; limit: number }): Promise<AudienceRow[]>
  hashes(campaign: string, revision: number, range: { after: string; limit: number }): Promise<AudienceHashes[]>
  /** Drops the rows of all other revisions. */
  keepOnly(campaign: string, revision: number): Promise<void>
  /** Destroys the key and then the rows. Again is no fault. */
  destroy(campaign: string): Promise<void>
  /** What is sealed for a person, in every audience. */
  erase(subject: Hash64): Promise<void>
}

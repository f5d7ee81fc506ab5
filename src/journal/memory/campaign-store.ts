import { assert } from '../../std/assert.ts'
import type { Hash64 } from '../../std/hash64.ts'
import type { AudienceRow, CampaignRow, CampaignStore } from '../campaign-store.ts'

type Stored = CampaignRow & { contents: Map<string, Uint8Array>; rows: Map<number, Map<Hash64, AudienceRow>> }

/** As PostgreSQL has them, for the simulator. */
export class MemoryCampaigns implements CampaignStore {
  readonly #campaigns = new Map<string, Stored>()

  async create(campaign: string, key: Uint8Array): Promise<void> {
    if (this.#campaigns.has(campaign)) return
    this.#campaigns.set(campaign, { revision: 0, key, findings: '{}', contents: new Map(), rows: new Map() })
  }

  async find(campaign: string): Promise<CampaignRow | undefined> {
    return this.#campaigns.get(campaign)
  }

  async putContent(campaign: string, hash: string, sealed: Uint8Array): Promise<void> {
    this.#of(campaign).contents.set(hash, sealed)
  }

  async content(campaign: string, hash: string): Promise<Uint8Array | undefined> {
    return this.#of(campaign).contents.get(hash)
  }

  async newRevision(campaign: string): Promise<number> {
    return ++this.#of(campaign).revision
  }

  async setFindings(campaign: string, findings: string): Promise<void> {
    this.#of(campaign).findings = findings
  }

  async copy(campaign: string, from: number, to: number): Promise<void> {
    const { rows } = this.#of(campaign)
    rows.set(to, new Map([...(rows.get(from) ?? [])].map(([mailbox, row]) => [mailbox, { ...row }])))
  }

  async add(campaign: string, revision: number, rows: readonly AudienceRow[]): Promise<Set<Hash64>> {
    const known = this.#of(campaign).rows.get(revision) ?? new Map<Hash64, AudienceRow>()
    this.#of(campaign).rows.set(revision, known)
    const added = rows.filter(({ mailbox }) => !known.has(mailbox))
    for (const row of added) if (!known.has(row.mailbox)) known.set(row.mailbox, { ...row })
    return new Set(added.map(({ mailbox }) => mailbox))
  }

  async page(
    campaign: string,
    revision: number,
    { after, limit }: { after: string; limit: number },
  ): Promise<AudienceRow[]> {
    const rows = [...(this.#of(campaign).rows.get(revision)?.values() ?? [])]
    return rows
      .filter(({ mailbox }) => mailbox > after)
      .sort((a, b) => (a.mailbox < b.mailbox ? -1 : 1))
      .slice(0, limit)
      .map(row => ({ ...row }))
  }

  hashes(...range: Parameters<MemoryCampaigns['page']>): Promise<AudienceRow[]> {
    return this.page(...range)
  }

  async keepOnly(campaign: string, revision: number): Promise<void> {
    for (const other of this.#of(campaign).rows.keys()) if (other !== revision) this.#of(campaign).rows.delete(other)
  }

  async destroy(campaign: string): Promise<void> {
    const stored = this.#campaigns.get(campaign)
    if (!stored) return
    delete stored.key
    stored.rows.clear()
  }

  async erase(subject: Hash64): Promise<void> {
    for (const { rows } of this.#campaigns.values())
      for (const ofRevision of rows.values())
        for (const row of ofRevision.values())
          if (row.account === subject || row.address === subject) row.sealed = new Uint8Array(0)
  }

  #of(campaign: string): Stored {
    const stored = this.#campaigns.get(campaign)
    assert(stored, 'a campaign is created before anything is stored for it')
    return stored
  }
}

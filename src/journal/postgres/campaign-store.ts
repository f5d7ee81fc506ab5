import type pg from 'pg'
import type { Hash64 } from '../../std/hash64.ts'
import type { AudienceHashes, AudienceRow, CampaignRow, CampaignStore } from '../campaign-store.ts'

/** Rows that one statement deletes, so that none takes long. */
const deletedAtOnceMax = 50_000

export function postgresCampaigns(pool: pg.Pool): CampaignStore {
  const run = (name: string, text: string, values: unknown[]) => pool.query({ name, text, values })
  return {
    create: async (campaign, key) => void (await run('campaign-create', createCampaign, [campaign, key])),
    find: campaign => findCampaign(pool, campaign),
    putContent: async (...values) => void (await run('campaign-put-content', putContent, values)),
    content: async (...values) => (await run('campaign-content', selectContent, values)).rows[0]?.sealed,
    newRevision: async campaign => (await run('campaign-revision', raiseRevision, [campaign])).rows[0]!.revision,
    setFindings: async (...values) => void (await run('campaign-findings', setFindings, values)),
    copy: async (...values) => void (await run('campaign-copy', copyRows, values)),
    add: (campaign, revision, rows) => addRows(pool, campaign, revision, rows),
    async page(campaign, revision, { after, limit }) {
      const { rows } = await run('campaign-page', selectPage, [campaign, revision, after, limit])
      return rows as AudienceRow[]
    },
    async hashes(campaign, revision, { after, limit }) {
      const { rows } = await run('campaign-hashes', selectHashes, [campaign, revision, after, limit])
      return rows as AudienceHashes[]
    },
    keepOnly: (campaign, revision) => deleteAll(pool, deleteOthers, [campaign, revision]),
    async destroy(campaign) {
      // A crash from here on: what is left can be read by nobody, and goes at the next start.
      await run('campaign-destroy-key', destroyKey, [campaign])
      await deleteAll(pool, deleteRows, [campaign])
    },
    erase: async subject => void (await run('campaign-erase', eraseSubject, [subject])),
  }
}

const createCampaign = `
  insert into campaign (id, revision, key, findings) values ($1, 0, $2, '{}') on conflict (id) do nothing`
const selectCampaign = 'select revision, key, findings from campaign where id = $1'
const putContent = `
  insert into campaign_content (campaign, hash, sealed) values ($1, $2, $3)
  on conflict (campaign, hash) do update set sealed = excluded.sealed`
const selectContent = 'select sealed from campaign_content where campaign = $1 and hash = $2'
const raiseRevision = 'update campaign set revision = revision + 1 where id = $1 returning revision'
const setFindings = 'update campaign set findings = $2 where id = $1'
const copyRows = `
  insert into campaign_recipient (campaign, revision, mailbox, address, account, sealed)
  select campaign, $3, mailbox, address, account, sealed from campaign_recipient where campaign = $1 and revision = $2`
const insertRows = `
  insert into campaign_recipient (campaign, revision, mailbox, address, account, sealed)
  select $1, $2, mailbox, address, account, sealed
  from unnest($3::text[], $4::text[], $5::text[], $6::bytea[]) as added (mailbox, address, account, sealed)
  on conflict (campaign, revision, mailbox) do nothing
  returning mailbox`
const behind = 'where campaign = $1 and revision = $2 and mailbox > $3 order by mailbox limit $4'
const selectPage = `select mailbox, address, account, sealed from campaign_recipient ${behind}`
const selectHashes = `select mailbox, address, account from campaign_recipient ${behind}`
const destroyKey = 'update campaign set key = null where id = $1 and key is not null'
const deleteSome = (condition: string) => `
  delete from campaign_recipient where ctid = any (array(
    select ctid from campaign_recipient where ${condition} limit ${deletedAtOnceMax}))`
const deleteOthers = deleteSome('campaign = $1 and revision <> $2')
const deleteRows = deleteSome('campaign = $1')
const eraseSubject = `update campaign_recipient set sealed = '' where (account = $1 or address = $1) and sealed <> ''`

async function findCampaign(pool: pg.Pool, campaign: string): Promise<CampaignRow | undefined> {
  const { rows } = await pool.query<{ revision: number; key: Uint8Array | null; findings: string }>({
    name: 'campaign-find',
    text: selectCampaign,
    values: [campaign],
  })
  if (!rows[0]) return undefined
  const { revision, key, findings } = rows[0]
  return { revision, findings, ...(key && { key }) }
}

async function addRows(
  pool: pg.Pool,
  campaign: string,
  revision: number,
  rows: readonly AudienceRow[],
): Promise<Set<Hash64>> {
  const hex = (bytes: Uint8Array) =>
    `"\\\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}"`
  const column = (of: (row: AudienceRow) => string) => `{${rows.map(of).join()}}`
  const { rows: added } = await pool.query<{ mailbox: Hash64 }>({
    name: 'campaign-add',
    text: insertRows,
    values: [
      campaign,
      revision,
      column(row => row.mailbox),
      column(row => row.address),
      column(row => row.account),
      column(row => hex(row.sealed)),
    ],
  })
  return new Set(added.map(({ mailbox }) => mailbox))
}

async function deleteAll(pool: pg.Pool, text: string, values: unknown[]): Promise<void> {
  while ((await pool.query(text, values)).rowCount === deletedAtOnceMax);
}

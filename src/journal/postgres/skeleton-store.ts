import type pg from 'pg'
import type { SkeletonRow, SkeletonStore, UnderwayRow } from '../skeleton-store.ts'

export function postgresSkeletons(pool: pg.Pool): SkeletonStore {
  return {
    async put({ name, version, hash, application, class: className, learnt }) {
      await pool.query({ text: insertSkeleton, values: [name, version, hash, application, className, learnt] })
    },
    async all() {
      return (await pool.query<SkeletonRow>(selectSkeletons)).rows
    },
    async save(rows) {
      if (rows.length === 0) return
      const values = [
        rows.map(({ application }) => application),
        rows.map(({ class: className }) => className),
        rows.map(({ sealed }) => Buffer.from(sealed)),
        rows.map(({ seenAt }) => seenAt),
      ]
      await pool.query({ text: upsertUnderway, values })
    },
    async underway() {
      const { rows } = await pool.query<Omit<UnderwayRow, 'seenAt'> & { seen_at: string }>(selectUnderway)
      return rows.map(({ seen_at, ...row }) => ({ ...row, seenAt: Number(seen_at) }))
    },
    async forget(before) {
      await pool.query({ text: deleteUnderway, values: [before] })
    },
  }
}

const insertSkeleton = `
  insert into skeleton (name, version, hash, application, class, learnt) values ($1, $2, $3, $4, $5, $6)
  on conflict (name, version) do nothing`
const selectSkeletons = `
  select name, version, hash, application, class, learnt from skeleton
  order by name, length(version), version`
const upsertUnderway = `
  insert into skeleton_underway (application, class, sealed, seen_at)
  select * from unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[])
  on conflict (application, class) do update set sealed = excluded.sealed, seen_at = excluded.seen_at`
const selectUnderway = 'select application, class, sealed, seen_at from skeleton_underway order by application, class'
const deleteUnderway = 'delete from skeleton_underway where seen_at < $1'

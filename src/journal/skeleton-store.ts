/** `learnt`: JSON of whoever wrote it. */
export type SkeletonRow = {
  name: string
  version: string
  hash: string
  application: string
  class: string
  learnt: string
}

/** What is being learnt of one sender and class, sealed by the caller. `seenAt`: ms. */
export type UnderwayRow = { application: string; class: string; sealed: Uint8Array; seenAt: number }

/** Learnt looks of mails, and what is being learnt. Nothing here decides: the journal says which looks count. Throws what the database says. */
export interface SkeletonStore {
  /** Nothing happens when the version is there. */
  put(row: SkeletonRow): Promise<void>
  /** In the order in which they were learnt. */
  all(): Promise<SkeletonRow[]>
  /** In place of what was there. */
  save(rows: readonly UnderwayRow[]): Promise<void>
  underway(): Promise<UnderwayRow[]>
  /** Drops what is being learnt of those that have been silent since. */
  forget(before: number): Promise<void>
}

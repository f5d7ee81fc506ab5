import type { BrakeFault } from '../core/brake.ts'
import type { Lane } from '../core/policy.ts'
import type { State } from '../core/state.ts'

/** How Tocsin itself is: the brake, and which mail is late. Instants in ms. */
export type HealthNow = {
  brakeFault?: Omit<BrakeFault, 'isTold'>
  late: {
    class: string
    lane: Lane
    stage: 'handover' | 'provider'
    alarm: number
    lastLateAt: number
    usualMs: number
  }[]
}

export function healthNow({ brake, lateness }: State): HealthNow {
  const { fault } = brake.books
  const late = lateness.tracks.flatMap(({ class: className, lane, stage, late: episode, usualMs }) =>
    episode ? [{ class: className, lane, stage, alarm: episode.alarm, lastLateAt: episode.badAt, usualMs }] : [],
  )
  if (!fault) return { late }
  const { isTold: _, ...brakeFault } = fault
  return { late, brakeFault }
}

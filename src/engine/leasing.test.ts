import { expect, it } from 'vitest'
import { freshPolicy } from '../core/policy.ts'
import { fromConfig, newState, type State } from '../core/state.ts'
import { step } from '../core/step.ts'
import { MemoryJournal, MemoryStore } from '../journal/memory/journal.ts'
import { Leasing } from './leasing.ts'

const now = Date.UTC(2026, 0, 8, 10, 30)
const hour = now / 3_600_000 - 0.5
const holder = { partition: 0, partitions: 1, now }

function configured(): State {
  const state = newState()
  const when = { position: 1, at: now }
  step(state, { type: 'ApplyPolicy', policy: freshPolicy(), hash: 'x', by: fromConfig }, when)
  return state
}

function take(state: State, commands: Awaited<ReturnType<Leasing['grants']>>): string[] {
  return commands.map(command => step(state, command, { position: 2, at: now }).answer.type)
}

it('hands a grant that was lost over again, and it counts once', async () => {
  const store = new MemoryStore()
  const state = configured()
  const lost = await new Leasing(new MemoryJournal(store)).grants(state, holder)
  expect(lost.length).toBeGreaterThan(10)

  const again = new Leasing(new MemoryJournal(store))
  const found = await again.grants(state, holder)
  expect(found).toEqual(lost)
  expect(new Set(take(state, found))).toEqual(new Set(['done']))
  expect(state.leases.granted('other', 'open', hour)).toBe(300)

  expect(new Set(take(state, lost))).toEqual(new Set(['refused']))
  expect(await again.grants(state, holder)).toEqual([])
  again.forget()
  expect(await again.grants(state, holder)).toEqual([])
  expect(state.leases.granted('other', 'open', hour)).toBe(300)
})

it('hands nothing of one partition to another', async () => {
  const store = new MemoryStore()
  await new Leasing(new MemoryJournal(store)).grants(configured(), holder)
  // The budget is the first one's; the second gets none of it.
  expect(await new Leasing(new MemoryJournal(store)).grants(configured(), { ...holder, partition: 1 })).toEqual([])
})

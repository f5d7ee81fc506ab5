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

/** A partition of two on its own machine: it takes what it is handed and its journal has it, unless it crashes before. */
class Machine {
  readonly #journal: MemoryJournal
  readonly number: number
  state = configured()
  leasing: Leasing
  now = now

  constructor(store: MemoryStore, number: number) {
    this.#journal = new MemoryJournal(store)
    this.number = number
    this.leasing = new Leasing(this.#journal)
  }

  async turn({ durable = true } = {}): Promise<string[]> {
    this.now += 6000
    const commands = await this.leasing.grants(this.state, { partition: this.number, partitions: 2, now: this.now })
    if (durable) take(this.state, commands)
    return commands.flatMap(one =>
      'class' in one && one.class === 'other' && 'lane' in one && one.lane === 'open' ? one.type : [],
    )
  }

  restart(): void {
    this.leasing = new Leasing(this.#journal)
  }

  spend(messages = Number.POSITIVE_INFINITY): number {
    const left = Math.min(messages, this.state.leases.remaining('other', 'open', hour))
    for (let i = 0; i < left; i++) this.state.leases.spend('other', 'open', hour)
    return left
  }
}

async function settle(machine: Machine): Promise<void> {
  for (let i = 0; i < 5; i++) await machine.turn().catch(() => {})
}

it('brings what one partition does not need to another one that does, and never more than the budget', async () => {
  const store = new MemoryStore()
  const [idle, busy] = [new Machine(store, 0), new Machine(store, 1)]
  await settle(idle)
  let spent = 0
  for (let i = 0; i < 60; i++) {
    await busy.turn().catch(() => {})
    await idle.turn().catch(() => {})
    spent += busy.spend()
  }
  // The idle one keeps one.
  expect(spent).toBe(299)
  expect(idle.state.leases.granted('other', 'open', hour)).toBe(1)
})

it('counts what was given back only once it is in the journal of its partition, and then over a crash', async () => {
  const store = new MemoryStore()
  const [idle, busy] = [new Machine(store, 0), new Machine(store, 1)]
  await settle(idle)
  for (let i = 0; i < 20; i++) {
    await busy.turn().catch(() => {})
    busy.spend()
  }
  const before = busy.state.leases.granted('other', 'open', hour)
  expect(before).toBe(240)
  // The journal of the idle one does not have it: it still holds all, and nobody gets any of it.
  expect(await idle.turn({ durable: false })).toEqual(['ReturnLease'])
  idle.restart()
  await settle(busy)
  expect(busy.state.leases.granted('other', 'open', hour)).toBe(before)
  // It has it, and crashes before the coordinator hears of it.
  expect(await idle.turn()).toEqual(['ReturnLease'])
  idle.restart()
  await settle(busy)
  expect(busy.state.leases.granted('other', 'open', hour)).toBe(before)
  await settle(idle)
  await settle(busy)
  expect(busy.state.leases.granted('other', 'open', hour)).toBeGreaterThan(before)
})

it('grants the hour to come ahead, and what was granted of it before a fail-over counts as spent', async () => {
  const store = new MemoryStore()
  const late = { partition: 0, partitions: 2, now: now + 26 * 60_000 }
  const state = configured()
  for (let i = 0; i < 3; i++) await new Leasing(new MemoryJournal(store)).grants(configured(), late)
  const leasing = new Leasing(new MemoryJournal(store))
  take(state, await leasing.grants(state, late))
  expect(state.leases.granted('password-reset', 'reserved', hour + 1)).toBeGreaterThan(0)
  // Another machine gets what is left beside all that may be held, and not more.
  let others = 0
  for (let i = 0; i < 10; i++) {
    const fresh = new Leasing(new MemoryJournal(store))
    for (const command of await fresh.grants(configured(), { ...late, partition: 1 }))
      if (
        command.type === 'GrantLease' &&
        command.lease.lane === 'reserved' &&
        command.lease.class === 'password-reset'
      )
        if (command.lease.hour === hour + 1) others = Math.max(others, command.lease.messages)
  }
  expect(others + state.leases.granted('password-reset', 'reserved', hour + 1)).toBeLessThanOrEqual(100_000)
  expect(others).toBeGreaterThan(0)
})

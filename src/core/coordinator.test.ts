import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  creditsDue,
  draftOf,
  foldRuling,
  newCoordinator,
  type Ruling,
  returnsDue,
  rule,
  wanted,
} from './coordinator.ts'
import { Demand } from './demand.ts'
import type { Lease } from './events.ts'
import { hourOf, Leases, type Returned } from './leases.ts'
import { freshClasses, freshPolicy, type Policy } from './policy.ts'

const hourMs = 3_600_000
const startAt = Date.UTC(2026, 0, 10, 12, 50)
const of = { class: 'other', lane: 'open' as const }

function policyWith(open: number, headroom = 3): Policy {
  const policy = freshPolicy()
  policy.classes = { other: { ...freshClasses().other!, budgetPerHour: { reserved: 0, open, system: 0, campaign: 0 } } }
  policy.budgets = { headroom, timesFloorMax: 10 }
  return policy
}

type Entry =
  | { is: 'granted'; lease: Lease }
  | { is: 'returned'; returned: Returned }
  | { is: 'spent'; hour: number }
  | { is: 'counted'; hour: number }
  | { is: 'lowered'; hour: number; messages: number }
  | { is: 'raised' }

/** A partition with a journal of its own: what it knows is what its journal says. */
class Holder {
  readonly number: number
  journal: Entry[] = []
  leases = new Leases()
  demand = new Demand()
  policy = policyWith(20)
  now = startAt
  /** Grants that are under way to it, and those that may come once more. */
  mail: Lease[] = []

  constructor(number: number) {
    this.number = number
  }

  write(entry: Entry): void {
    this.journal.push(entry)
    this.#fold(entry)
  }

  crash(): void {
    this.leases = new Leases()
    this.demand = new Demand()
    for (const entry of this.journal) this.#fold(entry)
  }

  #fold(entry: Entry): void {
    if (entry.is === 'granted') this.leases.take(entry.lease)
    if (entry.is === 'returned') this.leases.giveBack(entry.returned)
    if (entry.is === 'spent') this.leases.spend(of.class, of.lane, entry.hour)
    if (entry.is === 'counted') this.demand.count({ ...of, hour: entry.hour, base: 5 })
    if (entry.is === 'lowered') this.demand.lower(of.class, of.lane, entry)
    if (entry.is === 'raised') this.demand.raise(of.class, of.lane)
  }

  spend(): boolean {
    const hour = hourOf(this.now)
    if (this.leases.left(of.class, of.lane, hour, this.demand.limit(of.class, of.lane, hour)) <= 0) return false
    this.write({ is: 'spent', hour })
    return true
  }

  setBudget(messages: number, headroom: number): void {
    const was = this.policy.classes.other!.budgetPerHour.open
    this.policy = policyWith(messages, headroom)
    if (messages < was) this.write({ is: 'lowered', hour: hourOf(this.now), messages })
    if (messages > was) this.write({ is: 'raised' })
  }
}

type Fate = 'well' | 'not written' | 'answer lost' | 'late'

/** Several partitions, each with a coordinator beside it that writes into the one journal of rulings, as on several machines. */
class Network {
  readonly holders: Holder[]
  readonly rulings: Ruling[] = []
  readonly #views: { coordinator: ReturnType<typeof newCoordinator>; read: number }[]
  #epoch = 0

  constructor(partitions: number) {
    this.holders = Array.from({ length: partitions }, (_, number) => new Holder(number))
    this.#views = this.holders.map(() => ({ coordinator: newCoordinator(), read: 0 }))
  }

  catchUp(number: number): void {
    const view = this.#views[number]!
    for (; view.read < this.rulings.length; view.read++) foldRuling(view.coordinator, this.rulings[view.read]!)
  }

  forget(number: number): void {
    this.#views[number] = { coordinator: newCoordinator(), read: 0 }
  }

  /** Asks, credits, and gives back what another one wants; a coordinator that is behind is fenced, and reads on. */
  ask(number: number, fate: Fate): void {
    const holder = this.holders[number]!
    const view = this.#views[number]!
    if (fate === 'well') this.catchUp(number)
    const place = { partition: number, partitions: this.holders.length, now: holder.now }
    const draft = draftOf(view.coordinator)
    const due = creditsDue(draft, holder.leases, number)
    for (const credit of due) foldRuling(draft, credit)
    this.#epoch++
    for (const want of wanted(holder, place))
      for (const ruling of rule(draft, holder.policy, want, { ...place, epoch: this.#epoch })) {
        foldRuling(draft, ruling)
        due.push(ruling)
      }
    if (view.read < this.rulings.length) return this.catchUp(number)
    if (fate === 'not written') return
    this.rulings.push(...due)
    this.catchUp(number)
    if (fate === 'answer lost') return
    const leases = due.flatMap(ruling => (ruling.type === 'LeaseIssued' ? [ruling.lease] : []))
    holder.mail.push(...leases)
    if (fate === 'well') this.deliver(number)
  }

  giveBack(number: number, fate: Fate): void {
    const holder = this.holders[number]!
    if (fate === 'well') this.catchUp(number)
    const place = { partition: number, now: holder.now }
    // As the engine does: what has come back already is credited before more is.
    if (creditsDue(this.#views[number]!.coordinator, holder.leases, number).length > 0) return
    for (const returned of returnsDue(this.#views[number]!.coordinator, holder, place))
      if (holder.leases.mayReturn(returned) && fate !== 'not written') holder.write({ is: 'returned', returned })
  }

  deliver(number: number): void {
    const holder = this.holders[number]!
    for (const lease of holder.mail.splice(0)) if (holder.leases.isNew(lease)) holder.write({ is: 'granted', lease })
  }

  repeat(number: number, at: number): void {
    const issued = this.rulings.flatMap(one =>
      one.type === 'LeaseIssued' && one.partition === number ? [one.lease] : [],
    )
    if (issued.length > 0) this.holders[number]!.mail.push(issued[at % issued.length]!)
  }

  /** Sums of what was written down alone: the first that does not hold, or undefined. */
  wrong(): string | undefined {
    const hours = new Map<number, { budget: number; issued: number; returned: number[] }>()
    for (const ruling of this.rulings) {
      const at = ruling.type === 'LeaseIssued' ? ruling.lease.hour : ruling.hour
      const hour = hours.get(at) ?? { budget: 0, issued: 0, returned: [] }
      hours.set(at, hour)
      if (ruling.type === 'BudgetSet') hour.budget = ruling.messages
      if (ruling.type === 'LeaseIssued') hour.issued += ruling.lease.messages
      if (ruling.type === 'LeaseCredited')
        hour.returned[ruling.partition] = Math.max(hour.returned[ruling.partition] ?? 0, ruling.returned)
      const out = hour.issued - hour.returned.reduce((sum, one) => sum + (one ?? 0), 0)
      if (out > hour.budget) return `hour ${at}: ${out} granted of a budget of ${hour.budget}`
    }
    let all = 0
    for (const [at, { budget, issued, returned }] of hours) {
      let spentByAll = 0
      let held = 0
      for (const { number, journal } of this.holders) {
        let [granted, back, spent] = [0, 0, 0]
        for (const entry of journal) {
          if (entry.is === 'granted' && entry.lease.hour === at) granted += entry.lease.messages
          if (entry.is === 'returned' && entry.returned.hour === at) back += entry.returned.messages
          if (entry.is === 'spent' && entry.hour === at) spent++
          if (spent > granted - back) return `hour ${at}: partition ${number} spent ${spent} of ${granted - back}`
        }
        if ((returned[number] ?? 0) > back) return `hour ${at}: partition ${number} is credited what it did not give`
        spentByAll += spent
        held += granted
      }
      if (held > issued) return `hour ${at}: ${held} held and ${issued} issued`
      if (spentByAll > budget) return `hour ${at}: ${spentByAll} spent of ${budget}`
      all += spentByAll
    }
    this.spent = all
    return undefined
  }
  spent = 0
}

type Act = (network: Network) => void

const partition = fc.nat(2)
/** Most want it from the first, so that the others have something to give back. */
const crowded = fc.constantFrom(0, 0, 0, 0, 1, 2)
const fate = fc.constantFrom<Fate>('well', 'well', 'not written', 'answer lost', 'late')
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.tuple(crowded, fate).map(
      ([n, fate]): Act =>
        network =>
          network.ask(n, fate),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(partition, fate).map(
      ([n, fate]): Act =>
        network =>
          network.giveBack(n, fate),
    ),
  },
  {
    weight: 2,
    arbitrary: partition.map(
      (n): Act =>
        network =>
          network.deliver(n),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(partition, fc.nat(50)).map(
      ([n, at]): Act =>
        network =>
          network.repeat(n, at),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(crowded, fc.integer({ min: 1, max: 12 })).map(
      ([n, count]): Act =>
        network => {
          const holder = network.holders[n]!
          for (let i = 0; i < count; i++)
            if (holder.spend() && i % 2 === 0) holder.write({ is: 'counted', hour: hourOf(holder.now) })
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(partition, fc.constantFrom(1, 1, 6, 6, 61, 200)).map(
      ([n, minutes]): Act =>
        network => {
          network.holders[n]!.now += minutes * 60_000
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(partition, fc.constantFrom(0, 3, 20, 50), fc.constantFrom(1, 3)).map(
      ([n, messages, headroom]): Act =>
        network =>
          network.holders[n]!.setBudget(messages, headroom),
    ),
  },
  {
    weight: 1,
    arbitrary: partition.map(
      (n): Act =>
        network =>
          network.holders[n]!.crash(),
    ),
  },
  {
    weight: 1,
    arbitrary: partition.map(
      (n): Act =>
        network =>
          network.forget(n),
    ),
  },
  {
    weight: 2,
    arbitrary: partition.map(
      (n): Act =>
        network =>
          network.catchUp(n),
    ),
  },
)
const acts = fc.array(act, { minLength: 30, maxLength: 120, size: 'max' })

describe('the budgets of several partitions', () => {
  it('are never exceeded, whatever is lost, repeated, late or crashes, however clocks jump and policies change', () => {
    const total = { spent: 0, returned: 0, credited: 0 }
    fc.assert(
      fc.property(acts, acts => {
        const network = new Network(3)
        for (const [i, act] of acts.entries()) {
          act(network)
          if (i % 8 === 0) expect(network.wrong()).toBeUndefined()
        }
        expect(network.wrong()).toBeUndefined()
        total.spent += network.spent
        total.credited += network.rulings.filter(({ type }) => type === 'LeaseCredited').length
        total.returned += network.holders.flatMap(({ journal }) => journal).filter(({ is }) => is === 'returned').length
      }),
      { numRuns: 500 },
    )
    // Where nothing was spent and nothing came back nothing was tried.
    expect(total.spent).toBeGreaterThan(1000)
    expect(total.returned).toBeGreaterThan(5)
    expect(total.credited).toBeGreaterThan(5)
  })

  it('come to the partition that needs them once the network is well again', () => {
    fc.assert(
      fc.property(acts, partition, (acts, needy) => {
        const network = new Network(3)
        for (const act of acts) act(network)
        const now = (Math.max(...network.holders.map(one => hourOf(one.now))) + 1) * hourMs
        for (const holder of network.holders) {
          holder.now = now
          holder.setBudget(40, 1)
          holder.mail = []
        }
        let spent = 0
        for (let round = 0; round < 60; round++)
          for (const holder of network.holders) {
            network.catchUp(holder.number)
            network.ask(holder.number, 'well')
            network.giveBack(holder.number, 'well')
            while (holder.number === needy && holder.spend()) spent++
          }
        expect(network.wrong()).toBeUndefined()
        // What was granted ahead and lost counts as spent; of the rest the others keep one each.
        const lost = lostOf(network, hourOf(now))
        expect(spent).toBeGreaterThanOrEqual(40 - 2 - lost)
      }),
      { numRuns: 200 },
    )
  })
})

/** Granted for this hour, and never heard of. */
function lostOf({ rulings, holders }: Network, hour: number): number {
  const heard = new Set<number>()
  for (const { journal } of holders)
    for (const entry of journal) if (entry.is === 'granted') heard.add(entry.lease.grant)
  return rulings.reduce((sum, ruling) => {
    const isLost = ruling.type === 'LeaseIssued' && ruling.lease.hour === hour && !heard.has(ruling.lease.grant)
    return isLost ? sum + ruling.lease.messages : sum
  }, 0)
}

describe('the budget of an hour', () => {
  const now = startAt
  const hour = hourOf(now)
  const want = { ...of, hour, messages: 1000, forecast: 0 }

  function play(
    steps: { partition?: number; forecast: number; hour?: number; open?: number }[],
  ): (number | undefined)[] {
    const coordinator = newCoordinator()
    return steps.map(({ partition = 0, forecast, hour: at = hour, open = 20 }) => {
      const rulings = rule(coordinator, policyWith(open), { ...want, hour: at, forecast }, { partition, epoch: 1, now })
      for (const ruling of rulings) foldRuling(coordinator, ruling)
      return rulings.flatMap(ruling => (ruling.type === 'BudgetSet' ? [ruling.messages] : []))[0]
    })
  }

  it.each([
    ['is what the policy says before any history', [{ forecast: 0 }], [20]],
    ['is headroom times the forecast above that', [{ forecast: 30 }], [90]],
    ['rests on the sum of what the partitions expect', [{ forecast: 10 }, { partition: 1, forecast: 10 }], [30, 60]],
    [
      'takes the last report of each',
      [{ forecast: 10 }, { forecast: 12 }, { partition: 1, forecast: 8 }],
      [30, 36, 60],
    ],
    ['is written down once', [{ forecast: 10 }, { forecast: 10 }], [30, undefined]],
    [
      'rises while its hour runs, and does not fall',
      [{ forecast: 10 }, { forecast: 20 }, { forecast: 1 }],
      [30, 60, 60],
    ],
    ['is at most so many times that of the policy', [{ forecast: 10_000 }], [200]],
    ['is nothing where the policy gives nothing', [{ forecast: 10_000, open: 0 }], [0]],
  ])('%s', (_name, steps, budgets) => {
    expect(play(steps)).toEqual(budgets)
  })

  it('falls while its hour has not begun, but never below what was granted of it', () => {
    const coordinator = newCoordinator()
    const ahead = { ...want, hour: hour + 1, messages: 50 }
    const set = [30, 5, 10].map(forecast => {
      const rulings = rule(coordinator, policyWith(20), { ...ahead, forecast }, { partition: 0, epoch: 1, now })
      for (const ruling of rulings) foldRuling(coordinator, ruling)
      return rulings.map(ruling => {
        if (ruling.type === 'LeaseIssued') return ruling.lease.messages
        return ruling.type === 'BudgetSet' ? `budget ${ruling.messages}` : ruling.type
      })
    })
    expect(set).toEqual([['budget 90', 50], ['budget 50', 'LeaseWanted'], ['budget 50']])
  })

  it('that a person lowers is granted no further at once', () => {
    const coordinator = newCoordinator()
    const ask = (open: number) => {
      const rulings = rule(coordinator, policyWith(open), { ...want, messages: 5 }, { partition: 0, epoch: 1, now })
      for (const ruling of rulings) foldRuling(coordinator, ruling)
      return rulings.flatMap(ruling => (ruling.type === 'LeaseIssued' ? [ruling.lease.messages] : []))
    }
    expect([20, 20, 7, 12].map(ask)).toEqual([[5], [5], [], [2]])
  })
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Calendar } from './calendar.ts'

const slotMs = 10
type Step =
  | { do: 'add'; id: number; due: number }
  | { do: 'remove'; id: number }
  | { do: 'take'; now: number; limit: number }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), id: fc.nat(20), due: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), id: fc.nat(20) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('take' as const), now: fc.nat(220), limit: fc.integer({ min: 1, max: 5 }) }),
  },
)

it('gives out what is due, nothing early, at most one slot late, the earliest slot first', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), steps => {
      const calendar = new Calendar<number>({ slotMs })
      const model = new Map<number, number>()
      const slotOf = (id: number) => Math.ceil(model.get(id)! / slotMs)
      for (const step of steps) {
        if (step.do === 'add') {
          if (model.has(step.id)) calendar.remove(model.get(step.id)!, step.id)
          model.set(step.id, step.due)
          calendar.add(step.due, step.id)
        } else if (step.do === 'remove') {
          calendar.remove(model.get(step.id) ?? 0, step.id)
          model.delete(step.id)
        } else {
          const due = [...model.keys()].filter(id => slotOf(id) * slotMs <= step.now)
          const taken = calendar.take(step.now, step.limit)
          expect(taken).toHaveLength(Math.min(due.length, step.limit))
          const slots = taken.map(slotOf)
          expect(slots).toEqual([...due.map(slotOf)].sort((a, b) => a - b).slice(0, taken.length))
          for (const id of taken) model.delete(id)
        }
        const next = Math.min(...[...model.keys()].map(slotOf)) * slotMs
        expect(calendar.next()).toBe(model.size === 0 ? undefined : next)
      }
    }),
  )
})

it('keeps the order of adding within a slot', () => {
  const calendar = new Calendar<string>({ slotMs })
  for (const [due, id] of [
    [9, 'a'],
    [2, 'b'],
    [12, 'c'],
    [5, 'd'],
  ] as const)
    calendar.add(due, id)
  expect(calendar.take(9, 10)).toEqual([])
  expect(calendar.take(10, 10)).toEqual(['a', 'b', 'd'])
  expect(calendar.take(20, 10)).toEqual(['c'])
})

it('does not mind the removal of what is not there', () => {
  const calendar = new Calendar<string>({ slotMs })
  calendar.remove(5, 'a')
  calendar.add(5, 'a')
  calendar.remove(5, 'b')
  calendar.remove(15, 'a')
  expect(calendar.next()).toBe(10)
})

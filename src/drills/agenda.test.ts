import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Agenda } from './agenda.ts'

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 20 }) }) },
  { weight: 2, arbitrary: fc.constant('take' as const) },
)

it('gives out the earliest first, and what was added first among equals', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const agenda = new Agenda()
      const model: { at: number; order: number }[] = []
      const done: number[] = []
      for (const [order, one] of steps.entries()) {
        if (one !== 'take') {
          agenda.add(one.add, () => done.push(order))
          model.push({ at: one.add, order })
        } else if (model.length > 0) {
          model.sort((a, b) => a.at - b.at || a.order - b.order)
          const first = model.shift()!
          expect(agenda.next()).toBe(first.at)
          agenda.take()()
          expect(done.at(-1)).toBe(first.order)
        }
        expect(agenda.size).toBe(model.length)
      }
    }),
  )
})

it('has nothing next when it is empty', () => expect(new Agenda().next()).toBeUndefined())

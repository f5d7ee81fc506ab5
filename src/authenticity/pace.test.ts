import { expect, it } from 'vitest'
import { type Clock, Schedule } from './pace.ts'

/** Time passes when nothing else is to be done; timers fire half a millisecond early, as real ones may. */
class ScriptedClock implements Clock {
  at = 1003
  readonly #timers: { due: number; call: () => void }[] = []
  now = () => this.at
  after = (ms: number, call: () => void) => {
    this.#timers.push({ due: this.at + (ms > 1 ? ms - 0.5 : ms), call })
  }

  work = (ms: number) => new Promise<void>(done => void this.#timers.push({ due: this.at + ms, call: done }))

  async run(): Promise<void> {
    for (;;) {
      for (let i = 0; i < 20; i++) await Promise.resolve()
      this.#timers.sort((a, b) => a.due - b.due)
      const next = this.#timers.shift()
      if (!next) return
      this.at = Math.max(this.at, next.due)
      next.call()
    }
  }
}

function scheduled() {
  const clock = new ScriptedClock()
  return { clock, schedule: new Schedule({ leastMs: 50, tickMs: 25, clock }) }
}

it.each([
  { given: 'no work', workMs: 0, leavesAt: 1075 },
  { given: 'a little work', workMs: 7, leavesAt: 1075 },
  { given: 'work until the last moment', workMs: 50, leavesAt: 1075 },
  { given: 'more work than that', workMs: 73, leavesAt: 1100 },
])('$given: the answer leaves at $leavesAt', async ({ workMs, leavesAt }) => {
  const { clock, schedule } = scheduled()
  let left = 0
  const answer = schedule.answer(() => clock.work(workMs)).then(() => void (left = clock.at))
  await clock.run()
  await answer
  expect(left).toBe(leavesAt)
})

it('of one tick they leave in the order in which they came, whoever was done first', async () => {
  const { clock, schedule } = scheduled()
  const left: string[] = []
  const ask = (name: string, workMs: number) =>
    schedule.answer(() => clock.work(workMs)).then(() => void left.push(name))
  const all = [ask('slow', 30), ask('quick', 1), ask('between', 10)]
  await clock.run()
  await Promise.all(all)
  expect(left).toEqual(['slow', 'quick', 'between'])
})

it('a failure leaves when an answer would', async () => {
  const { clock, schedule } = scheduled()
  let left = 0
  const failed = schedule
    .answer(async () => {
      throw new Error('away')
    })
    .catch(error => {
      left = clock.at
      return error
    })
  await clock.run()
  expect(await failed).toEqual(new Error('away'))
  expect(left).toBe(1075)
})

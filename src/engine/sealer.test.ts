import { describe, expect, it } from 'vitest'
import type { Submission } from './partition.ts'
import { Sealer } from './sealer.ts'

const everyMs = 600_000

/** A clock that a test moves; `fail` makes the journal refuse. */
function given({ now, sealedAt }: { now: number; sealedAt: number }) {
  const seals: { at: number; salt: string }[] = []
  const timers: { at: number; what: () => void }[] = []
  const world = { now, fails: false, warnings: 0 }
  const sealer = new Sealer({
    everyMs,
    now: () => world.now,
    sealedAt: () => seals.at(-1)?.at ?? sealedAt,
    async submit([one]: Submission[]) {
      if (world.fails) throw new Error('the journal could not be written')
      if (one?.command.type === 'SealRegister') seals.push({ at: world.now, salt: one.command.salt })
    },
    surroundings: {
      after(ms, what) {
        const timer = { at: world.now + ms, what }
        timers.push(timer)
        return () => void timers.splice(timers.indexOf(timer), 1)
      },
    },
    log: { warn: () => void world.warnings++ },
  })
  const settle = () => new Promise<void>(resolve => setImmediate(resolve))
  async function runUntil(end: number) {
    await settle()
    while (timers[0] && timers[0].at <= end) {
      const next = timers.shift()!
      world.now = next.at
      next.what()
      await settle()
    }
    world.now = end
  }
  return { sealer, seals, timers, world, runUntil }
}

describe('the register is sealed', () => {
  it('at once when it never was, then at whole ten minutes', async () => {
    const { seals, runUntil } = given({ now: 1_234_567, sealedAt: 0 })
    await runUntil(1_234_567 + 3 * everyMs)
    expect(seals.map(({ at }) => at)).toEqual([1_234_567, 1_800_000, 2_400_000, 3_000_000])
    expect(new Set(seals.map(({ salt }) => salt)).size).toBe(4)
    for (const { salt } of seals) expect(Buffer.from(salt, 'base64url')).toHaveLength(32)
  })

  it('not at a start of its own, when it was before', async () => {
    const { seals, runUntil } = given({ now: 1_234_567, sealedAt: 1_000_000 })
    await runUntil(1_234_567 + 1000)
    expect(seals).toEqual([])
    await runUntil(1_800_000)
    expect(seals).toHaveLength(1)
  })

  it('soon again when the journal could not be written', async () => {
    const { seals, runUntil, world } = given({ now: 1_200_000, sealedAt: 1 })
    world.fails = true
    await runUntil(1_801_000)
    expect(world.warnings).toBe(1)
    world.fails = false
    await runUntil(1_900_000)
    expect(seals.map(({ at }) => at)).toEqual([1_805_000])
  })

  it('no more after a stop', async () => {
    const { sealer, seals, timers } = given({ now: 1_200_000, sealedAt: 1 })
    await sealer.stop()
    expect([seals, timers]).toEqual([[], []])
  })
})

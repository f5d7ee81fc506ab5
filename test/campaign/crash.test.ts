import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { crashCampaign } from './crash.ts'

const seed = Number(process.env.TOCSIN_SEED) || 1

it.skipIf(!existsSync('/proc/self/stat'))(
  `loses nothing and decides nothing twice over 20 kills, seed ${seed} (finds processes in /proc)`,
  async () => {
    const report = await crashCampaign({ kills: 20, seed })
    expect({ lost: report.lost, wrong: report.wrong }).toEqual({ lost: [], wrong: [] })
    expect(report.kills).toBe(20)
    expect(report.acknowledged).toBeGreaterThan(100)
    expect(report.delivered).toBeGreaterThan(100)
  },
  180_000,
)

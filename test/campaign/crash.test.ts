import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { crashCampaign } from './crash.ts'

const seed = Number(process.env.TOCSIN_SEED) || 1

it.skipIf(!existsSync('/proc/self/stat'))(
  `loses nothing, decides nothing twice and lets nothing pass a stop over 5 kills, seed ${seed} (finds processes in /proc)`,
  async () => {
    const { lost, wrong, ...figures } = await crashCampaign({ kills: 5, seed, campaignSize: 400 })
    console.log(`crash campaign: ${JSON.stringify(figures)}`)
    expect({ lost, wrong }).toEqual({ lost: [], wrong: [] })
    expect(figures.kills).toBe(5)
    expect(figures.acknowledged).toBeGreaterThan(100)
    expect(figures.delivered).toBeGreaterThan(100)
    // People who did nothing would prove nothing.
    expect(figures.stops.counted).toBeGreaterThan(0)
    expect(figures.campaigns.recipients).toBeGreaterThan(0)
  },
  180_000,
)

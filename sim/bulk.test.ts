import { expect, it } from 'vitest'
import { simulateBulk } from './bulk.ts'

/** A campaign in a storm of crashes and faults: each recipient once, none lost, a pause exact, the journal and the state one. */
const seeds = Number(process.env.TOCSIN_SEEDS) || 12
const from = Number(process.env.TOCSIN_SEED) || 1

it(`holds over seeds ${from} to ${from + seeds - 1}, each played twice to the same end`, async () => {
  const total = { recipients: 0, delivered: 0, skipped: 0, crashes: 0, pauses: 0, repeated: 0 }
  for (let seed = from; seed < from + seeds; seed++) {
    const first = await simulateBulk(seed)
    expect({ seed, wrong: first.wrong }).toEqual({ seed, wrong: [] })
    const second = await simulateBulk(seed)
    expect({ seed, hash: second.hash }).toEqual({ seed, hash: first.hash })
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += first.counts[name]
  }
  // A storm in which nothing happened would prove nothing.
  expect(total.delivered).toBeGreaterThan(seeds * 250)
  for (const name of ['skipped', 'crashes', 'pauses', 'repeated'] as const)
    expect([name, total[name] > seeds]).toEqual([name, true])
}, 300_000)

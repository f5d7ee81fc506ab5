import { expect, it } from 'vitest'
import { simulate } from './run.ts'

/**
 * What always holds (the numbers are those of the design's list): durable before handed over, nothing acknowledged is lost, one cause one
 * message, budgets, stops, expiry, a flood that delays nobody else, one state from one journal, a way out of every hold, no person in the journal. More: `npm run campaign:sim`.
 */
// What every change is tried on; the campaign has all the others.
const seeds = Number(process.env.TOCSIN_SEEDS) || 10
const from = Number(process.env.TOCSIN_SEED) || 1

it(`holds over seeds ${from} to ${from + seeds - 1}, each played twice to the same end`, async () => {
  let returns = 0
  const total = {
    acknowledged: 0,
    delivered: 0,
    repeated: 0,
    crashes: 0,
    held: 0,
    stopped: 0,
    many: 0,
    breakers: 0,
    passed: 0,
    approvals: 0,
    kept: 0,
  }
  for (let seed = from; seed < from + seeds; seed++) {
    const first = await simulate(seed)
    expect({ seed, wrong: first.wrong }).toEqual({ seed, wrong: [] })
    const second = await simulate(seed)
    expect({ seed, hash: second.hash }).toEqual({ seed, hash: first.hash })
    returns += first.counts.returns
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += first.counts[name]
  }
  // A storm in which nothing happened would prove nothing.
  if (seeds >= 8) expect(returns).toBeGreaterThan(0)
  for (const count of Object.values(total)) expect(count).toBeGreaterThan(seeds)
}, 300_000)

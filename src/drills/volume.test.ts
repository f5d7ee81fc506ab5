import { expect, it } from 'vitest'
import { drills } from './drill.ts'

const flood = drills.find(({ name }) => name === 'reset-flood')!
/** A million messages that were held would be some gigabytes. */
const heldBytesMax = 300 * 1024 * 1024

it('plays a million messages without holding them', { timeout: 300_000 }, () => {
  const seed = 1
  const parameters = { ...flood.defaults, seed, perSecond: 2000, unknownShare: 0 }
  const before = process.memoryUsage().heapUsed
  const began = performance.now()
  let events = 0
  let wrongful = 0
  let heldBytes = 0
  for (const { label } of flood.play(parameters)) {
    events++
    if (label?.wrongful) wrongful++
    if (events % 100_000 === 0) heldBytes = Math.max(heldBytes, process.memoryUsage().heapUsed - before)
  }
  const seconds = (performance.now() - began) / 1000
  const [perSecond, heldMiB] = [Math.round(events / seconds), Math.round(heldBytes / 1024 / 1024)]
  console.info(`seed ${seed}: ${events} events, ${perSecond} a second, at most ${heldMiB} MiB of heap more`)
  expect(wrongful).toBe(1_000_000)
  expect(heldBytes).toBeLessThan(heldBytesMax)
})

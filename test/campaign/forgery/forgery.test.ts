import { expect, it } from 'vitest'
import { forgeryCampaign } from './forgery.ts'

it('a thousand forgeries are not believed, and every genuine mail is', async () => {
  const report = await forgeryCampaign({ forgeries: 1000, seed: 1 })
  console.info(`forgeries from seed ${report.seed}: ${JSON.stringify(report.byVerdict)}`)
  expect(report).toMatchObject({ denied: [], believed: [], genuine: 10 })
  expect(Object.values(report.byVerdict).reduce((sum, count) => sum + count)).toBe(1000)
}, 60_000)

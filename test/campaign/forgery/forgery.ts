// `npm run campaign:forgery -- [--forgeries N] [--seed N] [--json]`: genuine mails of every kind, changed in every way that a forger may think of, and
// asked about. Ends with 1 when one of them is said to be genuine, or a genuine one is not.
import { parseArgs } from 'node:util'
import { Random } from '../../../src/std/random.ts'
import { type Corpus, genuineMails } from './genuine.ts'
import { forge } from './mutations.ts'

const genuineVerdicts = ['asked', 'unconfirmed', 'not-asked', 'sent-in-error']

export type ForgeryReport = {
  name: 'forgery'
  seed: number
  forgeries: number
  genuine: number
  /** Of the genuine mails, those that were not said to be. */
  denied: string[]
  /** Of the forgeries, those that were. */
  believed: { seed: number; name: string }[]
  byVerdict: Record<string, number>
  seconds: number
}

/** Each forgery has a seed of its own, so that one can be made again: `--seed` of the one, `--forgeries 1`. */
export async function forgeryCampaign({
  forgeries,
  seed,
}: {
  forgeries: number
  seed: number
}): Promise<ForgeryReport> {
  const began = performance.now()
  const corpus = await genuineMails()
  const denied: string[] = []
  for (const { name, data } of corpus.mails)
    if (!genuineVerdicts.includes((await corpus.verifier.byMail({ data })).verdict)) denied.push(name)
  const found = await askAll(corpus, { forgeries, seed })
  corpus.close()
  const seconds = Math.round((performance.now() - began) / 100) / 10
  return { name: 'forgery', seed, forgeries, genuine: corpus.mails.length, denied, ...found, seconds }
}

async function askAll({ mails, verifier }: Corpus, { forgeries, seed }: { forgeries: number; seed: number }) {
  const byVerdict: Record<string, number> = {}
  const believed: ForgeryReport['believed'] = []
  for (let n = seed; n < seed + forgeries; n++) {
    const { name, data } = forge(mails, new Random(n))
    const answer = await verifier.byMail({ data })
    const verdict = 'reason' in answer && answer.reason ? `${answer.verdict} (${answer.reason})` : answer.verdict
    byVerdict[verdict] = (byVerdict[verdict] ?? 0) + 1
    if (genuineVerdicts.includes(answer.verdict)) believed.push({ seed: n, name })
  }
  return { byVerdict, believed }
}

if (import.meta.main) {
  const options = { forgeries: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' } } as const
  const { values } = parseArgs({ options })
  const report = await forgeryCampaign({
    forgeries: Number(values.forgeries ?? 10_000),
    seed: Number(values.seed ?? 1),
  })
  console.info(values.json ? JSON.stringify(report) : report)
  process.exitCode = report.believed.length + report.denied.length > 0 ? 1 : 0
}

import { simulate } from './run.ts'

/** `npm run campaign:sim -- [--seeds N] [--from N] [--events N] [--json]`: many seeds, each played twice. Ends with 1 when something did not hold. */
const usage = 'usage: node sim/campaign.ts [--seeds N] [--from N] [--events N] [--json]'

function readNumber(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`)
  if (at < 0) return otherwise
  const value = Number(process.argv[at + 1])
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(usage)
  process.exit(2)
}

async function main(): Promise<void> {
  const seeds = readNumber('seeds', 200)
  const from = readNumber('from', 1)
  const events = readNumber('events', 500)
  const total: Record<string, number> = {}
  let failed = 0
  let seed = from
  process.on('uncaughtException', error => {
    console.error(`seed ${seed}: ${error.stack}`)
    process.exit(1)
  })
  const began = performance.now()
  for (; seed < from + seeds; seed++) {
    const first = await simulate(seed, { events })
    const second = await simulate(seed, { events })
    const wrong = [...first.wrong, ...(first.hash === second.hash ? [] : ['8: two runs of the seed differ'])]
    for (const [name, count] of Object.entries(first.counts)) total[name] = (total[name] ?? 0) + count
    if (wrong.length === 0) continue
    failed++
    console.error(`seed ${seed}:\n  ${wrong.slice(0, 10).join('\n  ')}`)
  }
  const report = {
    name: 'sim',
    seeds,
    events,
    failed,
    ...total,
    seconds: Math.round((performance.now() - began) / 1000),
  }
  console.log(process.argv.includes('--json') ? JSON.stringify(report) : report)
  process.exitCode = failed > 0 ? 1 : 0
}

await main()

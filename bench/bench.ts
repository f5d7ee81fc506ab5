// usage: npm run bench -- NAME [--json] [--rounds N] [--seconds N] [--quick] [--only A,B]
import { parseArgs } from 'node:util'
import { type Options, type Report, table } from './report.ts'

const benchmarks: Record<string, (options: Options) => Promise<Report>> = {
  relay: async options => (await import('./relay.ts')).relay(options),
  ingest: async options => (await import('./ingest.ts')).ingest(options),
  latency: async options => (await import('./latency.ts')).latency(options),
  decide: async options => (await import('./decide.ts')).decide(options),
  detect: async options => (await import('./detect.ts')).detect(options),
  replay: async options => (await import('./replay.ts')).replay(options),
  proof: async options => (await import('./proof.ts')).proof(options),
  skeleton: async options => (await import('./skeleton.ts')).skeleton(options),
  register: async options => (await import('./register.ts')).register(options),
}

const usage = `usage: npm run bench -- NAME [--json] [--rounds N] [--seconds N] [--quick] [--only A,B]

  relay     smtp-source → relay → smtp-sink: delivered mails/s, CPU and memory of the relay
  ingest    HTTP batch → decided and durable: messages/s; single requests against a bare Fastify
  latency   what a relay adds to a mail's way at 40 mails/s: p50 and p99
  decide    the core alone: decisions/s from 1,000 to 10 million mailboxes
  detect    what the detectors add to a decision, and what a stream costs
  replay    a drill's trace through the gate in virtual time: events/s
  proof     looking at the bytes of a mail: processor time a mail
  skeleton  recognizing the look of a 4 KB mail: µs for one that is known, changed, being learnt, like none
  register  the public log of the register: leaves/s into tiles, and the proof of one leaf in 10 million

  --json      one JSON value on stdout; progress goes to stderr
  --rounds    interleaved rounds, 5 unless told
  --seconds   how long one measurement lasts, roughly; 5 unless told
  --quick     one round of two seconds: for a look, not for a figure
  --only      contestants by name, separated by commas
`

const exitCodes = { done: 0, finding: 1, wrongUse: 2, fault: 3 }

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string', default: '' },
    },
  })
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))
  const seconds = Number(values.seconds ?? (values.quick ? 2 : 5))
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1')
  if (!(seconds > 0)) throw new Error('--seconds takes a number above 0')
  const only = values.only.split(',').filter(Boolean)
  return { name: positionals[0], help: values.help, json: values.json, options: { rounds, seconds, only } }
}

function understood() {
  try {
    return readArguments()
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`)
    process.exit(exitCodes.wrongUse)
  }
}

async function main() {
  const { name, help, json, options } = understood()
  if (help) return process.stdout.write(usage)
  const benchmark = benchmarks[name ?? '']
  if (!benchmark) {
    process.stderr.write(name ? `There is no benchmark ${name}.\n\n${usage}` : usage)
    process.exit(exitCodes.wrongUse)
  }
  const report = await benchmark(options)
  process.stdout.write(`${json ? JSON.stringify(report) : table(report)}\n`)
  const { tocsin } = report.results
  if (tocsin && 'failed' in tocsin) process.exitCode = exitCodes.finding
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(exitCodes.fault)
}

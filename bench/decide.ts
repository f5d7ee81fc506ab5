// decide: the pure core alone, decisions/s on one core, and whether a decision's time and a mailbox's bytes stay flat as the state grows.
// Each size runs in a process of its own, so that no heap carries what another left behind.
import { parseArgs } from 'node:util'
import type { Subject } from './decide-subject.ts'
import { run } from './processes.ts'
import { environment, figures, type Options, type Report, type Result, say, tidy } from './report.ts'

const sizes = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
/** A look leaves out the size that takes minutes to fill. */
const quickSizeMax = 1_000_000
const quickSecondsMax = 2
const headlineSize = 1_000_000
const checkClockEvery = 1_000

interface Figure {
  perSecond: number
  bytesPerMailbox: number
}

export async function decide(options: Options): Promise<Report> {
  const results: Record<string, Result> = {}
  const wanted = sizes.filter(size => options.seconds > quickSecondsMax || size <= quickSizeMax)
  const measured = new Map<number, Figure[]>()
  try {
    for (let round = 1; round <= options.rounds; round++) {
      for (const size of wanted) {
        const figure = await inItsOwnProcess(size, options.seconds)
        say(
          `round ${round}: ${size} mailboxes: ${tidy(figure.perSecond)}/s, ${tidy(figure.bytesPerMailbox)} bytes a mailbox`,
        )
        measured.set(size, [...(measured.get(size) ?? []), figure])
      }
    }
  } catch (error) {
    return finish({ tocsin: { failed: (error as Error).message } }, {})
  }
  for (const [size, rounds] of measured)
    results[size === headlineSize ? 'tocsin' : `mailboxes${size}`] = summary(size, rounds)
  return finish(results, flatness(measured))

  async function finish(results: Record<string, Result>, ratios: Record<string, number>): Promise<Report> {
    return {
      name: 'decide',
      unit: 'decisions/s',
      results,
      ratios,
      rounds: options.rounds,
      environment: await environment(),
    }
  }
}

function summary(mailboxes: number, rounds: Figure[]): Result {
  const bytesPerMailbox = figures(rounds.map(figure => figure.bytesPerMailbox)).median
  return { ...figures(rounds.map(figure => figure.perSecond)), detail: { mailboxes, bytesPerMailbox } }
}

/** Decisions/s at the largest state by those at the smallest: 1 is flat. */
function flatness(measured: Map<number, Figure[]>): Record<string, number> {
  const medians = [...measured].map(([size, rounds]) => ({ size, ...figures(rounds.map(figure => figure.perSecond)) }))
  const [smallest, largest] = [medians[0], medians.at(-1)]
  if (!smallest || !largest || smallest === largest) return {}
  return { [`of${largest.size}To${smallest.size}Mailboxes`]: tidy(largest.median / smallest.median) }
}

async function inItsOwnProcess(mailboxes: number, seconds: number): Promise<Figure> {
  const flags = ['--expose-gc', '--max-old-space-size=12288']
  const said = await run(process.execPath, [
    ...flags,
    import.meta.filename,
    `--mailboxes=${mailboxes}`,
    `--seconds=${seconds}`,
  ])
  return JSON.parse(said.split('\n').at(-1) ?? '')
}

/** Every mailbox is seen once, which makes the state; then decisions over all of them, in no order, for as long as wanted. */
function measure(subject: Subject, mailboxes: number, seconds: number): Figure {
  const before = memoryBytes()
  for (let mailbox = 0; mailbox < mailboxes; mailbox++) subject.decide(mailbox)
  const bytesPerMailbox = (memoryBytes() - before) / mailboxes
  let decisions = 0
  let mailbox = 1
  const begun = performance.now()
  const end = begun + seconds * 1000
  while (performance.now() < end) {
    for (let n = 0; n < checkClockEvery; n++) {
      mailbox = (Math.imul(mailbox, 1_664_525) + 1_013_904_223) >>> 0
      subject.decide(mailbox % mailboxes)
    }
    decisions += checkClockEvery
  }
  return { perSecond: (decisions / (performance.now() - begun)) * 1000, bytesPerMailbox }
}

function memoryBytes() {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { mailboxes: { type: 'string' }, seconds: { type: 'string' } } })
  const { subject } = await import('./decide-subject.ts')
  const mailboxes = Number(values.mailboxes)
  process.stdout.write(`${JSON.stringify(measure(subject(mailboxes), mailboxes, Number(values.seconds)))}\n`)
}

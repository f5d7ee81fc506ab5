// decide: the pure core alone, decisions/s on one core, and whether a decision's time and a mailbox's bytes stay flat as the state grows.
// Each size runs in a process of its own, so that no heap carries what another left behind.
import { parseArgs } from 'node:util'
import type { Subject } from './decide-subject.ts'
import { run } from './processes.ts'
import { environment, figures, type Options, type Report, type Result, say, tidy } from './report.ts'

const sizes = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
/** Filling takes a minute above this: such a size runs in the first round only, and not at all for a quick look. */
const repeatedSizeMax = 1_000_000
const quickSecondsMax = 2
const headlineSize = 1_000_000
/** As many as a commit may hold under load: decided together, then handed over. */
const batch = 500

interface Figure {
  perSecond: number
  /** With what folding the hand-over costs. */
  settledPerSecond: number
  bytesPerMailbox: number
}

export async function decide(options: Options): Promise<Report> {
  const results: Record<string, Result> = {}
  const measured = new Map<number, Figure[]>()
  try {
    for (let round = 1; round <= options.rounds; round++) {
      for (const size of sizesOf(round, options)) {
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

function sizesOf(round: number, { seconds }: Options) {
  return sizes.filter(size => size <= repeatedSizeMax || (round === 1 && seconds > quickSecondsMax))
}

function summary(mailboxes: number, rounds: Figure[]): Result {
  const bytesPerMailbox = figures(rounds.map(figure => figure.bytesPerMailbox)).median
  const settledPerSecond = figures(rounds.map(figure => figure.settledPerSecond)).median
  return {
    ...figures(rounds.map(figure => figure.perSecond)),
    detail: { mailboxes, bytesPerMailbox, settledPerSecond },
  }
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

/** Every mailbox is written to once, which makes the state; then decisions over all of them, in no order, for as long as wanted. */
function measure(subject: Subject, mailboxes: number, seconds: number): Figure {
  const before = memoryBytes()
  fill(subject, mailboxes)
  const bytesPerMailbox = (memoryBytes() - before) / mailboxes
  const wanted = new Uint32Array(batch)
  const spent = { deciding: 0, settling: 0 }
  let decisions = 0
  let mailbox = 1
  while (spent.deciding < seconds * 1000) {
    for (let n = 0; n < batch; n++) {
      mailbox = (Math.imul(mailbox, 1_664_525) + 1_013_904_223) >>> 0
      wanted[n] = (mailbox >>> 4) % mailboxes
    }
    subject.prepare(wanted)
    spent.deciding += timed(subject.decide)
    spent.settling += timed(subject.settle)
    decisions += batch
  }
  const perSecond = (decisions / spent.deciding) * 1000
  const settledPerSecond = (decisions / (spent.deciding + spent.settling)) * 1000
  return { perSecond, settledPerSecond, bytesPerMailbox }
}

function fill(subject: Subject, mailboxes: number) {
  for (let from = 0; from < mailboxes; from += batch) {
    const length = Math.min(batch, mailboxes - from)
    subject.prepare(Uint32Array.from({ length }, (_, n) => from + n))
    subject.decide()
    subject.settle()
  }
  subject.prepare(new Uint32Array())
}

function timed(work: () => void): number {
  const from = performance.now()
  work()
  return performance.now() - from
}

function memoryBytes() {
  globalThis.gc?.()
  globalThis.gc?.() // what the first one freed of array buffers is given back by the second
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { mailboxes: { type: 'string' }, seconds: { type: 'string' } } })
  const { coreSubject } = await import('./decide-subject.ts')
  const mailboxes = Number(values.mailboxes)
  process.stdout.write(`${JSON.stringify(measure(coreSubject(), mailboxes, Number(values.seconds)))}\n`)
}

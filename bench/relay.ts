// relay: smtp-source → relay → smtp-sink, 4 KB mails, distinct recipients, connections kept. What the sink got counts.

import type { Relay, RelayContestant } from './contestant.ts'
import { type CountingSink, postfixTools, sendAndCount, startCountingSink } from './load.ts'
import { haraka, harakaForward, harakaOfTwo } from './peers/haraka.ts'
import { minimal } from './peers/minimal.ts'
import { none } from './peers/none.ts'
import { postfix } from './peers/postfix.ts'
import { tocsin } from './peers/tocsin.ts'
import { environment, figures, type Options, type Report, type Result, ratiosTo, say, tidy } from './report.ts'
import { playRounds, type Turn } from './turns.ts'
import { cpuSeconds, watchMemory } from './usage.ts'

const contestants: RelayContestant[] = [none, postfix, haraka, harakaOfTwo, harakaForward, minimal, tocsin]
const sessionCounts = [16, 64]
const messagesMin = 500
const messagesMax = 200_000
const warmUpMessages = 500

interface Figure {
  sessions: number
  messages: number
  perSecond: number
  cpuMicrosecondsPerMessage: number
  peakMemoryMiB: number
}

export async function relay(options: Options): Promise<Report> {
  const impossible = await postfixTools()
  if (impossible) throw new Error(`without smtp-source and smtp-sink there is no relay benchmark: ${impossible}`)
  const rates = new Map<string, number>()
  const { measured, missing } = await playRounds<Relay, Figure[], CountingSink>({
    contestants,
    options,
    sink: startCountingSink,
    measure: (turn, sink) => measureTurn(turn, sink, options.seconds, rates),
  })
  const results: Record<string, Result> = { ...missing }
  for (const [name, rounds] of measured) results[name] = atItsBest(name, rounds)
  const { rounds } = options
  const unit = 'mails/s'
  return { name: 'relay', unit, results, ratios: ratiosTo(results), rounds, environment: await environment() }
}

/** Both session counts, after a warm-up that also tells how many mails fill the seconds wanted. */
async function measureTurn(turn: Turn<Relay>, sink: CountingSink, seconds: number, rates: Map<string, number>) {
  const { smtpPort: port } = turn.running
  const { name } = turn.contestant
  const warmUp = await sendAndCount({ port, sessions: 16, messages: warmUpMessages }, sink, turn.directory)
  const sized: Figure[] = []
  for (const sessions of sessionCounts) {
    const rate = rates.get(`${name} ${sessions}`) ?? rates.get(name) ?? warmUpMessages / warmUp
    const messages = Math.round(Math.min(messagesMax, Math.max(messagesMin, rate * seconds)))
    const figure = await measureOnce(turn, sink, { sessions, messages })
    rates.set(`${name} ${sessions}`, figure.perSecond).set(name, figure.perSecond)
    say(`  ${sessions} sessions: ${tidy(figure.perSecond)}/s, ${tidy(figure.cpuMicrosecondsPerMessage)} µs CPU a mail`)
    sized.push(figure)
  }
  return sized
}

async function measureOnce(turn: Turn<Relay>, sink: CountingSink, load: { sessions: number; messages: number }) {
  const { smtpPort: port, roots } = turn.running
  const peak = watchMemory(roots)
  const before = cpuSeconds(roots())
  const seconds = await sendAndCount({ port, ...load }, sink, turn.directory)
  const used = cpuSeconds(roots()) - before
  return {
    ...load,
    perSecond: load.messages / seconds,
    cpuMicrosecondsPerMessage: (used / load.messages) * 1e6,
    peakMemoryMiB: peak(),
  }
}

/** Each contestant counts at the session count that suits it better; both are in the detail. */
function atItsBest(name: string, rounds: Figure[][]): Result {
  const bySessions = sessionCounts.map(sessions => {
    const own = rounds.flat().filter(figure => figure.sessions === sessions)
    const middle = (pick: (figure: Figure) => number) => figures(own.map(pick)).median
    return {
      sessions,
      ...figures(own.map(figure => figure.perSecond)),
      cpuMicrosecondsPerMessage: middle(figure => figure.cpuMicrosecondsPerMessage),
      peakMemoryMiB: Math.max(...own.map(figure => tidy(figure.peakMemoryMiB))),
      messages: own.map(figure => figure.messages),
    }
  })
  const best = bySessions.reduce((a, b) => (b.median > a.median ? b : a))
  const { sessions, median, min, max, cpuMicrosecondsPerMessage, peakMemoryMiB } = best
  const about = contestants.find(contestant => contestant.name === name)?.about
  const detail = { sessions, cpuMicrosecondsPerMessage, peakMemoryMiB, about, bySessions }
  return { median, min, max, rounds: best.rounds, detail }
}

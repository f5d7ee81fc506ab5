// latency: at 40 mails/s, from the first byte of a mail's MAIL FROM to the sink having it whole. Client and sink are ours, in this
// process on one clock, and the same for all; "none" is what they take between themselves.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Relay, RelayContestant } from './contestant.ts'
import { benchMail } from './mail.ts'
import { haraka, harakaForward } from './peers/haraka.ts'
import { minimal } from './peers/minimal.ts'
import { none } from './peers/none.ts'
import { postfix } from './peers/postfix.ts'
import { tocsin } from './peers/tocsin.ts'
import {
  environment,
  figures,
  type Options,
  quantile,
  type Report,
  type Result,
  ratiosTo,
  say,
  tidy,
} from './report.ts'
import { playRounds } from './turns.ts'
import { Client, startSink, wireData } from './wire.ts'

const contestants: RelayContestant[] = [none, postfix, haraka, harakaForward, minimal, tocsin]
const mailsPerSecond = 40
/** Enough that a mail never waits for the answer to the one before: nothing is omitted because the relay is slow. */
const connections = 8
const warmUpMails = 80
const lostAfterMs = 10_000

interface Figure {
  p50: number
  p99: number
}

/** Notes arrivals by recipient; each mail of a benchmark has a recipient of its own. */
class Arrivals {
  readonly #at = new Map<string, number>()
  stop: () => void = () => {}

  static async listen(port: number): Promise<Arrivals> {
    const arrivals = new Arrivals()
    arrivals.stop = await startSink(port, (recipient, at) => {
      if (arrivals.#at.has(recipient)) say(`  a mail came twice`)
      arrivals.#at.set(recipient, at)
    })
    return arrivals
  }

  of(recipient: string) {
    return this.#at.get(recipient)
  }
}

export async function latency(options: Options): Promise<Report> {
  const { measured, missing } = await playRounds<Relay, Figure, Arrivals>({
    contestants,
    options,
    sink: Arrivals.listen,
    measure: async ({ running, round }, arrivals) => {
      await sendSteadily(running.smtpPort, arrivals, { mails: warmUpMails, label: `w${round}` })
      const mails = Math.round(mailsPerSecond * options.seconds)
      const taken = await sendSteadily(running.smtpPort, arrivals, { mails, label: `m${round}` })
      const figure = { p50: quantile(taken, 0.5), p99: quantile(taken, 0.99) }
      say(`  p50 ${figure.p50} ms, p99 ${figure.p99} ms of ${mails} mails`)
      return figure
    },
  })
  const results: Record<string, Result> = { ...missing }
  const tails: Record<string, Result> = { ...missing }
  for (const [name, rounds] of measured) {
    const p99 = figures(rounds.map(figure => figure.p99))
    const about = contestants.find(contestant => contestant.name === name)?.about
    results[name] = {
      ...figures(rounds.map(figure => figure.p50)),
      detail: { p99: p99.median, p99Rounds: p99.rounds, about },
    }
    tails[name] = { ...p99, detail: {} }
  }
  const tailRatios = Object.entries(ratiosTo(tails)).map(([name, ratio]) => [`${name}P99`, ratio])
  const ratios = { ...ratiosTo(results), ...Object.fromEntries(tailRatios) }
  return { name: 'latency', unit: 'ms p50', results, ratios, rounds: options.rounds, environment: await environment() }
}

/** Sends on a clock of its own, whatever the relay does; milliseconds each mail took, sorted upwards. */
async function sendSteadily(port: number, arrivals: Arrivals, { mails, label }: { mails: number; label: string }) {
  const clients = await Promise.all(Array.from({ length: connections }, () => Client.open(port)))
  const data = wireData(benchMail())
  const begun = performance.now()
  const waiting = new Map<number, Promise<void>>()
  const sentAt = new Map<string, number>()
  for (let n = 0; n < mails; n++) {
    await sleep(Math.max(0, begun + (n * 1000) / mailsPerSecond - performance.now()))
    const to = `${label}n${n}@mail.example.net`
    const slot = n % connections
    const client = clients[slot]!
    await waiting.get(slot)
    sentAt.set(to, performance.now())
    waiting.set(slot, client.send({ from: 'no-reply@example.org', to, data }))
  }
  await Promise.all(waiting.values())
  const taken = await allArrived(sentAt, arrivals)
  for (const client of clients) client.close()
  return taken
}

async function allArrived(sentAt: Map<string, number>, arrivals: Arrivals): Promise<number[]> {
  const deadline = performance.now() + lostAfterMs
  const missing = () => [...sentAt.keys()].filter(to => arrivals.of(to) === undefined).length
  while (missing() > 0) {
    if (performance.now() > deadline) throw new Error(`${missing()} of ${sentAt.size} mails did not arrive`)
    await sleep(20)
  }
  return [...sentAt].map(([to, at]) => tidy(arrivals.of(to)! - at)).sort((a, b) => a - b)
}

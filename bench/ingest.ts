// ingest: HTTP in → decided and durable. Batches of NDJSON, with delivery to smtp-sink going on meanwhile and with the class paused, so
// that nothing is delivered; and single requests, against a bare Fastify with the same validation.
import { Pool } from 'undici'
import type { Contestant } from './contestant.ts'
import { type CountingSink, postfixTools, startCountingSink } from './load.ts'
import { renewable } from './messages.ts'
import { fastify, type HttpService } from './peers/fastify.ts'
import { tocsin } from './peers/tocsin.ts'
import { environment, figures, type Options, type Report, type Result, say, tidy } from './report.ts'
import { playRounds, type Turn } from './turns.ts'
import { cpuSeconds } from './usage.ts'

const contestants: Contestant<HttpService>[] = [fastify, tocsin]
const linesPerBatch = 1_000
const batchConnections = 4
const singleConnections = 64
const warmUpSeconds = 1
const answerMsMax = 60_000

interface Figure {
  perSecond: number
  cpuMicrosecondsPerMessage: number
  /** Of the messages sent: how many were answered with a decision to deliver or to hold, in per cent. */
  delivered: number
  held: number
  /** Mails a second that the sink got meanwhile. */
  sinkPerSecond: number
}

type Figures = Record<string, Figure>

export async function ingest(options: Options): Promise<Report> {
  const impossible = await postfixTools()
  if (impossible) throw new Error(`without smtp-sink there is no ingest benchmark: ${impossible}`)
  const { measured, missing } = await playRounds<HttpService, Figures, CountingSink>({
    contestants,
    options,
    sink: startCountingSink,
    measure: (turn, sink) =>
      turn.contestant === fastify ? onlySingles(turn, sink, options) : all(turn, sink, options),
  })
  const results: Record<string, Result> = { ...missing }
  for (const rounds of measured.values()) {
    for (const name of Object.keys(rounds[0] ?? {}))
      results[name] = summary(
        name,
        rounds.map(round => round[name]!),
      )
  }
  const ratios = ratioOf(results.tocsinSingle, results.fastify)
  return {
    name: 'ingest',
    unit: 'messages/s',
    results,
    ratios,
    rounds: options.rounds,
    environment: await environment(),
  }
}

/** Single requests are compared with single requests; a batch has no peer. */
function ratioOf(ours: Result | undefined, theirs: Result | undefined): Record<string, number> {
  if (!ours || !theirs || !('median' in ours) || !('median' in theirs)) return {}
  return { fastify: tidy(ours.median / theirs.median) }
}

const abouts: Record<string, string> = {
  tocsin: `batches of ${linesPerBatch} lines of 1 KB on ${batchConnections} connections, delivery going on meanwhile`,
  tocsinPaused: 'the same with the class paused: decided, durable and held',
  tocsinSingle: `single requests of 1 KB on ${singleConnections} connections, delivery going on meanwhile`,
  fastify: fastify.about,
}

function summary(name: string, rounds: Figure[]): Result {
  const middle = (pick: (figure: Figure) => number) => figures(rounds.map(pick)).median
  const detail = {
    cpuMicrosecondsPerMessage: middle(figure => figure.cpuMicrosecondsPerMessage),
    deliverPercent: middle(figure => figure.delivered),
    holdPercent: middle(figure => figure.held),
    sinkPerSecond: middle(figure => figure.sinkPerSecond),
    about: abouts[name],
  }
  return { ...figures(rounds.map(figure => figure.perSecond)), detail }
}

async function onlySingles(turn: Turn<HttpService>, sink: CountingSink, { seconds }: Options): Promise<Figures> {
  return { fastify: await measure(turn.running, sink, { lines: 1, seconds }) }
}

async function all(turn: Turn<HttpService>, sink: CountingSink, { seconds }: Options): Promise<Figures> {
  const tocsinSingle = await measure(turn.running, sink, { lines: 1, seconds })
  await pause(turn.running)
  const tocsinPaused = await measure(turn.running, sink, { lines: linesPerBatch, seconds })
  await resume(turn.running)
  const tocsin = await measure(turn.running, sink, { lines: linesPerBatch, seconds })
  return { tocsin, tocsinPaused, tocsinSingle }
}

const pause = (service: HttpService) => operate(service, 'pause')
const resume = (service: HttpService) => operate(service, 'resume')

async function operate({ url, adminKey }: HttpService, verb: 'pause' | 'resume') {
  const answer = await fetch(`${url}/v1/classes/other/${verb}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(verb === 'pause' ? { reason: 'benchmark' } : {}),
  })
  if (!answer.ok) throw new Error(`${verb} was answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`)
}

/** Sends on all connections until the time is over; what is answered within it counts. */
async function measure(
  service: HttpService,
  sink: CountingSink,
  load: { lines: number; seconds: number },
): Promise<Figure> {
  const connections = load.lines === 1 ? singleConnections : batchConnections
  const timeouts = { headersTimeout: answerMsMax, bodyTimeout: answerMsMax }
  const pool = new Pool(service.url, { connections, pipelining: 1, ...timeouts })
  const count = { messages: 0, delivered: 0, held: 0 }
  try {
    await sendFor(warmUpSeconds, { ...count })
    const [cpu, arrived, from] = [cpuSeconds(service.roots()), sink.count(), performance.now()]
    await sendFor(load.seconds, count)
    const seconds = (performance.now() - from) / 1000
    const used = cpuSeconds(service.roots()) - cpu
    const perSecond = count.messages / seconds
    say(`  ${load.lines === 1 ? 'single' : 'batch'}: ${tidy(perSecond)} messages/s`)
    return {
      perSecond,
      cpuMicrosecondsPerMessage: (used / count.messages) * 1e6,
      delivered: (100 * count.delivered) / count.messages,
      held: (100 * count.held) / count.messages,
      sinkPerSecond: (sink.count() - arrived) / seconds,
    }
  } finally {
    await pool.destroy()
  }

  function sendFor(seconds: number, into: typeof count) {
    const end = performance.now() + seconds * 1000
    return Promise.all(Array.from({ length: connections }, () => sendUntil(end, into)))
  }

  async function sendUntil(end: number, into: typeof count) {
    const body = renewable(load.lines)
    while (performance.now() < end) {
      const answer = await post(pool, service, body.renew(), load.lines)
      into.messages += load.lines
      into.delivered += occurrences(answer, '"outcome":"deliver"')
      into.held += occurrences(answer, '"outcome":"hold"')
    }
  }
}

async function post(pool: Pool, { apiKey }: HttpService, body: Buffer, lines: number): Promise<string> {
  const single = lines === 1
  const { statusCode, body: answer } = await pool.request({
    method: 'POST',
    path: single ? '/v1/messages' : '/v1/messages/batch',
    headers: {
      'content-type': single ? 'application/json' : 'application/x-ndjson',
      ...(apiKey && { authorization: `Bearer ${apiKey}` }),
    },
    body,
  })
  const text = await answer.text()
  if (statusCode >= 300) throw new Error(`answered ${statusCode}: ${text.slice(0, 300)}`)
  if (!single && occurrences(text, '\n') < lines - 1)
    throw new Error(`a batch of ${lines} got fewer answers: ${text.slice(0, 300)}`)
  return text
}

function occurrences(text: string, of: string): number {
  let count = 0
  for (let at = text.indexOf(of); at >= 0; at = text.indexOf(of, at + of.length)) count++
  return count
}

import { Readable } from 'node:stream'
import { type Application, type Intake, type MessageAnswer, type MessageRequest, Unavailable } from '../intake.ts'
import { explainAnswer, slotFaults } from './answer.ts'
import { isTooDeep, parseJson } from './body.ts'
import type { BatchResult, Fault, MessageLine } from './contract.ts'
import { type Line, lineCutter } from './lines.ts'
import { messageFaults, messageLine, parseMessage, type Reader } from './message.ts'
import { type ProblemCode, problems } from './problems.ts'
import type { Room } from './room.ts'

// A batch is read, decided and answered in chunks: the next is parsed while the one before becomes durable. Reading never waits for the
// client to take results, because many clients send everything before they read; what is buffered is bounded by the number of lines.

export const chunkLinesMax = 1000
/**
 * Lines of all batches together that may be parsed and not yet decided: one batch of the journal that is becoming durable, and the next. What
 * waits beyond that waits as bytes, which the collector need not look at: with 8 connections the process takes a tenth less for a message.
 */
export const linesUndecidedMax = 4000
const chunksInFlightMax = 4

export type BatchDeps = {
  intake: Intake
  reader: Reader
  application: Application
  /** Shared by all batches of a server: `linesUndecidedMax`. */
  room: Room
  /** Told how often an answer was given. */
  decided(messageClass: string, answer: MessageAnswer, messages: number): void
  /** Told about a fault of ours; its line says `internal`. */
  failed(error: unknown): void
  /** Told when the batch was broken off: what the client still sends is not read. */
  brokenOff(): void
}

/** Results of a batch, one line each, in order. Ends early with an error when the client goes away. */
export function answerBatch(body: AsyncIterable<Buffer>, deps: BatchDeps): Readable {
  const out = new Readable({ read() {} })
  const fail = (error: Error) => void out.destroy(error)
  void run(body, deps, text => out.push(text), fail).then(() => out.push(null), fail)
  return out
}

async function run(
  body: AsyncIterable<Buffer>,
  deps: BatchDeps,
  push: (text: string) => void,
  fail: (error: Error) => void,
): Promise<void> {
  const cutter = lineCutter()
  let waiting: Line[] = []
  let index = 0
  let inFlight = 0
  let tail = Promise.resolve()
  let room = () => {}

  const flush = () => {
    const lines = waiting
    const first = index
    waiting = []
    index += lines.length
    inFlight++
    const answered = answerChunk(lines, first, deps)
    tail = Promise.all([answered, tail]).then(([text]) => {
      push(text)
      inFlight--
      room()
      // Without this, a client that waits for the answer to a line before it sends the next would wait for ever.
      if (inFlight === 0 && waiting.length > 0) flush()
    })
    tail.catch(fail)
  }

  for await (const piece of body) {
    for (const line of cutter.push(piece)) {
      waiting.push(line)
      if (waiting.length < chunkLinesMax) continue
      while (inFlight >= chunksInFlightMax) await new Promise<void>(resolve => (room = resolve))
      if (waiting.length > 0) flush()
    }
    if (inFlight === 0 && waiting.length > 0) flush()
    if (cutter.isOver()) break
  }
  waiting.push(...cutter.end())
  while (inFlight > 0) await tail
  if (waiting.length > 0) flush()
  await tail
  if (cutter.isOver()) deps.brokenOff()
}

async function answerChunk(lines: Line[], first: number, deps: BatchDeps): Promise<string> {
  await deps.room.take(lines.length)
  try {
    return await answerLines(lines, first, deps)
  } finally {
    deps.room.give(lines.length)
  }
}

async function answerLines(lines: Line[], first: number, deps: BatchDeps): Promise<string> {
  const results: (string | undefined)[] = new Array(lines.length)
  const requests: MessageRequest[] = []
  const places: number[] = []
  for (let i = 0; i < lines.length; i++) {
    const parsed = parseLine(lines[i]!, deps.reader)
    if (parsed.ok) {
      places.push(i)
      requests.push(parsed.request)
    } else results[i] = refusal(first + i, parsed.code, parsed.faults)
  }
  await decide(requests, places, results, first, deps)
  return results.join('')
}

async function decide(
  requests: MessageRequest[],
  places: number[],
  results: (string | undefined)[],
  first: number,
  deps: BatchDeps,
): Promise<void> {
  if (requests.length === 0) return
  try {
    const answers = await deps.intake.messages(deps.application, requests)
    for (let i = 0; i < places.length; i++) results[places[i]!] = resultOf(first + places[i]!, answers[i]!)
    countRuns(requests, answers, deps.decided)
  } catch (error) {
    const code = error instanceof Unavailable ? 'journal.unavailable' : 'internal'
    if (code === 'internal') deps.failed(error)
    for (const place of places) results[place] ??= refusal(first + place, code)
  }
}

/** Neighbors mostly get the same answer; counted together, they look the labels of the counter up once. */
function countRuns(requests: MessageRequest[], answers: MessageAnswer[], decided: BatchDeps['decided']): void {
  let from = 0
  for (let i = 1; i <= answers.length; i++) {
    if (i < answers.length && requests[i]!.class === requests[from]!.class && countsAs(answers[i]!, answers[from]!))
      continue
    decided(requests[from]!.class, answers[from]!, i - from)
    from = i
  }
}

function countsAs(a: MessageAnswer, b: MessageAnswer): boolean {
  if (!('outcome' in a && 'outcome' in b)) return a.status === b.status
  return a.status === b.status && a.outcome === b.outcome && a.lane === b.lane
}

type ParsedLine = { ok: true; request: MessageRequest } | { ok: false; code: ProblemCode; faults?: Fault[] }

function parseLine(line: Line, reader: Reader): ParsedLine {
  if (typeof line === 'string')
    return { ok: false, code: line === 'too-long' ? 'line.too-long' : `batch.${plural[line]}` }
  const json = parseJson(line)
  if (!json.ok) return { ok: false, code: json.code === 'body.empty' ? 'line.empty' : json.code }
  if (!messageLine.accepts(json.value)) {
    if (isTooDeep(json.value)) return { ok: false, code: 'body.too-deep' }
    return {
      ok: false,
      code: 'message.invalid',
      faults: messageFaults(messageLine, reader, json.value).slice(0, lineFaultsMax),
    }
  }
  const parsed = parseMessage(reader, json.value as MessageLine)
  return parsed.ok ? parsed : { ok: false, code: 'message.invalid', faults: parsed.faults.slice(0, lineFaultsMax) }
}

/** A line of a batch names fewer faults than a single message, so that a bad batch has an answer of bounded size. */
const lineFaultsMax = 100

const plural = { 'too-many': 'too-many-lines', 'too-large': 'too-large' } as const

function refusal(index: number, code: ProblemCode, faults?: Fault[], id?: string): string {
  const [status, detail] = problems[code]
  return `${JSON.stringify({ index, status, code, detail, ...(faults === undefined ? {} : { faults }), ...(id === undefined ? {} : { id }) })}\n`
}

function resultOf(index: number, answer: MessageAnswer): string {
  if (answer.status === 'conflict') return refusal(index, 'idempotency.key-reused', undefined, answer.id)
  if (answer.status === 'refused')
    return refusal(index, 'message.invalid', slotFaults(answer.faults).slice(0, lineFaultsMax))
  const result: BatchResult = { index, status: answer.status === 'repeat' ? 200 : 202, ...explainAnswer(answer) }
  return `${JSON.stringify(result)}\n`
}

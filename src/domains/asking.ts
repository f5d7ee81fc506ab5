import { type Answer, type Dns, isLost, isPossibleName, nameOf, type RecordType, recordTypes } from './dns.ts'

/** What one audit may cost, whatever a zone says. */
export type AskingLimits = {
  /** Questions in all; the same one again is not asked again. */
  questionsMax: number
  /** For one question. */
  questionMsMax: number
  /** For all of them together, from the first. */
  auditMsMax: number
  /** At the same time. */
  concurrentMax: number
  recordsMax: number
  /** Characters of one answer. */
  lengthMax: number
}

export const askingLimits: AskingLimits = {
  questionsMax: 600,
  questionMsMax: 4000,
  auditMsMax: 30_000,
  concurrentMax: 16,
  recordsMax: 500,
  lengthMax: 64 * 1024,
}

/** After so many questions that nobody answered, and none that anybody did, the resolver counts as silent: the rest is not waited for. */
const unansweredMax = 3

const lost = (why: string): Answer<never> => ({ status: 'timeout', why })

export type AskingOptions = Partial<AskingLimits> & {
  /** Ms, monotone. */
  now?: () => number
  /** Whether whoever asks is not interested any more: the rest is lost at once. */
  isOver?: () => boolean
}

/**
 * A `Dns` within limits, that asks nothing twice. `view` gives one that remembers which of its own questions were lost, so that a check knows
 * what it rests on, also where another check had asked before.
 */
export class Asking {
  readonly #dns: Dns
  readonly #limits: AskingLimits
  readonly #now: () => number
  readonly #isOver: () => boolean
  readonly #answers = new Map<string, Promise<Answer<unknown>>>()
  readonly #waiting: (() => void)[] = []
  #underWay = 0
  #startedAt: number | undefined
  #asked = 0
  #answered = 0
  #unanswered = 0

  constructor(dns: Dns, { now = () => performance.now(), isOver = () => false, ...limits }: AskingOptions = {}) {
    this.#dns = dns
    this.#limits = { ...askingLimits, ...limits }
    this.#now = now
    this.#isOver = isOver
  }

  /** Questions put so far. */
  get questions(): number {
    return this.#asked
  }

  view(): { dns: Dns; lost: Map<string, string> } {
    const lost = new Map<string, string>()
    const ask = async (type: RecordType, given: string): Promise<Answer<unknown>> => {
      const name = given === '.' ? given : nameOf(given)
      // No zone can have it, so that is what every server would say.
      if (name !== '.' && !isPossibleName(name)) return { status: 'nxdomain' }
      const answer = await this.#ask(type, name)
      if (isLost(answer)) lost.set(`${type.toUpperCase()} ${name}`, answer.why ?? answer.status)
      return answer
    }
    const dns = Object.fromEntries(recordTypes.map(type => [type, (name: string) => ask(type, name)])) as unknown as Dns
    return { dns, lost }
  }

  #ask(type: RecordType, name: string): Promise<Answer<unknown>> {
    const key = `${type} ${name}`
    const known = this.#answers.get(key)
    if (known) return known
    if (this.#asked >= this.#limits.questionsMax)
      return Promise.resolve(lost(`more than ${this.#limits.questionsMax} questions`))
    this.#asked++
    const answer = this.#inTurn(type, name)
    this.#answers.set(key, answer)
    return answer
  }

  async #inTurn(type: RecordType, name: string): Promise<Answer<unknown>> {
    if (this.#underWay >= this.#limits.concurrentMax) await new Promise<void>(resolve => this.#waiting.push(resolve))
    this.#underWay++
    try {
      return await this.#put(type, name)
    } finally {
      this.#underWay--
      this.#waiting.shift()?.()
    }
  }

  async #put(type: RecordType, name: string): Promise<Answer<unknown>> {
    this.#startedAt ??= this.#now()
    const { auditMsMax, questionMsMax } = this.#limits
    const leftMs = this.#startedAt + auditMsMax - this.#now()
    if (this.#isOver()) return lost('the audit was ended')
    if (leftMs <= 0) return lost('the time for the audit was over')
    if (this.#answered === 0 && this.#unanswered >= unansweredMax) return lost('the resolver answers nothing')
    const answer = await withinMs(Math.min(leftMs, questionMsMax), this.#dns[type](name))
    if (answer.status === 'timeout') this.#unanswered++
    else this.#answered++
    return this.#bounded(answer)
  }

  #bounded(answer: Answer<unknown>): Answer<unknown> {
    if (answer.status !== 'records') return answer
    const { recordsMax, lengthMax } = this.#limits
    if (answer.records.length > recordsMax) return { status: 'servfail', why: `more than ${recordsMax} records` }
    let length = 0
    for (const record of answer.records)
      length += typeof record === 'string' ? record.length : Array.isArray(record) ? record.join('').length : 0
    return length > lengthMax ? { status: 'servfail', why: `more than ${lengthMax} characters` } : answer
  }
}

async function withinMs(ms: number, asked: Promise<Answer<unknown>>): Promise<Answer<unknown>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Answer<unknown>>(resolve => {
    timer = setTimeout(() => resolve({ status: 'timeout' }), ms)
  })
  try {
    return await Promise.race([asked, late])
  } catch (error) {
    // A resolver that throws has told nothing about the zone.
    return { status: 'servfail', why: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
  }
}

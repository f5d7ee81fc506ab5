import { setTimeout as sleep } from 'node:timers/promises'
import nodemailer from 'nodemailer'
import { againMs, answerMsMax, type Line } from './line.ts'
import type { Parts } from './parts.ts'

export type Acknowledged = { id: string; outcome: string; via: 'http' | 'smtp' }

/**
 * The senders. Each message has a key, and is sent again under that key until it is acknowledged; the ledger keeps what was said for each key, and
 * every contradiction. The key is the subject too, so that what the provider took can be told apart.
 */
export class Load {
  readonly ledger = new Map<string, Acknowledged>()
  readonly wrong: string[] = []
  /** Keys of messages that have one cause between them. */
  readonly siblings: string[][] = []
  /** Their keys, from before the first of them is sent. */
  readonly caused = new Set<string>()
  readonly #parts: Parts
  readonly #line: Line
  readonly #workers: Promise<void>[] = []
  #stopped = false
  #count = 0
  #heard: (() => void)[] = []

  constructor(parts: Parts, line: Line) {
    this.#parts = parts
    this.#line = line
  }

  start(): void {
    const workers = [this.#single, this.#single, this.#batch, this.#caused, this.#mail, this.#mail]
    for (const work of workers) this.#workers.push(this.#repeatedly(work.bind(this)))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#workers)
  }

  /** Resolves when something that is asked from now on has been acknowledged. */
  async acknowledges(): Promise<void> {
    const since = this.#begun
    await new Promise<void>(resolve => {
      const look = () => (this.#answeredLast > since ? resolve() : void this.#heard.push(look))
      look()
    })
  }
  /** Requests are numbered as they begin; the highest number that was acknowledged. */
  #begun = 0
  #answeredLast = 0

  /** What the register says of a message; `undefined` while it cannot be asked. */
  async state(id: string): Promise<string | undefined> {
    const answer = await this.#line.ask('GET', `/v1/messages/${id}`, { key: this.#parts.keys.admin })
    if (answer?.status === 404) return 'unknown to the register'
    return answer?.status === 200 ? (answer.body as { state: string }).state : undefined
  }

  async #repeatedly(work: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      await work()
      await sleep(Math.random() * 2 * pauseMs)
    }
  }

  #key(): string {
    return `key-${++this.#count}`
  }

  async #single(): Promise<void> {
    const key = this.#key()
    await this.#send(key, message(key))
    // Asked again after its answer, it gets the same.
    if (this.#count % 5 === 0) await this.#send(key, message(key))
  }

  async #send(key: string, body: object): Promise<void> {
    await this.#untilHeard(key, async () => {
      const answer = await this.#line.ask('POST', '/v1/messages', {
        key: this.#parts.keys.api,
        body,
        headers: { 'idempotency-key': key },
      })
      if (!answer || answer.status === 503 || answer.status === 429) return undefined
      if (answer.status === 202 || answer.status === 200) return { ...(answer.body as Acknowledged), via: 'http' }
      return this.#contradiction(`${key} was answered with ${answer.status}: ${JSON.stringify(answer.body)}`)
    })
  }

  async #batch(): Promise<void> {
    const keys = Array.from({ length: 20 }, () => this.#key())
    const lines = keys.map(key => JSON.stringify({ ...message(key), idempotencyKey: key })).join('\n')
    for (let left = keys; left.length > 0 && !this.#givenUp; ) {
      const begun = ++this.#begun
      const answer = await this.#line.ask('POST', '/v1/messages/batch', {
        key: this.#parts.keys.api,
        body: lines,
        headers: { 'content-type': 'application/x-ndjson' },
      })
      const results = answer?.status === 200 ? (answer.body as (Acknowledged & { status: number })[]) : []
      left = keys.filter((key, i) => {
        const result = results[i]
        if (result?.status !== 202 && result?.status !== 200) return true
        this.#acknowledge(key, { ...result, via: 'http' }, begun)
        return false
      })
      if (left.length > 0) await sleep(againMs)
    }
  }

  /** Two messages that name one cause: no more than one of them may arrive. */
  async #caused(): Promise<void> {
    const [first, second] = [this.#key(), this.#key()]
    this.caused.add(first).add(second)
    const account = `account-${first}`
    const event = {
      specversion: '1.0',
      id: `cause-${first}`,
      source: 'web',
      type: 'tocsin.reset.requested',
      subject: account,
      data: { known: true, trust: 'session', requester: {} },
    }
    const headers = { 'content-type': 'application/cloudevents+json' }
    for (;;) {
      const answer = await this.#line.ask('POST', '/v1/events', { key: this.#parts.keys.cause, body: event, headers })
      if (answer?.status === 202 || this.#givenUp) break
      await sleep(againMs)
    }
    const reset = { class: 'password-reset', account, cause: { id: event.id } }
    const body = (key: string) => ({ ...message(key), recipient: { email: `${first}@people.test` }, ...reset })
    await Promise.all([first, second].map(key => this.#send(key, body(key))))
    this.siblings.push([first, second])
  }

  async #mail(): Promise<void> {
    const key = this.#key()
    await this.#untilHeard(key, async () => {
      const transport = nodemailer.createTransport({
        host: '127.0.0.1',
        port: this.#parts.ports.smtp,
        ignoreTLS: true,
        auth: { user: 'campaign', pass: this.#parts.keys.smtp },
        connectionTimeout: answerMsMax,
        greetingTimeout: answerMsMax,
        socketTimeout: answerMsMax,
      })
      const sent = await transport
        .sendMail({
          from: 'app@campaign.test',
          to: `${key}@people.test`,
          subject: key,
          messageId: `<${key}@campaign.test>`,
          date: new Date(0),
          text: 'A mail that came in as a mail.',
        })
        .catch(() => undefined)
      const [, id, outcome] = /^250 2\.0\.0 (\S+) (\S+)/.exec(sent?.response ?? '') ?? []
      return id && outcome ? { id, outcome, via: 'smtp' } : undefined
    })
  }

  async #untilHeard(key: string, ask: () => Promise<Acknowledged | undefined>): Promise<void> {
    while (!this.#givenUp) {
      const begun = ++this.#begun
      const answer = await ask()
      if (answer) return this.#acknowledge(key, answer, begun)
      await sleep(againMs)
    }
  }

  #acknowledge(key: string, { id, outcome, via }: Acknowledged, begun: number): void {
    const before = this.ledger.get(key)
    if (before && (before.id !== id || before.outcome !== outcome))
      this.#contradiction(`${key} was ${before.id} ${before.outcome} and is ${id} ${outcome}`)
    this.ledger.set(key, { id, outcome, via })
    this.#answeredLast = Math.max(this.#answeredLast, begun)
    for (const look of this.#heard.splice(0)) look()
  }

  #contradiction(text: string): undefined {
    this.wrong.push(text)
    return undefined
  }

  /** No sender waits for ever, so that a campaign that has failed ends. */
  giveUp(): void {
    this.#givenUp = true
  }
  #givenUp = false
}

const pauseMs = 100

const message = (key: string) => ({
  class: 'other',
  recipient: { email: `${key}@people.test` },
  from: 'app@campaign.test',
  subject: key,
  text: 'A message of the crash campaign.',
})

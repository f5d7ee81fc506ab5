import { Worker } from 'node:worker_threads'
import type { ProofReply, ProofWork } from './proof.worker.ts'
import { type Expectations, type Material, type Proven, prove } from './prove.ts'

/** More is waiting to be looked at than is kept: the message was not judged, and may be asked for again. */
export class ProofOverloaded extends Error {
  override readonly name = 'ProofOverloaded'
}

export type ProofPoolOptions = {
  threads?: number
  /** How long a thread may take for one message before it is ended. */
  proofMsMax?: number
  waitingMax?: number
  waitingBytesMax?: number
  /** Of the worker; a test has one of its own. */
  script?: URL
  /** A thread was ended, or ended by itself. */
  lost?(why: 'timeout' | 'ended'): void
}

/**
 * Up to here a message is looked at where it arrived: less than handing it over takes, and far below what anybody waits for. The worst that so
 * few bytes can be made to cost is measured in `pool.test.ts`.
 */
export const inlineBytesMax = 24 * 1024

/** Bytes copied at a time on the way to a thread: at 1 MB the loop stands still for a fraction of a millisecond. */
const copiedAtOnce = 1024 * 1024

const unreadable = (): Proven => ({ findings: ['content.unreadable'], mentions: [] })

type Job = { work: Omit<ProofWork, 'id'>; bytes: number; settle: (proof: Proven) => void }

/**
 * Proves messages: small ones at once, others in threads with a deadline. What takes too long, or breaks a thread, is unreadable, and the thread
 * is replaced; nobody else's message is lost with it, since a thread has one at a time.
 */
export class ProofPool {
  readonly #options: Required<Omit<ProofPoolOptions, 'script' | 'lost'>> & Pick<ProofPoolOptions, 'script' | 'lost'>
  readonly #waiting: Job[] = []
  readonly #threads = new Set<Thread>()
  #bytes = 0
  #isClosed = false

  constructor(options: ProofPoolOptions = {}) {
    this.#options = { threads: 1, proofMsMax: 2000, waitingMax: 1000, waitingBytesMax: 128 * 1024 * 1024, ...options }
  }

  /** At once where it is small. Rejects with `ProofOverloaded`; on bytes it never does. */
  prove(material: Material, expectations: Expectations): Proven | Promise<Proven> {
    const bytes = bytesOf(material)
    return bytes <= inlineBytesMax ? prove(material, expectations) : this.#apart(material, expectations, bytes)
  }

  /** Starts a thread before anybody needs one: loading what it runs takes longer than most of its work. */
  start(): void {
    this.#idle()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const { settle } of this.#waiting.splice(0)) settle(unreadable())
    await Promise.all([...this.#threads].map(thread => thread.end()))
  }

  async #apart(material: Material, expectations: Expectations, bytes: number): Promise<Proven> {
    const { waitingMax, waitingBytesMax } = this.#options
    if (this.#isClosed || this.#waiting.length >= waitingMax || this.#bytes + bytes > waitingBytesMax)
      throw new ProofOverloaded('too many messages wait to be looked at')
    this.#bytes += bytes
    try {
      const own = await copied(material)
      const { promise, resolve } = Promise.withResolvers<Proven>()
      this.#waiting.push({ work: { material: own, expectations }, bytes, settle: resolve })
      this.#next()
      return await promise
    } finally {
      this.#bytes -= bytes
    }
  }

  #next(): void {
    if (this.#waiting.length === 0) return
    const thread = this.#idle()
    if (!thread) return
    const { work, settle } = this.#waiting.shift()!
    void thread.prove(work).then(proof => {
      if (thread.isLost) this.#threads.delete(thread)
      settle(proof)
      this.#next()
    })
  }

  #idle(): Thread | undefined {
    for (const thread of this.#threads) if (!thread.isBusy) return thread
    if (this.#isClosed || this.#threads.size >= this.#options.threads) return undefined
    const thread = new Thread(this.#options)
    this.#threads.add(thread)
    return thread
  }
}

function bytesOf(material: Material): number {
  if (material.kind === 'raw') return material.data.length
  return material.subject.length + (material.text?.length ?? 0) + (material.html?.length ?? 0)
}

/** Bytes of its own, to be given away, copied without standing in anybody's way. */
async function copied(material: Material): Promise<Material> {
  if (material.kind === 'parts') return material
  const { data } = material
  const own = new Uint8Array(new ArrayBuffer(data.length))
  for (let at = 0; at < data.length; at += copiedAtOnce) {
    own.set(data.subarray(at, at + copiedAtOnce), at)
    await new Promise(resolve => setImmediate(resolve))
  }
  return { kind: 'raw', data: own }
}

class Thread {
  readonly #worker: Worker
  readonly #options: Pick<ProofPoolOptions, 'lost'> & { proofMsMax: number }
  #settle: ((proof: Proven) => void) | undefined
  #id = 0
  #isEnded = false

  constructor({
    script = new URL('./proof.worker.ts', import.meta.url),
    proofMsMax,
    lost,
  }: Pick<ProofPoolOptions, 'script' | 'lost'> & { proofMsMax: number }) {
    this.#options = { proofMsMax, ...(lost && { lost }) }
    const resourceLimits = { maxOldGenerationSizeMb: 384, maxYoungGenerationSizeMb: 48 }
    this.#worker = new Worker(script, { execArgv: [], resourceLimits })
    this.#worker.on('message', ({ id, proof }: ProofReply) => id === this.#id && this.#done(proof))
    this.#worker.on('error', () => this.#lost('ended'))
    this.#worker.on('exit', () => this.#lost('ended'))
    this.#worker.unref()
  }

  get isBusy(): boolean {
    return this.#settle !== undefined
  }

  get isLost(): boolean {
    return this.#isEnded
  }

  /** Never rejects. */
  prove(work: Omit<ProofWork, 'id'>): Promise<Proven> {
    const { promise, resolve } = Promise.withResolvers<Proven>()
    if (this.#isEnded) return Promise.resolve(unreadable())
    const timer = setTimeout(() => this.#lost('timeout'), this.#options.proofMsMax)
    this.#settle = proof => {
      clearTimeout(timer)
      resolve(proof)
    }
    this.#worker.ref()
    const { material } = work
    const given = material.kind === 'raw' ? [material.data.buffer as ArrayBuffer] : []
    this.#worker.postMessage({ id: ++this.#id, ...work } satisfies ProofWork, given)
    return promise
  }

  async end(): Promise<void> {
    this.#isEnded = true
    await this.#worker.terminate()
    this.#done(unreadable())
  }

  #done(proof: Proven): void {
    const settle = this.#settle
    this.#settle = undefined
    this.#worker.unref()
    settle?.(proof)
  }

  #lost(why: 'timeout' | 'ended'): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#options.lost?.(why)
    void this.#worker.terminate()
    this.#done(unreadable())
  }
}

import { Worker } from 'node:worker_threads'
import type { CompileResult } from './compile.ts'
import type { TemplateSource } from './definition.ts'

/** How long a template may take to compile, and how long the thread waits for another one. */
const compileMsMax = 30_000
const idleMsMax = 30_000

type Answer = { number: number; result?: CompileResult; failed?: string }
type Waiting = { resolve(result: CompileResult): void; reject(error: Error): void; timer: NodeJS.Timeout }

/**
 * Compiles templates in a thread that is started when it is first needed and ends when nobody needs it: MJML takes half a second and 60 MB to
 * load, and a template tens of milliseconds, in which messages would wait. A template that takes too long, or all memory, costs the thread.
 */
export class CompilerThread {
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #number = 0
  readonly #waiting = new Map<number, Waiting>()

  compile(source: TemplateSource): Promise<CompileResult> {
    clearTimeout(this.#idle)
    const worker = (this.#worker ??= this.#start())
    const number = ++this.#number
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#end(new Error('a template took too long to compile')), compileMsMax)
      this.#waiting.set(number, { resolve, reject, timer })
      worker.postMessage({ number, source })
    })
  }

  async stop(): Promise<void> {
    await this.#end(new Error('templates are no longer compiled'))
  }

  #start(): Worker {
    const url = new URL('./compile.worker.ts', import.meta.url)
    const worker = new Worker(url, { resourceLimits: { maxOldGenerationSizeMb: 512 } })
    worker.on('message', (answer: Answer) => this.#answered(answer))
    worker.on('error', error => void this.#end(error))
    worker.unref()
    return worker
  }

  #answered({ number, result, failed }: Answer): void {
    const waiting = this.#waiting.get(number)
    if (!waiting) return
    this.#waiting.delete(number)
    clearTimeout(waiting.timer)
    if (result) waiting.resolve(result)
    else waiting.reject(new Error(failed))
    if (this.#waiting.size > 0) return
    this.#idle = setTimeout(() => void this.#end(new Error('idle')), idleMsMax)
    this.#idle.unref()
  }

  async #end(why: Error): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(why)
    }
    this.#waiting.clear()
    await worker?.terminate()
  }
}

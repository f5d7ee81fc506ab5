import { Worker } from 'node:worker_threads'
import type { CompileResult } from './compile.ts'
import type { Compiled } from './compiled.ts'
import type { TemplateSource } from './definition.ts'
import type { lintTemplate, TemplateFinding } from './lint/template.ts'

/** How long a template may take to compile or to be looked at, and how long the thread waits for another one. */
const taskMsMax = 30_000
const idleMsMax = 30_000

type LintSettings = Parameters<typeof lintTemplate>[1]
export type Task =
  | { do: 'compile'; source: TemplateSource }
  | { do: 'lint'; compiled: Compiled; settings: LintSettings }

type Answer = { number: number; result?: CompileResult | TemplateFinding[]; failed?: string }
type Waiting = { resolve(result: never): void; reject(error: Error): void; timer: NodeJS.Timeout }

/**
 * Compiles templates and looks at them in a thread that is started when it is first needed and ends when nobody needs it: MJML takes long to load,
 * and a template in all its languages tens of milliseconds, in which messages would wait. A template that takes too long, or all memory, costs the thread.
 */
export class CompilerThread {
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #number = 0
  readonly #waiting = new Map<number, Waiting>()

  compile(source: TemplateSource): Promise<CompileResult> {
    return this.#ask({ do: 'compile', source })
  }

  lint(compiled: Compiled, settings: LintSettings): Promise<TemplateFinding[]> {
    return this.#ask({ do: 'lint', compiled, settings })
  }

  #ask<Result>(task: Task): Promise<Result> {
    clearTimeout(this.#idle)
    const worker = (this.#worker ??= this.#start())
    const number = ++this.#number
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#end(new Error('a template took too long')), taskMsMax)
      this.#waiting.set(number, { resolve, reject, timer })
      worker.postMessage({ number, task })
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
    if (result) waiting.resolve(result as never)
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

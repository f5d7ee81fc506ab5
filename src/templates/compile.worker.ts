import { parentPort } from 'node:worker_threads'
import { compile } from './compile.ts'
import type { Task } from './compile-apart.ts'
import { lintTemplate } from './lint/template.ts'

// The thread in which templates are compiled and looked at. It is given one task after the other and answers in order.

const port = parentPort!

port.on('message', async ({ number, task }: { number: number; task: Task }) => {
  try {
    const result = task.do === 'compile' ? await compile(task.source) : lintTemplate(task.compiled, task.settings)
    port.postMessage({ number, result })
  } catch (error) {
    port.postMessage({ number, failed: error instanceof Error ? error.message : String(error) })
  }
})

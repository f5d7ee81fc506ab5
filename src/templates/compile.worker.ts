import { parentPort } from 'node:worker_threads'
import { compile } from './compile.ts'
import type { TemplateSource } from './definition.ts'

// The thread in which templates are compiled. It is given one source after the other and answers in order.

const port = parentPort!

port.on('message', async ({ number, source }: { number: number; source: TemplateSource }) => {
  try {
    port.postMessage({ number, result: await compile(source) })
  } catch (error) {
    port.postMessage({ number, failed: error instanceof Error ? error.message : String(error) })
  }
})

import { Worker } from 'node:worker_threads'

/** What is shown of a mail. */
export type ParsedMail = {
  subject: string
  headers: { name: string; value: string }[]
  text?: string
  html?: string
  attachments: { name: string; type: string; bytes: number }[]
}
export type Parsed =
  | { status: 'parsed'; mail: ParsedMail }
  | { status: 'refused'; reason: 'too-large' | 'too-many-parts' | 'timeout' | 'unreadable' | 'busy' }

export const parsedBytesMax = 25 * 1024 * 1024
/** Lines that may begin a part: the parser takes some 55 µs for each. */
export const parsedPartsMax = 2_000
export const parseMsMax = 5_000
const inlineBytesMax = 5 * 1024 * 1024
const parsingsMax = 2
const workerMemoryMbMax = 256
let parsings = 0

/** Take a mail apart for display, in a thread of its own that ends when it takes too long or too much. */
export async function parseForDisplay(data: Buffer, limits: { msMax?: number } = {}): Promise<Parsed> {
  if (data.length > parsedBytesMax) return { status: 'refused', reason: 'too-large' }
  if (countBoundaryLines(data, parsedPartsMax) > parsedPartsMax) return { status: 'refused', reason: 'too-many-parts' }
  if (parsings >= parsingsMax) return { status: 'refused', reason: 'busy' }
  parsings++
  try {
    return await parseInWorker(data, limits.msMax ?? parseMsMax)
  } finally {
    parsings--
  }
}

/** Lines that begin with two hyphens, counted up to one more than `max`. */
function countBoundaryLines(data: Buffer, max: number): number {
  let count = 0
  for (let at = data.indexOf('\n--'); at >= 0 && count <= max; at = data.indexOf('\n--', at + 3)) count++
  return count
}

async function parseInWorker(data: Buffer, msMax: number): Promise<Parsed> {
  const worker = new Worker(new URL('./parse.worker.ts', import.meta.url), {
    workerData: { data, inlineBytesMax },
    resourceLimits: { maxOldGenerationSizeMb: workerMemoryMbMax },
    execArgv: [],
  })
  const { promise, resolve } = Promise.withResolvers<Parsed>()
  const timer = setTimeout(() => resolve({ status: 'refused', reason: 'timeout' }), msMax)
  worker.on('message', (mail: ParsedMail) => resolve({ status: 'parsed', mail }))
  worker.on('error', () => resolve({ status: 'refused', reason: 'unreadable' }))
  worker.on('exit', () => resolve({ status: 'refused', reason: 'unreadable' }))
  return promise.finally(() => {
    clearTimeout(timer)
    return worker.terminate()
  })
}

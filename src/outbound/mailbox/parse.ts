import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

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
/** The parser takes up to 3 KB of memory for each. */
export const parsedLinesMax = 150_000
export const parseMsMax = 5_000
const parsingsMax = 2
const parserMemoryMbMax = 256
const parserPath = fileURLToPath(new URL('./parse.process.ts', import.meta.url))
let parsings = 0

type Limits = { msMax?: number; memoryMbMax?: number }

/**
 * Take a mail apart for display, in a process of its own that ends when it takes too long or too much. A thread will not do: when it runs out of
 * memory in the middle of an allocation of the runtime's own, all of Tocsin ends with it; a mail of 3 MB was enough.
 */
export async function parseForDisplay(data: Buffer, limits: Limits = {}): Promise<Parsed> {
  if (data.length > parsedBytesMax || count(data, '\n', parsedLinesMax) > parsedLinesMax)
    return { status: 'refused', reason: 'too-large' }
  if (count(data, '\n--', parsedPartsMax) > parsedPartsMax) return { status: 'refused', reason: 'too-many-parts' }
  if (parsings >= parsingsMax) return { status: 'refused', reason: 'busy' }
  parsings++
  try {
    return await parseApart(data, limits)
  } finally {
    parsings--
  }
}

/** How often `mark` is there, counted up to one more than `max`. */
function count(data: Buffer, mark: string, max: number): number {
  let found = 0
  for (let at = data.indexOf(mark); at >= 0 && found <= max; at = data.indexOf(mark, at + mark.length)) found++
  return found
}

function parseApart(data: Buffer, { msMax = parseMsMax, memoryMbMax = parserMemoryMbMax }: Limits): Promise<Parsed> {
  const parser = spawn(process.execPath, [`--max-old-space-size=${memoryMbMax}`, parserPath], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
  })
  const { promise, resolve } = Promise.withResolvers<Parsed>()
  const timer = setTimeout(() => resolve({ status: 'refused', reason: 'timeout' }), msMax)
  const said: Buffer[] = []
  parser.stdout.on('data', chunk => said.push(chunk))
  parser.on('error', () => resolve({ status: 'refused', reason: 'unreadable' }))
  parser.on('close', code => {
    if (code !== 0) return resolve({ status: 'refused', reason: 'unreadable' })
    resolve({ status: 'parsed', mail: JSON.parse(Buffer.concat(said).toString()) as ParsedMail })
  })
  parser.stdin.on('error', () => {}) // It ended before it had read all: 'close' follows.
  parser.stdin.end(data)
  return promise.finally(() => {
    clearTimeout(timer)
    parser.kill('SIGKILL')
  })
}

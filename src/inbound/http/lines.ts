import { batchBytesMax, batchLineBytesMax, batchLinesMax } from './contract.ts'

/** A line of a batch, or what stands in its place: `too-many` and `too-large` are the last. */
export type Line = Buffer | 'too-long' | 'too-many' | 'too-large'

/**
 * Cuts a body into lines as it arrives. A line that lies within one piece is not copied; one that is too long is passed over without being
 * kept. `push` and `end` give the lines that are complete.
 */
export function lineCutter(
  limits = { lineBytesMax: batchLineBytesMax, linesMax: batchLinesMax, bytesMax: batchBytesMax },
) {
  let kept: Buffer[] = []
  let keptBytes = 0
  let bytes = 0
  let lines = 0
  let over = false

  function complete(piece: Buffer, out: Line[]): void {
    const size = keptBytes + piece.length
    lines++
    if (lines > limits.linesMax) finish('too-many', out)
    else if (size > limits.lineBytesMax) out.push('too-long')
    else out.push(kept.length === 0 ? piece : Buffer.concat([...kept, piece], size))
    kept = []
    keptBytes = 0
  }

  function finish(reason: 'too-many' | 'too-large', out: Line[]): void {
    over = true
    out.push(reason)
  }

  return {
    /** Nothing behind this is read. */
    isOver: () => over,
    push(piece: Buffer): Line[] {
      const out: Line[] = []
      bytes += piece.length
      let from = 0
      for (let at = piece.indexOf(10); at !== -1 && !over; at = piece.indexOf(10, from)) {
        complete(piece.subarray(from, at), out)
        from = at + 1
      }
      if (!over && bytes > limits.bytesMax) finish('too-large', out)
      keep(piece.subarray(from))
      return out
    },
    /** A last line without a line end counts; nothing behind the last line end does not. */
    end(): Line[] {
      const out: Line[] = []
      if (!over && keptBytes > 0) complete(Buffer.alloc(0), out)
      return out
    },
  }

  function keep(rest: Buffer): void {
    if (over || rest.length === 0) return
    keptBytes += rest.length
    if (keptBytes > limits.lineBytesMax) kept = []
    else kept.push(rest)
  }
}

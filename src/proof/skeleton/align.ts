/** Cells of the table that may be filled for one alignment: what is longer stays unaligned. */
const cellsMax = 100_000
/** A region up to this size is solved exactly; a larger one is first cut at what occurs once on both sides. */
const exactCellsMax = 4_096
const depthMax = 12

/**
 * Which tokens of `a` are tokens of `b`, in order: for each of `a` its place in `b`, or -1. First the equal beginning and end, then what
 * occurs once on both sides (as patience diff does), then the heaviest common subsequence of the small regions that remain. Without a bound
 * on the work, two long texts of one sender would cost a second; with it what is left is just more unaligned.
 */
export function aligned(a: ArrayLike<number>, b: ArrayLike<number>, { weight, gapBefore }: Terms): Int32Array {
  const partner = new Int32Array(a.length).fill(-1)
  align({ a, b, partner, weight, gapBefore, cellsLeft: cellsMax }, { a0: 0, a1: a.length, b0: 0, b1: b.length }, 0)
  return partner
}

/** Of the tokens of `a`: what each weighs, and whether values vary right before it (also asked for `a.length`). */
export type Terms = { weight(i: number): number; gapBefore(i: number): boolean }

type Work = Terms & {
  a: ArrayLike<number>
  b: ArrayLike<number>
  partner: Int32Array
  cellsLeft: number
}
type Region = { a0: number; a1: number; b0: number; b1: number }

function align(work: Work, region: Region, depth: number): void {
  const { a0, a1, b0, b1 } = trimmed(work, region)
  if (a0 === a1 || b0 === b1) return
  const cells = (a1 - a0) * (b1 - b0)
  if (cells > exactCellsMax && depth < depthMax) {
    const anchors = anchorsOf(work, { a0, a1, b0, b1 })
    if (anchors.length > 0) {
      let [fromA, fromB] = [a0, b0]
      for (const [i, j] of anchors) {
        work.partner[i] = j
        align(work, { a0: fromA, a1: i, b0: fromB, b1: j }, depth + 1)
        ;[fromA, fromB] = [i + 1, j + 1]
      }
      return align(work, { a0: fromA, a1, b0: fromB, b1 }, depth + 1)
    }
  }
  if (cells > work.cellsLeft) return
  work.cellsLeft -= cells
  heaviest(work, { a0, a1, b0, b1 })
}

function trimmed({ a, b, partner }: Work, { a0, a1, b0, b1 }: Region): Region {
  while (a0 < a1 && b0 < b1 && a[a0] === b[b0]) partner[a0++] = b0++
  while (a0 < a1 && b0 < b1 && a[a1 - 1] === b[b1 - 1]) partner[--a1] = --b1
  return { a0, a1, b0, b1 }
}

/** Pairs of what occurs once on both sides, the longest run of them that is in order. */
function anchorsOf({ a, b }: Work, { a0, a1, b0, b1 }: Region): [number, number][] {
  const inA = once(a, a0, a1)
  const inB = once(b, b0, b1)
  const pairs: [number, number][] = []
  for (const [value, i] of inA) {
    const j = i < 0 ? undefined : inB.get(value)
    if (j !== undefined && j >= 0) pairs.push([i, j])
  }
  return increasing(pairs)
}

/** Where a value is; -1 when it is there more than once. */
function once(values: ArrayLike<number>, from: number, to: number): Map<number, number> {
  const places = new Map<number, number>()
  for (let i = from; i < to; i++) places.set(values[i]!, places.has(values[i]!) ? -1 : i)
  return places
}

/** The longest increasing subsequence by the second of each pair, in n log n. */
function increasing(pairs: [number, number][]): [number, number][] {
  const tails: number[] = []
  const before = new Int32Array(pairs.length).fill(-1)
  for (let i = 0; i < pairs.length; i++) {
    let [low, high] = [0, tails.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (pairs[tails[middle]!]![1] < pairs[i]![1]) low = middle + 1
      else high = middle
    }
    if (low > 0) before[i] = tails[low - 1]!
    tails[low] = i
  }
  const run: [number, number][] = []
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at]!) run.push(pairs[at]!)
  return run.reverse()
}

/** The heaviest common subsequence of a region, by the usual table. Of equal ones the last place behind a gap is taken: the value has the rest. */
function heaviest({ a, b, partner, weight, gapBefore }: Work, { a0, a1, b0, b1 }: Region): void {
  const width = b1 - b0 + 1
  const table = new Int32Array((a1 - a0 + 1) * width)
  for (let i = a1 - 1; i >= a0; i--)
    for (let j = b1 - 1; j >= b0; j--) {
      const at = (i - a0) * width + (j - b0)
      const skip = Math.max(table[at + width]!, table[at + 1]!)
      table[at] = a[i] === b[j] ? Math.max(skip, table[at + width + 1]! + weight(i)) : skip
    }
  for (let i = a0, j = b0; i < a1 && j < b1; ) {
    const at = (i - a0) * width + (j - b0)
    const isLater = table[at] === table[at + 1] && gapBefore(i) && !gapBefore(i + 1)
    if (!isLater && a[i] === b[j] && table[at] === table[at + width + 1]! + weight(i)) partner[i++] = j++
    else if (!isLater && table[at] === table[at + width]) i++
    else j++
  }
}

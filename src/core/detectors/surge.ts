import { exp, log } from '../../std/exponential.ts'

/**
 * The rate test: weighted e-SR over blocks of four lengths, each with a grid of rate ratios ρ. With nothing wrong the number of messages of
 * a block is dominated by a negative binomial of mean Λ and size k (variance Λ + Λ²/k). For n messages so far
 *
 *     L(n) = ρ^n · ((k+Λ)/(k+ρΛ))^(k+n)
 *
 * rises with n for ρ > 1, so that it may be read after each message, with the Λ of the whole block: what crosses inside crosses at the end
 * as well. How messages are spread within a block needs no model. M ← (M + length in days) · L(n) at each block's end; by the lemma of the
 * weighted e-SR the expected time between two crossings of A is at least A days. For ρ < 1 it falls with n, and is read at the end only.
 */
export const blockMs = [1_000, 10_000, 60_000, 600_000] as const
export const slotMs = 600_000
const dayMs = 86_400_000

/** Short blocks see steep surges, long ones slow ones: in a long block a steep ratio pays for the whole block before its first message. */
const surgeRatios = [
  [5, 20, 80, 300, 1_200, 5_000],
  [3, 10, 30, 100, 400, 1_600],
  [2, 4, 10, 25, 80, 300],
  [1.5, 2.5, 5, 10, 25, 80],
] as const
const perScale = 6
export const surgeCells = 24

/** Silence is tested over blocks of 60 s and 600 s. */
const lackRatios = [0.05, 0.2] as const
const lackScales = [2, 3] as const
export const lackCells = 4

/** ln of next to nothing: the block in which counting begins. */
const lnNothing = -1e6

/** A value of evidence beyond this says nothing more. */
export const evidenceMax = 1e12

/** What is expected within a slot of ten minutes, and the factors that follow from it. One per forecast, filled anew when the slot changes. */
export type Tables = {
  /** Number of the slot since 1970, −1 while nothing is in it. */
  slot: number
  /** Messages a second: expected; the null's upper bound (κ times that); its lower bound. */
  mean: number
  upper: number
  lower: number
  /** k of each scale, and by how much the null is raised for scatter that outlasts its blocks. */
  readonly sizes: Float64Array
  readonly lasting: Float64Array
  /** Factor for one message, and its logarithm. */
  readonly risen: Float64Array
  readonly lnRisen: Float64Array
  /** Factor of a block without a message, and its logarithm. */
  readonly empty: Float64Array
  readonly lnEmpty: Float64Array
  readonly lnFallen: Float64Array
  readonly silent: Float64Array
  readonly lnSilent: Float64Array
  /** For long gaps, by the slot in which they began (−1: none): the factor of an empty block under the bounds that held anywhere in the gap. */
  gapFrom: number
  readonly gap: Float64Array
  readonly lnGap: Float64Array
  readonly silentGap: Float64Array
  readonly lnSilentGap: Float64Array
}

export const newTables = (): Tables => ({
  slot: -1,
  mean: 0,
  upper: 0,
  lower: 0,
  sizes: new Float64Array(blockMs.length),
  lasting: new Float64Array(blockMs.length),
  risen: new Float64Array(surgeCells),
  lnRisen: new Float64Array(surgeCells),
  empty: new Float64Array(surgeCells),
  lnEmpty: new Float64Array(surgeCells),
  lnFallen: new Float64Array(lackCells),
  silent: new Float64Array(lackCells),
  lnSilent: new Float64Array(lackCells),
  gapFrom: -1,
  gap: new Float64Array(surgeCells),
  lnGap: new Float64Array(surgeCells),
  silentGap: new Float64Array(lackCells),
  lnSilentGap: new Float64Array(lackCells),
})

/** ln((k+Λ)/(k+ρΛ)): below 0 for ρ > 1. */
const lnShare = (k: number, mean: number, ratio: number): number => log((k + mean) / (k + ratio * mean))

/** How far a gamma of mean 1 and size k goes: its quantile of 1 − 3·10⁻⁵, by Wilson and Hilferty's cube. */
function reachOf(inverse: number): number {
  const ninth = inverse / 9
  const cubed = 1 - ninth + 4 * exp(0.5 * log(ninth))
  return cubed * cubed * cubed
}

/**
 * The test takes blocks one after the other, so what is excessive must not last from one into the next. Scatter that lasts shows in longer
 * blocks: of independent blocks ten together have ten times the k, and what there is beyond (1/k of the long one less that) is a rate that is
 * up for the whole of it. That much the null is raised. Without it, seconds within a busy minute gave twenty alarms in sixty days.
 */
export function lastingOf(sizes: Float64Array, scale: number): number {
  let inverse = 0
  for (let longer = scale + 1; longer < blockMs.length; longer++) {
    const independent = blockMs[scale]! / blockMs[longer]! / sizes[scale]!
    inverse = Math.max(inverse, 1 / sizes[longer]! - independent)
  }
  return inverse > 1e-9 ? reachOf(inverse) : 1
}

/** `mean`, `upper`, `lower` and `sizes` are set by the caller; this fills what follows from them. */
export function fill(tables: Tables): void {
  for (let scale = 0; scale < blockMs.length; scale++) tables.lasting[scale] = lastingOf(tables.sizes, scale)
  for (let cell = 0; cell < surgeCells; cell++) {
    const scale = (cell / perScale) | 0
    const ratio = surgeRatios[scale]![cell % perScale]!
    const k = tables.sizes[scale]!
    const share = lnShare(k, (tables.upper * tables.lasting[scale]! * blockMs[scale]!) / 1_000, ratio)
    tables.lnRisen[cell] = log(ratio) + share
    tables.risen[cell] = exp(tables.lnRisen[cell]!)
    tables.lnEmpty[cell] = k * share
    tables.empty[cell] = exp(k * share)
  }
  for (let cell = 0; cell < lackCells; cell++) {
    const scale = lackScales[cell >> 1]!
    const ratio = lackRatios[cell & 1]!
    const k = tables.sizes[scale]!
    const share = lnShare(k, (tables.lower * blockMs[scale]!) / 1_000, ratio)
    tables.lnFallen[cell] = log(ratio) + share
    tables.lnSilent[cell] = k * share
    tables.silent[cell] = exp(k * share)
  }
  tables.gapFrom = -1
}

/** The empty blocks of a gap that began in slot `from`, under the largest upper and the smallest lower rate in it. */
export function fillGap(tables: Tables, from: number, { upper, lower }: { upper: number; lower: number }): void {
  for (let cell = 0; cell < surgeCells; cell++) {
    const scale = (cell / perScale) | 0
    const ratio = surgeRatios[scale]![cell % perScale]!
    const k = tables.sizes[scale]!
    tables.lnGap[cell] = k * lnShare(k, (upper * tables.lasting[scale]! * blockMs[scale]!) / 1_000, ratio)
    tables.gap[cell] = exp(tables.lnGap[cell]!)
  }
  for (let cell = 0; cell < lackCells; cell++) {
    const scale = lackScales[cell >> 1]!
    const k = tables.sizes[scale]!
    tables.lnSilentGap[cell] = k * lnShare(k, (lower * blockMs[scale]!) / 1_000, lackRatios[cell & 1]!)
    tables.silentGap[cell] = exp(tables.lnSilentGap[cell]!)
  }
  tables.gapFrom = from
}

/** `blocks` times M ← (M + w)·p in closed form, with p and ln p given; `blocks` ≥ 1. */
function afterEmpty(value: number, weight: number, one: number, ln: number, blocks: number): number {
  if (blocks === 1) return (value + weight) * one
  if (ln > -1e-12 && ln < 1e-12) return value + weight * blocks
  const all = ln * blocks < -60 ? 0 : exp(Math.min(60, ln * blocks))
  return value * all + (weight * one * (1 - all)) / (1 - one)
}

const blocksBetween = (from: number, at: number, length: number): number =>
  Math.floor(at / length) - Math.floor(from / length)

/**
 * The mean of the cells after time has gone on from `from` (ms; −1: nothing yet) to `at` and `count` messages have come. Stored when `keep`.
 * `finest` leaves out scales for which the counts are too coarse. No allocation.
 */
export function surge(
  cells: Float64Array,
  tables: Tables,
  { from, at, count, keep, finest }: { from: number; at: number; count: number; keep: boolean; finest: number },
): number {
  const far = from >= 0 && tables.gapFrom >= 0
  const ln = far ? tables.lnGap : tables.lnEmpty
  const one = far ? tables.gap : tables.empty
  let total = 0
  for (let scale = finest; scale < blockMs.length; scale++) {
    const length = blockMs[scale]!
    const weight = length / dayMs
    const blocks = from < 0 ? 1 : blocksBetween(from, at, length)
    for (let cell = scale * perScale; cell < (scale + 1) * perScale; cell++) {
      let value = from < 0 ? 0 : cells[cell]!
      if (blocks > 0) {
        if (blocks > 1) value = afterEmpty(value, weight, one[cell]!, ln[cell]!, blocks - 1)
        value = (value + weight) * tables.empty[cell]!
      }
      if (count === 1) value *= tables.risen[cell]!
      else if (count > 1) value *= exp(Math.min(700, count * tables.lnRisen[cell]!))
      if (value > evidenceMax) value = evidenceMax
      if (keep) cells[cell] = value
      total += value
    }
  }
  return total / surgeCells
}

/** The cell of `surge` with the most evidence, as scale and ratio. */
export function steepest(cells: Float64Array): { blockSeconds: number; ratio: number; scale: number } {
  let best = 0
  for (let cell = 1; cell < surgeCells; cell++) if (cells[cell]! > cells[best]!) best = cell
  const scale = (best / perScale) | 0
  return { scale, blockSeconds: blockMs[scale]! / 1_000, ratio: surgeRatios[scale]![best % perScale]! }
}

/** Nothing is known before: the block in which counting begins is not whole, and counts for nothing. */
export function beginLack(cells: Float64Array): void {
  cells.fill(0, 0, lackCells)
  cells.fill(lnNothing, lackCells, 2 * lackCells)
}

/**
 * The test for silence. `cells` from `start`: for each cell the value at the end of the last whole block, then for each the logarithm of
 * the running value of the open one. Gives the mean over the cells at the end of the last block that is whole at `at`. The block in which counting begins is not
 * whole, and counts for nothing.
 */
export function lack(
  cells: Float32Array | Float64Array,
  start: number,
  tables: Tables,
  { from, at, count, keep }: { from: number; at: number; count: number; keep: boolean },
): number {
  const far = from >= 0 && tables.gapFrom >= 0
  const ln = far ? tables.lnSilentGap : tables.lnSilent
  const one = far ? tables.silentGap : tables.silent
  let total = 0
  for (let cell = 0; cell < lackCells; cell++) {
    const length = blockMs[lackScales[cell >> 1]!]!
    const weight = length / dayMs
    const blocks = from < 0 ? 0 : blocksBetween(from, at, length)
    let ended = from < 0 ? 0 : cells[start + cell]!
    let lnOpen = from < 0 ? lnNothing : cells[start + lackCells + cell]!
    if (blocks > 0) {
      ended = exp(Math.min(60, lnOpen))
      if (blocks > 1) ended = afterEmpty(ended, weight, one[cell]!, ln[cell]!, blocks - 1)
      if (ended > evidenceMax) ended = evidenceMax
      lnOpen = log(ended + weight) + tables.lnSilent[cell]!
    }
    lnOpen += count * tables.lnFallen[cell]!
    if (keep) {
      cells[start + cell] = ended
      cells[start + lackCells + cell] = lnOpen
    }
    total += ended
  }
  return total / lackCells
}

/** Nearest rank; 0 of nothing. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
}

export type Spread = { median: number; p95: number; max: number }

export const spreadOf = (values: readonly number[]): Spread => ({
  median: quantile(values, 0.5),
  p95: quantile(values, 0.95),
  max: quantile(values, 1),
})

/** P(X ≤ n) of a Poisson. */
function cumulative(n: number, mean: number): number {
  let term = Math.exp(-mean)
  let sum = term
  for (let i = 1; i <= n; i++) sum += term *= mean / i
  return sum
}

/** Where a falling function reaches `value`, between 0 and `high`. */
function solve(fallsTo: (x: number) => number, value: number, high: number): number {
  let [low, top] = [0, high]
  for (let i = 0; i < 80; i++) {
    const middle = (low + top) / 2
    if (fallsTo(middle) > value) low = middle
    else top = middle
  }
  return (low + top) / 2
}

/** Exact 95 % interval of a Poisson mean of which `n` was seen (Garwood 1936). */
export function poissonInterval(n: number): [from: number, to: number] {
  const high = n + 20 + 10 * Math.sqrt(n + 1)
  const from = n === 0 ? 0 : solve(mean => cumulative(n - 1, mean), 0.975, high)
  return [from, solve(mean => cumulative(n, mean), 0.025, high)]
}

/** First-order bound on messages passed before a stop, with one false stop per γ expected messages, at ρ times the usual (Lorden 1971). */
export const boundOf = (ratio: number, gamma: number): number =>
  (ratio * Math.log(gamma)) / (ratio * Math.log(ratio) - ratio + 1)

/**
 * The level that is passed once in `periods` such periods, from the heights of excursions seen in one: beyond the hundredth highest they are
 * taken for exponential, which those of a random walk with negative drift are.
 */
export function levelPassedOncePer(periods: number, heights: readonly number[]): number {
  const sorted = [...heights].sort((a, b) => b - a)
  const tail = sorted.slice(0, Math.min(100, Math.floor(sorted.length / 2)))
  const from = tail.at(-1) ?? 0
  const excess = tail.reduce((sum, height) => sum + height - from, 0) / Math.max(1, tail.length)
  return from + excess * Math.log(Math.max(1, tail.length * periods))
}

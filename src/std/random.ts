import { exp, lnGamma, log } from './exponential.ts'

// Drills and simulations draw from here: same seed, same draws, on every machine. Integer arithmetic, and exp and log of our own.

const seedStep = 0x9e3779b9

/** SplitMix32: one well-mixed word per step, so that seeds 1 and 2 start far apart. */
function* wordsOf(seed: number): Generator<number, never> {
  let state = seed >>> 0
  while (true) {
    state = (state + seedStep) >>> 0
    let word = state
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
    yield (word ^ (word >>> 15)) >>> 0
  }
}

/** √x, by exp and log: within some units in the last place, which is enough here, and the same on every machine. */
const root = (x: number): number => exp(0.5 * log(x))

/**
 * xoshiro128** (Blackman and Vigna, 2018): period 2^128 − 1. Seeds are integers; the upper word counts too. One instance is one stream; what must not
 * depend on how often something else draws takes a stream of its own with `fork`. Not for secrets.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    const low = wordsOf(seed)
    const high = wordsOf(Math.floor(seed / 0x1_0000_0000) ^ 0x5bd1e995)
    const word = (): number => low.next().value ^ high.next().value
    this.#a = word()
    this.#b = word()
    this.#c = word()
    this.#d = word()
    if ((this.#a | this.#b | this.#c | this.#d) === 0) this.#a = 1
  }

  /** 32 random bits, 0 to 2^32 − 1. */
  word(): number {
    const b = this.#b
    const scrambled = Math.imul(b, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
    this.#c ^= this.#a
    this.#d ^= b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= b << 9
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return result
  }

  /** Another stream, determined by this one's next word and a number of one's own. */
  fork(stream = 0): Random {
    return new Random(this.word() + (stream >>> 0) * 0x1_0000_0000)
  }

  /** Uniform in [0, 1), in steps of 2^−53. */
  uniform(): number {
    return ((this.word() >>> 5) * 0x400_0000 + (this.word() >>> 6)) / 0x20_0000_0000_0000
  }

  /** Uniform among `from`, …, `to − 1`: integers, at most 2^32 of them. The bias is below 2^−21 for up to 2^32 values. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.uniform() * (to - from))
  }

  chance(probability: number): boolean {
    return this.uniform() < probability
  }

  /** One of them, each as likely. The list is not empty. */
  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.uniform() * from.length)]!
  }

  /** The index of one of the weights (≥ 0, not all 0), as likely as its weight says. */
  weighted(weights: readonly number[]): number {
    let left = this.uniform() * weights.reduce((sum, weight) => sum + weight, 0)
    for (let i = 0; i < weights.length - 1; i++) {
      left -= weights[i]!
      if (left < 0) return i
    }
    return weights.length - 1
  }

  /** Exponential; mean > 0. */
  exponential(mean: number): number {
    return -mean * log(1 - this.uniform())
  }

  /** Standard normal, by the polar method (Marsaglia and Bray, 1964). The second of the pair is not kept: a draw depends on the stream only. */
  normal(): number {
    while (true) {
      const x = 2 * this.uniform() - 1
      const y = 2 * this.uniform() - 1
      const square = x * x + y * y
      if (square < 1 && square > 0) return x * root((-2 * log(square)) / square)
    }
  }

  /** Gamma with shape > 0 and scale 1, so mean = shape. Marsaglia and Tsang, 2000; §6 of it for shapes below 1. */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * exp(log(1 - this.uniform()) / shape)
    const d = shape - 1 / 3
    const c = 1 / root(9 * d)
    while (true) {
      const x = this.normal()
      const base = 1 + c * x
      if (base <= 0) continue
      const v = base * base * base
      if (log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * log(v)) return d * v
    }
  }

  /** Poisson; mean ≥ 0. */
  poisson(mean: number): number {
    if (mean < 10) return this.#fewPoisson(mean)
    return this.#manyPoisson(mean)
  }

  /** Uniforms are multiplied until their product falls below e^−mean (Knuth, TAOCP 2, §3.4.1). */
  #fewPoisson(mean: number): number {
    const floor = exp(-mean)
    let product = this.uniform()
    let count = 0
    while (product > floor) {
      product *= this.uniform()
      count++
    }
    return count
  }

  /** Transformed rejection (Hörmann, 1993, PTRS): for means from 10, at a cost that does not grow with the mean. */
  #manyPoisson(mean: number): number {
    const b = 0.931 + 2.53 * root(mean)
    const a = -0.059 + 0.02483 * b
    const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
    const accepted = 0.9277 - 3.6224 / (b - 2)
    const logMean = log(mean)
    while (true) {
      const u = this.uniform() - 0.5
      const v = 1 - this.uniform()
      const us = 0.5 - Math.abs(u)
      const count = Math.floor(((2 * a) / us + b) * u + mean + 0.43)
      if (us >= 0.07 && v <= accepted) return count
      if (count < 0 || us === 0 || (us < 0.013 && v > us)) continue
      if (log((v * inverseAlpha) / (a / (us * us) + b)) <= count * logMean - mean - lnGamma(count + 1)) return count
    }
  }

  /** Negative binomial by its mean and size k: variance mean + mean²/k. Poisson with a gamma mean; k = ∞ gives Poisson. */
  negativeBinomial(mean: number, k: number): number {
    if (mean === 0) return 0
    return this.poisson(k === Number.POSITIVE_INFINITY ? mean : (this.gamma(k) * mean) / k)
  }
}

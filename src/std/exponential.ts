/**
 * Exponential and logarithm from operations that IEEE 754 fixes to the bit (+ − × ÷ and the bits of a double), so that every machine gets
 * the same result. The engine's own `exp` and `log` may differ in the last place between versions and processors, and a detector that
 * compares a sum of them with a threshold would then stop on one machine and not on another.
 */

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)

/** Which of the two words holds sign and exponent. */
double[0] = 1
const upper = words[1] === 0x3ff0_0000 ? 1 : 0

/** ln 2 in two parts: the first has 33 bits, so that its product with an exponent is exact. */
const ln2High = 0.6931471803691238
const ln2Low = 1.9082149292705877e-10
const perLn2 = Math.LOG2E

/** Above the first the result is infinite, below the second it is nothing. */
const overflow = 709.782712893384
const underflow = -745.1332191019412

/** 2^exponent for −1022 … 1023. */
function twoTo(exponent: number): number {
  words[upper] = (exponent + 1023) << 20
  words[1 - upper] = 0
  return double[0]!
}

/** e^x, within 1 unit in the last place. Infinite above 709.78, 0 below −745.13. */
export function exp(x: number): number {
  if (!(x <= overflow)) return x > overflow ? Number.POSITIVE_INFINITY : x
  if (x < underflow) return 0
  const k = Math.round(x * perLn2)
  const high = x - k * ln2High
  const low = k * ln2Low
  const power = seriesOfExp(high - low, high - (high - low) - low)
  if (k >= -1021 && k <= 1023) return power * twoTo(k)
  return k > 0 ? power * 2 * twoTo(k - 1) : power * twoTo(k + 64) * twoTo(-64)
}

/** e^(r + rest) for |r| ≤ ½ ln 2, by Taylor to r^13: what is left out is below 2^−57. `rest` is what rounding took from r. */
function seriesOfExp(r: number, rest: number): number {
  const r2 = r * r
  const even =
    1 / 2 + r2 * (1 / 24 + r2 * (1 / 720 + r2 * (1 / 40_320 + r2 * (1 / 3_628_800 + r2 * (1 / 479_001_600)))))
  const odd =
    1 / 6 + r2 * (1 / 120 + r2 * (1 / 5_040 + r2 * (1 / 362_880 + r2 * (1 / 39_916_800 + r2 * (1 / 6_227_020_800)))))
  return 1 + (r + (rest + rest * r + r2 * (even + r * odd)))
}

/** ln x, within 1 unit in the last place. −∞ for 0, NaN below. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  if (x === Number.POSITIVE_INFINITY) return x
  let exponent = 0
  if (x < 2.2250738585072014e-308) {
    x *= 18_014_398_509_481_984
    exponent = -54
  }
  double[0] = x
  const bits = words[upper]!
  exponent += (bits >>> 20) - 1023
  // The mantissa, taken to [√½, √2): its upper half is halved.
  const halved = (bits & 0xf_ffff) >= 0x6_a09e ? 1 : 0
  words[upper] = (bits & 0xf_ffff) | ((1023 - halved) << 20)
  return logOfMantissa(double[0]! - 1, exponent + halved)
}

/**
 * ln(1 + f) + exponent · ln 2. With s = f/(2+f), ln(1+f) = 2 artanh s = 2s + 2s(s²/3 + s⁴/5 + …), and 2s = f − s·f, of which f is exact.
 * What is left out of the series is below 2^−60.
 */
function logOfMantissa(f: number, exponent: number): number {
  const s = f / (2 + f)
  const z = s * s
  const far = z * (2 / 15 + z * (2 / 17 + z * (2 / 19 + z * (2 / 21 + z * (2 / 23)))))
  const series = z * (2 / 3 + z * (2 / 5 + z * (2 / 7 + z * (2 / 9 + z * (2 / 11 + z * (2 / 13 + far))))))
  return exponent * ln2High - (s * (f - series) - exponent * ln2Low - f)
}

/** ½ ln 2π. */
const halfLn2Pi = 0.9189385332046728

/** ln Γ(x) for x > 0, within 1e-13 or 1e-14 of its size. Stirling's series from 10 upward, the recurrence below. */
export function lnGamma(x: number): number {
  if (!(x > 0)) return Number.NaN
  if (x === Number.POSITIVE_INFINITY) return x
  let product = 1
  while (x < 10) {
    product *= x
    x += 1
  }
  const z = 1 / (x * x)
  const series =
    (1 / 12 - z * (1 / 360 - z * (1 / 1_260 - z * (1 / 1_680 - z * (1 / 1_188 - z * (691 / 360_360)))))) / x
  return (x - 0.5) * log(x) - x + halfLn2Pi + series - log(product)
}

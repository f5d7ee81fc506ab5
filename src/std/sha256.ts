/**
 * SHA-256 (FIPS 180-4 §6.2) of ASCII text that comes in pieces, for digests that the core itself must make: a platform's own would be the
 * shell's. About 60 MB/s; whatever is hot takes the shell's.
 */
export class Sha256 {
  readonly #h = Uint32Array.of(
    0x6a09e667,
    0xbb67ae85,
    0x3c6ef372,
    0xa54ff53a,
    0x510e527f,
    0x9b05688c,
    0x1f83d9ab,
    0x5be0cd19,
  )
  readonly #block = new Uint8Array(64)
  readonly #w = new Uint32Array(64)
  #used = 0
  #bytes = 0

  add(ascii: string): this {
    for (let i = 0; i < ascii.length; i++) this.#push(ascii.charCodeAt(i) & 0xff)
    this.#bytes += ascii.length
    return this
  }

  /** 64 hex digits. Nothing can be added afterwards. */
  hex(): string {
    const bits = this.#bytes * 8
    this.#push(0x80)
    while (this.#used !== 56) this.#push(0)
    for (let shift = 56; shift >= 0; shift -= 8) this.#push(Math.floor(bits / 2 ** shift) & 0xff)
    return [...this.#h].map(word => word.toString(16).padStart(8, '0')).join('')
  }

  #push(byte: number): void {
    this.#block[this.#used++] = byte
    if (this.#used < 64) return
    this.#compress()
    this.#used = 0
  }

  #compress(): void {
    const w = this.#schedule()
    const h = this.#h
    let [a, b, c, d, e, f, g, i] = [h[0]!, h[1]!, h[2]!, h[3]!, h[4]!, h[5]!, h[6]!, h[7]!]
    for (let t = 0; t < 64; t++) {
      const t1 = (i + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + ((e & f) ^ (~e & g)) + k[t]! + w[t]!) | 0
      const t2 = ((right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
      i = g
      g = f
      f = e
      e = (d + t1) | 0
      d = c
      c = b
      b = a
      a = (t1 + t2) | 0
    }
    for (const [at, word] of [a, b, c, d, e, f, g, i].entries()) h[at] = h[at]! + word
  }

  #schedule(): Uint32Array {
    const w = this.#w
    const bytes = this.#block
    for (let t = 0; t < 16; t++)
      w[t] = (bytes[4 * t]! << 24) | (bytes[4 * t + 1]! << 16) | (bytes[4 * t + 2]! << 8) | bytes[4 * t + 3]!
    for (let t = 16; t < 64; t++) {
      const [x, y] = [w[t - 15]!, w[t - 2]!]
      w[t] =
        w[t - 16]! + (right(x, 7) ^ right(x, 18) ^ (x >>> 3)) + w[t - 7]! + (right(y, 17) ^ right(y, 19) ^ (y >>> 10))
    }
    return w
  }
}

const right = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const k = Uint32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
)

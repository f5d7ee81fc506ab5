import { type Hash64, hash64 } from './hash64.ts'

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash that an outsider can neither predict nor collide without the key. 64-bit words are
 * kept as two halves, since the language has no 64-bit integers that are fast. About half a microsecond for a mailbox.
 *
 * `key` holds the four little-endian 32-bit words of the 128-bit key.
 */
export function siphash(key: Uint32Array, bytes: Uint8Array): Hash64 {
  start(key)
  const whole = bytes.length - (bytes.length % 8)
  for (let i = 0; i < whole; i += 8) compress(wordAt(bytes, i), wordAt(bytes, i + 4))
  let lo = 0
  let hi = bytes.length << 24
  for (let i = whole; i < bytes.length; i++) {
    const shift = (i - whole) * 8
    if (shift < 32) lo |= bytes[i]! << shift
    else hi |= bytes[i]! << (shift - 32)
  }
  compress(lo | 0, hi | 0)
  v[4]! ^= 0xff
  for (let i = 0; i < 4; i++) round()
  return hash64(v[1]! ^ v[3]! ^ v[5]! ^ v[7]!, v[0]! ^ v[2]! ^ v[4]! ^ v[6]!)
}

/** v0 to v3, each as low and high half. Shared by all calls: nothing here waits. */
const v = new Int32Array(8)

const wordAt = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)

function start(key: Uint32Array): void {
  const [k0, k1, k2, k3] = [key[0]! | 0, key[1]! | 0, key[2]! | 0, key[3]! | 0]
  v[0] = k0 ^ 0x70736575
  v[1] = k1 ^ 0x736f6d65
  v[2] = k2 ^ 0x6e646f6d
  v[3] = k3 ^ 0x646f7261
  v[4] = k0 ^ 0x6e657261
  v[5] = k1 ^ 0x6c796765
  v[6] = k2 ^ 0x79746573
  v[7] = k3 ^ 0x74656462
}

function compress(lo: number, hi: number): void {
  v[6]! ^= lo
  v[7]! ^= hi
  round()
  round()
  v[0]! ^= lo
  v[1]! ^= hi
}

/** Adds the word at b to the word at a. */
function add(a: number, b: number): void {
  const lo = (v[a]! >>> 0) + (v[b]! >>> 0)
  v[a + 1] = v[a + 1]! + v[b + 1]! + (lo > 0xffff_ffff ? 1 : 0)
  v[a] = lo
}

/** Rotates the word at a left by `bits`, then exclusive-ors the word at b into it. */
function turn(a: number, bits: number, b: number): void {
  const lo = v[a]!
  const hi = v[a + 1]!
  v[a] = ((lo << bits) | (hi >>> (32 - bits))) ^ v[b]!
  v[a + 1] = ((hi << bits) | (lo >>> (32 - bits))) ^ v[b + 1]!
}

function swapHalves(a: number): void {
  const lo = v[a]!
  v[a] = v[a + 1]!
  v[a + 1] = lo
}

function round(): void {
  add(0, 2)
  turn(2, 13, 0)
  swapHalves(0)
  add(4, 6)
  turn(6, 16, 4)
  add(0, 6)
  turn(6, 21, 0)
  add(4, 2)
  turn(2, 17, 4)
  swapHalves(4)
}

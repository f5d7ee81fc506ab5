const rounds = 4

/** A round function of Feistel's network: 32 bits in, 32 well-mixed bits out. */
function mixed(half: number, key: number): number {
  let word = Math.imul(half ^ key, 0x85eb_ca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2_ae35)
  return (word ^ (word >>> 16)) >>> 0
}

/**
 * Where `index` stands when 0 to count − 1 (at most 2^30) are shuffled by `key`: each comes once, and none is stored. Feistel's network over the
 * next even number of bits, walked until it is in range again (Black and Rogaway, 2002). A mere multiplication leaves an order that a detector
 * of ordered recipients may find, or miss, for the wrong reason.
 */
export function permuted(index: number, count: number, key: number): number {
  const halfBits = (33 - Math.clz32(Math.max(count - 1, 1))) >> 1
  const mask = (1 << halfBits) - 1
  let value = index
  do {
    let left = value >>> halfBits
    let right = value & mask
    for (let round = 1; round <= rounds; round++) {
      const next = left ^ (mixed(right, key + round * 0x9e37_79b9) & mask)
      left = right
      right = next
    }
    value = ((left << halfBits) | right) >>> 0
  } while (value >= count)
  return value
}

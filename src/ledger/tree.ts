import { emptyRoot, hashBytes, isEqual, nodeHash } from './hashing.ts'

// RFC 6962 and RFC 9162 §2.1: proofs over a Merkle tree. Sizes and indexes are whole numbers below 2^53, so halves are taken by division, not
// by shifts, which JavaScript does in 32 bits.

/** The node over the leaves `index` × 2^level up to the next: a whole subtree. */
export type Node = { level: number; index: number }

/** Leaves from `from` to below `to`. */
export type Range = { from: number; to: number }

const half = (n: number): number => Math.floor(n / 2)
const isOdd = (n: number): boolean => n % 2 === 1

/** The largest power of two below n, which is at least 2. */
function splitOf(n: number): number {
  let split = 1
  while (split * 2 < n) split *= 2
  return split
}

/**
 * The whole subtrees that a range falls into, from left to right, where the range is one that the tree of RFC 6962 has: it begins at a
 * multiple of the least power of two that is not below its length.
 */
export function nodesOf({ from, to }: Range): Node[] {
  const nodes: Node[] = []
  let at = from
  while (at < to) {
    let [level, width] = [0, 1]
    while (at % (width * 2) === 0 && at + width * 2 <= to) [level, width] = [level + 1, width * 2]
    nodes.push({ level, index: at / width })
    at += width
  }
  return nodes
}

/** The hash of a range from the hashes of its whole subtrees, from left to right. */
export function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return emptyRoot()
  return hashes.reduceRight((right, left) => nodeHash(left, right))
}

/** What the inclusion proof of a leaf consists of, from the leaf to the root: PATH(m, D[n]), RFC 9162 §2.1.3.1. */
export function inclusionRanges(index: number, size: number): Range[] {
  if (!(index >= 0 && index < size)) throw new RangeError('a leaf lies within its tree')
  const ranges: Range[] = []
  let [from, to] = [0, size]
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    if (index < middle) {
      ranges.unshift({ from: middle, to })
      to = middle
    } else {
      ranges.unshift({ from, to: middle })
      from = middle
    }
  }
  return ranges
}

/** What the consistency proof between two sizes consists of: PROOF(m, D[n]), RFC 9162 §2.1.4.1. */
export function consistencyRanges(first: number, second: number): Range[] {
  if (!(first > 0 && first <= second))
    throw new RangeError('the first tree has leaves, and the second at least as many')
  const ranges: Range[] = []
  let [from, to] = [0, second]
  let isWhole = true
  while (to !== first) {
    const middle = from + splitOf(to - from)
    if (first <= middle) {
      ranges.unshift({ from: middle, to })
      to = middle
    } else {
      ranges.unshift({ from, to: middle })
      from = middle
      isWhole = false
    }
  }
  if (!isWhole) ranges.unshift({ from, to })
  return ranges
}

/** Whether a leaf lies in a tree: RFC 9162 §2.1.3.2. Anything malformed is a no. */
export function verifyInclusion(claim: {
  index: number
  size: number
  leafHash: Uint8Array
  proof: readonly Uint8Array[]
  root: Uint8Array
}): boolean {
  const { index, size, proof, root } = claim
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes([claim.leafHash, root, ...proof])) return false
  let [node, last, hash] = [index, size - 1, claim.leafHash]
  for (const sibling of proof) {
    if (last === 0) return false
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash)
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)]
    } else hash = nodeHash(hash, sibling)
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && isEqual(hash, root)
}

/**
 * Whether a tree continues another: RFC 9162 §2.1.4.2. About an empty tree nothing can be proved, so that is a no, as is anything malformed.
 */
export function verifyConsistency(claim: {
  first: { size: number; root: Uint8Array }
  second: { size: number; root: Uint8Array }
  proof: readonly Uint8Array[]
}): boolean {
  const { first, second } = claim
  if (!isCount(first.size) || !isCount(second.size) || first.size > second.size) return false
  if (first.size === 0) return false
  if (first.size === second.size) return claim.proof.length === 0 && isEqual(first.root, second.root)
  if (!areHashes([first.root, second.root, ...claim.proof])) return false
  if (claim.proof.length === 0) return false
  return isContinued(first, second, claim.proof)
}

type Head = { size: number; root: Uint8Array }

function isContinued(first: Head, second: Head, proof: readonly Uint8Array[]): boolean {
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : proof
  let [node, last] = [first.size - 1, second.size - 1]
  while (isOdd(node)) [node, last] = [half(node), half(last)]
  let [old, fresh] = [path[0]!, path[0]!]
  for (const hash of path.slice(1)) {
    if (last === 0) return false
    if (isOdd(node) || node === last) {
      ;[old, fresh] = [nodeHash(hash, old), nodeHash(hash, fresh)]
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)]
    } else fresh = nodeHash(fresh, hash)
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && isEqual(old, first.root) && isEqual(fresh, second.root)
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0
const areHashes = (all: readonly Uint8Array[]): boolean => all.every(({ length }) => length === hashBytes)

function isPowerOfTwo(n: number): boolean {
  let power = 1
  while (power < n) power *= 2
  return power === n
}

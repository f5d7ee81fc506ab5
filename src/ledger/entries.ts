import { hashBytes } from './hashing.ts'
import { tileWidth } from './tiles.ts'

// C2SP tlog-tiles, bundles of entries: each has its length before it, 16 bits, big-endian. Ours all have 32 bytes.

const lengthBytes = 2
export const entryBytes = lengthBytes + hashBytes

/** The bundle of leaves that lie one behind the other, 32 bytes each. */
export function bundleOf(leaves: Uint8Array): Uint8Array {
  const count = leaves.length / hashBytes
  const bundle = new Uint8Array(count * entryBytes)
  for (let i = 0; i < count; i++) {
    bundle[i * entryBytes + 1] = hashBytes
    bundle.set(leaves.subarray(i * hashBytes, (i + 1) * hashBytes), i * entryBytes + lengthBytes)
  }
  return bundle
}

/** The entries of a bundle, of any lengths; `undefined` when it is none. */
export function entriesOf(bundle: Uint8Array): Uint8Array[] | undefined {
  const entries: Uint8Array[] = []
  let at = 0
  while (at + lengthBytes <= bundle.length) {
    const end = at + lengthBytes + bundle[at]! * 256 + bundle[at + 1]!
    entries.push(bundle.subarray(at + lengthBytes, end))
    at = end
  }
  return at === bundle.length && entries.length <= tileWidth ? entries : undefined
}

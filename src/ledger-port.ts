import type { LedgerPort } from './inbound/ledger.ts'
import type { LedgerPublisher, MessageProof } from './ledger/publish.ts'
import { parseTilePath } from './ledger/tiles.ts'
import type { Register } from './views/register.ts'

/** The log as HTTP shows it. */
export function ledgerPort(publisher: LedgerPublisher, register: Register): LedgerPort {
  return {
    async checkpoint() {
      return (await publisher.checkpoint())?.note
    },
    async tile(path) {
      const name = parseTilePath(path)
      return name && publisher.tile(name)
    },
    keys: () => publisher.keys(),
    async proof(id, application) {
      const proof = await proofOf({ publisher, register }, id, application)
      if (proof.status !== 'sealed') return proof
      const { index, leaf, record, commitment, checkpoint, proof: hashes } = proof
      const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
      return {
        status: 'sealed',
        index,
        record,
        commitment,
        leaf: base64(leaf),
        size: checkpoint.size,
        proof: hashes.map(base64),
        checkpoint: checkpoint.note,
      }
    },
  }
}

/**
 * Where a message stands in the log, by its id alone; a notice of the core's own stands where the message does that it is about. `application` hides
 * the messages of the others.
 */
export async function proofOf(
  { publisher, register }: { publisher: LedgerPublisher; register: Register },
  id: string,
  application?: string,
): Promise<MessageProof> {
  const found = await register.message(id, application)
  if (!found) return { status: 'unknown' }
  return publisher.proofOf(decidedAs(id), found.message.decidedAt)
}

/** A notice has the id of its message, but for the version. */
const decidedAs = (id: string): string => (id[14] === '8' ? `${id.slice(0, 14)}7${id.slice(15)}` : id)

import crypto from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { type DkimKey, dkimSignatures } from './dkim-signature.ts'

export type SigningRequest = { id: number; mail: Uint8Array; keys: number[]; signedAt: number }
export type SigningReply = { id: number; fields?: string; fault?: string }

const keys: DkimKey[] = (workerData as { domain: string; selector: string; privateKey: string }[]).map(key => ({
  ...key,
  privateKey: crypto.createPrivateKey(key.privateKey),
}))

parentPort!.on('message', ({ id, mail, keys: chosen, signedAt }: SigningRequest) => {
  parentPort!.postMessage(signed(id, Buffer.from(mail.buffer, mail.byteOffset, mail.byteLength), chosen, signedAt))
})

function signed(id: number, mail: Buffer, chosen: number[], signedAt: number): SigningReply {
  try {
    return {
      id,
      fields: dkimSignatures(
        mail,
        chosen.map(at => keys[at]!),
        signedAt,
      ),
    }
  } catch (error) {
    // Signing failed for this mail; the name of the error says how, its text might quote the mail.
    return { id, fault: (error as Error).name }
  }
}

import { parentPort } from 'node:worker_threads'
import type { Proof } from '../core/content.ts'
import { type Expectations, type Material, prove } from './prove.ts'

export type ProofWork = { id: number; material: Material; expectations: Expectations }
export type ProofReply = { id: number; proof: Proof }

parentPort!.on('message', ({ id, material, expectations }: ProofWork) => {
  parentPort!.postMessage({ id, proof: prove(material, expectations) } satisfies ProofReply)
})

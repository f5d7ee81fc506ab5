import { parentPort } from 'node:worker_threads'
import { type Expectations, type Material, type Proven, prove } from './prove.ts'

export type ProofWork = { id: number; material: Material; expectations: Expectations }
export type ProofReply = { id: number; proof: Proven }

parentPort!.on('message', ({ id, material, expectations }: ProofWork) => {
  parentPort!.postMessage({ id, proof: prove(material, expectations) } satisfies ProofReply)
})

/** The register's log as outside callers see it. */
export type LedgerPort = {
  /** The newest checkpoint, a signed note; `undefined` before the first. */
  checkpoint(): Promise<string | undefined>
  /** The bytes at `tile/…`; `undefined` when the public tree has no such tile. */
  tile(path: string): Promise<Uint8Array | undefined>
  /** Verifier keys, the oldest first. Instants in ms. */
  keys(): Promise<{ verifier: string; from: number; until?: number }[]>
  /** `application` hides the messages of the others. */
  proof(id: string, application?: string): Promise<ProofAnswer>
}

/** Hashes and leaf in base64, the commitment in base64url as it stands in the journal. */
export type ProofAnswer =
  | { status: 'unknown' }
  | { status: 'not-sealed' }
  | {
      status: 'sealed'
      index: number
      size: number
      leaf: string
      proof: string[]
      record: { id: string; application: string; class: string; lane: string; outcome: string; decidedAt: number }
      commitment: string
      checkpoint: string
    }

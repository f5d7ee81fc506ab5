import { hashBytes } from './hashing.ts'
import { NoteFault, openNote, type Signer, signNote, type Verifier } from './note.ts'

/** C2SP tlog-checkpoint: how large a log was, and its root then. */
export type Checkpoint = { origin: string; size: number; root: Uint8Array }

export const checkpointText = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`

export const signCheckpoint = (checkpoint: Checkpoint, signers: readonly Signer[]): string =>
  signNote(checkpointText(checkpoint), signers)

/** Checkpoints with more lines are of other logs: ours have three. Throws `NoteFault`. */
export function parseCheckpoint(text: string): Checkpoint {
  const [, origin = '', size = '', root = ''] = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/=]{44})\n$/.exec(text) ?? []
  const checkpoint = { origin, size: Number(size), root: Buffer.from(root, 'base64') }
  if (checkpoint.root.length !== hashBytes || checkpointText(checkpoint) !== text)
    throw new NoteFault('a checkpoint has three lines: origin, size and root')
  return checkpoint
}

/** Whether it has the form of a checkpoint with signatures, whoever made them; what they are worth `openCheckpoint` tells. */
export function isCheckpointNote(note: string): boolean {
  const end = note.lastIndexOf('\n\n')
  if (end < 0 || !note.startsWith('— ', end + 2)) return false
  try {
    return parseCheckpoint(note.slice(0, end + 1)) !== undefined
  } catch (error) {
    if (error instanceof NoteFault) return false
    throw error
  }
}

/** The checkpoint in a note that one of the keys has signed, and who signed it. Throws `NoteFault`. */
export function openCheckpoint(
  note: string,
  { origin, known }: { origin: string; known: readonly Verifier[] },
): Checkpoint & { signedBy: Verifier[] } {
  const { text, signedBy } = openNote(note, known)
  const checkpoint = parseCheckpoint(text)
  if (checkpoint.origin !== origin)
    throw new NoteFault(`this is a checkpoint of ${checkpoint.origin}, not of ${origin}`)
  return { ...checkpoint, signedBy }
}

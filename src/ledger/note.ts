import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { sha256 } from './hashing.ts'

// C2SP signed-note: a text with signatures behind it, of Ed25519 (RFC 8032) only.

/** As a verifier key says it: `NAME+ID+KEY`. The id is four bytes, as hex. */
export type Verifier = { name: string; id: string; key: KeyObject; text: string }
/** As a signer key says it: `PRIVATE+KEY+NAME+ID+KEY`. */
export type Signer = Verifier & { privateKey: KeyObject; secret: string }

/** A key or a note that is not how the specification has it, or that nobody we know has signed. */
export class NoteFault extends Error {
  override readonly name = 'NoteFault'
}

const ed25519 = 1
const keyBytes = 32
const signatureBytes = 64
const noteCharsMax = 100_000

const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** Strict: another spelling of the same bytes is a fault, so that a changed character never passes. */
function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  if (base64(bytes) !== text) throw new NoteFault('what should be base 64 is not')
  return bytes
}

const isName = (name: string): boolean => name !== '' && !/[\s+\p{Cc}]/u.test(name)

/** `key ID = SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)[:4]` */
const idOf = (name: string, publicKey: Uint8Array): string =>
  Buffer.from(sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ed25519), publicKey])))
    .toString('hex')
    .slice(0, 8)

function verifierOf(name: string, publicKey: Uint8Array): Verifier {
  const id = idOf(name, publicKey)
  const key = createPublicKey({ key: Buffer.concat([publicPrefix, publicKey]), format: 'der', type: 'spki' })
  return { name, id, key, text: `${name}+${id}+${base64(Buffer.concat([Buffer.of(ed25519), publicKey]))}` }
}

function keyOf(text: string, shape: RegExp): { name: string; id: string; key: Uint8Array } {
  const [, name = '', id = '', encoded = ''] = shape.exec(text) ?? []
  if (!isName(name)) throw new NoteFault('a key is written NAME+ID+KEY, its name without spaces and plus signs')
  const bytes = fromBase64(encoded)
  if (bytes.length !== 1 + keyBytes || bytes[0] !== ed25519) throw new NoteFault('only keys of Ed25519 are known')
  return { name, id, key: bytes.subarray(1) }
}

/** Throws `NoteFault`. */
export function parseVerifier(text: string): Verifier {
  const { name, id, key } = keyOf(text, /^([^+]+)\+([0-9a-f]{8})\+(\S+)$/)
  const verifier = verifierOf(name, key)
  if (verifier.id !== id) throw new NoteFault('the id of a verifier key does not belong to its name and key')
  return verifier
}

/** Throws `NoteFault`. */
export function parseSigner(text: string): Signer {
  const { name, id, key } = keyOf(text, /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(\S+)$/)
  const signer = signerOf(name, key)
  if (signer.id !== id) throw new NoteFault('the id of a signer key does not belong to its name and key')
  return signer
}

function signerOf(name: string, seed: Uint8Array): Signer {
  const privateKey = createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(publicPrefix.length)
  const verifier = verifierOf(name, publicKey)
  const secret = `PRIVATE+KEY+${name}+${verifier.id}+${base64(Buffer.concat([Buffer.of(ed25519), seed]))}`
  return { ...verifier, privateKey, secret }
}

/** A new key of that name. */
export function newSigner(name: string): Signer {
  if (!isName(name)) throw new NoteFault('the name of a key has no spaces and no plus signs')
  const pair = generateKeyPairSync('ed25519')
  const seed = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(privatePrefix.length)
  return signerOf(name, seed)
}

/** The note over a text, which ends with a line feed: text, blank line, one line a signature. */
export function signNote(text: string, signers: readonly Signer[]): string {
  if (!isText(text)) throw new NoteFault('a note has lines without control characters and ends with a line feed')
  const lines = signers.map(({ name, id, privateKey }) => {
    const signature = sign(null, Buffer.from(text), privateKey)
    return `— ${name} ${base64(Buffer.concat([Buffer.from(id, 'hex'), signature]))}\n`
  })
  return `${text}\n${lines.join('')}`
}

const isText = (text: string): boolean => text.endsWith('\n') && !/[\u0000-\u0009\u000b-\u001f]/.test(text)

export type Opened = { text: string; signedBy: Verifier[] }

/**
 * The text of a note, once a key that we know has signed it. Signatures of unknown keys are passed over; a wrong one of a known key refuses
 * the whole note. Throws `NoteFault`.
 */
export function openNote(note: string, known: readonly Verifier[]): Opened {
  if (note.length > noteCharsMax || !isText(note)) throw new NoteFault('this is not a signed note')
  const end = note.lastIndexOf('\n\n')
  if (end < 0) throw new NoteFault('a note has a blank line before its signatures')
  const text = note.slice(0, end + 1)
  const lines = note.slice(end + 2, -1).split('\n')
  const signedBy = lines.flatMap(line => signatureOf(line, text, known) ?? [])
  if (signedBy.length === 0) throw new NoteFault('no key that is known has signed this note')
  return { text, signedBy }
}

function signatureOf(line: string, text: string, known: readonly Verifier[]): Verifier | undefined {
  const [, name = '', encoded = ''] = /^— (\S+) (\S+)$/.exec(line) ?? []
  if (!isName(name)) throw new NoteFault('a signature is written: dash, name, signature')
  const bytes = fromBase64(encoded)
  if (bytes.length < 5) throw new NoteFault('a signature has the id of its key before it')
  const id = Buffer.from(bytes.subarray(0, 4)).toString('hex')
  const verifier = known.find(one => one.name === name && one.id === id)
  if (!verifier) return undefined
  const signature = bytes.subarray(4)
  if (signature.length !== signatureBytes || !verify(null, Buffer.from(text), verifier.key, signature))
    throw new NoteFault(`the signature of ${name}+${id} is wrong`)
  return verifier
}

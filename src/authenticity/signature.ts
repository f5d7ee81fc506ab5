import { createPublicKey } from 'node:crypto'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { actedOn } from './compare.ts'

/**
 * One of our own keys. `privateKey` in PEM; its public half is known without asking the DNS, and of a retired one, which signs nothing any more,
 * it is enough.
 */
export type OwnKey = { domain: string; selector: string; privateKey: string; retired?: boolean }

/**
 * `whole`: signed by us, every field that mail programs act on and every byte of the body. `valid`: signed by us, with fields beside what was signed. `broken`: a signature in the name of one of our keys that does not hold. `unknown`: signed in our name with a key that
 * is not known here. `none`: not signed in our name. `keyless`: we sign nothing for the domain.
 */
export type Signed = 'whole' | 'valid' | 'broken' | 'unknown' | 'none' | 'keyless'

/** More of them, in all that is attached as well, are there to keep us busy: each may want a hash of the body of its own. */
const signaturesMax = 32

export const hasTooManySignatures = (mail: Buffer): boolean =>
  (mail.toString('latin1').match(/(?:dkim|arc-message)-signature/gi)?.length ?? 0) > signaturesMax

export type SignatureCheck = (mail: Buffer, fromDomain: string | undefined) => Promise<Signed>

/** Checks signatures by our own keys, as mailauth does (RFC 6376, RFC 8463); nothing is asked of the DNS. */
export function signatureCheck(keys: readonly OwnKey[]): SignatureCheck {
  const records = new Map(keys.map(key => [`${key.selector}._domainkey.${key.domain}`.toLowerCase(), recordOf(key)]))
  const domains = new Set(keys.map(({ domain }) => domain.toLowerCase()))
  const signing = new Set(keys.flatMap(({ domain, retired }) => (retired ? [] : [domain.toLowerCase()])))
  const resolver = async (name: string): Promise<string[][]> => {
    const record = records.get(name.toLowerCase())
    if (record === undefined) throw Object.assign(new Error('not one of ours'), { code: 'ENOTFOUND' })
    return [[record]]
  }
  return async (mail, fromDomain) => {
    if (domains.size === 0) return 'keyless'
    if (hasTooManySignatures(mail)) return 'unknown'
    const { results } = await dkimVerify(mail, { resolver: resolver as never })
    const ours = results.filter(({ signingDomain }) => domains.has(String(signingDomain).toLowerCase()))
    const checked = ours.filter(one => records.has(`${one.selector}._domainkey.${one.signingDomain}`.toLowerCase()))
    if (checked.some(({ status }) => status.result !== 'pass')) return 'broken'
    if (checked.length > 0) return checked.every(one => coversAll(mail, one)) ? 'whole' : 'valid'
    if (ours.length > 0) return 'unknown'
    return fromDomain !== undefined && signing.has(fromDomain.toLowerCase()) ? 'none' : 'keyless'
  }
}

/** Our signer signs each field once more than it occurs, so that a field which is signed cannot be given twice. */
function coversAll(mail: Buffer, { signingHeaders }: { signingHeaders?: { keys: string } }): boolean {
  const signed = new Set(signingHeaders?.keys.toLowerCase().split(/:\s*/))
  return actedOn(mail)?.every(name => signed.has(name.toLowerCase())) === true
}

/** RFC 6376 §3.6.1; for Ed25519 the key alone (RFC 8463 §4). */
function recordOf({ privateKey }: OwnKey): string {
  const key = createPublicKey(privateKey)
  const spki = key.export({ type: 'spki', format: 'der' })
  return key.asymmetricKeyType === 'ed25519'
    ? `v=DKIM1; k=ed25519; p=${spki.subarray(-32).toString('base64')}`
    : `v=DKIM1; k=rsa; p=${spki.toString('base64')}`
}

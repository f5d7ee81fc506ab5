import { strict as assert } from 'node:assert'
import crypto from 'node:crypto'

/** Standard Webhooks 1.0.0: `whsec_` + base64 of 24 to 64 bytes signs as v1 (HMAC-SHA256), `whsk_` + base64 as v1a (Ed25519). */
export type WebhookKeys = { symmetric: string[]; asymmetric: string[] }

export type WebhookFault = 'secret-prefix' | 'secret-base64' | 'secret-length'

const secretBytesMin = 24
const secretBytesMax = 64
const ed25519SeedBytes = 32
/** What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 §7), and of a public key in SPKI (§4). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Why a secret or key cannot be used; undefined when it can. */
export function webhookSecretFault(text: string): WebhookFault | undefined {
  const [prefix = '', encoded = ''] = split(text)
  if (prefix !== 'whsec_' && prefix !== 'whsk_') return 'secret-prefix'
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return 'secret-base64'
  const { length } = Buffer.from(encoded, 'base64')
  const fits =
    prefix === 'whsec_' ? length >= secretBytesMin && length <= secretBytesMax : length === 32 || length === 64
  return fits ? undefined : 'secret-length'
}

/**
 * The three headers for one attempt. `id` stays the same over retries and is the receiver's idempotency key; `timestamp`, in seconds, is of
 * this attempt. Several keys of a kind sign side by side while they are rotated.
 */
export function webhookHeaders(
  keys: WebhookKeys,
  message: { id: string; timestamp: number; body: string },
): Record<string, string> {
  assert(/^[A-Za-z0-9_-]{1,128}$/.test(message.id), 'a webhook id has letters, digits, hyphens and underscores only')
  assert(Number.isSafeInteger(message.timestamp), 'a webhook timestamp is whole seconds')
  const content = `${message.id}.${message.timestamp}.${message.body}`
  const signatures = [
    ...keys.symmetric.map(secret => `v1,${hmac(secret, content)}`),
    ...keys.asymmetric.map(key => `v1a,${ed25519(key, content)}`),
  ]
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    'webhook-signature': signatures.join(' '),
  }
}

function hmac(secret: string, content: string): string {
  return crypto.createHmac('sha256', decoded(secret, 'whsec_')).update(content, 'utf8').digest('base64')
}

function ed25519(key: string, content: string): string {
  return crypto.sign(null, Buffer.from(content, 'utf8'), privateKey(key)).toString('base64')
}

/** `whsk_` holds the 32-byte seed, or seed and public key as some libraries write it. */
function privateKey(key: string): crypto.KeyObject {
  const seed = decoded(key, 'whsk_').subarray(0, ed25519SeedBytes)
  return crypto.createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' })
}

function decoded(text: string, prefix: string): Buffer {
  assert(
    webhookSecretFault(text) === undefined && text.startsWith(prefix),
    'webhook keys were checked before they were used',
  )
  return Buffer.from(text.slice(prefix.length), 'base64')
}

function split(text: string): [string, string] {
  const at = text.indexOf('_') + 1
  return [text.slice(0, at), text.slice(at)]
}

/** The `whpk_` form of a `whsk_` key, for the receiver. */
export function webhookPublicKey(key: string): string {
  const der = crypto.createPublicKey(privateKey(key)).export({ type: 'spki', format: 'der' })
  return `whpk_${der.subarray(-ed25519SeedBytes).toString('base64')}`
}

/** New keys: 32 random bytes of each kind. */
export function generateWebhookKeys(): { symmetric: string; asymmetric: string; publicKey: string } {
  const asymmetric = `whsk_${crypto.randomBytes(ed25519SeedBytes).toString('base64')}`
  const symmetric = `whsec_${crypto.randomBytes(32).toString('base64')}`
  return { symmetric, asymmetric, publicKey: webhookPublicKey(asymmetric) }
}

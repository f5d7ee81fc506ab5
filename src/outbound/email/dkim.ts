import crypto from 'node:crypto'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { type Mailbox, parseMailbox } from '../../std/mailbox.ts'
import type { SigningReply, SigningRequest } from './dkim.worker.ts'

/** `privateKey` is PEM (PKCS #8), RSA of at least 2048 bits or Ed25519. */
export type DkimKeySetting = { domain: string; selector: string; privateKey: string }

export type DkimResult =
  | { status: 'signed'; data: Buffer; signatures: number }
  /** No key is for the domain of the From field, or From is not exactly one mailbox. The mail goes as it is. */
  | { status: 'unsigned'; reason: 'no-key' | 'from-not-one-mailbox' }
  /** Signing did not happen in time or at all; whether the mail goes unsigned is the caller's decision. */
  | { status: 'failed'; reason: 'timeout' | 'worker-lost' | 'overloaded' | 'closed' | 'signing' }

export const signingMsMax = 5_000
export const signingsWaitingMax = 20_000
export const rsaModulusBitsMin = 2048

/** Why keys cannot be used; empty when they can. Texts hold no key material. */
export function dkimKeyFaults(keys: readonly DkimKeySetting[]): string[] {
  return keys.flatMap((key, at) => {
    const fault = keyFault(key)
    return fault === undefined ? [] : [`DKIM key ${at + 1}: ${fault}`]
  })
}

const dnsName = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*$/

function keyFault(key: DkimKeySetting): string | undefined {
  if (!dnsName.test(key.domain)) return 'the domain must be lower-case ASCII'
  if (!dnsName.test(key.selector)) return 'the selector must be lower-case ASCII'
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = crypto.createPrivateKey(key.privateKey)
    if (asymmetricKeyType === 'ed25519') return undefined
    if (asymmetricKeyType !== 'rsa') return 'the key must be RSA or Ed25519'
    return (asymmetricKeyDetails?.modulusLength ?? 0) < rsaModulusBitsMin
      ? `RSA needs ${rsaModulusBitsMin} bits or more`
      : undefined
  } catch {
    // Node could not read it; why is of no use to the reader and may quote the key.
    return 'the private key is not readable PEM'
  }
}

/**
 * Signs mails in worker threads, because RSA takes longer than all the rest that a mail costs. Workers start with the first mail that has a
 * key. Every key for the From domain signs, so RSA and Ed25519 side by side give two signatures.
 */
export class DkimSigner {
  readonly #keys: readonly DkimKeySetting[]
  readonly #workersMax: number
  readonly #msMax: number
  readonly #workers: SigningWorker[] = []
  #closed = false

  constructor(options: { keys: readonly DkimKeySetting[]; workersMax?: number; signingMsMax?: number }) {
    this.#keys = options.keys
    this.#workersMax = options.workersMax ?? 1
    this.#msMax = options.signingMsMax ?? signingMsMax
  }

  /** Sign a whole mail (CRLF lines). `now` in ms becomes the `t=` of the signature. Nothing of the mail changes; fields come in front. */
  async sign(mail: Buffer, now: number): Promise<DkimResult> {
    const domain = fromDomain(mail)
    if (domain === undefined) return { status: 'unsigned', reason: 'from-not-one-mailbox' }
    const keys = keysFor(this.#keys, domain)
    if (keys.length === 0) return { status: 'unsigned', reason: 'no-key' }
    if (this.#closed) return { status: 'failed', reason: 'closed' }
    const reply = await this.#worker().request({ mail, keys, signedAt: Math.floor(now / 1000) }, this.#msMax)
    if (typeof reply === 'object') {
      return {
        status: 'signed',
        data: Buffer.concat([Buffer.from(reply.fields, 'latin1'), mail]),
        signatures: keys.length,
      }
    }
    return { status: 'failed', reason: reply }
  }

  /** The worker with the least to do; another one is started while all are busy and more are allowed. */
  #worker(): SigningWorker {
    const living = this.#workers.filter(worker => !worker.lost)
    this.#workers.splice(0, this.#workers.length, ...living)
    const least = living.toSorted((a, b) => a.waiting - b.waiting)[0]
    if (least && (least.waiting === 0 || living.length >= this.#workersMax)) return least
    const worker = new SigningWorker(this.#keys)
    this.#workers.push(worker)
    return worker
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#workers.map(worker => worker.close()))
  }
}

type Waiting = { settle: (reply: { fields: string } | Failure) => void; deadline: number }
type Failure = 'timeout' | 'worker-lost' | 'overloaded' | 'closed' | 'signing'

class SigningWorker {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #timer: NodeJS.Timeout | undefined
  lost = false

  constructor(keys: readonly DkimKeySetting[]) {
    this.#worker = new Worker(new URL('./dkim.worker.ts', import.meta.url), { workerData: keys, execArgv: [] })
    this.#worker.on('message', (reply: SigningReply) => this.#onReply(reply))
    this.#worker.on('error', () => this.#onLost('worker-lost'))
    this.#worker.on('exit', () => this.#onLost('worker-lost'))
    this.#worker.unref()
  }

  get waiting(): number {
    return this.#waiting.size
  }

  request(work: Omit<SigningRequest, 'id'>, msMax: number): Promise<{ fields: string } | Failure> {
    if (this.#waiting.size >= signingsWaitingMax) return Promise.resolve('overloaded')
    const id = this.#nextId++
    const { promise, resolve } = Promise.withResolvers<{ fields: string } | Failure>()
    this.#waiting.set(id, { settle: resolve, deadline: performance.now() + msMax })
    // While something is asked of it, the worker keeps the process alive.
    if (this.#waiting.size === 1) this.#worker.ref()
    this.#timer ??= setTimeout(() => this.#onTimer(), msMax)
    this.#worker.postMessage({ id, ...work } satisfies SigningRequest)
    return promise
  }

  #onReply({ id, fields }: SigningReply): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) {
      this.#worker.unref()
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    waiting?.settle(fields === undefined ? 'signing' : { fields })
  }

  /** The oldest request is the first in the map. A worker that is late with it is stuck, and the rest behind it would be late too. */
  #onTimer(): void {
    this.#timer = undefined
    const oldest = this.#waiting.values().next().value
    if (!oldest) return
    const left = oldest.deadline - performance.now()
    if (left > 0) this.#timer = setTimeout(() => this.#onTimer(), left)
    else this.#onLost('timeout')
  }

  #onLost(why: Failure): void {
    this.lost = true
    clearTimeout(this.#timer)
    for (const { settle } of this.#waiting.values()) settle(why)
    this.#waiting.clear()
    void this.#worker.terminate()
  }

  async close(): Promise<void> {
    this.#onLost('closed')
    await this.#worker.terminate()
  }
}

/** The domain of the one mailbox in the one From field; undefined when it is not exactly that. */
export function fromDomain(mail: Buffer): string | undefined {
  const end = mail.indexOf('\r\n\r\n')
  const header = mail.toString('utf8', 0, end < 0 ? mail.length : end)
  const fields = [...header.matchAll(/^from[ \t]*:(.*(?:\r\n[ \t].*)*)/gim)]
  if (fields.length !== 1) return undefined
  return onlyMailbox(fields[0]![1]!.replaceAll('\r\n', '').trim())?.domain
}

/** The mailbox of a From value. The name before it may be anything that cannot hold another address, encoded words included. */
function onlyMailbox(value: string): Mailbox | undefined {
  const open = value.lastIndexOf('<')
  const name = open < 0 ? '' : value.slice(0, open).replace(/"(?:[^"\\]|\\.)*"/g, '')
  if (/[<>@,;:]/.test(name)) return undefined
  const parsed = parseMailbox(open < 0 ? value : value.slice(open + 1).replace(/>$/, ''))
  return parsed.ok ? parsed.mailbox : undefined
}

/** Keys of the domain itself, else of its nearest parent that has some: DMARC alignment is relaxed unless a domain says otherwise. */
function keysFor(keys: readonly DkimKeySetting[], domain: string): number[] {
  for (let name = domain; name.includes('.'); name = name.slice(name.indexOf('.') + 1)) {
    const found = keys.flatMap((key, at) => (key.domain === name ? [at] : []))
    if (found.length > 0) return found
  }
  return []
}

export type PublishedKey = DkimKeySetting & { record: { name: string; type: 'TXT'; value: string } }

/** New keys for a domain, RSA 2048 and Ed25519, with the DNS record that publishes each (RFC 6376 §3.6.1, RFC 8463 §4.2). */
export async function generateDkimKeys(domain: string, selector = 'tocsin'): Promise<PublishedKey[]> {
  const generate = promisify(crypto.generateKeyPair)
  const rsa = await generate('rsa', { modulusLength: 2048 })
  const ed25519 = crypto.generateKeyPairSync('ed25519')
  const rsaPublic = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  // The last 32 bytes of the SPKI form are the key itself.
  const ed25519Public = ed25519.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')
  return [
    published(domain, `${selector}-rsa`, rsa.privateKey, `v=DKIM1; k=rsa; p=${rsaPublic}`),
    published(domain, `${selector}-ed25519`, ed25519.privateKey, `v=DKIM1; k=ed25519; p=${ed25519Public}`),
  ]
}

function published(domain: string, selector: string, key: crypto.KeyObject, value: string): PublishedKey {
  const privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { domain, selector, privateKey, record: { name: `${selector}._domainkey.${domain}`, type: 'TXT', value } }
}

import {
  createHmac,
  hash,
  randomBytes,
  randomInt,
  type ScryptOptions,
  scrypt as scryptCallback,
  timingSafeEqual,
} from 'node:crypto'
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { firstOperator } from '../core/people.ts'
import type { Application } from './intake.ts'

// Who may do what. A key that sends cannot report causes: a faulty mailer must not be able to invent the event that justifies its mail.
// Keys that we generate have 190 random bits, so a plain SHA-256 of them is kept; a password that a person chose is only kept as scrypt.

export const scopes = ['send', 'causes', 'read', 'operate'] as const
export type Scope = (typeof scopes)[number]

/** `application` binds what the key sends, and what it may read, to one application; without it the key reads everything. */
export type Key = { name: string; application?: Application; scopes: readonly Scope[] }

export type Keys = {
  /** About 2 µs; takes as long for an unknown key. */
  bearer(token: string): Key | undefined
  /** scrypt once, then about 2 µs; an unknown user takes as long as a wrong password. */
  smtp(user: string, password: string): Promise<Application | undefined>
}

/** The key that a setting asks for may not exist. `setting` names the environment variables at fault. */
export class KeyFault extends Error {
  override readonly name = 'KeyFault'
  readonly code: 'key.send-and-causes' | 'key.used-twice' | 'key.malformed' | 'keys.unreadable'
  readonly setting: string
  constructor(code: KeyFault['code'], setting: string, message: string) {
    super(message)
    this.code = code
    this.setting = setting
  }
}

/** An operator of the configuration. `keyHash`: SHA-256 of the key, hex; keys have 190 random bits, so nothing can be tried against it. */
export type Operator = { name: string; keyHash: string }

export type KeySettings = { apiKey?: string; causeKey?: string; adminKey?: string; smtpCredential?: string }

const keysFile = 'keys.json'
const generatedLength = 32 // of 62 signs: 190 bits
const tokenLengthMax = 512
const passwordLengthMax = 512
const scryptOptions: ScryptOptions = { N: 16_384, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
const scryptBytes = 32

type Role = 'apiKey' | 'causeKey' | 'adminKey'
const roles: Record<Role, { name: string; setting: string; prefix: Scope; scopes: readonly Scope[] }> = {
  apiKey: { name: 'first application', setting: 'TOCSIN_API_KEY', prefix: 'send', scopes: ['send', 'read'] },
  causeKey: { name: 'first cause source', setting: 'TOCSIN_CAUSE_KEY', prefix: 'causes', scopes: ['causes'] },
  adminKey: { name: firstOperator, setting: 'TOCSIN_ADMIN_KEY', prefix: 'operate', scopes: ['operate', 'read'] },
}
const operatorScopes = roles.adminKey.scopes
const roleNames = Object.keys(roles) as Role[]
const firstApplication: Application = { name: 'default' }

type Password = { user: string; salt: string; scrypt: string }
type Stored = { version: 1; keys: Partial<Record<Role, string>>; smtp?: Password }

/** What was made on this start, in plain; nothing else ever shows it again. */
export type Generated = { apiKey?: string; causeKey?: string; adminKey?: string; smtpCredential?: string }

/**
 * The keys of an installation: what the environment sets, else what `keys.json` in the data directory knows, else new ones, which are given
 * back once. The file holds hashes only, mode 0600. Throws `KeyFault`.
 */
export async function openKeys(options: {
  dataDir: string
  env: KeySettings
  operators?: readonly Operator[]
}): Promise<{ keys: Keys; generated: Generated }> {
  const { operators = [] } = options
  refuseSharedKeys(options.env)
  const credential = options.env.smtpCredential === undefined ? undefined : parseCredential(options.env.smtpCredential)
  const stored = await readStored(join(options.dataDir, keysFile))
  const { made, generated } = await generateMissing(stored, options.env)
  if (made !== undefined) await writeStored(options.dataDir, made)
  const known = made ?? stored ?? { version: 1, keys: {} }

  const table = bearerTable()
  for (const role of roleNames) {
    const plain = options.env[role]
    const key = defineKey(role)
    if (plain !== undefined) table.addPlain(plain, key)
    else if (known.keys[role] !== undefined) table.addHash(known.keys[role], key)
  }
  for (const [i, { name, keyHash }] of operators.entries()) {
    if (table.has(keyHash)) throw sharedOperatorKey(i)
    table.addHash(keyHash, { name, scopes: operatorScopes })
  }
  const password = credential === undefined ? known.smtp : await passwordOf(credential.user, credential.password)
  return { keys: { bearer: table.find, smtp: await passwordCheck(password) }, generated }
}

/** A key with these scopes, or a refusal: whoever sends may not report causes. */
export function allowedScopes(name: string, wanted: readonly Scope[]): readonly Scope[] {
  if (wanted.includes('send') && wanted.includes('causes'))
    throw new KeyFault('key.send-and-causes', name, `${name}: a key that sends cannot report causes; use two keys`)
  return wanted
}

function defineKey(role: Role): Key {
  const { name, setting, scopes: wanted } = roles[role]
  const key: Key = { name, scopes: allowedScopes(setting, wanted) }
  return role === 'apiKey' ? { ...key, application: firstApplication } : key
}

function refuseSharedKeys(env: KeySettings): void {
  for (const role of roleNames) {
    const plain = env[role]
    if (plain === undefined) continue
    const { setting } = roles[role]
    if (!isToken(plain))
      throw new KeyFault('key.malformed', setting, `${setting}: 1 to ${tokenLengthMax} visible ASCII characters`)
    for (const other of roleNames) {
      if (other <= role || env[other] !== plain) continue
      const both = `${setting}, ${roles[other].setting}`
      allowedScopes(both, [...roles[role].scopes, ...roles[other].scopes])
      throw new KeyFault('key.used-twice', both, `${both}: two settings have the same key`)
    }
  }
}

/** One key under two names would be two people for a rule that needs two. */
function sharedOperatorKey(index: number): KeyFault {
  const setting = `operators/${index}/keyHash`
  return new KeyFault('key.used-twice', setting, `${setting}: somebody else has this key; make another one`)
}

/** A key for an operator, and what of it may be written down. */
export function makeOperatorKey(): { key: string; keyHash: string } {
  const key = `tocsin_operate_${randomText(generatedLength)}`
  return { key, keyHash: sha256(key).toString('hex') }
}

const isToken = (text: string): boolean => text.length <= tokenLengthMax && /^[\x21-\x7e]+$/.test(text)

function parseCredential(text: string): { user: string; password: string } {
  const at = text.indexOf(':')
  if (at < 1 || at === text.length - 1 || text.length > passwordLengthMax || text.includes('\0'))
    throw new KeyFault('key.malformed', 'TOCSIN_SMTP_CREDENTIAL', 'TOCSIN_SMTP_CREDENTIAL: must be `user:pass`')
  return { user: text.slice(0, at), password: text.slice(at + 1) }
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function randomText(length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += base62[randomInt(base62.length)]
  return text
}

async function generateMissing(
  stored: Stored | undefined,
  env: KeySettings,
): Promise<{ made?: Stored; generated: Generated }> {
  const generated: Generated = {}
  const made: Stored = {
    version: 1,
    keys: { ...stored?.keys },
    ...(stored?.smtp === undefined ? {} : { smtp: stored.smtp }),
  }
  for (const role of roleNames) {
    if (env[role] !== undefined || made.keys[role] !== undefined) continue
    const plain = `tocsin_${roles[role].prefix}_${randomText(generatedLength)}`
    generated[role] = plain
    made.keys[role] = sha256(plain).toString('hex')
  }
  if (env.smtpCredential === undefined && made.smtp === undefined) {
    const password = randomText(generatedLength)
    made.smtp = await passwordOf(firstApplication.name, password)
    generated.smtpCredential = `${firstApplication.name}:${password}`
  }
  return Object.keys(generated).length === 0 ? { generated } : { made, generated }
}

async function readStored(path: string): Promise<Stored | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new KeyFault('keys.unreadable', path, `${path} cannot be read (${error.code}); give this user access to it`)
  })
  if (text === undefined) return undefined
  const stored = parseStored(text)
  if (stored === undefined)
    throw new KeyFault(
      'keys.unreadable',
      path,
      `${path} is not a file of keys; restore it, or remove it to get new keys`,
    )
  return stored
}

const isHash = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value))

function parseStored(text: string): Stored | undefined {
  let value: Stored
  try {
    value = JSON.parse(text) as Stored
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value?.version !== 1 || typeof value.keys !== 'object' || value.keys === null)
    return undefined
  if (!roleNames.every(role => isHash(value.keys[role]))) return undefined
  const smtp = value.smtp
  if (smtp !== undefined && !(isHash(smtp.scrypt) && typeof smtp.user === 'string' && typeof smtp.salt === 'string'))
    return undefined
  return value
}

// A crash leaves the old file or the new one, never half of one.
async function writeStored(dataDir: string, stored: Stored): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  const path = join(dataDir, keysFile)
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(stored, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await chmod(`${path}.new`, 0o600)
  await rename(`${path}.new`, path)
}

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer')

// Every known key is compared in constant time, whether or not one has matched: there are few, and a map would tell how far two hashes agree.
function bearerTable() {
  const table: { sha256: Buffer; key: Key }[] = []
  return {
    addPlain: (plain: string, key: Key) => void table.push({ sha256: sha256(plain), key }),
    addHash: (hex: string, key: Key) => void table.push({ sha256: Buffer.from(hex, 'hex'), key }),
    has: (hex: string) => table.some(({ sha256 }) => sha256.equals(Buffer.from(hex, 'hex'))),
    find(token: string): Key | undefined {
      if (token.length > tokenLengthMax) return undefined
      const given = sha256(token)
      let found: Key | undefined
      for (const entry of table) if (timingSafeEqual(entry.sha256, given)) found = entry.key
      return found
    },
  }
}

const scrypt = promisify(scryptCallback) as (
  password: string,
  salt: Buffer,
  length: number,
  options: ScryptOptions,
) => Promise<Buffer>

async function passwordOf(user: string, password: string): Promise<Password> {
  const salt = randomBytes(16)
  const digest = await scrypt(password.normalize('NFKC'), salt, scryptBytes, scryptOptions)
  return { user, salt: salt.toString('hex'), scrypt: digest.toString('hex') }
}

async function passwordCheck(stored: Password | undefined): Promise<Keys['smtp']> {
  // Without a credential every attempt is checked against one that nobody has.
  const real = stored ?? (await passwordOf(randomText(generatedLength), randomText(generatedLength)))
  const salt = Buffer.from(real.salt, 'hex')
  const expected = Buffer.from(real.scrypt, 'hex')
  const secret = randomBytes(32)
  const seal = (user: string, password: string) =>
    createHmac('sha256', secret).update(`${user.length}:${user}:${password}`).digest()
  let succeeded: Buffer | undefined
  return async (user, password) => {
    if (user.length > passwordLengthMax || password.length > passwordLengthMax) return undefined
    const sealed = seal(user, password)
    if (succeeded !== undefined && timingSafeEqual(succeeded, sealed)) return firstApplication
    const digest = await scrypt(password.normalize('NFKC'), salt, scryptBytes, scryptOptions)
    const same = timingSafeEqual(digest, expected)
    if (!same || user !== real.user || stored === undefined) return undefined
    succeeded = sealed
    return firstApplication
  }
}

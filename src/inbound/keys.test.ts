import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { allowedScopes, type KeySettings, makeOperatorKey, openKeys } from './keys.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tocsin-keys-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

const opened = (env: KeySettings = {}) => openKeys({ dataDir, env })
const fileText = () => readFile(join(dataDir, 'keys.json'), 'utf8')

async function code(env: KeySettings): Promise<unknown> {
  const fault = await opened(env).then(
    () => undefined,
    error => error,
  )
  return fault?.code
}

describe('keys', () => {
  it('are generated on the first start, shown once, and kept as hashes that only the owner reads', async () => {
    const { keys, generated } = await opened()
    expect(generated).toEqual({
      apiKey: expect.stringMatching(/^tocsin_send_[0-9A-Za-z]{32}$/),
      causeKey: expect.stringMatching(/^tocsin_causes_[0-9A-Za-z]{32}$/),
      adminKey: expect.stringMatching(/^tocsin_operate_[0-9A-Za-z]{32}$/),
      smtpCredential: expect.stringMatching(/^default:[0-9A-Za-z]{32}$/),
    })
    expect(keys.bearer(generated.apiKey!)).toMatchObject({ scopes: ['send', 'read'], application: { name: 'default' } })
    expect(keys.bearer(generated.causeKey!)).toMatchObject({ scopes: ['causes'] })
    expect(keys.bearer(generated.adminKey!)).toMatchObject({ scopes: ['operate', 'read'] })
    const text = await fileText()
    for (const plain of Object.values(generated)) expect(text).not.toContain(plain.split(/[_:]/).at(-1))
    expect((await stat(join(dataDir, 'keys.json'))).mode & 0o777).toBe(0o600)

    const again = await opened()
    expect(again.generated).toEqual({})
    expect(again.keys.bearer(generated.apiKey!)?.name).toBe('first application')
    expect(await again.keys.smtp('default', generated.smtpCredential!.slice('default:'.length))).toEqual({
      name: 'default',
    })
  })

  it('come from the environment when it sets them, and then leave nothing behind', async () => {
    const env = { apiKey: 'short', causeKey: 'other', adminKey: 'boss', smtpCredential: 'user:pass:word' }
    const { keys, generated } = await opened(env)
    expect(generated).toEqual({})
    await expect(fileText()).rejects.toThrow('ENOENT')
    expect(keys.bearer('short')?.scopes).toEqual(['send', 'read'])
    expect(keys.bearer('boss')?.scopes).toEqual(['operate', 'read'])
    expect(await keys.smtp('user', 'pass:word')).toEqual({ name: 'default' })
  })

  it('of the environment replace the generated ones', async () => {
    const { generated } = await opened()
    const { keys } = await opened({ apiKey: 'mine' })
    expect(keys.bearer('mine')).toBeDefined()
    expect(keys.bearer(generated.apiKey!)).toBeUndefined()
    expect(keys.bearer(generated.causeKey!)).toBeDefined()
  })

  it.each<[string, KeySettings]>([
    ['key.send-and-causes', { apiKey: 'same', causeKey: 'same' }],
    ['key.used-twice', { apiKey: 'same', adminKey: 'same' }],
    ['key.used-twice', { causeKey: 'same', adminKey: 'same' }],
    ['key.malformed', { apiKey: '' }],
    ['key.malformed', { apiKey: 'a b' }],
    ['key.malformed', { apiKey: 'a\n' }],
    ['key.malformed', { apiKey: 'k'.repeat(513) }],
    ['key.malformed', { smtpCredential: 'user' }],
    ['key.malformed', { smtpCredential: ':pass' }],
    ['key.malformed', { smtpCredential: 'user:' }],
  ])('are refused as %s: %j', async (expected, env) => {
    expect(await code(env)).toBe(expected)
  })

  it('never let one key send and report causes', () => {
    expect(() => allowedScopes('x', ['send', 'causes'])).toThrow('cannot report causes')
    expect(allowedScopes('x', ['causes', 'read'])).toEqual(['causes', 'read'])
  })

  it.each([
    '',
    '{',
    '[]',
    '{"version":2,"keys":{}}',
    '{"version":1,"keys":{"apiKey":"plain"}}',
    '{"version":1,"keys":{},"smtp":{}}',
  ])('are not guessed from a broken file: %j', async text => {
    await writeFile(join(dataDir, 'keys.json'), text)
    expect(await code({})).toBe('keys.unreadable')
    expect(await fileText()).toBe(text)
  })

  it('refuse what is not exactly right', async () => {
    const { keys } = await opened({ apiKey: 'secret', smtpCredential: 'user:pass' })
    for (const token of ['', 'secre', 'secret ', 'SECRET', 'secret\0', 's'.repeat(10_000)])
      expect(keys.bearer(token)).toBeUndefined()
    for (const [user, password] of [
      ['user', 'Pass'],
      ['User', 'pass'],
      ['user', ''],
      ['', ''],
      ['user:pass', ''],
      ['use', 'r:pass'],
    ])
      expect(await keys.smtp(user!, password!)).toBeUndefined()
  })

  it('take the hard way for an unknown user as for a wrong password, and the short one after a success', async () => {
    const { keys } = await opened({ smtpCredential: 'user:pass' })
    const cost = async (user: string, password: string) => {
      const from = process.hrtime.bigint()
      await keys.smtp(user, password)
      return Number(process.hrtime.bigint() - from) / 1e6
    }
    const median = async (user: string, password: string) => {
      const costs: number[] = []
      for (let i = 0; i < 7; i++) costs.push(await cost(user, password))
      return costs.sort((a, b) => a - b)[3]!
    }
    await keys.smtp('user', 'pass')
    const [unknown, wrong, right] = [
      await median('nobody', 'pass'),
      await median('user', 'wrong'),
      await median('user', 'pass'),
    ]
    expect(unknown).toBeGreaterThan(wrong / 3)
    expect(wrong).toBeGreaterThan(unknown / 3)
    expect(right).toBeLessThan(Math.min(unknown, wrong) / 10)
  })
})

describe('operators of the configuration', () => {
  it('are let in under their names, and only with their keys', async () => {
    const [ana, ben] = [makeOperatorKey(), makeOperatorKey()]
    expect(ana.key).toMatch(/^tocsin_operate_[0-9A-Za-z]{32}$/)
    const operators = [
      { name: 'Ana', keyHash: ana.keyHash },
      { name: 'Ben', keyHash: ben.keyHash },
    ]
    const { keys } = await openKeys({ dataDir, env: {}, operators })
    expect(keys.bearer(ana.key)).toEqual({ name: 'Ana', scopes: ['operate', 'read'] })
    expect(keys.bearer(ben.key)?.name).toBe('Ben')
    expect(keys.bearer(makeOperatorKey().key)).toBeUndefined()
    expect(keys.bearer(ana.keyHash)).toBeUndefined()
  })

  it.each([
    'apiKey',
    'causeKey',
    'adminKey',
  ] as const)('do not share a key with %s, which would make two people of one', async role => {
    const { key, keyHash } = makeOperatorKey()
    const fault = await openKeys({ dataDir, env: { [role]: key }, operators: [{ name: 'Ana', keyHash }] }).catch(e => e)
    expect([fault.code, fault.setting]).toEqual(['key.used-twice', 'operators/0/keyHash'])
  })

  it('do not share the key that was generated for the first operator', async () => {
    const { generated } = await opened()
    const keyHash = createHash('sha256').update(generated.adminKey!).digest('hex')
    const fault = await openKeys({ dataDir, env: {}, operators: [{ name: 'Ana', keyHash }] }).catch(e => e)
    expect(fault.code).toBe('key.used-twice')
  })
})
